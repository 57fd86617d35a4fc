//! Backups of the databases, and the restore of a new resource from them.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use super::{LocalReference, Resources, SecretKeyReference, Storage};

/// Backups of the three databases: a base backup by schedule, and the log that leads from one to the next.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::encryption_stays())]
pub struct Backup {
    /// When a base backup of each database is made: minute, hour, day of the month, month, day of the week, as in crontab, in the
    /// restaurant's time zone; with postgres.cloudNativePG in that of CloudNativePG's operator, mostly UTC. Default: "0 4 * * *", at four each
    /// morning. Example: "30 3 * * 1-6".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 9, max = 100), regex(pattern = r"^\S+( \S+){4}$"))]
    pub schedule: Option<String>,
    /// Which base backups are kept, with the log that they need. Default: the newest 7; with postgres.cloudNativePG, an age of 7d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// How much may be lost with a volume: what was written is in the archive at the latest so long after. A whole number and a unit, s, m
    /// or h, from 10s to 1h. Default: 1m. Example: 5m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 16), regex(pattern = "^[0-9]{1,9}(s|m|h)$"))]
    pub max_loss: Option<String>,
    /// Where the backups are kept: exactly one of claim and s3.
    pub storage: BackupStorage,
    /// Whether a base backup of a database with data is made before each migration of it, such as one to another version of the service. The
    /// migration waits for the backup, and does not run where that fails; what runs goes on serving. Of managed databases only. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_migration: Option<bool>,
    /// Encrypts the backups before they leave the database's Pod. They then hold the keys of tokens and of links too, and the administrator's
    /// generated password. It can be added or taken away only together with another place in S3. Not with
    /// postgres.cloudNativePG. Default: they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Resources of the Pods that make a base backup. Default: requests of cpu 50m and memory 64Mi, a limit of memory 256Mi. With
    /// postgres.cloudNativePG, of the plugin's container in each instance; default: requests of cpu 50m and memory 128Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Verifies the backups by a schedule: the newest of each database is restored into a throw-away database, whose rows are counted. Its
    /// volume is as large as the database's and of the same class, and is removed an hour later. Default: no backup is verified. Example: {}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
}

/// The verification of backups.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    /// When the newest backups are verified: minute, hour, day of the month, month, day of the week, as in crontab, in the restaurant's time
    /// zone. Default: "0 5 * * 1", on Mondays at five in the morning. Example: "0 5 1 * *".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 9, max = 100), regex(pattern = r"^\S+( \S+){4}$"))]
    pub schedule: Option<String>,
}

/// Which base backups are kept. One goes when it is neither among the newest `count` nor younger than `age`; the newest always stays.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// How many are kept, 1 to 1000. Not with postgres.cloudNativePG. Default: 7 where age is left out too, else no bound of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub count: Option<i32>,
    /// The age up to which they are kept: a whole number and a unit, h or d; with postgres.cloudNativePG, d. Default: no bound of its own.
    /// Example: 30d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 8), regex(pattern = "^[1-9][0-9]{0,5}(h|d)$"))]
    pub age: Option<String>,
}

/// Where backups are kept.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::one_storage(), validation = rules::backup_claim_grows())]
pub struct BackupStorage {
    /// A PersistentVolumeClaim for each database, NAME-auth-backup, NAME-menu-backup and NAME-reservation-backup, which no deletion of the
    /// resource removes. They are lost with the cluster. Not with postgres.cloudNativePG. Default: none. Example: {size: 20Gi}.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Storage>,
    /// A bucket of an object storage that speaks S3. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<Box<S3>>,
}

/// A place in an object storage that speaks S3.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct S3 {
    /// Its URL, by https alone. Example: https://s3.eu-central-1.amazonaws.com.
    #[schemars(length(min = 9, max = 255), regex(pattern = r"^https://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$"))]
    pub endpoint: String,
    /// The bucket, which exists already. Example: trattoria-backups.
    #[schemars(length(min = 3, max = 63), regex(pattern = "^[a-z0-9][a-z0-9.-]*[a-z0-9]$"))]
    pub bucket: String,
    /// The folder in the bucket. No other resource may back up into it. Default: NAMESPACE/NAME of the resource; a restore must name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), regex(pattern = "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$"))]
    pub path: Option<String>,
    /// The region. Default: us-east-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Za-z0-9-]+$"))]
    pub region: Option<String>,
    /// Whether the bucket is named in the path of a URL, and not in its host. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_style: Option<bool>,
    /// Secret with the keys accessKeyId and secretAccessKey. It needs the label restaurantbooking.dev/usable: "true".
    pub credentials_secret_ref: LocalReference,
    /// The certificates (PEM) of the authority that signed the storage's. Its Secret needs the label restaurantbooking.dev/usable: "true".
    /// Default: the public authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyReference>,
}

/// How backups are encrypted: AES-256, by a key that only the Pods of the databases and of their backups, and the operator have.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Encryption {
    /// The key: any text of at least 16 characters, such as that of `openssl rand -base64 32`. Its Secret needs the label
    /// restaurantbooking.dev/usable: "true". Keep a copy elsewhere: without the key, nobody can read the backups.
    pub key_secret_ref: SecretKeyReference,
}

/// The backups that a new resource begins with. All three databases are restored to one moment, before any service starts. A restore never
/// overwrites a database that has data.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::one_source(), validation = rules::restore_path_given())]
pub struct Restore {
    /// The place in an object storage where another resource kept its backups. Excludes claims. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<Box<S3>>,
    /// The claims on which another resource kept its backups. Excludes s3. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<RestoreClaims>,
    /// The moment to which the databases are restored (RFC 3339, to the microsecond): what was acknowledged until then is there, and nothing
    /// later. Default: the newest moment that all three backups have. Example: "2026-11-30T03:14:00+01:00".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 20, max = 40),
        regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$")
    )]
    pub target_time: Option<String>,
    /// The key with which the backups were encrypted. The keys of tokens and of links, and the administrator's generated password, then come
    /// with them, unless their Secrets exist. Default: they were not encrypted, and keys are made anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
}

/// The claims of the resource's namespace with the backups of each database. Each needs the label restaurantbooking.dev/usable: "true".
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreClaims {
    /// The claim with the backups of auth. Example: {name: trattoria-auth-backup}.
    pub auth: LocalReference,
    /// The claim with the backups of menu. Example: {name: trattoria-menu-backup}.
    pub menu: LocalReference,
    /// The claim with the backups of reservation. Example: {name: trattoria-reservation-backup}.
    pub reservation: LocalReference,
}
