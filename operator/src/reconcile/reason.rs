//! The reasons of conditions: stable words, each with its meaning and a remedy. The README's table is generated from them.

/// A reason with its explanation for users.
#[derive(Clone, Copy, Debug)]
pub struct Explained {
    /// The `reason` of the condition.
    pub reason: &'static str,
    /// The meaning.
    pub meaning: &'static str,
    /// The remedy.
    pub remedy: &'static str,
}

macro_rules! reasons {
    ($($name:ident = $reason:literal, $meaning:literal, $remedy:literal;)*) => {
        $(#[doc = concat!("Reason: ", $meaning, ".")] pub const $name: &str = $reason;)*
        /// Every reason.
        pub const ALL: &[Explained] = &[$(Explained { reason: $reason, meaning: $meaning, remedy: $remedy }),*];
    };
}

reasons! {
    AVAILABLE = "Available", "the subject of the condition exists and works", "No action is needed";
    RECONCILING = "Reconciling", "the operator is at work on this generation, or waits for what its message names",
        "Wait; the message says for what";
    WAITING = "Waiting", "something that was made is not ready yet, or another step comes first",
        "Wait. If it does not end, check what the message names: `kubectl describe` it, and its Pods";
    WAITS_FOR_ROLLOUT = "WaitsForRollout", "the operator's default version has changed, and as many restaurants as may do so at a time roll out already; this one serves with the version that it has",
        "Wait. If it does not end, check the restaurants whose Progressing has another reason: one that cannot be rolled out keeps its place, until it is mended, paused, or names a tag of its own";
    SETTLED = "Settled", "there is nothing left to do", "No action is needed";
    STALLED = "Stalled", "something failed, and nothing moves without a change or another try", "Look at the conditions that are False";
    PAUSED = "Paused", "`spec.paused` is true, and everything is left as it is", "Set `spec.paused` to false";
    INVALID_SPEC = "InvalidSpec", "a field has a value that the definition admits and that still cannot be used",
        "Change the field that the message names";
    MALFORMED_RESOURCE = "MalformedResource", "the resource was stored under another definition and cannot be read",
        "Apply it again, as `kubectl explain restaurantbooking.spec` has it";
    SECRET_NOT_FOUND = "SecretNotFound", "a Secret that the resource names, or its key, does not exist",
        "Make it; the operator notices at once";
    SECRET_NOT_USABLE = "SecretNotUsable", "a Secret that the resource names is not released for use by RestaurantBookings",
        "Its owner sets the label that the message names";
    IMAGE_NOT_ALLOWED = "ImageNotAllowed", "an image is from a registry that this operator does not allow",
        "Take an image from a registry that the message names, or have the platform team allow the registry";
    INVALID_SECRET = "InvalidSecret", "a Secret holds something that cannot be used", "Put in what the message says; the operator notices at once";
    KIND_NOT_INSTALLED = "KindNotInstalled", "the resource needs CloudNativePG, its Barman Cloud plugin, Strimzi or the Gateway API, which the cluster does not have",
        "Install the product; the operator notices within a minute";
    POSTGRES_UPGRADE_NEEDED = "PostgresUpgradeNeeded", "a volume, or the backups that are to be restored, are of another major version of PostgreSQL; what runs goes on",
        "Write the version that the message names, or dump the databases and restore them into a new resource";
    NAME_CONFLICT = "NameConflict", "an object of a wanted name exists and is not this resource's: it is never taken over",
        "Delete or rename the object that the message names, or give the resource another name";
    OBJECT_REJECTED = "ObjectRejected", "the API server, or an admission webhook, refuses an object that the operator applies",
        "The message has the error; the usual cause is a field of the resource";
    FORBIDDEN = "Forbidden", "the operator lacks a right, or an admission plugin says no: a quota, a policy, a class that cannot expand volumes",
        "The message has the API server's words; compare the operator's rights with those of its chart";
    API_UNAVAILABLE = "ApiServerUnavailable", "the API server does not answer, or not now", "It is tried again, after 1 s and up to 5 minutes";
    NO_RANDOMNESS = "NoRandomness", "the operating system of the operator gives no randomness for passwords and keys", "Look at the node";
    MIGRATION_FAILED = "MigrationFailed", "a migration ended with an error; the old version keeps serving",
        "`kubectl logs job/NAME` says why. Mend it, then delete the Job to have it run again, or go back to the old tag";
    APPLIED = "Applied", "the house is as the resource declares it; the message says what the last edit changed", "No action is needed. Call the guests whose bookings are stranded: `/host/setup` lists them";
    NOT_DECLARED = "NotDeclared", "the resource declares nothing of the house, which belongs to the staff", "No action is needed";
    HOUSE_FAILED = "Failed", "the declared house could not be applied; it is as it was before, and the services roll out all the same",
        "The message, and `kubectl logs job/NAME`, say why. Mend it, then delete the Job to have it run again";
    HOUSE_NOT_SUPPORTED = "HouseNotSupported", "the image of the reservation service does not know `apply-house`: nothing of the house is applied",
        "Name a newer image, or leave `booking`, `openingHours` and `floor` out";
    BACKUP_LATE = "BackupLate", "the archive of a database is further behind than five times `maxLoss`, or CloudNativePG says that archiving fails; bookings go on, and the log waits on the volume",
        "The message says since when and why; see that the storage answers and has room. `docs/backup.md` has the steps";
    BACKUP_FAILED = "BackupFailed", "the last base backup of a database failed; earlier ones and the log are there",
        "The message says why. Mend it, then ask for another: `kubectl annotate restaurantbooking NAME restaurantbooking.dev/backup=TEXT`";
    BACKUP_BEFORE_MIGRATION_FAILED = "BackupBeforeMigrationFailed", "the backup before a migration failed, and the migration does not run; the old version keeps serving",
        "The message says why. Mend it, then delete the Job that the message names; or set `spec.backup.beforeMigration` to false to migrate without a backup";
    VERIFICATION_FAILED = "VerificationFailed", "the newest backup of a database could not be restored into a throw-away database, or lacks rows; bookings and backups go on",
        "The message says why. Mend it, then verify again: `kubectl create job NAME-again --from=cronjob/NAME-SERVICE-verify`";
    VERIFICATION_LATE = "VerificationLate", "no verification of a database's backups has succeeded for two rounds of its schedule, and none was seen to fail",
        "`kubectl describe cronjob NAME-SERVICE-verify` says why its Jobs do not begin or do not end: it is suspended, or a Job waits for a volume";
    BACKUP_NOT_SUPPORTED = "BackupNotSupported", "the databases cannot be backed up or restored so: they are external, or of a version that the tool does not know, or Barman Cloud cannot do it for CloudNativePG's",
        "Do what the message says, or leave `backup` and `restore` out";
    BACKUP_NOT_FOUND = "BackupNotFound", "the source of the restore has no backup of a database; nothing was made",
        "Correct the source: make the resource again with another path or other claims";
    CLAIM_NOT_FOUND = "ClaimNotFound", "a claim that the restore names does not exist", "Make it, or name another; the operator looks again within half a minute";
    CLAIM_NOT_USABLE = "ClaimNotUsable", "a claim that the restore names is not released for use by RestaurantBookings",
        "Its owner sets the label that the message names; the operator looks again within half a minute";
    RESTORE_REFUSED = "RestoreRefused", "a database that was to be restored has data already; nothing was changed",
        "Make a resource of another name, or take `restore` out to go on with the data that is there, once `status.restore.databases` names all three";
    TARGET_NOT_RESTORABLE = "TargetNotRestorable", "`targetTime` lies outside of what the backups lead to; nothing was made",
        "Make the resource again with a moment within the window that the message names";
    RESTORE_FAILED = "RestoreFailed", "the restore ended with an error; no service has started",
        "The message, and `kubectl logs job/NAME`, say why. Mend it, then delete the Job to have it run again";
    DEPLOYMENT_STALLED = "DeploymentStalled", "Pods of a service do not become available in time; those of the old version keep serving",
        "`kubectl describe pods` and `kubectl logs` of the Pods say why: an image that cannot be pulled, a node that is full";
    NOT_READY_IN_TIME = "NotReadyInTime", "a database or the broker has not become ready for ten minutes",
        "`kubectl describe` and `kubectl logs` of what the message names say why: an image that cannot be pulled, a volume that cannot be bound, a node that is full";
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted", "the Gateway does not accept the route",
        "The message has its words: a listener that does not admit the namespace or the host, most often";
    BROKER_UNREACHABLE = "BrokerUnreachable", "the broker does not answer the operator",
        "See that it runs, and that a NetworkPolicy lets the operator's Pods reach it";
    BROKER_LOGIN_FAILED = "BrokerLoginFailed", "the broker refuses the user or the password", "Correct the Secrets of `spec.kafka.external.sasl`";
    BROKER_TLS_FAILED = "BrokerTlsFailed", "the TLS handshake with the broker fails", "Correct the Secrets of `spec.kafka.external.tls`";
    TOPIC_FORBIDDEN = "TopicForbidden", "the broker does not let the user make or change a topic",
        "Give the user Describe, Create, Alter, DescribeConfigs and AlterConfigs on the topics";
    TOPIC_REFUSED = "TopicRefused", "the broker refuses the settings of a topic", "The message has the error, for example more replicas than brokers";
    KAFKA_TLS_NOT_BUILT_IN = "KafkaTlsNotBuiltIn", "this operator was built without TLS and SCRAM to Kafka", "Use an image that was built with the feature `kafka-tls`";
    INVALID_KAFKA_SETTINGS = "InvalidKafkaSettings", "the settings of the broker cannot be used together", "Change what the message names";
}

/// The reasons that pass by themselves, because the operator retries.
pub const PASSING: [&str; 2] = [API_UNAVAILABLE, BROKER_UNREACHABLE];

/// The reasons that concern the broker and its settings, not the topics.
pub const OF_BROKER: [&str; 5] =
    [BROKER_UNREACHABLE, BROKER_LOGIN_FAILED, BROKER_TLS_FAILED, KAFKA_TLS_NOT_BUILT_IN, INVALID_KAFKA_SETTINGS];
