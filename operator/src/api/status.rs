//! The status that the operator reports.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// The state that the operator reports. Of its times only `backup.newestRestorable` moves by itself, minutes apart: but for it, a settled
/// resource is never written.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestaurantBookingStatus {
    /// The generation of the spec that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The conditions Ready, Progressing, Reconciling, Stalled, PostgresReady, KafkaReady, TopicsReady, MigrationsComplete, HouseApplied, ServicesReady and AdminReady; BackupReady
    /// with `backup`, BackupVerified with `backup.verify`, and Restored with `restore`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The version that runs: the tag or digest of the images of the three services, or several separated by commas. Absent until a
    /// service runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where guests reach the platform from outside; absent without ingress and gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Name of the Secret with the e-mail address and the password of the first administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_secret_name: Option<String>,
    /// Which kind the databases are: managed, cloudNativePG or external.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// Which kind the broker is: managed, strimzi or external.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<String>,
    /// Versions of the databases and the broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
    /// Volumes of the databases and the broker that the operator runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub volumes: Vec<VolumeStatus>,
    /// Pods of the three services together: ready and wanted. Example: 6/6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<String>,
    /// Each service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Box<ServicesStatus>>,
    /// The backups of the databases; absent without `backup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Box<BackupStatus>>,
    /// The restore that the resource began with; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Box<RestoreStatus>>,
}

/// The backups of the databases.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupStatus {
    /// When the newest base backup that all three databases have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<Time>,
    /// The oldest moment to which all three databases can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_restorable: Option<Time>,
    /// A moment to which all three databases can be restored, the newest that is known, never before oldestRestorable. It is written anew
    /// every ten minutes or so. While BackupReady is True, the newest such moment is at most five times `maxLoss` ago; the metric
    /// `backup_newest_restorable_timestamp_seconds` tells it exactly. With CloudNativePG, nothing watches that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_restorable: Option<Time>,
    /// When the newest verification that all three databases have ended: each has been restored then or later. Absent without `verify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified: Option<Time>,
    /// The size of all kept base backups of the three databases, as they are stored. Example: 1.2Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Where they are. Example: s3://trattoria-backups/dining/trattoria.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Each database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub databases: Vec<DatabaseBackup>,
}

/// The backups of one database.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseBackup {
    /// The service that has the database: auth, menu or reservation.
    pub name: String,
    /// When the last Job that made a base backup, or could not, ended; for one of the schedule that failed, when it was due. With
    /// CloudNativePG, when the last base backup ended or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Time>,
    /// Why the last attempt failed; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When the newest base backup ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<Time>,
    /// The newest base backup, as pgBackRest calls it; absent with CloudNativePG. Example: 20261130-040003F.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The oldest moment to which the database can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_restorable: Option<Time>,
    /// The bytes of all kept base backups, as they are stored; absent with CloudNativePG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// The verification of its backups; absent without `verify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<DatabaseVerification>,
}

/// The verification of the backups of one database.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseVerification {
    /// When the operator first saw that backups in this place are to be verified. Earlier verifications do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// When the last verification ended; of one that failed, when it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Time>,
    /// Why the last verification failed; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When the last verification that succeeded ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified: Option<Time>,
    /// The base backup that was verified then, as pgBackRest calls it. Example: 20261130-040003F.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The rows that all its tables had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
}

/// The restore that a resource began with.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreStatus {
    /// Stands for `spec.restore`: a hash of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The one moment to which all three databases are restored. It is chosen once, before any of them is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_time: Option<MicroTime>,
    /// The major version of PostgreSQL that made the backups. Example: "17".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres_version: Option<String>,
    /// When everything was restored: services start from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Time>,
    /// Each database that was restored, or was not because it has data already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub databases: Vec<DatabaseRestore>,
}

/// The restore of one database.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseRestore {
    /// The service that has the database: auth, menu or reservation.
    pub name: String,
    /// The base backup that it began with, as pgBackRest calls it. Example: 20261130-040003F.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The rows of all its tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// Whether it has data of its own, so that nothing was restored. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_data: Option<bool>,
}

/// The versions of the databases and the broker, if the operator or another product runs them.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// Of PostgreSQL: the tag of the image, or several separated by commas. Example: 17.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// Of Kafka. Example: 4.3.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<String>,
}

/// One volume.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeStatus {
    /// The name of the PersistentVolumeClaim. Example: trattoria-auth-postgres.
    pub name: String,
    /// The size that the claim asks for. Example: 8Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// The size that the volume has; absent until there is one. Example: 8Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<String>,
}

/// The services.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicesStatus {
    /// The auth service.
    pub auth: ServiceStatus,
    /// The menu service.
    pub menu: ServiceStatus,
    /// The reservation service.
    pub reservation: ServiceStatus,
}

/// One service.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Pods that are ready.
    #[serde(default)]
    pub ready: i32,
    /// Pods that are wanted.
    #[serde(default)]
    pub desired: i32,
    /// The version that all Pods of the service run: the tag or digest of their image. During a rollout, this is the previous version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it is reached from inside the cluster. Example: http://trattoria-auth.default.svc:8000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The types of conditions.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ConditionType {
    /// Everything that the spec asks for runs.
    Ready,
    /// The operator works, or waits for progress.
    Progressing,
    /// The same as Progressing, under the name that tools of kstatus expect
    /// (<https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>).
    Reconciling,
    /// Nothing continues without a change: something failed or is refused, or the resource is paused. Tools stop waiting.
    Stalled,
    /// The databases are ready.
    PostgresReady,
    /// The broker is ready.
    KafkaReady,
    /// The topics are as specified.
    TopicsReady,
    /// Every database has the schema of the specified version.
    MigrationsComplete,
    /// The house is as it is declared; its message says what the last edit changed, and how many bookings it stranded.
    HouseApplied,
    /// All Pods of the specified version are available.
    ServicesReady,
    /// The first administrator can log in.
    AdminReady,
    /// Every service has the Pods that it needs, of the version that is asked for or of the one before.
    Available,
    /// The Ingress has an address, or the Gateway has accepted the route. Only with `ingress` or `gateway`; Ready does not wait for it.
    Exposed,
    /// The databases can be restored to a moment that is at most five times `maxLoss` ago, and the last base backup of each succeeded; with
    /// CloudNativePG, as its objects tell. Only with `backup`; Ready does not wait for it.
    BackupReady,
    /// The newest backup of each database was restored into a throw-away database, and its rows were counted; the last verification of each
    /// succeeded, and is not late. Unknown until the first. Only with `backup.verify`; Ready does not wait for it.
    BackupVerified,
    /// The databases are restored, to one moment. Only with `restore`.
    Restored,
}

impl ConditionType {
    /// All of them, in the order of the status.
    pub const ALL: [Self; 16] = [
        Self::Ready,
        Self::Progressing,
        Self::Reconciling,
        Self::Stalled,
        Self::PostgresReady,
        Self::KafkaReady,
        Self::TopicsReady,
        Self::MigrationsComplete,
        Self::HouseApplied,
        Self::ServicesReady,
        Self::AdminReady,
        Self::Available,
        Self::Exposed,
        Self::BackupReady,
        Self::BackupVerified,
        Self::Restored,
    ];

    /// The `type` of the condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Progressing => "Progressing",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::PostgresReady => "PostgresReady",
            Self::KafkaReady => "KafkaReady",
            Self::TopicsReady => "TopicsReady",
            Self::MigrationsComplete => "MigrationsComplete",
            Self::HouseApplied => "HouseApplied",
            Self::ServicesReady => "ServicesReady",
            Self::AdminReady => "AdminReady",
            Self::Available => "Available",
            Self::Exposed => "Exposed",
            Self::BackupReady => "BackupReady",
            Self::BackupVerified => "BackupVerified",
            Self::Restored => "Restored",
        }
    }
}
