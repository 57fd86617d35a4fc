//! Paths as the router knows them: several spellings of one path lead to the same place.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

use super::openapi::is_page;

/// Makes a path work with and without its trailing slash, whichever of the two its route was declared with, and with unreserved
/// characters that are percent-encoded, which mean the same as those that are not (RFC 3986, 2.3).
#[derive(Clone, Debug)]
pub(crate) struct Paths(Arc<HashSet<String>>);

impl Paths {
    /// Knows the declared paths that end in a slash.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a String>) -> Self {
        let slashed = paths.filter(|path| path.len() > 1 && path.ends_with('/'));
        Self(Arc::new(slashed.map(|path| path.trim_end_matches('/').to_owned()).collect()))
    }

    /// The request as the router knows its path.
    pub(crate) fn normalize(&self, mut request: Request) -> Request {
        if let Some(path) = self.normal(request.uri().path()) {
            let with_query = match request.uri().query() {
                Some(query) => format!("{path}?{query}"),
                None => path,
            };
            let path = PathAndQuery::try_from(with_query).expect("a path stays one without its escapes and its slash");
            *request.uri_mut() = Uri::from(path);
        }
        request
    }

    /// The path as the router knows it, where it is another one.
    fn normal(&self, path: &str) -> Option<String> {
        let plain = unescape(path);
        let declared = if is_page(&plain) {
            None
        } else {
            let bare = plain.strip_suffix('/').filter(|bare| !bare.is_empty());
            match (bare, self.0.contains(bare.unwrap_or(&plain))) {
                (None, true) => Some(format!("{plain}/")),
                (Some(bare), false) => Some(bare.to_owned()),
                _ => None,
            }
        };
        match (declared, plain) {
            (Some(declared), _) => Some(declared),
            (None, Cow::Owned(plain)) => Some(plain),
            (None, Cow::Borrowed(_)) => None,
        }
    }
}

/// The path without escapes of unreserved characters. All others stay as they are.
fn unescape(path: &str) -> Cow<'_, str> {
    let mut pieces = path.split('%');
    let first = pieces.next().expect("a split has at least one piece");
    if first.len() == path.len() {
        return Cow::Borrowed(path);
    }
    let mut plain = String::with_capacity(path.len());
    plain.push_str(first);
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            // A sign is no hexadecimal digit, though numbers are read with one.
            Some(byte) if is_unreserved(byte) && !piece.starts_with('+') => {
                plain.push(char::from(byte));
                plain.push_str(&piece[2..]);
            }
            _ => {
                plain.push('%');
                plain.push_str(piece);
            }
        }
    }
    Cow::Owned(plain)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn normal(path: &str) -> String {
        let declared = ["/bookings/", "/bookings/{id}", "/menu"].map(str::to_owned);
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        Paths::new(declared.iter()).normalize(request).uri().to_string()
    }

    #[test]
    fn f16_escaped_letters_are_the_letters() {
        for (path, as_declared) in [
            ("/%6denu", "/menu"),
            ("/%6Denu?q=%6d", "/menu?q=%6d"),
            ("/me%6e%75/", "/menu"),
            ("/b%6Fokings", "/bookings/"),
            ("/bookings/%31", "/bookings/1"),
            ("/a%2Db%2ec%5Fd%7E", "/a-b.c_d~"),
            // These are not unreserved, or no escapes at all.
            ("/menu%2F", "/menu%2F"),
            ("/%20%C3%A9%", "/%20%C3%A9%"),
            ("/%+6%zz%4", "/%+6%zz%4"),
            ("/%25%36%31", "/%2561"),
        ] {
            assert_eq!(normal(path), as_declared);
        }
    }

    #[test]
    fn a_path_works_with_and_without_its_slash() {
        for (path, as_declared) in [
            ("/menu", "/menu"),
            ("/menu/", "/menu"),
            ("/menu/?a=b", "/menu?a=b"),
            ("/bookings", "/bookings/"),
            ("/bookings/", "/bookings/"),
            ("/bookings/7/", "/bookings/7"),
            ("/", "/"),
            ("/docs/", "/docs/"),
            ("/%64ocs/", "/docs/"),
        ] {
            assert_eq!(normal(path), as_declared);
        }
    }
}
