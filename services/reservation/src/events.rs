//! What the service hears from others.

use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError};
use contract::UserEvent;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::store;

/// What keeps the guest directory up to date.
pub fn guest_directory() -> Consumer {
    Consumer { group: "reservation", topic: UserEvent::TOPIC, handler: handle }
}

fn handle<'a>(transaction: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
    async move {
        let Some(event) = UserEvent::read(&event.kind, &event.data)? else { return Ok(false) };
        store::guest::learn(transaction, &event.into_user()).await?;
        Ok(true)
    }
    .boxed()
}
