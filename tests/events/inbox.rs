//! What must hold of consumers on any broker.

use std::sync::Arc;
use std::time::Duration;

use chassis::Shutdown;
use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError, Handler};
use chassis::run::config::Kafka;
use chassis::run::metrics::Metrics;
use contract::{ReservationEvent, UserEvent};
use futures_util::future::BoxFuture;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::{Platform, Setup, database, topic};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

fn user(id: i32, version: i32) -> Value {
    json!({"id": id, "email": format!("v{version}@example.com"), "full_name": null, "phone": null, "role": "user", "version": version})
}

fn booking(id: i32, status: &str, version: i32) -> Value {
    json!({"id": id, "reservation_code": "7K3M9QXA", "user_id": 42, "source": "account", "table_id": 1, "table_ids": [1],
        "guests_count": 2, "reservation_time": "2030-05-17T17:30:00Z", "duration_minutes": 120, "ends_at": "2030-05-17T19:30:00Z",
        "status": status, "version": version,
        "created_at": "2030-05-01T10:00:00Z", "updated_at": "2030-05-01T10:00:00Z"})
}

async fn write_user(kafka: &Kafka, id: i32, version: i32) {
    let data = user(id, version).to_string();
    topic::write(kafka, UserEvent::TOPIC, &id.to_string(), Some("user.updated"), data.as_bytes()).await;
}

/// A handler with a state of its own: it tells what it has handled, and fails for some users.
struct Telling {
    told: mpsc::UnboundedSender<(i32, i32)>,
    fails: fn(i32) -> bool,
}

impl Handler for Telling {
    fn types(&self) -> &[&'static str] {
        UserEvent::TYPES
    }

    fn handle<'a>(&'a self, _: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
        Box::pin(async move {
            let user = event.read::<UserEvent>()?.expect("of a type that is taken").into_user();
            if (self.fails)(user.id.get()) {
                return Err(HandleError::Malformed("it is of such a user".to_owned()));
            }
            self.told.send((user.id.get(), user.version)).expect("a test that listens");
            Ok(true)
        })
    }
}

struct Running {
    told: mpsc::UnboundedReceiver<(i32, i32)>,
    metrics: Metrics,
    stop: Shutdown,
    task: JoinHandle<()>,
}

impl Running {
    fn start(name: &'static str, kafka: &Kafka, pool: &PgPool, fails: fn(i32) -> bool) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let (metrics, stop) = (Metrics::new(name), Shutdown::new());
        let consumer = Consumer { name, topic: UserEvent::TOPIC, handler: Arc::new(Telling { told: sender, fails }) };
        let task = tokio::spawn(consumer.run(kafka.clone(), pool.clone(), metrics.clone(), stop.clone()));
        Self { told, metrics, stop, task }
    }

    async fn next(&mut self) -> (i32, i32) {
        tokio::time::timeout(Duration::from_secs(20), self.told.recv()).await.expect("an event in time").expect("a consumer")
    }

    /// The series of this metric.
    async fn series(&self, pool: &PgPool, name: &str) -> Vec<String> {
        let text = self.metrics.render(pool, pool).await;
        text.lines().filter(|line| line.starts_with(&format!("{name}{{"))).map(str::to_owned).collect()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("a consumer that ends");
    }
}

/// Two consumers of one topic in one service: each sees every event, once, also after both began anew.
pub(crate) async fn s08_each_consumer_of_a_topic_sees_every_event(kafka: Kafka) {
    let pool = database::pool(database::migrated("reservation").await);
    for id in 1..=5 {
        write_user(&kafka, id, 1).await;
    }
    for round in 0..2 {
        let mut consumers = ["one", "two"].map(|name| Running::start(name, &kafka, &pool, |id| id == 3));
        if round == 1 {
            write_user(&kafka, 6, 1).await;
        }
        for consumer in &mut consumers {
            let mut seen = Vec::new();
            for _ in 0..if round == 0 { 4 } else { 1 } {
                seen.push(consumer.next().await.0);
            }
            seen.sort_unstable();
            assert_eq!(seen, if round == 0 { vec![1, 2, 4, 5] } else { vec![6] });
        }
        let parked = "SELECT array_agg(consumer ORDER BY consumer) FROM parked_event";
        eventually("the event that neither can handle, parked for each", async || {
            let parked: Option<Vec<String>> = sqlx::query_scalar(parked).fetch_one(&pool).await.expect("the parked");
            parked == Some(vec!["one".to_owned(), "two".to_owned()])
        })
        .await;
        for consumer in consumers {
            consumer.stop().await;
        }
    }
}

/// An event of a type that the consumer does not know, a member that it does not know, and a tombstone are skipped and counted, and hold up
/// nothing. In metrics the type is `unknown`, whatever a producer wrote.
pub(crate) async fn s09_what_is_unknown_is_skipped(kafka: Kafka) {
    let platform = Platform::start(Setup { services: vec!["auth"], kafka: Some(kafka.clone()), ..Setup::default() }).await;
    let pool = platform.pool("auth");
    let write = async |kind: &str, data: &Value| {
        topic::write(&kafka, ReservationEvent::TOPIC, "7", Some(kind), data.to_string().as_bytes()).await;
    };
    write("reservation.created", &booking(7, "pending", 1)).await;
    // One that was not booked with an account is nobody's.
    let mut walk_in = booking(8, "seated", 1);
    (walk_in["user_id"], walk_in["source"]) = (json!(null), json!("walk_in"));
    topic::write(&kafka, ReservationEvent::TOPIC, "7", Some("reservation.created"), walk_in.to_string().as_bytes()).await;
    write("reservation.praised", &json!({"stars": 5})).await;
    write("reservation.Praised\"}\n", &json!(null)).await;
    topic::write_tombstone(&kafka, ReservationEvent::TOPIC, "7").await;
    let mut later = booking(7, "cancelled", 2);
    later["table_names"] = json!(["Window"]);
    write("reservation.cancelled", &later).await;
    let status = "SELECT status FROM user_reservation WHERE reservation_id = 7 AND version = 2";
    eventually("the cancelled booking", async || {
        let status: Option<String> = sqlx::query_scalar(status).fetch_optional(&pool).await.expect("a status");
        status.as_deref() == Some("cancelled")
    })
    .await;
    let metrics = platform.anyone("auth").get("/metrics").await.text;
    assert!(metrics.contains("events_consumed_total{outcome=\"ignored\",type=\"unknown\"} 3\n"), "{metrics}");
    assert!(metrics.contains("events_parked 0\n") && !metrics.contains("raised"), "{metrics}");
    platform.stop().await;
}

/// What is parked is tried again ever more rarely, some keys at a time, and though requests have every connection.
pub(crate) async fn s13_what_is_parked_is_tried_ever_more_rarely(kafka: Kafka) {
    let options = database::migrated("reservation").await;
    let (observer, pool) = (database::pool(options.clone()), PgPoolOptions::new().max_connections(1).connect_lazy_with(options));
    let consumer = Running::start("one", &kafka, &pool, |_| true);
    write_user(&kafka, 1, 1).await;
    let attempts = async |key: &str| {
        let attempts = "SELECT attempts, extract(epoch FROM next_attempt_at - now())::float8 FROM parked_key WHERE key = $1";
        sqlx::query_as::<_, (i32, f64)>(attempts).bind(key).fetch_optional(&observer).await.expect("a key").unwrap_or_default()
    };
    eventually("a parked event", async || attempts("1").await.0 == 1).await;
    let requests = pool.acquire().await.expect("the only connection");
    for (done, wait) in [(1, 10.0), (2, 20.0), (12, 300.0)] {
        let hurry = "UPDATE parked_key SET attempts = $1, next_attempt_at = now()";
        sqlx::query(hurry).bind(done).execute(&observer).await.expect("hurried");
        eventually("another attempt", async || attempts("1").await.0 == done + 1).await;
        let (_, next) = attempts("1").await;
        assert!(next > wait - 5.0 && next <= wait, "after {done} attempts the next is in {next} s");
    }
    for statement in [
        "INSERT INTO parked_event (consumer, topic, key, event_id, type, payload, error)
         SELECT 'one', 'user.events', 'k' || n, 'e' || n, 'user.updated', 'null', 'none' FROM generate_series(1, 500) AS n",
        "INSERT INTO parked_key (consumer, topic, key, next_attempt_at) SELECT 'one', 'user.events', 'k' || n, now() FROM generate_series(1, 500) AS n",
    ] {
        sqlx::query(statement).execute(&observer).await.expect("parked");
    }
    let tried = async || {
        let tried = "SELECT count(*) FROM parked_key WHERE key LIKE 'k%' AND attempts > 1";
        sqlx::query_scalar::<_, i64>(tried).fetch_one(&observer).await.expect("a count")
    };
    eventually("attempts", async || tried().await > 0).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let in_a_round = tried().await;
    assert!((1..=50).contains(&in_a_round), "{in_a_round} keys were tried at once");
    drop(requests);
    consumer.stop().await;
}

/// A partition that is taken away from a replica loses its lag there.
pub(crate) async fn s15_a_partition_that_is_taken_away_loses_its_lag(kafka: Kafka) {
    // With a group, as on any broker but the one in the process.
    let kafka = Kafka { in_process: false, ..kafka };
    let pool = database::pool(database::migrated("reservation").await);
    let first = Running::start("one", &kafka, &pool, |_| false);
    for id in 1..=30 {
        write_user(&kafka, id, 1).await;
    }
    const LAG: &str = "kafka_consumer_lag";
    eventually("the lag of all partitions", async || first.series(&pool, LAG).await.len() == 3).await;
    let second = Running::start("one", &kafka, &pool, |_| false);
    eventually("a shared topic", async || {
        let (first, second) = (first.series(&pool, LAG).await, second.series(&pool, LAG).await);
        let partition = |series: &String| series.split_whitespace().next().map(str::to_owned);
        let mut partitions: Vec<_> = first.iter().chain(&second).map(partition).collect();
        partitions.sort();
        partitions.dedup();
        !first.is_empty() && !second.is_empty() && first.len() + second.len() == 3 && partitions.len() == 3
    })
    .await;
    tokio::join!(first.stop(), second.stop());
}

/// Events of one account that is changed by many at once: a later version is of no earlier time.
pub(crate) async fn f21_a_later_version_is_of_no_earlier_time(kafka: Kafka) {
    let platform = Platform::start(Setup { services: vec!["auth", "menu"], kafka: Some(kafka.clone()), ..Setup::default() }).await;
    let body = json!({"email": "ada@example.com", "password": "correct horse"});
    let id = platform.anyone("auth").post("/auth/register", &body).await.expect(201).id();
    let account = platform.user("auth", i32::try_from(id).expect("an id"));
    let dish = platform.admin("menu").post("/api/v1/menu", &json!({"name": "Soup", "price": 1})).await.expect(201).id();
    let mut changes = tokio::task::JoinSet::new();
    for number in 0..30 {
        let (account, menu) = (account.clone(), platform.admin("menu"));
        changes.spawn(async move {
            account.patch("/auth/me", &json!({"full_name": format!("n{number}")})).await.expect(200);
            menu.patch(&format!("/api/v1/menu/{dish}"), &json!({"price": number + 2})).await.expect(200);
        });
    }
    changes.join_all().await;
    // The administrator's own event is among the users'.
    for (topic, key, events) in [(UserEvent::TOPIC, id, 32), (contract::MenuEvent::TOPIC, dish, 31)] {
        let records = topic::read(&kafka, topic, events).await;
        let of_key: Vec<_> = records.into_iter().filter(|record| record.key == key.to_string()).collect();
        let mut last = (0, jiff::Timestamp::MIN);
        for record in &of_key {
            let time: jiff::Timestamp = record.headers["ce_time"].parse().expect("a time");
            assert_eq!(time.to_string(), record.headers["ce_time"], "times have one format");
            let this = (record.data["version"].as_i64().expect("a version"), time);
            assert!(
                this.0 > last.0 && this.1 >= last.1,
                "{topic}: version {} at {}, after version {} at {}",
                this.0,
                this.1,
                last.0,
                last.1
            );
            if let Some(updated) = record.data["updated_at"].as_str() {
                assert!(updated.parse::<jiff::Timestamp>().expect("a time") <= time, "{record:?}");
            }
            last = this;
        }
        assert_eq!(last.0, 31);
    }
    platform.stop().await;
}
