//! What users do at the restaurant, heard from `reservation.events`: a copy of each booking's state, from which the administrator's
//! list of users counts.

use chassis::events::event::{RESERVATION_TOPIC, Received};
use chassis::events::inbox::{Consumer, HandleError};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::PgConnection;

/// What is kept of a booking.
#[derive(Debug, Deserialize)]
struct Reservation {
    id: i32,
    user_id: i32,
    status: String,
    reservation_time: Timestamp,
    version: i32,
}

pub(crate) fn consumer() -> Consumer {
    Consumer { group: "auth", topic: RESERVATION_TOPIC, handler: handle }
}

fn handle<'a>(connection: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
    Box::pin(async move {
        if !event.kind.starts_with("reservation.") {
            return Ok(false);
        }
        let reservation = Reservation::deserialize(&event.data)?;
        // An event that arrives late tells nothing new.
        let upserted = sqlx::query(
            "INSERT INTO user_reservation (reservation_id, user_id, status, reservation_time, version) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (reservation_id) DO UPDATE
             SET user_id = EXCLUDED.user_id, status = EXCLUDED.status, reservation_time = EXCLUDED.reservation_time, version = EXCLUDED.version
             WHERE user_reservation.version < EXCLUDED.version",
        )
        .bind(reservation.id)
        .bind(reservation.user_id)
        .bind(&reservation.status)
        .bind(reservation.reservation_time.to_sqlx())
        .bind(reservation.version)
        .execute(connection)
        .await?;
        Ok(upserted.rows_affected() > 0)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_is_read_from_the_whole() {
        let data = json!({"id": 3, "reservation_code": "7K3M9QXA", "user_id": 42, "table_id": 1, "guests_count": 2,
            "reservation_time": "2030-05-17T17:30:00Z", "duration_minutes": 120, "status": "confirmed", "version": 2,
            "created_at": "2030-05-01T10:00:00Z", "updated_at": "2030-05-01T10:00:00Z"});
        let read = Reservation::deserialize(&data).expect("a reservation");
        assert_eq!((read.id, read.user_id, read.status.as_str(), read.version), (3, 42, "confirmed", 2));
        assert_eq!(read.reservation_time.to_string(), "2030-05-17T17:30:00Z");
    }
}
