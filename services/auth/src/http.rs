//! The service's paths. The router is the source of the OpenAPI document.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use chassis::events::outbox::Outbox;
use chassis::http::code::{FORBIDDEN, OVERLOADED, PRECONDITION_FAILED, VALIDATION_FAILED};
use chassis::http::etag;
use chassis::http::identity::Verifier;
use chassis::http::openapi::Problems;
use http::header;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::codes::{EMAIL_TAKEN, INVALID_CREDENTIALS, LAST_ADMINISTRATOR, TOO_MANY_ATTEMPTS, WRONG_PASSWORD};
use crate::hashing::Hasher;
use crate::token::Signer;

pub(crate) mod administrator;
mod key_set;
pub(crate) mod login;
mod me;
pub(crate) mod password;
mod refusal;
mod register;
pub(crate) mod staff;
pub(crate) mod users;

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
        description = "Accounts, roles and logins. `POST /auth/login` issues the token that this and the other services accept as \
                       `Authorization: Bearer <access_token>`. A token is valid for two hours.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "account", description = "The own account"),
        (name = "users", description = "All accounts, for administrators"),
        (name = "keys", description = "The public keys that verify tokens"),
    ),
)]
struct Document;

/// The problems of the operations, beside those that follow from their having a body, parameters or security.
static PROBLEMS: &[Problems] = &[
    ("register", &[&EMAIL_TAKEN, &OVERLOADED]),
    ("login", &[&INVALID_CREDENTIALS, &TOO_MANY_ATTEMPTS, &OVERLOADED]),
    ("get_me", &[&PRECONDITION_FAILED]),
    ("update_me", &[&EMAIL_TAKEN, &PRECONDITION_FAILED]),
    ("change_password", &[&WRONG_PASSWORD, &TOO_MANY_ATTEMPTS, &OVERLOADED]),
    ("list_users", &[&FORBIDDEN]),
    ("create_user", &[&FORBIDDEN, &EMAIL_TAKEN, &OVERLOADED]),
    ("reset_password", &[&FORBIDDEN, &OVERLOADED]),
    ("get_user", &[&FORBIDDEN, &PRECONDITION_FAILED]),
    ("update_user", &[&FORBIDDEN, &LAST_ADMINISTRATOR, &PRECONDITION_FAILED]),
    ("get_key_set", &[&VALIDATION_FAILED]),
];

/// The routes and their document.
pub(crate) fn router() -> (Router<App>, OpenApi) {
    let (router, mut api) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(me::get_me, me::update_me))
        .routes(routes!(password::change_password))
        .routes(routes!(users::list_users, staff::create_user))
        .routes(routes!(users::get_user, users::update_user))
        .routes(routes!(staff::reset_password))
        .routes(routes!(key_set::get_key_set))
        .split_for_parts();
    chassis::http::openapi::complete(&mut api, Some("/auth/login"), PROBLEMS);
    open_form(&mut api);
    (router, api)
}

/// RFC 6749, 3.2: unknown parameters of the form are ignored.
fn open_form(api: &mut OpenApi) {
    let schemas = &mut api.components.as_mut().expect("the document has schemas").schemas;
    let Some(RefOr::T(Schema::Object(form))) = schemas.get_mut("LoginForm") else { panic!("LoginForm is the schema of an object") };
    form.additional_properties = None;
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
        for name in
            ["RegisterRequest", "LoginRequest", "UpdateMeRequest", "ChangePasswordRequest", "UpdateUserRequest", "CreateUserRequest"]
        {
            assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
        }
        assert!(schemas["LoginForm"].is_object() && schemas["LoginForm"].get("additionalProperties").is_none());
        assert!(!document.to_string().contains("password_hash"));
    }
}
