//! Answering HTTP requests. This file has what happens to every request, whatever it asks for: its id, headers, metrics, log line and problems.

pub mod body;
pub mod code;
pub mod etag;
pub mod identity;
pub mod input;
mod json;
mod linger;
pub mod old;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod text;
pub mod value;

use std::borrow::Cow;
use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http::identity::Verifier;
use crate::http::problem::Problem;
use crate::run::metrics::Metrics;

/// How long a request may take before it is answered 503.
const PATIENCE: Duration = Duration::from_secs(30);

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id under which a request is known: the client's own, or a new one.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The client's id, where it is 1 to 128 of `A-Z a-z 0-9 . _ ~ -`; else a new one of 128 bits.
    fn of(request: &Request) -> Self {
        match request.headers().get(&X_REQUEST_ID) {
            Some(id)
                if (1..=128).contains(&id.len())
                    && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(byte)) =>
            {
                Self(id.clone())
            }
            _ => Self::default(),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }
}

impl Default for RequestId {
    fn default() -> Self {
        // Asking the operating system each time would take longer than reading the menu from memory does. A process asks once, and goes
        // on from there in steps (an odd number, so that no id comes twice). Without randomness they are alike in each, which harms nobody.
        static FIRST: LazyLock<u128> = LazyLock::new(|| {
            let mut bytes = [0; 16];
            let _ = getrandom::fill(&mut bytes);
            u128::from_be_bytes(bytes)
        });
        static COUNT: AtomicU64 = AtomicU64::new(0);
        const STEP: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let id = FIRST.wrapping_add(u128::from(COUNT.fetch_add(1, Ordering::Relaxed)).wrapping_mul(STEP));
        Self(HeaderValue::try_from(format!("{id:032x}")).unwrap_or(HeaderValue::from_static("-")))
    }
}

/// Whether the service can answer: its database is reached and migrated, and what it keeps in memory is there.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on requests are answered.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether requests are answered.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What every response of a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Nothing may be kept by a cache, but where a handler says so.
    NoStore,
    /// Each handler says for itself.
    ByHandler,
}

/// What the layers need to know.
#[derive(Clone)]
pub struct Surroundings {
    /// Where requests are counted.
    pub metrics: Metrics,
    /// Who verifies tokens.
    pub verifier: Verifier,
    /// Whether the service is ready.
    pub readiness: Readiness,
    /// What caches may keep.
    pub caching: Caching,
}

/// Wraps a router with what every service does.
pub fn surround(router: Router, surroundings: Surroundings, origins: &[HeaderValue]) -> Router {
    let router = router
        .fallback(|| async { Problem::new(&code::NOT_FOUND, "There is no such path; /docs lists those there are.") })
        .method_not_allowed_fallback(|method: Method| async move {
            Problem::new(&code::METHOD_NOT_ALLOWED, format!("This path has no {method}; `Allow` lists what it has."))
        });
    let catch = CatchPanicLayer::custom(|panic: Box<dyn std::any::Any + Send>| {
        let cause = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Problem::internal(format!("a panic: {}", cause.unwrap_or_default())).into_response()
    });
    let observe = axum::middleware::from_fn_with_state(Arc::new(surroundings), observe);
    // All at once, the outermost first: a layer that is added by itself puts each route into one more box, which every request pays for.
    if origins.is_empty() { router.layer((observe, catch)) } else { router.layer((observe, cors(origins), catch)) }
}

fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            X_REQUEST_ID.clone(),
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotency-replayed"),
            X_REQUEST_ID.clone(),
        ])
        .max_age(Duration::from_secs(600))
}

/// The paths that say how the service is, and are of no interest to the log.
fn is_probe(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics")
}

/// The path of the OpenAPI document.
const DOCUMENT: &str = "/openapi.json";

/// The paths of the documentation: they are served whether the service is ready or not.
fn is_document(path: &str) -> bool {
    path == DOCUMENT || path == "/docs" || path.starts_with("/docs/")
}

/// The method as it is counted: one that HTTP does not know is `_OTHER`, as OpenTelemetry says, since a client could invent any number of them.
fn counted(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        | Method::TRACE
        | Method::CONNECT => method.as_str(),
        _ => "_OTHER",
    }
}

async fn observe(State(surroundings): State<Arc<Surroundings>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let document = is_document(request.uri().path());
    let is_page = document && request.uri().path() != DOCUMENT;
    let answers = surroundings.readiness.get() || document || is_probe(route) || route == "unmatched";
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(surroundings.verifier.clone());
    let answer = async {
        if !answers {
            return Problem::new(&code::UNAVAILABLE, "The service is starting; try again shortly.").into_response();
        }
        // What is answered from memory is answered at once, and needs no timer.
        let mut answer = pin!(next.run(request.map(linger::over)));
        if let Poll::Ready(response) = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            return response;
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(response) => response,
            Err(_) => {
                Problem::new(&code::UNAVAILABLE, "The request took too long and was given up; it may be tried again.").into_response()
            }
        }
    };
    let mut response = answer.await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut headers = std::mem::take(response.headers_mut());
        headers.remove(header::CONTENT_LENGTH);
        response = problem.respond(id.as_str());
        // What layers have added, such as Allow and CORS, stays; the document's own headers win.
        for (name, value) in &headers {
            if !response.headers().contains_key(name) {
                response.headers_mut().append(name, value.clone());
            }
        }
        if let Some(cause) = problem.cause() {
            tracing::error!(request_id = id.as_str(), %method, route, cause, "a request failed");
        }
    }
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID.clone(), id.0.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_page {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
    if surroundings.caching == Caching::NoStore {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    let elapsed = started.elapsed();
    let status = response.status();
    surroundings.metrics.request(counted(&method), route, status.as_str(), elapsed.as_secs_f64());
    if !is_probe(route) {
        let milliseconds = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
        let (request_id, status) = (id.as_str(), status.as_u16());
        if method == Method::GET || document {
            tracing::debug!(request_id, %method, route, status, milliseconds, "request");
        } else {
            tracing::info!(request_id, %method, route, status, milliseconds, "request");
        }
    }
    response
}

/// Makes a path work with and without its trailing slash, whichever of the two its route was declared with.
#[derive(Clone, Debug)]
pub struct TrailingSlash(Arc<HashSet<String>>);

impl TrailingSlash {
    /// Knows the declared paths that end in a slash.
    pub fn new<'a>(paths: impl Iterator<Item = &'a String>) -> Self {
        let slashed = paths.filter(|path| path.len() > 1 && path.ends_with('/'));
        Self(Arc::new(slashed.map(|path| path.trim_end_matches('/').to_owned()).collect()))
    }

    /// The request as the router knows its path.
    pub fn normalize(&self, mut request: Request) -> Request {
        let path = request.uri().path();
        if is_document(path) {
            return request;
        }
        let bare = path.strip_suffix('/').filter(|bare| !bare.is_empty());
        let declared = match (bare, self.0.contains(bare.unwrap_or(path))) {
            (None, true) => Cow::Owned(format!("{path}/")),
            (Some(bare), false) => Cow::Borrowed(bare),
            _ => return request,
        };
        let with_query = match request.uri().query() {
            Some(query) => format!("{declared}?{query}"),
            None => declared.into_owned(),
        };
        if let Ok(uri) = with_query.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
        request
    }
}
