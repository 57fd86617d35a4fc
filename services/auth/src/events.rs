//! Events that the service gives out about its users, and those that it takes about their bookings.

use std::sync::Arc;

use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError, Handler};
use contract::{ReservationEvent, UserEvent};
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::store::activity;
use crate::store::user::User;

/// The event of a new account.
pub(crate) fn registered(user: &User) -> UserEvent {
    UserEvent::Registered(snapshot(user))
}

/// The event of a changed account.
pub(crate) fn updated(user: &User) -> UserEvent {
    UserEvent::Updated(snapshot(user))
}

fn snapshot(user: &User) -> contract::User {
    contract::User {
        id: user.id,
        email: user.email.clone(),
        full_name: user.full_name.clone(),
        phone: user.phone.clone(),
        role: user.role,
        version: user.version,
    }
}

/// The consumer that keeps a copy of each booking's state, from which the activity of users is counted.
pub(crate) fn activity() -> Consumer {
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
            // What was not booked with an account is nobody's activity.
            match reservation.user_id {
                Some(user_id) => Ok(activity::record(transaction, user_id, &reservation).await?),
                None => Ok(false),
            }
        })
    }
}
