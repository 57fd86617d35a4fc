//! Changing the menu, for administrators.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::body::Body;
use chassis::http::etag::Conditions;
use chassis::http::identity::Admin;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use contract::DishId;
use http::{HeaderValue, StatusCode, header};

use crate::Menu;
use crate::dish::{Answer, MenuItemChange, MenuItemDraft};
use crate::memory::entry::Entry;
use crate::memory::snapshot::MENU;

#[utoipa::path(
    post,
    path = "/api/v1/menu",
    operation_id = "create_menu_item",
    tag = "menu",
    summary = "Add a dish",
    description = "For administrators. The event is `menu.item.created`.",
    request_body(content = MenuItemDraft, examples(
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
    let draft = input.read::<MenuItemDraft>();
    let draft = input.finish(draft)?;
    let dish = menu.add(&draft).await?;
    let location = HeaderValue::try_from(format!("{MENU}/{}", dish.id)).expect("a path of digits is a header value");
    let mut response = Entry::new(dish).respond(StatusCode::CREATED);
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

async fn put<B: Body + Into<MenuItemChange>>(menu: &Menu, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions, body) = (input.id::<DishId>(), input.conditions(), input.read::<B>());
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let dish = menu.change(id, &conditions, body.into()).await?;
    Ok(Entry::new(dish).respond(StatusCode::OK))
}

#[utoipa::path(
    put,
    path = "/api/v1/menu/{id}",
    operation_id = "replace_menu_item",
    tag = "menu",
    summary = "Replace a dish",
    description = "For administrators. A description that is left out is removed. The event is `menu.item.updated`. A dish that stays as it is \
        keeps its version, and there is no event.",
    params(DishId, Conditions),
    request_body(content = MenuItemDraft, example = json!({"name": "Borscht", "description": "Beetroot soup with sour cream", "price": "12.50"})),
    responses((status = 200, description = "The dish as it is now.", body = Answer<'_>, headers(
        ("ETag" = String, description = "`\"<version>\"`"),
    ))),
    security(("bearer" = [])),
)]
pub(crate) async fn replace(State(menu): State<Arc<Menu>>, _: Admin, input: Input) -> Result<Response, Problem> {
    put::<MenuItemDraft>(&menu, input).await
}

#[utoipa::path(
    patch,
    path = "/api/v1/menu/{id}",
    operation_id = "change_menu_item",
    tag = "menu",
    summary = "Change a dish",
    description = "For administrators. A member that is left out stays as it is. The event is `menu.item.updated`. A dish that stays as it is \
        keeps its version, and there is no event.",
    params(DishId, Conditions),
    request_body(content = MenuItemChange, examples(
        ("price" = (summary = "Another price", value = json!({"price": "13.00"}))),
        ("description" = (summary = "No description any more", value = json!({"description": null}))),
    )),
    responses((status = 200, description = "The dish as it is now.", body = Answer<'_>, headers(
        ("ETag" = String, description = "`\"<version>\"`"),
    ))),
    security(("bearer" = [])),
)]
pub(crate) async fn change(State(menu): State<Arc<Menu>>, _: Admin, input: Input) -> Result<Response, Problem> {
    put::<MenuItemChange>(&menu, input).await
}

#[utoipa::path(
    delete,
    path = "/api/v1/menu/{id}",
    operation_id = "delete_menu_item",
    tag = "menu",
    summary = "Remove a dish",
    description = "For administrators. The event is `menu.item.deleted`. The id is never given again.",
    params(DishId, Conditions),
    responses((status = 204, description = "The dish is off the menu.")),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(State(menu): State<Arc<Menu>>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<DishId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    menu.delete(id, &conditions).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
