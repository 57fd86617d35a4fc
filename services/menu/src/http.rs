//! The paths of the service. The router is the source of the OpenAPI document.

mod read;
mod write;

use std::sync::Arc;

use axum::Router;
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::openapi::{Problems, complete};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Menu;

const PROBLEMS: &[Problems] = &[
    ("create_menu_item", &[&FORBIDDEN]),
    ("replace_menu_item", &[&FORBIDDEN, &PRECONDITION_FAILED]),
    ("change_menu_item", &[&FORBIDDEN, &PRECONDITION_FAILED]),
    ("delete_menu_item", &[&FORBIDDEN, &PRECONDITION_FAILED]),
];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Menu",
        version = env!("CARGO_PKG_VERSION"),
        description = "The menu of the restaurant. Everyone may read it; administrators may change it.\n\n\
            To change it, log in at the auth service (`POST /auth/login`) and enter the `access_token` at Authorize, under `bearer`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags((name = "menu", description = "The dishes.")),
)]
struct Document;

/// The routes, and the document that describes them.
pub(crate) fn routes() -> (Router<Arc<Menu>>, utoipa::openapi::OpenApi) {
    let (router, mut api) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(read::list, write::create))
        .routes(routes!(read::get, write::replace, write::change, write::delete))
        .split_for_parts();
    complete(&mut api, None, PROBLEMS);
    (router, api)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_operation_is_described() {
        let document = serde_json::to_value(super::routes().1).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let operations: Vec<_> = paths.values().flat_map(|path| path.as_object().expect("operations").iter()).collect();
        assert_eq!(operations.len(), 6);
        for (method, operation) in operations {
            for member in ["operationId", "summary", "description"] {
                assert!(operation[member].is_string(), "{member} of {operation}");
            }
            assert_eq!(operation.get("security").is_some(), method != "get", "{operation}");
        }
    }
}
