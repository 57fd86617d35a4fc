//! A readiness probe from outside the process, for images without a shell and without an HTTP client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use http::Uri;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::run::config::{ListenArgs, Problems};
use crate::run::error::StartError;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Which service is asked.
#[derive(Args, Clone, Debug, Default)]
pub struct HealthArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listen: ListenArgs,
}

impl HealthArgs {
    /// Asks the service of this machine whose port is `port`, unless LISTEN_ADDRESS says another: what `HEALTHCHECK` runs.
    ///
    /// # Errors
    /// Why it is not ready.
    pub async fn check(&self, port: u16) -> Result<(), StartError> {
        let mut problems = Problems::default();
        let given = self.listen.check(&mut problems);
        problems.finish()?;
        // The loopback interface has IPv4 also where the network has IPv6 alone.
        let address = given.map_or((Ipv4Addr::LOCALHOST, port).into(), reachable);
        is_ready(&format!("http://{address}/readyz")).await.map_err(StartError::Other)
    }
}

/// Where what listens on `address` is reached from the same machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Asks whether somebody is ready: `url` is `http://host:port/readyz`.
///
/// # Errors
/// What was answered, or why nothing was.
pub async fn is_ready(url: &str) -> Result<(), String> {
    let asked = tokio::time::timeout(ANSWER, status_line(url)).await;
    let line = asked.map_err(|_| format!("{url} does not answer"))?.map_err(|error| format!("{url} does not answer: {error}"))?;
    // RFC 9112, 4: HTTP-version SP status-code.
    match line.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(format!("{url} answers {line:?}")),
    }
}

/// One request does not take a library for HTTP clients.
async fn status_line(url: &str) -> std::io::Result<String> {
    let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "the URL must be http://host:port/path");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(wrong)?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let mut stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    stream.write_all(format!("GET {} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n", uri.path()).as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use http::StatusCode;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_that_is_every_address_is_reached_by_loopback() {
        for (listened, reached) in
            [("0.0.0.0:8000", "127.0.0.1:8000"), ("[::]:1", "[::1]:1"), ("10.0.0.7:80", "10.0.0.7:80"), ("127.0.0.2:9", "127.0.0.2:9")]
        {
            assert_eq!(reachable(listened.parse().expect("an address")).to_string(), reached);
        }
    }

    #[tokio::test]
    async fn the_status_decides_also_over_ipv6() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else {
                println!("{address} cannot be listened on: this machine has no IPv6");
                continue;
            };
            let url = format!("http://{}/readyz", listener.local_addr().expect("bound"));
            let ready = Arc::new(AtomicBool::new(false));
            let state = ready.clone();
            let answer =
                move || async move { if state.load(Ordering::Relaxed) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE } };
            let router = axum::Router::new().route("/readyz", axum::routing::get(answer));
            let server = tokio::spawn(async move { axum::serve(listener, router).await });
            let refused = is_ready(&url).await.expect_err("not ready");
            assert!(refused.contains("503"), "{refused}");
            ready.store(true, Ordering::Relaxed);
            is_ready(&url).await.expect("ready");
            server.abort();
            let _ = server.await;
            let gone = is_ready(&url).await.expect_err("gone");
            assert!(gone.contains("does not answer"), "{gone}");
        }
    }
}
