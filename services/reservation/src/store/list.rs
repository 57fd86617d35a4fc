//! Lists of bookings: a guest's own, and the restaurant's.

use chassis::http::identity::UserId;
use house::span::Span;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row as _};

use super::guest::Guest;
use super::sql;
use crate::booking::{Brief, Reservation, ReservationId};
use crate::status::Status;
use crate::table::TableId;

/// Where a page of bookings begins: after the booking of this time and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(i64, i32)", into = "(i64, i32)")]
pub struct Position {
    time: Timestamp,
    id: i32,
}

impl Position {
    /// Where the page after this booking begins.
    pub fn after(reservation: &Reservation) -> Self {
        Self::at(reservation.reservation_time, reservation.id.get())
    }

    /// Where the page after this time and id begins.
    pub fn at(time: Timestamp, id: i32) -> Self {
        Self { time, id }
    }

    /// The time and the id.
    pub fn parts(self) -> (Timestamp, i32) {
        (self.time, self.id)
    }
}

impl From<Position> for (i64, i32) {
    fn from(position: Position) -> Self {
        (position.time.as_microsecond(), position.id)
    }
}

impl TryFrom<(i64, i32)> for Position {
    type Error = &'static str;

    /// A cursor can be invented: its time must be one that both the clock's type and PostgreSQL can hold.
    fn try_from((microseconds, id): (i64, i32)) -> Result<Self, Self::Error> {
        const YEAR_0: i64 = -62_167_219_200_000_000;
        let time = Timestamp::from_microsecond(microseconds).ok().filter(|_| microseconds >= YEAR_0);
        time.map(|time| Self { time, id }).ok_or("no booking begins at such a time")
    }
}

chassis::words! {
    /// Which of the user's bookings.
    pub enum When {
        /// Pending, confirmed or seated and not over yet, the soonest first.
        Upcoming = "upcoming",
        /// All others, the latest first.
        Past = "past",
        /// Every one, the latest first.
        All = "all",
    }
}

/// A page of a user's bookings.
///
/// # Errors
/// Where the database fails.
pub async fn of_user(
    connection: &mut PgConnection,
    user_id: UserId,
    when: When,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Reservation>, sqlx::Error> {
    let sql = match when {
        When::Upcoming => sql::MY_UPCOMING,
        When::Past => sql::MY_PAST,
        When::All => sql::MY_ALL,
    };
    sqlx::query_as(sql)
        .bind(user_id)
        .bind(after.map(|after| after.time.to_sqlx()))
        .bind(after.map(|after| after.id))
        .bind(limit)
        .fetch_all(connection)
        .await
}

/// The page of the one booking that a link is for.
///
/// # Errors
/// Where the database fails.
pub async fn of_link(
    connection: &mut PgConnection,
    (id, link_version): (ReservationId, i32),
    when: When,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::MY_ONE)
        .bind(id)
        .bind(after.map(|after| after.time.to_sqlx()))
        .bind(after.map(|after| after.id))
        .bind(limit)
        .bind(when.as_str())
        .bind(link_version)
        .fetch_all(connection)
        .await
}

/// What the restaurant asks for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Bookings that begin in this stretch of time, and those that begin before and still hold a table in it.
    pub day: Option<Span>,
    /// In one of these states, or in any.
    pub statuses: Vec<Status>,
    /// At this table.
    pub table_id: Option<TableId>,
    /// Of this user.
    pub user_id: Option<UserId>,
}

/// A booking as the staff see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HostReservation {
    /// The booking.
    #[serde(flatten)]
    pub reservation: Reservation,
    /// The guest, as the guest directory knows them; null where it does not yet.
    pub guest: Option<Guest>,
}

impl<'r> FromRow<'r, PgRow> for HostReservation {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let known: Option<i32> = row.try_get("guest_id")?;
        Ok(Self { reservation: Reservation::from_row(row)?, guest: known.map(|_| Guest::from_row(row)).transpose()? })
    }
}

/// A page of the restaurant's bookings, the soonest first, each with its guest.
///
/// # Errors
/// Where the database fails.
pub async fn of_house(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<HostReservation>, sqlx::Error> {
    let statuses = if filter.statuses.is_empty() { Status::ALL } else { &filter.statuses };
    // A state that is named twice is still listed once.
    let statuses: Vec<&str> = Status::ALL.iter().filter(|status| statuses.contains(status)).map(|status| status.as_str()).collect();
    let sql = match (filter.user_id, filter.table_id) {
        (Some(_), _) => sql::HOUSE_OF_USER,
        (None, Some(_)) => sql::HOUSE_OF_TABLE,
        (None, None) => sql::HOUSE,
    };
    let query = sqlx::query_as(sql)
        .bind(statuses)
        .bind(filter.day.map(|day| day.start.to_sqlx()))
        .bind(filter.day.map(|day| day.end.to_sqlx()))
        .bind(after.map(|after| after.time.to_sqlx()))
        .bind(after.map(|after| after.id))
        .bind(limit);
    let query = match (filter.user_id, filter.table_id) {
        (Some(user_id), table_id) => query.bind(user_id).bind(table_id),
        (None, Some(table_id)) => query.bind(table_id),
        (None, None) => query,
    };
    query.fetch_all(connection).await
}

/// The bookings whose code, or whose guest's name, e-mail address or phone number contains a text in any case, the latest first.
///
/// # Errors
/// Where the database fails.
pub async fn search(
    connection: &mut PgConnection,
    text: &str,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<HostReservation>, sqlx::Error> {
    let text = text.to_lowercase();
    let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    sqlx::query_as(sql::SEARCH)
        .bind(text)
        .bind(pattern)
        .bind(after.map(|after| after.time.to_sqlx()))
        .bind(after.map(|after| after.id))
        .bind(limit)
        .fetch_all(connection)
        .await
}

/// A booking that is ahead.
#[derive(Clone, Debug, FromRow)]
pub struct Ahead {
    /// The booking.
    #[sqlx(flatten)]
    pub booking: Brief,
    /// Whether one of its tables is out of use.
    pub out_of_use: bool,
}

/// Every booking that is pending or confirmed and begins from now on, within a stretch of time if one is given, the soonest first; but for
/// those for which rules were overridden.
///
/// # Errors
/// Where the database fails.
pub async fn ahead(connection: &mut PgConnection, within: Option<Span>) -> Result<Vec<Ahead>, sqlx::Error> {
    let query = sqlx::query_as(sql::BOOKINGS_AHEAD).bind(within.map(|within| within.start.to_sqlx()));
    query.bind(within.map(|within| within.end.to_sqlx())).fetch_all(connection).await
}

/// The bookings of these ids, the soonest first, each with its guest.
///
/// # Errors
/// Where the database fails.
pub async fn of_ids(
    connection: &mut PgConnection,
    ids: &[ReservationId],
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<HostReservation>, sqlx::Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.get()).collect();
    sqlx::query_as(sql::BOOKINGS_OF_IDS)
        .bind(ids)
        .bind(after.map(|after| after.time.to_sqlx()))
        .bind(after.map(|after| after.id))
        .bind(limit)
        .fetch_all(connection)
        .await
}
