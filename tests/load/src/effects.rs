//! From the commit of a change to its effect elsewhere, by way of outbox, relay, in-process broker and consumer, on a machine that
//! does nothing else. The whole platform is in this process, as `cargo run --release` has it.

use std::time::{Duration, Instant};

use chassis::Shutdown;
use chassis::run::config::{ISSUER, Kafka, Limits, Security, Settings};
use jiff::{SignedDuration, Timestamp};
use local::data::Place;
use local::{Setup, Stack};
use serde_json::Value;
use site::settings::Site;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::net::TcpListener;

use crate::Result;
use crate::client::{Client, request};
use crate::platform::{ADMIN, Platform};
use crate::report::{Goal, Report};
use crate::stats::Latencies;

const SAMPLES: usize = 250;
const GOAL: f64 = 50.0;
/// An effect that takes longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the effects took, from the answer to the change, and from its request.
#[derive(Default)]
pub(crate) struct Effects {
    since_answer: Latencies,
    since_request: Latencies,
}

impl Effects {
    pub(crate) fn told(&self, what: &str, report: &mut Report) {
        let (p50, p99) = (self.since_answer.quantile(0.5), self.since_answer.quantile(0.99));
        report.goal(
            format!("Commit to effect, {what}: p99"),
            Goal::AtMost(GOAL),
            " ms",
            p99,
            format!("{p99:.1} ms (p50 {p50:.1} ms; from the request p99 {:.1} ms)", self.since_request.quantile(0.99)),
        );
    }
}

/// Makes changes one after the other, at moments that are not in step with any clock of ours, and waits for the effect of each.
pub(crate) async fn sample(
    mut change: impl AsyncFnMut(usize) -> Result<()>,
    mut shows: impl AsyncFnMut(usize) -> Result<bool>,
) -> Result<Effects> {
    let mut effects = Effects::default();
    for number in 0..SAMPLES {
        tokio::time::sleep(Duration::from_micros(10_000 + (number as u64 * 7919) % 23_000)).await;
        let asked = Instant::now();
        change(number).await?;
        let answered = Instant::now();
        while !shows(number).await? {
            if answered.elapsed() > PATIENCE {
                return Err("the effect of a change did not come".into());
            }
        }
        effects.since_answer.push(answered.elapsed());
        effects.since_request.push(asked.elapsed());
    }
    Ok(effects)
}

pub(crate) async fn measure(platform: &Platform, report: &mut Report) -> Result<()> {
    let setup = Setup { place: Place::At(platform.home().join("effects")), ..Setup::ephemeral() };
    let stack = Stack::start(setup, &Shutdown::new()).await?;
    let stop = Shutdown::new();
    let measured = all(&stack, &stop, report).await;
    stop.cancel();
    stack.stop().await?;
    measured
}

async fn all(stack: &Stack, stop: &Shutdown, report: &mut Report) -> Result<()> {
    let ports = stack.ports();
    let connect = async |port: u16| Client::connect(([127, 0, 0, 1], port).into()).await;
    let (mut auth, mut menu, mut reservation) =
        (connect(ports.of("auth")).await?, connect(ports.of("menu")).await?, connect(ports.of("reservation")).await?);
    let login = format!(r#"{{"email": "{}", "password": "{}"}}"#, ADMIN.0, ADMIN.1);
    let login: Value = serde_json::from_slice(&auth.expect(&request("POST", "/auth/login", None, Some(&login))).await?)?;
    let token = login["access_token"].as_str().ok_or("a login without a token")?.to_owned();
    let token = Some(token.as_str());

    let mut guests: PgConnection = stack.database("res_db").connect().await?;
    let effects = sample(
        async |number| {
            let body = format!(r#"{{"full_name": "Name {number}"}}"#);
            auth.expect(&request("PATCH", "/auth/me", token, Some(&body))).await.map(drop)
        },
        async |number| {
            let name: Option<Option<String>> =
                sqlx::query_scalar("SELECT full_name FROM guest WHERE user_id = 1").fetch_optional(&mut guests).await?;
            Ok(name.flatten() == Some(format!("Name {number}")))
        },
    );
    effects.await?.told("user.events: a name into reservation's guest directory", report);

    let mut activity: PgConnection = stack.database("auth_db").connect().await?;
    reservation.expect(&request("POST", "/reservations/tables", token, Some(r#"{"table_number": 1, "capacity": 4}"#))).await?;
    let first = Timestamp::now() + SignedDuration::from_hours(24);
    let effects = sample(
        async |number| {
            let start = first + SignedDuration::from_hours(3 * i64::try_from(number)?);
            let body = format!(
                r#"{{"guests_count": 2, "reservation_time": "{start}", "contact_phone": "+44 20 7946 0958", "contact_email": "a@example.com"}}"#
            );
            reservation.expect(&request("POST", "/reservations/", token, Some(&body))).await.map(drop)
        },
        async |number| {
            let known: i64 = sqlx::query_scalar("SELECT count(*) FROM user_reservation").fetch_one(&mut activity).await?;
            Ok(known > i64::try_from(number)?)
        },
    );
    effects.await?.told("reservation.events: a booking into auth's activity", report);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut replica = Client::connect(listener.local_addr()?).await?;
    let running = tokio::spawn(menu::serve(menu::Config { service: settings(stack), site: Site::default() }, listener, stop.clone()));
    let ready = Instant::now();
    while replica.send(&request("GET", "/readyz", None, None)).await?.status != 200 {
        if ready.elapsed() > PATIENCE {
            return Err("a second replica of the menu is not ready".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let dish: Value =
        serde_json::from_slice(&menu.expect(&request("POST", "/api/v1/menu", token, Some(r#"{"name": "Soup", "price": "5.00"}"#))).await?)?;
    let path = format!("/api/v1/menu/{}", dish["id"]);
    let get = request("GET", &path, None, None);
    // It follows the events from the moment it has heard of the broker.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let effects = sample(
        async |number| {
            let body = format!(r#"{{"name": "Soup {number}"}}"#);
            menu.expect(&request("PATCH", &path, token, Some(&body))).await.map(drop)
        },
        async |number| {
            let shown: Value = serde_json::from_slice(&replica.expect(&get).await?)?;
            Ok(shown["name"] == format!("Soup {number}"))
        },
    );
    effects.await?.told("menu.events: a dish into another replica's memory", report);
    stop.cancel();
    Ok(running.await??)
}

/// The settings of a second replica of the menu beside the stack's own.
fn settings(stack: &Stack) -> Settings {
    Settings {
        listen: Some(([127, 0, 0, 1], 0).into()),
        database: stack.database("menu_db"),
        max_connections: 4,
        migrate: true,
        kafka: Kafka {
            bootstrap_servers: stack.broker().bootstrap_servers().to_owned(),
            prefix: String::new(),
            security: Security::default(),
            // As the stack has it for this broker, which does not answer by itself when something arrives.
            in_process: true,
        },
        public_keys: stack.data().path().join("secrets").join(auth::keys::KEY_SET),
        issuer: ISSUER.to_owned(),
        audience: ISSUER.to_owned(),
        cors_origins: Vec::new(),
        limits: Limits::default(),
    }
}
