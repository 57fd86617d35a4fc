//! The header `Idempotency-Key`, and answers that can be given again.

use axum::response::{IntoResponse, Response};
use chassis::http::RequestId;
use chassis::http::input::Input;
use chassis::http::problem::{MEDIA_TYPE, Problem};
use chassis::http::value::{Fault, Raw, Ruled, Value};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, Postgres, Transaction};
use utoipa::openapi::Schema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::AppState;
use crate::refusal::Refusal;
use crate::store::idempotency::{self as store, Answer, Claim, Keyed, Scope};

/// An `Idempotency-Key`: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug)]
pub struct Key(pub String);

impl Key {
    /// The header.
    pub const HEADER: &'static str = "Idempotency-Key";
}

impl Value for Key {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let text = raw.string()?;
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::new("invalid_idempotency_key", "This must be 1 to 255 visible ASCII characters."))
        }
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$")).into()
    }
}

impl utoipa::IntoParams for Key {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "A key of the client's own, new for each booking: for 24 hours, the same request with the same key gets the first \
                           answer again.";
        let parameter = ParameterBuilder::new().name(Self::HEADER).parameter_in(ParameterIn::Header).description(Some(description));
        vec![parameter.required(utoipa::openapi::Required::False).schema(Some(<Self as Value>::schema())).build()]
    }
}

/// The answer to a request that made something: where it is, its ETag, and the thing itself.
pub fn created(location: String, etag: &HeaderValue, made: &impl Serialize) -> Answer {
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::LOCATION, location),
        (header::ETAG, etag.to_str().expect("an ETag is visible ASCII").to_owned()),
    ];
    let body = serde_json::to_vec(made).expect("what is answered has string keys and no failing members");
    answer(StatusCode::CREATED, headers, body)
}

/// The request, as its key knows it, where it has one: who sends it, where to, and what. To be taken before members are taken out of the body.
pub fn keyed(input: &Input, key: Option<&Option<Key>>, scope: Scope, path: &str) -> Option<Keyed> {
    let digest = || Sha256::new().chain_update(path).chain_update(input.canonical_body()).finalize().into();
    key.and_then(Option::as_ref).map(|Key(key)| Keyed { scope, key: key.clone(), fingerprint: digest() })
}

/// Claims a key. An answer: the request was answered before.
///
/// # Errors
/// `KeyReused`, or `Database`.
pub async fn claim(state: &AppState, transaction: &mut PgConnection, keyed: &Keyed) -> Result<Option<Answer>, Refusal> {
    match store::claim(transaction, keyed).await? {
        Claim::New => Ok(None),
        Claim::Answered(answer) => {
            state.count("replayed");
            Ok(Some(answer))
        }
        Claim::Reused => Err(Refusal::KeyReused),
    }
}

/// Keeps the answer to a request whose key was claimed, be it a refusal that is final, and commits. Returns the answer, and what was made.
///
/// # Errors
/// A refusal that is not final, or is of somebody without an account, who may ask for as much as they like, or of a form, which is sent again:
/// the key is free for another attempt. Or `Database`.
pub async fn settle<T>(
    state: &AppState,
    mut transaction: Transaction<'_, Postgres>,
    keyed: &Keyed,
    request_id: &RequestId,
    outcome: Result<(Answer, T), Refusal>,
) -> Result<(Answer, Option<T>), Refusal> {
    let (answer, made) = match outcome {
        Ok((answer, made)) => (answer, Some(made)),
        Err(refusal) if refusal.is_final() && matches!(keyed.scope, Scope::User(_)) => {
            let problem = state.problem(refusal);
            state.count(problem.code().code);
            (refused(&problem, request_id.as_str()), None)
        }
        Err(refusal) => return Err(refusal),
    };
    store::keep(&mut transaction, keyed, &answer).await?;
    transaction.commit().await?;
    Ok((answer, made))
}

/// The answer to a request that was refused, under its request id.
fn refused(problem: &Problem, request_id: &str) -> Answer {
    let headers = [(header::CONTENT_TYPE, MEDIA_TYPE.to_owned())];
    answer(problem.status(), headers, problem.document(request_id).to_vec())
}

fn answer<const N: usize>(status: StatusCode, headers: [(HeaderName, String); N], body: Vec<u8>) -> Answer {
    let status = i16::try_from(status.as_u16()).expect("a status has three digits");
    Answer { status, headers: headers.into_iter().map(|(name, value)| (name.to_string(), value)).collect(), body }
}

/// The answer, as it is sent.
pub fn respond(answer: Answer) -> Response {
    let status = u16::try_from(answer.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.expect("the status of an answer that was given"), answer.body).into_response();
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).expect("the name of a header that was sent");
        response.headers_mut().insert(name, HeaderValue::try_from(value).expect("the value of a header that was sent"));
    }
    response
}

/// The answer, as it is sent again.
pub fn replay(answer: Answer) -> Response {
    let mut response = respond(answer);
    response.headers_mut().insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    response
}
