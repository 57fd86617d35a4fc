//! Readiness while every connection to the database that requests may use is busy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::http::identity::Role;
use sqlx::{Connection as _, Executor as _};

use crate::Result;
use crate::client::{Client, Until, drive, request};
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::stats::Latencies;

/// The connections that a service has, and the clients that want one: so many that each has several waiting for it.
const CONNECTIONS: i64 = 10;
const CLIENTS: usize = 64;
const TURN: Duration = Duration::from_secs(4);
/// How long it may take until every connection is opened and busy.
const OPENING: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(2);

/// Asks whether the service is ready, over and over, for a while.
async fn probe(address: std::net::SocketAddr, latencies: &mut Latencies) -> Result<()> {
    let (mut client, request, started) = (Client::connect(address).await?, request("GET", "/readyz", None, None), Instant::now());
    while started.elapsed() < TURN {
        let asking = Instant::now();
        client.expect(&request).await?;
        latencies.push(asking.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

pub(crate) async fn measure(platform: &Platform, report: &mut Report) -> Result<()> {
    let few = [("DATABASE_MAX_CONNECTIONS", CONNECTIONS.to_string())];
    let mut all = Latencies::default();
    // A request of each service, and what it cannot have while another transaction locks it.
    let dish = Some(r#"{"name": "Soup", "price": "5.00"}"#);
    for (name, method, path, body, table) in [
        ("auth", "GET", "/auth/me", None, "\"user\""),
        ("menu", "POST", "/api/v1/menu", dish, "menuitem"),
        ("reservation", "GET", "/reservations/tables", None, "\"table\""),
    ] {
        let service = platform.start_with(name, name, &few).await?;
        let asked = Arc::new(request(method, path, Some(&platform.token(1, Role::Admin)?), body));
        let (mut database, mut watch) = (platform.connect(name).await?, platform.connect(name).await?);
        let mut transaction = database.begin().await?;
        transaction.execute(sqlx::AssertSqlSafe(format!("LOCK TABLE {table}"))).await?;
        // They are answered that there is no connection for them after 3 s, or after 5 s of waiting for the lock, and ask again.
        let load = tokio::spawn(drive(service.address, CLIENTS, Until::Elapsed(OPENING + TURN), Arc::new(move |_, _| asked.clone())));
        let started = Instant::now();
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = $1 AND wait_event_type = 'Lock'",
            )
            .bind(name)
            .fetch_one(&mut watch)
            .await?;
            if waiting == CONNECTIONS {
                break;
            }
            if started.elapsed() > OPENING {
                return Err(format!("{waiting} of the connections of {name} are busy").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        probe(service.address, &mut all).await?;
        transaction.rollback().await?;
        load.await??;
        service.stop().await?;
    }
    let p99 = all.quantile(0.99);
    report.goal(
        "Readiness, every connection of requests waiting for a lock, the three services: p99",
        Goal::AtMost(50.0),
        " ms",
        p99,
        format!("{p99:.2} ms (at most {:.2} ms, {} probes)", all.quantile(1.0), all.len()),
    );

    // The same while they work, as fast as the cores allow.
    let service = platform.start_with("reservation", "reservation", &few).await?;
    let asked = Arc::new(request("GET", "/reservations/tables", None, None));
    let mut working = Latencies::default();
    let load = drive(service.address, CLIENTS, Until::Elapsed(TURN), Arc::new(move |_, _| asked.clone()));
    let (load, probed) = tokio::join!(load, probe(service.address, &mut working));
    load?;
    probed?;
    let p99 = working.quantile(0.99);
    report.goal(
        format!("Readiness, {CLIENTS} clients on {CONNECTIONS} connections that work without pause, reservation: p99"),
        Goal::AtMost(50.0),
        " ms",
        p99,
        format!("{p99:.2} ms (at most {:.2} ms)", working.quantile(1.0)),
    );
    service.stop().await
}
