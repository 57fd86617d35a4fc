//! Every alert has its section in `docs/alerts.md`, and every section its alert.

use std::collections::BTreeSet;

use operator::plan::plan;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;

use crate::root;

/// What each section tells, in this order.
const PARTS: [&str; 4] = ["**Meaning.**", "**Impact.**", "**Diagnosis.**", "**Mitigation.**"];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// The alerts that the operator makes for a resource with backups, which has all of them, and those of the chart.
fn alerts() -> BTreeSet<String> {
    let resource = operator::api::read(&read("examples/backup-claim.yaml")).expect("a resource");
    let objects = plan(&resource, &Defaults::default()).expect("a plan");
    let rules = objects.iter().filter(|object| object.kind == Kind::PrometheusRule);
    let rules = rules.flat_map(|object| object.body["spec"]["groups"][0]["rules"].as_array().cloned().unwrap_or_default());
    let of_resources = rules.filter_map(|rule| rule["alert"].as_str().map(str::to_owned));
    let chart = read("charts/restaurant-booking-operator/templates/prometheusrule.yaml");
    let of_chart = chart.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned);
    of_resources.chain(of_chart).collect()
}

#[test]
fn every_alert_has_its_section() {
    let text = read("docs/alerts.md");
    let sections: Vec<_> = text.split("\n## ").skip(1).map(|section| section.split_once('\n').expect("a text")).collect();
    let names: BTreeSet<String> = sections.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names.len(), sections.len(), "an alert has two sections");
    let alerts = alerts();
    assert!(alerts.len() > 20, "{alerts:?}");
    assert_eq!(names, alerts);
    for (name, section) in sections {
        let places: Vec<_> = PARTS.iter().map(|part| section.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{name} has not all of {PARTS:?}, in this order");
    }
}
