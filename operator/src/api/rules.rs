//! Every rule of the definition that is more than a bound of one field, with its message. The rules are CEL, see
//! <https://kubernetes.io/docs/reference/using-api/cel/>. A missing field counts as its default, see [`given`].

use kube::core::Rule;

/// The value of `object.a.b...`, or `default` if the field or one of its parents is missing. A rule that reads a missing field is an error,
/// and the API server refuses the resource. A rule on two states reads both with this function, since a parent may appear or disappear.
fn given(object: &str, path: &[&str], default: &str) -> String {
    let is_given: Vec<_> = (1..=path.len()).map(|depth| format!("has({object}.{})", path[..depth].join("."))).collect();
    format!("({} ? {object}.{} : {default})", is_given.join(" && "), path.join("."))
}

/// A rule that compares the value of a field, or its default, with the previous one.
fn compared(path: &[&str], default: &str, relation: &str) -> String {
    format!("{} {relation} {}", given("self", path, default), given("oldSelf", path, default))
}

/// A rule by which the storage of a backend can only grow, and its class cannot change.
fn storage_grows(backend: &str, kind: &str) -> String {
    let size = |object| given(object, &[backend, kind, "storage", "size"], "'8Gi'");
    let class = compared(&[backend, kind, "storage", "storageClassName"], "''", "==");
    format!("quantity({}).compareTo(quantity({})) >= 0 && {class}", size("self"), size("oldSelf"))
}

/// On the resource: the name is short enough for the names that are derived from it.
pub(super) fn short_name() -> Rule {
    Rule::new(r"self.metadata.name.size() <= 25 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')").message(
        "metadata.name must have at most 25 characters, begin with a letter and hold only lower-case letters, digits and '-', since \
         names of Services and databases are derived from it",
    )
}

/// On the spec: only one of ingress and gateway is given.
pub(super) fn ingress_or_gateway() -> Rule {
    Rule::new("!has(self.ingress) || !has(self.gateway)").message("give ingress or gateway, not both")
}

/// On the spec: the kind of the databases (managed, cloudNativePG or external) cannot change.
pub(super) fn same_postgres() -> Rule {
    Rule::new(
        "(has(self.postgres) && has(self.postgres.cloudNativePG)) == (has(oldSelf.postgres) && has(oldSelf.postgres.cloudNativePG)) && \
         (has(self.postgres) && has(self.postgres.external)) == (has(oldSelf.postgres) && has(oldSelf.postgres.external))",
    )
    .message(
        "the kind of postgres cannot change once the resource exists, since its data would stay behind; make a second resource and move \
         the data",
    )
}

/// On the spec: the kind of the broker (managed, strimzi or external) cannot change.
pub(super) fn same_kafka() -> Rule {
    Rule::new(
        "(has(self.kafka) && has(self.kafka.strimzi)) == (has(oldSelf.kafka) && has(oldSelf.kafka.strimzi)) && \
         (has(self.kafka) && has(self.kafka.external)) == (has(oldSelf.kafka) && has(oldSelf.kafka.external))",
    )
    .message("the kind of kafka cannot change once the resource exists, since events under way would stay behind; make a second resource")
}

/// On the spec: the volumes of databases can only grow, and their class cannot change.
pub(super) fn postgres_storage_grows() -> Rule {
    Rule::new(format!("{} && {}", storage_grows("postgres", "managed"), storage_grows("postgres", "cloudNativePG")))
        .message("storage of postgres may grow and not shrink, and its storageClassName cannot change, since a volume can do neither")
}

/// On the spec: the volumes of brokers can only grow, and their class cannot change.
pub(super) fn kafka_storage_grows() -> Rule {
    Rule::new(format!("{} && {}", storage_grows("kafka", "managed"), storage_grows("kafka", "strimzi")))
        .message("storage of kafka may grow and not shrink, and its storageClassName cannot change, since a volume can do neither")
}

/// On the spec: at most as many replicas as brokers, if the number of brokers is known.
pub(super) fn replication_factor() -> Rule {
    Rule::new(
        "!has(self.kafka) || !has(self.kafka.topics) || !has(self.kafka.topics.replicationFactor) || has(self.kafka.external) || \
         (has(self.kafka.strimzi) && has(self.kafka.strimzi.clusterRef)) || \
         self.kafka.topics.replicationFactor <= \
         (has(self.kafka.strimzi) ? (has(self.kafka.strimzi.brokers) ? self.kafka.strimzi.brokers : 3) : 1)",
    )
    .message(
        "kafka.topics.replicationFactor must not be greater than the number of brokers: 1 with managed, strimzi.brokers (default 3) with \
         strimzi",
    )
}

/// On the spec: partitions can only be added.
pub(super) fn partitions_grow() -> Rule {
    Rule::new(compared(&["kafka", "topics", "partitions"], "3", ">="))
        .message("kafka.topics.partitions may grow and not shrink, since Kafka cannot take one away")
}

/// On the spec: the replication factor cannot change.
pub(super) fn replication_factor_stays() -> Rule {
    Rule::new(compared(&["kafka", "topics", "replicationFactor"], "0", "=="))
        .message("kafka.topics.replicationFactor cannot change once the resource exists, since the topics that exist keep theirs")
}

/// On the spec: the prefix of the topics cannot change.
pub(super) fn prefix_stays() -> Rule {
    Rule::new(compared(&["kafka", "topics", "prefix"], "''", "=="))
        .message("kafka.topics.prefix cannot change once the resource exists, since the events would stay in the topics of the old prefix")
}

/// On the spec: databases that exist already are not backed up here.
pub(super) fn no_backup_of_external() -> Rule {
    Rule::new("!has(self.postgres) || !has(self.postgres.external) || (!has(self.backup) && !has(self.restore))")
        .message("external databases are backed up and restored by the tools of whoever runs them: leave backup and restore out")
}

/// On the spec: only managed databases are backed up before their migration.
pub(super) fn before_migration_of_managed() -> Rule {
    let before = given("self", &["backup", "beforeMigration"], "false");
    Rule::new(format!("!{before} || !has(self.postgres) || has(self.postgres.managed)"))
        .message("backup.beforeMigration is for managed databases: back up others by their own tools before you change the version")
}

/// On the spec: only databases that the operator runs are verified.
pub(super) fn no_verification_of_cloud_native_pg() -> Rule {
    Rule::new("!has(self.postgres) || !has(self.postgres.cloudNativePG) || !has(self.backup) || !has(self.backup.verify)")
        .message("backups of CloudNativePG's databases are not verified here, only those of managed databases: leave backup.verify out")
}

/// On the spec: a restore is for a new resource.
pub(super) fn restore_only_at_creation() -> Rule {
    Rule::new("!has(self.restore) || (has(oldSelf.restore) && self.restore == oldSelf.restore)").message(
        "restore can be given only when the resource is made: afterwards it can be removed, and neither added nor changed; make a new resource",
    )
}

/// On the resource: without the restore, a database that is neither restored nor has data of its own would begin empty.
pub(super) fn restore_until_data() -> Rule {
    Rule::new(
        "!has(oldSelf.spec.restore) || has(self.spec.restore) || (has(self.status) && has(self.status.restore) && \
         (has(self.status.restore.completed) || (has(self.status.restore.databases) && self.status.restore.databases.size() == 3 && \
         self.status.restore.databases.exists(one, has(one.hasData) && one.hasData))))",
    )
    .message(
        "restore can be removed once the condition Restored is True, or, where it is refused because of data, once each database is restored \
         or has data of its own: before, a database would begin empty; to give the restore up, delete the resource",
    )
}

/// On the storage of backups: exactly one kind is given.
pub(super) fn one_storage() -> Rule {
    Rule::new("has(self.claim) != has(self.s3)").message("give exactly one of claim and s3 as the storage of backups")
}

/// On the storage of backups: a claim can only grow, and its class cannot change.
pub(super) fn backup_claim_grows() -> Rule {
    let size = |object| given(object, &["claim", "size"], "'8Gi'");
    let class = compared(&["claim", "storageClassName"], "''", "==");
    Rule::new(format!(
        "!has(self.claim) || !has(oldSelf.claim) || (quantity({}).compareTo(quantity({})) >= 0 && {class})",
        size("self"),
        size("oldSelf")
    ))
    .message("storage of backups may grow and not shrink, and its storageClassName cannot change, since a volume can do neither")
}

/// On the backups: those of one place are all encrypted, or none is.
pub(super) fn encryption_stays() -> Rule {
    let place = |object| {
        let of = |field| given(object, &["storage", "s3", field], "''");
        format!("{} + '/' + {} + '/' + {}", of("endpoint"), of("bucket"), of("path"))
    };
    Rule::new(format!("has(self.encryption) == has(oldSelf.encryption) || {} != {}", place("self"), place("oldSelf"))).message(
        "encryption can be added or taken away only together with another path of storage.s3, since the backups of one place are all \
         encrypted or none is",
    )
}

/// On the restore: exactly one source is given.
pub(super) fn one_source() -> Rule {
    Rule::new("has(self.s3) != has(self.claims)").message("give exactly one of s3 and claims as the source of the restore")
}

/// On the restore: the folder of another resource has no default.
pub(super) fn restore_path_given() -> Rule {
    Rule::new("!has(self.s3) || has(self.s3.path)")
        .message("restore.s3.path must be given: the folder of the backups, such as NAMESPACE/NAME of the resource that made them")
}

/// On the time zone of a restaurant: it can be a name of the IANA database.
pub(super) fn time_zone() -> Rule {
    Rule::new(r"self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')")
        .message("must be the name of a time zone in the IANA database, such as Europe/Rome or UTC")
}

/// On the image of a service: only one of tag and digest is given.
pub(super) fn tag_or_digest() -> Rule {
    Rule::new("!has(self.tag) || !has(self.digest)").message("give tag or digest, not both: a digest names one image")
}

/// On a component: only one of replicas and autoscaling is given.
pub(super) fn replicas_or_autoscaling() -> Rule {
    Rule::new("!has(self.replicas) || !has(self.autoscaling)")
        .message("give replicas or autoscaling, not both: an autoscaler decides on the number of replicas")
}

/// On the labels of a component: none is the operator's own.
pub(super) fn own_labels() -> Rule {
    Rule::new("self.all(key, !key.startsWith('app.kubernetes.io/'))")
        .message("labels that begin with app.kubernetes.io/ are the operator's own")
}

/// On the annotations of a component: none is the operator's own.
pub(super) fn own_annotations() -> Rule {
    Rule::new("self.all(key, !key.startsWith('restaurantbooking.dev/'))")
        .message("annotations that begin with restaurantbooking.dev/ are the operator's own")
}

/// On an autoscaler: the minimum of Pods does not exceed the maximum.
pub(super) fn min_replicas() -> Rule {
    Rule::new(format!("{} <= self.maxReplicas", given("self", &["minReplicas"], "2")))
        .message("minReplicas (default 2) must not be greater than maxReplicas")
}

/// On postgres: exactly one kind is given.
pub(super) fn one_postgres() -> Rule {
    Rule::new("[has(self.managed), has(self.cloudNativePG), has(self.external)].filter(given, given).size() == 1")
        .message("give exactly one of managed, cloudNativePG and external")
}

/// On kafka: at most one kind is given.
pub(super) fn one_kafka() -> Rule {
    Rule::new("[has(self.managed), has(self.strimzi), has(self.external)].filter(given, given).size() <= 1")
        .message("give exactly one of managed, strimzi and external (none means managed)")
}

/// On strimzi: an existing cluster has no settings here.
pub(super) fn own_cluster_or_another() -> Rule {
    Rule::new("!has(self.clusterRef) || !(has(self.brokers) || has(self.version) || has(self.storage) || has(self.resources))")
        .message("with clusterRef the cluster is not the operator's: leave brokers, version, storage and resources out")
}

/// On strimzi: the cluster cannot change between a new one and an existing one.
pub(super) fn cluster_stays() -> Rule {
    Rule::new("has(self.clusterRef) == has(oldSelf.clusterRef)")
        .message("clusterRef cannot be given or taken away once the resource exists, since the events would stay behind")
}

/// On strimzi: the number of brokers cannot change.
pub(super) fn brokers_stay() -> Rule {
    Rule::new(compared(&["brokers"], "3", "==")).message(
        "the number of brokers cannot change once the resource exists: each is a controller too, and Strimzi cannot add or remove \
         controllers",
    )
}

/// On the name of an existing Kafka resource: it cannot change.
pub(super) fn cluster_name_stays() -> Rule {
    Rule::new("self == oldSelf").message("the name cannot change, since the events would stay behind")
}

/// On the TLS of an external broker: a certificate and its key are given together.
pub(super) fn certificate_with_key() -> Rule {
    Rule::new("has(self.certificateSecretRef) == has(self.keySecretRef)")
        .message("give both certificateSecretRef and keySecretRef, or neither")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_not_read() {
        assert_eq!(given("self", &["a"], "1"), "(has(self.a) ? self.a : 1)");
        assert_eq!(
            given("oldSelf", &["a", "b", "c"], "''"),
            "(has(oldSelf.a) && has(oldSelf.a.b) && has(oldSelf.a.b.c) ? oldSelf.a.b.c : '')"
        );
    }
}
