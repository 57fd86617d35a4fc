//! The broker: a backend, chosen by the resource, and the backend's part of each step; and the topics.

mod external;
mod managed;
pub mod settings;
pub(crate) mod strimzi;

use std::time::Duration;

use crate::api::{self, ConditionType, ExternalKafka, ManagedKafka, RestaurantBookingSpec, StrimziKafka, parse_duration};
use crate::reconcile::build::Object;
use crate::reconcile::build::network::flow::{End, Flow, Ports, Subject};
use crate::reconcile::build::pod::SecretSetting;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::{Platform, Storage};
use crate::reconcile::reason::INVALID_SPEC;
use crate::reconcile::validate::amounts::Usual;
use crate::reconcile::validate::check::Check;

use settings::{Kafka, KafkaBackend, KafkaSecurity, TOPICS, Topics};

use super::SecretNames;

/// The backend that a resource asks for.
enum Asked<'a> {
    Managed(Option<&'a ManagedKafka>),
    Strimzi(&'a StrimziKafka),
    External(&'a ExternalKafka),
}

fn asked(spec: &RestaurantBookingSpec) -> Asked<'_> {
    let Some(given) = &spec.kafka else { return Asked::Managed(None) };
    match (&given.external, &given.strimzi) {
        (Some(external), _) => Asked::External(external),
        (None, Some(strimzi)) => Asked::Strimzi(strimzi),
        (None, None) => Asked::Managed(given.managed.as_ref()),
    }
}

/// The names of the Secrets that the backend of a resource reads.
pub(crate) fn secrets(spec: &RestaurantBookingSpec) -> SecretNames {
    match asked(spec) {
        Asked::Managed(_) | Asked::Strimzi(_) => SecretNames::default(),
        Asked::External(external) => external::secrets(external),
    }
}

/// A broker, as its backend checked it.
struct Checked {
    backend: KafkaBackend,
    bootstrap_servers: String,
    security: KafkaSecurity,
    /// Whether other platforms may use the broker too, so that the names of topics need a prefix.
    is_shared: bool,
    /// The replicas of each partition, if the resource does not say; `None` for the broker's default.
    replication_factor: Option<i32>,
}

/// Checks the broker and the topics of a resource.
pub(crate) fn validate(check: &mut Check<'_>, spec: &RestaurantBookingSpec) -> Kafka {
    let checked = match asked(spec) {
        Asked::Managed(given) => managed::validate(check, given),
        Asked::Strimzi(given) => strimzi::validate(check, given),
        Asked::External(given) => external::validate(check, given),
    };
    let given = spec.kafka.as_ref().and_then(|kafka| kafka.topics.clone()).unwrap_or_default();
    let topics = topics(check, given, &checked);
    let Checked { backend, bootstrap_servers, security, .. } = checked;
    Kafka { backend, bootstrap_servers, security, topics }
}

fn topics(check: &mut Check<'_>, given: api::Topics, checked: &Checked) -> Topics {
    let retention = given.retention.as_deref().unwrap_or("168h");
    let retention = parse_duration(retention).unwrap_or_else(|| {
        let message =
            format!("spec.kafka.topics.retention is {retention:?}; it must be numbers with units (s, m, h, d), such as 168h or 30d");
        check.refuse(ConditionType::TopicsReady, INVALID_SPEC, message);
        Duration::ZERO
    });
    let prefix = || if checked.is_shared { format!("{}.{}.", check.namespace, check.name) } else { String::new() };
    Topics {
        prefix: given.prefix.unwrap_or_else(prefix),
        partitions: given.partitions.unwrap_or(3),
        replication_factor: given.replication_factor.or(checked.replication_factor),
        retention,
    }
}

/// The backend of a platform.
pub(crate) fn of(platform: &Platform) -> &dyn Backend {
    match &platform.kafka.backend {
        KafkaBackend::Managed(managed) => managed,
        KafkaBackend::Strimzi(strimzi) => strimzi,
        KafkaBackend::External(external) => external,
    }
}

/// Whether a backend makes an object of this name that holds data, for a resource whose backend is not known.
pub(crate) fn makes(kind: Kind, resource: &str, object: &str) -> bool {
    managed::makes(kind, resource, object) || strimzi::makes(kind, resource, object)
}

/// The part of a backend in each step after the check.
pub(crate) trait Backend {
    /// The name of the kind, as in the spec and the status.
    fn name(&self) -> &'static str;

    /// The image that the resource chooses: the path of its field, and its full name.
    fn image(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// Whether the broker is a StatefulSet of the operator's, with a service account and a claim of its own.
    fn is_stateful_set(&self) -> bool {
        false
    }

    /// The objects of the broker and its topics, except its account and policy.
    fn objects(&self, platform: &Platform) -> Vec<Object>;

    /// Whether the topics are objects, and the operator does not ask the broker for them.
    fn has_topic_objects(&self) -> bool {
        false
    }

    /// Where the services' Pods reach the broker.
    fn servers(&self, platform: &Platform) -> (End, Ports);

    /// The allowed connections of the broker, besides those of the services.
    fn flows(&self, _platform: &Platform) -> Vec<Flow> {
        Vec::new()
    }

    /// The Pods of the broker that get a policy.
    fn subject(&self, _platform: &Platform) -> Option<Subject> {
        None
    }
}

/// The settings by which a service reaches the broker, as environment variables; those with Secrets are [`files`].
pub(crate) fn variables(platform: &Platform) -> Vec<(&'static str, String)> {
    let Kafka { bootstrap_servers, security, topics, .. } = &platform.kafka;
    let mut settings = vec![("KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers.clone())];
    if !topics.prefix.is_empty() {
        settings.push(("KAFKA_TOPIC_PREFIX", topics.prefix.clone()));
    }
    let protocol = match (&security.tls, &security.sasl) {
        (None, None) => None,
        (Some(_), None) => Some("ssl"),
        (None, Some(_)) => Some("sasl_plaintext"),
        (Some(_), Some(_)) => Some("sasl_ssl"),
    };
    settings.extend(protocol.map(|protocol| ("KAFKA_SECURITY_PROTOCOL", protocol.to_owned())));
    settings.extend(security.sasl.as_ref().map(|sasl| ("KAFKA_SASL_MECHANISM", sasl.mechanism.as_str().to_owned())));
    settings
}

/// The Secrets by which a service reaches the broker.
pub(crate) fn files(platform: &Platform) -> Vec<SecretSetting> {
    let KafkaSecurity { tls, sasl } = &platform.kafka.security;
    let mut files = Vec::new();
    if let Some(tls) = tls {
        files.extend(tls.ca.iter().map(|ca| SecretSetting::new("KAFKA_SSL_CA_FILE", ca)));
        if let Some((certificate, key)) = &tls.certificate {
            files.push(SecretSetting::new("KAFKA_SSL_CERTIFICATE_FILE", certificate));
            files.push(SecretSetting::new("KAFKA_SSL_KEY_FILE", key));
        }
    }
    if let Some(sasl) = sasl {
        files.push(SecretSetting::new("KAFKA_SASL_USERNAME_FILE", &sasl.username));
        files.push(SecretSetting::new("KAFKA_SASL_PASSWORD_FILE", &sasl.password));
    }
    files
}

/// The component of the broker.
pub(crate) const COMPONENT: &str = "kafka";
/// The port of the brokers in the cluster.
const PORT: u16 = 9092;
/// The image's default heap is at most 1 GiB, of which half is enough here.
static RESOURCES: Usual = Usual { requests: &[("cpu", "250m"), ("memory", "1Gi")], limits: &[("memory", "1Gi")] };

/// The limits of the broker's log. Events are deleted by age, and also by size before they fill the volume: a broker with a full volume
/// stops.
struct LogSize {
    /// The maximum size of a partition, in bytes.
    retention: u64,
    /// The size of a segment file, in bytes: Kafka deletes whole files.
    segment: u64,
}

impl LogSize {
    /// Six tenths of the volume for the replicas on a broker. The rest is for files that are being written and for Kafka's internal topics.
    fn of(platform: &Platform, storage: &Storage, brokers: i32) -> Self {
        const GIBIBYTE: u64 = 1 << 30;
        const MEBIBYTE: u64 = 1 << 20;
        let count = |number: i32| u64::try_from(number).unwrap_or(1).max(1);
        let bytes = storage.size.thousandths().and_then(|amount| u64::try_from(amount / 1000).ok()).unwrap_or(8 * GIBIBYTE);
        let topics = &platform.kafka.topics;
        let copies = 3 * count(topics.partitions) * count(topics.replication_factor.unwrap_or(1));
        let retention = (bytes / 10 * 6 / copies.div_ceil(count(brokers))).max(4 * MEBIBYTE);
        Self { retention, segment: (retention / 4).clamp(MEBIBYTE, GIBIBYTE) }
    }
}

const _: () = assert!(TOPICS.len() == 3, "LogSize counts three topics");

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;
    use crate::api::Quantity;

    #[test]
    fn d35_the_log_of_a_broker_never_fills_its_volume() {
        for (size, partitions, copies, brokers) in [("8Gi", 3, 1, 1), ("8Gi", 100, 1, 1), ("20Gi", 9, 3, 3), ("1Gi", 3, 3, 5)] {
            let platform = platform(
                &format!("kafka: {{strimzi: {{brokers: 5}}, topics: {{partitions: {partitions}, replicationFactor: {copies}}}}}"),
                &[],
            );
            let storage = Storage { size: Quantity::from(size), class: None };
            let LogSize { retention, segment } = LogSize::of(&platform, &storage, brokers);
            let bytes = u64::try_from(storage.size.thousandths().expect("a size") / 1000).expect("bytes");
            let of_a_broker = (3 * partitions * copies as u64).div_ceil(u64::try_from(brokers).expect("brokers"));
            // A partition has its files, and the one that is being written.
            assert!(of_a_broker * (retention + segment) <= bytes / 10 * 8, "{size} {partitions} {copies} {brokers}: {retention} {segment}");
            assert!(segment * 4 <= retention || segment == 1 << 20, "{retention} {segment}");
        }
    }
}
