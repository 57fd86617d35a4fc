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

/// Backups into a bucket. A backup that was made stays, and so do its claims.
fn backups() -> Vec<Row> {
    let of = |field: &str, value: Value| row(&format!("backup.{field}"), value);
    let s3 = |path: &str| json!({"endpoint": "https://s3.example.com", "bucket": "backups", "path": path, "credentialsSecretRef": {"name": "s3"}});
    let key = |which: &str, name: &str, key: &str| {
        [(format!("backup.{which}SecretRef.name"), json!(name)), (format!("backup.{which}SecretRef.key"), json!(key))]
    };
    let both = |set: Vec<(String, Value)>| Row { set, ..row("", Value::Null) };
    vec![
        row("backup", json!({"storage": {"claim": {"size": "1Gi"}}})).kept(),
        of("schedule", json!("30 3 * * 1-6")),
        of("schedule", json!("30 25 * * *")).fails(&["InvalidSpec"]),
        of("verify", json!({})),
        of("verify.schedule", json!("0 5 1 * *")),
        of("verify.schedule", json!("0 5 * * 8")).fails(&["InvalidSpec"]),
        together(&[("backup.retention.count", json!(3)), ("backup.retention.age", json!("30d"))]),
        of("maxLoss", json!("5m")),
        of("beforeMigration", json!(true)).without_effect(),
        of("resources.requests", json!({"cpu": "200m"})),
        of("resources.limits", json!({"memory": "1Gi"})),
        row("image.backup.repository", "registry.example.com/backup"),
        row("image.backup.tag", "2.1"),
        row("image.backup.digest", format!("sha256:{}", "1".repeat(64))),
        of("storage.claim.storageClassName", json!("fixed")).immutable(STAYS),
        of("storage.claim.size", json!("2Gi")).grows(SHRINKS),
        together(&[("backup.storage.claim", Value::Null), ("backup.storage.s3", s3("one"))]).leaves(BACKUP_CLAIMS).kept(),
        of("storage.s3.endpoint", json!("https://s3.example.com:9000")).leaves(BACKUP_CLAIMS),
        of("storage.s3.bucket", json!("others")).leaves(BACKUP_CLAIMS),
        of("storage.s3.path", json!("another")).leaves(BACKUP_CLAIMS),
        of("storage.s3.region", json!("eu-central-1")).leaves(BACKUP_CLAIMS),
        of("storage.s3.pathStyle", json!(false)).leaves(BACKUP_CLAIMS),
        of("storage.s3.credentialsSecretRef.name", json!("s3-2")).leaves(BACKUP_CLAIMS),
        both(key("storage.s3.ca", "s3", "ca.crt").into()).leaves(BACKUP_CLAIMS),
        both([key("encryption.key", "s3", "key").to_vec(), vec![("backup.storage.s3.path".to_owned(), json!("sealed"))]].concat())
            .leaves(BACKUP_CLAIMS),
    ]
}

const BACKUP_CLAIMS: &[&str] = &[
    "PersistentVolumeClaim/trattoria-auth-backup",
    "PersistentVolumeClaim/trattoria-menu-backup",
    "PersistentVolumeClaim/trattoria-reservation-backup",
];
const RESTORE: &str = "restore can be given only when the resource is made";

/// The fields of a restore, which none of the lanes has from its beginning.
fn restores() -> Vec<Row> {
    let s3 = [
        ("endpoint", json!("https://s3.example.com")),
        ("bucket", json!("backups")),
        ("path", json!("dining/trattoria")),
        ("region", json!("eu-central-1")),
        ("pathStyle", json!(true)),
        ("credentialsSecretRef.name", json!("s3")),
        ("caSecretRef.name", json!("s3")),
        ("caSecretRef.key", json!("ca.crt")),
    ];
    let mut set: Vec<_> = s3.into_iter().map(|(field, value)| (format!("restore.s3.{field}"), value)).collect();
    set.extend([
        ("restore.targetTime".to_owned(), json!("2026-11-30T03:14:00+01:00")),
        ("restore.encryption.keySecretRef.name".to_owned(), json!("s3")),
        ("restore.encryption.keySecretRef.key".to_owned(), json!("key")),
    ]);
    vec![
        Row { set, ..row("", Value::Null) }.immutable(RESTORE),
        together(&[
            ("restore.claims.auth.name", json!("a")),
            ("restore.claims.menu.name", json!("b")),
            ("restore.claims.reservation.name", json!("c")),
        ])
        .immutable(RESTORE),
    ]
}

pub(super) fn managed_backends() -> Vec<Row> {
    let mut rows = managed_itself();
    rows.extend(restores());
    rows.extend(backups());
    rows
}

fn managed_itself() -> Vec<Row> {
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

/// Backups by the Barman Cloud plugin. Where they are stays, as the databases do.
pub(super) fn backups_of_operators() -> Vec<Row> {
    let of = |field: &str, value: Value| row(&format!("backup.{field}"), value);
    let s3 = json!({"endpoint": "https://s3.example.com", "bucket": "backups", "path": "one", "credentialsSecretRef": {"name": "s3"}});
    let backup = json!({"storage": {"s3": s3}, "maxLoss": "2m"});
    let refused = |row: Row| row.fails(&["BackupNotSupported"]);
    vec![
        row("backup", backup.clone()).leaves(BACKUP_STORES),
        row("backup", backup).kept(),
        of("schedule", json!("30 3 * * 1-6")),
        of("retention.age", json!("30d")),
        of("maxLoss", json!("5m")),
        of("resources.requests", json!({"cpu": "200m"})),
        of("resources.limits", json!({"memory": "1Gi"})),
        of("storage.s3.endpoint", json!("https://s3.example.com:9000")),
        of("storage.s3.bucket", json!("others")),
        of("storage.s3.path", json!("another")),
        of("storage.s3.region", json!("eu-central-1")),
        of("storage.s3.credentialsSecretRef.name", json!("s3-2")),
        together(&[("backup.storage.s3.caSecretRef.name", json!("s3")), ("backup.storage.s3.caSecretRef.key", json!("ca.crt"))]),
        refused(of("storage.s3.pathStyle", json!(false))),
        refused(of("retention.count", json!(3))),
        refused(together(&[("backup.storage.s3", Value::Null), ("backup.storage.claim", json!({"size": "1Gi"}))])),
    ]
}

const BACKUP_STORES: &[&str] =
    &["ObjectStore/trattoria-auth-backup", "ObjectStore/trattoria-menu-backup", "ObjectStore/trattoria-reservation-backup"];

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
