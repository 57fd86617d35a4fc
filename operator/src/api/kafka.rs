//! The broker of events, and the topics.

use std::time::Duration;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use super::{Resources, SecretKeyReference, Storage};

/// The broker of events, at most one of managed, strimzi and external, and the topics.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::one_kafka())]
pub struct Kafka {
    /// One Kafka node (KRaft), a StatefulSet of one Pod with a volume: for small installations. `managed: {}` takes all defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedKafka>,
    /// A Kafka cluster of Strimzi: a new one, or one that exists in the namespace. The Strimzi operator must be installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strimzi: Option<StrimziKafka>,
    /// A Kafka cluster that exists already, version 3.0 or newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalKafka>,
    /// The topics user.events, menu.events and reservation.events. The operator creates missing topics, adds partitions and sets the
    /// retention. It deletes no topic unless deletionPolicy is Delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<Topics>,
}

/// One Kafka node, broker and controller at once.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedKafka {
    /// Version of Apache Kafka, 4.0 or newer: a tag of the image apache/kafka. Default: 4.3.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = r"^[4-9]\.[0-9]+\.[0-9]+$"))]
    pub version: Option<String>,
    /// Repository of the image. Default: apache/kafka. Example: registry.example.com/mirror/kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub repository: Option<String>,
    /// The volume of the node. Default: 8Gi of the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Resources that the Pod requests and may use. Default: requests of cpu 250m and memory 1Gi, a limit of memory 1Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// A Kafka cluster of Strimzi: a new one, or one that exists.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = rules::own_cluster_or_another(),
    validation = rules::cluster_stays(),
    validation = rules::brokers_stay()
)]
pub struct StrimziKafka {
    /// A Kafka cluster that exists in the resource's own namespace, with a plaintext listener without authentication on port 9092.
    /// Default: none; a new cluster is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_ref: Option<StrimziCluster>,
    /// Brokers of the new cluster, 1 to 9, each a controller too. It cannot change. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9))]
    pub brokers: Option<i32>,
    /// Version of Apache Kafka. Default: that of the installed Strimzi. Example: 4.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = r"^[0-9]+\.[0-9]+\.[0-9]+$"))]
    pub version: Option<String>,
    /// The volume of each broker. Default: 8Gi of the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Resources that a broker requests and may use. Default: requests of cpu 250m and memory 1Gi, a limit of memory 1Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// A Strimzi Kafka in the resource's own namespace.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrimziCluster {
    /// Name of the Kafka resource. Example: shared-kafka. It cannot change.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::cluster_name_stays())]
    pub name: String,
}

/// A Kafka cluster that exists already.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalKafka {
    /// Bootstrap servers, each host:port, 1 to 32. Example: [kafka-0.example.com:9093].
    #[schemars(length(min = 1, max = 32), inner(length(max = 255), regex(pattern = r"^[^\s,:/]+:[0-9]{1,5}$")))]
    pub bootstrap_servers: Vec<String>,
    /// Encrypts the connection. `tls: {}` trusts the authorities of the image. Default: not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
    /// A login by SASL. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<KafkaSasl>,
}

/// TLS to the brokers.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::certificate_with_key())]
pub struct KafkaTls {
    /// Certificates (PEM) of the authorities to trust. Default: those of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyReference>,
    /// Client certificate (PEM), for mutual TLS. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_secret_ref: Option<SecretKeyReference>,
    /// Key (PEM) of the client certificate. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_secret_ref: Option<SecretKeyReference>,
}

/// A login by SASL.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KafkaSasl {
    /// The mechanism. Default: SCRAM-SHA-512.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<SaslMechanism>,
    /// The user's name.
    pub username_secret_ref: SecretKeyReference,
    /// The user's password.
    pub password_secret_ref: SecretKeyReference,
}

/// A mechanism of SASL.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
pub enum SaslMechanism {
    /// RFC 4616: the password in plaintext.
    #[serde(rename = "PLAIN")]
    Plain,
    /// RFC 5802 with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// RFC 5802 with SHA-512.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// Its registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// The topics user.events, menu.events and reservation.events.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Topics {
    /// Partitions of each topic, 1 to 100: how many Pods of a service can consume at once. It may grow and not shrink. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub partitions: Option<i32>,
    /// Replicas of each partition, 1 to 9, at most the number of brokers. It cannot change.
    /// Default: 1 with managed; the number of brokers, at most 3, in a new Strimzi cluster; the cluster's own default in any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9))]
    pub replication_factor: Option<i32>,
    /// How long an event is kept: a number and a unit (s, m, h, d), one or several. Default: 168h. Example: 30d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = "^([0-9]{1,9}(s|m|h|d))+$"))]
    pub retention: Option<String>,
    /// Prefix of the names of topics and consumer groups, so that several restaurants can share a Kafka cluster. It cannot change.
    /// Default: none if the cluster is the resource's own, else `<namespace>.<name>.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), regex(pattern = "^[A-Za-z0-9._-]*$"))]
    pub prefix: Option<String>,
}

/// Parses a duration in the format of `retention`: `90m`, `36h`, `1d12h`. `None` if it is not a duration, or is longer than Kafka can count
/// (2^63 milliseconds).
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let mut characters = rest[end..].chars();
        let unit = match characters.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = characters.as_str();
    }
    (!text.is_empty() && seconds < u64::MAX / 2000).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_numbers_with_units() {
        for (text, seconds) in [("168h", 604_800), ("30d", 2_592_000), ("1d12h", 129_600), ("90m", 5400), ("0s", 0)] {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "h", "10", "1w", "1.5h", "-1h", "h1"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
