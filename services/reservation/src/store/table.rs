//! Tables.

use sqlx::PgConnection;

use super::sql;
use crate::area::AreaId;
use crate::booking::Brief;
use crate::table::{Table, TableId, TableValues};

/// The table of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: TableId) -> Result<Option<Table>, sqlx::Error> {
    sqlx::query_as(sql::TABLE).bind(id).fetch_optional(connection).await
}

/// Tables by their number, after the given one.
///
/// # Errors
/// Where the database fails.
pub async fn list(
    connection: &mut PgConnection,
    include_inactive: bool,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<Table>, sqlx::Error> {
    sqlx::query_as(sql::TABLES).bind(include_inactive).bind(after.unwrap_or(0)).bind(limit).fetch_all(connection).await
}

/// The tables of these ids, in no order.
///
/// # Errors
/// Where the database fails.
pub async fn of(connection: &mut PgConnection, ids: &[TableId]) -> Result<Vec<Table>, sqlx::Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.get()).collect();
    sqlx::query_as(sql::TABLES_OF).bind(ids).fetch_all(connection).await
}

/// The tables that stand in an area, in use or not.
///
/// # Errors
/// Where the database fails.
pub async fn in_area(connection: &mut PgConnection, id: AreaId) -> Result<Vec<Table>, sqlx::Error> {
    sqlx::query_as(sql::TABLES_IN_AREA).bind(id).fetch_all(connection).await
}

/// Adds a table.
///
/// # Errors
/// Where the database fails; the constraint `table_number_key` where another table has the number.
pub async fn insert(connection: &mut PgConnection, values: &TableValues) -> Result<Table, sqlx::Error> {
    sqlx::query_as(sql::ADD_TABLE)
        .bind(values.table_number)
        .bind(values.capacity)
        .bind(&values.description)
        .bind(values.is_active)
        .bind(values.area_id)
        .bind(values.min_party)
        .bind(values.online)
        .fetch_one(connection)
        .await
}

/// Gives a table new values.
///
/// # Errors
/// As [`insert`].
pub async fn update(transaction: &mut PgConnection, id: TableId, values: &TableValues) -> Result<Table, sqlx::Error> {
    sqlx::query_as(sql::REPLACE_TABLE)
        .bind(id)
        .bind(values.table_number)
        .bind(values.capacity)
        .bind(&values.description)
        .bind(values.is_active)
        .bind(values.area_id)
        .bind(values.min_party)
        .bind(values.online)
        .fetch_one(transaction)
        .await
}

/// Removes a table that never had a booking, and deactivates one that had.
///
/// # Errors
/// Where the database fails.
pub async fn remove(transaction: &mut PgConnection, id: TableId) -> Result<(), sqlx::Error> {
    let removed = sqlx::query(sql::REMOVE_TABLE).bind(id).execute(&mut *transaction).await?;
    if removed.rows_affected() == 0 {
        sqlx::query(sql::DEACTIVATE_TABLE).bind(id).execute(transaction).await?;
    }
    Ok(())
}

/// Takes a table out of its area.
///
/// # Errors
/// Where the database fails.
pub async fn leave_area(transaction: &mut PgConnection, id: TableId) -> Result<(), sqlx::Error> {
    sqlx::query(sql::LEAVE_AREA).bind(id).execute(transaction).await?;
    Ok(())
}

/// The bookings of more than `guests` that hold the table and are not over: the first 20 by time.
///
/// # Errors
/// Where the database fails.
pub async fn ahead(transaction: &mut PgConnection, id: TableId, guests: i32) -> Result<Vec<Brief>, sqlx::Error> {
    sqlx::query_as(sql::AHEAD).bind(id).bind(guests).fetch_all(transaction).await
}
