//! Pages of a list: a `limit`, an opaque `cursor`, and a `Link` to what comes next (RFC 8288).

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::old::input::Input;
use crate::http::old::rule::{self, Fault, Raw};

/// How many rows a page has where the request does not say.
pub const DEFAULT_LIMIT: i32 = 50;
/// The most rows of a page.
pub const MAX_LIMIT: i32 = 100;

/// The page that a request asks for. `K` is the sort key after whose row it begins.
#[derive(Debug)]
pub struct Page<K> {
    limit: usize,
    after: Option<K>,
    order: &'static str,
    uri: String,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Reads `limit` and `cursor`. `order` names the order of the list, so that a cursor is good for that order alone.
    pub fn read(input: &mut Input, order: &'static str) -> Self {
        let limit = input.parameter("limit", rule::integer(1, MAX_LIMIT)).unwrap_or(DEFAULT_LIMIT);
        let after = input.parameter("cursor", |raw| {
            let Raw::Text(text) = raw else { return Err(invented()) };
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invented())?;
            let (named, key): (String, K) = serde_json::from_slice(&bytes).map_err(|_| invented())?;
            if named == order { Ok(key) } else { Err(invented()) }
        });
        Self { limit: usize::try_from(limit).unwrap_or(1), after, order, uri: input.uri_without("cursor") }
    }

    /// The page that a request to `path` without any parameter asks for.
    pub fn first(path: &str, order: &'static str) -> Self {
        Self { limit: usize::try_from(DEFAULT_LIMIT).unwrap_or(1), after: None, order, uri: format!("{path}?") }
    }

    /// The key of the last row of the page before this one.
    pub fn after(&self) -> Option<&K> {
        self.after.as_ref()
    }

    /// How many rows to select: one more than fit, which tells whether there is a next page.
    pub fn fetch(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX - 1) + 1
    }

    /// How many rows the page has at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Cuts the rows to the page and gives the `Link` header, where more rows follow.
    pub fn cut<R>(&self, rows: &mut Vec<R>, key: impl Fn(&R) -> K) -> Option<HeaderValue> {
        if rows.len() <= self.limit {
            return None;
        }
        rows.truncate(self.limit);
        let cursor = serde_json::to_vec(&(self.order, key(rows.last()?))).ok()?;
        HeaderValue::try_from(format!("<{}cursor={}>; rel=\"next\"", self.uri, URL_SAFE_NO_PAD.encode(cursor))).ok()
    }

    /// The page as a response: a bare array, with `Link` where more rows follow.
    pub fn respond<R: Serialize>(&self, mut rows: Vec<R>, key: impl Fn(&R) -> K) -> Response {
        let link = self.cut(&mut rows, key);
        let mut response = Json(rows).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

fn invented() -> Fault {
    Fault::new("invalid_cursor", "This must be a cursor from the Link header of this list, in this order.")
}
