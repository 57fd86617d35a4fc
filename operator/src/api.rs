//! The `RestaurantBooking` resource: the spec that users write, and the status that they read. No I/O.
//!
//! The doc comment of each field is its text in `kubectl explain`, which is the manual of the resource: unit, default, example.

#![allow(unreachable_pub, reason = "KubeSchema repeats each struct inside of a function, where nothing can be reached")]

mod admin;
mod backup;
mod component;
mod embedded;
mod exposure;
mod file;
mod guests;
mod image;
mod kafka;
mod operations;
mod postgres;
mod quantity;
mod reference;
mod restaurant;
mod rules;
mod status;

use house::declared::{Booking, Declared, Floor, OpeningHours};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt, KubeSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use admin::Admin;
pub use backup::{Backup, BackupStorage, Encryption, Restore, RestoreClaims, Retention, S3, Verify};
pub use component::{Autoscaling, Component, LogLevel, Resources};
pub use exposure::{Gateway, Ingress, ParentReference};
pub use file::{FileError, read};
pub use guests::{Address, Language, Mail, Pages, Smtp, SmtpSecurity};
pub use image::{Image, ImagePullPolicy, ServiceImage};
pub use kafka::{
    ExternalKafka, Kafka, KafkaSasl, KafkaTls, ManagedKafka, SaslMechanism, StrimziCluster, StrimziKafka, Topics, parse_duration,
};
pub use operations::{DeletionPolicy, Monitoring, NetworkPolicy, PodDisruptionBudget};
pub use postgres::{CloudNativePostgres, ExternalDatabase, ExternalPostgres, ManagedPostgres, Postgres, Storage, SynchronousReplication};
pub use quantity::Quantity;
pub use reference::{LocalReference, SecretKeyReference};
pub use restaurant::{Confirmation, Restaurant};
pub use status::{
    BackupStatus, ConditionType, DatabaseBackup, DatabaseRestore, DatabaseVerification, RestaurantBookingStatus, RestoreStatus,
    ServiceStatus, ServicesStatus, Versions, VolumeStatus,
};

/// The API group.
pub const GROUP: &str = "restaurantbooking.dev";
/// The maximum length of a resource's name: names that are derived from it must fit into the 63 characters of a label.
pub const NAME_MAX: usize = 25;

/// A restaurant's table-booking platform: the services auth, menu and reservation, a PostgreSQL database for each, the Kafka topics
/// between them, and a first administrator.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "restaurantbooking.dev",
    version = "v1alpha1",
    kind = "RestaurantBooking",
    namespaced,
    shortname = "rb",
    category = "restaurantbooking",
    status = "RestaurantBookingStatus",
    derive = "PartialEq",
    cel,
    doc = "A restaurant's table-booking platform: the services auth, menu and reservation, a PostgreSQL database for each, the Kafka \
           topics between them, and a first administrator.",
    validation = rules::short_name(),
    validation = rules::restore_until_data(),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Postgres", type_ = "string", json_path = ".status.postgres", priority = 1),
    printcolumn(name = "Kafka", type_ = "string", json_path = ".status.kafka", priority = 1),
    printcolumn(name = "Replicas", type_ = "string", json_path = ".status.replicas", priority = 1),
    printcolumn(name = "Backup", type_ = "string", json_path = r#".status.conditions[?(@.type=="BackupReady")].status"#, priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::ingress_or_gateway(),
    validation = rules::same_postgres(),
    validation = rules::same_kafka(),
    validation = rules::postgres_storage_grows(),
    validation = rules::kafka_storage_grows(),
    validation = rules::replication_factor(),
    validation = rules::partitions_grow(),
    validation = rules::replication_factor_stays(),
    validation = rules::prefix_stays(),
    validation = rules::no_backup_of_external(),
    validation = rules::before_migration_of_managed(),
    validation = rules::no_verification_of_cloud_native_pg(),
    validation = rules::restore_only_at_creation()
)]
pub struct RestaurantBookingSpec {
    // The parts with many fields are boxed: most resources have few of them, all are kept in memory, and deserialization has several copies
    // of the whole spec on its stack.
    /// The restaurant. The only part that is required.
    pub restaurant: Restaurant,
    /// The rules by which the restaurant takes bookings. Given here, they are changed here only; left out, they belong to the staff. Default:
    /// the staff's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<Booking>,
    /// The services of the week, at most 50; none is open around the clock. Given here, they are changed here only; left out, they belong to
    /// the staff. Default: the staff's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub opening_hours: Option<Vec<OpeningHours>>,
    /// Areas, tables, and tables that are joined. Given here, they are changed here only; left out, they belong to the staff. Default: the
    /// staff's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// Where the images of the services come from. Default: the operator's own version, from its own registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Box<Image>>,
    /// How the auth service runs (accounts and tokens, port 8000). Default: two replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Box<Component>>,
    /// How the menu service runs (port 8001). Default: two replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub menu: Option<Box<Component>>,
    /// How the reservation service runs (tables and bookings, port 8002). Default: two replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Box<Component>>,
    /// The first administrator. Default: admin@restaurant.com with a generated password; `status.adminSecretName` says where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
    /// The databases, one for each service: exactly one of managed, cloudNativePG and external. Default: managed. The kind cannot
    /// change once the resource exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Box<Postgres>>,
    /// The broker of events, exactly one of managed, strimzi and external, and the topics. Default: managed. The kind cannot change
    /// once the resource exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<Box<Kafka>>,
    /// Backups of the databases: of managed ones, and of CloudNativePG's by its Barman Cloud plugin, into S3. Turning it on or off restarts each
    /// database once. Default: none are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Box<Backup>>,
    /// The backups that a new resource begins with; for managed databases only. It can be given when the resource is made, and be removed
    /// once Restored is True, or once each database is restored or has data of its own. Default: the databases begin empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Box<Restore>>,
    /// Makes the services reachable from outside by an Ingress. Excludes gateway. Default: none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
    /// Makes the services reachable from outside by an HTTPRoute of the Gateway API. Excludes ingress. Default: none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// Mail to guests. Default: none is sent, and guests have the link of their booking from the page alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// The pages on which guests book. Default: enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<Pages>,
    /// Access to the Pods. Default: enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_policy: Option<NetworkPolicy>,
    /// The number of Pods of a service that a drain of nodes may evict at once. Default: enabled, one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_disruption_budget: Option<PodDisruptionBudget>,
    /// A ServiceMonitor and a PrometheusRule, where the cluster knows these kinds. Default: enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// Whether data is kept when the resource is deleted. Retain keeps volumes, databases, topics and Secrets, and a resource applied
    /// again under the same name finds them; Delete removes them. Data outside of the cluster (external databases, topics of an
    /// external Kafka) is kept in either case. Default: Retain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether the operator leaves everything as it is: nothing is made, changed or removed until this is false again. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

impl RestaurantBookingSpec {
    /// The sections of the house that are declared.
    pub fn house(&self) -> Declared {
        Declared { booking: self.booking.clone(), opening_hours: self.opening_hours.clone(), floor: self.floor.clone() }
    }
}

/// The CustomResourceDefinition, as `operator crd` prints it.
pub fn crd() -> CustomResourceDefinition {
    let mut crd = serde_json::to_value(RestaurantBooking::crd()).expect("a definition is JSON");
    not_nullable(&mut crd);
    serde_json::from_value(crd).expect("the definition without nullable is one")
}

/// The API server drops a null if the field is not nullable. Otherwise it keeps the null, and a rule's `has()` would be true.
fn not_nullable(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("nullable") == Some(&Value::Bool(true)) {
                members.remove("nullable");
            }
            members.values_mut().for_each(not_nullable);
        }
        Value::Array(items) => items.iter_mut().for_each(not_nullable),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kubernetes' own parts of a Pod, which have descriptions of Kubernetes.
    const EMBEDDED: [&str; 3] = ["tolerations", "affinity", "topologySpreadConstraints"];

    fn walk(path: &str, schema: &Value, wrong: &mut Vec<String>) {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let description = property["description"].as_str().unwrap_or_default();
            let needs_default =
                !required.contains(&name.as_str()) && !path.starts_with(".spec.postgres.") && !path.starts_with(".spec.kafka.");
            if description.is_empty() || (needs_default && !description.contains("Default")) {
                wrong.push(path.clone());
            }
            if !EMBEDDED.contains(&name.as_str()) {
                walk(&path, property, wrong);
            }
        }
    }

    /// `kubectl explain` is the resource's manual.
    #[test]
    fn every_field_is_explained_and_says_what_counts_without_it() {
        let crd = serde_json::to_value(crd()).expect("JSON");
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let mut wrong = Vec::new();
        walk(".spec", spec, &mut wrong);
        assert_eq!(wrong, Vec::<String>::new());
    }
}
