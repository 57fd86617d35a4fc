//! Groups of tables.

use sqlx::PgConnection;

use super::sql;
use crate::group::{Group, GroupId, GroupValues};
use crate::table::TableId;

/// The group of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: GroupId) -> Result<Option<Group>, sqlx::Error> {
    sqlx::query_as(sql::GROUP).bind(id).fetch_optional(connection).await
}

/// Groups by their id, after the given one.
///
/// # Errors
/// Where the database fails.
pub async fn list(connection: &mut PgConnection, after: Option<i32>, limit: i64) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as(sql::GROUPS).bind(after.unwrap_or(0)).bind(limit).fetch_all(connection).await
}

/// The groups of which a table is part.
///
/// # Errors
/// Where the database fails.
pub async fn of_table(connection: &mut PgConnection, id: TableId) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as(sql::GROUPS_OF_TABLE).bind(id).fetch_all(connection).await
}

/// Adds a group.
///
/// # Errors
/// Where the database fails.
pub async fn insert(connection: &mut PgConnection, values: &GroupValues) -> Result<Group, sqlx::Error> {
    let add = sqlx::query_as(sql::ADD_GROUP).bind(&values.name).bind(&values.table_ids);
    add.bind(values.capacity).bind(values.min_party).fetch_one(connection).await
}

/// Gives a group new values.
///
/// # Errors
/// Where the database fails.
pub async fn update(connection: &mut PgConnection, id: GroupId, values: &GroupValues) -> Result<Group, sqlx::Error> {
    let replace = sqlx::query_as(sql::REPLACE_GROUP).bind(id).bind(&values.name).bind(&values.table_ids);
    replace.bind(values.capacity).bind(values.min_party).fetch_one(connection).await
}

/// Removes a group.
///
/// # Errors
/// Where the database fails.
pub async fn remove(connection: &mut PgConnection, id: GroupId) -> Result<(), sqlx::Error> {
    sqlx::query(sql::REMOVE_GROUP).bind(id).execute(connection).await?;
    Ok(())
}
