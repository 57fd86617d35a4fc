//! Probes and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus::{Encoder as _, GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::report::Behind;

/// What is shown.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    registry: Registry,
    newest: GaugeVec,
    files: IntGaugeVec,
    bytes: IntGaugeVec,
    failures: IntCounterVec,
    up: IntGaugeVec,
    ready: Arc<AtomicBool>,
}

impl Page {
    /// Nothing is known yet.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let whole = |name: &str, help: &str| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), &["database"])?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let newest = Opts::new("backup_newest_restorable_timestamp_seconds", "The newest moment to which the database can be restored");
        let newest = GaugeVec::new(newest, &["database"])?;
        registry.register(Box::new(newest.clone()))?;
        let failures = Opts::new("backup_archive_failures_total", "Attempts to archive a file of the log that failed");
        let failures = IntCounterVec::new(failures, &["database"])?;
        registry.register(Box::new(failures.clone()))?;
        Ok(Self {
            newest,
            failures,
            files: whole("backup_wal_waiting_files", "Files of the log that wait to be archived")?,
            bytes: whole("backup_wal_waiting_bytes", "Size of the log that waits to be archived")?,
            up: whole("backup_database_up", "Whether the database answers: 1 or 0")?,
            ready: Arc::default(),
            registry,
        })
    }

    /// Shows how far behind the archive of a database is.
    pub(crate) fn show(&self, database: &str, behind: &Behind, failures: u64) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if let Some(newest) = behind.newest {
            self.newest.with_label_values(&[database]).set(newest.as_duration().as_secs_f64());
        }
        self.files.with_label_values(&[database]).set(whole(behind.waiting));
        self.bytes.with_label_values(&[database]).set(whole(behind.bytes));
        let counted = self.failures.with_label_values(&[database]);
        // The statistics of the database may begin anew.
        if failures < counted.get() {
            counted.reset();
        }
        counted.inc_by(failures.saturating_sub(counted.get()));
        self.up.with_label_values(&[database]).set(i64::from(behind.error.is_none()));
    }

    /// Whether all archives are known not to be too far behind.
    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }
}

/// Answers `/livez`, `/readyz` and `/metrics` until it is told to stop.
pub(crate) async fn serve(listener: TcpListener, page: Page, stop: CancellationToken) -> std::io::Result<()> {
    let router =
        Router::new().route("/livez", get(async || "ok\n")).route("/readyz", get(readyz)).route("/metrics", get(metrics)).with_state(page);
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn readyz(State(page): State<Page>) -> (StatusCode, &'static str) {
    if page.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "it is not known of every database yet up to when it is archived\n")
    }
}

async fn metrics(State(page): State<Page>) -> impl IntoResponse {
    let mut text = Vec::new();
    // What is registered can be written.
    let _ = TextEncoder::new().encode(&page.registry.gather(), &mut text);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_as_the_database_counts_them() {
        let page = Page::new().expect("metrics");
        let counted = || page.failures.with_label_values(&["auth"]).get();
        for (said, shown) in [(3, 3), (3, 3), (5, 5), (1, 1)] {
            page.show("auth", &Behind::default(), said);
            assert_eq!(counted(), shown);
        }
        assert!(
            page.registry.gather().iter().all(|family| family.name() != "backup_newest_restorable_timestamp_seconds"),
            "it is not known"
        );
    }
}
