//! The databases: a backend, chosen by the resource, and the backend's part of each step.

pub(crate) mod cloud_native_pg;
mod external;
mod managed;
pub mod settings;

use serde_json::Value;

use crate::api::{self, CloudNativePostgres, ConditionType, DatabaseBackup, ExternalPostgres, ManagedPostgres, RestaurantBookingSpec};
use crate::reconcile::build::Object;
use crate::reconcile::build::metadata::Part;
use crate::reconcile::build::network::flow::{End, Flow, Subject};
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{WATCHER, database_name};
use crate::reconcile::observe::{Observed, State, version_of_image};
use crate::reconcile::platform::{Platform, Scale};
use crate::reconcile::reason::BACKUP_NOT_SUPPORTED;
use crate::reconcile::service::Service;
use crate::reconcile::validate::amounts::Usual;
use crate::reconcile::validate::check::Check;
use crate::reconcile::volume::major;

use settings::{Postgres, PostgresBackend};

use super::SecretNames;

/// The backend that a resource asks for.
enum Asked<'a> {
    Managed(Option<&'a ManagedPostgres>),
    CloudNativePg(&'a CloudNativePostgres),
    External(&'a ExternalPostgres),
}

fn asked(spec: &RestaurantBookingSpec) -> Asked<'_> {
    let Some(given) = &spec.postgres else { return Asked::Managed(None) };
    match (&given.external, &given.cloud_native_pg) {
        (Some(external), _) => Asked::External(external),
        (None, Some(cloud_native_pg)) => Asked::CloudNativePg(cloud_native_pg),
        (None, None) => Asked::Managed(given.managed.as_ref()),
    }
}

/// The names of the Secrets that the backend of a resource reads.
pub(crate) fn secrets(name: &str, spec: &RestaurantBookingSpec) -> SecretNames {
    match asked(spec) {
        Asked::Managed(_) => managed::secrets(name, spec.backup.is_some()),
        Asked::CloudNativePg(_) => cloud_native_pg::secrets(name),
        Asked::External(external) => external::secrets(external),
    }
}

/// Whether a check of the resource needs the settings that its volumes were made with.
pub(crate) fn has_volumes(spec: &RestaurantBookingSpec) -> bool {
    matches!(asked(spec), Asked::Managed(_))
}

/// Checks the databases of a resource.
pub(crate) fn validate(check: &mut Check<'_>, spec: &RestaurantBookingSpec) -> Postgres {
    match asked(spec) {
        Asked::Managed(given) => managed::validate(check, given),
        Asked::CloudNativePg(given) => cloud_native_pg::validate(check, given),
        Asked::External(given) => external::validate(check, given),
    }
}

/// The greatest major version of PostgreSQL that the tool of backups knows.
const GREATEST_MAJOR: u32 = 17;

/// Checks whether the databases of a resource can be backed up as it asks.
pub(crate) fn check_backup(check: &mut Check<'_>, spec: &RestaurantBookingSpec, given: &api::Backup) {
    match asked(spec) {
        Asked::CloudNativePg(_) => cloud_native_pg::check_backup(check, given),
        _ => refuse(check, spec, ConditionType::BackupReady, "spec.backup"),
    }
}

/// Checks whether the databases of a resource can begin with a restore.
pub(crate) fn check_restore(check: &mut Check<'_>, spec: &RestaurantBookingSpec) {
    refuse(check, spec, ConditionType::Restored, "spec.restore");
}

/// The usual resources of what makes base backups.
pub(crate) fn backup_resources(spec: &RestaurantBookingSpec) -> &'static Usual {
    match asked(spec) {
        Asked::CloudNativePg(_) => &cloud_native_pg::BACKUP_RESOURCES,
        Asked::Managed(_) | Asked::External(_) => &managed::BACKUP_RESOURCES,
    }
}

fn refuse(check: &mut Check<'_>, spec: &RestaurantBookingSpec, condition: ConditionType, path: &str) {
    if let Some(why) = not_supported(check, spec) {
        check.refuse(condition, BACKUP_NOT_SUPPORTED, format!("{path}: {why}"));
    }
}

/// Why the tool of backups cannot back up or restore the databases of a resource; `None`: it can.
fn not_supported(check: &Check<'_>, spec: &RestaurantBookingSpec) -> Option<String> {
    match asked(spec) {
        Asked::Managed(given) => {
            let asked = given.and_then(|given| given.version.as_deref());
            let made = Service::ALL.into_iter().find_map(|service| check.references.volumes.of(service).as_ref());
            let version = asked.or(made.map(|made| made.major.as_str())).unwrap_or(&check.defaults.postgres_version);
            let is_newer = major(version).parse::<u32>().is_ok_and(|major| major > GREATEST_MAJOR);
            is_newer.then(|| format!("the databases are of PostgreSQL {version}, and the tool of backups knows 15 to {GREATEST_MAJOR}"))
        }
        Asked::CloudNativePg(_) => Some(
            "with postgres.cloudNativePG, restore by CloudNativePG's own objects, and name the restored databases by postgres.external; \
             docs/backup.md has the steps"
                .to_owned(),
        ),
        Asked::External(_) => Some("external databases are backed up and restored by the tools of whoever runs them".to_owned()),
    }
}

/// The backend of a platform.
pub(crate) fn of(platform: &Platform) -> &dyn Backend {
    match &platform.postgres.backend {
        PostgresBackend::Managed(managed) => managed,
        PostgresBackend::CloudNativePg(cloud_native_pg) => cloud_native_pg,
        PostgresBackend::External(external) => external,
    }
}

/// The component of what watches the archives of a platform's databases; `None`: nothing does.
pub(crate) fn watcher(platform: &Platform) -> Option<&'static str> {
    (platform.backup.is_some() && of(platform).is_stateful_set()).then_some(WATCHER)
}

/// Whether a backend makes an object of this name that holds data, for a resource whose backend is not known.
pub(crate) fn makes(kind: Kind, resource: &str, object: &str) -> bool {
    let is_managed = managed::DATA.contains(&kind) && Service::ALL.into_iter().any(|service| object == database_name(resource, service));
    is_managed || cloud_native_pg::makes(kind, resource, object)
}

/// Keeps the connections that a database allows if they are more than wanted, and the tool of its backups where nothing else changes: a lower
/// number, or another release of the tool, would restart the database to no purpose.
pub(crate) fn keep_running(kind: Kind, live: &Value, wanted: &mut Value) {
    match kind {
        Kind::StatefulSet => {
            managed::keep_connections(live, wanted);
            managed::keep_tool(live, wanted);
        }
        Kind::Cluster => cloud_native_pg::keep_connections(live, wanted),
        _ => {}
    }
}

/// The part of a backend in each step after the check.
pub(crate) trait Backend {
    /// The name of the kind, as in the spec and the status.
    fn name(&self) -> &'static str;

    /// The image that the resource chooses: the path of its field, and its full name.
    fn image(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// The full name of the image of a service's database, where the operator chooses it.
    fn image_of(&self, _service: Service) -> Option<&str> {
        None
    }

    /// Whether the databases are StatefulSets of the operator's, with a service account and a claim of their own.
    fn is_stateful_set(&self) -> bool {
        false
    }

    /// The Secret with generated credentials.
    fn credentials(&self, _platform: &Platform, _service: Service) -> Option<Object> {
        None
    }

    /// The objects of a service's database, except its credentials, account and policy.
    fn objects(&self, platform: &Platform, service: Service) -> Vec<Object>;

    /// The objects that all databases share.
    fn common_objects(&self, _platform: &Platform) -> Vec<Object> {
        Vec::new()
    }

    /// Where a service's Pods reach its database.
    fn server(&self, platform: &Platform, service: Service) -> (End, u16);

    /// The allowed connections of a service's database, besides those of the service.
    fn flows(&self, _platform: &Platform, _service: Service) -> Vec<Flow> {
        Vec::new()
    }

    /// The Pods of a service's database that get a policy, and those that back it up and restore it.
    fn subjects(&self, _platform: &Platform, _service: Service) -> Vec<Subject> {
        Vec::new()
    }

    /// The state of the backups of a service's database, where the database's own objects tell it: `known` is what was told before, `seen` what
    /// was last observed of an object. `None`: Jobs make them, and tell it.
    fn backups(
        &self,
        _platform: &Platform,
        _service: Service,
        _known: &DatabaseBackup,
        _seen: &dyn Fn(Kind, &str) -> Option<Observed>,
    ) -> Option<(State, DatabaseBackup)> {
        None
    }

    /// The object of somebody else that a service's database lacks although its own objects are ready.
    fn missing(&self, _platform: &Platform, _service: Service) -> Option<String> {
        None
    }
}

static RESOURCES: Usual = Usual { requests: &[("cpu", "100m"), ("memory", "256Mi")], limits: &[("memory", "512Mi")] };

/// The component of a service's database.
pub(crate) fn component(service: Service) -> String {
    format!("{}-postgres", service.as_str())
}

/// The part of a service's database.
fn part<'a>(platform: &'a Platform, service: Service, image: Option<&str>) -> Part<'a> {
    let part = platform.part(component(service));
    match image.and_then(version_of_image) {
        Some(version) => part.version(version),
        None => part,
    }
}

/// PostgreSQL's own default.
const USUAL_CONNECTIONS: i32 = 100;

/// The connections that the database must allow, if its default is not enough. A change restarts the database, so the number doubles in
/// steps: most changes of the number of Pods stay within a step.
fn max_connections(platform: &Platform, service: Service) -> Option<i32> {
    let component = platform.components.of(service);
    let pods = match component.scale {
        Scale::Fixed(replicas) => replicas,
        Scale::Auto { max, .. } => max,
    };
    // A rollout adds up to a quarter more Pods. The rest is for Pods that are stopping, the migration and administrators.
    let wanted = (pods + pods / 4 + 1) * component.database_max_connections + 20;
    let steps = std::iter::successors(Some(USUAL_CONNECTIONS), |step| step.checked_mul(2));
    steps.into_iter().find(|step| *step >= wanted).filter(|step| *step > USUAL_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::reconcile::checksum::checksum;
    use crate::reconcile::fixture::platform;

    use super::*;

    /// Each object, by its kind and name.
    fn objects(spec: &str) -> Value {
        let platform = platform(spec, &[]);
        let objects = of(&platform).objects(&platform, Service::Reservation).into_iter();
        objects.map(|object| (format!("{}/{}", object.kind.as_str(), object.name), object.body)).collect::<serde_json::Map<_, _>>().into()
    }

    #[test]
    fn d01_d02_a_volume_has_no_owner_and_is_not_argo_cds_to_prune() {
        for spec in ["", "deletionPolicy: Delete"] {
            let metadata = objects(spec)["PersistentVolumeClaim/trattoria-reservation-postgres"]["metadata"].clone();
            assert_eq!(metadata["ownerReferences"], Value::Null, "{spec}");
            assert_eq!(metadata["annotations"]["argocd.argoproj.io/sync-options"], "Prune=false,Delete=false");
            assert_eq!(metadata["annotations"]["argocd.argoproj.io/compare-options"], "IgnoreExtraneous");
        }
        let stateful_set = &objects("")["StatefulSet/trattoria-reservation-postgres"];
        assert_eq!(stateful_set["metadata"]["ownerReferences"][0]["name"], "trattoria");
        assert_eq!(
            stateful_set["spec"]["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
            "trattoria-reservation-postgres"
        );
    }

    #[test]
    fn a_database_is_of_the_size_and_version_that_are_asked_for() {
        let spec =
            "postgres: {managed: {version: '16.4', repository: 'mirror:5000/postgres', storage: {size: 20Gi, storageClassName: fast}}}";
        let objects = objects(spec);
        let claim = &objects["PersistentVolumeClaim/trattoria-reservation-postgres"]["spec"];
        assert_eq!((&claim["resources"]["requests"]["storage"], &claim["storageClassName"]), (&json!("20Gi"), &json!("fast")));
        let template = &objects["StatefulSet/trattoria-reservation-postgres"]["spec"]["template"];
        assert_eq!(template["spec"]["containers"][0]["image"], "mirror:5000/postgres:16.4");
        assert_eq!(template["metadata"]["labels"]["app.kubernetes.io/version"], "16.4");
    }

    #[test]
    fn another_password_makes_another_pod() {
        let of_pod = |password: &str| {
            let mut platform = platform("", &[]);
            platform.postgres.urls.reservation.checksum = checksum(password.as_bytes());
            of(&platform).objects(&platform, Service::Reservation)[2].body["spec"]["template"]["metadata"]["annotations"].clone()
        };
        assert_ne!(of_pod("one"), of_pod("other"));
        assert_eq!(of_pod("one"), of_pod("one"));
    }

    #[test]
    fn d09_every_pod_of_a_service_finds_connections_and_one_more_crosses_no_step() {
        let connections = |spec: &str| max_connections(&platform(spec, &[]), Service::Reservation);
        assert_eq!(connections(""), None);
        assert_eq!(connections("reservation: {replicas: 6}"), None);
        assert_eq!(connections("reservation: {replicas: 7}"), Some(200));
        assert_eq!(connections("reservation: {replicas: 8}"), Some(200));
        assert_eq!(connections("reservation: {replicas: 20}"), Some(400));
        assert_eq!(connections("reservation: {autoscaling: {maxReplicas: 8}, databaseMaxConnections: 20}"), Some(400));
        let many = "reservation: {replicas: 20}";
        let container = &objects(many)["StatefulSet/trattoria-reservation-postgres"]["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["args"], json!(["-c", "max_connections=400"]));
        let cluster = &objects(&format!("{{{many}, postgres: {{cloudNativePG: {{}}}}}}"))["Cluster/trattoria-reservation-postgres"];
        assert_eq!(cluster["spec"]["postgresql"]["parameters"]["max_connections"], "400");
    }
}
