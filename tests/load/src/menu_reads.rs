//! Reading the menu, against a server that has nothing but the same bytes to give.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use chassis::http::identity::Role;
use http::header;

use crate::client::{Ask, Driven, Until, drive, request};
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::Service;
use crate::stats::{Latencies, Rate};
use crate::{Result, SERVE_BYTES};

/// How many dishes there are: as many as a page shows.
const DISHES: usize = 50;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
/// How long a turn is.
pub(crate) const TURN: Duration = Duration::from_secs(2);
const PATH: &str = "/api/v1/menu";

/// The server that the menu is held against, in a process of its own as the menu is: axum with one handler.
pub(crate) async fn serve_bytes(address: &str, file: &str, path: &str) -> Result<()> {
    let body = Bytes::from(std::fs::read(file)?);
    let handler = move || std::future::ready(([(header::CONTENT_TYPE, "application/json")], body.clone()));
    let listener = tokio::net::TcpListener::bind(address.parse::<SocketAddr>()?).await?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, Router::new().route(path, get(handler))).await?)
}

/// Gives the menu its dishes.
pub(crate) async fn furnish(platform: &Platform, menu: &Service) -> Result<()> {
    let (token, mut client) = (platform.token(1, Role::Admin)?, menu.client().await?);
    for dish in 1..=DISHES {
        let body = format!(
            r#"{{"name": "Dish {dish}", "description": "What the season and the market have brought, with bread and butter", "price": "{dish}.50"}}"#
        );
        platform.post(&mut client, PATH, Some(&token), &body).await?;
    }
    Ok(())
}

/// Starts that server, with the bytes of a file at a path.
pub(crate) fn static_server(platform: &Platform, bytes: &Path, path: &str) -> Result<Service> {
    let mut command = Command::new(platform.programs.path(env!("CARGO_BIN_NAME")));
    command.arg(SERVE_BYTES);
    Service::launch(command, &platform.home().join("static.log"), |command, address| {
        command.arg(address.to_string()).arg(bytes).arg(path);
    })
}

/// What a side answered in its turns.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) rate: Rate,
    pub(crate) latencies: Latencies,
    time: f64,
}

impl Side {
    /// Asks a service for as long as a turn is; every answer must be 200.
    pub(crate) async fn turn(&mut self, service: &Service, connections: usize, ask: Arc<Ask>) -> Result<()> {
        let before = service.time();
        let Driven { latencies, statuses, elapsed } = drive(service.address, connections, Until::Elapsed(TURN), ask).await?;
        if statuses.keys().any(|status| *status != 200) {
            return Err(format!("the answers are {statuses:?}").into());
        }
        self.time += service.time() - before;
        self.rate.add(latencies.len() as u64, elapsed);
        self.latencies.extend(latencies);
        Ok(())
    }

    /// The cores' time for each answer, in microseconds.
    pub(crate) fn each(&self) -> f64 {
        self.time / self.rate.count() * 1e6
    }
}

pub(crate) async fn compare(platform: &Platform, menu: &Service, report: &mut Report) -> Result<()> {
    let list = menu.client().await?.expect(&request("GET", PATH, None, None)).await?;
    let bytes = platform.home().join("menu.json");
    std::fs::write(&bytes, &list)?;
    let baseline = static_server(platform, &bytes, PATH)?;
    baseline.ready(PATH).await?;
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    let get = Arc::new(request("GET", PATH, None, None));
    let ask: Arc<Ask> = Arc::new(move |_, _| get.clone());
    for round in 0..=ROUNDS {
        theirs.turn(&baseline, CONNECTIONS, ask.clone()).await?;
        ours.turn(menu, CONNECTIONS, ask.clone()).await?;
        if round == 0 {
            (ours, theirs) = (Side::default(), Side::default());
        }
    }
    let (service, of_static) = (ours.rate.per_second(), theirs.rate.per_second());
    report.goal(
        format!("Menu, {DISHES} dishes of {} bytes, {CONNECTIONS} connections: service / static axum handler", list.len()),
        Goal::AtLeast(0.85),
        "",
        service / of_static,
        format!("{:.2} ({service:.0}/s, static {of_static:.0}/s)", service / of_static),
    );
    report.told(
        "— their p99, and the cores' time for each",
        format!(
            "{:.1} ms and {:.0} µs, static {:.1} ms and {:.0} µs",
            ours.latencies.quantile(0.99),
            ours.each(),
            theirs.latencies.quantile(0.99),
            theirs.each()
        ),
    );
    Ok(())
}
