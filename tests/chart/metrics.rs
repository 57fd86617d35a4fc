//! The dashboard and the alerts speak of metrics that there are, by the labels that they have.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use operator::metrics::{Backups, Metrics};
use operator::plan::plan;
use operator::reconcile::kind::Kind;
use operator::reconcile::step::Step;
use operator::reconcile::validate::Defaults;
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;

use crate::{MONITORING, chart, read, render, values};

/// The labels of each metric.
type Known = BTreeMap<String, BTreeSet<String>>;

/// Labels that Prometheus adds to all, and those of buckets.
const TARGET: [&str; 7] = ["namespace", "job", "pod", "service", "exported_service", "exported_namespace", "le"];
/// Metrics that single services add, and their labels; `tests/contract/metrics.rs` holds the services to them. Prometheus itself says `up`.
/// Those of mail are reservation's, of which the database knows, and `services/backup/tests/real` holds the watcher of the archives to its own.
/// The kubelet tells of volumes.
const OTHERS: [(&str, &[&str]); 10] = [
    ("password_hash_queue_depth", &[]),
    ("reservations_total", &["outcome"]),
    ("up", &[]),
    ("mail_oldest_age_seconds", &[]),
    ("mail_total", &["outcome"]),
    ("backup_newest_restorable_timestamp_seconds", &["database"]),
    ("backup_wal_waiting_bytes", &["database"]),
    ("backup_archive_failures_total", &["database"]),
    ("kubelet_volume_stats_available_bytes", &["persistentvolumeclaim"]),
    ("kubelet_volume_stats_capacity_bytes", &["persistentvolumeclaim"]),
];

/// The samples of a text as Prometheus reads it.
fn samples(text: &str, known: &mut Known) {
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let selector = line.rsplit_once(' ').expect("a value").0;
        for Selector { name, labels } in selectors(selector).0 {
            known.entry(name).or_default().extend(labels);
        }
    }
}

async fn known() -> Known {
    let mut known: Known =
        OTHERS.iter().map(|(name, labels)| ((*name).to_owned(), labels.iter().map(|&label| label.to_owned()).collect())).collect();
    let second = Duration::from_secs(1);

    let operator = Metrics::default();
    operator.reconciled("done", second);
    operator.step(Step::Kafka.as_str(), second);
    operator.write("secrets", "apply");
    operator.failed("kafka", "KafkaUnavailable");
    operator.resources(1, 0, 0);
    let (yes, some) = (Some(true), Some(1));
    operator.backups(
        "dining",
        "trattoria",
        &Backups {
            ready: yes,
            period: some,
            last_completed: some,
            last_verified: some,
            verified: yes,
            oldest_restorable: some,
            newest_restorable: some,
            size: some,
            restore_failed: yes,
        },
    );
    samples(&operator.render(), &mut known);

    let service = chassis::run::metrics::Metrics::new("auth");
    service.request("GET", "/", "200", 1.0);
    service.published("user.events", "published");
    service.consumed("user.registered", "handled");
    service.lag("user.events", 0, 1);
    // Nobody answers there; what the database does not know is rendered without it.
    let nobody =
        PgPoolOptions::new().acquire_timeout(Duration::from_millis(100)).connect_lazy("postgres://127.0.0.1:1/nothing").expect("a pool");
    samples(&service.render(&nobody, &nobody).await, &mut known);
    known
}

#[derive(Debug, PartialEq)]
struct Selector {
    name: String,
    labels: Vec<String>,
}

/// The metrics of an expression with the labels that select of them, and the labels that it groups by.
fn selectors(expression: &str) -> (Vec<Selector>, Vec<String>) {
    let (mut selectors, mut groups) = (Vec::new(), Vec::new());
    let mut rest = expression;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    while let Some(start) = rest.find(|c: char| is_name(c) || c == '[') {
        rest = &rest[start..];
        if rest.starts_with('[') {
            rest = rest.split_once(']').expect("an end").1;
            continue;
        }
        let (name, after) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
        rest = after.trim_start();
        if name.starts_with(|c: char| c.is_ascii_digit()) || ["and", "or", "unless"].contains(&name) {
            continue;
        }
        if ["by", "on", "without", "ignoring"].contains(&name) {
            let (list, after) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).expect("labels");
            groups.extend(list.split(',').map(|label| label.trim().to_owned()));
            rest = after;
        } else if let Some(mut inner) = rest.strip_prefix('{') {
            let mut labels = Vec::new();
            while !inner.starts_with('}') {
                let (label, after) = inner.split_once('"').expect("a value");
                labels.push(label.trim_matches([',', ' ', '=', '!', '~']).to_owned());
                inner = after.split_once('"').expect("an end").1;
            }
            selectors.push(Selector { name: name.to_owned(), labels });
            rest = &inner[1..];
        } else if !rest.starts_with('(') && !rest.starts_with("by") {
            selectors.push(Selector { name: name.to_owned(), labels: Vec::new() });
        }
    }
    (selectors, groups)
}

#[test]
fn metrics_are_found_in_expressions() {
    let selector =
        |name: &str, labels: &[&str]| Selector { name: name.to_owned(), labels: labels.iter().map(|&label| label.to_owned()).collect() };
    let expression =
        r#"histogram_quantile(0.95, sum by (le, job) (rate(a_bucket{x="1,}", y!~"2"}[5m]))) / on (pod) max(b) > 10 and c == 1"#;
    let expected = vec![selector("a_bucket", &["x", "y"]), selector("b", &[]), selector("c", &[])];
    assert_eq!(selectors(expression), (expected, ["le", "job", "pod"].map(str::to_owned).into()));
}

#[track_caller]
fn check(expression: &str, known: &Known) {
    let (selectors, groups) = selectors(expression);
    assert!(!selectors.is_empty(), "no metric in {expression}");
    let mut labels: BTreeSet<&str> = TARGET.into();
    for Selector { name, labels: of } in &selectors {
        let has = known.get(name).unwrap_or_else(|| panic!("nobody has the metric {name}, of which {expression} speaks"));
        labels.extend(has.iter().map(String::as_str));
        for label in of {
            assert!(has.contains(label) || TARGET.contains(&label.as_str()), "{name} has no label {label}: {expression}");
        }
    }
    for label in &groups {
        assert!(labels.contains(label.as_str()), "none of the metrics has the label {label}: {expression}");
    }
}

#[tokio::test]
async fn the_dashboard_shows_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&read("files/dashboard.json")).expect("JSON");
    let known = known().await;
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = &panel["title"];
        assert!(panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{title} says nothing of itself");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let position = &panel["gridPos"];
        assert!(position["x"].as_u64().zip(position["w"].as_u64()).is_some_and(|(x, w)| x + w <= 24), "{title}");
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            check(target["expr"].as_str().expect("an expression"), &known);
        }
    }

    let objects = render(&["--set=grafanaDashboard.enabled=true"]).await;
    let map = objects.one("ConfigMap");
    assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
    let shown: Value = serde_json::from_str(map["data"]["restaurant-booking.json"].as_str().expect("text")).expect("JSON");
    assert_eq!(shown, dashboard);
}

#[tokio::test]
async fn the_alerts_speak_of_metrics_that_there_are() {
    let objects = render(&[values("everything"), MONITORING.to_owned()]).await;
    let known = known().await;
    let monitor = &objects.one("ServiceMonitor")["spec"];
    let service = objects.one("Service");
    assert_eq!(monitor["selector"]["matchLabels"], service["spec"]["selector"], "the Service has the labels that it selects by");
    assert_eq!(monitor["endpoints"][0]["port"], service["spec"]["ports"][0]["name"]);
    let rules = objects.one("PrometheusRule")["spec"]["groups"][0]["rules"].as_array().expect("rules");
    assert!(!rules.is_empty());
    for rule in rules {
        let expression = rule["expr"].as_str().expect("an expression");
        check(expression, &known);
        // What Prometheus calls the targets of a ServiceMonitor that says nothing of it: the Service.
        let job = format!("job=\"{}\"", service["metadata"]["name"].as_str().expect("a name"));
        assert!(expression.contains(&job) && expression.contains("namespace=\"chart\""), "{expression}");
        assert_tells(rule);
    }
}

/// Each alert says what it is about, and where its section is read; `tests/docs/alerts.rs` holds the document to it.
#[track_caller]
fn assert_tells(rule: &Value) {
    for member in ["summary", "description"] {
        assert!(rule["annotations"][member].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
    }
    let runbook = rule["annotations"]["runbook_url"].as_str().unwrap_or_default();
    let section = format!("/docs/alerts.md#{}", rule["alert"].as_str().expect("a name").to_lowercase());
    assert!(runbook.starts_with("https://") && runbook.ends_with(&section), "{rule}");
}

/// The alerts that the operator makes for each resource.
#[tokio::test]
async fn the_alerts_of_a_restaurant_speak_of_metrics_that_there_are() {
    let known = known().await;
    let text = std::fs::read_to_string(chart().join("../../examples/backup-claim.yaml")).expect("an example");
    let resource = operator::api::read(&text).expect("a resource");
    let objects = plan(&resource, &Defaults::default()).expect("a plan");
    let rules: Vec<_> = objects.iter().filter(|object| object.kind == Kind::PrometheusRule).collect();
    let rules = rules[0].body["spec"]["groups"][0]["rules"].as_array().expect("rules");
    assert!(rules.iter().any(|rule| rule["alert"] == "RestaurantBookingBackupLate"), "{rules:#?}");
    for rule in rules {
        check(rule["expr"].as_str().expect("an expression"), &known);
        assert_tells(rule);
    }
}
