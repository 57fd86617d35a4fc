//! The dishes in the database. A change and its event commit together.

use chassis::events::outbox::Outbox;
use chassis::http::old::etag::{self, Condition};
use chassis::http::problem::Problem;
use contract::MenuEvent;
use sqlx::{PgConnection, PgPool, PgTransaction};

use crate::event;
use crate::item::{Change, Draft, Item};

/// Every dish, and the last id that was allotted.
pub(crate) struct Everything {
    pub(crate) items: Vec<Item>,
    pub(crate) last_id: i32,
}

/// Reads every dish.
pub(crate) async fn read(pool: &PgPool) -> Result<Everything, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let items = sqlx::query_as("SELECT id, name, description, price, version, created_at, updated_at FROM menuitem ORDER BY id")
        .fetch_all(&mut *connection)
        .await?;
    // After the dishes: an id up to this one that is not among them is deleted, or was not committed when they were read.
    let last_id = sqlx::query_scalar("SELECT last_value::integer FROM menuitem_id_seq").fetch_one(&mut *connection).await?;
    Ok(Everything { items, last_id })
}

/// Puts a dish onto the menu.
pub(crate) async fn create(pool: &PgPool, outbox: &Outbox, draft: &Draft) -> Result<Item, Problem> {
    let mut transaction = pool.begin().await?;
    let item: Item = sqlx::query_as(
        "INSERT INTO menuitem (name, description, price) VALUES ($1, $2, $3)
         RETURNING id, name, description, price, version, created_at, updated_at",
    )
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(draft.price)
    .fetch_one(&mut *transaction)
    .await?;
    commit(transaction, outbox, &event::created(&item)).await?;
    Ok(item)
}

/// Changes a dish. One that would be as it was is left alone: it keeps its version, and nothing is told.
pub(crate) async fn change(
    pool: &PgPool,
    outbox: &Outbox,
    id: i32,
    condition: Option<&Condition>,
    change: Change,
) -> Result<Item, Problem> {
    let mut transaction = pool.begin().await?;
    let item = lock(&mut transaction, id, condition).await?;
    let Some(draft) = change.applied_to(&item) else { return Ok(item) };
    // clock_timestamp(): now() is when the transaction began, which may be before the change that it waited for.
    let item: Item = sqlx::query_as(
        "UPDATE menuitem SET name = $2, description = $3, price = $4, version = version + 1, updated_at = clock_timestamp() WHERE id = $1
         RETURNING id, name, description, price, version, created_at, updated_at",
    )
    .bind(id)
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(draft.price)
    .fetch_one(&mut *transaction)
    .await?;
    commit(transaction, outbox, &event::updated(&item)).await?;
    Ok(item)
}

/// Takes a dish off the menu.
pub(crate) async fn delete(pool: &PgPool, outbox: &Outbox, id: i32, condition: Option<&Condition>) -> Result<(), Problem> {
    let mut transaction = pool.begin().await?;
    let item = lock(&mut transaction, id, condition).await?;
    sqlx::query("DELETE FROM menuitem WHERE id = $1").bind(id).execute(&mut *transaction).await?;
    commit(transaction, outbox, &event::deleted(&item)).await
}

/// The dish, which nobody else changes until the transaction ends, where it is of a version that the condition names.
async fn lock(transaction: &mut PgConnection, id: i32, condition: Option<&Condition>) -> Result<Item, Problem> {
    let found: Option<Item> =
        sqlx::query_as("SELECT id, name, description, price, version, created_at, updated_at FROM menuitem WHERE id = $1 FOR UPDATE")
            .bind(id)
            .fetch_optional(transaction)
            .await?;
    let item = found.ok_or_else(|| Problem::not_found("dish"))?;
    etag::check(condition, item.version)?;
    Ok(item)
}

async fn commit(mut transaction: PgTransaction<'_>, outbox: &Outbox, event: &MenuEvent) -> Result<(), Problem> {
    outbox.write(&mut transaction, event).await?;
    transaction.commit().await?;
    outbox.wake();
    Ok(())
}
