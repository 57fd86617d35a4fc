//! Entity tags and conditional requests (RFC 9110, 8.8.3 and 13).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::http::code;
use crate::http::old::input::Input;
use crate::http::old::rule::{Fault, Ruled};
use crate::http::problem::Problem;

/// What `If-Match` or `If-None-Match` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: any version.
    Any,
    /// One of these tags: whether it is weak, and its opaque part without the quotes.
    Tags(Vec<(bool, String)>),
}

/// The strong entity tag of a version: `"<version>"`.
pub fn of_version(version: i32) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
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

/// Reads a list header, of which there may be several (RFC 9110, 5.3).
fn read(input: &mut Input, name: &'static str) -> Option<Condition> {
    let all: Vec<_> = input.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("\u{7f}").to_owned()).collect();
    if all.is_empty() {
        return None;
    }
    match parse(&all.join(",")) {
        Ok(condition) => Some(condition),
        Err(fault) => {
            input.refuse(crate::http::problem::Place::Header(name.to_owned()), fault);
            None
        }
    }
}

impl Input {
    /// The condition of `If-Match`, if there is one.
    pub fn if_match(&mut self) -> Option<Condition> {
        read(self, "If-Match")
    }

    /// The condition of `If-None-Match`, if there is one.
    pub fn if_none_match(&mut self) -> Option<Condition> {
        read(self, "If-None-Match")
    }
}

impl Condition {
    /// Whether the tag (with its quotes) is one of those named; strong comparison counts no weak tag.
    fn names(&self, etag: &HeaderValue, strong: bool) -> bool {
        let Self::Tags(tags) = self else { return true };
        let current = etag.as_bytes();
        let current = current.get(1..current.len().saturating_sub(1)).unwrap_or_default();
        tags.iter().any(|(weak, tag)| !(strong && *weak) && tag.as_bytes() == current)
    }
}

/// Holds `If-Match` against the current version: a change is made only to the version that its author has seen.
///
/// # Errors
/// 412 where the condition names another version.
pub fn check(condition: Option<&Condition>, version: i32) -> Result<(), Problem> {
    match condition {
        Some(condition) if !condition.names(&of_version(version), true) => Err(Problem::new(
            &code::PRECONDITION_FAILED,
            format!("If-Match names another version; the current one is \"{version}\". Read it again, then repeat the change."),
        )),
        _ => Ok(()),
    }
}

/// A read: 304 without a body where `If-None-Match` names the current tag, else what `body` makes, with its `ETag`.
pub fn conditional(condition: Option<&Condition>, etag: HeaderValue, body: impl FnOnce() -> Response) -> Response {
    let mut response = match condition {
        Some(condition) if condition.names(&etag, false) => StatusCode::NOT_MODIFIED.into_response(),
        _ => body(),
    };
    response.headers_mut().insert(header::ETAG, etag);
    response
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

    #[test]
    fn a_weak_tag_never_matches_strongly() {
        let weak = parse("W/\"3\"").expect("a tag");
        assert!(check(Some(&weak), 3).is_err());
        assert!(weak.names(&of_version(3), false));
        assert!(check(Some(&parse("\"2\", \"3\"").expect("tags")), 3).is_ok());
        assert!(check(Some(&Condition::Any), 3).is_ok());
        assert!(check(None, 3).is_ok());
    }
}
