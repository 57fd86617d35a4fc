//! `/healthz`, `/readyz` and `/metrics`: what a cluster asks a service about itself. None of them waits for a connection that requests use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use sqlx::PgPool;

use crate::run::metrics::Metrics;

/// How long metrics may take.
const METRICS: Duration = Duration::from_secs(5);

/// The paths that say how the service is. They are answered at any time, and are of no interest to the log.
pub(crate) fn is_probe(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics")
}

/// Whether the service can answer. It can from when its database is migrated and what it keeps in memory is there, until it stops. A
/// database that is away later makes no service unready: what needs it is answered 503, and what is in memory as before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<AtomicU8>);

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

impl Readiness {
    /// From now on requests are answered.
    pub(crate) fn begin(&self) {
        self.0.store(READY, Ordering::Release);
    }

    /// From now on no more requests are wanted. Those that come are answered.
    pub(crate) fn drain(&self) {
        self.0.store(DRAINING, Ordering::Release);
    }

    /// Whether requests cannot be answered yet.
    pub(crate) fn is_starting(&self) -> bool {
        self.0.load(Ordering::Acquire) == STARTING
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire) == READY
    }
}

/// What the paths need.
#[derive(Clone)]
pub(crate) struct Probes {
    pub(crate) readiness: Readiness,
    pub(crate) metrics: Metrics,
    /// A connection of their own.
    pub(crate) pool: PgPool,
    /// The requests' connections, which are counted.
    pub(crate) requests: PgPool,
}

impl Probes {
    /// The paths.
    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn readyz(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    if probes.readiness.is_ready() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}

async fn metrics(State(probes): State<Probes>) -> Response {
    match tokio::time::timeout(METRICS, probes.metrics.render(&probes.pool, &probes.requests)).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
