//! Areas: a public list, and the administrator's changes.

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

use super::{AppState, with_etag, with_location};
use crate::area::{self, Area, AreaId, AreaValues, Position};
use crate::refusal::{Refusal, Thing};
use crate::store;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("get_area", &[&PRECONDITION_FAILED]),
    ("create_area", &[&FORBIDDEN]),
    ("create_area", area::ADD_REFUSALS),
    ("replace_area", &[&FORBIDDEN]),
    ("replace_area", area::REPLACE_REFUSALS),
    ("delete_area", &[&FORBIDDEN]),
    ("delete_area", area::REMOVE_REFUSALS),
];

chassis::body! {
    /// An area as it is to be.
    pub struct AreaBody {
        /// Its name, which no other area has.
        #[example = "Terrace"]
        pub name: required Text<100>,
        /// Whether guests may book there; the staff always may.
        pub online: default bool = true,
        /// Tables of the area with the lowest position are given out first.
        pub position: default Position = Position::MIN,
    }
}

impl AreaBody {
    fn values(self) -> AreaValues {
        let Self { name, online, position } = self;
        AreaValues { name, online, position }
    }
}

/// List the areas
///
/// By their position.
#[utoipa::path(
    get,
    path = "/reservations/areas",
    operation_id = "list_areas",
    tag = "tables",
    params(Page<(i32, i32)>),
    responses((status = 200, description = "A page of areas", body = Vec<Area>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn list(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let page = Page::<(i32, i32)>::read(&mut input, "areas");
    let page = input.finish(page)?;
    let mut connection = state.connection().await?;
    let areas = store::area::list(&mut connection, page.after().copied(), page.fetch()).await?;
    Ok(page.respond(areas, |area| (area.position, area.id.get())))
}

/// Get an area
#[utoipa::path(
    get,
    path = "/reservations/areas/{id}",
    operation_id = "get_area",
    tag = "tables",
    params(AreaId, Conditions),
    responses(
        (status = 200, description = "The area", body = Area, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<AreaId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let mut connection = state.connection().await?;
    let area = store::area::get(&mut connection, id).await?;
    let area = area.ok_or_else(|| state.problem(Refusal::NotFound(Thing::Area)))?;
    conditions.read(etag::of_version(area.version), || Json(&area).into_response())
}

/// Add an area
#[utoipa::path(
    post,
    path = "/reservations/areas",
    operation_id = "create_area",
    tag = "tables",
    security(("bearer" = [])),
    request_body(content = AreaBody, example = json!({"name": "Garden", "online": true, "position": 1})),
    responses((status = 201, description = "The area", body = Area,
        headers(("Location" = String, description = "Where the area is"), ("ETag" = String, description = "The version"))))
)]
pub async fn create(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<AreaBody>();
    let body = input.finish(body)?;
    let mut connection = state.connection().await?;
    let added = area::add(&mut connection, state.room(), &body.values()).await;
    let area = added.map_err(|refusal| state.problem(refusal))?;
    Ok(with_location(&format!("/reservations/areas/{}", area.id), etag::of_version(area.version), &area))
}

/// Replace an area
#[utoipa::path(
    put,
    path = "/reservations/areas/{id}",
    operation_id = "replace_area",
    tag = "tables",
    security(("bearer" = [])),
    params(AreaId, Conditions),
    request_body(content = AreaBody, example = json!({"name": "Terrace", "online": false, "position": 0})),
    responses((status = 200, description = "The area", body = Area, headers(("ETag" = String, description = "The version"))))
)]
pub async fn replace(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions, body) = (input.id::<AreaId>(), input.conditions(), input.read::<AreaBody>());
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let replaced = area::replace(&mut connection, state.room(), &accepts, id, &body.values()).await;
    let area = replaced.map_err(|refusal| state.problem(refusal))?;
    Ok(with_etag(StatusCode::OK, area.version, &area))
}

/// Remove an area
///
/// No table may stand in it, in use or not.
#[utoipa::path(
    delete,
    path = "/reservations/areas/{id}",
    operation_id = "delete_area",
    tag = "tables",
    security(("bearer" = [])),
    params(AreaId, Conditions),
    responses((status = 204, description = "There is no such area any more"))
)]
pub async fn remove(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<AreaId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let removed = area::remove(&mut connection, state.room(), &accepts, id).await;
    removed.map_err(|refusal| state.problem(refusal))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
