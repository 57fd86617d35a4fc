//! The databases.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use super::{Quantity, Resources, SecretKeyReference};

/// The databases, one for each service: exactly one of managed, cloudNativePG and external.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::one_postgres())]
pub struct Postgres {
    /// One PostgreSQL per service, a StatefulSet of one Pod with a volume: for small installations. `managed: {}` takes all defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedPostgres>,
    /// One CloudNativePG Cluster per service. The CloudNativePG operator must be installed.
    #[serde(default, rename = "cloudNativePG", skip_serializing_if = "Option::is_none")]
    pub cloud_native_pg: Option<CloudNativePostgres>,
    /// Databases that exist already, PostgreSQL 15 or newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalPostgres>,
}

/// One PostgreSQL per service, a StatefulSet of one Pod.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedPostgres {
    /// Version of PostgreSQL, 15 or newer: a tag of the image postgres. The major version of an existing volume cannot change: another
    /// major version cannot read its files, and the operator refuses it (PostgresUpgradeNeeded). Default: the major version of the existing
    /// volume, or 17 for a new one. Example: 17.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = r"^(1[5-9]|[2-9][0-9])(\.[0-9]+)?$"))]
    pub version: Option<String>,
    /// Repository of the image. Default: postgres. Example: registry.example.com/mirror/postgres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub repository: Option<String>,
    /// The volume of each database. Default: 8Gi of the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Resources that a Pod requests and may use. Default: requests of cpu 100m and memory 256Mi, a limit of memory 512Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// One CloudNativePG Cluster per service.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudNativePostgres {
    /// Instances of each Cluster, 1 to 9: one primary, the others replicas. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9))]
    pub instances: Option<i32>,
    /// The moment at which a write is acknowledged, if there are several instances. Required: when a replica has it too, so that no
    /// acknowledged booking is lost with the primary; if too few replicas run (with two instances, if one is missing), no write succeeds.
    /// Preferred: without a replica too, if none runs; such writes are lost with the primary. Default: Required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronous_replication: Option<SynchronousReplication>,
    /// Image of the instances. Default: that of the installed CloudNativePG. Example: ghcr.io/cloudnative-pg/postgresql:17.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub image_name: Option<String>,
    /// The volume of each instance. Default: 8Gi of the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Resources that an instance requests and may use. Default: requests of cpu 100m and memory 256Mi, a limit of memory 512Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
pub enum SynchronousReplication {
    /// After a replica has it.
    #[default]
    Required,
    /// After a replica has it, if any runs.
    Preferred,
}

/// Databases that exist already: one for each service.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPostgres {
    /// The database of the auth service.
    pub auth: ExternalDatabase,
    /// The database of the menu service.
    pub menu: ExternalDatabase,
    /// The database of the reservation service, where the extension btree_gist can be created.
    pub reservation: ExternalDatabase,
}

/// A database that exists already.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalDatabase {
    /// The Secret with its URL, such as postgres://user:password@host:5432/database?sslmode=require.
    pub url_secret_ref: SecretKeyReference,
}

/// A volume.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Its size in bytes; it may grow, where the class can expand volumes, and not shrink. Default: 8Gi. Example: 20Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::quantity::text")]
    pub size: Option<Quantity>,
    /// Its StorageClass; it cannot change. Default: the cluster's default class. Example: fast-ssd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub storage_class_name: Option<String>,
}
