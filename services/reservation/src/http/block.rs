//! Blocks: tables that are out of use for a while.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::RequestId;
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::Staff;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use chassis::http::text::Text;
use house::span::Span;
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};

use super::AppState;
use super::idempotency::{Key, claim, created, keyed, replay, respond, settle};
use super::table::judge_ids;
use crate::area::AreaId;
use crate::block::{self, Block, BlockId, BlockValues, Blocked};
use crate::codes;
use crate::edit::Edit;
use crate::refusal::{Refusal, Thing};
use crate::store;
use crate::store::idempotency::{self, Answer, Keyed, Scope};
use crate::store::list::Position;
use crate::table::TableId;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("list_blocks", &[&FORBIDDEN]),
    ("get_block", &[&FORBIDDEN, &PRECONDITION_FAILED]),
    ("create_block", &[&FORBIDDEN, &codes::IDEMPOTENCY_KEY_REUSED]),
    ("create_block", block::ADD_REFUSALS),
    ("delete_block", &[&FORBIDDEN, &PRECONDITION_FAILED]),
];

const PATH: &str = "/reservations/blocks";
/// The most tables that a block may name.
const TABLES: usize = 500;
/// The longest that a block may last.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 30);

chassis::body! {
    /// Tables that are to be out of use for a while.
    pub struct NewBlock {
        /// The tables.
        #[example = [1]]
        pub table_ids: values TableId,
        /// An area, all of whose tables are blocked, in place of `table_ids`.
        pub area_id: optional AreaId,
        /// When it begins.
        #[example = "2030-05-17T12:00:00+02:00"]
        pub from: required Timestamp,
        /// When it ends: ahead, and 30 days after it begins at the latest.
        #[example = "2030-05-17T17:00:00+02:00"]
        pub until: required Timestamp,
        /// The reason.
        #[example = "Rain"]
        pub reason: optional Text<255>,
    }
}

/// Notes what is wrong with a block that follows the schema.
fn judge(input: &mut Input, body: &NewBlock, now: Timestamp) {
    if body.table_ids.is_empty() == body.area_id.is_none() {
        input.refuse_member("table_ids", "tables_or_area", "Name the tables, or the area in which they stand; one of the two.");
    }
    judge_ids(input, &body.table_ids, TABLES);
    if body.until <= body.from {
        input.refuse_member("until", "out_of_range", "This must be after `from`.");
    } else if body.until <= now {
        input.refuse_member("until", "in_the_past", "A block ends in the future.");
    } else if body.until.duration_since(body.from) > LONGEST {
        input.refuse_member("until", "out_of_range", "A block lasts 30 days at most.");
    }
}

chassis::query! {
    /// Which blocks.
    pub struct Which {
        /// Those that end after this time.
        #[example = "2030-05-17T00:00:00+02:00"]
        pub from: optional Timestamp,
        /// Those that begin before this time.
        #[example = "2030-05-18T00:00:00+02:00"]
        pub until: optional Timestamp,
    }
}

/// A block does not change: its id is its version.
fn etag_of(block: &Block) -> HeaderValue {
    etag::of_version(block.id.get())
}

/// List the blocks
///
/// Those in force at some time, or all, by when they begin.
#[utoipa::path(
    get,
    path = "/reservations/blocks",
    operation_id = "list_blocks",
    tag = "tables",
    security(("bearer" = [])),
    params(Which, Page<Position>),
    responses((status = 200, description = "A page of blocks", body = Vec<Block>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn list(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let (which, page) = (input.read::<Which>(), Page::<Position>::read(&mut input, "blocks"));
    let (which, page) = input.finish((which, page))?;
    let mut connection = state.connection().await?;
    let blocks = store::block::list(&mut connection, (which.from, which.until), page.after().copied(), page.fetch()).await?;
    Ok(page.respond(blocks, |block| Position::at(block.from, block.id.get())))
}

/// Get a block
#[utoipa::path(
    get,
    path = "/reservations/blocks/{id}",
    operation_id = "get_block",
    tag = "tables",
    security(("bearer" = [])),
    params(BlockId, Conditions),
    responses(
        (status = 200, description = "The block", body = Block, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<BlockId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let mut connection = state.connection().await?;
    let block = store::block::get(&mut connection, id).await?;
    let block = block.ok_or_else(|| state.problem(Refusal::NotFound(Thing::Block)))?;
    conditions.read(etag_of(&block), || Json(&block).into_response())
}

/// Block tables
///
/// Nobody books them for that time. Bookings that have them then prevent it; a party that sits there stays, and the block of its table begins
/// when it is expected to leave. With an Idempotency-Key the request can be repeated safely.
#[utoipa::path(
    post,
    path = "/reservations/blocks",
    operation_id = "create_block",
    tag = "tables",
    security(("bearer" = [])),
    params(Key),
    request_body(content = NewBlock, examples(
        ("tables" = (summary = "A table", value = json!({
            "table_ids": [1], "from": "2030-05-17T01:00:00+02:00", "until": "2030-05-17T02:00:00+02:00", "reason": "Repair"}))),
    )),
    responses((status = 201, description = "The block", body = Block, headers(
        ("Location" = String, description = "Where the block is"),
        ("ETag" = String, description = "The version"),
        ("Idempotency-Replayed" = Option<String>, description = "`true` where the answer was given before"))))
)]
pub async fn create(State(state): State<AppState>, Staff(caller): Staff, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let key = input.header::<Key>(Key::HEADER);
    let keyed = keyed(&input, key.as_ref(), Scope::User(caller.user_id), PATH);
    let body = input.read::<NewBlock>();
    if let Some(body) = &body {
        judge(&mut input, body, now);
    }
    let body = match (input.finish((key, body)), &keyed) {
        (Ok((_, body)), _) => body,
        // What was answered is answered again, even where the block has meanwhile ended.
        (Err(problem), Some(keyed)) => return idempotency::find(state.pool(), keyed).await?.map(replay).ok_or(problem),
        (Err(problem), None) => return Err(problem),
    };
    let values = BlockValues {
        blocked: body.area_id.map_or(Blocked::Tables(body.table_ids), Blocked::Area),
        span: Span { start: body.from, end: body.until },
        reason: body.reason,
    };
    let answered = answer(&state, &values, keyed.as_ref(), &input.request_id).await;
    answered.map_err(|refusal| state.problem(refusal))
}

async fn answer(state: &AppState, values: &BlockValues, keyed: Option<&Keyed>, request_id: &RequestId) -> Result<Response, Refusal> {
    let mut connection = state.pool().acquire().await?;
    let Some(keyed) = keyed else { return Ok(respond(made(&make(state, &mut connection, values).await?))) };
    let mut transaction = connection.begin().await?;
    if let Some(kept) = claim(state, &mut transaction, keyed).await? {
        return Ok(replay(kept));
    }
    let outcome = add(state, &mut transaction, values).await.map(|block| (made(&block), block));
    let (answer, block) = settle(state, transaction, keyed, request_id, outcome).await?;
    block.iter().for_each(|block| settled(state, block));
    Ok(respond(answer))
}

/// Blocks tables.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn make(state: &AppState, connection: &mut PgConnection, values: &BlockValues) -> Result<Block, Refusal> {
    let block = add(state, connection, values).await?;
    settled(state, &block);
    Ok(block)
}

async fn add(state: &AppState, connection: &mut PgConnection, values: &BlockValues) -> Result<Block, Refusal> {
    let mut edit = Edit::begin(connection).await?;
    let block = block::add(&mut edit, values).await?;
    edit.finish(state.room()).await?;
    Ok(block)
}

/// Forgets what was known before a block that is committed.
fn settled(state: &AppState, block: &Block) {
    state.room().memory.forget();
    state.room().tables.occupancy.forget(block.span());
}

fn made(block: &Block) -> Answer {
    created(format!("{PATH}/{}", block.id), &etag_of(block), block)
}

/// Remove a block
///
/// Its tables can be booked again.
#[utoipa::path(
    delete,
    path = "/reservations/blocks/{id}",
    operation_id = "delete_block",
    tag = "tables",
    security(("bearer" = [])),
    params(BlockId, Conditions),
    responses((status = 204, description = "There is no such block any more"))
)]
pub async fn remove(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<BlockId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    unmake(&state, &accepts, id).await.map_err(|refusal| state.problem(refusal))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Removes a block.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn unmake(state: &AppState, accepts: &(dyn Fn(i32) -> bool + Sync), id: BlockId) -> Result<(), Refusal> {
    let mut connection = state.pool().acquire().await?;
    let block = block::remove(&mut connection, state.room(), accepts, id).await?;
    settled(state, &block);
    Ok(())
}
