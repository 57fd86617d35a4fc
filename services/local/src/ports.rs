//! The ports that the services listen on, on the loopback interface alone.

use std::io;
use std::net::Ipv4Addr;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use tokio::net::TcpListener;

use crate::platform::{COUNT, SERVICES, Service, index};

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
pub struct Ports(pub(crate) [u16; COUNT]);

impl Ports {
    /// Whatever is free: for several platforms on one machine, as tests start them.
    pub const FREE: Self = Self([0; COUNT]);

    /// The port of a service.
    ///
    /// # Panics
    /// Where there is no service of that name.
    #[must_use]
    pub fn of(self, service: &str) -> u16 {
        self.0[index(service)]
    }

    /// The ports that are given to two services.
    pub(crate) fn twice(self) -> impl Iterator<Item = String> {
        (1..COUNT).filter_map(move |this| {
            let other = self.0[..this].iter().position(|port| *port == self.0[this] && *port != 0)?;
            let (flag, other) = (SERVICES[this].port_flag, SERVICES[other].name);
            Some(format!("--{flag}: is {}, the port of {other}; each service needs a port of its own", self.0[this]))
        })
    }

    /// The origins that a browser may know the services' own pages by, and those that frontends are
    /// developed on.
    pub(crate) fn origins(self) -> impl Iterator<Item = String> {
        let own = self.0.into_iter().flat_map(|port| [("localhost", port), ("127.0.0.1", port)]);
        own.chain([("localhost", 3000), ("localhost", 5173)]).map(|(host, port)| format!("http://{host}:{port}"))
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self(SERVICES.each_ref().map(|service| service.port))
    }
}

/// A flag for each port.
#[derive(Debug, Clone)]
pub(crate) struct PortArgs(pub(crate) Ports);

impl Args for PortArgs {
    fn augment_args(command: Command) -> Command {
        SERVICES.iter().fold(command, |command, Service { name, port, port_flag, .. }| {
            let help = format!("Port of the {name} service; 0 is any that is free [default: {port}]");
            command.arg(Arg::new(*port_flag).long(*port_flag).value_name("PORT").value_parser(value_parser!(u16)).help(help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PortArgs {
    fn from_arg_matches(given: &ArgMatches) -> Result<Self, clap::Error> {
        let port = |service: &Service| given.get_one(service.port_flag).copied().unwrap_or(service.port);
        Ok(Self(Ports(SERVICES.each_ref().map(port))))
    }

    fn update_from_arg_matches(&mut self, given: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(given)?;
        Ok(())
    }
}

/// The services' listeners, taken before anything else is begun: a port that is taken is said at once.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) all: Vec<TcpListener>,
    /// The ports as they are, none of them 0.
    pub(crate) ports: Ports,
}

impl Listeners {
    pub(crate) async fn bind(mut ports: Ports) -> Result<Self, Error> {
        let mut all = Vec::with_capacity(COUNT);
        for (service, port) in SERVICES.iter().zip(&mut ports.0) {
            let failed = |source| Error { service: service.name, port: *port, source };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).await.map_err(failed)?;
            *port = listener.local_addr().map_err(failed)?.port();
            all.push(listener);
        }
        Ok(Self { all, ports })
    }
}

#[cfg(test)]
mod tests {
    use super::{Listeners, Ports, index};

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_its_service_and_its_flag() {
        let first = Listeners::bind(Ports::FREE).await.expect("free ports");
        let menu = first.ports.of("menu");
        let mut ports = Ports::FREE;
        ports.0[index("menu")] = menu;
        let message = Listeners::bind(ports).await.expect_err("it is taken").to_string();
        for part in [&format!("Port {menu}"), "menu", "is taken", "--menu-port"] {
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
