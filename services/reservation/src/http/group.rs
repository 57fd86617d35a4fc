//! Groups of tables: a public list, and the administrator's changes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::Admin;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use chassis::http::text::Text;
use http::StatusCode;

use super::table::judge_ids;
use super::{AppState, with_etag, with_location};
use crate::booking::Guests;
use crate::codes::MANAGED_BY_RESOURCE;
use crate::group::{self, Group, GroupCapacity, GroupId, GroupValues};
use crate::refusal::{Refusal, Thing};
use crate::store;
use crate::table::TableId;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("get_table_group", &[&PRECONDITION_FAILED]),
    ("create_table_group", &[&FORBIDDEN, &MANAGED_BY_RESOURCE]),
    ("replace_table_group", &[&FORBIDDEN]),
    ("replace_table_group", group::REPLACE_REFUSALS),
    ("delete_table_group", &[&FORBIDDEN]),
    ("delete_table_group", group::REPLACE_REFUSALS),
];

/// The most tables that a group may have.
pub(crate) const TABLES: usize = 12;

chassis::body! {
    /// A group as it is to be.
    pub struct GroupBody {
        /// Its name.
        #[example = "Window"]
        pub name: required Text<100>,
        /// Its tables, 2 to 12, in use and all of one area.
        #[example = [2, 3]]
        pub table_ids: values TableId,
        /// How many guests they seat together, more than the largest of them seats alone.
        #[example = 7]
        pub capacity: required GroupCapacity,
        /// The smallest party of guests that it is given to, not above `capacity`; the staff may seat fewer.
        pub min_party: default Guests = Guests::MIN,
    }
}

impl GroupBody {
    fn values(self) -> GroupValues {
        let Self { name, table_ids, capacity, min_party } = self;
        GroupValues { name, table_ids, capacity, min_party }
    }
}

/// Notes what is wrong with a group that follows the schema.
fn judge(input: &mut Input, body: Option<&GroupBody>) {
    let Some(body) = body else { return };
    if body.table_ids.len() < 2 {
        input.refuse_member("table_ids", "too_few", "A group has at least 2 tables.");
    }
    judge_ids(input, &body.table_ids, TABLES);
    if body.min_party.get() > body.capacity.get() {
        input.refuse_member("min_party", "out_of_range", format!("This must be at most the capacity, {}.", body.capacity));
    }
}

/// List the groups of tables
///
/// By their id.
#[utoipa::path(
    get,
    path = "/reservations/table-groups",
    operation_id = "list_table_groups",
    tag = "tables",
    params(Page<i32>),
    responses((status = 200, description = "A page of groups", body = Vec<Group>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn list(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let page = Page::<i32>::read(&mut input, "groups");
    let page = input.finish(page)?;
    let mut connection = state.connection().await?;
    let groups = store::group::list(&mut connection, page.after().copied(), page.fetch()).await?;
    Ok(page.respond(groups, |group| group.id.get()))
}

/// Get a group
#[utoipa::path(
    get,
    path = "/reservations/table-groups/{id}",
    operation_id = "get_table_group",
    tag = "tables",
    params(GroupId, Conditions),
    responses(
        (status = 200, description = "The group", body = Group, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<GroupId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let mut connection = state.connection().await?;
    let group = store::group::get(&mut connection, id).await?;
    let group = group.ok_or_else(|| state.problem(Refusal::NotFound(Thing::Group)))?;
    conditions.read(etag::of_version(group.version), || Json(&group).into_response())
}

/// Add a group
#[utoipa::path(
    post,
    path = "/reservations/table-groups",
    operation_id = "create_table_group",
    tag = "tables",
    security(("bearer" = [])),
    request_body(content = GroupBody, example = json!({"name": "Window", "table_ids": [2, 3], "capacity": 7, "min_party": 5})),
    responses((status = 201, description = "The group", body = Group,
        headers(("Location" = String, description = "Where the group is"), ("ETag" = String, description = "The version"))))
)]
pub async fn create(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<GroupBody>();
    judge(&mut input, body.as_ref());
    let body = input.finish(body)?;
    let mut connection = state.connection().await?;
    let added = group::add(&mut connection, state.room(), &body.values()).await;
    let group = added.map_err(|refusal| state.problem(refusal))?;
    Ok(with_location(&format!("/reservations/table-groups/{}", group.id), etag::of_version(group.version), &group))
}

/// Replace a group
#[utoipa::path(
    put,
    path = "/reservations/table-groups/{id}",
    operation_id = "replace_table_group",
    tag = "tables",
    security(("bearer" = [])),
    params(GroupId, Conditions),
    request_body(content = GroupBody, example = json!({"name": "Window", "table_ids": [2, 3], "capacity": 6})),
    responses((status = 200, description = "The group", body = Group, headers(("ETag" = String, description = "The version"))))
)]
pub async fn replace(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions, body) = (input.id::<GroupId>(), input.conditions(), input.read::<GroupBody>());
    judge(&mut input, body.as_ref());
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let replaced = group::replace(&mut connection, state.room(), &accepts, id, &body.values()).await;
    let group = replaced.map_err(|refusal| state.problem(refusal))?;
    Ok(with_etag(StatusCode::OK, group.version, &group))
}

/// Remove a group
///
/// Bookings that have its tables keep them.
#[utoipa::path(
    delete,
    path = "/reservations/table-groups/{id}",
    operation_id = "delete_table_group",
    tag = "tables",
    security(("bearer" = [])),
    params(GroupId, Conditions),
    responses((status = 204, description = "There is no such group any more"))
)]
pub async fn remove(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<GroupId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let removed = group::remove(&mut connection, state.room(), &accepts, id).await;
    removed.map_err(|refusal| state.problem(refusal))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
