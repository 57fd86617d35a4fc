//! What users do at the restaurant, heard from the events of bookings: a copy of each booking's state, from which the administrator's
//! list of users counts.

use std::sync::Arc;

use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError, Handler};
use contract::ReservationEvent;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::store::activity;

/// What keeps the copies up to date.
pub(crate) fn consumer() -> Consumer {
    Consumer { name: "auth", topic: ReservationEvent::TOPIC, handler: Arc::new(Activity) }
}

struct Activity;

impl Handler for Activity {
    fn types(&self) -> &[&'static str] {
        ReservationEvent::TYPES
    }

    fn handle<'a>(&'a self, transaction: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
        Box::pin(async move {
            let Some(ReservationEvent { reservation, .. }) = event.read()? else { return Ok(false) };
            Ok(activity::record(transaction, &reservation).await?)
        })
    }
}
