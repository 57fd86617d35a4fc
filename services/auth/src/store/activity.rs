//! What users do at the restaurant: the state of each booking, and what follows from it for its user.

use chassis::http::identity::UserId;
use contract::Reservation;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgExecutor};
use utoipa::ToSchema;

use super::{FIND_ACTIVITY, RECORD_RESERVATION};

/// The activity of a user at the restaurant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Activity {
    /// Bookings that were completed.
    #[schema(example = 7, minimum = 0)]
    pub(crate) visits: i32,
    /// Bookings to which nobody came.
    #[schema(example = 0, minimum = 0)]
    pub(crate) no_shows: i32,
    /// Bookings that were cancelled.
    #[schema(example = 1, minimum = 0)]
    pub(crate) cancellations: i32,
    /// When the next booking begins; null where there is none.
    #[schema(example = "2030-05-17T17:30:00Z", required)]
    pub(crate) next_reservation_time: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    visits: i32,
    no_shows: i32,
    cancellations: i32,
    next_reservation_time: Option<jiff_sqlx::Timestamp>,
}

impl From<Row> for Activity {
    fn from(row: Row) -> Self {
        let Row { visits, no_shows, cancellations, next_reservation_time } = row;
        Self { visits, no_shows, cancellations, next_reservation_time: next_reservation_time.map(jiff_sqlx::Timestamp::to_jiff) }
    }
}

/// What each of the users has done. `ids` ascend, each once; the answers are in the same order.
pub(crate) async fn of(executor: impl PgExecutor<'_>, ids: &[UserId]) -> Result<Vec<Activity>, sqlx::Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.get()).collect();
    let rows: Vec<Row> = sqlx::query_as(FIND_ACTIVITY).bind(ids).fetch_all(executor).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Records the state of a booking; `false` where a later one is known.
pub(crate) async fn record(connection: &mut PgConnection, user_id: UserId, reservation: &Reservation) -> Result<bool, sqlx::Error> {
    let Reservation { id, status, reservation_time, version, .. } = reservation;
    let record = sqlx::query(RECORD_RESERVATION).bind(id).bind(user_id).bind(status).bind(reservation_time.to_sqlx()).bind(version);
    Ok(record.execute(connection).await?.rows_affected() > 0)
}
