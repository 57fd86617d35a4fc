//! The input of a request, read with all that is wrong with it collected: a client learns of every fault at once.
//!
//! Reading never fails by itself: a value that breaks its rule is noted and a placeholder takes its place, and
//! [`Input::finish`] lets nothing pass while anything is noted. So no placeholder is ever acted upon.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, RawPathParams, Request};
use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::code;
use crate::http::old::rule::{Fault, Raw, Ruled};
use crate::http::problem::{FieldError, Place, Problem};
use crate::http::request_id::RequestId;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Everything a request says: path, query, headers and body.
pub struct Input {
    /// The request's headers.
    pub headers: HeaderMap,
    /// The id under which the log knows the request.
    pub request_id: RequestId,
    uri: Uri,
    path: Vec<(String, String)>,
    query: BTreeMap<String, Vec<String>>,
    body: Members,
    /// Why there are no members, where there is a body.
    unreadable: Option<Problem>,
    errors: Vec<FieldError>,
}

/// The members of the body that have not been read yet.
enum Members {
    None,
    Json(BTreeMap<String, Member>),
    Form(BTreeMap<String, String>),
}

impl<S: Send + Sync> FromRequest<S> for Input {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let mut errors = Vec::new();
        let path = match RawPathParams::from_request_parts(&mut parts, state).await {
            Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
                let detail = "The path must be UTF-8.".to_owned();
                let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
                let name = route.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("path", |(name, _)| name);
                return Err(Problem::validation(vec![FieldError { place: Place::Parameter(name.to_owned()), code: "not_utf8", detail }]));
            }
            Err(rejection) => return Err(Problem::internal(rejection)),
        };
        let query = read_query(parts.uri.query().unwrap_or(""), &mut errors);
        let body = match parts.method {
            Method::POST | Method::PUT | Method::PATCH => read_body(&parts.headers, body).await,
            _ => Ok(Members::None),
        };
        let (body, unreadable) = match body {
            Ok(members) => (members, None),
            Err(problem) => (Members::None, Some(problem)),
        };
        let request_id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
        Ok(Self { headers: parts.headers, request_id, uri: parts.uri, path, query, body, unreadable, errors })
    }
}

fn read_query(query: &str, errors: &mut Vec<FieldError>) -> BTreeMap<String, Vec<String>> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decode(name), decode(value)) {
            (Some(name), Some(value)) => parameters.entry(name).or_default().push(value),
            (name, _) => errors.push(FieldError {
                place: Place::Parameter(name.unwrap_or_else(|| "query".to_owned())),
                code: "not_utf8",
                detail: "The query must be UTF-8, percent-encoded.".to_owned(),
            }),
        }
    }
    parameters
}

/// One name or value of `application/x-www-form-urlencoded`, where it is UTF-8.
fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Members, Problem> {
    let too_large = || Problem::new(&code::BODY_TOO_LARGE, format!("The body must be at most {MAX_BODY} bytes."));
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(too_large());
    }
    let bytes = match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(error) => return Err(Problem::new(&code::MALFORMED_BODY, format!("The body did not arrive whole: {error}."))),
    };
    if bytes.is_empty() {
        return Ok(Members::None);
    }
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else { return Err(unsupported("none")) };
    let content_type = content_type.to_str().unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => read_json(&bytes),
        "application/x-www-form-urlencoded" => {
            let text = std::str::from_utf8(&bytes).map_err(|_| not_utf8())?;
            let mut members = BTreeMap::new();
            for pair in text.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let (Some(name), Some(value)) = (decode(name), decode(value)) else { return Err(not_utf8()) };
                members.insert(name, value);
            }
            Ok(Members::Form(members))
        }
        _ => Err(unsupported(content_type)),
    }
}

fn not_utf8() -> Problem {
    Problem::new(&code::MALFORMED_BODY, "The body must be UTF-8.")
}

fn unsupported(got: &str) -> Problem {
    Problem::new(&code::UNSUPPORTED_MEDIA_TYPE, format!("The Content-Type must be application/json; it is {got}."))
}

/// A member of a JSON object. A number stays as it was written: by way of a binary fraction 0.1 would not be 0.1.
enum Member {
    Number(String),
    Other(Value),
}

impl Member {
    fn read(raw: &RawValue) -> serde_json::Result<Self> {
        let text = raw.get();
        match text.bytes().next() {
            Some(b'-' | b'0'..=b'9') => Ok(Self::Number(text.to_owned())),
            _ => serde_json::from_str(text).map(Self::Other),
        }
    }
}

fn read_json(bytes: &Bytes) -> Result<Members, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    let malformed = |error: serde_json::Error| Problem::new(&code::MALFORMED_BODY, format!("The body is not JSON: {error}."));
    let whole: &RawValue = serde_json::from_str(text).map_err(malformed)?;
    if !whole.get().starts_with('{') {
        // Also what is nested too deep is not read.
        serde_json::from_str::<Value>(text).map_err(malformed)?;
        return Err(Problem::validation(vec![FieldError {
            place: Place::Pointer("#".to_owned()),
            code: "wrong_type",
            detail: "The body must be a JSON object.".to_owned(),
        }]));
    }
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(whole.get()).map_err(malformed)?;
    let members = members.into_iter().map(|(name, raw)| Ok((name, Member::read(raw)?)));
    Ok(Members::Json(members.collect::<serde_json::Result<_>>().map_err(malformed)?))
}

/// What stands for a value that was refused; [`Input::finish`] never lets it out.
fn placeholder<T: Default>() -> T {
    T::default()
}

impl Input {
    /// Notes a fault.
    pub fn refuse(&mut self, place: Place, fault: Fault) {
        self.errors.push(FieldError { place, code: fault.code, detail: fault.detail });
    }

    /// Notes a fault of a member of the body.
    pub fn refuse_member(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.refuse(pointer(name), Fault::new(code, detail));
    }

    /// Notes a fault of a query or path parameter.
    pub fn refuse_parameter(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.refuse(Place::Parameter(name.to_owned()), Fault::new(code, detail));
    }

    /// Whether anything was noted about a member of the body.
    pub fn member_is_sound(&self, name: &str) -> bool {
        let place = pointer(name);
        self.errors.iter().all(|error| error.place != place)
    }

    /// Whether anything was noted about a query or path parameter.
    pub fn parameter_is_sound(&self, name: &str) -> bool {
        let place = Place::Parameter(name.to_owned());
        self.errors.iter().all(|error| error.place != place)
    }

    fn note<T>(&mut self, place: Place, ruled: Ruled<T>) -> Option<T> {
        ruled.map_err(|fault| self.refuse(place, fault)).ok()
    }

    /// Takes a body that is a JSON object.
    ///
    /// # Errors
    /// 400, 413 or 415, or 422 where it is JSON but no object.
    pub fn json_body(&mut self) -> Result<(), Problem> {
        match (self.unreadable.take(), &self.body) {
            (Some(problem), _) => Err(problem),
            (None, Members::Json(_)) => Ok(()),
            (None, Members::Form(_)) => Err(unsupported("application/x-www-form-urlencoded")),
            (None, Members::None) => Err(Problem::new(&code::MALFORMED_BODY, "The body is missing; it must be a JSON object.")),
        }
    }

    /// Takes a body that is a JSON object or a form.
    ///
    /// # Errors
    /// As [`Input::json_body`].
    pub fn json_or_form_body(&mut self) -> Result<(), Problem> {
        if self.is_form() { Ok(()) } else { self.json_body() }
    }

    /// Whether the body is a form.
    pub fn is_form(&self) -> bool {
        matches!(self.body, Members::Form(_))
    }

    /// The body's members as they came, in the order of their names: what a fingerprint is taken of.
    pub fn canonical_body(&self) -> String {
        match &self.body {
            Members::Json(members) => {
                let member = |(name, member): (&String, &Member)| match member {
                    Member::Number(number) => format!("{}:{number}", Value::from(name.as_str())),
                    Member::Other(value) => format!("{}:{value}", Value::from(name.as_str())),
                };
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
            _ => String::new(),
        }
    }

    /// A member that may be left out. The outer `None`: it was; the inner one: it was `null`.
    pub fn patch<T>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> Option<Option<T>> {
        let ruled = match &mut self.body {
            Members::None => return None,
            Members::Json(members) => match members.remove(name)? {
                Member::Other(Value::Null) => return Some(None),
                Member::Other(value) => rule(Raw::Json(&value)),
                Member::Number(number) => rule(Raw::Number(&number)),
            },
            Members::Form(members) => rule(Raw::Text(&members.remove(name)?)),
        };
        self.note(pointer(name), ruled).map(Some)
    }

    /// A member of a change that may be left out but not be `null`.
    pub fn patch_required<T>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> Option<T> {
        let value = self.patch(name, rule)?;
        if value.is_none() {
            self.refuse_member(name, "null", "This must not be null.");
        }
        value
    }

    /// A member whose text may be blank, left out or `null`, all of which are `None`.
    pub fn optional<T>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<Option<T>>) -> Option<T> {
        self.patch(name, rule).flatten().flatten()
    }

    /// A member that must be there.
    pub fn required<T: Default>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> T {
        let noted = self.errors.len();
        match self.patch(name, rule) {
            Some(Some(value)) => value,
            None if self.errors.len() > noted => placeholder(),
            None => {
                self.refuse_member(name, "required", "This is required.");
                placeholder()
            }
            Some(None) => {
                self.refuse_member(name, "null", "This must not be null.");
                placeholder()
            }
        }
    }

    /// A member that has a default, which `null` stands for too.
    pub fn or_default<T>(&mut self, name: &str, default: T, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> T {
        self.patch(name, rule).flatten().unwrap_or(default)
    }

    /// Forgets the members that were not read: an OAuth2 server ignores those it does not know (RFC 6749, 3.2).
    pub fn ignore_rest_of_body(&mut self) {
        self.body = Members::None;
    }

    /// The id in the path.
    pub fn path_id(&mut self, name: &str) -> i32 {
        let text = self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let ruled = crate::http::old::rule::id(Raw::Text(&text));
        self.note(Place::Parameter(name.to_owned()), ruled).unwrap_or_else(placeholder)
    }

    /// A query parameter that may be left out, but not be given twice.
    pub fn parameter<T>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> Option<T> {
        let values = self.query.remove(name)?;
        let ruled = match values.as_slice() {
            [value] => rule(Raw::Text(value)),
            _ => Err(Fault::new("repeated", "This must be given once.")),
        };
        self.note(Place::Parameter(name.to_owned()), ruled)
    }

    /// A query parameter that may be given any number of times.
    pub fn repeated<T>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> Vec<T> {
        let values = self.query.remove(name).unwrap_or_default();
        let mut read = Vec::with_capacity(values.len());
        for value in values {
            let ruled = rule(Raw::Text(&value));
            read.extend(self.note(Place::Parameter(name.to_owned()), ruled));
        }
        read
    }

    /// A query parameter that must be there.
    pub fn required_parameter<T: Default>(&mut self, name: &str, rule: impl Fn(Raw<'_>) -> Ruled<T>) -> T {
        if !self.query.contains_key(name) {
            self.refuse_parameter(name, "required", "This is required.");
        }
        self.parameter(name, rule).unwrap_or_else(placeholder)
    }

    /// A header that may be left out, but not be given twice.
    pub fn header<T>(&mut self, name: &'static str, rule: impl Fn(&str) -> Ruled<T>) -> Option<T> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        let ruled = match (value.to_str(), values.next()) {
            (Ok(text), None) => rule(text),
            (Ok(_), Some(_)) => Err(Fault::new("repeated", "This must be given once.")),
            (Err(_), _) => Err(Fault::new("not_ascii", "This must be visible ASCII.")),
        };
        self.note(Place::Header(name.to_owned()), ruled)
    }

    /// The path and query, without the parameter `except`, as a prefix to which `name=value` can be added.
    pub fn uri_without(&self, except: &str) -> String {
        let mut uri = format!("{}?", self.uri.path());
        for pair in self.uri.query().unwrap_or("").split('&') {
            if !pair.is_empty() && pair.split('=').next() != Some(except) {
                uri.push_str(pair);
                uri.push('&');
            }
        }
        uri
    }

    /// Ends the reading: what was not read is not known and is refused by name.
    ///
    /// # Errors
    /// 422 with everything that was noted; 400, 413 or 415 for a body that cannot be read, even though none is wanted.
    pub fn finish(&mut self) -> Result<(), Problem> {
        if let Some(problem) = self.unreadable.take() {
            return Err(problem);
        }
        let members: Vec<String> = match std::mem::replace(&mut self.body, Members::None) {
            Members::None => Vec::new(),
            Members::Json(members) => members.into_keys().collect(),
            Members::Form(members) => members.into_keys().collect(),
        };
        for name in members {
            self.refuse_member(&name, "unknown", format!("There is no member {name:?} here."));
        }
        for name in std::mem::take(&mut self.query).into_keys() {
            self.refuse_parameter(&name, "unknown", format!("There is no query parameter {name:?} here."));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::validation(std::mem::take(&mut self.errors))) }
    }
}

/// The JSON pointer to a member of the body, as a URI fragment (RFC 6901, 3 and 6).
fn pointer(name: &str) -> Place {
    const FRAGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'`').add(b'%').add(b'^').add(b'{').add(b'}');
    let escaped = name.replace('~', "~0").replace('/', "~1");
    Place::Pointer(format!("#/{}", percent_encoding::utf8_percent_encode(&escaped, FRAGMENT)))
}
