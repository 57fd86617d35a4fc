//! The rules (CEL, <https://kubernetes.io/docs/reference/using-api/cel/>) that span several fields of the spec. What is left out counts as
//! its default.

/// Which of managed, cloudNativePG and external the databases are stays.
pub(super) const SAME_POSTGRES: &str = "\
    (has(self.postgres) && has(self.postgres.cloudNativePG)) == (has(oldSelf.postgres) && has(oldSelf.postgres.cloudNativePG)) && \
    (has(self.postgres) && has(self.postgres.external)) == (has(oldSelf.postgres) && has(oldSelf.postgres.external))";

/// Which of managed, strimzi and external the broker is stays.
pub(super) const SAME_KAFKA: &str = "\
    (has(self.kafka) && has(self.kafka.strimzi)) == (has(oldSelf.kafka) && has(oldSelf.kafka.strimzi)) && \
    (has(self.kafka) && has(self.kafka.external)) == (has(oldSelf.kafka) && has(oldSelf.kafka.external))";

/// The value of `$object.$a.$b...`, or `$default` where any of them is left out.
macro_rules! given {
    ($object:literal, $default:literal, $a:literal, $b:literal, $c:literal) => {
        concat!(
            "(has(",
            $object,
            ".",
            $a,
            ") && has(",
            $object,
            ".",
            $a,
            ".",
            $b,
            ") && has(",
            $object,
            ".",
            $a,
            ".",
            $b,
            ".",
            $c,
            ") ? ",
            $object,
            ".",
            $a,
            ".",
            $b,
            ".",
            $c,
            " : ",
            $default,
            ")"
        )
    };
    ($object:literal, $default:literal, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "(has(",
            $object,
            ".",
            $a,
            ") && has(",
            $object,
            ".",
            $a,
            ".",
            $b,
            ") && has(",
            $object,
            ".",
            $a,
            ".",
            $b,
            ".",
            $c,
            ") && has(",
            $object,
            ".",
            $a,
            ".",
            $b,
            ".",
            $c,
            ".",
            $d,
            ") ? ",
            $object,
            ".",
            $a,
            ".",
            $b,
            ".",
            $c,
            ".",
            $d,
            " : ",
            $default,
            ")"
        )
    };
}

/// The storage of `$backend.$kind` grows, and stays in its class.
macro_rules! storage_grows {
    ($backend:literal, $kind:literal) => {
        concat!(
            "quantity(",
            given!("self", "'8Gi'", $backend, $kind, "storage", "size"),
            ").compareTo(quantity(",
            given!("oldSelf", "'8Gi'", $backend, $kind, "storage", "size"),
            ")) >= 0 && ",
            given!("self", "''", $backend, $kind, "storage", "storageClassName"),
            " == ",
            given!("oldSelf", "''", $backend, $kind, "storage", "storageClassName")
        )
    };
}

/// A volume grows, and stays in its class.
pub(super) const POSTGRES_STORAGE_GROWS: &str =
    concat!(storage_grows!("postgres", "managed"), " && ", storage_grows!("postgres", "cloudNativePG"));

/// A volume grows, and stays in its class.
pub(super) const KAFKA_STORAGE_GROWS: &str = concat!(storage_grows!("kafka", "managed"), " && ", storage_grows!("kafka", "strimzi"));

/// No more copies than brokers, where the brokers are known.
pub(super) const REPLICATION_FACTOR: &str = "\
    !has(self.kafka) || !has(self.kafka.topics) || !has(self.kafka.topics.replicationFactor) || has(self.kafka.external) || \
    (has(self.kafka.strimzi) && has(self.kafka.strimzi.clusterRef)) || \
    self.kafka.topics.replicationFactor <= \
    (has(self.kafka.strimzi) ? (has(self.kafka.strimzi.brokers) ? self.kafka.strimzi.brokers : 3) : 1)";

/// Partitions are never taken away.
pub(super) const PARTITIONS_GROW: &str =
    concat!(given!("self", "3", "kafka", "topics", "partitions"), " >= ", given!("oldSelf", "3", "kafka", "topics", "partitions"));

/// The copies of a partition stay as many as they were.
pub(super) const REPLICATION_FACTOR_STAYS: &str = concat!(
    given!("self", "0", "kafka", "topics", "replicationFactor"),
    " == ",
    given!("oldSelf", "0", "kafka", "topics", "replicationFactor")
);

/// The names of the topics stay.
pub(super) const PREFIX_STAYS: &str =
    concat!(given!("self", "''", "kafka", "topics", "prefix"), " == ", given!("oldSelf", "''", "kafka", "topics", "prefix"));
