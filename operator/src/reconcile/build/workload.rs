//! The Pods of a service: their template, their number, and their disruption budget.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ContainerPort, EnvFromSource, HTTPGetAction, Lifecycle, LifecycleHandler, PodSpec, PodTemplateSpec, Probe,
    SleepAction, TopologySpreadConstraint,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::reconcile::backend::broker;
use crate::reconcile::checksum::checksum;
use crate::reconcile::kind::Kind;
use crate::reconcile::names::links_name;
use crate::reconcile::platform::{Platform, Scale, Secret};
use crate::reconcile::references::{KEY_SET, LINK_KEYS, PRIVATE_KEY};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::foundation::{settings, settings_name};
use super::metadata::{CHECKSUM, Part};
use super::pod::{HTTP, SecretSetting, scratch, service_container, service_pod};
use super::{GRACE, Object};

/// The seconds for which a Pod that stops continues to serve, until no proxy sends it new requests. They count towards the grace period.
const BEFORE_STOP: i64 = 5;

pub(super) fn objects(platform: &Platform, service: Service) -> Vec<Object> {
    let component = platform.components.of(service);
    let (part, name) = (platform.part(service.as_str()).version(&component.version), platform.component_name(service));
    let step = Step::Deployment(service);
    let mut objects = vec![part.object(step, Kind::Deployment, &name, &deployment(platform, service, &part))];
    if let Scale::Auto { min, max, target_cpu_percent } = component.scale {
        objects.push(part.object(step, Kind::HorizontalPodAutoscaler, &name, &autoscaler(&name, min, max, target_cpu_percent)));
    }
    if let Some(max_unavailable) = platform.pod_disruption_budget
        && component.scale.at_least() > 1
    {
        let spec = PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(max_unavailable)),
            selector: Some(part.selector()),
            // A Pod that is not ready must not block the drain of a node.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..Default::default()
        };
        let budget = PodDisruptionBudget { spec: Some(spec), ..Default::default() };
        objects.push(part.object(step, Kind::PodDisruptionBudget, &name, &budget));
    }
    objects
}

fn deployment(platform: &Platform, service: Service, part: &Part<'_>) -> Deployment {
    let component = platform.components.of(service);
    let secrets = secrets(platform, service);
    let mut labels = component.labels.clone();
    labels.extend(part.labels());
    let mut annotations = component.annotations.clone();
    annotations.insert(CHECKSUM.to_owned(), content_checksum(&secrets));
    let rolling =
        RollingUpdateDeployment { max_unavailable: Some(IntOrString::Int(0)), max_surge: Some(IntOrString::String("25%".to_owned())) };
    let spec = DeploymentSpec {
        // The autoscaler owns the number of Pods.
        replicas: match component.scale {
            Scale::Fixed(replicas) => Some(replicas),
            Scale::Auto { .. } => None,
        },
        revision_history_limit: Some(3),
        strategy: Some(DeploymentStrategy { type_: Some("RollingUpdate".to_owned()), rolling_update: Some(rolling) }),
        selector: part.selector(),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(labels), annotations: Some(annotations), ..Default::default() }),
            spec: Some(pod(platform, service, part, &secrets)),
        },
        ..Default::default()
    };
    Deployment { spec: Some(spec), ..Default::default() }
}

fn pod(platform: &Platform, service: Service, part: &Part<'_>, secrets: &[SecretSetting]) -> PodSpec {
    let component = platform.components.of(service);
    let (scratch, scratch_mount) = scratch("tmp", "/tmp");
    let (mut volumes, mut mounts, mut variables) = (vec![scratch], vec![scratch_mount], Vec::new());
    for (volume, mount, variable) in secrets.iter().map(SecretSetting::parts) {
        volumes.push(volume);
        mounts.push(mount);
        variables.push(variable);
    }
    let mut container = service_container(platform, service, "serve");
    container.env_from = Some(vec![EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: settings_name(platform, service, &settings(platform, service)),
            ..Default::default()
        }),
        ..Default::default()
    }]);
    container.env = Some(variables);
    container.ports = Some(vec![ContainerPort {
        name: Some(HTTP.to_owned()),
        container_port: service.port().into(),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }]);
    container.volume_mounts = Some(mounts);
    // The service listens at once, independently of its database. Half a minute is for an overloaded node.
    container.startup_probe = Some(Probe { period_seconds: Some(1), failure_threshold: Some(30), ..probe("/healthz", 1) });
    container.liveness_probe = Some(Probe { period_seconds: Some(10), failure_threshold: Some(3), ..probe("/healthz", 5) });
    // The probe depends on no other server, and so gets an answer at once. A service is not ready while it starts, migrates or stops.
    container.readiness_probe = Some(Probe { period_seconds: Some(5), failure_threshold: Some(3), ..probe("/readyz", 3) });
    container.lifecycle = Some(Lifecycle {
        pre_stop: Some(LifecycleHandler { sleep: Some(SleepAction { seconds: BEFORE_STOP }), ..Default::default() }),
        ..Default::default()
    });
    PodSpec {
        termination_grace_period_seconds: Some(i64::try_from(GRACE.as_secs()).expect("a grace period is short")),
        topology_spread_constraints: Some(spread(component.topology_spread_constraints.as_ref(), part)).filter(|spread| !spread.is_empty()),
        volumes: Some(volumes),
        ..service_pod(platform, service, container)
    }
}

fn probe(path: &str, timeout_seconds: i32) -> Probe {
    let get = HTTPGetAction { path: Some(path.to_owned()), port: IntOrString::String(HTTP.to_owned()), ..Default::default() };
    Probe { http_get: Some(get), timeout_seconds: Some(timeout_seconds), ..Default::default() }
}

/// The Secrets that a service reads.
fn secrets(platform: &Platform, service: Service) -> Vec<SecretSetting> {
    let key = |key: &str, value: &str| Secret { name: platform.keys_name(), key: key.to_owned(), checksum: checksum(value.as_bytes()) };
    let mut secrets = vec![
        SecretSetting::new("DATABASE_URL_FILE", platform.postgres.urls.of(service)),
        SecretSetting::new("JWT_PUBLIC_KEYS_FILE", &key(KEY_SET, &platform.credentials.key_set)),
    ];
    if service == Service::Auth {
        secrets.push(SecretSetting::new("JWT_PRIVATE_KEY_FILE", &key(PRIVATE_KEY, &platform.credentials.private_key)));
        secrets.push(SecretSetting::new("ADMIN_PASSWORD_FILE", &platform.admin.password));
    }
    if service == Service::Reservation {
        let (name, checksum) = (links_name(&platform.name), checksum(platform.credentials.link_keys.as_bytes()));
        secrets.push(SecretSetting::new("LINK_KEY_FILE", &Secret { name, key: LINK_KEYS.to_owned(), checksum }));
    }
    if let (Service::Reservation, Some([username, password])) = (service, platform.mail.as_ref().and_then(|mail| mail.credentials.as_ref()))
    {
        secrets.push(SecretSetting::new("SMTP_USERNAME_FILE", username));
        secrets.push(SecretSetting::new("SMTP_PASSWORD_FILE", password));
    }
    secrets.extend(broker::files(platform));
    secrets
}

/// A checksum of the Secrets that a Pod reads when it starts, whose content its template does not show. A change of it replaces the Pods.
fn content_checksum(secrets: &[SecretSetting]) -> String {
    let secrets: BTreeMap<&str, &str> = secrets.iter().map(|setting| (setting.name, setting.secret.checksum.as_str())).collect();
    checksum(&serde_json::to_vec(&secrets).expect("texts are JSON"))
}

/// The spread of the Pods: the given one, else over nodes and zones as evenly as possible.
fn spread(given: Option<&Vec<TopologySpreadConstraint>>, part: &Part<'_>) -> Vec<TopologySpreadConstraint> {
    let evenly = |key: &str| TopologySpreadConstraint {
        topology_key: key.to_owned(),
        max_skew: 1,
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..Default::default()
    };
    let mut constraints = given.cloned().unwrap_or_else(|| vec![evenly("kubernetes.io/hostname"), evenly("topology.kubernetes.io/zone")]);
    for constraint in &mut constraints {
        constraint.label_selector.get_or_insert_with(|| part.selector());
    }
    constraints
}

fn autoscaler(name: &str, min: i32, max: i32, target_cpu_percent: i32) -> HorizontalPodAutoscaler {
    let target = MetricTarget { type_: "Utilization".to_owned(), average_utilization: Some(target_cpu_percent), ..Default::default() };
    let cpu = MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource { name: "cpu".to_owned(), target }),
        ..Default::default()
    };
    let spec = HorizontalPodAutoscalerSpec {
        scale_target_ref: CrossVersionObjectReference {
            api_version: Some(Kind::Deployment.api_version()),
            kind: Kind::Deployment.as_str().to_owned(),
            name: name.to_owned(),
        },
        min_replicas: Some(min),
        max_replicas: max,
        metrics: Some(vec![cpu]),
        ..Default::default()
    };
    HorizontalPodAutoscaler { spec: Some(spec), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::reconcile::fixture::platform;

    use super::*;

    const EXTERNAL: &str = "{postgres: {external: {auth: {urlSecretRef: {name: auth, key: url}}, menu: {urlSecretRef: {name: menu, key: url}}, \
        reservation: {urlSecretRef: {name: reservation, key: url}}}}, kafka: {external: {bootstrapServers: ['a:9093'], \
        tls: {caSecretRef: {name: k, key: ca}}, sasl: {usernameSecretRef: {name: k, key: u}, passwordSecretRef: {name: k, key: p}}}}, \
        admin: {passwordSecretRef: {name: boss, key: password}}}";
    const SECRETS: [(&str, &str, &str); 7] = [
        ("auth", "url", "postgres://a/a"),
        ("menu", "url", "postgres://a/m"),
        ("reservation", "url", "postgres://a/r"),
        ("k", "ca", "CA"),
        ("k", "u", "me"),
        ("k", "p", "password"),
        ("boss", "password", "correct horse"),
    ];

    fn template(platform: &Platform, service: Service) -> Value {
        objects(platform, service)[0].body["spec"]["template"].clone()
    }

    fn rolls(before: &Platform, after: &Platform) -> Vec<&'static str> {
        Service::ALL.into_iter().filter(|service| template(before, *service) != template(after, *service)).map(Service::as_str).collect()
    }

    #[test]
    fn what_is_rotated_replaces_the_pods_that_use_it_and_only_those() {
        let before = platform(EXTERNAL, &SECRETS);
        for (at, expected) in [
            (0, &["auth"][..]),
            (1, &["menu"]),
            (2, &["reservation"]),
            (3, &["auth", "menu", "reservation"]),
            (4, &["auth", "menu", "reservation"]),
            (5, &["auth", "menu", "reservation"]),
            (6, &["auth"]),
        ] {
            let mut secrets = SECRETS;
            let rotated = format!("{}-2", secrets[at].2);
            secrets[at].2 = &rotated;
            assert_eq!(rolls(&before, &platform(EXTERNAL, &secrets)), expected, "{:?}", SECRETS[at]);
        }
        let mut keys = before.clone();
        keys.credentials.private_key = "another".to_owned();
        assert_eq!(rolls(&before, &keys), ["auth"]);
        keys.credentials.key_set = "another".to_owned();
        assert_eq!(rolls(&before, &keys), ["auth", "menu", "reservation"]);
        let mut links = before.clone();
        links.credentials.link_keys = "another".to_owned();
        assert_eq!(rolls(&before, &links), ["reservation"]);
    }

    #[test]
    fn a_changed_setting_replaces_the_pods_that_use_it_and_nothing_else_does() {
        let before = platform("", &[]);
        for (spec, expected) in [
            ("menu: {logLevel: debug}", &["menu"][..]),
            ("menu: {corsAllowedOrigins: [https://book.example.com]}", &["menu"]),
            ("admin: {email: boss@example.com}", &["auth"]),
            ("kafka: {topics: {prefix: a.}}", &["auth", "menu", "reservation"]),
            ("kafka: {topics: {partitions: 9}}", &[]),
            ("menu: {replicas: 3}", &[]),
            ("menu: {autoscaling: {maxReplicas: 3}}", &[]),
            ("{deletionPolicy: Delete, monitoring: {enabled: false}, podDisruptionBudget: {enabled: false}}", &[]),
        ] {
            assert_eq!(rolls(&before, &platform(spec, &[])), expected, "{spec}");
        }
    }

    #[test]
    fn a_service_mounts_only_what_it_reads() {
        let platform = platform(EXTERNAL, &SECRETS);
        let variables = |service| {
            let environment = template(&platform, service)["spec"]["containers"][0]["env"].clone();
            let environment = environment.as_array().cloned().unwrap_or_default().into_iter();
            environment.map(|variable| variable["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        let kafka = ["KAFKA_SSL_CA_FILE", "KAFKA_SASL_USERNAME_FILE", "KAFKA_SASL_PASSWORD_FILE"];
        let all = [&["DATABASE_URL_FILE", "JWT_PUBLIC_KEYS_FILE"][..], &kafka].concat();
        assert_eq!(variables(Service::Menu), all);
        let links = [&["DATABASE_URL_FILE", "JWT_PUBLIC_KEYS_FILE", "LINK_KEY_FILE"][..], &kafka].concat();
        assert_eq!(variables(Service::Reservation), links);
        let own = ["DATABASE_URL_FILE", "JWT_PUBLIC_KEYS_FILE", "JWT_PRIVATE_KEY_FILE", "ADMIN_PASSWORD_FILE"];
        assert_eq!(variables(Service::Auth), [&own[..], &kafka].concat());
        let menu = template(&platform, Service::Menu);
        assert!(!menu.to_string().contains(PRIVATE_KEY), "{menu}");
    }

    #[test]
    fn an_autoscaler_has_the_number_of_pods_to_itself() {
        let made = objects(&platform("menu: {autoscaling: {maxReplicas: 7}}", &[]), Service::Menu);
        assert!(made[0].body["spec"].get("replicas").is_none());
        assert_eq!(
            made.iter().map(|object| object.kind).collect::<Vec<_>>(),
            [Kind::Deployment, Kind::HorizontalPodAutoscaler, Kind::PodDisruptionBudget]
        );
        let one = objects(&platform("menu: {replicas: 1}", &[]), Service::Menu);
        assert_eq!(one.iter().map(|object| object.kind).collect::<Vec<_>>(), [Kind::Deployment]);
        assert_eq!(one[0].body["spec"]["replicas"], 1);
    }

    #[test]
    fn pods_spread_as_is_given_else_evenly() {
        let spread = |given: &str| {
            let spec = format!("menu: {{{given}}}");
            template(&platform(&spec, &[]), Service::Menu)["spec"].get("topologySpreadConstraints").cloned().unwrap_or_default()
        };
        let part = json!({"matchLabels": {
            "app.kubernetes.io/name": "restaurant-booking", "app.kubernetes.io/instance": "trattoria", "app.kubernetes.io/component": "menu",
        }});
        let evenly = |key: &str| json!({"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": part});
        assert_eq!(spread(""), json!([evenly("kubernetes.io/hostname"), evenly("topology.kubernetes.io/zone")]));
        assert_eq!(spread("topologySpreadConstraints: []"), Value::Null);
        let mut given = json!([
            {"topologyKey": "rack", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"},
            {"topologyKey": "rack", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}},
        ]);
        let text = format!("topologySpreadConstraints: {given}");
        given[0]["labelSelector"] = part.clone();
        assert_eq!(spread(&text), given);
    }

    #[test]
    fn requests_have_time_to_finish_before_a_pod_is_killed() {
        // The times that the services allow, in seconds: for requests in flight, the relay, other tasks, and the connections to the
        // database.
        let stop = 22 + 7 + 5 + 3;
        assert!(BEFORE_STOP + stop < i64::try_from(GRACE.as_secs()).expect("short"));
    }
}
