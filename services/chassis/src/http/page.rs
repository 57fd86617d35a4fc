//! Pages of a list: a `limit`, an opaque `cursor`, and a `Link` to what comes next (RFC 8288).

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::Schema;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::body::{Member, parameters};
use super::input::{Input, Source};
use super::value::{Fault, Raw, Ruled, Value};

crate::whole! {
    /// The number of rows of a page, at most.
    pub struct Limit: 1..=100;
}

impl Limit {
    /// The number where the request does not say.
    pub const DEFAULT: Self = Self(50);

    fn rows(self) -> usize {
        usize::try_from(self.get()).expect("a limit is positive")
    }
}

/// Where a page begins: the key of the row before it, which only the service reads.
#[derive(Clone, Debug)]
struct Cursor(Vec<u8>);

impl Value for Cursor {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        URL_SAFE_NO_PAD.decode(raw.string()?).map(Self).map_err(|_| invented())
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).pattern(Some("^[A-Za-z0-9_-]+$")).into()
    }
}

/// The page that a request asks for. `K` is the sort key after whose row it begins.
#[derive(Debug)]
pub struct Page<K> {
    limit: usize,
    after: Option<K>,
    order: &'static str,
    uri: String,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Reads `limit` and `cursor`. `order` names the order of the list, so that a cursor is good for that order alone. `None`: a fault
    /// is noted.
    pub fn read(input: &mut Input, order: &'static str) -> Option<Self> {
        let limit = input.default(Source::Query, "limit", Limit::DEFAULT);
        let cursor = input.optional::<Cursor>(Source::Query, "cursor")?;
        let after = cursor.map(|Cursor(bytes)| match serde_json::from_slice::<(String, K)>(&bytes) {
            Ok((named, key)) if named == order => Some(key),
            _ => {
                let Fault { code, detail } = invented();
                input.refuse_parameter("cursor", code, detail);
                None
            }
        });
        let after = match after {
            None => None,
            Some(key) => Some(key?),
        };
        Some(Self { limit: limit?.rows(), after, order, uri: input.uri_without("cursor") })
    }

    /// The page that a request to `path` without any parameter asks for.
    pub fn first(path: &str, order: &'static str) -> Self {
        Self { limit: Limit::DEFAULT.rows(), after: None, order, uri: format!("{path}?") }
    }

    /// The key of the last row of the page before this one.
    pub fn after(&self) -> Option<&K> {
        self.after.as_ref()
    }

    /// How many rows to select: one more than fit, which tells whether there is a next page.
    pub fn fetch(&self) -> i64 {
        i64::try_from(self.limit).expect("a limit is small") + 1
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
        let cursor = serde_json::to_vec(&(self.order, key(rows.last()?))).expect("a key can be written as JSON");
        let link = format!("<{}cursor={}>; rel=\"next\"", self.uri, URL_SAFE_NO_PAD.encode(cursor));
        Some(HeaderValue::try_from(link).expect("a request's URI is visible ASCII"))
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

impl<K> utoipa::IntoParams for Page<K> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = "The number of rows of the page, at most.";
        let cursor = "Where the page begins: the `cursor` of the `Link` header of the page before it.";
        parameters(vec![
            Member::default::<Limit>().described("limit", &[limit], Some(50.into()), Some(50.into())),
            Member::optional::<Cursor>().described("cursor", &[cursor], None, None),
        ])
    }
}
