//! Checks a resource and its references. The result is a platform from which building cannot fail, or every fault. Pure.

pub(crate) mod amounts;
pub(crate) mod check;
mod defaults;
mod guests;
mod running;

use house::declared::Declared;
use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource as _, ResourceExt as _};

use crate::api::{
    self, ConditionType, Confirmation, DeletionPolicy, ExternalKafka, RestaurantBooking, RestaurantBookingSpec, SecretKeyReference,
};

pub use defaults::Defaults;
pub use guests::CREDENTIALS;

use amounts::{BROKER, resources, storage};
use check::Check;
use running::component;

use super::backend::database;
use super::failure::Invalid;
use super::kind::{GATEWAY_API, Kind, PROMETHEUS_OPERATOR, STRIMZI};
use super::names::admin_name;
use super::platform::{
    Admin, Exposure, Kafka, KafkaBackend, KafkaSecurity, Monitoring, NetworkPolicy, Platform, Restaurant, Sasl, Secret, Tls, Topics,
};
use super::reason::{INVALID_SECRET, INVALID_SPEC};
use super::references::{ADMIN_PASSWORD, References};
use super::service::PerService;
use super::tenant;

/// Checks a resource.
///
/// # Errors
/// All faults of the resource and its references.
pub fn validate(resource: &RestaurantBooking, references: &References, defaults: &Defaults) -> Result<Platform, Vec<Invalid>> {
    let namespace = resource.namespace().unwrap_or_else(|| "default".to_owned());
    let mut check = Check { name: resource.name_any(), namespace, references, defaults, invalid: Vec::new() };
    let spec = &resource.spec;
    check.name();
    let platform = Platform {
        namespace: check.namespace.clone(),
        owner: OwnerReference {
            api_version: RestaurantBooking::api_version(&()).into_owned(),
            kind: RestaurantBooking::kind(&()).into_owned(),
            name: check.name.clone(),
            uid: resource.uid().unwrap_or_default(),
            controller: Some(true),
            block_owner_deletion: Some(false),
        },
        operator_namespace: defaults.operator_namespace.clone(),
        fixed_ids: defaults.fixed_ids,
        restaurant: check.restaurant(spec),
        house: check.house(spec),
        image_pull_policy: spec.image.as_ref().and_then(|image| image.pull_policy).unwrap_or_default().as_str(),
        image_pull_secrets: spec.image.iter().flat_map(|image| &image.pull_secrets).map(|secret| secret.name.clone()).collect(),
        components: PerService::new(|service| component(spec, service, defaults)),
        admin: check.admin(spec),
        credentials: references.credentials.clone(),
        postgres: database::validate(&mut check, spec),
        kafka: check.kafka(spec),
        exposure: check.exposure(spec),
        mail: check.mail(spec),
        network_policy: network_policy(spec, defaults),
        pod_disruption_budget: pod_disruption_budget(spec),
        monitoring: monitoring(spec, references),
        retain: spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Retain,
        name: check.name.clone(),
    };
    check.invalid.extend(tenant::forbidden(&platform, &defaults.allowed_registries));
    if check.invalid.is_empty() { Ok(platform) } else { Err(check.invalid) }
}

impl Check<'_> {
    /// The definition has this rule too, but the resource may be older than the rule.
    fn name(&mut self) {
        if self.name.len() > api::NAME_MAX || self.name.contains('.') {
            let message = format!("metadata.name must have at most {} characters and no '.'; it is {:?}", api::NAME_MAX, self.name);
            self.refuse(ConditionType::Ready, INVALID_SPEC, message);
        }
    }

    fn restaurant(&mut self, spec: &RestaurantBookingSpec) -> Restaurant {
        let restaurant = &spec.restaurant;
        // The pattern also admits names that are not time zones.
        if TimeZone::get(&restaurant.time_zone).is_err() {
            let message = format!(
                "spec.restaurant.timeZone is {:?}; it must be the name of a time zone in the IANA database, such as Europe/Rome or UTC",
                restaurant.time_zone
            );
            self.refuse(ConditionType::Ready, INVALID_SPEC, message);
        }
        Restaurant {
            time_zone: restaurant.time_zone.clone(),
            auto_confirm: restaurant.confirmation == Some(Confirmation::Automatic),
            max_days_ahead: restaurant.max_days_ahead.unwrap_or(180),
            site: self.site(spec),
        }
    }

    /// The definition says what it can of the house; that services overlap, or a table is of no area, it cannot.
    fn house(&mut self, spec: &RestaurantBookingSpec) -> Declared {
        let house = spec.house();
        for fault in house.faults() {
            self.refuse(ConditionType::HouseApplied, INVALID_SPEC, format!("spec.{fault}"));
        }
        house
    }

    fn admin(&mut self, spec: &RestaurantBookingSpec) -> Admin {
        let given = spec.admin.as_ref();
        let email = given.and_then(|admin| admin.email.clone()).unwrap_or_else(|| auth::config::ADMIN_EMAIL.to_owned());
        let (password, text) = match given.and_then(|admin| admin.password_secret_ref.as_ref()) {
            Some(reference) => self.secret(ConditionType::AdminReady, "spec.admin.passwordSecretRef", reference),
            None => {
                let text = self.references.credentials.admin_password.clone();
                (Secret { name: admin_name(&self.name), key: ADMIN_PASSWORD.to_owned(), checksum: self.seal(text.as_bytes()) }, text)
            }
        };
        if !password.checksum.is_empty()
            && let Err(fault) = auth::config::Administrator::new(&email, text.trim_end_matches(['\r', '\n']))
        {
            let message = format!("spec.admin: the service would refuse this administrator: {}", fault.detail);
            self.refuse(ConditionType::AdminReady, INVALID_SECRET, message);
        }
        Admin { email, password, generated: given.is_none_or(|admin| admin.password_secret_ref.is_none()) }
    }

    fn kafka(&mut self, spec: &RestaurantBookingSpec) -> Kafka {
        let namespace = self.namespace.clone();
        let given = spec.kafka.clone().unwrap_or_default();
        let mut security = KafkaSecurity::default();
        let (backend, bootstrap_servers) = if let Some(external) = &given.external {
            security = self.kafka_security(external);
            (KafkaBackend::External, external.bootstrap_servers.join(","))
        } else if let Some(strimzi) = &given.strimzi {
            self.needs(ConditionType::KafkaReady, "spec.kafka.strimzi", STRIMZI);
            let cluster = strimzi.cluster_ref.as_ref().map_or_else(|| format!("{}-kafka", self.name), |cluster| cluster.name.clone());
            let backend = match &strimzi.cluster_ref {
                Some(cluster) => KafkaBackend::StrimziCluster { name: cluster.name.clone() },
                None => KafkaBackend::Strimzi {
                    brokers: strimzi.brokers.unwrap_or(3),
                    version: strimzi.version.clone(),
                    storage: storage(strimzi.storage.as_ref()),
                    resources: resources(strimzi.resources.as_ref(), &BROKER),
                },
            };
            (backend, format!("{cluster}-kafka-bootstrap.{namespace}.svc:9092"))
        } else {
            let managed = given.managed.clone().unwrap_or_default();
            let repository = managed.repository.as_deref().unwrap_or("apache/kafka");
            let backend = KafkaBackend::Managed {
                image: format!("{repository}:{}", managed.version.as_deref().unwrap_or("4.3.1")),
                storage: storage(managed.storage.as_ref()),
                resources: resources(managed.resources.as_ref(), &BROKER),
            };
            (backend, format!("{}-kafka.{namespace}.svc:9092", self.name))
        };
        let topics = self.topics(&given, &backend);
        Kafka { backend, bootstrap_servers, security, topics }
    }

    fn topics(&mut self, kafka: &api::Kafka, backend: &KafkaBackend) -> Topics {
        let given = kafka.topics.clone().unwrap_or_default();
        let own = matches!(backend, KafkaBackend::Managed { .. } | KafkaBackend::Strimzi { .. });
        let retention = given.retention.as_deref().unwrap_or("168h");
        let retention = api::parse_duration(retention).unwrap_or_else(|| {
            let message =
                format!("spec.kafka.topics.retention is {retention:?}; it must be numbers with units (s, m, h, d), such as 168h or 30d");
            self.refuse(ConditionType::TopicsReady, INVALID_SPEC, message);
            std::time::Duration::ZERO
        });
        Topics {
            prefix: given.prefix.unwrap_or_else(|| if own { String::new() } else { format!("{}.{}.", self.namespace, self.name) }),
            partitions: given.partitions.unwrap_or(3),
            replication_factor: given.replication_factor.or(match backend {
                KafkaBackend::Managed { .. } => Some(1),
                KafkaBackend::Strimzi { brokers, .. } => Some((*brokers).min(3)),
                KafkaBackend::StrimziCluster { .. } | KafkaBackend::External => None,
            }),
            retention,
        }
    }

    fn kafka_security(&mut self, external: &ExternalKafka) -> KafkaSecurity {
        let condition = ConditionType::KafkaReady;
        let tls = external.tls.as_ref().map(|tls| {
            let mut read = |field: &str, reference: Option<&SecretKeyReference>| {
                reference.map(|reference| self.secret(condition, &format!("spec.kafka.external.tls.{field}"), reference))
            };
            let ca = read("caSecretRef", tls.ca_secret_ref.as_ref());
            let certificate = read("certificateSecretRef", tls.certificate_secret_ref.as_ref());
            let key = read("keySecretRef", tls.key_secret_ref.as_ref());
            let (ca, ca_pem) = ca.unzip();
            let (certificate, pem) = certificate.zip(key).map(|((a, a_pem), (b, b_pem))| ((a, b), (a_pem, b_pem))).unzip();
            Tls { ca, certificate, pem: (ca_pem, pem) }
        });
        let sasl = external.sasl.as_ref().map(|sasl| {
            let (username, name) = self.secret(condition, "spec.kafka.external.sasl.usernameSecretRef", &sasl.username_secret_ref);
            let (password, text) = self.secret(condition, "spec.kafka.external.sasl.passwordSecretRef", &sasl.password_secret_ref);
            let trim = |text: String| text.trim_end_matches(['\r', '\n']).to_owned();
            Sasl { mechanism: sasl.mechanism.unwrap_or_default(), username, password, login: (trim(name), trim(text)) }
        });
        KafkaSecurity { tls, sasl }
    }

    fn exposure(&mut self, spec: &RestaurantBookingSpec) -> Option<Exposure> {
        if let Some(gateway) = &spec.gateway {
            self.needs(ConditionType::Ready, "spec.gateway", GATEWAY_API);
            return Some(Exposure::Gateway {
                host: gateway.host.clone(),
                parent: gateway.parent_ref.name.clone(),
                section: gateway.parent_ref.section_name.clone(),
            });
        }
        spec.ingress.as_ref().map(|ingress| Exposure::Ingress {
            host: ingress.host.clone(),
            class: ingress.class_name.clone(),
            tls_secret: ingress.tls_secret_name.clone(),
            annotations: ingress.annotations.clone(),
        })
    }
}

fn network_policy(spec: &RestaurantBookingSpec, defaults: &Defaults) -> Option<NetworkPolicy> {
    let given = spec.network_policy.clone().unwrap_or_default();
    given
        .enabled
        .unwrap_or(true)
        .then(|| NetworkPolicy { client_namespace_labels: given.client_namespace_labels, dns_namespaces: defaults.dns_namespaces.clone() })
}

fn pod_disruption_budget(spec: &RestaurantBookingSpec) -> Option<i32> {
    let given = spec.pod_disruption_budget.clone().unwrap_or_default();
    given.enabled.unwrap_or(true).then_some(given.max_unavailable.unwrap_or(1))
}

fn monitoring(spec: &RestaurantBookingSpec, references: &References) -> Option<Monitoring> {
    let given = spec.monitoring.clone().unwrap_or_default();
    let known = Kind::of_product(PROMETHEUS_OPERATOR).iter().all(|kind| references.kinds.contains(kind));
    (known && given.enabled.unwrap_or(true))
        .then_some(Monitoring { labels: given.labels, interval_seconds: given.interval_seconds.unwrap_or(30) })
}
