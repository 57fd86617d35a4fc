//! Whether an installation works, asked from inside the cluster.

use std::time::Duration;

use axum::http::Uri;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api::{Restaurant, RestaurantBooking, RestaurantBookingSpec};
use crate::reconcile::failure::chain;

/// How long the operator, and the API server, may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Asks the operator whether it is ready: `url` is `http://host:port/readyz`.
///
/// # Errors
/// What it answered, or why it did not.
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
    let mut stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    stream.write_all(format!("GET {} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n", uri.path()).as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

/// Sends a resource as a dry run.
///
/// # Errors
/// Why the API server refuses it.
pub async fn would_take(client: Client, namespace: &str) -> Result<(), String> {
    let spec = RestaurantBookingSpec {
        restaurant: Restaurant { name: "Check".to_owned(), time_zone: "UTC".to_owned(), ..Default::default() },
        ..Default::default()
    };
    let resource = RestaurantBooking::new("installation-check", spec);
    let api: Api<RestaurantBooking> = Api::namespaced(client, namespace);
    let params = PatchParams::apply("restaurant-booking-operator-check").dry_run();
    let sent = tokio::time::timeout(ANSWER, api.patch("installation-check", &params, &Patch::Apply(&resource))).await;
    sent.map_err(|_| "the API server does not answer".to_owned())?
        .map(|_| ())
        .map_err(|error| format!("the API server refuses a RestaurantBooking: {}", chain(&error)))
}
