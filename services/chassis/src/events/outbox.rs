//! The transactional outbox: events are written in the transaction of the change, and a relay publishes them afterwards.
//!
//! One relay per database works at a time (an advisory lock elects it). It selects what is there, publishes it in order for each
//! aggregate, and deletes it after the broker has acknowledged it: an event may be published twice, and is never lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, FromRow, PgConnection};
use tokio::sync::Notify;

use crate::events::event::{Event, data_schema};
use crate::events::kafka::{Context, producer};
use crate::run::config::Kafka;
use crate::run::metrics::Metrics;
use crate::run::shutdown::Shutdown;

/// The key of the advisory lock that elects the relay of a database.
const ELECTION: i64 = 0x6f75_7462_6f78;
/// How many events are published at once, at most.
const BATCH: i64 = 500;
/// How often the table is looked at without having been woken: other replicas cannot wake this one.
const POLL: Duration = Duration::from_millis(100);
/// How long a follower waits before it stands for election again.
const CANDIDACY: Duration = Duration::from_secs(1);
/// How long to wait after the broker or the database failed.
const PAUSE: Duration = Duration::from_millis(500);
/// How long an aggregate waits after the broker refused its event.
const BLOCKED: Duration = Duration::from_secs(30);
/// How long the relay goes on publishing what is left when the service stops.
const FLUSH: Duration = Duration::from_secs(5);

/// The way into the outbox.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Notify>);

impl Outbox {
    /// Writes an event in the transaction of its change. Call [`Outbox::wake`] once that is committed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(&self, transaction: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO outbox (topic, key, type, data) VALUES ($1, $2, $3, $4)")
            .bind(event.topic)
            .bind(event.key.to_string())
            .bind(event.kind)
            .bind(&event.data)
            .execute(transaction)
            .await?;
        Ok(())
    }

    /// Wakes the relay of this process.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Publishes what is in the outbox.
pub struct Relay {
    /// The service, as `ce_source` names it.
    pub service: &'static str,
    /// The database whose outbox it is.
    pub database: PgConnectOptions,
    /// The broker.
    pub kafka: Kafka,
    /// What wakes it.
    pub outbox: Outbox,
    /// Where it counts.
    pub metrics: Metrics,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    event_id: String,
    topic: String,
    key: String,
    r#type: String,
    data: String,
    time: String,
}

/// What became of an attempt to publish the events of one aggregate.
struct Published {
    acknowledged: Vec<i64>,
    failed: Option<(i64, String, String, KafkaError)>,
}

impl Relay {
    /// Publishes until `stop`, and then what is left, for 5 s at most.
    pub async fn run(self, stop: Shutdown) {
        tokio::select! {
            () = self.work(&stop) => {}
            () = async { stop.cancelled().await; tokio::time::sleep(FLUSH).await } => {
                tracing::warn!("the broker did not take what is left in the outbox; it is published after the next start");
            }
        }
    }

    async fn work(&self, stop: &Shutdown) {
        let mut unreachable = false;
        while !stop.is_cancelled() {
            match self.lead(stop, &mut unreachable).await {
                Ok(()) => {}
                Err(error) => {
                    if !std::mem::replace(&mut unreachable, true) {
                        tracing::warn!(%error, "the relay lost its database; events wait");
                    }
                    pause(PAUSE, stop).await;
                }
            }
        }
    }

    /// One term of office, from connecting to the loss of the connection or the end.
    async fn lead(&self, stop: &Shutdown, unreachable: &mut bool) -> Result<(), sqlx::Error> {
        let mut database = self.database.clone().application_name("outbox-relay").connect().await?;
        while !sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(ELECTION).fetch_one(&mut database).await? {
            pause(CANDIDACY, stop).await;
            if stop.is_cancelled() {
                return Ok(());
            }
        }
        *unreachable = false;
        let mut term = Term { relay: self, producer: producer(&self.kafka), blocked: HashMap::new(), broker_lost: false };
        loop {
            let (published, failed) = term.publish_batch(&mut database).await?;
            if published == 0 && !failed && stop.is_cancelled() {
                return Ok(());
            }
            if failed {
                tokio::time::sleep(PAUSE).await;
            } else if published == 0 {
                tokio::select! {
                    () = self.outbox.0.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }

    async fn publish_in_order(&self, producer: &FutureProducer<Context>, rows: Vec<Row>) -> Published {
        let mut published = Published { acknowledged: Vec::with_capacity(rows.len()), failed: None };
        for row in rows {
            let topic = self.kafka.topic(&row.topic);
            let headers = [
                ("ce_specversion", "1.0"),
                ("ce_id", row.event_id.as_str()),
                ("ce_source", &format!("urn:restaurant-booking:{}", self.service)),
                ("ce_type", row.r#type.as_str()),
                ("ce_subject", row.key.as_str()),
                ("ce_time", row.time.as_str()),
                ("ce_dataschema", &data_schema(&row.r#type)),
                ("content-type", "application/json"),
            ]
            .into_iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
            let record = FutureRecord::to(&topic).key(&row.key).payload(&row.data).headers(headers);
            match producer.send(record, Timeout::After(PAUSE)).await {
                Ok(_) => {
                    self.metrics.published(&row.topic, "published");
                    published.acknowledged.push(row.id);
                }
                Err((error, _)) => {
                    let outcome = if is_refusal(&error) { "refused" } else { "unavailable" };
                    self.metrics.published(&row.topic, outcome);
                    published.failed = Some((row.id, row.topic, row.key, error));
                    break;
                }
            }
        }
        published
    }
}

/// What a relay knows while it leads.
struct Term<'a> {
    relay: &'a Relay,
    producer: Result<FutureProducer<Context>, KafkaError>,
    blocked: HashMap<(String, String), Instant>,
    broker_lost: bool,
}

impl Term<'_> {
    /// Publishes one batch: how many events were acknowledged, and whether the broker failed.
    async fn publish_batch(&mut self, database: &mut PgConnection) -> Result<(usize, bool), sqlx::Error> {
        let now = Instant::now();
        self.blocked.retain(|_, until| *until > now);
        let (topics, keys): (Vec<&String>, Vec<&String>) = self.blocked.keys().map(|(topic, key)| (topic, key)).unzip();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, event_id::text, topic, key, type, data::text, to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS time
             FROM outbox WHERE (topic, key) NOT IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY id LIMIT $3",
        )
        .bind(&topics)
        .bind(&keys)
        .bind(BATCH)
        .fetch_all(&mut *database)
        .await?;
        if rows.is_empty() {
            return Ok((0, false));
        }
        let producer = match &self.producer {
            Ok(producer) => producer,
            Err(error) => {
                tracing::error!(%error, "the producer cannot be made; events wait");
                self.producer = producer(&self.relay.kafka);
                return Ok((0, true));
            }
        };
        let mut by_key: HashMap<(String, String), Vec<Row>> = HashMap::new();
        for row in rows {
            by_key.entry((row.topic.clone(), row.key.clone())).or_default().push(row);
        }
        let published = join_all(by_key.into_values().map(|rows| self.relay.publish_in_order(producer, rows))).await;
        let acknowledged: Vec<i64> = published.iter().flat_map(|one| one.acknowledged.iter().copied()).collect();
        if !acknowledged.is_empty() {
            sqlx::query("DELETE FROM outbox WHERE id = ANY($1)").bind(&acknowledged).execute(&mut *database).await?;
        }
        let mut failed = false;
        for (id, topic, key, error) in published.into_iter().filter_map(|one| one.failed) {
            failed |= self.failed(database, id, topic, key, error).await?;
        }
        if !failed && std::mem::replace(&mut self.broker_lost, false) {
            tracing::info!("the broker answers again");
        }
        self.relay.metrics.blocked(self.blocked.len());
        Ok((acknowledged.len(), failed))
    }

    /// Notes why an event was not published: whether it is the broker that fails, and not this event.
    async fn failed(
        &mut self,
        database: &mut PgConnection,
        id: i64,
        topic: String,
        key: String,
        error: KafkaError,
    ) -> Result<bool, sqlx::Error> {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            self.producer = producer(&self.relay.kafka);
        }
        if is_refusal(&error) {
            sqlx::query("UPDATE outbox SET attempts = attempts + 1, last_error = $2 WHERE id = $1")
                .bind(id)
                .bind(error.to_string())
                .execute(database)
                .await?;
            tracing::error!(%error, topic, key, id, "the broker refuses an event; what follows of its aggregate waits behind it");
            self.blocked.insert((topic, key), Instant::now() + BLOCKED);
            return Ok(false);
        }
        if !std::mem::replace(&mut self.broker_lost, true) {
            tracing::warn!(%error, "the broker does not take events; they wait");
        }
        Ok(true)
    }
}

/// Whether the broker refuses this very event: trying again would not help, and what follows it must not overtake it.
fn is_refusal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        InvalidMessage, InvalidMessageSize, InvalidRecord, InvalidTopic, MessageSizeTooLarge, PolicyViolation, TopicAuthorizationFailed,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            MessageSizeTooLarge
                | InvalidMessage
                | InvalidMessageSize
                | InvalidRecord
                | InvalidTopic
                | PolicyViolation
                | TopicAuthorizationFailed
        )
    )
}

async fn pause(duration: Duration, stop: &Shutdown) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = stop.cancelled() => {}
    }
}
