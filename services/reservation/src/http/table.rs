//! Tables: a public list, and the administrator's changes.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::http::identity::{Admin, Visitor};
use chassis::http::old::etag;
use chassis::http::old::input::Input;
use chassis::http::old::page::Page;
use chassis::http::old::rule;
use chassis::http::problem::{OnConstraint as _, Problem};
use http::StatusCode;

use super::{AppState, created, refusal, with_etag};
use crate::store::table::{self, Table, TableValues};

/// A table as it is to be.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it is only described; store::table::TableValues is what is read")]
pub struct TableBody {
    /// The number that stands on it: 1 to 2,147,483,647, and no other table's.
    #[schema(example = 7, minimum = 1)]
    table_number: i32,
    /// How many it seats.
    #[schema(example = 4, minimum = 1, maximum = 12)]
    capacity: i32,
    /// What there is to say about it.
    #[schema(example = "By the window", max_length = 2000)]
    description: Option<String>,
    /// Whether it can be booked.
    #[schema(default = true)]
    is_active: Option<bool>,
}

fn read(input: &mut Input) -> TableValues {
    TableValues {
        table_number: input.required("table_number", rule::integer(1, i32::MAX)),
        capacity: input.required("capacity", rule::integer(1, 12)),
        description: input.optional("description", rule::optional_text(rule::LONG_TEXT)),
        is_active: input.or_default("is_active", true, rule::boolean),
    }
}

fn number_taken(values: &TableValues) -> impl FnOnce() -> Problem {
    let number = values.table_number;
    move || Problem::new(&refusal::TABLE_NUMBER_TAKEN, format!("Another table has the number {number}."))
}

/// List the tables
///
/// The active tables by their number; for an administrator, who asks for it, all of them.
#[utoipa::path(get, path = "/reservations/tables", operation_id = "list_tables", tag = "tables", security((), ("bearer" = [])),
    params(
        ("include_inactive" = Option<bool>, Query, description = "All tables, for an administrator"),
        ("limit" = Option<i32>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 100, example = 50),
        ("cursor" = Option<String>, Query, description = "From the Link header of the page before"),
    ),
    responses((status = 200, description = "A page of tables", body = Vec<Table>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one")))))]
pub async fn list(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let include_inactive = input.parameter("include_inactive", rule::boolean).unwrap_or(false);
    if include_inactive {
        visitor.admin()?;
    }
    let page = Page::<i32>::read(&mut input, if include_inactive { "all-tables" } else { "tables" });
    input.finish()?;
    let tables = table::list(state.pool(), include_inactive, page.after().copied(), page.fetch()).await?;
    Ok(page.respond(tables, |table| table.table_number))
}

/// Get a table
#[utoipa::path(get, path = "/reservations/tables/{id}", operation_id = "get_table", tag = "tables",
    params(("id" = i32, Path, description = "The id of the table", minimum = 1, example = 1), ("If-None-Match" = Option<String>, Header, description = "ETags that the caller has", example = "\"1\"")),
    responses(
        (status = 200, description = "The table", body = Table, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    ))]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let id = input.path_id("id");
    let condition = input.if_none_match();
    input.finish()?;
    let table = table::get(state.pool(), id).await?.ok_or_else(|| Problem::not_found("table"))?;
    Ok(etag::conditional(condition.as_ref(), etag::of_version(table.version), || axum::Json(&table).into_response()))
}

/// Add a table
#[utoipa::path(post, path = "/reservations/tables", operation_id = "create_table", tag = "tables", security(("bearer" = [])),
    request_body(content = TableBody, example = json!({"table_number": 7, "capacity": 4, "description": "By the window", "is_active": true})),
    responses((status = 201, description = "The table", body = Table,
        headers(("Location" = String, description = "Where the table is"), ("ETag" = String, description = "The version")))))]
pub async fn create(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let values = read(&mut input);
    input.finish()?;
    let table = table::insert(state.pool(), &values).await.on_constraint("table_number_key", number_taken(&values))?;
    Ok(created(format!("/reservations/tables/{}", table.id), table.version, &table))
}

/// Replace a table
///
/// A table with bookings ahead cannot be deactivated, nor be made smaller than a party that is booked.
#[utoipa::path(put, path = "/reservations/tables/{id}", operation_id = "replace_table", tag = "tables", security(("bearer" = [])),
    params(("id" = i32, Path, description = "The id of the table", minimum = 1, example = 1), ("If-Match" = Option<String>, Header, description = "The version to change", example = "*")),
    request_body(content = TableBody, example = json!({"table_number": 7, "capacity": 4, "description": "By the window", "is_active": true})),
    responses((status = 200, description = "The table", body = Table, headers(("ETag" = String, description = "The version")))))]
pub async fn replace(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let id = input.path_id("id");
    let condition = input.if_match();
    let values = read(&mut input);
    input.finish()?;
    let mut transaction = state.pool().begin().await?;
    let mut table = table::lock(&mut transaction, id).await?.ok_or_else(|| Problem::not_found("table"))?;
    etag::check(condition.as_ref(), table.version)?;
    if values != table.values() {
        let shrunk = if values.is_active { values.capacity } else { 0 };
        if !values.is_active || values.capacity < table.capacity {
            let ahead = table::ahead(&mut transaction, id, shrunk).await?;
            if !ahead.is_empty() {
                return Err(refusal::table_has_bookings(&ahead));
            }
        }
        table = table::update(&mut transaction, id, &values).await.on_constraint("table_number_key", number_taken(&values))?;
        transaction.commit().await?;
    }
    Ok(with_etag(StatusCode::OK, table.version, &table))
}

/// Remove a table
///
/// A table that never had a booking is removed; one whose bookings are all past or cancelled is deactivated.
#[utoipa::path(delete, path = "/reservations/tables/{id}", operation_id = "delete_table", tag = "tables", security(("bearer" = [])),
    params(("id" = i32, Path, description = "The id of the table", minimum = 1, example = 1), ("If-Match" = Option<String>, Header, description = "The version to remove", example = "*")),
    responses((status = 204, description = "The table can no longer be booked")))]
pub async fn remove(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let id = input.path_id("id");
    let condition = input.if_match();
    input.finish()?;
    let mut transaction = state.pool().begin().await?;
    let table = table::lock(&mut transaction, id).await?.ok_or_else(|| Problem::not_found("table"))?;
    etag::check(condition.as_ref(), table.version)?;
    let ahead = table::ahead(&mut transaction, id, 0).await?;
    if !ahead.is_empty() {
        return Err(refusal::table_has_bookings(&ahead));
    }
    table::remove(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
