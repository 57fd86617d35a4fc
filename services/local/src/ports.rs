//! The ports that the services listen on, on the loopback interface alone.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;

/// A service's port cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "Port {port}, which the service {service} is to listen on, {} choose another one with --{service}-port PORT (0 stands for any that is free).",
    match source.kind() {
        io::ErrorKind::AddrInUse => "is taken: stop the program that listens there, or".to_owned(),
        _ => format!("cannot be had ({source}): please"),
    },
)]
pub struct Error {
    /// The service.
    pub service: &'static str,
    /// The port.
    pub port: u16,
    /// The operating system's answer.
    pub source: io::Error,
}

/// A port for each service; 0 stands for any that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Of auth.
    pub auth: u16,
    /// Of menu.
    pub menu: u16,
    /// Of reservation.
    pub reservation: u16,
}

impl Ports {
    /// Whatever is free: for several platforms on one machine, as tests start them.
    pub const FREE: Self = Self { auth: 0, menu: 0, reservation: 0 };

    /// The origins that a browser may know the services' own pages by, and those that frontends are
    /// developed on.
    pub(crate) fn origins(self) -> impl Iterator<Item = String> {
        let own = [self.auth, self.menu, self.reservation].into_iter().flat_map(|port| [("localhost", port), ("127.0.0.1", port)]);
        own.chain([("localhost", 3000), ("localhost", 5173)]).map(|(host, port)| format!("http://{host}:{port}"))
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self { auth: auth::config::PORT, menu: 8001, reservation: reservation::config::PORT }
    }
}

/// The services' listeners, taken before anything else is begun: a port that is taken is said at once.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) auth: TcpListener,
    pub(crate) menu: TcpListener,
    pub(crate) reservation: TcpListener,
    /// The ports as they are, none of them 0.
    pub(crate) ports: Ports,
}

impl Listeners {
    pub(crate) async fn bind(ports: Ports) -> Result<Self, Error> {
        let (auth, auth_port) = bind("auth", ports.auth).await?;
        let (menu, menu_port) = bind("menu", ports.menu).await?;
        let (reservation, reservation_port) = bind("reservation", ports.reservation).await?;
        Ok(Self { auth, menu, reservation, ports: Ports { auth: auth_port, menu: menu_port, reservation: reservation_port } })
    }
}

async fn bind(service: &'static str, port: u16) -> Result<(TcpListener, u16), Error> {
    let failed = |source| Error { service, port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

#[cfg(test)]
mod tests {
    use super::{Listeners, Ports};

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_its_service_and_its_flag() {
        let first = Listeners::bind(Ports::FREE).await.expect("free ports");
        let ports = Ports { menu: first.ports.menu, ..Ports::FREE };
        let message = Listeners::bind(ports).await.expect_err("it is taken").to_string();
        for part in [&format!("Port {}", ports.menu), "menu", "is taken", "--menu-port"] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }

    #[test]
    fn the_origins_are_those_of_the_pages_themselves_and_of_frontends() {
        let origins: Vec<_> = Ports::default().origins().collect();
        assert_eq!(origins.len(), 8);
        for origin in ["http://localhost:8000", "http://127.0.0.1:8002", "http://localhost:3000", "http://localhost:5173"] {
            assert!(origins.iter().any(|other| other == origin), "{origin} in {origins:?}");
        }
    }
}
