//! Events that the service takes from others.

use std::sync::Arc;

use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError, Handler};
use contract::UserEvent;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::store;

/// The consumer that keeps the guest directory up to date.
pub fn guest_directory() -> Consumer {
    Consumer { name: "reservation", topic: UserEvent::TOPIC, handler: Arc::new(GuestDirectory) }
}

struct GuestDirectory;

impl Handler for GuestDirectory {
    fn types(&self) -> &[&'static str] {
        UserEvent::TYPES
    }

    fn handle<'a>(&'a self, transaction: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
        Box::pin(async move {
            let Some(event) = event.read::<UserEvent>()? else { return Ok(false) };
            Ok(store::guest::learn(transaction, &event.into_user()).await?)
        })
    }
}
