//! What happens to every answer, whatever was asked for: its id, headers, metrics and log line, and the document of a problem.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, Method, header};

use super::identity::Verifier;
use super::openapi::{is_document, is_page};
use super::pages::{Asked, Browsers};
use super::problem::Problem;
use super::request_id::{RequestId, X_REQUEST_ID};
use crate::run::metrics::Metrics;
use crate::run::readiness::is_probe;

/// What every response of a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Nothing may be kept by a cache, but where a handler says so.
    NoStore,
    /// Each handler says for itself.
    ByHandler,
}

/// What every answer needs.
pub(crate) struct Observer {
    /// Where requests are counted.
    pub(crate) metrics: Metrics,
    /// Who verifies tokens.
    pub(crate) verifier: Verifier,
    /// What caches may keep.
    pub(crate) caching: Caching,
    /// What browsers read of failures, where the service has pages.
    pub(crate) browsers: Option<Browsers>,
}

impl Observer {
    /// The document of a problem, or for a browser its page. What layers have added, such as Allow and CORS, stays; the document's own headers
    /// win.
    fn told(&self, problem: &Problem, id: &RequestId, asked: Option<&Asked>, mut bare: Response) -> Response {
        let mut headers = std::mem::take(bare.headers_mut());
        headers.remove(header::CONTENT_LENGTH);
        let mut response = problem.respond(id.as_str());
        if let Some((browsers, asked)) = self.browsers.as_ref().zip(asked) {
            let (page, body) = browsers.page(asked, problem).into_parts();
            *response.body_mut() = body;
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.headers_mut().extend(page.headers);
        }
        for (name, value) in &headers {
            if !response.headers().contains_key(name) {
                response.headers_mut().append(name, value.clone());
            }
        }
        response
    }
}

pub(crate) async fn observe(State(observer): State<Arc<Observer>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let (page, document) = (is_page(request.uri().path()), is_document(request.uri().path()));
    let asked = observer.browsers.as_ref().and_then(|browsers| browsers.asked(&request));
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(observer.verifier.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = observer.told(&problem, &id, asked.as_ref(), response);
        if let Some(cause) = problem.cause() {
            tracing::error!(request_id = id.as_str(), %method, route, cause, "a request failed");
        }
    }
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID.clone(), id.header());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !page {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(nothing);
    }
    if observer.caching == Caching::NoStore {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    let elapsed = started.elapsed();
    let status = response.status();
    observer.metrics.request(counted(&method), route, status.as_str(), elapsed.as_secs_f64());
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
