//! The rules (CEL, <https://kubernetes.io/docs/reference/using-api/cel/>) that span several fields of the spec. A missing field has its
//! default.

/// The kind of the databases (managed, cloudNativePG or external) cannot change.
pub(super) const SAME_POSTGRES: &str = "\
    (has(self.postgres) && has(self.postgres.cloudNativePG)) == (has(oldSelf.postgres) && has(oldSelf.postgres.cloudNativePG)) && \
    (has(self.postgres) && has(self.postgres.external)) == (has(oldSelf.postgres) && has(oldSelf.postgres.external))";

/// The kind of the broker (managed, strimzi or external) cannot change.
pub(super) const SAME_KAFKA: &str = "\
    (has(self.kafka) && has(self.kafka.strimzi)) == (has(oldSelf.kafka) && has(oldSelf.kafka.strimzi)) && \
    (has(self.kafka) && has(self.kafka.external)) == (has(oldSelf.kafka) && has(oldSelf.kafka.external))";

/// The value of `$object.$a.$b...`, or `$default` if any part is missing.
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

/// The storage of `$backend.$kind` can only grow, and its class cannot change.
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

/// Volumes can only grow, and their class cannot change.
pub(super) const POSTGRES_STORAGE_GROWS: &str =
    concat!(storage_grows!("postgres", "managed"), " && ", storage_grows!("postgres", "cloudNativePG"));

/// Volumes can only grow, and their class cannot change.
pub(super) const KAFKA_STORAGE_GROWS: &str = concat!(storage_grows!("kafka", "managed"), " && ", storage_grows!("kafka", "strimzi"));

/// At most as many replicas as brokers, if the number of brokers is known.
pub(super) const REPLICATION_FACTOR: &str = "\
    !has(self.kafka) || !has(self.kafka.topics) || !has(self.kafka.topics.replicationFactor) || has(self.kafka.external) || \
    (has(self.kafka.strimzi) && has(self.kafka.strimzi.clusterRef)) || \
    self.kafka.topics.replicationFactor <= \
    (has(self.kafka.strimzi) ? (has(self.kafka.strimzi.brokers) ? self.kafka.strimzi.brokers : 3) : 1)";

/// Partitions can only be added.
pub(super) const PARTITIONS_GROW: &str =
    concat!(given!("self", "3", "kafka", "topics", "partitions"), " >= ", given!("oldSelf", "3", "kafka", "topics", "partitions"));

/// The replication factor cannot change.
pub(super) const REPLICATION_FACTOR_STAYS: &str = concat!(
    given!("self", "0", "kafka", "topics", "replicationFactor"),
    " == ",
    given!("oldSelf", "0", "kafka", "topics", "replicationFactor")
);

/// The prefix of the topics cannot change.
pub(super) const PREFIX_STAYS: &str =
    concat!(given!("self", "''", "kafka", "topics", "prefix"), " == ", given!("oldSelf", "''", "kafka", "topics", "prefix"));
