//! Errors as RFC 9457 problem documents.

use std::fmt;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::code::{self, Code};
use crate::run::database;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// How many faults of the input a problem lists: a client may make any number of them.
const LISTED: usize = 20;

/// Where in the input a fault was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A JSON pointer into the body, as a URI fragment (RFC 6901, 6): `#/guests_count`.
    Pointer(String),
    /// A parameter of the query or the path.
    Parameter(String),
    /// A header.
    Header(String),
}

/// One fault of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where it was found.
    #[serde(flatten)]
    pub place: Place,
    /// What rule it breaks; `snake_case` and stable.
    pub code: &'static str,
    /// What was wrong and what would be right.
    pub detail: String,
}

/// A problem on its way to the client. The request id is added where the response leaves the service.
#[derive(Clone)]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: &'static Code,
    detail: String,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    retry_after: Option<u64>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    cause: Option<String>,
}

impl Problem {
    /// A problem of this code; `detail` says what happened this time and what would be right.
    pub fn new(code: &'static Code, detail: impl Into<String>) -> Self {
        let retry_after = (code.status == 503).then_some(1);
        let headers = match code.status {
            401 => vec![(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))],
            _ => Vec::new(),
        };
        let (detail, members) = (detail.into(), Map::new());
        Self(Box::new(Inner { code, detail, errors: Vec::new(), members, retry_after, headers, cause: None }))
    }

    /// The 422 that lists what is wrong with the input.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => errors[0].detail.clone(),
            many if many > LISTED => format!("{many} values of the input are wrong; `errors` lists the first {LISTED}."),
            many => format!("{many} values of the input are wrong; `errors` lists them."),
        };
        let mut problem = Self::new(&code::VALIDATION_FAILED, detail);
        problem.0.errors = errors;
        problem.0.errors.truncate(LISTED);
        problem
    }

    /// A 422 for one member of the body, such as `table_id`, found wrong against the database.
    pub fn member(name: &str, code: &'static str, detail: impl Into<String>) -> Self {
        let place = Place::Pointer(format!("#/{name}"));
        Self::validation(vec![FieldError { place, code, detail: detail.into() }])
    }

    /// The 404 for a thing that is not there.
    pub fn not_found(what: &str) -> Self {
        Self::new(&code::NOT_FOUND, format!("There is no such {what}."))
    }

    /// A fault of ours: the cause goes to the log and nowhere else.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut problem =
            Self::new(&code::INTERNAL_ERROR, "The service failed to answer. The request id in `instance` finds the cause in its log.");
        problem.0.cause = Some(cause.to_string());
        problem
    }

    /// The database is out of reach, or too busy: the cause goes to the log, the client may try again.
    fn unavailable(error: &sqlx::Error) -> Self {
        let detail = if database::is_busy(error) {
            "The database is too busy to answer in time. Try again shortly."
        } else {
            "The service cannot reach its database. Try again shortly."
        };
        let mut problem = Self::new(&code::UNAVAILABLE, detail);
        problem.0.cause = Some(error.to_string());
        problem
    }

    /// Adds a member beside the standard ones (RFC 9457, 3.2).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Sets `Retry-After`, in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The code.
    pub fn code(&self) -> &'static Code {
        self.0.code
    }

    /// The faults of the input, of a `validation_failed`.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// After how many seconds the client may try again, where that is told.
    pub fn waits(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// What went wrong inside, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The document, for the request of this id.
    pub fn document(&self, request_id: &str) -> Bytes {
        let inner = &self.0;
        let mut document = json!({
            "type": format!("urn:restaurant-booking:problem:{}", inner.code.code),
            "title": inner.code.title,
            "status": inner.code.status,
            "detail": inner.detail,
            "instance": request_id,
            "code": inner.code.code,
        });
        if let Value::Object(members) = &mut document {
            if !inner.errors.is_empty() {
                members.insert("errors".to_owned(), json!(inner.errors));
            }
            members.extend(inner.members.clone());
        }
        Bytes::from(document.to_string())
    }

    /// The whole response, for the request of this id.
    pub fn respond(&self, request_id: &str) -> Response {
        let mut response = (self.status(), self.document(request_id)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        // A 404 may otherwise be kept by a cache (RFC 9110, 15.1), and found again when the thing is there.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in &self.0.headers {
            headers.insert(name, value.clone());
        }
        response
    }
}

impl IntoResponse for Problem {
    /// A bare status that carries the problem; `http::observe` turns it into the document, since it knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {:?} {:?}", self.0.code.code, self.0.detail, self.0.errors, self.0.cause)
    }
}

impl From<sqlx::Error> for Problem {
    /// What has to do with reaching the database is `unavailable`; anything else is a fault of ours.
    fn from(error: sqlx::Error) -> Self {
        if database::is_outage(&error) { Self::unavailable(&error) } else { Self::internal(error) }
    }
}

/// Turns the violation of a named constraint into the problem that it means to the caller.
pub trait OnConstraint<T> {
    /// Replaces the error where the constraint `name` was violated.
    ///
    /// # Errors
    /// The problem made by `problem`, or what any other database error becomes.
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T, Problem>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T, Problem> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(violated) if violated.constraint() == Some(name) => problem(),
            _ => error.into(),
        })
    }
}
