//! Tables: a public list, and the administrator's changes.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED, UNAUTHENTICATED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::{Admin, Visitor};
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use chassis::http::text::Text;
use http::StatusCode;

use super::{AppState, with_etag, with_location};
use crate::area::AreaId;
use crate::refusal::{Refusal, Thing};
use crate::store;
use crate::table::{self, Capacity, Table, TableId, TableNumber, TableValues};

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("list_tables", &[&UNAUTHENTICATED, &FORBIDDEN]),
    ("get_table", &[&PRECONDITION_FAILED]),
    ("create_table", &[&FORBIDDEN]),
    ("create_table", table::ADD_REFUSALS),
    ("replace_table", &[&FORBIDDEN]),
    ("replace_table", table::REPLACE_REFUSALS),
    ("delete_table", &[&FORBIDDEN]),
    ("delete_table", table::REMOVE_REFUSALS),
];

chassis::body! {
    /// A table as it is to be.
    pub struct TableBody {
        /// The number that stands on it, which no other table has.
        #[example = 7]
        pub table_number: required TableNumber,
        /// How many guests it seats.
        #[example = 4]
        pub capacity: required Capacity,
        /// A description for guests, or null.
        #[example = "By the window"]
        pub description: optional Text<2000>,
        /// Whether it can be booked.
        pub is_active: default bool = true,
        /// The area in which it stands, or null.
        pub area_id: optional AreaId,
        /// The smallest party of guests that it is given to, not above `capacity`; the staff may seat fewer.
        pub min_party: default Capacity = Capacity::MIN,
        /// Whether guests may book it; the staff always may.
        pub online: default bool = true,
    }
}

impl TableBody {
    fn values(self) -> TableValues {
        let Self { table_number, capacity, description, is_active, area_id, min_party, online } = self;
        TableValues { table_number, capacity, description, is_active, area_id, min_party, online }
    }
}

/// Notes what is wrong with a table that follows the schema.
fn judge(input: &mut Input, body: Option<&TableBody>) {
    if let Some(body) = body.filter(|body| body.min_party > body.capacity) {
        input.refuse_member("min_party", "out_of_range", format!("This must be at most the capacity, {}.", body.capacity));
    }
}

/// The most tables that one booking may name.
const NAMED: usize = 6;

/// Notes what is wrong with how tables are named: by more than one of `table_id`, `table_ids` and `area_id`, or by ids that are too many or
/// given twice.
pub(super) fn judge_names(input: &mut Input, table: bool, table_ids: &[TableId], area: Option<AreaId>) {
    let named = [table, !table_ids.is_empty(), area.is_some()];
    if named.iter().filter(|named| **named).count() > 1 {
        let member = if area.is_some() { "area_id" } else { "table_ids" };
        input.refuse_member(member, "table_or_area", "Name a table, tables or an area; one of them.");
    }
    judge_ids(input, table_ids, NAMED);
}

/// Refuses a list of tables that names none: left out, the house chooses.
pub(super) fn refuse_no_tables(input: &mut Input) {
    if input.has_empty_list("table_ids") {
        input.refuse_member("table_ids", "too_few", "Name at least one table, or leave this out: then the house chooses.");
    }
}

/// Notes what is wrong with a list of tables: at most so many, each once.
pub(super) fn judge_ids(input: &mut Input, table_ids: &[TableId], most: usize) {
    if table_ids.len() > most {
        input.refuse_member("table_ids", "too_many", format!("There may be at most {most} tables."));
    } else if table_ids.iter().enumerate().any(|(at, id)| table_ids[..at].contains(id)) {
        input.refuse_member("table_ids", "repeated", "Each table must be given once.");
    }
}

chassis::query! {
    /// Which tables.
    pub struct Which {
        /// Whether tables that are not in use are listed too, to an administrator.
        pub include_inactive: default bool = false,
    }
}

/// List the tables
///
/// The active tables by their number; on request, all tables to an administrator.
#[utoipa::path(
    get,
    path = "/reservations/tables",
    operation_id = "list_tables",
    tag = "tables",
    security((), ("bearer" = [])),
    params(Which, Page<i32>),
    responses((status = 200, description = "A page of tables", body = Vec<Table>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn list(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let which = input.read::<Which>();
    let include_inactive = which.as_ref().is_some_and(|which| which.include_inactive);
    if include_inactive {
        visitor.admin()?;
    }
    let page = Page::<i32>::read(&mut input, if include_inactive { "all-tables" } else { "tables" });
    let (_, page) = input.finish((which, page))?;
    let mut connection = state.connection().await?;
    let tables = store::table::list(&mut connection, include_inactive, page.after().copied(), page.fetch()).await?;
    Ok(page.respond(tables, |table| table.table_number))
}

/// Get a table
#[utoipa::path(
    get,
    path = "/reservations/tables/{id}",
    operation_id = "get_table",
    tag = "tables",
    params(TableId, Conditions),
    responses(
        (status = 200, description = "The table", body = Table, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<TableId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let mut connection = state.connection().await?;
    let table = store::table::get(&mut connection, id).await?;
    let table = table.ok_or_else(|| state.problem(Refusal::NotFound(Thing::Table)))?;
    conditions.read(etag::of_version(table.version), || axum::Json(&table).into_response())
}

/// Add a table
#[utoipa::path(
    post,
    path = "/reservations/tables",
    operation_id = "create_table",
    tag = "tables",
    security(("bearer" = [])),
    request_body(content = TableBody, example = json!({"table_number": 77, "capacity": 4, "description": "By the window", "is_active": true})),
    responses((status = 201, description = "The table", body = Table,
        headers(("Location" = String, description = "Where the table is"), ("ETag" = String, description = "The version"))))
)]
pub async fn create(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<TableBody>();
    judge(&mut input, body.as_ref());
    let body = input.finish(body)?;
    let mut connection = state.connection().await?;
    let added = table::add(&mut connection, state.room(), &body.values()).await;
    let table = added.map_err(|refusal| state.problem(refusal))?;
    Ok(with_location(&format!("/reservations/tables/{}", table.id), etag::of_version(table.version), &table))
}

/// Replace a table
///
/// A table with bookings ahead cannot be deactivated, nor become too small for a party that is booked.
#[utoipa::path(
    put,
    path = "/reservations/tables/{id}",
    operation_id = "replace_table",
    tag = "tables",
    security(("bearer" = [])),
    params(TableId, Conditions),
    request_body(content = TableBody, example = json!({"table_number": 1, "capacity": 4, "description": "By the window", "is_active": true})),
    responses((status = 200, description = "The table", body = Table, headers(("ETag" = String, description = "The version"))))
)]
pub async fn replace(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions, body) = (input.id::<TableId>(), input.conditions(), input.read::<TableBody>());
    judge(&mut input, body.as_ref());
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let replaced = table::replace(&mut connection, state.room(), &accepts, id, &body.values()).await;
    let table = replaced.map_err(|refusal| state.problem(refusal))?;
    Ok(with_etag(StatusCode::OK, table.version, &table))
}

/// Remove a table
///
/// A table that never had a booking is removed. One whose bookings are all past or cancelled is deactivated.
#[utoipa::path(
    delete,
    path = "/reservations/tables/{id}",
    operation_id = "delete_table",
    tag = "tables",
    security(("bearer" = [])),
    params(TableId, Conditions),
    responses((status = 204, description = "The table can no longer be booked"))
)]
pub async fn remove(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<TableId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let removed = table::remove(&mut connection, state.room(), &accepts, id).await;
    removed.map_err(|refusal| state.problem(refusal))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
