//! Areas.

use sqlx::PgConnection;

use super::sql;
use crate::area::{Area, AreaId, AreaValues};

/// The area of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: AreaId) -> Result<Option<Area>, sqlx::Error> {
    sqlx::query_as(sql::AREA).bind(id).fetch_optional(connection).await
}

/// Areas by their position and id, after the given ones.
///
/// # Errors
/// Where the database fails.
pub async fn list(connection: &mut PgConnection, after: Option<(i32, i32)>, limit: i64) -> Result<Vec<Area>, sqlx::Error> {
    let (position, id) = after.unwrap_or((-1, 0));
    sqlx::query_as(sql::AREAS).bind(position).bind(id).bind(limit).fetch_all(connection).await
}

/// Adds an area.
///
/// # Errors
/// Where the database fails; the constraint `area_name_key` where another area has the name.
pub async fn insert(connection: &mut PgConnection, values: &AreaValues) -> Result<Area, sqlx::Error> {
    sqlx::query_as(sql::ADD_AREA).bind(&values.name).bind(values.online).bind(values.position).fetch_one(connection).await
}

/// Gives an area new values.
///
/// # Errors
/// As [`insert`].
pub async fn update(connection: &mut PgConnection, id: AreaId, values: &AreaValues) -> Result<Area, sqlx::Error> {
    sqlx::query_as(sql::REPLACE_AREA).bind(id).bind(&values.name).bind(values.online).bind(values.position).fetch_one(connection).await
}

/// Removes an area; `false` where a table stands in it.
///
/// # Errors
/// Where the database fails.
pub async fn remove(connection: &mut PgConnection, id: AreaId) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(sql::REMOVE_AREA).bind(id).execute(connection).await?.rows_affected() > 0)
}
