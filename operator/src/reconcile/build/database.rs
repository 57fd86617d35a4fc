//! The database of a service.

mod cloud_native_pg;
mod managed;

use crate::reconcile::observe::version_of_image;
use crate::reconcile::platform::{Platform, Postgres, Scale};
use crate::reconcile::service::Service;

use super::Object;
use super::metadata::Part;

pub(super) fn objects(platform: &Platform, service: Service) -> Vec<Object> {
    match &platform.postgres {
        Postgres::Managed { images, volumes, storage, resources } => {
            managed::objects(platform, service, images.of(service), volumes.of(service), storage, resources)
        }
        Postgres::CloudNativePg { instances, synchronous_replication, image, storage, resources } => {
            let cluster = cloud_native_pg::Cluster {
                instances: *instances,
                synchronous_replication: *synchronous_replication,
                image: image.as_deref(),
                storage,
                resources,
            };
            vec![cluster.object(platform, service)]
        }
        Postgres::External { .. } => Vec::new(),
    }
}

/// The part of a service's database.
fn part<'a>(platform: &'a Platform, service: Service, image: Option<&str>) -> Part<'a> {
    let part = platform.part(format!("{}-postgres", service.as_str()));
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
    use serde_json::{Value, json};

    use super::super::fixture::platform;
    use super::*;

    /// Each object, by its kind and name.
    fn objects(spec: &str) -> Value {
        let objects = super::objects(&platform(spec, &[]), Service::Reservation).into_iter();
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
        let checksum = |password: &str| {
            let mut platform = platform("", &[]);
            platform.databases.reservation.checksum = crate::reconcile::checksum::checksum(password.as_bytes());
            super::objects(&platform, Service::Reservation)[2].body["spec"]["template"]["metadata"]["annotations"].clone()
        };
        assert_ne!(checksum("one"), checksum("other"));
        assert_eq!(checksum("one"), checksum("one"));
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
