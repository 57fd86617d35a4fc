//! The three services.

/// One of the three services.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Service {
    /// Accounts and tokens.
    Auth,
    /// The menu.
    Menu,
    /// Tables and bookings.
    Reservation,
}

impl Service {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Menu, Self::Reservation];

    /// Its name: that of its image, its binary and its part of the names of objects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Menu => "menu",
            Self::Reservation => "reservation",
        }
    }

    /// The port that it listens on.
    pub const fn port(self) -> u16 {
        match self {
            Self::Auth => 8000,
            Self::Menu => 8001,
            Self::Reservation => 8002,
        }
    }

    /// The name of its database, and of that database's owner.
    pub const fn database(self) -> &'static str {
        match self {
            Self::Auth => "auth_db",
            Self::Menu => "menu_db",
            Self::Reservation => "res_db",
        }
    }
}

/// Something for each of the services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PerService<T> {
    /// Auth's.
    pub auth: T,
    /// Menu's.
    pub menu: T,
    /// Reservation's.
    pub reservation: T,
}

impl<T> PerService<T> {
    /// One for each.
    pub fn new(mut of: impl FnMut(Service) -> T) -> Self {
        Self { auth: of(Service::Auth), menu: of(Service::Menu), reservation: of(Service::Reservation) }
    }

    /// The one of `service`.
    pub const fn of(&self, service: Service) -> &T {
        match service {
            Service::Auth => &self.auth,
            Service::Menu => &self.menu,
            Service::Reservation => &self.reservation,
        }
    }
}
