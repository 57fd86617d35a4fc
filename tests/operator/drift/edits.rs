//! Edits by hand, for every kind.

use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

/// An edit of an object, as a JSON patch, which can remove fields and change one item of a list.
pub(super) type Edit = (Kind, &'static str, &'static str, Value);

/// The containers of a Pod template, and the first of them.
const CONTAINER: &str = "/spec/template/spec/containers/0";

fn at(path: &str, value: Value) -> Value {
    json!([{"op": "add", "path": path, "value": value}])
}

fn without(path: &str) -> Value {
    json!([{"op": "remove", "path": path}])
}

/// Edits of the operator's fields in each kind. Some leave fields that exclude the operator's: two ports with one name, two handlers of a
/// probe.
pub(super) fn of_managed() -> Vec<Edit> {
    let container = |path: &str| format!("{CONTAINER}{path}");
    let exec = json!({"exec": {"command": ["true"]}});
    let anybody = json!({"from": [{"namespaceSelector": {}}]});
    vec![
        (Kind::ConfigMap, "trattoria-menu", "a value changed", at("/data/LOG_LEVEL", json!("trace"))),
        (Kind::ConfigMap, "trattoria-menu", "a value removed", without("/data/NO_MIGRATE")),
        (Kind::ConfigMap, "trattoria-auth", "everything removed", without("/data")),
        (Kind::ServiceAccount, "trattoria-menu", "a token allowed", at("/automountServiceAccountToken", json!(true))),
        (Kind::Service, "trattoria-menu", "another port", at("/spec/ports/0/port", json!(9001))),
        (
            Kind::Service,
            "trattoria-reservation",
            "another port, and a label",
            json!([
                {"op": "replace", "path": "/spec/ports/0/port", "value": 9001},
                {"op": "replace", "path": "/metadata/labels/app.kubernetes.io~1part-of", "value": "something-else"},
            ]),
        ),
        (Kind::Service, "trattoria-menu", "another target", at("/spec/ports/0/targetPort", json!(9001))),
        (Kind::Service, "trattoria-menu", "another selector", at("/spec/selector/app.kubernetes.io~1component", json!("auth"))),
        (Kind::Service, "trattoria-menu", "a narrower selector", at("/spec/selector/more", json!("narrow"))),
        (Kind::Service, "trattoria-menu", "another type", at("/spec/type", json!("NodePort"))),
        (Kind::Service, "trattoria-kafka", "another port", at("/spec/ports/0/port", json!(9093))),
        (Kind::StatefulSet, "trattoria-menu-postgres", "no replicas", at("/spec/replicas", json!(0))),
        (Kind::StatefulSet, "trattoria-menu-postgres", "another image", at(&container("/image"), json!("postgres:16"))),
        (Kind::StatefulSet, "trattoria-kafka", "a variable changed", at(&container("/env/0/value"), json!("x"))),
        (Kind::Job, "trattoria-auth-migrate", "another deadline", at("/spec/activeDeadlineSeconds", json!(60))),
        (Kind::CronJob, "trattoria-menu-backup", "another schedule", at("/spec/schedule", json!("0 0 1 1 *"))),
        (Kind::CronJob, "trattoria-menu-backup", "two at once", at("/spec/concurrencyPolicy", json!("Allow"))),
        (
            Kind::CronJob,
            "trattoria-menu-backup",
            "another image",
            at(&format!("/spec/jobTemplate{CONTAINER}/image"), json!("backup:other")),
        ),
        (Kind::Deployment, "trattoria-menu", "another image", at(&container("/image"), json!("menu:other"))),
        (Kind::Deployment, "trattoria-menu", "a variable changed", at(&container("/env/0/value"), json!("/elsewhere"))),
        (Kind::Deployment, "trattoria-menu", "all variables removed", without(&container("/env"))),
        (Kind::Deployment, "trattoria-menu", "other arguments", at(&container("/args"), json!(["serve", "--more"]))),
        (Kind::Deployment, "trattoria-menu", "another port", at(&container("/ports/0/containerPort"), json!(9001))),
        (Kind::Deployment, "trattoria-menu", "another handler of a probe", at(&container("/readinessProbe"), exec.clone())),
        (Kind::Deployment, "trattoria-menu", "no probe", without(&container("/livenessProbe"))),
        (Kind::Deployment, "trattoria-menu", "another period", at(&container("/livenessProbe/periodSeconds"), json!(60))),
        (Kind::Deployment, "trattoria-menu", "other resources", at(&container("/resources/limits/memory"), json!("1Gi"))),
        (Kind::Deployment, "trattoria-menu", "another user", at("/spec/template/spec/securityContext/runAsUser", json!(1000))),
        (Kind::Deployment, "trattoria-menu", "no checksum", without("/spec/template/metadata/annotations/restaurantbooking.dev~1checksum")),
        (
            Kind::Deployment,
            "trattoria-menu",
            "another source of a volume",
            json!([
                {"op": "remove", "path": "/spec/template/spec/volumes/0/emptyDir"},
                {"op": "add", "path": "/spec/template/spec/volumes/0/configMap", "value": {"name": "other"}},
            ]),
        ),
        (Kind::Deployment, "trattoria-menu", "another strategy", at("/spec/strategy", json!({"type": "Recreate"}))),
        (Kind::Deployment, "trattoria-menu", "other replicas", at("/spec/replicas", json!(7))),
        (Kind::Deployment, "trattoria-menu", "no history", at("/spec/revisionHistoryLimit", json!(0))),
        (Kind::HorizontalPodAutoscaler, "trattoria-reservation", "a higher maximum", at("/spec/maxReplicas", json!(60))),
        (Kind::HorizontalPodAutoscaler, "trattoria-reservation", "another minimum", at("/spec/minReplicas", json!(1))),
        (
            Kind::HorizontalPodAutoscaler,
            "trattoria-reservation",
            "another target",
            at("/spec/metrics/0/resource/target/averageUtilization", json!(5)),
        ),
        (
            Kind::HorizontalPodAutoscaler,
            "trattoria-reservation",
            "another object",
            at("/spec/scaleTargetRef/name", json!("trattoria-menu")),
        ),
        (Kind::PodDisruptionBudget, "trattoria-menu", "more may be missing", at("/spec/maxUnavailable", json!(2))),
        (
            Kind::PodDisruptionBudget,
            "trattoria-menu",
            "said the other way round",
            json!([{"op": "remove", "path": "/spec/maxUnavailable"}, {"op": "add", "path": "/spec/minAvailable", "value": 1}]),
        ),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "a rule added", at("/spec/ingress/-", anybody)),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "a peer widened", at("/spec/ingress/0/from/0/namespaceSelector", json!({}))),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "more ports", at("/spec/ingress/0/ports/0/endPort", json!(6000))),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "any peer", without("/spec/ingress/0/from")),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "other Pods", at("/spec/podSelector/matchLabels/more", json!("narrow"))),
        (
            Kind::NetworkPolicy,
            "trattoria-menu-postgres",
            "other Pods by an expression",
            at("/spec/podSelector/matchExpressions", json!([{"key": "more", "operator": "Exists"}])),
        ),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "fewer types", at("/spec/policyTypes", json!(["Ingress"]))),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "egress added", at("/spec/egress", json!([{}]))),
        (Kind::Ingress, "trattoria", "another host", at("/spec/rules/0/host", json!("other.example.com"))),
        (Kind::Ingress, "trattoria", "another class", at("/spec/ingressClassName", json!("other"))),
        (Kind::Ingress, "trattoria", "a path removed", without("/spec/rules/0/http/paths/3")),
        (Kind::Ingress, "trattoria", "no encryption", without("/spec/tls")),
        (Kind::Ingress, "trattoria", "an annotation changed", at("/metadata/annotations/a", json!("c"))),
        (Kind::ServiceMonitor, "trattoria", "another interval", at("/spec/endpoints/0/interval", json!("5m"))),
        (Kind::ServiceMonitor, "trattoria", "a narrower selector", at("/spec/selector/matchLabels/more", json!("narrow"))),
        (Kind::ServiceMonitor, "trattoria", "a label changed", at("/metadata/labels/release", json!("other"))),
        (Kind::PrometheusRule, "trattoria", "no rules", at("/spec/groups", json!([]))),
        (Kind::PrometheusRule, "trattoria", "another expression", at("/spec/groups/0/rules/0/expr", json!("vector(0)"))),
    ]
}

/// Edits of the same kind in objects of other products.
pub(super) fn of_other_products() -> Vec<Edit> {
    vec![
        (Kind::HttpRoute, "trattoria", "another host", at("/spec/hostnames", json!(["other.example.com"]))),
        (Kind::HttpRoute, "trattoria", "another parent", at("/spec/parentRefs/0/name", json!("other"))),
        (Kind::HttpRoute, "trattoria", "a rule removed", without("/spec/rules/3")),
        (Kind::Cluster, "trattoria-menu-postgres", "fewer instances", at("/spec/instances", json!(1))),
        (Kind::Cluster, "trattoria-menu-postgres", "no archive", without("/spec/plugins")),
        (Kind::ScheduledBackup, "trattoria-menu-backup", "another schedule", at("/spec/schedule", json!("0 0 0 1 1 *"))),
        (Kind::ObjectStore, "trattoria-menu-backup", "another place", at("/spec/configuration/destinationPath", json!("s3://others/"))),
        (Kind::ObjectStore, "trattoria-menu-backup", "nothing is kept for long", at("/spec/retentionPolicy", json!("1d"))),
        (Kind::Kafka, "trattoria-kafka", "another setting", at("/spec/kafka/config/min.insync.replicas", json!(1))),
        (Kind::Kafka, "trattoria-kafka", "no topic operator", without("/spec/entityOperator")),
        (Kind::KafkaNodePool, "trattoria", "fewer nodes", at("/spec/replicas", json!(1))),
        (Kind::KafkaTopic, "trattoria-user-events", "fewer partitions", at("/spec/partitions", json!(1))),
        (Kind::KafkaTopic, "trattoria-user-events", "another retention", at("/spec/config/retention.ms", json!(1000))),
        (Kind::NetworkPolicy, "trattoria-menu-postgres", "a rule removed", without("/spec/ingress/0")),
    ]
}
