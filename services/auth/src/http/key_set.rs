//! `GET /.well-known/jwks.json`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use http::{HeaderValue, header};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = KeySetResponse)]
struct KeySet {
    /// The keys: two while one replaces the other.
    keys: Vec<Key>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
struct Key {
    /// The type of the key.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// The curve.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// The public key.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// The key's id, which a token's header names.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    /// The purpose of the key.
    #[schema(example = "sig")]
    r#use: &'static str,
    /// The algorithm.
    #[schema(example = "EdDSA")]
    alg: &'static str,
}

impl From<Jwk> for Key {
    fn from(jwk: Jwk) -> Self {
        let (AlgorithmParameters::OctetKeyPair(pair), Some(kid)) = (jwk.algorithm, jwk.common.key_id) else {
            panic!("the verifier takes no key but those of Ed25519 with an id")
        };
        Self { kty: "OKP", crv: "Ed25519", x: pair.x, kid, r#use: "sig", alg: "EdDSA" }
    }
}

/// Public keys
///
/// The keys that verify tokens. The header of a token names one of them by its `kid`.
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
    input.finish(())?;
    let caching = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    let keys = app.verifier.key_set().keys.into_iter().map(Key::from).collect();
    Ok(([caching], Json(KeySet { keys })).into_response())
}
