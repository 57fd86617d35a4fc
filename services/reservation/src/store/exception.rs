//! Exceptions from the week.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::sql;
use crate::exception::{Exception, ExceptionId, ExceptionValues};

/// The exception of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: ExceptionId) -> Result<Option<Exception>, sqlx::Error> {
    sqlx::query_as(sql::EXCEPTION).bind(id).fetch_optional(connection).await
}

/// Exceptions of some dates by their first one, after the given date.
///
/// # Errors
/// Where the database fails.
pub async fn list(
    connection: &mut PgConnection,
    (from, until): (Option<Date>, Option<Date>),
    after: Option<Date>,
    limit: i64,
) -> Result<Vec<Exception>, sqlx::Error> {
    sqlx::query_as(sql::EXCEPTIONS)
        .bind(from.map(|date| date.to_sqlx()))
        .bind(until.map(|date| date.to_sqlx()))
        .bind(after.map(|date| date.to_sqlx()))
        .bind(limit)
        .fetch_all(connection)
        .await
}

/// The first exception that has one of the dates, `but` for one.
///
/// # Errors
/// Where the database fails.
pub async fn of_dates(
    connection: &mut PgConnection,
    (from, until): (Date, Date),
    but: Option<ExceptionId>,
) -> Result<Option<ExceptionId>, sqlx::Error> {
    sqlx::query_scalar(sql::EXCEPTION_OF_DATES).bind(from.to_sqlx()).bind(until.to_sqlx()).bind(but).fetch_optional(connection).await
}

/// Adds an exception.
///
/// # Errors
/// Where the database fails.
pub async fn insert(connection: &mut PgConnection, values: &ExceptionValues) -> Result<Exception, sqlx::Error> {
    sqlx::query_as(sql::ADD_EXCEPTION)
        .bind(values.from.to_sqlx())
        .bind(values.until.to_sqlx())
        .bind(Json(&values.services))
        .bind(&values.note)
        .fetch_one(connection)
        .await
}

/// Gives an exception new values.
///
/// # Errors
/// Where the database fails.
pub async fn update(connection: &mut PgConnection, id: ExceptionId, values: &ExceptionValues) -> Result<Exception, sqlx::Error> {
    sqlx::query_as(sql::REPLACE_EXCEPTION)
        .bind(id)
        .bind(values.from.to_sqlx())
        .bind(values.until.to_sqlx())
        .bind(Json(&values.services))
        .bind(&values.note)
        .fetch_one(connection)
        .await
}

/// Removes an exception.
///
/// # Errors
/// Where the database fails.
pub async fn remove(connection: &mut PgConnection, id: ExceptionId) -> Result<(), sqlx::Error> {
    sqlx::query(sql::REMOVE_EXCEPTION).bind(id).execute(connection).await?;
    Ok(())
}
