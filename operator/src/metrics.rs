//! The operator's metrics for Prometheus.

mod backups;

use std::time::Duration;

use prometheus::{Encoder as _, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

pub use backups::Backups;

/// The metrics.
pub struct Metrics {
    registry: Registry,
    reconciles: IntCounterVec,
    reconcile_duration: HistogramVec,
    step_duration: HistogramVec,
    writes: IntCounterVec,
    failures: IntCounterVec,
    queue_depth: IntGauge,
    resources: IntGaugeVec,
    leader: IntGauge,
    backups: backups::Gauges,
}

/// Seconds: from a reconcile without changes to one that reaches its timeout.
const SECONDS: [f64; 11] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0];

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels).expect("a name and labels that Prometheus takes");
            registry.register(Box::new(counter.clone())).expect("a name of its own");
            counter
        };
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            let opts = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
            let histogram = HistogramVec::new(opts, labels).expect("a name and labels that Prometheus takes");
            registry.register(Box::new(histogram.clone())).expect("a name of its own");
            histogram
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help).expect("a name that Prometheus takes");
            registry.register(Box::new(gauge.clone())).expect("a name of its own");
            gauge
        };
        let resources =
            IntGaugeVec::new(Opts::new("operator_resources", "RestaurantBooking resources, by their condition Ready"), &["ready"])
                .expect("a name and labels that Prometheus takes");
        registry.register(Box::new(resources.clone())).expect("a name of its own");
        let build_info = GaugeVec::new(Opts::new("build_info", "The version that runs"), &["service", "version"]).expect("a name");
        build_info.with_label_values(&["operator", env!("CARGO_PKG_VERSION")]).set(1.0);
        registry.register(Box::new(build_info)).expect("a name of its own");
        Self {
            reconciles: counter("operator_reconciles_total", "Reconciles, by outcome", &["outcome"]),
            reconcile_duration: histogram("operator_reconcile_duration_seconds", "Duration of a reconcile, by outcome", &["outcome"]),
            step_duration: histogram("operator_step_duration_seconds", "Duration of a step of a reconcile", &["step"]),
            writes: counter("operator_api_writes_total", "Writing requests to the API server, by resource and verb", &["resource", "verb"]),
            failures: counter("operator_failures_total", "Failures, by step and reason", &["step", "reason"]),
            queue_depth: gauge("operator_queue_depth", "Resources that wait to be reconciled"),
            leader: gauge("operator_leader", "1 while this replica holds the lease, else 0"),
            resources,
            backups: backups::Gauges::new(&registry),
            registry,
        }
    }
}

impl Metrics {
    /// Counts a reconcile that ended, and its duration.
    pub fn reconciled(&self, outcome: &str, duration: Duration) {
        self.reconciles.with_label_values(&[outcome]).inc();
        self.reconcile_duration.with_label_values(&[outcome]).observe(duration.as_secs_f64());
    }

    /// Records the duration of a step.
    pub fn step(&self, step: &str, duration: Duration) {
        self.step_duration.with_label_values(&[step]).observe(duration.as_secs_f64());
    }

    /// Counts a request that writes.
    pub fn write(&self, resource: &str, verb: &str) {
        self.writes.with_label_values(&[resource, verb]).inc();
    }

    /// Counts a failure.
    pub fn failed(&self, step: &str, reason: &str) {
        self.failures.with_label_values(&[step, reason]).inc();
    }

    /// Sets the number of resources that wait for a reconcile.
    pub fn queued(&self, depth: usize) {
        self.queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// Sets whether this replica holds the lease.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Sets the numbers of resources that are Ready, not Ready, and unknown.
    pub fn resources(&self, ready: i64, not_ready: i64, unknown: i64) {
        for (value, count) in [("true", ready), ("false", not_ready), ("unknown", unknown)] {
            self.resources.with_label_values(&[value]).set(count);
        }
    }

    /// Shows the backups and the restore of a resource. Of the default nothing is left.
    pub fn backups(&self, namespace: &str, name: &str, backups: &Backups) {
        self.backups.show(namespace, name, backups);
    }

    /// All metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Encoding into memory fails only for a metric without a name.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_the_series_of_what_is_known_of_it_and_none_once_it_is_gone() {
        let metrics = Metrics::default();
        let series =
            || -> Vec<String> { metrics.render().lines().filter(|line| line.contains("name=\"trattoria\"")).map(str::to_owned).collect() };
        let known = Backups { ready: Some(true), last_completed: Some(1_796_007_660), ..Default::default() };
        metrics.backups("dining", "osteria", &known);
        metrics.backups("dining", "trattoria", &known);
        assert_eq!(
            series(),
            [
                "operator_backup_last_completed_timestamp_seconds{name=\"trattoria\",namespace=\"dining\"} 1796007660",
                "operator_backup_ready{name=\"trattoria\",namespace=\"dining\"} 1",
            ]
        );
        metrics.backups("dining", "trattoria", &Backups { ready: Some(false), ..Default::default() });
        assert_eq!(series(), ["operator_backup_ready{name=\"trattoria\",namespace=\"dining\"} 0"]);
        metrics.backups("dining", "trattoria", &Backups::default());
        assert_eq!(series(), [] as [String; 0]);
        assert!(metrics.render().contains("operator_backup_ready{name=\"osteria\""));
    }
}
