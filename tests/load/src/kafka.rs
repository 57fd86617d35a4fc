//! The platform on a real Apache Kafka, which Java runs on this machine: what it costs to do nothing, and how long it takes from a commit
//! to its effect where each service has two replicas.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use chassis::http::identity::Role;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::{Executor as _, PgConnection};

use crate::Result;
use crate::apache::{self, Node};
use crate::client::request;
use crate::effects::sample;
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::Service;

const SERVICES: [&str; 3] = ["auth", "menu", "reservation"];
/// How long what is started is given to join its groups and to come to rest.
const SETTLE: Duration = Duration::from_secs(20);
/// How long nothing is asked of the services.
const IDLE: Duration = Duration::from_secs(60);
/// Between two looks for an effect: what looks without pause takes a core from what is measured.
const POLL: Duration = Duration::from_millis(1);

/// The broker and how a service is told of it.
struct Kafka {
    environment: Vec<(&'static str, String)>,
    // The broker ends with it.
    _node: Node,
}

impl Kafka {
    async fn start() -> Result<Self> {
        let jars = apache::jars()?;
        let node = tokio::task::spawn_blocking(move || Node::start(&jars)).await?;
        let kafka = node.installation().await;
        let environment = vec![("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers), ("KAFKA_TOPIC_PREFIX", kafka.prefix)];
        Ok(Self { environment, _node: node })
    }
}

/// What the server was told to do by each database's clients, from its log.
struct Statements {
    log: std::fs::File,
}

impl Statements {
    /// Has every statement of the services' databases logged, from connections that are opened from now on.
    async fn follow(platform: &Platform, server: &mut PgConnection) -> Result<Self> {
        server.execute("ALTER SYSTEM SET log_line_prefix = 'db=%d app=%a '").await?;
        server.execute("SELECT pg_reload_conf()").await?;
        for name in SERVICES {
            server.execute(sqlx::AssertSqlSafe(format!("ALTER DATABASE {name} SET log_statement = 'all'"))).await?;
        }
        Ok(Self { log: std::fs::File::open(platform.postgres.log())? })
    }

    async fn end(server: &mut PgConnection) -> Result<()> {
        for name in SERVICES {
            server.execute(sqlx::AssertSqlSafe(format!("ALTER DATABASE {name} RESET log_statement"))).await?;
        }
        server.execute("ALTER SYSTEM RESET log_line_prefix").await?;
        server.execute("SELECT pg_reload_conf()").await?;
        Ok(())
    }

    /// Skips what was logged so far.
    fn skip(&mut self) -> Result<()> {
        self.log.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// How many statements there were since, by database and who asked.
    fn count(&mut self) -> Result<BTreeMap<String, usize>> {
        let (mut bytes, mut counts) = (Vec::new(), BTreeMap::new());
        self.log.read_to_end(&mut bytes)?;
        for line in String::from_utf8_lossy(&bytes).lines() {
            let statement = line.contains("LOG:  execute ") || line.contains("LOG:  statement: ");
            if let Some(from) = line.strip_prefix("db=").filter(|_| statement).and_then(|line| line.split(" LOG:").next()) {
                *counts.entry(from.trim().to_owned()).or_default() += 1;
            }
        }
        Ok(counts)
    }
}

/// What the services do while nobody asks them anything.
async fn idle(services: &[Service], statements: &mut Statements, report: &mut Report) -> Result<()> {
    tokio::time::sleep(SETTLE).await;
    statements.skip()?;
    let before: Vec<f64> = services.iter().map(Service::time).collect();
    tokio::time::sleep(IDLE).await;
    let shares: Vec<f64> =
        services.iter().zip(before).map(|(service, before)| (service.time() - before) / IDLE.as_secs_f64() * 100.0).collect();
    let counts = statements.count()?;
    let busy: f64 = shares.iter().sum();
    let each = SERVICES.iter().zip(&shares).map(|(name, share)| format!("{name} {share:.2}")).collect::<Vec<_>>().join(", ");
    report.goal(
        "The three services idle on Apache Kafka, together",
        Goal::AtMost(0.5),
        " % of a core",
        busy,
        format!("{busy:.2} % ({each})"),
    );
    let of = |name: &str| {
        let database = format!("{name} ");
        let count: usize = counts.iter().filter(|(from, _)| from.starts_with(&database)).map(|(_, count)| count).sum();
        count as f64 / IDLE.as_secs_f64()
    };
    let most = SERVICES.iter().map(|name| of(name)).fold(0.0, f64::max);
    let each = SERVICES.iter().map(|name| format!("{name} {:.2}", of(name))).collect::<Vec<_>>().join(", ");
    report.goal("— statements a second of a replica that leads, the greatest", Goal::AtMost(1.0), "", most, each);
    let told = counts.iter().map(|(from, count)| format!("{from} {count}")).collect::<Vec<_>>().join("; ");
    report.told(format!("— in {} s, by database and connection", IDLE.as_secs()), told);
    Ok(())
}

/// From the answer of either replica until the effect elsewhere.
async fn effects(platform: &Platform, [first, second]: [&[Service]; 2], report: &mut Report) -> Result<()> {
    let admin: i32 = {
        let mut auth = platform.connect("auth").await?;
        sqlx::query_scalar("SELECT min(id) FROM \"user\" WHERE role = 'admin'").fetch_one(&mut auth).await?
    };
    let token = platform.token(usize::try_from(admin)?, Role::Admin)?;
    let token = Some(token.as_str());
    // By turns, the one that leads and the other one.
    let mut auth = [first[0].client().await?, second[0].client().await?];
    let mut menu = [first[1].client().await?, second[1].client().await?];
    let mut reservation = [first[2].client().await?, second[2].client().await?];

    let mut guests = platform.connect("reservation").await?;
    let effects = sample(
        async |number| {
            let body = format!(r#"{{"full_name": "Name {number}"}}"#);
            auth[number % 2].expect(&request("PATCH", "/auth/me", token, Some(&body))).await.map(drop)
        },
        async |number| {
            let name: Option<Option<String>> =
                sqlx::query_scalar("SELECT full_name FROM guest WHERE user_id = $1").bind(admin).fetch_optional(&mut guests).await?;
            let shows = name.flatten() == Some(format!("Name {number}"));
            if !shows {
                tokio::time::sleep(POLL).await;
            }
            Ok(shows)
        },
    );
    effects.await?.told("Apache Kafka, two replicas of auth: a name into reservation's guest directory", report);

    let mut activity = platform.connect("auth").await?;
    let first_start = Timestamp::now() + SignedDuration::from_hours(24);
    let made = std::cell::Cell::new(0);
    let effects = sample(
        async |number| {
            let start = first_start + SignedDuration::from_hours(3 * i64::try_from(number)?);
            let body = format!(
                r#"{{"guests_count": 2, "reservation_time": "{start}", "contact_phone": "+44 20 7946 0958", "contact_email": "a@example.com"}}"#
            );
            let answer = reservation[number % 2].expect(&request("POST", "/reservations/", token, Some(&body))).await?;
            let booking: Value = serde_json::from_slice(&answer)?;
            made.set(i32::try_from(booking["id"].as_i64().ok_or("a booking without an id")?)?);
            Ok(())
        },
        async |_| {
            let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM user_reservation WHERE reservation_id = $1)")
                .bind(made.get())
                .fetch_one(&mut activity)
                .await?;
            if !known {
                tokio::time::sleep(POLL).await;
            }
            Ok(known)
        },
    );
    effects.await?.told("Apache Kafka, two replicas of reservation: a booking into auth's activity", report);

    let body = r#"{"name": "Soup", "price": "5.00"}"#;
    let dish: Value = serde_json::from_slice(&menu[0].expect(&request("POST", "/api/v1/menu", token, Some(body))).await?)?;
    let path = format!("/api/v1/menu/{}", dish["id"]);
    let get = request("GET", &path, None, None);
    let mut readers = [second[1].client().await?, first[1].client().await?];
    let effects = sample(
        async |number| {
            let body = format!(r#"{{"name": "Soup {number}"}}"#);
            menu[number % 2].expect(&request("PATCH", &path, token, Some(&body))).await.map(drop)
        },
        async |number| {
            let shown: Value = serde_json::from_slice(&readers[number % 2].expect(&get).await?)?;
            let shows = shown["name"] == format!("Soup {number}");
            if !shows {
                tokio::time::sleep(POLL).await;
            }
            Ok(shows)
        },
    );
    effects.await?.told("Apache Kafka, two replicas of menu: a dish into the other one's memory", report);
    menu[0].expect(&request("DELETE", &path, token, None)).await?;
    Ok(())
}

/// Measures what is wanted: the platform idle, and effects across replicas.
pub(crate) async fn measure(platform: &Platform, [wants_idle, wants_effects]: [bool; 2], report: &mut Report) -> Result<()> {
    let kafka = match Kafka::start().await {
        Ok(kafka) => kafka,
        Err(error) => {
            report.note(format!("not measured on Apache Kafka: {error}"));
            return Ok(());
        }
    };
    let start = async || -> Result<Vec<Service>> {
        let mut services = Vec::new();
        for name in SERVICES {
            services.push(platform.start_with(name, name, &kafka.environment).await?);
        }
        Ok(services)
    };
    if wants_idle {
        let mut server = platform.connect("postgres").await?;
        let mut statements = Statements::follow(platform, &mut server).await?;
        let services = start().await?;
        idle(&services, &mut statements, report).await?;
        for service in services {
            service.stop().await?;
        }
        Statements::end(&mut server).await?;
    }
    if wants_effects {
        // The first ones lead.
        let first = start().await?;
        let second = start().await?;
        tokio::time::sleep(SETTLE).await;
        effects(platform, [&first, &second], report).await?;
        for service in second.into_iter().chain(first) {
            service.stop().await?;
        }
    }
    Ok(())
}
