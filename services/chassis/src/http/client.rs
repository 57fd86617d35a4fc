//! From which address a request comes, as far as that can be known.

use std::net::{IpAddr, Ipv6Addr};

use http::{Extensions, HeaderMap};

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The header in which each proxy appends the address of its own peer.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client behind `hops` proxies that append to `X-Forwarded-For`: the entry of that many from the right, or the leftmost
/// where there are fewer. With no proxy the header is not looked at, since anybody can send it; neither is an entry that is no address. Then it
/// is the peer's. `None` where the request did not come over a connection.
pub fn address(extensions: &Extensions, headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    forwarded(headers, hops).or(extensions.get::<Peer>().map(|peer| peer.0)).map(|address| address.to_canonical())
}

fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    // An entry that is no text is one all the same: what a client sends must not hide what a proxy appends to it.
    let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.as_bytes());
    let entries = lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let entries: Vec<&[u8]> = entries.filter(|entry| !entry.is_empty()).collect();
    let place = entries.len().saturating_sub(hops);
    if hops == 0 { None } else { read(std::str::from_utf8(entries.get(place)?).ok()?) }
}

/// An address, perhaps with a port, and in brackets where it is one of IPv6.
fn read(entry: &str) -> Option<IpAddr> {
    let without_port = |entry: &str| entry.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| without_port(entry))
}

/// The part of an address that one client has: all of an IPv4 address, and of an IPv6 address the first 64 bits (RFC 6177).
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(whole) => Ipv6Addr::from_bits(whole.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seen(lines: &[&str], hops: usize) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer([192, 0, 2, 1].into()));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).expect("a value"));
        }
        address(&extensions, &headers, hops).expect("an address").to_string()
    }

    #[test]
    fn without_a_proxy_what_a_client_says_of_itself_is_not_believed() {
        assert_eq!(seen(&["198.51.100.7"], 0), "192.0.2.1");
        assert_eq!(seen(&[], 0), "192.0.2.1");
    }

    #[test]
    fn behind_proxies_the_entry_counts_that_the_outermost_of_them_wrote() {
        let lines = ["203.0.113.9, 198.51.100.7", "198.51.100.8"];
        assert_eq!([1, 2, 3].map(|hops| seen(&lines, hops)), ["198.51.100.8", "198.51.100.7", "203.0.113.9"]);
        // A request that came by fewer proxies.
        assert_eq!(seen(&["198.51.100.7"], 3), "198.51.100.7");
        assert_eq!(seen(&[], 1), "192.0.2.1");
        assert_eq!(seen(&["198.51.100.7, unknown"], 1), "192.0.2.1");
        // What is no ASCII hides nothing.
        assert_eq!(seen(&["ÿ, 198.51.100.7"], 1), "198.51.100.7");
    }

    #[test]
    fn an_entry_may_have_a_port_and_brackets() {
        for (entry, expected) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(seen(&[entry], 1), expected, "{entry}");
        }
    }

    #[test]
    fn of_an_address_of_ipv6_a_client_has_the_last_64_bits_to_choose() {
        let of = |address: &str| network(address.parse().expect("an address")).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("198.51.100.7"), "198.51.100.7");
    }
}
