//! The alerts of one platform. Each has its section in `docs/alerts.md`, which a test asks for.

use serde_json::{Value, json};

use crate::reconcile::names::backup_name;
use crate::reconcile::platform::{Backup, Platform};
use crate::reconcile::service::Service;

use super::watched;

/// Where the sections are read.
const RUNBOOKS: &str = "https://github.com/restaurant-booking/restaurant-booking/blob/main/docs/alerts.md";

/// An alert that fires when its expression has had a result for a time.
struct Alert {
    name: &'static str,
    /// `$scope` stands for the labels that select this platform's services, `$watcher` for those of what watches the archives, `$volumes`,
    /// `$data` and `$backups` for those of all volumes, of those of databases and broker, and of those with backups.
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

/// The part of a volume that is left, and a comparison with it.
macro_rules! left {
    ($volumes:literal, $comparison:literal) => {
        concat!("kubelet_volume_stats_available_bytes", $volumes, " / kubelet_volume_stats_capacity_bytes", $volumes, " ", $comparison)
    };
}

/// The alerts that every platform has.
const ALERTS: [Alert; 11] = [
    Alert {
        name: "RestaurantBookingVolumeFillsUp",
        expression: left!("{$volumes}", "< 0.15"),
        minutes: 10,
        severity: "critical",
        summary: "The volume {{ $labels.persistentvolumeclaim }} is almost full.",
        description: "Of the volume {{ $labels.persistentvolumeclaim }} in namespace {{ $labels.namespace }}, {{ $value | humanizePercentage }} \
            are left. A database or broker whose volume is full stops, and one whose backups have no room keeps its log. Raise storage.size of \
            the RestaurantBooking, where the class of the volume can expand.",
    },
    Alert {
        name: "RestaurantBookingVolumeFillsSoon",
        // Log that nobody archives fills a volume of 8 GiB within hours.
        expression: concat!("predict_linear(kubelet_volume_stats_available_bytes{$data}[1h], 43200) < 0 and ", left!("{$data}", "< 0.7")),
        minutes: 30,
        severity: "warning",
        summary: "The volume {{ $labels.persistentvolumeclaim }} is full within half a day.",
        description: "As the last hour went, the volume {{ $labels.persistentvolumeclaim }} in namespace {{ $labels.namespace }} is full within \
            12 hours. Log that is not archived is the usual cause where the databases are backed up.",
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

/// The alerts of a platform whose archives are watched.
const ARCHIVES: [Alert; 3] = [
    Alert {
        name: "RestaurantBookingVolumeFillsSoon",
        // Base backups come by the day.
        expression: concat!(
            "predict_linear(kubelet_volume_stats_available_bytes{$backups}[1d], 345600) < 0 and ",
            left!("{$backups}", "< 0.4")
        ),
        minutes: 60,
        severity: "warning",
        summary: "The volume {{ $labels.persistentvolumeclaim }} is full within four days.",
        description: "As the last day went, the volume with backups {{ $labels.persistentvolumeclaim }} in namespace {{ $labels.namespace }} is \
            full within 4 days. Raise storage.claim.size, or keep fewer backups.",
    },
    Alert {
        name: "RestaurantBookingArchiveFails",
        expression: "sum by (namespace, job, database) (increase(backup_archive_failures_total{$watcher}[15m])) > 0",
        minutes: 15,
        severity: "warning",
        summary: "The log of the database {{ $labels.database }} cannot be archived.",
        description: "Archiving the log of the database {{ $labels.database }} in namespace {{ $labels.namespace }} has been failing for 15 \
            minutes. Bookings go on, and the log waits on the volume of the database.",
    },
    Alert {
        name: "RestaurantBookingLogNotArchived",
        // With the usual maxLoss, the server begins a file of 16 MiB every 45 s: this is three quarters of an hour.
        expression: "max by (namespace, job, database) (backup_wal_waiting_bytes{$watcher}) > 1073741824",
        minutes: 10,
        severity: "critical",
        summary: "The log of the database {{ $labels.database }} fills its volume.",
        description: "{{ $value | humanize1024 }}B of the log of the database {{ $labels.database }} in namespace {{ $labels.namespace }} wait to \
            be archived. The database stops when its volume is full.",
    },
];

/// The volumes of the databases and the broker, by the names of their claims: the operator's, CloudNativePG's, Strimzi's.
const DATA: &str = "(data-([0-9]+-)?)?$name-(auth-postgres|menu-postgres|reservation-postgres|kafka)(-.*)?";
/// The volumes with backups.
const BACKUPS: &str = "$name-(auth|menu|reservation)-backup";

pub(super) fn alerts(platform: &Platform) -> Vec<Value> {
    let (namespace, name) = (&platform.namespace, &platform.name);
    let scope = format!(r#"namespace="{namespace}", job=~"{name}-(auth|menu|reservation)""#);
    let watcher = format!(r#"namespace="{namespace}", job="{}""#, backup_name(name));
    let claims = |pattern: &str| format!(r#"namespace="{namespace}", persistentvolumeclaim=~"{}""#, pattern.replace("$name", name));
    let (data, backups) = (claims(DATA), claims(BACKUPS));
    let volumes = claims(&format!("{DATA}|{BACKUPS}"));
    let places = [("$scope", scope), ("$watcher", watcher), ("$volumes", volumes), ("$data", data), ("$backups", backups)];
    let one = |alert: &Alert| {
        let expression = places.iter().fold(alert.expression.to_owned(), |text, (place, labels)| text.replace(place, labels));
        rule(alert.name, &expression, alert.minutes.into(), json!({"severity": alert.severity}), alert.summary, alert.description)
    };
    let down = Service::ALL.map(|service| service_down(platform, service));
    let late = watched(platform).into_iter().flat_map(|backup| Service::ALL.map(|service| backup_late(platform, backup, service)));
    let archives = watched(platform).map(|_| &ARCHIVES).into_iter().flatten().map(&one);
    down.into_iter().chain(ALERTS.iter().map(&one)).chain(late).chain(archives).collect()
}

/// No Pod of a service answers. An absent metric has no labels.
fn service_down(platform: &Platform, service: Service) -> Value {
    let (namespace, job) = (&platform.namespace, platform.component_name(service));
    rule(
        "RestaurantBookingServiceDown",
        &format!(r#"absent(up{{namespace="{namespace}", job="{job}"}} == 1)"#),
        5,
        json!({"severity": "critical", "namespace": namespace, "job": job}),
        "{{ $labels.job }} is down.",
        "No Pod of {{ $labels.job }} in namespace {{ $labels.namespace }} has answered for 5 minutes. The conditions of the \
            RestaurantBooking, the Pods' events and their logs say why.",
    )
}

/// The archive of a database is late, or nobody knows how far it reaches: a watcher that finds it late ends, and the next one knows nothing
/// of it. A watcher that starts has its time until the first of its beats is archived.
fn backup_late(platform: &Platform, backup: &Backup, service: Service) -> Value {
    let (namespace, job, database) = (&platform.namespace, backup_name(&platform.name), service.as_str());
    let labels = format!(r#"namespace="{namespace}", job="{job}", database="{database}""#);
    rule(
        "RestaurantBookingBackupLate",
        &format!("absent(backup_newest_restorable_timestamp_seconds{{{labels}}} > time() - {})", 5 * backup.max_loss),
        5 + (2 * backup.max_loss).div_ceil(60),
        json!({"severity": "critical", "namespace": namespace, "job": job, "database": database}),
        "The database {{ $labels.database }} cannot be restored to a recent moment.",
        "For the database {{ $labels.database }} in namespace {{ $labels.namespace }}, the newest moment to which it can be restored is \
            further back than five times maxLoss, or is not known. The condition BackupReady of the RestaurantBooking says why.",
    )
}

fn rule(name: &str, expression: &str, minutes: u64, labels: Value, summary: &str, description: &str) -> Value {
    json!({
        "alert": name,
        "expr": expression,
        "for": format!("{minutes}m"),
        "labels": labels,
        "annotations": {"summary": summary, "description": description, "runbook_url": format!("{RUNBOOKS}#{}", name.to_lowercase())},
    })
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;

    const BACKED_UP: &str = "backup: {maxLoss: 2m, storage: {claim: {}}}";

    #[test]
    fn alerts_are_of_this_platform_alone() {
        for alert in alerts(&platform(BACKED_UP, &[])) {
            let expression = alert["expr"].as_str().expect("an expression");
            let selectors = expression.matches('{').count();
            assert!(selectors > 0 && !expression.contains('$'), "{expression}");
            let ours = [
                r#"{namespace="dining", job="trattoria-"#,
                r#"{namespace="dining", job=~"trattoria-"#,
                r#"{namespace="dining", persistentvolumeclaim=~"(data-([0-9]+-)?)?trattoria-"#,
                r#"{namespace="dining", persistentvolumeclaim=~"trattoria-"#,
            ];
            assert_eq!(ours.iter().map(|ours| expression.matches(ours).count()).sum::<usize>(), selectors, "{expression}");
        }
    }

    #[test]
    fn archives_have_alerts_where_there_are_backups() {
        let late = |spec: &str| -> Vec<Value> {
            alerts(&platform(spec, &[])).into_iter().filter(|alert| alert["alert"] == "RestaurantBookingBackupLate").collect()
        };
        let of_others = "{postgres: {cloudNativePG: {}}, backup: {storage: {s3: {endpoint: 'https://s3.example.com', bucket: backups, \
            credentialsSecretRef: {name: s3}}}}}";
        let secrets = [("s3", "accessKeyId", "AKIA"), ("s3", "secretAccessKey", "secret")];
        // Nobody watches archives that there are not, or that are another product's.
        for without in [platform("", &[]), platform(of_others, &secrets)] {
            assert!(alerts(&without).iter().all(|alert| !alert["expr"].as_str().is_some_and(|text| text.contains("backup_"))));
        }
        let late = late(BACKED_UP);
        assert_eq!(late.len(), 3);
        let expression = "absent(backup_newest_restorable_timestamp_seconds{namespace=\"dining\", job=\"trattoria-backup\", \
            database=\"menu\"} > time() - 600)";
        assert_eq!((&late[1]["expr"], &late[1]["for"]), (&json!(expression), &json!("9m")));
    }
}
