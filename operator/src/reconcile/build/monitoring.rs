//! The endpoints of the services that Prometheus scrapes, and its alerts.

mod alerts;

use serde_json::json;

use crate::reconcile::backend::database;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::{Backup, Monitoring, Platform};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::Object;
use super::pod::HTTP;
use crate::reconcile::names::COMPONENT;

pub(super) fn monitors(platform: &Platform) -> Vec<Object> {
    let Some(monitoring) = &platform.monitoring else { return Vec::new() };
    let part = platform.part("monitoring");
    // The monitor selects all parts, by their common labels without the component.
    let mut labels = part.selector_labels();
    labels.remove(COMPONENT);
    let components: Vec<_> = Service::ALL.into_iter().map(Service::as_str).chain(database::watcher(platform)).collect();
    let monitor = json!({"spec": {
        "selector": {
            "matchLabels": labels,
            "matchExpressions": [{"key": COMPONENT, "operator": "In", "values": components}],
        },
        "endpoints": [{"port": HTTP, "path": "/metrics", "interval": format!("{}s", monitoring.interval_seconds)}],
    }});
    let rule = json!({"spec": {"groups": [{"name": "restaurant-booking", "rules": alerts::alerts(platform)}]}});
    [(Kind::ServiceMonitor, monitor), (Kind::PrometheusRule, rule)]
        .map(|(kind, body)| labelled(part.object(Step::Exposure, kind, &platform.name, &body), monitoring))
        .into()
}

/// Adds the labels by which a Prometheus selects its objects. Labels of the operator keep their values.
fn labelled(mut object: Object, monitoring: &Monitoring) -> Object {
    for (name, value) in &monitoring.labels {
        let labels = &mut object.body["metadata"]["labels"];
        if labels[name].is_null() {
            labels[name] = value.as_str().into();
        }
    }
    object
}

/// The backups whose archives the watcher watches.
fn watched(platform: &Platform) -> Option<&Backup> {
    platform.backup.as_ref().filter(|_| database::watcher(platform).is_some())
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;

    #[test]
    fn labels_that_are_given_are_added_and_ours_stay() {
        let platform = platform("monitoring: {labels: {release: prometheus, app.kubernetes.io/instance: other}}", &[]);
        for object in monitors(&platform) {
            let labels = &object.body["metadata"]["labels"];
            assert_eq!((&labels["release"], &labels["app.kubernetes.io/instance"]), (&json!("prometheus"), &json!("trattoria")));
        }
    }
}
