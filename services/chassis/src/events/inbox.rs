//! The inbox: consumers whose effect on the database happens once for each event, in the transaction that also records it.
//!
//! An event that cannot be handled is parked in the database, and with it whatever follows of the same key, so that nothing is
//! skipped and nothing else waits. What is parked is tried again, ever more rarely, until it succeeds or a person deletes it.

mod parked;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use sqlx::{PgConnection, PgPool};

use crate::events::event::{Delivery, Received, label};
use crate::events::kafka::{Context, PAUSE, consumer};
use crate::run::config::Kafka;
use crate::run::database::is_outage;
use crate::run::metrics::Metrics;
use crate::run::shutdown::Shutdown;

/// How long to wait for a database that is away, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What handles the events of a consumer.
pub trait Handler: Send + Sync {
    /// The CloudEvents types that it takes; others are skipped.
    fn types(&self) -> &[&'static str];

    /// Handles an event of one of these types, in the transaction that also records that it was handled. `Ok(false)`: it is of no
    /// interest.
    fn handle<'a>(&'a self, transaction: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>>;
}

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// It is no event, or its data is not what its schema says.
    #[error("the event is not what its schema says: {0}")]
    Malformed(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<serde_json::Error> for HandleError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// A consumer whose replicas share the work.
#[derive(Clone)]
pub struct Consumer {
    /// Its name, which is that of its group at the broker and of its records in the inbox: each consumer sees every event of its topic.
    pub name: &'static str,
    /// The topic, without the prefix of the installation.
    pub topic: &'static str,
    /// What handles each event.
    pub handler: Arc<dyn Handler>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Handled,
    Ignored,
    Duplicate,
    /// What it follows is parked.
    Behind,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Ignored => "ignored",
            Self::Duplicate => "duplicate",
            Self::Behind => "parked",
        }
    }
}

impl Consumer {
    /// Consumes until `stop`.
    pub async fn run(self, kafka: Kafka, pool: PgPool, metrics: Metrics, stop: Shutdown) {
        tokio::join!(self.consume(&kafka, &pool, &metrics, &stop), self.retry_parked(&pool, &metrics, &stop));
    }

    async fn consume(&self, kafka: &Kafka, pool: &PgPool, metrics: &Metrics, stop: &Shutdown) {
        let made = tokio::select! {
            () = stop.cancelled() => return,
            made = consumer(kafka, self.name, self.topic, metrics) => made,
        };
        let consumer = made.unwrap_or_else(|error| panic!("the consumer of {} cannot be made: {error}", self.topic));
        self.consume_from(&consumer, pool, metrics, stop).await;
        consumer.close().await;
    }

    async fn consume_from(&self, consumer: &StreamConsumer<Context>, pool: &PgPool, metrics: &Metrics, stop: &Shutdown) {
        loop {
            let received = tokio::select! {
                () = stop.cancelled() => return,
                received = consumer.recv() => received,
            };
            match received {
                Ok(message) => {
                    if !self.take(&Delivery::of(&message), pool, metrics, stop).await {
                        return;
                    }
                    if let Err(error) = consumer.store_offset_from_message(&message) {
                        // The partition was taken away meanwhile: its new owner sees the event again, and the inbox knows it.
                        tracing::debug!(%error, "the offset was not stored");
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, topic = self.topic, "nothing received");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Counts an event.
    fn count(&self, metrics: &Metrics, delivery: &Delivery, outcome: &str) {
        metrics.consumed(label(delivery.kind.as_deref(), self.handler.types()), outcome);
    }

    /// Handles, skips or parks one event, waiting out a database that is away; false where the service stops first.
    async fn take(&self, delivery: &Delivery, pool: &PgPool, metrics: &Metrics, stop: &Shutdown) -> bool {
        let mut pause = PAUSE;
        loop {
            let error = match self.handle_or_park(delivery, pool, metrics).await {
                Ok(outcome) => {
                    self.count(metrics, delivery, outcome.name());
                    return true;
                }
                Err(error) => error,
            };
            if is_outage(&error) {
                tracing::debug!(%error, topic = self.topic, "the database does not take an event; it waits");
            } else {
                tracing::error!(%error, topic = self.topic, "an event cannot even be parked; what follows in its partition waits");
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    async fn handle_or_park(&self, delivery: &Delivery, pool: &PgPool, metrics: &Metrics) -> Result<Outcome, sqlx::Error> {
        if delivery.is_foreign(self.handler.types()) {
            return Ok(Outcome::Ignored);
        }
        match self.handle_or_park_behind(delivery, pool).await {
            Ok(outcome) => Ok(outcome),
            Err(HandleError::Database(error)) if is_outage(&error) => Err(error),
            Err(refused) => {
                self.count(metrics, delivery, "failed");
                tracing::error!(error = %refused, topic = self.topic, key = delivery.key, kind = delivery.kind,
                    "an event could not be handled: it is parked and tried again, and what follows of its key waits behind it");
                let mut transaction = pool.begin().await?;
                self.park(&mut transaction, delivery, &refused.to_string()).await?;
                transaction.commit().await?;
                Ok(Outcome::Behind)
            }
        }
    }

    async fn handle_or_park_behind(&self, delivery: &Delivery, pool: &PgPool) -> Result<Outcome, HandleError> {
        let event = delivery.event().map_err(HandleError::Malformed)?;
        let mut transaction = pool.begin().await?;
        let (parked, first): (bool, bool) = sqlx::query_as(
            "WITH parked AS (SELECT FROM parked_event WHERE consumer = $1 AND topic = $3 AND key = $4 LIMIT 1),
                  inbox AS (INSERT INTO processed_event (consumer, event_id) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM parked)
                            ON CONFLICT DO NOTHING RETURNING event_id)
             SELECT EXISTS (SELECT FROM parked), EXISTS (SELECT FROM inbox)",
        )
        .bind(self.name)
        .bind(&event.id)
        .bind(self.topic)
        .bind(&delivery.key)
        .fetch_one(&mut *transaction)
        .await?;
        if parked {
            self.park(&mut transaction, delivery, "it follows an event that is parked").await?;
            transaction.commit().await?;
            return Ok(Outcome::Behind);
        }
        if !first {
            return Ok(Outcome::Duplicate);
        }
        let interesting = self.handler.handle(&mut transaction, &event).await?;
        transaction.commit().await?;
        Ok(if interesting { Outcome::Handled } else { Outcome::Ignored })
    }
}

/// Forgets events that were handled longer ago than any broker keeps them (Kafka's default is 7 days).
///
/// # Errors
/// Where the database fails.
pub async fn forget_processed_events(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query("DELETE FROM processed_event WHERE processed_at < now() - interval '30 days'").execute(pool).await?;
    Ok(deleted.rows_affected())
}
