//! What holds the tables, and for how long.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgConnection};

use super::sql;
use crate::booking::{Brief, Guests, ReservationId};
use crate::floor::{Held, Hold, Openings};
use crate::span::Span;
use crate::table::TableId;

/// The longest row of a hold: the constraint `reservation_table_length`.
const PIECE: SignedDuration = SignedDuration::from_hours(8);

#[derive(FromRow)]
struct Row {
    id: TableId,
    table_number: i32,
    capacity: i32,
    starts: Option<Vec<jiff_sqlx::Timestamp>>,
    ends: Option<Vec<jiff_sqlx::Timestamp>>,
    seated_from: Option<jiff_sqlx::Timestamp>,
    seated_until: Option<jiff_sqlx::Timestamp>,
}

impl From<Row> for Held {
    fn from(row: Row) -> Self {
        let hold = |(start, end): (jiff_sqlx::Timestamp, jiff_sqlx::Timestamp), seated| {
            let span = Span { start: start.to_jiff(), end: end.to_jiff() };
            Hold { span, seated }
        };
        let spans = row.starts.unwrap_or_default().into_iter().zip(row.ends.unwrap_or_default());
        let sitting = row.seated_from.zip(row.seated_until);
        let holds = spans.map(|span| hold(span, false)).chain(sitting.map(|span| hold(span, true)));
        Self { table_id: row.id, table_number: row.table_number, capacity: row.capacity, holds: holds.collect() }
    }
}

/// The active tables, each with what holds it within a stretch of time, `but` for one booking. Whoever sits somewhere is always among it.
///
/// # Errors
/// Where the database fails.
async fn held(connection: &mut PgConnection, within: Span, but: Option<ReservationId>) -> Result<Vec<Held>, sqlx::Error> {
    let query = sqlx::query_as::<_, Row>(sql::OPENINGS).bind(within.start.to_sqlx()).bind(within.end.to_sqlx()).bind(but);
    Ok(query.fetch_all(connection).await?.into_iter().map(Held::from).collect())
}

/// When the tables are free within a stretch of time, as seen now.
///
/// # Errors
/// Where the database fails.
pub async fn openings(
    connection: &mut PgConnection,
    within: Span,
    but: Option<ReservationId>,
    now: Timestamp,
) -> Result<Openings, sqlx::Error> {
    Ok(Openings::new(&held(connection, within, but).await?, within, now))
}

/// Since when a booking holds its table, where it holds one.
///
/// # Errors
/// Where the database fails.
pub async fn since(connection: &mut PgConnection, id: ReservationId) -> Result<Option<Timestamp>, sqlx::Error> {
    let since: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(sql::HELD_SINCE).bind(id).fetch_one(connection).await?;
    Ok(since.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Takes the tables of a booking away, until the transaction ends or [`hold`] gives it others.
///
/// # Errors
/// Where the database fails.
pub async fn release(transaction: &mut PgConnection, id: ReservationId) -> Result<(), sqlx::Error> {
    sqlx::query(sql::RELEASE).bind(id).execute(transaction).await?;
    Ok(())
}

/// A table for a stretch of time.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The table.
    pub table_id: TableId,
    /// From when until when.
    pub span: Span,
    /// Whether the party sits there.
    pub seated: bool,
}

/// Holds a table for a booking, if it is active, seats the party, and is free. Where it is not, nothing must be committed.
///
/// # Errors
/// Where the database fails.
pub async fn hold(
    transaction: &mut PgConnection,
    id: ReservationId,
    place: Place,
    guests: Guests,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    insert(transaction, id, place, Some(guests), now).await
}

/// Holds a booking's own table while its party sits there, if nobody else sits there and no booking holds it. Where one does, nothing must
/// be committed.
///
/// # Errors
/// Where the database fails.
pub async fn sit(
    transaction: &mut PgConnection,
    id: ReservationId,
    table_id: TableId,
    span: Span,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    insert(transaction, id, Place { table_id, span, seated: true }, None, now).await
}

async fn insert(
    transaction: &mut PgConnection,
    id: ReservationId,
    place: Place,
    guests: Option<Guests>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let pieces = place.span.pieces(PIECE);
    let starts: Vec<_> = pieces.iter().map(|piece| piece.start.to_sqlx()).collect();
    let ends: Vec<_> = pieces.iter().map(|piece| piece.end.to_sqlx()).collect();
    let held = sqlx::query(sql::HOLD)
        .bind(id)
        .bind(place.table_id)
        .bind(guests)
        .bind(starts)
        .bind(ends)
        .bind(place.seated)
        .bind(now.to_sqlx())
        .bind(guests.is_none())
        .execute(transaction)
        .await?;
    Ok(usize::try_from(held.rows_affected()).is_ok_and(|rows| rows == pieces.len()))
}

/// Who sits at a table, but for one booking.
///
/// # Errors
/// Where the database fails.
pub async fn sitting(connection: &mut PgConnection, table_id: TableId, but: ReservationId) -> Result<Vec<Brief>, sqlx::Error> {
    sqlx::query_as(sql::SITTING).bind(table_id).bind(but).fetch_all(connection).await
}
