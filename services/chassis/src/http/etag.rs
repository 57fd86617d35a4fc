//! Entity tags and conditional requests (RFC 9110, 8.8.3 and 13).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::code;
use super::input::Input;
use super::problem::{Place, Problem};
use super::value::{Fault, Ruled};

/// What one header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// `*`: any version.
    Any,
    /// One of these tags: whether it is weak, and its opaque part without the quotes.
    Tags(Vec<(bool, String)>),
}

/// The conditions of a request: `If-Match` and `If-None-Match`. Whether the thing is read or changed, a condition that is false has it
/// left alone.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    if_match: Option<Condition>,
    if_none_match: Option<Condition>,
}

/// The strong entity tag of a version: `"<version>"`.
pub fn of_version(version: i32) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are a header value")
}

/// The strong entity tag of a content: one that depends on it alone.
pub fn of_content(content: &[u8]) -> HeaderValue {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(content);
    let tag: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{tag}\"")).expect("digits in quotes are a header value")
}

/// A weak entity tag: of an answer that says more than its version counts.
///
/// # Panics
/// Where the tag is no visible ASCII, which is a fault of the program.
pub fn weak(tag: impl std::fmt::Display) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{tag}\"")).expect("a tag is visible ASCII")
}

fn parse(text: &str) -> Ruled<Condition> {
    let unreadable = || Fault::new("invalid_etag", "This must be * or a list of entity tags such as \"3\", in their double quotes.");
    let mut rest = text.trim();
    if rest == "*" {
        return Ok(Condition::Any);
    }
    let mut tags = Vec::new();
    loop {
        // Empty elements of a list are ignored (RFC 9110, 5.6.1).
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return if tags.is_empty() { Err(unreadable()) } else { Ok(Condition::Tags(tags)) };
        }
        let weak = rest.starts_with("W/");
        rest = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"').ok_or_else(unreadable)?;
        let (tag, after) = rest.split_once('"').ok_or_else(unreadable)?;
        // RFC 9110: etagc is any visible character but the double quote.
        if !tag.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unreadable());
        }
        tags.push((weak, tag.to_owned()));
        rest = after.trim_start();
        if !(rest.is_empty() || rest.starts_with(',')) {
            return Err(unreadable());
        }
    }
}

/// Reads a list header, of which there may be several (RFC 9110, 5.3). `None`: a fault is noted.
fn read(input: &mut Input, name: &'static str) -> Option<Option<Condition>> {
    let all: Vec<_> = input.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("\u{7f}").to_owned()).collect();
    if all.is_empty() {
        return Some(None);
    }
    match parse(&all.join(",")) {
        Ok(condition) => Some(Some(condition)),
        Err(fault) => {
            input.refuse(Place::Header(name.to_owned()), fault);
            None
        }
    }
}

impl Input {
    /// Reads `If-Match` and `If-None-Match`. `None`: a fault is noted.
    pub fn conditions(&mut self) -> Option<Conditions> {
        let (if_match, if_none_match) = (read(self, "If-Match"), read(self, "If-None-Match"));
        Some(Conditions { if_match: if_match?, if_none_match: if_none_match? })
    }
}

impl Condition {
    /// Whether the tag is one of those named; strong comparison counts no weak tag.
    fn names(&self, etag: &HeaderValue, strong: bool) -> bool {
        let Self::Tags(tags) = self else { return true };
        let (current_is_weak, current) = match etag.as_bytes().strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, etag.as_bytes()),
        };
        let current = current.get(1..current.len().saturating_sub(1)).unwrap_or_default();
        let comparable = |weak: bool| !(strong && (weak || current_is_weak));
        tags.iter().any(|(weak, tag)| comparable(*weak) && tag.as_bytes() == current)
    }
}

fn failed(header: &str, current: &HeaderValue) -> Problem {
    let current = current.to_str().unwrap_or_default();
    let detail = match header {
        "If-Match" => format!("If-Match names another version; the current one is {current}. Read it again, then repeat the request."),
        _ => format!("If-None-Match names the current version, {current}, so nothing was changed."),
    };
    Problem::new(&code::PRECONDITION_FAILED, detail)
}

impl Conditions {
    /// The condition of somebody who has seen this version, and changes no other one.
    pub fn on_version(version: i32) -> Self {
        Self { if_match: Some(Condition::Tags(vec![(false, version.to_string())])), if_none_match: None }
    }

    /// Holds the conditions of a change against the current tag: a change is made only to the version that its author has seen.
    ///
    /// # Errors
    /// 412 where a condition is false.
    pub fn check(&self, etag: &HeaderValue) -> Result<(), Problem> {
        if self.if_match.as_ref().is_some_and(|condition| !condition.names(etag, true)) {
            return Err(failed("If-Match", etag));
        }
        if self.if_none_match.as_ref().is_some_and(|condition| condition.names(etag, false)) {
            return Err(failed("If-None-Match", etag));
        }
        Ok(())
    }

    /// Holds the conditions of a change against the tag of the current version.
    ///
    /// # Errors
    /// 412 where a condition is false.
    pub fn check_version(&self, version: i32) -> Result<(), Problem> {
        self.check(&of_version(version))
    }

    /// Answers a read: what `body` makes, with its `ETag`, or 304 without a body where `If-None-Match` names the current tag.
    ///
    /// # Errors
    /// 412 where `If-Match` does not name it.
    pub fn read(&self, etag: HeaderValue, body: impl FnOnce() -> Response) -> Result<Response, Problem> {
        if self.if_match.as_ref().is_some_and(|condition| !condition.names(&etag, true)) {
            return Err(failed("If-Match", &etag));
        }
        let mut response = match &self.if_none_match {
            Some(condition) if condition.names(&etag, false) => StatusCode::NOT_MODIFIED.into_response(),
            _ => body(),
        };
        response.headers_mut().insert(header::ETAG, etag);
        Ok(response)
    }
}

/// The two headers, as parameters of an operation.
impl utoipa::IntoParams for Conditions {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = || {
            let pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;
            Schema::from(ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)))
        };
        let header = |name: &str, description: &str, example: &str| {
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).description(Some(description));
            let parameter = parameter.required(utoipa::openapi::Required::False).schema(Some(schema()));
            if example.is_empty() { parameter.build() } else { parameter.example(Some(example.into())).build() }
        };
        vec![
            header("If-Match", "The request is carried out only where one of these entity tags is the current one; `*` is any.", "*"),
            header("If-None-Match", "The request is carried out only where none of these entity tags is the current one.", ""),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_weak_tags_and_the_star() {
        assert_eq!(parse("*"), Ok(Condition::Any));
        assert_eq!(parse("\"3\""), Ok(Condition::Tags(vec![(false, "3".into())])));
        assert_eq!(parse("W/\"3\" , \"a,b\""), Ok(Condition::Tags(vec![(true, "3".into()), (false, "a,b".into())])));
        assert_eq!(parse(", \"3\",,"), Ok(Condition::Tags(vec![(false, "3".into())])));
        for bad in ["", ",", "3", "\"3", "\"3\" \"4\"", "w/\"3\"", "*, \"3\""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    fn conditions(if_match: Option<&str>, if_none_match: Option<&str>) -> Conditions {
        let read = |text: &str| parse(text).expect("a condition");
        Conditions { if_match: if_match.map(read), if_none_match: if_none_match.map(read) }
    }

    #[test]
    fn a_weak_tag_never_matches_strongly() {
        let check = |if_match: Option<&str>| conditions(if_match, None).check_version(3);
        assert!(check(Some("W/\"3\"")).is_err());
        assert!(check(Some("\"2\", \"3\"")).is_ok());
        assert!(check(Some("*")).is_ok());
        assert!(check(None).is_ok());
        assert!(conditions(Some("W/\"3\""), None).check(&weak(3)).is_err());
        let read = conditions(None, Some("\"3\"")).read(weak(3), || StatusCode::OK.into_response()).expect("a read");
        assert_eq!(read.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(read.headers()["ETag"], "W/\"3\"");
    }

    #[test]
    fn f09_both_conditions_are_held_against_a_read_and_a_change() {
        assert!(conditions(None, Some("*")).check_version(3).is_err());
        assert!(conditions(None, Some("\"3\"")).check_version(3).is_err());
        assert!(conditions(None, Some("W/\"3\"")).check_version(3).is_err());
        assert!(conditions(None, Some("\"2\"")).check_version(3).is_ok());
        let read = |if_match: &str| conditions(Some(if_match), None).read(of_version(3), || StatusCode::OK.into_response());
        assert!(read("\"2\"").is_err());
        assert!(read("\"3\"").is_ok());
    }
}
