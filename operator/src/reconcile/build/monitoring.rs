//! The endpoints of the services that Prometheus scrapes, and its alerts.

use serde_json::{Value, json};

use crate::reconcile::backend::database;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::{Monitoring, Platform};
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
    let rule = json!({"spec": {"groups": [{"name": "restaurant-booking", "rules": alerts(platform)}]}});
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

/// An alert that fires when its expression has had a result for a time.
struct Alert {
    name: &'static str,
    /// `$scope` stands for the labels that select this platform's services.
    expression: &'static str,
    minutes: u32,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
}

/// Requests without probes: a service that is not ready answers a probe with 503.
macro_rules! requests {
    ($labels:literal) => {
        concat!(
            r#"sum by (namespace, job) (rate(http_server_request_duration_seconds_count{$scope, http_route!~"/healthz|/readyz|/metrics""#,
            $labels,
            "}[5m]))"
        )
    };
}

/// The volumes of the databases and the broker, by the names of their claims: the operator's, CloudNativePG's, Strimzi's.
const VOLUMES: &str = "(data-([0-9]+-)?)?$name-(auth-postgres|menu-postgres|reservation-postgres|kafka)(-.*)?";

const ALERTS: [Alert; 10] = [
    Alert {
        name: "RestaurantBookingVolumeFillsUp",
        expression: "kubelet_volume_stats_available_bytes{$volumes} / kubelet_volume_stats_capacity_bytes{$volumes} < 0.15",
        minutes: 10,
        severity: "critical",
        summary: "The volume {{ $labels.persistentvolumeclaim }} is almost full.",
        description: "Of the volume {{ $labels.persistentvolumeclaim }} in namespace {{ $labels.namespace }}, {{ $value | humanizePercentage }} \
            are left. A database or broker whose volume is full stops. Raise storage.size of the RestaurantBooking, where the class of the \
            volume can expand.",
    },
    Alert {
        name: "RestaurantBookingRequestsFail",
        expression: concat!(requests!(r#", http_response_status_code=~"5..""#), " / ", requests!(""), " > 0.05"),
        minutes: 5,
        severity: "critical",
        summary: "{{ $labels.job }} fails to answer requests.",
        description: "{{ $labels.job }} in namespace {{ $labels.namespace }} answers {{ $value | humanizePercentage }} of all requests with \
            a status of 5xx. Its log names each with its cause; a database that is out of reach is the usual one.",
    },
    Alert {
        name: "RestaurantBookingDatabaseDown",
        expression: "min by (namespace, job) (database_up{$scope}) == 0",
        minutes: 5,
        severity: "critical",
        summary: "{{ $labels.job }} does not reach its database.",
        description: "A Pod of {{ $labels.job }} in namespace {{ $labels.namespace }} has had no answer from its database for 5 minutes. It \
            stays ready, and answers 503 to what needs the database.",
    },
    Alert {
        name: "RestaurantBookingEventsNotPublished",
        expression: "max by (namespace, job) (outbox_oldest_age_seconds{$scope}) > 300",
        minutes: 5,
        severity: "warning",
        summary: "{{ $labels.job }} does not get its events to Kafka.",
        description: "The oldest event of {{ $labels.job }} in namespace {{ $labels.namespace }} has been waiting for \
            {{ $value | humanizeDuration }}. No event is lost, but the other services do not hear of it; Kafka is out of reach, or overtaxed.",
    },
    Alert {
        name: "RestaurantBookingEventsRefused",
        expression: "max by (namespace, job) (outbox_blocked_keys{$scope}) > 0",
        minutes: 5,
        severity: "warning",
        summary: "Kafka refuses events of {{ $labels.job }}.",
        description: "Kafka refuses events of {{ $value }} aggregates of {{ $labels.job }} in namespace {{ $labels.namespace }}, and what \
            follows them waits. The log of the service says why; this needs a person.",
    },
    Alert {
        name: "RestaurantBookingEventsParked",
        expression: "max by (namespace, job) (events_parked{$scope}) > 0",
        minutes: 5,
        severity: "warning",
        summary: "{{ $labels.job }} cannot handle events.",
        description: "{{ $labels.job }} in namespace {{ $labels.namespace }} has parked {{ $value }} events: one that it cannot handle, and \
            those behind it. The table parked_event of its database has them; this needs a person.",
    },
    Alert {
        name: "RestaurantBookingConsumerLag",
        expression: "max by (namespace, job, topic, partition) (kafka_consumer_lag{$scope}) > 1000",
        minutes: 15,
        severity: "warning",
        summary: "{{ $labels.job }} is behind with events.",
        description: "{{ $labels.job }} in namespace {{ $labels.namespace }} has {{ $value }} events of {{ $labels.topic }}, partition \
            {{ $labels.partition }}, before it. It is too slow, or its database is.",
    },
    Alert {
        name: "RestaurantBookingPasswordQueue",
        expression: "max by (namespace, job) (password_hash_queue_depth{$scope}) > 32",
        minutes: 5,
        severity: "warning",
        summary: "Logins at {{ $labels.job }} wait for the CPU.",
        description: "{{ $value }} passwords wait to be hashed in a Pod of {{ $labels.job }} in namespace {{ $labels.namespace }}; from 64 on \
            logins are answered 503. More Pods or more CPU help, unless somebody is guessing passwords.",
    },
    Alert {
        name: "RestaurantBookingMailWaits",
        // An hour is what a mail server may take to come back, or a greylist to let a message in.
        expression: "max by (namespace, job) (mail_oldest_age_seconds{$scope}) > 3600",
        minutes: 5,
        severity: "warning",
        summary: "{{ $labels.job }} does not get its mail to guests.",
        description: "The oldest message to a guest of {{ $labels.job }} in namespace {{ $labels.namespace }} has been due for \
            {{ $value | humanizeDuration }}. It is tried again until the visit. The log of the service says why it was not taken: the mail \
            server is out of reach, or refuses the login or the sender.",
    },
    Alert {
        name: "RestaurantBookingMailRefused",
        expression: r#"sum by (namespace, job) (increase(mail_total{$scope, outcome="failed"}[1h])) > 5"#,
        minutes: 5,
        severity: "warning",
        summary: "The mail server refuses mail of {{ $labels.job }} for good.",
        description: "The mail server refused {{ $value | humanize }} messages of {{ $labels.job }} in namespace {{ $labels.namespace }} \
            within an hour. A few are addresses that guests mistyped; many say that the sender is not welcome. The bookings tell the reason.",
    },
];

fn alerts(platform: &Platform) -> Vec<Value> {
    let scope = format!(r#"namespace="{}", job=~"{}-(auth|menu|reservation)""#, platform.namespace, platform.name);
    let volumes = format!(r#"namespace="{}", persistentvolumeclaim=~"{}""#, platform.namespace, VOLUMES.replace("$name", &platform.name));
    let down = Service::ALL.map(|service| {
        let (namespace, job) = (&platform.namespace, platform.component_name(service));
        json!({
            "alert": "RestaurantBookingServiceDown",
            "expr": format!(r#"absent(up{{namespace="{namespace}", job="{job}"}} == 1)"#),
            "for": "5m",
            // An absent metric has no labels.
            "labels": {"severity": "critical", "namespace": namespace, "job": job},
            "annotations": {
                "summary": "{{ $labels.job }} is down.",
                "description": "No Pod of {{ $labels.job }} in namespace {{ $labels.namespace }} has answered for 5 minutes. The \
                    conditions of the RestaurantBooking, the Pods' events and their logs say why.",
            },
        })
    });
    let others = ALERTS.iter().map(|alert| {
        json!({
            "alert": alert.name,
            "expr": alert.expression.replace("$scope", &scope).replace("$volumes", &volumes),
            "for": format!("{}m", alert.minutes),
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.summary, "description": alert.description},
        })
    });
    down.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;

    #[test]
    fn alerts_are_of_this_platform_alone() {
        for alert in alerts(&platform("", &[])) {
            let expression = alert["expr"].as_str().expect("an expression");
            let selectors = expression.matches('{').count();
            assert!(selectors > 0 && !expression.contains("$scope"), "{expression}");
            let ours = [r#"{namespace="dining", job="#, r#"{namespace="dining", persistentvolumeclaim=~"(data-([0-9]+-)?)?trattoria-"#];
            assert_eq!(ours.iter().map(|ours| expression.matches(ours).count()).sum::<usize>(), selectors, "{expression}");
        }
    }

    #[test]
    fn labels_that_are_given_are_added_and_ours_stay() {
        let platform = platform("monitoring: {labels: {release: prometheus, app.kubernetes.io/instance: other}}", &[]);
        for object in monitors(&platform) {
            let labels = &object.body["metadata"]["labels"];
            assert_eq!((&labels["release"], &labels["app.kubernetes.io/instance"]), (&json!("prometheus"), &json!("trattoria")));
        }
    }
}
