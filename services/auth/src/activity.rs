//! What users do at the restaurant, heard from the events of bookings: a copy of each booking's state, from which the administrator's
//! list of users counts.

use std::sync::Arc;

use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError, Handler};
use contract::ReservationEvent;
use futures_util::future::BoxFuture;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

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
            // An event that arrives late tells nothing new.
            let upserted = sqlx::query(
                "INSERT INTO user_reservation (reservation_id, user_id, status, reservation_time, version) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (reservation_id) DO UPDATE
                 SET user_id = EXCLUDED.user_id, status = EXCLUDED.status, reservation_time = EXCLUDED.reservation_time,
                     version = EXCLUDED.version
                 WHERE user_reservation.version < EXCLUDED.version",
            )
            .bind(reservation.id)
            .bind(reservation.user_id)
            .bind(reservation.status)
            .bind(reservation.reservation_time.to_sqlx())
            .bind(reservation.version)
            .execute(transaction)
            .await?;
            Ok(upserted.rows_affected() > 0)
        })
    }
}
