//! Reading the menu: the list and a dish, from memory.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use chassis::http::etag::Conditions;
use chassis::http::input::Input;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use contract::DishId;
use http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Menu;
use crate::dish::Answer;
use crate::memory::entry::REVALIDATE;
use crate::memory::selection::{BY_ID, BY_NAME, BY_NAME_DESCENDING, BY_PRICE, BY_PRICE_DESCENDING, Order, Sort, Wanted};
use crate::memory::snapshot::Rendered;

#[utoipa::path(
    get,
    path = "/api/v1/menu",
    operation_id = "list_menu",
    tag = "menu",
    summary = "Get the menu",
    description = "The answer is an array; `Link` names the next page while there is one. The ETag is that of the page: a page that \
        `If-None-Match` names is answered 304 without a body.",
    params(Wanted, Page<DishId>, Conditions),
    responses(
        (status = 200, description = "A page of the menu.", body = [Answer<'_>], headers(
            ("ETag" = String, description = "The strong entity tag of the page."),
            ("Cache-Control" = String, description = "`no-cache`: keep it, and ask again by its ETag."),
            ("Link" = String, description = "`<...>; rel=\"next\"`, while there is more."),
        )),
        (status = 304, description = "The page has not changed.", headers(
            ("ETag" = String, description = "The strong entity tag of the page."),
            ("Cache-Control" = String, description = "`no-cache`."),
        )),
    ),
)]
pub(crate) async fn list(State(menu): State<Arc<Menu>>, request: Request) -> Result<Response, Problem> {
    // The list without parameters is ready in memory, so the input is not read: there is none.
    let headers = request.headers();
    let conditional = headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MATCH);
    if request.uri().query().is_none_or(str::is_empty) && !conditional {
        return Ok(menu.cache.snapshot().plain.respond());
    }
    let mut input = Input::from_request(request, &()).await?;
    let wanted = Wanted::of(&mut input);
    match wanted.as_ref().and_then(|wanted| wanted.sort) {
        None => page(&menu, input, wanted, &BY_ID),
        Some(Sort::Name) => page(&menu, input, wanted, &BY_NAME),
        Some(Sort::NameDescending) => page(&menu, input, wanted, &BY_NAME_DESCENDING),
        Some(Sort::Price) => page(&menu, input, wanted, &BY_PRICE),
        Some(Sort::PriceDescending) => page(&menu, input, wanted, &BY_PRICE_DESCENDING),
    }
}

fn page<K: Ord + Serialize + DeserializeOwned>(
    menu: &Menu,
    mut input: Input,
    wanted: Option<Wanted>,
    order: &Order<K>,
) -> Result<Response, Problem> {
    let (page, conditions) = (Page::read(&mut input, order.name), input.conditions());
    let (wanted, page, conditions) = input.finish((wanted, page, conditions))?;
    let mut rows = order.select(&menu.cache.snapshot(), &wanted.filter(), page.after(), page.limit() + 1);
    let link = page.cut(&mut rows, |entry| (order.key)(entry));
    let rendered = Rendered::new(&rows, link);
    conditions.read(rendered.etag.clone(), || rendered.respond()).map(revalidated)
}

fn revalidated(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    response
}

#[utoipa::path(
    get,
    path = "/api/v1/menu/{id}",
    operation_id = "get_menu_item",
    tag = "menu",
    summary = "Get a dish",
    description = "A dish that `If-None-Match` names is answered 304 without a body.",
    params(DishId, Conditions),
    responses(
        (status = 200, description = "The dish.", body = Answer<'_>, headers(
            ("ETag" = String, description = "`\"<version>\"`: for `If-None-Match`, and for `If-Match` of a change."),
            ("Cache-Control" = String, description = "`no-cache`: keep it, and ask again by its ETag."),
        )),
        (status = 304, description = "The dish has not changed.", headers(
            ("ETag" = String, description = "`\"<version>\"`"),
            ("Cache-Control" = String, description = "`no-cache`."),
        )),
    ),
)]
pub(crate) async fn get(State(menu): State<Arc<Menu>>, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<DishId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let snapshot = menu.cache.snapshot();
    let entry = snapshot.get(id).ok_or_else(|| Problem::not_found("dish"))?;
    conditions.read(entry.etag.clone(), || entry.respond(StatusCode::OK)).map(revalidated)
}
