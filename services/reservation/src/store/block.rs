//! Blocks of tables.

use house::span::Span;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow as _, PgConnection, Row as _};

use super::list::Position;
use super::sql;
use crate::block::{Block, BlockId, BlockValues, Holder, InTheWay};
use crate::booking::Brief;
use crate::table::TableId;

/// The block of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: BlockId) -> Result<Option<Block>, sqlx::Error> {
    sqlx::query_as(sql::BLOCK).bind(id).fetch_optional(connection).await
}

/// Blocks that are in force within a stretch of time, by when they begin, after the given one.
///
/// # Errors
/// Where the database fails.
pub async fn list(
    connection: &mut PgConnection,
    (from, until): (Option<Timestamp>, Option<Timestamp>),
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Block>, sqlx::Error> {
    sqlx::query_as(sql::BLOCKS)
        .bind(from.map(|from| from.to_sqlx()))
        .bind(until.map(|until| until.to_sqlx()))
        .bind(after.map(|after| after.parts().0.to_sqlx()))
        .bind(after.map(|after| after.parts().1))
        .bind(limit)
        .fetch_all(connection)
        .await
}

/// What holds tables within a stretch of time.
///
/// # Errors
/// Where the database fails.
pub async fn in_the_way(connection: &mut PgConnection, tables: &[TableId], span: Span) -> Result<Vec<InTheWay>, sqlx::Error> {
    let rows = sqlx::query(sql::IN_THE_WAY).bind(tables).bind(span.start.to_sqlx()).bind(span.end.to_sqlx()).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let by = match row.try_get::<Option<BlockId>, _>("block_id")? {
                Some(id) => Holder::Block(id),
                None if row.try_get("sits")? => Holder::Sitting,
                None => Holder::Booking(Brief::from_row(row)?),
            };
            Ok(InTheWay { table_id: row.try_get("table_id")?, by, end: row.try_get::<jiff_sqlx::Timestamp, _>("end_at")?.to_jiff() })
        })
        .collect()
}

/// Adds a block, which holds each of the tables from a start of its own.
///
/// # Errors
/// Where the database fails.
pub async fn insert(
    connection: &mut PgConnection,
    values: &BlockValues,
    tables: &[TableId],
    starts: &[Timestamp],
) -> Result<Block, sqlx::Error> {
    let add = sqlx::query_as::<_, Block>(sql::ADD_BLOCK).bind(tables).bind(values.span.start.to_sqlx()).bind(values.span.end.to_sqlx());
    let block = add.bind(&values.reason).fetch_one(&mut *connection).await?;
    let starts: Vec<_> = starts.iter().map(|start| start.to_sqlx()).collect();
    let hold = sqlx::query(sql::HOLD_BLOCK).bind(block.id).bind(tables).bind(starts).bind(values.span.end.to_sqlx());
    hold.execute(connection).await?;
    Ok(block)
}

/// Has blocks that waited until a party left hold its tables from now on.
///
/// # Errors
/// Where the database fails.
pub async fn fill(transaction: &mut PgConnection, tables: &[TableId], now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(sql::FILL_BLOCKS).bind(tables).bind(now.to_sqlx()).execute(transaction).await?;
    Ok(())
}

/// Removes a block, and what it holds.
///
/// # Errors
/// Where the database fails.
pub async fn remove(connection: &mut PgConnection, id: BlockId) -> Result<(), sqlx::Error> {
    sqlx::query(sql::REMOVE_BLOCK).bind(id).execute(connection).await?;
    Ok(())
}
