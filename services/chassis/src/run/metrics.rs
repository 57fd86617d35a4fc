//! Metrics in the Prometheus text format, named after OpenTelemetry's semantic conventions where there is a name.

use std::sync::Arc;

use prometheus::core::Collector;
use prometheus::{Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use sqlx::PgPool;

/// Upper bounds of the request duration's buckets, in seconds (OpenTelemetry's advice for `http.server.request.duration`, from 1 ms).
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The metrics of one service. A service adds its own with [`Metrics::register`].
#[derive(Clone)]
pub struct Metrics(Arc<All>);

struct All {
    registry: Registry,
    requests: HistogramVec,
    connections: IntGaugeVec,
    database: IntGauge,
    outbox_pending: IntGauge,
    outbox_age: Gauge,
    outbox_blocked: IntGauge,
    parked: IntGauge,
    published: IntCounterVec,
    consumed: IntCounterVec,
    lag: IntGaugeVec,
}

impl Metrics {
    /// The metrics of the service of this name.
    ///
    /// # Panics
    /// Never: the names and labels are fixed, and distinct.
    pub fn new(service: &str) -> Self {
        let metrics = All {
            registry: Registry::new(),
            requests: valid(HistogramVec::new(
                HistogramOpts::new("http_server_request_duration_seconds", "Duration of HTTP requests, in seconds.")
                    .buckets(BUCKETS.to_vec()),
                &["http_request_method", "http_route", "http_response_status_code"],
            )),
            connections: valid(IntGaugeVec::new(
                Opts::new("db_client_connection_count", "Connections of the database pool, by state."),
                &["db_client_connection_state"],
            )),
            database: valid(IntGauge::new("database_up", "Whether the database answered when these metrics were asked for: 1 or 0.")),
            outbox_pending: valid(IntGauge::new("outbox_pending", "Events that wait to be published.")),
            outbox_age: valid(Gauge::new("outbox_oldest_age_seconds", "Age of the oldest event that waits to be published, in seconds.")),
            outbox_blocked: valid(IntGauge::new(
                "outbox_blocked_keys",
                "Aggregates whose events the broker refuses; what follows them waits. Anything but 0 needs a person.",
            )),
            parked: valid(IntGauge::new(
                "events_parked",
                "Events that could not be handled, and those behind them. Anything but 0 needs a person.",
            )),
            published: valid(IntCounterVec::new(
                Opts::new(
                    "outbox_published_total",
                    "Attempts to publish an event, by topic and outcome (published, unavailable, refused).",
                ),
                &["topic", "outcome"],
            )),
            consumed: valid(IntCounterVec::new(
                Opts::new("events_consumed_total", "Events received, by type and outcome (handled, duplicate, ignored, failed, parked)."),
                &["type", "outcome"],
            )),
            lag: valid(IntGaugeVec::new(
                Opts::new("kafka_consumer_lag", "Events of a partition that are not consumed yet."),
                &["topic", "partition"],
            )),
        };
        let build = valid(GaugeVec::new(Opts::new("build_info", "The version that runs; always 1."), &["service", "version"]));
        build.with_label_values(&[service, env!("CARGO_PKG_VERSION")]).set(1.0);
        let all: [Box<dyn Collector>; 11] = [
            Box::new(metrics.requests.clone()),
            Box::new(metrics.connections.clone()),
            Box::new(metrics.database.clone()),
            Box::new(metrics.outbox_pending.clone()),
            Box::new(metrics.outbox_age.clone()),
            Box::new(metrics.outbox_blocked.clone()),
            Box::new(metrics.parked.clone()),
            Box::new(metrics.published.clone()),
            Box::new(metrics.consumed.clone()),
            Box::new(metrics.lag.clone()),
            Box::new(build),
        ];
        for collector in all {
            valid(metrics.registry.register(collector));
        }
        Self(Arc::new(metrics))
    }

    /// Adds a metric of the service's own.
    ///
    /// # Panics
    /// Where one of that name is there already, which is a fault of the program.
    pub fn register<C: Collector + Clone + 'static>(&self, collector: Result<C, prometheus::Error>) -> C {
        let collector = valid(collector);
        valid(self.0.registry.register(Box::new(collector.clone())));
        collector
    }

    /// Notes a request that was answered. `route` is the template, not the path, so that there are few of them.
    pub fn request(&self, method: &str, route: &str, status: &str, seconds: f64) {
        self.0.requests.with_label_values(&[method, route, status]).observe(seconds);
    }

    /// Notes attempts to publish.
    pub fn published(&self, topic: &str, outcome: &str) {
        self.0.published.with_label_values(&[topic, outcome]).inc();
    }

    /// Notes an event that was received.
    pub fn consumed(&self, kind: &str, outcome: &str) {
        self.0.consumed.with_label_values(&[kind, outcome]).inc();
    }

    /// Sets how far a consumer is behind.
    pub fn lag(&self, topic: &str, partition: i32, lag: i64) {
        self.0.lag.with_label_values(&[topic, &partition.to_string()]).set(lag);
    }

    /// Forgets how far a consumer is behind in a partition that it does not read any longer.
    pub fn forget_lag(&self, topic: &str, partition: i32) {
        // There may be none.
        let _ = self.0.lag.remove_label_values(&[topic, &partition.to_string()]);
    }

    /// Sets how many aggregates wait behind an event that the broker refuses.
    pub fn blocked(&self, keys: usize) {
        self.0.outbox_blocked.set(i64::try_from(keys).unwrap_or(i64::MAX));
    }

    /// The whole, in the Prometheus text format. What the database knows is asked of it now by way of `pool`, where it answers. The
    /// connections that are counted are those of `requests`.
    pub async fn render(&self, pool: &PgPool, requests: &PgPool) -> String {
        let all = &self.0;
        let idle = i64::try_from(requests.num_idle()).expect("a pool is small");
        all.connections.with_label_values(&["idle"]).set(idle);
        all.connections.with_label_values(&["used"]).set(i64::from(requests.size()) - idle);
        let waiting = "SELECT pending, oldest_age, (SELECT count(*) FROM parked_event) FROM outbox_waiting()";
        let answer = sqlx::query_as::<_, (i64, f64, i64)>(waiting).fetch_one(pool).await;
        all.database.set(i64::from(answer.is_ok()));
        if let Ok((pending, age, parked)) = answer {
            all.outbox_pending.set(pending);
            all.outbox_age.set(age);
            all.parked.set(parked);
        }
        TextEncoder::new().encode_to_string(&all.registry.gather()).expect("what is registered can be written down")
    }
}

/// Metrics are declared with fixed names: an invalid one is a fault of the program, found by the first test.
fn valid<T>(made: Result<T, prometheus::Error>) -> T {
    made.unwrap_or_else(|error| panic!("a metric is declared wrongly: {error}"))
}
