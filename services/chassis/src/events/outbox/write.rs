//! The way into the outbox.

use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::Notify;

use crate::events::event::TopicEvent;

/// The way into the outbox.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Notify>);

impl Outbox {
    /// Writes an event in the transaction of its change. Call [`Outbox::wake`] once that is committed.
    ///
    /// A change that must be one statement writes the row itself: `INSERT INTO outbox (topic, key, type, data)`, in which every time
    /// goes through `event_time`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn write<E: TopicEvent>(&self, transaction: &mut PgConnection, event: &E) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO outbox (topic, key, type, data) VALUES ($1, $2, $3, $4)")
            .bind(E::TOPIC)
            .bind(event.key())
            .bind(event.kind())
            .bind(event.data())
            .execute(transaction)
            .await?;
        Ok(())
    }

    /// Wakes the relay of this process, which publishes or wakes the one that does.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.0.notified().await;
    }
}
