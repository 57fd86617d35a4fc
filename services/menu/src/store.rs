//! The dishes in the database. A change and its event commit together.

use chassis::events::outbox::Outbox;
use chassis::http::etag::Conditions;
use chassis::http::problem::Problem;
use contract::{DishId, MenuEvent};
use sqlx::{PgConnection, PgPool, PgTransaction};

use crate::dish::{Dish, MenuItemChange, MenuItemDraft};
use crate::events;

/// Every dish, and the last id that was allotted.
pub(crate) struct Everything {
    pub(crate) dishes: Vec<Dish>,
    pub(crate) last_id: i32,
}

/// Reads every dish.
pub(crate) async fn read(pool: &PgPool) -> Result<Everything, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let dishes = sqlx::query_as("SELECT id, name, description, price, version, created_at, updated_at FROM menuitem ORDER BY id")
        .fetch_all(&mut *connection)
        .await?;
    // After the dishes: an id up to this one that is not among them is deleted, or was not committed when they were read.
    let last_id = sqlx::query_scalar("SELECT last_value::integer FROM menuitem_id_seq").fetch_one(&mut *connection).await?;
    Ok(Everything { dishes, last_id })
}

/// Reads a dish, if it is on the menu.
pub(crate) async fn get(pool: &PgPool, id: DishId) -> Result<Option<Dish>, sqlx::Error> {
    sqlx::query_as("SELECT id, name, description, price, version, created_at, updated_at FROM menuitem WHERE id = $1")
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// What became of a dish that was to be added.
pub(crate) enum Added {
    /// It is on the menu.
    Now(Dish),
    /// The same form has added it before; its id, where it is still on the menu.
    Before(Option<DishId>),
}

/// Puts a dish onto the menu, but not twice by a form of the same digest.
pub(crate) async fn create(pool: &PgPool, outbox: &Outbox, draft: &MenuItemDraft, form: Option<&[u8]>) -> Result<Added, Problem> {
    let mut transaction = pool.begin().await?;
    let dish: Option<Dish> = sqlx::query_as(
        "INSERT INTO menuitem (name, description, price, form) VALUES ($1, $2, $3, $4) ON CONFLICT (form) DO NOTHING
         RETURNING id, name, description, price, version, created_at, updated_at",
    )
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(draft.price)
    .bind(form)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(dish) = dish else {
        let before = sqlx::query_scalar("SELECT id FROM menuitem WHERE form = $1").bind(form).fetch_optional(&mut *transaction).await?;
        return Ok(Added::Before(before));
    };
    commit(transaction, outbox, &events::created(&dish)).await?;
    Ok(Added::Now(dish))
}

/// Changes a dish. One that would be as it was is left alone: it keeps its version, and nothing is told.
pub(crate) async fn change(
    pool: &PgPool,
    outbox: &Outbox,
    id: DishId,
    conditions: &Conditions,
    change: MenuItemChange,
) -> Result<Dish, Problem> {
    let mut transaction = pool.begin().await?;
    let dish = lock(&mut transaction, id, conditions).await?;
    let Some(draft) = change.applied_to(&dish) else { return Ok(dish) };
    // clock_timestamp(): now() is when the transaction began, which may be before the change that it waited for.
    let dish: Dish = sqlx::query_as(
        "UPDATE menuitem SET name = $2, description = $3, price = $4, version = version + 1, updated_at = clock_timestamp() WHERE id = $1
         RETURNING id, name, description, price, version, created_at, updated_at",
    )
    .bind(id)
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(draft.price)
    .fetch_one(&mut *transaction)
    .await?;
    commit(transaction, outbox, &events::updated(&dish)).await?;
    Ok(dish)
}

/// Takes a dish off the menu.
pub(crate) async fn delete(pool: &PgPool, outbox: &Outbox, id: DishId, conditions: &Conditions) -> Result<(), Problem> {
    let mut transaction = pool.begin().await?;
    let dish = lock(&mut transaction, id, conditions).await?;
    sqlx::query("DELETE FROM menuitem WHERE id = $1").bind(id).execute(&mut *transaction).await?;
    commit(transaction, outbox, &events::deleted(&dish)).await
}

/// The dish, which nobody else changes until the transaction ends, where it is of a version that the conditions allow.
async fn lock(transaction: &mut PgConnection, id: DishId, conditions: &Conditions) -> Result<Dish, Problem> {
    let found: Option<Dish> =
        sqlx::query_as("SELECT id, name, description, price, version, created_at, updated_at FROM menuitem WHERE id = $1 FOR UPDATE")
            .bind(id)
            .fetch_optional(transaction)
            .await?;
    let dish = found.ok_or_else(|| Problem::not_found("dish"))?;
    conditions.check_version(dish.version)?;
    Ok(dish)
}

async fn commit(mut transaction: PgTransaction<'_>, outbox: &Outbox, event: &MenuEvent) -> Result<(), Problem> {
    outbox.write(&mut transaction, event).await?;
    transaction.commit().await?;
    outbox.wake();
    Ok(())
}
