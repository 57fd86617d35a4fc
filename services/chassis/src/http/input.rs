//! The input of a request, read with every fault collected: a client learns of all of them at once.
//!
//! A value that breaks its rule is noted, and `None` takes its place. [`Input::finish`] gives the values, or every fault.

mod nested;

use std::collections::BTreeMap;

use axum::body::Body as HttpBody;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, RawPathParams, Request};
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::body::Body;
use super::code;
use super::json::{self, Member};
use super::problem::{FieldError, Place, Problem};
use super::request_id::RequestId;
use super::value::{Fault, Raw, Ruled, Value};

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Everything that a request says: path, query, headers and body.
pub struct Input {
    /// The request's headers.
    pub headers: HeaderMap,
    /// The id under which the log knows the request.
    pub request_id: RequestId,
    method: Method,
    uri: Uri,
    path: Vec<(String, String)>,
    query: BTreeMap<String, Vec<String>>,
    body: Members,
    /// The pointer to the object of the body that is read, with a slash at its end.
    within: String,
    /// Why there are no members, where there is a body.
    unreadable: Option<Problem>,
    errors: Vec<FieldError>,
}

/// The members of the body that have not been read yet.
enum Members {
    None,
    Json(BTreeMap<String, Member>),
    Form(BTreeMap<String, Vec<String>>),
}

/// Where a named value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member of the body.
    Body,
    /// A parameter of the query.
    Query,
}

/// What a client says of one value.
enum Given<T> {
    Absent,
    Null,
    Blank,
    Value(T),
    /// A fault is noted.
    Faulty,
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
            Method::POST | Method::PUT | Method::PATCH => read_body(&parts.method, &parts.headers, body).await,
            _ => Ok(Members::None),
        };
        let (body, unreadable) = match body {
            Ok(members) => (members, None),
            Err(problem) => (Members::None, Some(problem)),
        };
        let request_id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
        let (headers, method, uri) = (parts.headers, parts.method, parts.uri);
        Ok(Self { headers, request_id, method, uri, path, query, body, within: "#/".to_owned(), unreadable, errors })
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

async fn read_body(method: &Method, headers: &HeaderMap, body: HttpBody) -> Result<Members, Problem> {
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
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_form = essence == "application/x-www-form-urlencoded";
    if bytes.is_empty() && !is_form {
        return Ok(Members::None);
    }
    // RFC 9110, 8.4: identity is no coding, and stands in no Content-Encoding; clients send it all the same.
    let coding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        let detail = "The body must not be compressed: remove the Content-Encoding.";
        let problem = Problem::new(&code::UNSUPPORTED_MEDIA_TYPE, detail);
        return Err(problem.header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| not_utf8())?;
    match essence.as_str() {
        "application/json" => json::members(text).map(Members::Json),
        // RFC 7396: a member that is null is removed, one that is left out stays. Every PATCH works so.
        "application/merge-patch+json" if *method == Method::PATCH => json::members(text).map(Members::Json),
        _ if is_form => {
            let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for pair in text.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let (Some(name), Some(value)) = (decode(name), decode(value)) else { return Err(not_utf8()) };
                members.entry(name).or_default().push(value);
            }
            Ok(Members::Form(members))
        }
        _ => Err(unsupported(method, content_type.unwrap_or("none"))),
    }
}

fn not_utf8() -> Problem {
    Problem::new(&code::MALFORMED_BODY, "The body must be UTF-8.")
}

fn unsupported(method: &Method, got: &str) -> Problem {
    let problem = Problem::new(&code::UNSUPPORTED_MEDIA_TYPE, format!("The Content-Type must be application/json; it is {got}."));
    if *method == Method::PATCH {
        // RFC 5789, 2.2.
        let accepted = HeaderValue::from_static("application/merge-patch+json, application/json");
        return problem.header(http::HeaderName::from_static("accept-patch"), accepted);
    }
    problem
}

impl Input {
    fn place(&self, source: Source, name: &str) -> Place {
        match source {
            Source::Body => self.pointer(name),
            Source::Query => Place::Parameter(name.to_owned()),
        }
    }

    /// The JSON pointer to a member of the object that is read, as a URI fragment (RFC 6901, 3 and 6).
    fn pointer(&self, name: &str) -> Place {
        Place::Pointer(format!("{}{}", self.within, escaped(name)))
    }

    /// Notes a fault.
    pub fn refuse(&mut self, place: Place, fault: Fault) {
        self.errors.push(FieldError { place, code: fault.code, detail: fault.detail });
    }

    /// Notes a fault of a member of the body.
    pub fn refuse_member(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.refuse(self.pointer(name), Fault::new(code, detail));
    }

    /// Notes a fault of a query or path parameter.
    pub fn refuse_parameter(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.refuse(Place::Parameter(name.to_owned()), Fault::new(code, detail));
    }

    /// Whether nothing is wrong so far.
    pub fn is_sound(&self) -> bool {
        self.errors.is_empty() && self.unreadable.is_none()
    }

    fn note<T>(&mut self, place: Place, ruled: Ruled<T>) -> Option<T> {
        ruled.map_err(|fault| self.refuse(place, fault)).ok()
    }

    /// Reads a JSON body, or a query. Members of the body that it does not take are unknown, and [`Input::finish`] refuses them.
    pub fn read<B: Body>(&mut self) -> Option<B> {
        if B::SOURCE == Source::Body && self.unreadable.is_none() {
            self.unreadable = match &self.body {
                Members::Json(_) => None,
                Members::Form(_) => Some(unsupported(&self.method, "application/x-www-form-urlencoded")),
                Members::None => Some(Problem::new(&code::MALFORMED_BODY, "The body is missing; it must be a JSON object.")),
            };
        }
        B::read(self)
    }

    /// Reads a form (`application/x-www-form-urlencoded`). Members that it does not take are ignored, as RFC 6749, 3.2 has it.
    pub fn read_form<B: Body>(&mut self) -> Option<B> {
        let read = B::read(self);
        self.body = Members::None;
        read
    }

    /// Ends the reading of a form that a page has sent: it has no member too many, for browsers and those who link to a page add what they like.
    ///
    /// # Errors
    /// Where the body could not be read.
    pub fn sent_by_browser(&mut self) -> Result<(), Problem> {
        self.unreadable.take().map_or(Ok(()), Err)
    }

    /// Whether the body is a form.
    pub fn is_form(&self) -> bool {
        matches!(self.body, Members::Form(_))
    }

    /// The body's members as they came, in the order of their names: what a fingerprint is taken of.
    pub fn canonical_body(&self) -> String {
        match &self.body {
            Members::Json(members) => json::canonical(members),
            Members::Form(_) | Members::None => String::new(),
        }
    }

    /// Whether the query has this parameter, whatever it is.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.query.contains_key(name)
    }

    /// Whether the body has this member, whatever it is.
    pub fn has_member(&self, name: &str) -> bool {
        match &self.body {
            Members::Json(members) => members.contains_key(name),
            Members::Form(members) => members.contains_key(name),
            Members::None => false,
        }
    }

    /// A value that is given once and keeps its rule, without taking it: to judge it by more than its type, before it is read and whatever is
    /// wrong with the others.
    pub fn peek<T: Value>(&self, source: Source, name: &str) -> Option<T> {
        let texts = match (source, &self.body) {
            (Source::Query, _) => self.query.get(name),
            (Source::Body, Members::Form(members)) => members.get(name),
            (Source::Body, Members::None) => None,
            (Source::Body, Members::Json(members)) => {
                return match members.get(name)? {
                    Member::Other(value) => T::read(Raw::Json(value)).ok(),
                    Member::Number(number) => T::read(Raw::Number(number)).ok(),
                };
            }
        };
        match texts?.as_slice() {
            [text] => T::read(Raw::Text(text)).ok(),
            _ => None,
        }
    }

    fn given<T: Value>(&mut self, source: Source, name: &str) -> Given<T> {
        let repeated = || Fault::new("repeated", "This must be given once.");
        let read = |raw: Raw<'_>| if T::BLANK_IS_NONE && raw.is_blank() { None } else { Some(T::read(raw)) };
        let texts = match (source, &mut self.body) {
            (Source::Query, _) => self.query.remove(name),
            (Source::Body, Members::Form(members)) => members.remove(name),
            (Source::Body, Members::None) => None,
            (Source::Body, Members::Json(members)) => {
                let ruled = match members.remove(name) {
                    None => return Given::Absent,
                    Some(Member::Other(serde_json::Value::Null)) => return Given::Null,
                    Some(Member::Other(value)) => read(Raw::Json(&value)),
                    Some(Member::Number(number)) => read(Raw::Number(&number)),
                };
                return self.judged(source, name, ruled);
            }
        };
        let ruled = match texts.as_deref() {
            None => return Given::Absent,
            Some([text]) => read(Raw::Text(text)),
            Some(_) => Some(Err(repeated())),
        };
        self.judged(source, name, ruled)
    }

    fn judged<T>(&mut self, source: Source, name: &str, ruled: Option<Ruled<T>>) -> Given<T> {
        match ruled {
            None => Given::Blank,
            Some(Ok(value)) => Given::Value(value),
            Some(Err(fault)) => {
                self.refuse(self.place(source, name), fault);
                Given::Faulty
            }
        }
    }

    fn refused<T>(&mut self, source: Source, name: &str, fault: Fault) -> Option<T> {
        self.refuse(self.place(source, name), fault);
        None
    }

    /// A value that must be there.
    pub fn required<T: Value>(&mut self, source: Source, name: &str) -> Option<T> {
        match self.given(source, name) {
            Given::Value(value) => Some(value),
            Given::Faulty => None,
            Given::Absent => self.refused(source, name, Fault::new("required", "This is required.")),
            Given::Null => self.refused(source, name, null()),
            Given::Blank => self.refused(source, name, super::text::blank()),
        }
    }

    /// A value that may be left out, be `null`, or be blank.
    pub fn optional<T: Value>(&mut self, source: Source, name: &str) -> Option<Option<T>> {
        match self.given(source, name) {
            Given::Value(value) => Some(Some(value)),
            Given::Faulty => None,
            Given::Absent | Given::Null | Given::Blank => Some(None),
        }
    }

    /// A value that has a default.
    pub fn default<T: Value>(&mut self, source: Source, name: &str, default: T) -> Option<T> {
        self.optional(source, name).map(|given| given.unwrap_or(default))
    }

    /// A value of a change: left out, it stays as it is.
    pub fn change<T: Value>(&mut self, source: Source, name: &str) -> Option<Option<T>> {
        match self.given(source, name) {
            Given::Value(value) => Some(Some(value)),
            Given::Faulty => None,
            Given::Absent => Some(None),
            Given::Null => self.refused(source, name, null()),
            Given::Blank => self.refused(source, name, super::text::blank()),
        }
    }

    /// A value of a change that `null` or blank text removes.
    pub fn clear<T: Value>(&mut self, source: Source, name: &str) -> Option<Option<Option<T>>> {
        match self.given(source, name) {
            Given::Value(value) => Some(Some(Some(value))),
            Given::Faulty => None,
            Given::Absent => Some(None),
            Given::Null | Given::Blank => Some(Some(None)),
        }
    }

    /// A query parameter that may be given any number of times.
    pub fn repeated<T: Value>(&mut self, source: Source, name: &str) -> Option<Vec<T>> {
        let values = if source == Source::Query { self.query.remove(name) } else { None }.unwrap_or_default();
        let read: Vec<_> = values.iter().map(|value| self.note(self.place(source, name), T::read(Raw::Text(value)))).collect();
        read.into_iter().collect()
    }

    /// The id in the path.
    ///
    /// # Panics
    /// Where the route has no `{id}`, which is a fault of the program.
    pub fn id<T: Value>(&mut self) -> Option<T> {
        let (_, text) = self.path.iter().find(|(name, _)| name == "id").expect("the route of a handler that reads an id has {id}");
        let ruled = T::read(Raw::Text(text));
        self.note(Place::Parameter("id".to_owned()), ruled)
    }

    /// A header that may be left out, but not be given twice.
    pub fn header<T: Value>(&mut self, name: &'static str) -> Option<Option<T>> {
        let mut values = self.headers.get_all(name).iter();
        let Some(value) = values.next() else { return Some(None) };
        let ruled = match (value.to_str(), values.next()) {
            (Ok(text), None) => T::read(Raw::Text(text)),
            (Ok(_), Some(_)) => Err(Fault::new("repeated", "This must be given once.")),
            (Err(_), _) => Err(Fault::new("not_ascii", "This must be visible ASCII.")),
        };
        self.note(Place::Header(name.to_owned()), ruled).map(Some)
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

    /// Ends the reading and gives what was read: a part, a tuple of parts, or `()`. Whatever was not read is unknown and is refused by name.
    ///
    /// # Errors
    /// 400, 413 or 415 for a body that cannot be read, even where none is wanted; else 422 with every fault.
    ///
    /// # Panics
    /// Where a part is missing for which no fault was noted, which is a fault of the program.
    pub fn finish<P: Parts>(&mut self, parts: P) -> Result<P::Whole, Problem> {
        if let Some(problem) = self.unreadable.take() {
            return Err(problem);
        }
        let members: Vec<String> = match std::mem::replace(&mut self.body, Members::None) {
            Members::None => Vec::new(),
            Members::Json(members) => members.into_keys().collect(),
            Members::Form(members) => members.into_keys().collect(),
        };
        for name in members {
            self.refuse_member(&name, "unknown", format!("Unknown field {name:?}."));
        }
        for name in std::mem::take(&mut self.query).into_keys() {
            self.refuse_parameter(&name, "unknown", format!("Unknown query parameter {name:?}."));
        }
        if self.errors.is_empty() {
            Ok(parts.whole().expect("a part that is missing has its fault noted"))
        } else {
            Err(Problem::validation(std::mem::take(&mut self.errors)))
        }
    }
}

fn null() -> Fault {
    Fault::new("null", "This must not be null.")
}

/// Parts of the input, each of which is missing where it has a fault.
pub trait Parts {
    /// The parts, none of which is missing.
    type Whole;

    /// The parts, where none is missing.
    fn whole(self) -> Option<Self::Whole>;
}

impl Parts for () {
    type Whole = ();

    fn whole(self) -> Option<()> {
        Some(())
    }
}

impl<T> Parts for Option<T> {
    type Whole = T;

    fn whole(self) -> Option<T> {
        self
    }
}

macro_rules! parts {
    ($($name:ident: $type:ident),*) => {
        impl<$($type),*> Parts for ($(Option<$type>,)*) {
            type Whole = ($($type,)*);

            fn whole(self) -> Option<Self::Whole> {
                let ($($name,)*) = self;
                Some(($($name?,)*))
            }
        }
    };
}

parts!(a: A, b: B);
parts!(a: A, b: B, c: C);
parts!(a: A, b: B, c: C, d: D);

/// A step of a JSON pointer, as part of a URI fragment (RFC 6901, 3 and 6).
fn escaped(name: &str) -> String {
    const FRAGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'`').add(b'%').add(b'^').add(b'{').add(b'}');
    let escaped = name.replace('~', "~0").replace('/', "~1");
    percent_encoding::utf8_percent_encode(&escaped, FRAGMENT).to_string()
}
