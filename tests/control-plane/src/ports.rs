//! Ports of the loopback interface that stay ours while the servers that are to listen there come and go.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use crate::Error;

/// Below the ports that the kernel gives to clients: no connection takes the port of a server that is down for a while.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port for TCP. That it is taken is told to other control planes by a UDP socket on the port of the same number.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    // Held for as long as the port is ours.
    _claim: UdpSocket,
}

impl Port {
    /// A port on which nothing listens.
    pub(crate) fn claim() -> Result<Self, Error> {
        let mut refusal = None;
        // From anywhere in the range, so that processes that start at once do not contend for the same few.
        let offset = getrandom::u32().unwrap_or_else(|_| std::process::id());
        for step in 0..RANGE.len() {
            let index = (offset as usize + step) % RANGE.len();
            let number = RANGE.start + u16::try_from(index).unwrap_or_default();
            let address = (Ipv4Addr::LOCALHOST, number);
            match UdpSocket::bind(address).and_then(|claim| TcpListener::bind(address).map(|_| claim)) {
                Ok(claim) => return Ok(Self { number, _claim: claim }),
                Err(error) => refusal = Some(error),
            }
        }
        let source = refusal.unwrap_or_else(|| std::io::Error::other("there is none"));
        Err(Error::System { action: "find a free port".to_owned(), source })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
