//! The inbox: consumers whose effect on the database happens once for each event, in the transaction that also records it.
//!
//! An event that cannot be handled is parked in the database, and with it whatever follows of the same key, so that nothing is
//! skipped and nothing else waits. What is parked is tried again until it succeeds, or until a person deletes it.

use std::time::Duration;

use futures_util::future::BoxFuture;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use sqlx::{FromRow, PgConnection, PgPool};

use crate::events::event::{Delivery, Received};
use crate::events::kafka::{Context, PAUSE, consumer};
use crate::run::config::Kafka;
use crate::run::database::is_outage;
use crate::run::metrics::Metrics;
use crate::run::shutdown::Shutdown;

/// How long to wait for a database that is away, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often what is parked is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// What handles an event, in the transaction that also records that it was handled. `Ok(false)`: it is of no interest.
pub type Handler = for<'a> fn(&'a mut PgConnection, &'a Received) -> BoxFuture<'a, Result<bool, HandleError>>;

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
    /// The consumer group: the service's name.
    pub group: &'static str,
    /// The topic, without the prefix of the installation.
    pub topic: &'static str,
    /// What handles each event.
    pub handler: Handler,
}

/// What became of an event.
enum Outcome {
    Handled,
    Ignored,
    Duplicate,
    /// What it follows is parked.
    Behind,
}

impl Outcome {
    fn name(&self) -> &'static str {
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
            made = consumer(kafka, self.group, self.topic, metrics) => made,
        };
        let consumer = match made {
            Ok(consumer) => consumer,
            Err(error) => return tracing::error!(%error, topic = self.topic, "the consumer cannot be made"),
        };
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

    /// Handles or parks one event, waiting out a database that is away; false where the service stops first.
    async fn take(&self, delivery: &Delivery, pool: &PgPool, metrics: &Metrics, stop: &Shutdown) -> bool {
        let kind = delivery.kind.as_deref().unwrap_or("unknown");
        let mut pause = PAUSE;
        loop {
            let taken = match self.handle_or_park_behind(delivery, pool).await {
                Err(HandleError::Database(error)) if is_outage(&error) => Err(error),
                Err(refused) => {
                    metrics.consumed(kind, "failed");
                    tracing::error!(error = %refused, topic = self.topic, key = delivery.key, kind,
                        "an event could not be handled: it is parked and tried again, and what follows of its key waits behind it");
                    park(pool, self.topic, delivery, &refused.to_string()).await.map(|()| Outcome::Behind)
                }
                Ok(outcome) => Ok(outcome),
            };
            let error = match taken {
                Ok(outcome) => {
                    metrics.consumed(kind, outcome.name());
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

    async fn handle_or_park_behind(&self, delivery: &Delivery, pool: &PgPool) -> Result<Outcome, HandleError> {
        let event = delivery.event().map_err(HandleError::Malformed)?;
        let mut transaction = pool.begin().await?;
        let (parked, first): (bool, bool) = sqlx::query_as(
            "WITH parked AS (SELECT FROM parked_event WHERE topic = $2 AND key = $3 LIMIT 1),
                  inbox AS (INSERT INTO processed_event (event_id) SELECT $1 WHERE NOT EXISTS (SELECT FROM parked)
                            ON CONFLICT DO NOTHING RETURNING event_id)
             SELECT EXISTS (SELECT FROM parked), EXISTS (SELECT FROM inbox)",
        )
        .bind(&event.id)
        .bind(self.topic)
        .bind(&delivery.key)
        .fetch_one(&mut *transaction)
        .await?;
        if parked {
            park(&mut *transaction, self.topic, delivery, "it follows an event that is parked").await?;
            transaction.commit().await?;
            return Ok(Outcome::Behind);
        }
        if !first {
            return Ok(Outcome::Duplicate);
        }
        let interesting = (self.handler)(&mut transaction, &event).await?;
        transaction.commit().await?;
        Ok(if interesting { Outcome::Handled } else { Outcome::Ignored })
    }

    async fn retry_parked(&self, pool: &PgPool, metrics: &Metrics, stop: &Shutdown) {
        while !stop.is_cancelled() {
            if let Err(error) = self.retry_each_key(pool, metrics).await {
                tracing::debug!(%error, topic = self.topic, "what is parked was not tried again");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    async fn retry_each_key(&self, pool: &PgPool, metrics: &Metrics) -> Result<(), sqlx::Error> {
        let oldest = "SELECT min(id) FROM parked_event WHERE topic = $1 GROUP BY key ORDER BY 1";
        let ids: Vec<i64> = sqlx::query_scalar(oldest).bind(self.topic).fetch_all(pool).await?;
        for id in ids {
            let mut next = Some(id);
            while let Some(id) = next {
                next = self.retry(id, pool, metrics).await?;
            }
        }
        Ok(())
    }

    /// Tries one parked event again, the oldest of its key; the one behind it, where it succeeds.
    async fn retry(&self, id: i64, pool: &PgPool, metrics: &Metrics) -> Result<Option<i64>, sqlx::Error> {
        #[derive(FromRow)]
        struct Parked {
            key: String,
            event_id: Option<String>,
            r#type: Option<String>,
            payload: Vec<u8>,
        }
        let mut transaction = pool.begin().await?;
        // Of replicas that try at once, one has the row and the others go on.
        let row = "SELECT key, event_id, type, payload FROM parked_event WHERE id = $1 FOR UPDATE SKIP LOCKED";
        let Some(row) = sqlx::query_as::<_, Parked>(row).bind(id).fetch_optional(&mut *transaction).await? else { return Ok(None) };
        let delivery = Delivery { key: row.key, id: row.event_id, kind: row.r#type, payload: row.payload };
        let kind = delivery.kind.as_deref().unwrap_or("unknown");
        match self.handle_parked(&delivery, &mut transaction).await {
            Ok(outcome) => {
                sqlx::query("DELETE FROM parked_event WHERE id = $1").bind(id).execute(&mut *transaction).await?;
                let behind = "SELECT min(id) FROM parked_event WHERE topic = $1 AND key = $2";
                let next = sqlx::query_scalar(behind).bind(self.topic).bind(&delivery.key).fetch_one(&mut *transaction).await?;
                transaction.commit().await?;
                metrics.consumed(kind, outcome.name());
                Ok(next)
            }
            Err(error) => {
                transaction.rollback().await?;
                let noted = "UPDATE parked_event SET attempts = attempts + 1, error = $2 WHERE id = $1";
                sqlx::query(noted).bind(id).bind(error.to_string()).execute(pool).await?;
                Ok(None)
            }
        }
    }

    async fn handle_parked(&self, delivery: &Delivery, transaction: &mut PgConnection) -> Result<Outcome, HandleError> {
        let event = delivery.event().map_err(HandleError::Malformed)?;
        let first = sqlx::query("INSERT INTO processed_event (event_id) VALUES ($1) ON CONFLICT DO NOTHING").bind(&event.id);
        if first.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Outcome::Duplicate);
        }
        Ok(if (self.handler)(transaction, &event).await? { Outcome::Handled } else { Outcome::Ignored })
    }
}

/// Parks an event, once, however often it is delivered.
async fn park(executor: impl sqlx::PgExecutor<'_>, topic: &str, delivery: &Delivery, error: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO parked_event (topic, key, event_id, type, payload, error) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(topic)
    .bind(&delivery.key)
    .bind(&delivery.id)
    .bind(&delivery.kind)
    .bind(&delivery.payload)
    .bind(error)
    .execute(executor)
    .await?;
    Ok(())
}

/// Forgets events that were handled longer ago than any broker keeps them (Kafka's default is 7 days).
///
/// # Errors
/// What the database says.
pub async fn forget_processed_events(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query("DELETE FROM processed_event WHERE processed_at < now() - interval '30 days'").execute(pool).await?;
    Ok(deleted.rows_affected())
}
