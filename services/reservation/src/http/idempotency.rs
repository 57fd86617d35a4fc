//! The header `Idempotency-Key`, and answers that can be given again.

use axum::response::{IntoResponse, Response};
use chassis::http::problem::{MEDIA_TYPE, Problem};
use chassis::http::value::{Fault, Raw, Ruled, Value};
use http::{HeaderName, HeaderValue, StatusCode, header};
use utoipa::openapi::Schema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::booking::Reservation;
use crate::store::idempotency::Answer;

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

/// The answer to a request that made a booking.
pub fn created(made: &Reservation) -> Answer {
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::LOCATION, format!("/reservations/{}", made.id)),
        (header::ETAG, format!("\"{}\"", made.version)),
    ];
    let body = serde_json::to_vec(made).expect("a booking has string keys and no failing members");
    answer(StatusCode::CREATED, headers, body)
}

/// The answer to a request that was refused, under its request id.
pub fn refused(problem: &Problem, request_id: &str) -> Answer {
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
