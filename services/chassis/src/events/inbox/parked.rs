//! What is parked, and trying it again: on a connection of its own, a bounded number of keys at a time, each ever more rarely.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, FromRow, PgConnection, PgPool};

use super::{Consumer, HandleError, Outcome};
use crate::events::event::Delivery;
use crate::run::database::is_outage;
use crate::run::metrics::Metrics;
use crate::run::shutdown::Shutdown;

/// How often it is looked whether a key is due.
const ROUND: Duration = Duration::from_secs(5);
/// How many keys are tried in a round, at most.
const KEYS: i64 = 50;
/// How many events of a key are handled in a round, at most.
const EVENTS: usize = 200;
/// How long a key waits after the first failure, in seconds; twice as long after each further one.
const SHORTEST: f64 = 5.0;
/// How long a key waits at most, in seconds.
const LONGEST: f64 = 300.0;

/// A key of which events are parked.
#[derive(FromRow)]
struct Key {
    topic: String,
    key: String,
}

/// The oldest parked event of a key.
#[derive(FromRow)]
struct Parked {
    id: i64,
    event_id: Option<String>,
    r#type: Option<String>,
    payload: Vec<u8>,
}

/// What became of a key that was tried.
enum Tried {
    /// An event of it was handled: the next one may follow.
    Handled,
    /// Nothing of it is parked any more, or another replica tries it.
    Done,
    /// Its oldest event cannot be handled.
    Failed,
}

impl Consumer {
    /// Parks an event, once, however often it is delivered.
    pub(super) async fn park(&self, transaction: &mut PgConnection, delivery: &Delivery, error: &str) -> Result<(), sqlx::Error> {
        // The key first, and updated though it stays as it is: whoever is about to take the last event of the key away, and with it the
        // key, has the lock, and is waited for.
        sqlx::query(
            "INSERT INTO parked_key (consumer, topic, key, next_attempt_at) VALUES ($1, $2, $3, now() + make_interval(secs => $4))
             ON CONFLICT (consumer, topic, key) DO UPDATE SET attempts = parked_key.attempts",
        )
        .bind(self.name)
        .bind(self.topic)
        .bind(&delivery.key)
        .bind(SHORTEST)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO parked_event (consumer, topic, key, event_id, type, payload, error) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING",
        )
        .bind(self.name)
        .bind(self.topic)
        .bind(&delivery.key)
        .bind(&delivery.id)
        .bind(&delivery.kind)
        .bind(delivery.payload.as_deref().unwrap_or_default())
        .bind(error)
        .execute(&mut *transaction)
        .await?;
        Ok(())
    }

    /// Tries what is parked again until `stop`.
    pub(super) async fn retry_parked(&self, pool: &PgPool, metrics: &Metrics, stop: &Shutdown) {
        // However much is parked, it takes no connection away from requests.
        let options = (*pool.connect_options()).clone();
        let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                retried = self.retry_due_keys(&own, metrics) => {
                    if let Err(error) = retried {
                        tracing::debug!(%error, topic = self.topic, "what is parked was not tried again");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
        own.close().await;
    }

    async fn retry_due_keys(&self, own: &PgPool, metrics: &Metrics) -> Result<(), sqlx::Error> {
        let mut connection = own.acquire().await?;
        let due = "SELECT topic, key FROM parked_key WHERE consumer = $1 AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $2";
        let due: Vec<Key> = sqlx::query_as(due).bind(self.name).bind(KEYS).fetch_all(&mut *connection).await?;
        for key in due {
            for _ in 0..EVENTS {
                match self.retry(&key, &mut connection, metrics).await? {
                    Tried::Handled => {}
                    Tried::Done | Tried::Failed => break,
                }
            }
        }
        Ok(())
    }

    /// Tries the oldest parked event of a key again.
    async fn retry(&self, key: &Key, connection: &mut PgConnection, metrics: &Metrics) -> Result<Tried, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        // Of replicas that try at once, one has the key and the others go on.
        let lock = "SELECT FROM parked_key WHERE consumer = $1 AND topic = $2 AND key = $3 FOR UPDATE SKIP LOCKED";
        let locked = sqlx::query(lock).bind(self.name).bind(&key.topic).bind(&key.key).fetch_optional(&mut *transaction).await?;
        if locked.is_none() {
            return Ok(Tried::Done);
        }
        let oldest =
            "SELECT id, event_id, type, payload FROM parked_event WHERE consumer = $1 AND topic = $2 AND key = $3 ORDER BY id LIMIT 1";
        let oldest: Option<Parked> =
            sqlx::query_as(oldest).bind(self.name).bind(&key.topic).bind(&key.key).fetch_optional(&mut *transaction).await?;
        let Some(parked) = oldest else {
            let free = "DELETE FROM parked_key WHERE consumer = $1 AND topic = $2 AND key = $3";
            sqlx::query(free).bind(self.name).bind(&key.topic).bind(&key.key).execute(&mut *transaction).await?;
            transaction.commit().await?;
            return Ok(Tried::Done);
        };
        let delivery = Delivery { key: key.key.clone(), id: parked.event_id, kind: parked.r#type, payload: Some(parked.payload) };
        match self.handle_parked(&delivery, &mut transaction).await {
            Ok(outcome) => {
                sqlx::query("DELETE FROM parked_event WHERE id = $1").bind(parked.id).execute(&mut *transaction).await?;
                let first_again =
                    "UPDATE parked_key SET attempts = 1, next_attempt_at = now() WHERE consumer = $1 AND topic = $2 AND key = $3";
                sqlx::query(first_again).bind(self.name).bind(&key.topic).bind(&key.key).execute(&mut *transaction).await?;
                transaction.commit().await?;
                self.count(metrics, &delivery, outcome.name());
                Ok(Tried::Handled)
            }
            // It is not the event that fails.
            Err(HandleError::Database(error)) if is_outage(&error) => Err(error),
            Err(refused) => {
                transaction.rollback().await?;
                sqlx::query(
                    "WITH later AS (UPDATE parked_key SET attempts = attempts + 1,
                         next_attempt_at = now() + make_interval(secs => least($6, $5 * 2.0 ^ least(attempts, 30)))
                       WHERE consumer = $1 AND topic = $2 AND key = $3)
                     UPDATE parked_event SET error = $7 WHERE id = $4",
                )
                .bind(self.name)
                .bind(&key.topic)
                .bind(&key.key)
                .bind(parked.id)
                .bind(SHORTEST)
                .bind(LONGEST)
                .bind(refused.to_string())
                .execute(connection)
                .await?;
                self.count(metrics, &delivery, "failed");
                Ok(Tried::Failed)
            }
        }
    }

    async fn handle_parked(&self, delivery: &Delivery, transaction: &mut PgConnection) -> Result<Outcome, HandleError> {
        let event = delivery.event().map_err(HandleError::Malformed)?;
        let first = sqlx::query("INSERT INTO processed_event (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        if first.bind(self.name).bind(&event.id).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Outcome::Duplicate);
        }
        Ok(if self.handler.handle(transaction, &event).await? { Outcome::Handled } else { Outcome::Ignored })
    }
}
