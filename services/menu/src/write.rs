//! What the administrator may do to the menu.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::Admin;
use chassis::http::old::input::Input;
use chassis::http::problem::Problem;
use http::{HeaderValue, StatusCode, header};
use utoipa::IntoParams;

use crate::Menu;
use crate::entry::Entry;
use crate::event::News;
use crate::item::{Answer, Change, Draft, Item};
use crate::snapshot::MENU;
use crate::store;

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it is only described; chassis::http::old::etag reads the header")]
struct IfMatch {
    /// Entity tags of the versions that may be changed, or `*`. Without it, any may.
    #[param(rename = "If-Match", value_type = String, required = false, example = "\"3\"")]
    if_match: Option<String>,
}

/// The dish as its author sees it, who reads it from now on too.
async fn written(menu: &Menu, item: Item, status: StatusCode) -> Response {
    menu.cache.note_own(News::Is(item.clone())).await;
    Entry::new(item).respond(status)
}

#[utoipa::path(
    post,
    path = "/api/v1/menu",
    operation_id = "create_menu_item",
    tag = "menu",
    summary = "Add a dish",
    description = "For the administrator. Tells `menu.item.created`.",
    request_body(content = Draft, examples(
        ("soup" = (summary = "A dish", value = json!({"name": "Borscht", "description": "Beetroot soup with sour cream", "price": "12.50"}))),
        ("tea" = (summary = "The least", value = json!({"name": "Tea", "price": 3}))),
    )),
    responses((status = 201, description = "The dish is on the menu.", body = Answer<'_>, headers(
        ("Location" = String, description = "Where the dish is."),
        ("ETag" = String, description = "`\"<version>\"`"),
    ))),
    security(("bearer" = [])),
)]
pub(crate) async fn create(State(menu): State<Arc<Menu>>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let draft = Draft::read(&mut input);
    input.finish()?;
    let item = store::create(&menu.pool, &menu.outbox, &draft).await?;
    let location = HeaderValue::try_from(format!("{MENU}/{}", item.id)).map_err(Problem::internal)?;
    let mut response = written(&menu, item, StatusCode::CREATED).await;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

async fn put(menu: &Menu, mut input: Input, read: impl FnOnce(&mut Input) -> Change) -> Result<Response, Problem> {
    input.json_body()?;
    let (id, condition, change) = (input.path_id("id"), input.if_match(), read(&mut input));
    input.finish()?;
    let item = store::change(&menu.pool, &menu.outbox, id, condition.as_ref(), change).await?;
    Ok(written(menu, item, StatusCode::OK).await)
}

#[utoipa::path(
    put,
    path = "/api/v1/menu/{id}",
    operation_id = "replace_menu_item",
    tag = "menu",
    summary = "Replace a dish",
    description = "For the administrator. A description that is left out is removed. Tells `menu.item.updated`, where anything is different; \
        else the dish keeps its version.",
    params(("id" = i32, Path, description = "The id of the dish.", minimum = 1, example = 7), IfMatch),
    request_body(content = Draft, example = json!({"name": "Borscht", "description": "Beetroot soup with sour cream", "price": "12.50"})),
    responses((status = 200, description = "The dish as it is now.", body = Answer<'_>, headers(
        ("ETag" = String, description = "`\"<version>\"`"),
    ))),
    security(("bearer" = [])),
)]
pub(crate) async fn replace(State(menu): State<Arc<Menu>>, _: Admin, input: Input) -> Result<Response, Problem> {
    put(&menu, input, |input| Draft::read(input).into()).await
}

#[utoipa::path(
    patch,
    path = "/api/v1/menu/{id}",
    operation_id = "change_menu_item",
    tag = "menu",
    summary = "Change a dish",
    description = "For the administrator. What is left out stays as it is. Tells `menu.item.updated`, where anything is different; else the \
        dish keeps its version.",
    params(("id" = i32, Path, description = "The id of the dish.", minimum = 1, example = 7), IfMatch),
    request_body(content = Change, examples(
        ("price" = (summary = "Another price", value = json!({"price": "13.00"}))),
        ("description" = (summary = "No description any more", value = json!({"description": null}))),
    )),
    responses((status = 200, description = "The dish as it is now.", body = Answer<'_>, headers(
        ("ETag" = String, description = "`\"<version>\"`"),
    ))),
    security(("bearer" = [])),
)]
pub(crate) async fn change(State(menu): State<Arc<Menu>>, _: Admin, input: Input) -> Result<Response, Problem> {
    put(&menu, input, Change::read).await
}

#[utoipa::path(
    delete,
    path = "/api/v1/menu/{id}",
    operation_id = "delete_menu_item",
    tag = "menu",
    summary = "Take a dish off the menu",
    description = "For the administrator. Tells `menu.item.deleted`. Its id is never given again.",
    params(("id" = i32, Path, description = "The id of the dish.", minimum = 1, example = 7), IfMatch),
    responses((status = 204, description = "The dish is off the menu.")),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(State(menu): State<Arc<Menu>>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, condition) = (input.path_id("id"), input.if_match());
    input.finish()?;
    store::delete(&menu.pool, &menu.outbox, id, condition.as_ref()).await?;
    menu.cache.note_own(News::Gone(id)).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}
