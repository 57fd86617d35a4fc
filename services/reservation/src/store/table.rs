//! Tables, and when they are held.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::slot::Hold;

/// A table of the restaurant.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Table {
    /// The id.
    #[schema(example = 1)]
    pub id: i32,
    /// The number that stands on it.
    #[schema(example = 7)]
    pub table_number: i32,
    /// How many it seats, 1 to 12.
    #[schema(example = 4)]
    pub capacity: i32,
    /// What there is to say about it.
    #[schema(example = "By the window")]
    pub description: Option<String>,
    /// Whether it can be booked.
    pub is_active: bool,
    /// When it was added.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// The version, which is in the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// A table as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableValues {
    /// The number that stands on it.
    pub table_number: i32,
    /// How many it seats.
    pub capacity: i32,
    /// What there is to say about it.
    pub description: Option<String>,
    /// Whether it can be booked.
    pub is_active: bool,
}

impl Table {
    /// The values that can be changed.
    pub fn values(&self) -> TableValues {
        TableValues {
            table_number: self.table_number,
            capacity: self.capacity,
            description: self.description.clone(),
            is_active: self.is_active,
        }
    }
}

/// A booking that stands in the way of a change to its table.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct Ahead {
    /// The id of the booking.
    pub id: i32,
    /// Its code.
    pub reservation_code: String,
    /// When it begins.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub reservation_time: Timestamp,
}

/// The table of this id.
///
/// # Errors
/// What the database says.
pub async fn get(pool: &PgPool, id: i32) -> Result<Option<Table>, sqlx::Error> {
    sqlx::query_as(r#"SELECT * FROM "table" WHERE id = $1"#).bind(id).fetch_optional(pool).await
}

/// The table of this id, which nobody else changes, removes or books until the transaction ends.
///
/// # Errors
/// What the database says.
pub async fn lock(transaction: &mut PgConnection, id: i32) -> Result<Option<Table>, sqlx::Error> {
    sqlx::query_as(r#"SELECT * FROM "table" WHERE id = $1 FOR UPDATE"#).bind(id).fetch_optional(transaction).await
}

/// Tables by their number, after the given one.
///
/// # Errors
/// What the database says.
pub async fn list(pool: &PgPool, include_inactive: bool, after: Option<i32>, limit: i64) -> Result<Vec<Table>, sqlx::Error> {
    sqlx::query_as(r#"SELECT * FROM "table" WHERE (is_active OR $1) AND table_number > $2 ORDER BY table_number LIMIT $3"#)
        .bind(include_inactive)
        .bind(after.unwrap_or(0))
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Adds a table.
///
/// # Errors
/// What the database says, such as the constraint `table_number_key`.
pub async fn insert(pool: &PgPool, values: &TableValues) -> Result<Table, sqlx::Error> {
    sqlx::query_as(r#"INSERT INTO "table" (table_number, capacity, description, is_active) VALUES ($1, $2, $3, $4) RETURNING *"#)
        .bind(values.table_number)
        .bind(values.capacity)
        .bind(&values.description)
        .bind(values.is_active)
        .fetch_one(pool)
        .await
}

/// Gives a table new values.
///
/// # Errors
/// What the database says, such as the constraint `table_number_key`.
pub async fn update(transaction: &mut PgConnection, id: i32, values: &TableValues) -> Result<Table, sqlx::Error> {
    sqlx::query_as(
        r#"UPDATE "table" SET table_number = $2, capacity = $3, description = $4, is_active = $5, version = version + 1
           WHERE id = $1 RETURNING *"#,
    )
    .bind(id)
    .bind(values.table_number)
    .bind(values.capacity)
    .bind(&values.description)
    .bind(values.is_active)
    .fetch_one(transaction)
    .await
}

/// Removes a table that never had a booking, and deactivates one that had.
///
/// # Errors
/// What the database says.
pub async fn remove(transaction: &mut PgConnection, id: i32) -> Result<(), sqlx::Error> {
    let removed = sqlx::query(r#"DELETE FROM "table" WHERE id = $1 AND NOT EXISTS (SELECT FROM reservation WHERE table_id = $1)"#)
        .bind(id)
        .execute(&mut *transaction)
        .await?;
    if removed.rows_affected() == 0 {
        sqlx::query(r#"UPDATE "table" SET is_active = false, version = version + 1 WHERE id = $1 AND is_active"#)
            .bind(id)
            .execute(transaction)
            .await?;
    }
    Ok(())
}

/// The bookings of more than `guests` that hold the table and are not over: the first 20 by time.
///
/// # Errors
/// What the database says.
pub async fn ahead(transaction: &mut PgConnection, id: i32, guests: i32) -> Result<Vec<Ahead>, sqlx::Error> {
    sqlx::query_as(
        "SELECT r.id, r.reservation_code, r.reservation_time FROM reservation_table h JOIN reservation r ON r.id = h.reservation_id
         WHERE h.table_id = $1 AND h.end_at > now() AND r.guests_count > $2 ORDER BY r.reservation_time, r.id LIMIT 20",
    )
    .bind(id)
    .bind(guests)
    .fetch_all(transaction)
    .await
}

/// The active tables that seat the party, in the order in which the house gives them out: the smallest first.
///
/// # Errors
/// What the database says.
pub async fn fitting(connection: &mut PgConnection, guests: i32) -> Result<Vec<i32>, sqlx::Error> {
    sqlx::query_scalar(r#"SELECT id FROM "table" WHERE is_active AND capacity >= $1 ORDER BY capacity, table_number"#)
        .bind(guests)
        .fetch_all(connection)
        .await
}

/// The holds of these tables that touch `[from, to)`.
///
/// # Errors
/// What the database says.
pub async fn holds(connection: &mut PgConnection, tables: &[i32], from: Timestamp, to: Timestamp) -> Result<Vec<Hold>, sqlx::Error> {
    // Every hold that touches the range begins at most the longest duration before it: that is what makes the B-tree do.
    let earliest = from.saturating_sub(LONGEST).unwrap_or(from);
    sqlx::query_as(
        "SELECT table_id, start_at, end_at FROM reservation_table
         WHERE start_at > $1 AND start_at < $2 AND end_at > $3 AND table_id = ANY($4)",
    )
    .bind(earliest.to_sqlx())
    .bind(to.to_sqlx())
    .bind(from.to_sqlx())
    .bind(tables)
    .fetch_all(connection)
    .await
}

/// The longest booking: 480 minutes.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(crate::booking::MAX_MINUTES as i64);

/// The active tables that seat the party and are free for the whole of `[from, to)`, the smallest first.
///
/// # Errors
/// What the database says.
pub async fn free(
    pool: &PgPool,
    guests: i32,
    (from, to): (Timestamp, Timestamp),
    after: Option<(i32, i32)>,
    limit: i64,
) -> Result<Vec<Table>, sqlx::Error> {
    let (capacity, number) = after.unwrap_or((0, 0));
    sqlx::query_as(
        r#"SELECT t.* FROM "table" t WHERE t.is_active AND t.capacity >= $1 AND (t.capacity, t.table_number) > ($5, $6) AND NOT EXISTS (
             SELECT FROM reservation_table h WHERE h.table_id = t.id AND h.start_at > $2 AND h.start_at < $4 AND h.end_at > $3)
           ORDER BY t.capacity, t.table_number LIMIT $7"#,
    )
    .bind(guests)
    .bind(from.saturating_sub(LONGEST).unwrap_or(from).to_sqlx())
    .bind(from.to_sqlx())
    .bind(to.to_sqlx())
    .bind(capacity)
    .bind(number)
    .bind(limit)
    .fetch_all(pool)
    .await
}
