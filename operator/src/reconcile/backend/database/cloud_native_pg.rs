//! A database of CloudNativePG's (<https://cloudnative-pg.io/docs/>).

mod backup;

use serde_json::{Map, Value, json};

pub(crate) use backup::observe as observe_backup;
pub(super) use backup::{RESOURCES as BACKUP_RESOURCES, check as check_backup};

use crate::api::{CloudNativePostgres, ConditionType, DatabaseBackup, SynchronousReplication};
use crate::reconcile::backend::SecretNames;
use crate::reconcile::build::Object;
use crate::reconcile::build::network::flow::{End, Flow, Ports, Subject};
use crate::reconcile::kind::{CLOUD_NATIVE_PG, Kind};
use crate::reconcile::names::{backup_claim_name, database_name};
use crate::reconcile::observe::{Observed, State, version_of_image};
use crate::reconcile::platform::{Platform, Secret};
use crate::reconcile::service::{PerService, Service};
use crate::reconcile::step::Step;
use crate::reconcile::validate::amounts::{resources, storage};
use crate::reconcile::validate::check::Check;
use crate::reconcile::volume::Volume;

use super::settings::{CloudNativePg, Postgres, PostgresBackend};
use super::{Backend, RESOURCES, component, max_connections, part};

/// The seconds for which a stopping primary serves present connections and refuses new ones. The services stay connected as long as they
/// are served, so a longer time would only lengthen the outage.
const SMART_SHUTDOWN_SECONDS: i32 = 1;
/// The version if the image does not show it. CloudNativePG's default is newer.
const VERSION: &str = "17";
/// Key of CloudNativePG's Secret with the complete URL.
const URL: &str = "uri";
/// The label of the instances of a Cluster.
const CLUSTER: &str = "cnpg.io/cluster";
/// The label of CloudNativePG's operator, and its value.
const OPERATOR: (&str, &str) = ("app.kubernetes.io/name", "cloudnative-pg");
const PORT: u16 = 5432;
/// Ports of an instance: the instance manager, from which the operator and the other instances read the state
/// (<https://cloudnative-pg.io/documentation/current/networking/>), and the metrics.
const INSTANCE_MANAGER: u16 = 8000;
const INSTANCE_METRICS: u16 = 9187;

/// Whether this is the name of an object that holds data.
pub(super) fn makes(kind: Kind, resource: &str, object: &str) -> bool {
    Service::ALL.into_iter().any(|service| match kind {
        Kind::Cluster => object == database_name(resource, service),
        Kind::ObjectStore => object == backup_claim_name(resource, service),
        _ => false,
    })
}

/// The name of the Secret that CloudNativePG creates for the owner of a database.
fn secret_name(name: &str, service: Service) -> String {
    format!("{name}-{}-postgres-app", service.as_str())
}

pub(super) fn secrets(name: &str) -> SecretNames {
    SecretNames { foreign: Service::ALL.map(|service| secret_name(name, service)).into(), ..Default::default() }
}

pub(super) fn validate(check: &mut Check<'_>, given: &CloudNativePostgres) -> Postgres {
    check.needs(ConditionType::PostgresReady, "spec.postgres.cloudNativePG", CLOUD_NATIVE_PG);
    let url = |service| {
        // CloudNativePG creates the Secret when it is ready. Until then nothing that mounts it is applied.
        let name = secret_name(&check.name, service);
        let value = check.references.secrets.get(&name).and_then(|data| data.get(URL));
        let checksum = value.map_or_else(String::new, |value| check.seal(value));
        Secret { name, key: URL.to_owned(), checksum }
    };
    let urls = PerService::new(url);
    let backend = PostgresBackend::CloudNativePg(CloudNativePg {
        instances: given.instances.unwrap_or(3),
        synchronous_replication: given.synchronous_replication.unwrap_or_default(),
        image: given.image_name.clone(),
        storage: storage(given.storage.as_ref()),
        resources: resources(given.resources.as_ref(), &RESOURCES),
        operator_namespaces: check.defaults.cloud_native_pg_namespaces.clone(),
    });
    Postgres { backend, urls }
}

impl Backend for CloudNativePg {
    fn name(&self) -> &'static str {
        "cloudNativePG"
    }

    fn image(&self) -> Option<(&'static str, &str)> {
        Some(("spec.postgres.cloudNativePG", self.image.as_deref()?))
    }

    /// The Pods have the label `cnpg.io/cluster`, and none of the operator's: CloudNativePG sets `app.kubernetes.io` labels of its own, and
    /// writes without end if `inheritedMetadata` has others.
    fn objects(&self, platform: &Platform, service: Service) -> Vec<Object> {
        let part = part(platform, service, self.image.as_deref());
        let settings = [
            ("max_connections", max_connections(platform, service).map(|connections| connections.to_string())),
            ("archive_timeout", Some(backup::archive_timeout(platform))),
        ];
        let parameters: Map<_, _> = settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect();
        let spec = json!({
            "instances": self.instances,
            "imageName": self.image,
            "imagePullSecrets": platform.pull_secrets(),
            "bootstrap": {"initdb": self.initdb(service)},
            "postgresql": {"parameters": parameters, "synchronous": self.synchronous()},
            "plugins": backup::plugins(platform, service),
            "smartShutdownTimeout": SMART_SHUTDOWN_SECONDS,
            "storage": {"size": self.storage.size, "storageClass": self.storage.class},
            "resources": self.resources.requirements(),
        });
        let mut objects =
            vec![part.object(Step::Postgres(service), Kind::Cluster, &platform.postgres_name(service), &json!({"spec": spec}))];
        objects.extend(backup::objects(platform, service));
        objects
    }

    fn backups(
        &self,
        platform: &Platform,
        service: Service,
        known: &DatabaseBackup,
        seen: &dyn Fn(Kind, &str) -> Option<Observed>,
    ) -> Option<(State, DatabaseBackup)> {
        platform.backup.as_ref().map(|backup| backup::state(platform, backup, service, known, seen))
    }

    fn server(&self, platform: &Platform, service: Service) -> (End, u16) {
        (End::Labelled { label: CLUSTER, value: platform.postgres_name(service), namespaces: None }, PORT)
    }

    fn flows(&self, platform: &Platform, service: Service) -> Vec<Flow> {
        let (instances, _) = self.server(platform, service);
        let (label, value) = OPERATOR;
        let operator = End::Labelled { label, value: value.to_owned(), namespaces: Some(self.operator_namespaces.clone()) };
        let state = Ports::Tcp(vec![PORT, INSTANCE_MANAGER]);
        vec![
            (instances.clone(), instances.clone(), state.clone()),
            (operator, instances.clone(), state),
            (End::Clients, instances, Ports::tcp(INSTANCE_METRICS)),
        ]
    }

    /// An instance connects to the API server and to its backup storage, which only the user knows.
    fn subjects(&self, platform: &Platform, service: Service) -> Vec<Subject> {
        vec![Subject { component: component(service), pods: self.server(platform, service).0, limits_egress: false }]
    }

    fn missing(&self, platform: &Platform, service: Service) -> Option<String> {
        let Secret { name, key, checksum } = platform.postgres.urls.of(service);
        checksum.is_empty().then(|| format!("Secret {name} with key {key} does not exist yet; {CLOUD_NATIVE_PG} creates it"))
    }
}

impl CloudNativePg {
    /// CloudNativePG's default locale is C, which folds the case of ASCII letters only.
    fn initdb(&self, service: Service) -> Value {
        let version = self.image.as_deref().and_then(version_of_image).unwrap_or(VERSION);
        let mut initdb = json!({"database": service.database(), "owner": service.database(), "encoding": "UTF8", "locale": "C.UTF-8"});
        if Volume::new(version, "").locale_provider == "builtin" {
            initdb["localeProvider"] = "builtin".into();
            initdb["builtinLocale"] = "C.UTF-8".into();
        }
        initdb
    }

    /// Without synchronous replication, a primary that dies loses the writes that its replicas have not received.
    fn synchronous(&self) -> Option<Value> {
        let data_durability = match self.synchronous_replication {
            SynchronousReplication::Required => "required",
            SynchronousReplication::Preferred => "preferred",
        };
        (self.instances > 1).then(|| json!({"method": "any", "number": 1, "dataDurability": data_durability}))
    }
}

/// Keeps a greater number of connections.
pub(super) fn keep_connections(live: &Value, wanted: &mut Value) {
    let of = |object: &Value| {
        let number = object.pointer("/spec/postgresql/parameters/max_connections").and_then(Value::as_str);
        number.and_then(|number| number.parse::<i32>().ok()).unwrap_or(0)
    };
    if of(live) > of(wanted) {
        wanted["spec"]["postgresql"]["parameters"]["max_connections"] = live["spec"]["postgresql"]["parameters"]["max_connections"].clone();
    }
}

/// Observes a Cluster. It works if its primary accepts writes. The Cluster's own condition Ready includes all instances, so that one
/// missing replica would delay steps that do not need it.
pub(crate) fn observe(name: &str, object: &Value) -> Observed {
    let (spec, status) = (&object["spec"], &object["status"]);
    let archive = backup::of_cluster(object);
    let healthy = status["instancesStatus"]["healthy"].as_array().map(Vec::as_slice).unwrap_or_default();
    let primary = &status["currentPrimary"];
    let is_promoting = status["targetPrimary"].is_string() && status["targetPrimary"] != *primary;
    let synchronous = &spec["postgresql"]["synchronous"];
    // If writes require a replica, a Cluster with too few replicas accepts none.
    let replicas = if synchronous["dataDurability"] == "required" { synchronous["number"].as_u64().unwrap_or(1) } else { 0 };
    let has_enough = u64::try_from(healthy.len()).unwrap_or(u64::MAX) > replicas;
    if primary.is_string() && healthy.contains(primary) && !is_promoting && has_enough {
        return Observed { archive, ..Observed::done().of_version(status["image"].as_str().and_then(version_of_image)) };
    }
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    // CloudNativePG updates the instances before the phase.
    let phase = text(&status["phase"]).filter(|phase| phase != "Cluster in healthy state");
    let why = match (phase, text(&status["phaseReason"])) {
        (Some(phase), Some(reason)) => format!("{phase}: {reason}"),
        (phase, reason) => phase.or(reason).unwrap_or_else(|| "its operator has not reported yet".to_owned()),
    };
    let instances = spec["instances"].as_i64().unwrap_or(1);
    let waits = format!("Cluster {name} takes no writes, {} of {instances} instances are healthy: {why}", healthy.len());
    Observed { archive, ..Observed::waiting(waits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_done_while_its_primary_takes_writes() {
        let cluster = |durability: &str, target: &str, healthy: &[&str]| {
            json!({
                "metadata": {"name": "a"},
                "spec": {"instances": 3, "postgresql": {"synchronous": {"method": "any", "number": 1, "dataDurability": durability}}},
                "status": {
                    "phase": "Failing over", "phaseReason": "a-1 is gone", "currentPrimary": "a-1", "targetPrimary": target,
                    "instancesStatus": {"healthy": healthy}, "image": "ghcr.io/cloudnative-pg/postgresql:17.6",
                    "conditions": [{"type": "Ready", "status": "False", "message": "Cluster Is Not Ready"}],
                },
            })
        };
        let observed = observe("a", &cluster("required", "a-1", &["a-1", "a-3"]));
        assert_eq!((observed.state, observed.version.as_deref()), (State::Done, Some("17.6")));
        assert_eq!(observe("a", &cluster("preferred", "a-1", &["a-1"])).state, State::Done);
        for waiting in [
            cluster("required", "a-1", &["a-1"]),
            cluster("preferred", "pending", &["a-1", "a-2"]),
            cluster("preferred", "a-1", &["a-2", "a-3"]),
            cluster("preferred", "a-1", &[]),
        ] {
            let State::Waiting(message) = observe("a", &waiting).state else { panic!("{waiting}") };
            assert!(message.contains("Failing over: a-1 is gone"), "{message}");
        }
        let nothing = observe("a", &json!({"metadata": {"name": "a"}})).state;
        assert!(matches!(nothing, State::Waiting(message) if message.contains("has not reported yet")));
    }
}
