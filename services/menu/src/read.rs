//! What everyone may ask: the list and a dish, from memory.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use chassis::http::old::etag::conditional;
use chassis::http::old::input::Input;
use chassis::http::old::page::Page;
use chassis::http::old::rule::one_of;
use chassis::http::problem::Problem;
use http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use crate::Menu;
use crate::entry::REVALIDATE;
use crate::item::Answer;
use crate::selection::{BY_ID, BY_NAME, BY_NAME_DESCENDING, BY_PRICE, BY_PRICE_DESCENDING, Filter, Order, SORTS, Sort};
use crate::snapshot::Rendered;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it is only described; selection reads the parameters")]
struct ListParameters {
    /// Only dishes whose name or description has this text, whatever its case.
    #[param(example = "soup", max_length = 255)]
    q: Option<String>,
    /// Only dishes that cost at least this; not above `max_price`.
    #[param(example = "5.00", pattern = r"^\d{1,8}(\.\d{1,2})?$")]
    min_price: Option<String>,
    /// Only dishes that cost at most this.
    #[param(example = "20.00", pattern = r"^\d{1,8}(\.\d{1,2})?$")]
    max_price: Option<String>,
    /// The order; `-` is descending. Without it, that of the ids. The case of names does not matter; dishes that are alike are in
    /// the order of their ids.
    #[param(inline)]
    sort: Option<SortParameter>,
    /// How many dishes at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i32>,
    /// Where the page begins: from the `Link` of the page before, and good for the same `sort` only.
    cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it is only described; chassis::http::old::etag reads the header")]
struct IfNoneMatch {
    /// Entity tags that the client has, or `*`.
    #[param(rename = "If-None-Match", value_type = String, required = false, example = "\"3\"")]
    if_none_match: Option<String>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "it is only described; selection reads the parameter")]
enum SortParameter {
    #[schema(rename = "name")]
    Name,
    #[schema(rename = "-name")]
    NameDescending,
    #[schema(rename = "price")]
    Price,
    #[schema(rename = "-price")]
    PriceDescending,
}

#[utoipa::path(
    get,
    path = "/api/v1/menu",
    operation_id = "list_menu",
    tag = "menu",
    summary = "Read the menu",
    description = "For everyone. A bare array; `Link` names the next page while there is one. The ETag is that of the page: with \
        `If-None-Match`, one that has not changed is answered 304 without a body.",
    params(ListParameters, IfNoneMatch),
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
    // What most clients ask for has been made already: the input is not even looked at, since there is none.
    if request.uri().query().is_none_or(str::is_empty) && !request.headers().contains_key(header::IF_NONE_MATCH) {
        return Ok(menu.cache.snapshot().plain.respond());
    }
    let mut input = Input::from_request(request, &()).await?;
    let filter = Filter::read(&mut input);
    match input.parameter("sort", one_of(SORTS)).unwrap_or_default() {
        Sort::Id => page(&menu, input, &filter, &BY_ID),
        Sort::Name => page(&menu, input, &filter, &BY_NAME),
        Sort::NameDescending => page(&menu, input, &filter, &BY_NAME_DESCENDING),
        Sort::Price => page(&menu, input, &filter, &BY_PRICE),
        Sort::PriceDescending => page(&menu, input, &filter, &BY_PRICE_DESCENDING),
    }
}

fn page<K: Ord + Serialize + DeserializeOwned>(
    menu: &Menu,
    mut input: Input,
    filter: &Filter,
    order: &Order<K>,
) -> Result<Response, Problem> {
    let page = Page::read(&mut input, order.name);
    let condition = input.if_none_match();
    input.finish()?;
    let mut rows = order.select(&menu.cache.snapshot(), filter, page.after(), page.limit() + 1);
    let link = page.cut(&mut rows, |entry| (order.key)(entry));
    let rendered = Rendered::new(&rows, link);
    Ok(revalidated(conditional(condition.as_ref(), rendered.etag.clone(), || rendered.respond())))
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
    summary = "Read a dish",
    description = "For everyone. With `If-None-Match`, a dish that has not changed is answered 304 without a body.",
    params(("id" = i32, Path, description = "The id of the dish.", minimum = 1, example = 7), IfNoneMatch),
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
    let (id, condition) = (input.path_id("id"), input.if_none_match());
    input.finish()?;
    let snapshot = menu.cache.snapshot();
    let entry = snapshot.get(id).ok_or_else(|| Problem::not_found("dish"))?;
    Ok(revalidated(conditional(condition.as_ref(), entry.etag.clone(), || entry.respond(StatusCode::OK))))
}
