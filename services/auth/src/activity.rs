//! What users do at the restaurant, heard from `reservation.events`: a copy of each booking's state, from which the administrator's
//! list of users counts.

use chassis::events::event::{RESERVATION_TOPIC, Received};
use chassis::events::inbox::{Consumer, HandleError};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use sqlx::PgConnection;

use crate::store::activity::{self, Reservation};

pub(crate) fn consumer() -> Consumer {
    Consumer { group: "auth", topic: RESERVATION_TOPIC, handler: handle }
}

fn handle<'a>(connection: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
    Box::pin(async move {
        if !event.kind.starts_with("reservation.") {
            return Ok(false);
        }
        let reservation = Reservation::deserialize(&event.data)?;
        Ok(activity::record(connection, &reservation).await?)
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
