//! The endpoints for the kubelet and Prometheus.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use chassis::Shutdown;
use tokio::net::TcpListener;

use crate::metrics::Metrics;
use crate::watches::Health;

#[derive(Clone)]
struct Asked {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

/// Answers `/healthz`, `/readyz` and `/metrics` until `shutdown`.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, health: Arc<Health>, shutdown: Shutdown) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Asked { metrics, health });
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

/// A process whose watches have failed for minutes acts on old data. A restart may help.
async fn healthz(State(asked): State<Asked>) -> (StatusCode, String) {
    asked.health.dead().map_or_else(|| (StatusCode::OK, "ok\n".to_owned()), |dead| (StatusCode::SERVICE_UNAVAILABLE, format!("{dead}\n")))
}

/// A replica without the lease is ready too: it can take over.
async fn readyz(State(asked): State<Asked>) -> (StatusCode, String) {
    let missing = asked.health.missing();
    match (asked.health.is_ready(), missing.is_empty()) {
        (true, true) => (StatusCode::OK, "ok\n".to_owned()),
        (true, false) => (StatusCode::OK, format!("ok, except:\n{missing}\n")),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, format!("{missing}\n")),
    }
}

async fn render(State(asked): State<Asked>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], asked.metrics.render())
}
