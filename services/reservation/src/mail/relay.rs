//! The relay of mail: takes messages that are due, one after another, and sends them. No lock is held while it talks to the mail server. Several
//! replicas share the work, and what one of them leaves behind another takes after five minutes.

use std::sync::Arc;
use std::time::Duration;

use chassis::Shutdown;
use chassis::run::metrics::Metrics;
use prometheus::{Gauge, IntCounterVec, IntGauge, Opts};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::letter::Letters;
use super::message::{Message, State};
use super::way::{Post, Refused};
use crate::store;

/// How often the relay looks for messages that are due.
const LOOK: Duration = Duration::from_secs(2);
/// For how long it is tried to keep what became of a message: as long as it is taken, but for the time of sending.
const SETTLE: Duration = Duration::from_secs(3 * 60);
/// How often those that wait are counted.
const COUNT: Duration = Duration::from_secs(15);
/// How long to wait after each attempt, in seconds; the last one again and again, until nobody needs the message any more.
const PAUSES: [u32; 5] = [60, 5 * 60, 15 * 60, 3600, 4 * 3600];

/// What tells of mail to whoever watches.
#[derive(Clone)]
pub struct Counters {
    pending: IntGauge,
    oldest: Gauge,
    total: IntCounterVec,
}

impl Counters {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            pending: metrics.register(IntGauge::new("mail_pending", "Messages to guests that are due and not sent yet.")),
            oldest: metrics.register(Gauge::new(
                "mail_oldest_age_seconds",
                "For how long the oldest message has been due that is not sent yet, in seconds.",
            )),
            total: metrics.register(IntCounterVec::new(
                Opts::new("mail_total", "Attempts to send mail, by the occasion and what became of them."),
                &["kind", "outcome"],
            )),
        }
    }
}

/// Sends the mail of a database.
pub struct Relay {
    /// The database.
    pub pool: PgPool,
    /// What messages become.
    pub letters: Letters,
    /// The way that they go.
    pub post: Post,
    /// Tells that there is something to send.
    pub wake: Arc<Notify>,
    /// What became of them.
    pub counters: Counters,
}

impl Relay {
    /// Runs until `stop`: the message in hand is sent to its end.
    pub async fn run(self, stop: Shutdown) {
        let mut counted = None;
        while !stop.is_cancelled() {
            if counted.is_none_or(|at: Instant| at.elapsed() >= COUNT) {
                self.count().await;
                counted = Some(Instant::now());
            }
            match self.turn().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "no mail is sent, since the database did not answer"),
            }
            let idle = async {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            };
            stop.run_until_cancelled(idle).await;
        }
    }

    /// Sends the message that is due first. `false`: there is none.
    async fn turn(&self) -> Result<bool, sqlx::Error> {
        let Some(message) = store::message::take(&self.pool).await? else { return Ok(false) };
        if message.state == State::Expired {
            tracing::warn!(message = message.id, kind = message.kind.as_str(), "a message was not sent in time");
            self.note(&message, State::Expired.as_str());
            return Ok(true);
        }
        let outcome = match self.letters.write(&message) {
            Ok(letter) => self.post.send(letter.message, &letter.file).await,
            Err(reason) => Err(Refused::ForGood(reason)),
        };
        // What was sent and is not kept as such would be sent again.
        let taken = Instant::now();
        loop {
            match self.settle(&message, &outcome).await {
                Ok(()) => return Ok(true),
                Err(error) if taken.elapsed() > SETTLE => return Err(error),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Keeps what became of a message. The reason may tell of the guest, and is in no log.
    async fn settle(&self, message: &Message, outcome: &Result<(), Refused>) -> Result<(), sqlx::Error> {
        let (id, kind, attempt) = (message.id, message.kind.as_str(), message.attempts);
        match outcome {
            Ok(()) => {
                store::message::sent(&self.pool, message).await?;
                self.note(message, State::Sent.as_str());
                tracing::info!(message = id, kind, attempt, "mail was sent");
            }
            Err(Refused::ForGood(reason)) => {
                store::message::failed(&self.pool, message, reason).await?;
                self.note(message, State::Failed.as_str());
                tracing::warn!(message = id, kind, attempt, "the mail server refused mail for good; the booking tells why");
            }
            Err(Refused::ForNow(reason)) => {
                let pause = PAUSES[(message.attempts.max(1) as usize - 1).min(PAUSES.len() - 1)];
                store::message::postpone(&self.pool, message, reason, pause).await?;
                self.note(message, "postponed");
                tracing::warn!(message = id, kind, attempt, "mail could not be sent; tried again in {} min", pause / 60);
            }
        }
        Ok(())
    }

    fn note(&self, message: &Message, outcome: &str) {
        self.counters.total.with_label_values(&[message.kind.as_str(), outcome]).inc();
    }

    async fn count(&self) {
        if let Ok((pending, oldest)) = store::message::waiting(&self.pool).await {
            self.counters.pending.set(pending);
            self.counters.oldest.set(oldest);
        }
    }
}
