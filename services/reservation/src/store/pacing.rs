//! How many guests and parties begin within each quarter of an hour. It is counted only while the rules limit it: else every booking of a
//! quarter would wait for the one before.

use house::pacing::{Count, Counts};
use house::rules::Pacing;
use house::span::Span;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgConnection};

use super::sql;

#[derive(FromRow)]
struct Row {
    bucket: jiff_sqlx::Timestamp,
    covers: i32,
    parties: i32,
}

/// What begins in the quarters of a stretch of time.
///
/// # Errors
/// Where the database fails.
pub async fn counts(connection: &mut PgConnection, within: Span) -> Result<Counts, sqlx::Error> {
    let rows = sqlx::query_as::<_, Row>(sql::PACING).bind(within.start.to_sqlx()).bind(within.end.to_sqlx());
    let count = |row: Row| (row.bucket.to_jiff(), Count { covers: row.covers, parties: row.parties });
    Ok(rows.fetch_all(connection).await?.into_iter().map(count).collect())
}

/// Raises or lowers what begins in a quarter; `false` where that would raise it above a limit, and nothing is changed.
///
/// # Errors
/// Where the database fails.
pub async fn add(transaction: &mut PgConnection, bucket: Timestamp, by: Count, limits: Pacing) -> Result<bool, sqlx::Error> {
    if by.covers <= 0 && by.parties <= 0 {
        // A quarter that is not counted is not: the rules have limited it since.
        sqlx::query(sql::LOWER_PACING).bind(bucket.to_sqlx()).bind(by.covers).bind(by.parties).execute(transaction).await?;
        return Ok(true);
    }
    let add = sqlx::query(sql::ADD_PACING).bind(bucket.to_sqlx()).bind(by.covers).bind(by.parties).bind(limits.covers).bind(limits.parties);
    Ok(add.execute(transaction).await?.rows_affected() > 0)
}

/// Counts anew, once the rules limit what begins; or forgets the counts, where they do not. The caller has the
/// house locked: whoever books, cancels or changes what is counted shares that lock.
///
/// # Errors
/// Where the database fails.
pub async fn recount(transaction: &mut PgConnection, limits: Pacing) -> Result<(), sqlx::Error> {
    sqlx::query(sql::FORGET_PACING).execute(&mut *transaction).await?;
    if !limits.is_unlimited() {
        sqlx::query(sql::COUNT_PACING).execute(transaction).await?;
    }
    Ok(())
}
