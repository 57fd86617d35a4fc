//! Bookings. Each change is one statement that writes the row and its event together, and is made only to the version that was read: of
//! two changes at once, the second reads again.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;
use sqlx::{Connection as _, FromRow, PgConnection, Row as _};

use super::hold::pieces;
use super::sql;
use crate::booking::make::NewBooking;
use crate::booking::{Author, Reservation, ReservationId, Values};
use crate::refusal::Limit;
use crate::status::{Action, Status};
use crate::table::TableId;

/// What became of an attempt to book a table.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The booking is made.
    Made(Box<Reservation>),
    /// The table is taken.
    Taken,
    /// The house has another version by now.
    Outdated,
    /// A limit is reached.
    Limited(Limit),
}

/// Tries to book tables by the house at this version, in one statement. What is refused is not written, and draws no id where it is seen to
/// be taken.
///
/// # Errors
/// Where the database fails; the constraint `reservation_code_key` where another booking has the code.
pub async fn book(
    connection: &mut PgConnection,
    new: &NewBooking,
    tables: &[TableId],
    version: i32,
    now: Timestamp,
) -> Result<Attempted, sqlx::Error> {
    let (starts, ends) = pieces(new.hold);
    if starts.len() * tables.len() == 1 {
        return try_to_book(connection, new, tables, version, (starts, ends), now).await;
    }
    // Of a hold in several rows one may be had and another not. Then the statement fails, since no booking has that row, and no more than the
    // statement is undone.
    let mut transaction = connection.begin().await?;
    match try_to_book(&mut transaction, new, tables, version, (starts, ends), now).await {
        Ok(attempted) => {
            transaction.commit().await?;
            Ok(attempted)
        }
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            transaction.rollback().await?;
            Ok(Attempted::Taken)
        }
        Err(error) => Err(error),
    }
}

async fn try_to_book(
    connection: &mut PgConnection,
    new: &NewBooking,
    tables: &[TableId],
    version: i32,
    (starts, ends): (Vec<jiff_sqlx::Timestamp>, Vec<jiff_sqlx::Timestamp>),
    now: Timestamp,
) -> Result<Attempted, sqlx::Error> {
    let (per_hour, upcoming, network, per_network) = super::limit::parameters(new.counted);
    let row = sqlx::query(sql::BOOK)
        .bind(new.user_id)
        .bind(tables)
        .bind(new.party.guests)
        .bind(new.start.to_sqlx())
        .bind(new.party.minutes)
        .bind(&new.code)
        .bind(new.status)
        .bind(&new.phone)
        .bind(&new.email)
        .bind(&new.requests)
        .bind(new.table_named)
        .bind(per_hour)
        .bind(upcoming)
        .bind(now.to_sqlx())
        .bind(version)
        .bind(starts)
        .bind(ends)
        .bind(new.source)
        .bind(&new.name)
        .bind(&new.note)
        .bind(new.overridden)
        .bind(new.author.by)
        .bind(new.author.user_id)
        .bind(new.status == Status::Seated)
        .bind(network)
        .bind(per_network)
        .bind(new.language)
        .bind(new.remind)
        .fetch_one(connection)
        .await?;
    if row.try_get::<Option<ReservationId>, _>("id")?.is_some() {
        return Ok(Attempted::Made(Box::new(Reservation::from_row(&row)?)));
    }
    if let Some(limit) = row.try_get("reached")? {
        return Ok(Attempted::Limited(limit));
    }
    Ok(if row.try_get("current")? { Attempted::Taken } else { Attempted::Outdated })
}

/// Whether another booking has the code that was drawn.
pub fn is_code_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.constraint() == Some("reservation_code_key"))
}

/// The booking of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: ReservationId) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::GET).bind(id).fetch_optional(connection).await
}

/// The version of a booking's links, unless its visit is more than 30 days over.
///
/// # Errors
/// Where the database fails.
pub async fn link_version(connection: &mut PgConnection, id: ReservationId) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(sql::LINK_VERSION).bind(id).fetch_optional(connection).await
}

/// The version of a booking's links, as long as the booking has this e-mail address.
///
/// # Errors
/// Where the database fails.
pub async fn link_version_for(connection: &mut PgConnection, id: ReservationId, email: &str) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(sql::LINK_VERSION_FOR).bind(id).bind(email).fetch_optional(connection).await
}

/// Locks the booking; `false` where it has another version by now.
///
/// # Errors
/// Where the database fails.
pub async fn lock(transaction: &mut PgConnection, id: ReservationId, version: i32) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(sql::LOCK).bind(id).bind(version).fetch_optional(transaction).await?.is_some())
}

/// Brings a booking to another state by an action, and frees the tables where it no longer holds any; `remind` is how many hours before the
/// visit its guest is reminded, where mail is sent. `None`: it has another version by now.
///
/// # Errors
/// Where the database fails.
pub async fn act(
    connection: &mut PgConnection,
    before: &Reservation,
    (action, to): (Action, Status),
    author: Author,
    remind: Option<i32>,
) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::ACT)
        .bind(before.id)
        .bind(before.version)
        .bind(to)
        .bind(action.event().kind())
        .bind(to.holds())
        .bind(author.by)
        .bind(author.user_id)
        .bind(action.can_be_undone())
        .bind(before.told_by(action, to))
        .bind(remind)
        .fetch_optional(connection)
        .await
}

/// Gives a booking new values; `remind` is how many hours before the visit its guest is reminded, where mail is sent. Its tables are the
/// business of [`super::hold`]. `None`: it has another version by now.
///
/// # Errors
/// Where the database fails.
pub async fn change(
    connection: &mut PgConnection,
    before: &Reservation,
    values: &Values,
    author: Author,
    remind: Option<i32>,
) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::CHANGE)
        .bind(before.id)
        .bind(before.version)
        .bind(&values.tables)
        .bind(values.table_named)
        .bind(values.party.guests)
        .bind(values.start.to_sqlx())
        .bind(values.party.minutes)
        .bind(values.status)
        .bind(&values.phone)
        .bind(&values.email)
        .bind(&values.requests)
        .bind(&values.name)
        .bind(&values.note)
        .bind(values.overridden)
        .bind(author.by)
        .bind(author.user_id)
        .bind(before.told_before(values).map(Json))
        .bind(remind)
        .fetch_optional(connection)
        .await
}
