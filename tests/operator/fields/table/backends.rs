//! Databases and brokers.

use serde_json::{Value, json};

use super::{Row, SHRINKS, STAYS, each, external, row, small, together, with};

pub(super) fn managed(prefix: &str) -> Value {
    with(
        small(),
        json!({
            "postgres": {"managed": {"storage": {"size": "1Gi"}}},
            "kafka": {"managed": {"storage": {"size": "1Gi"}}, "topics": {"prefix": prefix}},
        }),
    )
}

pub(super) fn managed_backends() -> Vec<Row> {
    vec![
        row("postgres.managed.version", "17.6"),
        row("postgres.managed.repository", "registry.example.com/postgres"),
        row("postgres.managed.resources.requests", json!({"cpu": "200m"})),
        row("postgres.managed.resources.limits", json!({"memory": "1Gi"})),
        row("kafka.managed.version", "4.3.0"),
        row("kafka.managed.repository", "registry.example.com/kafka"),
        row("kafka.managed.resources.requests", json!({"memory": "512Mi"})),
        row("kafka.managed.resources.limits", json!({"memory": "3Gi"})),
        row("deletionPolicy", "Delete").without_effect(),
        row("postgres.managed.storage.storageClassName", "fixed").immutable(STAYS),
        row("kafka.managed.storage.storageClassName", "fixed").immutable(STAYS),
        row("postgres.managed.storage.size", "2Gi").grows(SHRINKS),
        row("kafka.managed.storage.size", "1.5Gi").grows(SHRINKS),
        together(&[("postgres.managed", Value::Null), ("postgres.cloudNativePG", json!({}))]).immutable(STAYS),
        together(&[("kafka.managed", Value::Null), ("kafka.strimzi", json!({}))]).immutable(STAYS),
    ]
}

/// If an object loses its last field, server-side apply sets it to null, which is refused, so that `{instances: 5}` cannot become `{}`
/// (<https://github.com/kubernetes-sigs/structured-merge-diff/issues/331>). One field is therefore always given here.
pub(super) fn operators(prefix: &str) -> Value {
    with(
        small(),
        json!({
            "postgres": {"cloudNativePG": {"instances": 3}},
            "kafka": {"strimzi": {"brokers": 3}, "topics": {"prefix": prefix, "replicationFactor": 1}},
        }),
    )
}

pub(super) fn backends_of_operators() -> Vec<Row> {
    vec![
        row("postgres.cloudNativePG.instances", 5),
        row("postgres.cloudNativePG.synchronousReplication", "Preferred"),
        row("postgres.cloudNativePG.imageName", "ghcr.io/cloudnative-pg/postgresql:17.6"),
        row("postgres.cloudNativePG.resources.requests", json!({"cpu": "1"})),
        row("postgres.cloudNativePG.resources.limits", json!({"memory": "2Gi"})),
        row("kafka.strimzi.brokers", 5).immutable(STAYS),
        row("kafka.strimzi.version", "4.1.0"),
        row("kafka.strimzi.resources.requests", json!({"cpu": "1"})),
        row("kafka.strimzi.resources.limits", json!({"memory": "2Gi"})),
        row("kafka.topics.retention", "2d"),
        row("deletionPolicy", "Delete"),
        row("postgres.cloudNativePG.storage.storageClassName", "fast").immutable(STAYS),
        row("kafka.strimzi.storage.storageClassName", "fast").immutable(STAYS),
        row("kafka.strimzi.clusterRef", json!({"name": "shared"})).immutable("clusterRef cannot be given or taken away"),
        row("kafka.topics.replicationFactor", 2).immutable(STAYS),
        row("postgres.cloudNativePG.storage.size", "9Gi").grows(SHRINKS),
        row("kafka.strimzi.storage.size", "9Gi").grows(SHRINKS),
        row("kafka.topics.partitions", 6).grows(SHRINKS),
    ]
}

pub(super) fn shared_kafka() -> Vec<Row> {
    vec![
        row("kafka.strimzi.clusterRef.name", "another").immutable(STAYS),
        row("kafka.topics.retention", "2d"),
        row("kafka.topics.partitions", 6).grows(SHRINKS),
    ]
}

pub(super) fn with_login(prefix: &str) -> Value {
    let sasl = json!({
        "mechanism": "PLAIN",
        "usernameSecretRef": {"name": "kafka", "key": "user"},
        "passwordSecretRef": {"name": "kafka", "key": "password"},
    });
    let admin = json!({"passwordSecretRef": {"name": "boss", "key": "password"}});
    with(external(prefix), json!({"admin": admin, "kafka": {"external": {"sasl": sasl}}}))
}

pub(super) fn external_backends() -> Vec<Row> {
    // The broker's listener with a login does not support TLS; without TLS in this build, the operator does not connect to it.
    let no_tls: &[&str] = &["KafkaTlsNotBuiltIn", "BrokerTlsFailed", "BrokerUnreachable", "InvalidKafkaSettings"];
    let pem = |which: &str, name: &str| {
        [
            (format!("kafka.external.tls.{which}SecretRef.name"), json!(name)),
            (format!("kafka.external.tls.{which}SecretRef.key"), json!("pem")),
        ]
    };
    let of = |set: Vec<(String, Value)>| Row { set, ..row("", Value::Null) }.fails(no_tls);
    vec![
        each("postgres.external.*.urlSecretRef.name", [json!("databases-2"), json!("databases-2"), json!("databases-2")]),
        each("postgres.external.*.urlSecretRef.key", [json!("another"), json!("another"), json!("another")]),
        row("kafka.external.bootstrapServers", json!(["kafka-0:9092", "kafka-1:9093"])),
        row("kafka.external.sasl.usernameSecretRef.name", "kafka-2"),
        row("kafka.external.sasl.usernameSecretRef.key", "user-2"),
        row("kafka.external.sasl.passwordSecretRef.name", "kafka-2"),
        row("kafka.external.sasl.passwordSecretRef.key", "password-2"),
        row("kafka.external.sasl.mechanism", "SCRAM-SHA-256").fails(&["KafkaTlsNotBuiltIn", "BrokerLoginFailed"]),
        of(pem("ca", "kafka").into()),
        of([pem("certificate", "kafka"), pem("key", "kafka-2")].concat()),
        row("admin.passwordSecretRef.name", "boss-2"),
        row("admin.passwordSecretRef.key", "password-2"),
        row("postgres", json!({"managed": {}})).immutable(STAYS),
        together(&[("kafka.external", Value::Null), ("kafka.managed", json!({}))]).immutable(STAYS),
    ]
}
