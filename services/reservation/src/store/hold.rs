//! What holds the tables, and for how long.

use house::House;
use house::openings::{Hold, OVER_TIME, Openings};
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{FromRow, PgConnection, Postgres};

use super::sql;
use crate::booking::{Brief, ReservationId};
use crate::table::TableId;

/// The longest row of a hold: the constraint `reservation_table_length`.
const PIECE: SignedDuration = SignedDuration::from_hours(8);

#[derive(FromRow)]
struct Row {
    table_id: i32,
    start_at: jiff_sqlx::Timestamp,
    end_at: jiff_sqlx::Timestamp,
    seated: bool,
}

/// The holds of one table, and that of the party that sits there.
#[derive(FromRow)]
struct OfTable {
    table_id: i32,
    starts: Vec<Moment>,
    ends: Vec<Moment>,
    seated_start: Option<Moment>,
    seated_end: Option<Moment>,
}

/// A time, as the server sends it: microseconds since the beginning of 2000. A calendar reads tens of thousands of them, and
/// `jiff_sqlx`, which adds each to that beginning with every check, was the costliest part of it in a profile.
struct Moment(i64);

impl sqlx::Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        jiff_sqlx::Timestamp::type_info()
    }
}

impl PgHasArrayType for Moment {
    fn array_type_info() -> PgTypeInfo {
        jiff_sqlx::Timestamp::array_type_info()
    }
}

impl<'r> sqlx::Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(i64::from_be_bytes(value.as_bytes()?.try_into()?)))
    }
}

impl From<Moment> for Timestamp {
    /// A time beyond those that a booking can have is the last one.
    fn from(moment: Moment) -> Self {
        /// The beginning of 2000, in microseconds since 1970.
        const EPOCH: i64 = 946_684_800_000_000;
        Self::from_microsecond(moment.0.saturating_add(EPOCH)).unwrap_or(Self::MAX)
    }
}

impl From<Row> for Hold {
    fn from(row: Row) -> Self {
        let span = Span { start: row.start_at.to_jiff(), end: row.end_at.to_jiff() };
        Self { table_id: row.table_id, span, seated: row.seated }
    }
}

/// When the tables are free within a stretch of time, as seen now, `but` for what one booking holds. Whoever sits somewhere counts, however
/// long ago they were expected to leave.
///
/// # Errors
/// Where the database fails.
pub async fn openings(
    connection: &mut PgConnection,
    house: &House,
    within: Span,
    but: Option<ReservationId>,
    now: Timestamp,
) -> Result<Openings, sqlx::Error> {
    Ok(Openings::new(&house.floor, &holds(connection, house, within, but).await?, within, now))
}

/// What holds the tables within a stretch of time, `but` for what one booking holds, and who sits there.
///
/// # Errors
/// Where the database fails.
pub async fn holds(
    connection: &mut PgConnection,
    house: &House,
    within: Span,
    but: Option<ReservationId>,
) -> Result<Vec<Hold>, sqlx::Error> {
    let tables: Vec<i32> = house.floor.tables().iter().map(|table| table.id).collect();
    let query = sqlx::query_as::<_, OfTable>(sql::HOLDS).bind(within.start.to_sqlx()).bind(within.end.to_sqlx()).bind(but).bind(tables);
    let rows = query.fetch_all(connection).await?;
    let mut holds = Vec::with_capacity(rows.iter().map(|row| row.starts.len()).sum());
    for OfTable { table_id, starts, ends, seated_start, seated_end } in rows {
        let hold =
            |seated| move |(start, end): (Moment, Moment)| Hold { table_id, span: Span { start: start.into(), end: end.into() }, seated };
        holds.extend(starts.into_iter().zip(ends).map(hold(false)));
        holds.extend(seated_start.zip(seated_end).map(hold(true)));
    }
    Ok(holds)
}

/// What a booking holds.
///
/// # Errors
/// Where the database fails.
pub async fn own(connection: &mut PgConnection, id: ReservationId) -> Result<Vec<Hold>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(sql::OWN).bind(id).fetch_all(connection).await?;
    Ok(rows.into_iter().map(Hold::from).collect())
}

/// Whether a hold is one row.
pub(super) fn is_one_row(span: Span) -> bool {
    span.length() <= PIECE
}

/// When the rows of a hold begin and end: none is longer than the constraint allows.
pub(super) fn pieces(span: Span) -> (Vec<jiff_sqlx::Timestamp>, Vec<jiff_sqlx::Timestamp>) {
    span.pieces(PIECE).iter().map(|piece| (piece.start.to_sqlx(), piece.end.to_sqlx())).unzip()
}

/// Takes the tables of a booking away, until the transaction ends or [`hold`] gives it others.
///
/// # Errors
/// Where the database fails.
pub async fn release(transaction: &mut PgConnection, id: ReservationId) -> Result<(), sqlx::Error> {
    sqlx::query(sql::RELEASE).bind(id).execute(transaction).await?;
    Ok(())
}

/// Tables for a stretch of time.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The tables.
    pub tables: &'a [TableId],
    /// From when until when.
    pub span: Span,
    /// Whether the party sits there.
    pub seated: bool,
}

/// Holds tables for a booking, if they are free. Where one is not, nothing must be committed.
///
/// # Errors
/// Where the database fails.
pub async fn hold(transaction: &mut PgConnection, id: ReservationId, place: Place<'_>, now: Timestamp) -> Result<bool, sqlx::Error> {
    insert(transaction, id, place, false, now).await
}

/// Holds a booking's own tables, if nothing else holds them and, where its party sits there, nobody else does. Where one does, nothing must be
/// committed.
///
/// # Errors
/// Where the database fails.
pub async fn keep(transaction: &mut PgConnection, id: ReservationId, place: Place<'_>, now: Timestamp) -> Result<bool, sqlx::Error> {
    insert(transaction, id, place, true, now).await
}

async fn insert(
    transaction: &mut PgConnection,
    id: ReservationId,
    place: Place<'_>,
    own: bool,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (starts, ends) = pieces(place.span);
    let rows = starts.len() * place.tables.len();
    let held = sqlx::query(sql::HOLD)
        .bind(id)
        .bind(place.tables)
        .bind(starts)
        .bind(ends)
        .bind(place.seated)
        .bind(now.to_sqlx())
        .bind(own)
        .execute(transaction)
        .await?;
    Ok(usize::try_from(held.rows_affected()).is_ok_and(|held| held == rows))
}

/// Who sits at any of these tables, but for one booking, if it is given.
///
/// # Errors
/// Where the database fails.
pub async fn sitting(connection: &mut PgConnection, tables: &[TableId], but: Option<ReservationId>) -> Result<Vec<Brief>, sqlx::Error> {
    let any = None::<jiff_sqlx::Timestamp>;
    sqlx::query_as(sql::SITTING).bind(tables).bind(but).bind(any).bind(any).bind(any).fetch_all(connection).await
}

/// Who sits at the tables of a place within its time, as seen now, but for one booking.
///
/// # Errors
/// Where the database fails.
pub async fn sitting_within(
    connection: &mut PgConnection,
    place: Place<'_>,
    but: ReservationId,
    now: Timestamp,
) -> Result<Vec<Brief>, sqlx::Error> {
    let stays = Span::new(now, OVER_TIME).end;
    let query = sqlx::query_as(sql::SITTING).bind(place.tables).bind(but).bind(place.span.start.to_sqlx());
    query.bind(place.span.end.to_sqlx()).bind(stays.to_sqlx()).fetch_all(connection).await
}
