//! Listening: on every address of the machine, of IPv6 and of IPv4, or on the one that is given.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket};

use crate::run::error::StartError;

/// Connections that the operating system holds until they are accepted, as many as `TcpListener::bind` has it hold.
const BACKLOG: u32 = 1024;

/// Listens on the address that is given, or else at the port on every address that the machine has.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn bind(given: Option<SocketAddr>, port: u16) -> Result<TcpListener, StartError> {
    match given {
        Some(address) => TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error)),
        None => every(port, both_families),
    }
}

/// Listens on every address; `both` listens for IPv6 and IPv4 with one socket.
fn every(port: u16, both: impl FnOnce(u16) -> io::Result<TcpListener>) -> Result<TcpListener, StartError> {
    match both(port) {
        Err(error) if has_no_ipv6(&error) => {
            let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
            listen(TcpSocket::new_v4(), address).map_err(|error| StartError::Listen(address, error))
        }
        outcome => outcome.map_err(|error| StartError::Listen((Ipv6Addr::UNSPECIFIED, port).into(), error)),
    }
}

fn both_families(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    // The operating system may be set to let a socket of IPv6 have no IPv4.
    set_ipv6_v6only(&socket, false)?;
    listen(Ok(socket), (Ipv6Addr::UNSPECIFIED, port).into())
}

fn listen(socket: io::Result<TcpSocket>, address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket?;
    // A service that is started anew finds its port while connections of the one before are still fading.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The kernel has no IPv6 (`EAFNOSUPPORT`), or it is switched off (`EADDRNOTAVAIL`).
fn has_no_ipv6(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::net::TcpStream;

    use super::*;

    async fn reaches(ip: impl Into<IpAddr>, listener: &TcpListener) -> bool {
        let port = listener.local_addr().expect("bound").port();
        TcpStream::connect((ip.into(), port)).await.is_ok()
    }

    #[tokio::test]
    async fn d25_every_address_is_that_of_both_families() {
        let listener = bind(None, 0).await.expect("a port");
        assert!(reaches(Ipv4Addr::LOCALHOST, &listener).await);
        let has_ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok();
        assert_eq!(reaches(Ipv6Addr::LOCALHOST, &listener).await, has_ipv6);
    }

    #[tokio::test]
    async fn d25_a_machine_without_ipv6_is_reached_by_ipv4() {
        for errno in [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL] {
            let listener = every(0, |_| Err(errno.into())).expect("a port");
            assert_eq!(listener.local_addr().expect("bound").ip(), Ipv4Addr::UNSPECIFIED);
            assert!(reaches(Ipv4Addr::LOCALHOST, &listener).await);
        }
        let taken = every(0, |_| Err(Errno::ADDRINUSE.into())).expect_err("taken").to_string();
        assert!(taken.starts_with("cannot listen on [::]:0: ") && taken.contains("LISTEN_ADDRESS"), "{taken}");
    }

    #[tokio::test]
    async fn d25_an_address_that_is_given_is_the_only_one() {
        let given = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = bind(Some(given), 8000).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        assert_eq!(address.ip(), given.ip());
        assert!(!reaches(Ipv6Addr::LOCALHOST, &listener).await);
        let taken = bind(Some(address), 8000).await.expect_err("taken").to_string();
        assert!(taken.starts_with(&format!("cannot listen on {address}: ")), "{taken}");
    }
}
