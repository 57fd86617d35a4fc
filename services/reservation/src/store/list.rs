//! Lists of bookings: a guest's own, and the restaurant's.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder, Row as _};

use super::booking::Reservation;
use super::guest::Guest;
use crate::status::Status;

/// Where a page of bookings begins: after this time and id. Times are microseconds since 1970.
pub type After = (i64, i32);

/// Where the page after this booking begins.
pub fn key(reservation: &Reservation) -> After {
    (reservation.reservation_time.as_microsecond(), reservation.id)
}

/// Which of a guest's bookings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum When {
    /// Pending, confirmed or seated and not over yet, the soonest first.
    Upcoming,
    /// All others, the latest first.
    Past,
    /// Every one, the latest first.
    #[default]
    All,
}

impl When {
    /// The name of the list's order: a cursor is good for one of them.
    pub fn order(self) -> &'static str {
        match self {
            Self::Upcoming => "my-upcoming",
            Self::Past => "my-past",
            Self::All => "my-all",
        }
    }
}

const UPCOMING: &str =
    "status IN ('pending', 'confirmed', 'seated') AND reservation_time + make_interval(mins => duration_minutes) > now()";

/// A page of a guest's bookings.
///
/// # Errors
/// What the database says.
pub async fn of_user(pool: &PgPool, user_id: i32, when: When, after: Option<After>, limit: i64) -> Result<Vec<Reservation>, sqlx::Error> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT * FROM reservation WHERE user_id = ");
    query.push_bind(user_id);
    match when {
        When::Upcoming => query.push(" AND ").push(UPCOMING),
        When::Past => query.push(" AND NOT (").push(UPCOMING).push(")"),
        When::All => &mut query,
    };
    page(&mut query, when == When::Upcoming, after, limit, "");
    query.build_query_as().fetch_all(pool).await
}

/// What the restaurant asks for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Bookings that begin in `[from, to)`.
    pub day: Option<(Timestamp, Timestamp)>,
    /// In one of these states, or in any.
    pub statuses: Vec<Status>,
    /// At this table.
    pub table_id: Option<i32>,
    /// Of this user.
    pub user_id: Option<i32>,
}

/// A booking as the restaurant sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HostReservation {
    /// The booking.
    #[serde(flatten)]
    pub reservation: Reservation,
    /// Who booked, as the guest directory knows him; null where it does not yet.
    pub guest: Option<Guest>,
}

/// A page of the restaurant's bookings, the soonest first, each with its guest.
///
/// # Errors
/// What the database says.
pub async fn of_house(pool: &PgPool, filter: &Filter, after: Option<After>, limit: i64) -> Result<Vec<HostReservation>, sqlx::Error> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT r.*, g.user_id AS guest_id, g.full_name, g.email, g.phone
         FROM reservation r LEFT JOIN guest g ON g.user_id = r.user_id WHERE true",
    );
    if let Some((from, to)) = filter.day {
        query.push(" AND r.reservation_time >= ").push_bind(from.to_sqlx()).push(" AND r.reservation_time < ").push_bind(to.to_sqlx());
    }
    if !filter.statuses.is_empty() {
        let words: Vec<&str> = filter.statuses.iter().map(|status| status.as_str()).collect();
        query.push(" AND r.status = ANY(").push_bind(words).push(")");
    }
    if let Some(table_id) = filter.table_id {
        query.push(" AND r.table_id = ").push_bind(table_id);
    }
    if let Some(user_id) = filter.user_id {
        query.push(" AND r.user_id = ").push_bind(user_id);
    }
    page(&mut query, true, after, limit, "r.");
    let rows = query.build().fetch_all(pool).await?;
    let read = rows.iter().map(|row| {
        let known: Option<i32> = row.try_get("guest_id")?;
        Ok(HostReservation { reservation: Reservation::from_row(row)?, guest: known.map(|_| Guest::from_row(row)).transpose()? })
    });
    read.collect()
}

fn page(query: &mut QueryBuilder<Postgres>, ascending: bool, after: Option<After>, limit: i64, table: &'static str) {
    let (beyond, direction) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    if let Some((time, id)) = after {
        let time = Timestamp::from_microsecond(time).unwrap_or(Timestamp::MIN);
        query
            .push(format!(" AND ({table}reservation_time, {table}id) {beyond} ("))
            .push_bind(time.to_sqlx())
            .push(", ")
            .push_bind(id)
            .push(")");
    }
    query.push(format!(" ORDER BY {table}reservation_time {direction}, {table}id {direction} LIMIT ")).push_bind(limit);
}
