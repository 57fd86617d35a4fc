//! The service's paths. The router is the source of the OpenAPI document.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use chassis::events::outbox::Outbox;
use chassis::http::code::{FORBIDDEN, OVERLOADED, PRECONDITION_FAILED, VALIDATION_FAILED};
use chassis::http::identity::Verifier;
use chassis::http::old::etag;
use chassis::http::openapi::Problems;
use http::header;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::codes::{EMAIL_TAKEN, INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS, WRONG_PASSWORD};
use crate::hashing::Hasher;
use crate::token::Signer;

mod change;
#[cfg(test)]
mod given;
mod key_set;
mod login;
mod me;
mod password;
mod register;
mod users;

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox,
    pub(crate) verifier: Verifier,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Arc<Signer>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Auth",
        description = "Accounts, roles and logins. `POST /auth/login` gives the token that this and the other services take as \
                       `Authorization: Bearer <access_token>`; it is good for two hours.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "account", description = "One's own account"),
        (name = "users", description = "All accounts, for administrators"),
        (name = "keys", description = "What verifies tokens"),
    ),
)]
struct Document;

/// The problems of the operations, beside those that follow from their having a body, parameters or security.
static PROBLEMS: &[Problems] = &[
    ("register", &[&EMAIL_TAKEN, &OVERLOADED]),
    ("login", &[&INVALID_CREDENTIALS, &TOO_MANY_ATTEMPTS, &OVERLOADED]),
    ("get_me", &[]),
    ("update_me", &[&EMAIL_TAKEN, &PRECONDITION_FAILED]),
    ("change_password", &[&WRONG_PASSWORD, &OVERLOADED]),
    ("list_users", &[&FORBIDDEN]),
    ("get_user", &[&FORBIDDEN]),
    ("update_user", &[&FORBIDDEN, &PRECONDITION_FAILED]),
    ("get_key_set", &[&VALIDATION_FAILED]),
];

/// The routes and their document.
pub(crate) fn router() -> (Router<App>, OpenApi) {
    let (router, mut api) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(me::get_me, me::update_me))
        .routes(routes!(password::change_password))
        .routes(routes!(users::list_users))
        .routes(routes!(users::get_user, users::update_user))
        .routes(routes!(key_set::get_key_set))
        .split_for_parts();
    refuse_unknown_members(&mut api);
    chassis::http::openapi::complete(&mut api, Some("/auth/login"), PROBLEMS);
    (router, api)
}

/// Says of every JSON body what `Input::finish` does: members that are not known are refused.
fn refuse_unknown_members(api: &mut OpenApi) {
    let schemas = api.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (_, schema) in schemas.filter(|(name, _)| name.ends_with("Request")) {
        if let RefOr::T(Schema::Object(object)) = schema {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// A thing that can be changed, with its entity tag.
fn tagged(thing: &impl Serialize, version: i32) -> Response {
    let mut response = Json(thing).into_response();
    response.headers_mut().insert(header::ETAG, etag::of_version(version));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn document() -> Value {
        serde_json::to_value(router().1).expect("JSON")
    }

    #[test]
    fn every_operation_is_described() {
        let document = document();
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
        let paths = document["paths"].as_object().expect("paths");
        let operations: Vec<_> =
            paths.iter().flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |(m, o)| (path, m, o))).collect();
        assert_eq!(operations.len(), PROBLEMS.len());
        for (path, method, operation) in operations {
            for member in ["operationId", "summary", "description", "tags"] {
                assert!(
                    operation[member].as_str().map_or(operation[member].is_array(), |text| !text.is_empty()),
                    "{method} {path}: {member}"
                );
            }
            let public = matches!(path.as_str(), "/auth/register" | "/auth/login" | "/.well-known/jwks.json");
            assert_eq!(operation.get("security").is_none(), public, "{method} {path}: security");
            assert_eq!(operation["responses"].get("401").is_some(), !public || path == "/auth/login", "{method} {path}: 401");
        }
    }

    #[test]
    fn json_bodies_are_closed_and_the_oauth2_form_is_open() {
        let document = document();
        let schemas = &document["components"]["schemas"];
        for name in ["RegisterRequest", "LoginRequest", "UpdateMeRequest", "ChangePasswordRequest", "UpdateUserRequest"] {
            assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
        }
        assert!(schemas["LoginForm"].is_object() && schemas["LoginForm"].get("additionalProperties").is_none());
        assert!(!document.to_string().contains("password_hash"));
    }
}
