//! Answering HTTP requests. This file puts the layers around the handlers that every service has.

pub mod body;
pub mod client;
pub mod code;
mod cors;
pub mod etag;
mod example;
mod gate;
pub mod identity;
pub mod input;
mod json;
mod linger;
mod observe;
pub mod openapi;
pub mod page;
pub mod pages;
pub(crate) mod path;
pub mod problem;
mod request_id;
pub mod text;
pub mod value;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse as _;
use http::{HeaderValue, Method};
use tower_http::catch_panic::CatchPanicLayer;

pub use crate::http::observe::Caching;
pub use crate::http::request_id::RequestId;

use crate::http::gate::Gate;
use crate::http::identity::Verifier;
use crate::http::observe::{Observer, observe};
use crate::http::pages::Browsers;
use crate::http::problem::Problem;
use crate::run::metrics::Metrics;
use crate::run::panic::message;
use crate::run::readiness::Readiness;

/// What the layers need to know.
pub(crate) struct Surroundings<'a> {
    /// Where requests are counted.
    pub(crate) metrics: Metrics,
    /// Who verifies tokens.
    pub(crate) verifier: Verifier,
    /// Whether the service is ready.
    pub(crate) readiness: Readiness,
    /// What caches may keep.
    pub(crate) caching: Caching,
    /// How many requests are answered at once, at most.
    pub(crate) max_requests: usize,
    /// The origins whose pages may call.
    pub(crate) origins: &'a [HeaderValue],
    /// What browsers read of failures, where the service has pages.
    pub(crate) browsers: Option<Browsers>,
}

/// The answer where there is nothing.
fn no_such_path() -> Problem {
    Problem::new(&code::NOT_FOUND, "There is no such path; /docs lists those there are.")
}

/// Wraps a router with what every service does.
pub(crate) fn surround(router: Router, surroundings: Surroundings<'_>) -> Router {
    let Surroundings { metrics, verifier, readiness, caching, max_requests, origins, browsers } = surroundings;
    let router = router.fallback(async || no_such_path()).method_not_allowed_fallback(|method: Method| async move {
        Problem::new(&code::METHOD_NOT_ALLOWED, format!("This path has no {method}; `Allow` lists what it has."))
    });
    let observe = axum::middleware::from_fn_with_state(Arc::new(Observer { metrics, verifier, caching, browsers }), observe);
    let gate = Gate::new(readiness, max_requests);
    let catch =
        CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| Problem::internal(format!("a panic: {}", message(&*panic))).into_response());
    // All at once, the outermost first: a layer that is added by itself puts each route into one more box, which every request pays for.
    // A page that may call sees every answer, also those of the gate.
    if origins.is_empty() { router.layer((observe, gate, catch)) } else { router.layer((observe, cors::cors(origins), gate, catch)) }
}
