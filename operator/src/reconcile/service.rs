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

    /// Its name, which is also that of its image and its binary, and is part of the names of objects.
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

/// A value for each of the services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PerService<T> {
    /// The value of auth.
    pub auth: T,
    /// The value of menu.
    pub menu: T,
    /// The value of reservation.
    pub reservation: T,
}

impl<T> PerService<T> {
    /// Creates a value for each service.
    pub fn new(mut of: impl FnMut(Service) -> T) -> Self {
        Self { auth: of(Service::Auth), menu: of(Service::Menu), reservation: of(Service::Reservation) }
    }

    /// The value of `service`.
    pub const fn of(&self, service: Service) -> &T {
        match service {
            Service::Auth => &self.auth,
            Service::Menu => &self.menu,
            Service::Reservation => &self.reservation,
        }
    }
}
