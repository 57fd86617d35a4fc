//! `GET /.well-known/jwks.json`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::old::input::Input;
use chassis::http::problem::Problem;
use http::{HeaderValue, header};
use utoipa::ToSchema;

use super::App;

/// Public keys (RFC 7517).
#[derive(ToSchema)]
#[schema(as = KeySetResponse)]
#[allow(dead_code, reason = "it is only described; the verifier's own set is served")]
struct KeySet {
    /// The keys: two while one replaces the other.
    keys: Vec<Key>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(ToSchema)]
#[schema(as = Key)]
#[allow(dead_code, reason = "it is only described; the verifier's own set is served")]
struct Key {
    /// The type of the key.
    #[schema(example = "OKP")]
    kty: String,
    /// The curve.
    #[schema(example = "Ed25519")]
    crv: String,
    /// The public key.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// The key's id, which a token's header names.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    /// What the key is for.
    #[schema(example = "sig")]
    r#use: String,
    /// The algorithm.
    #[schema(example = "EdDSA")]
    alg: String,
}

/// Public keys
///
/// The keys that verify tokens. A token's header names one of them by its `kid`.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "get_key_set",
    tag = "keys",
    responses(
        (status = 200, description = "The keys.", body = KeySet, headers(
            ("Cache-Control" = String, description = "`public, max-age=300`"),
        )),
    ),
)]
pub(super) async fn get_key_set(State(app): State<App>, mut input: Input) -> Result<Response, Problem> {
    input.finish()?;
    let caching = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(([caching], Json(app.verifier.key_set())).into_response())
}
