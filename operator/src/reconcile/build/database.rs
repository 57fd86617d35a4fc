//! The database of a service.

mod cloud_native_pg;
mod managed;

use crate::reconcile::platform::{Platform, Postgres, Scale};
use crate::reconcile::service::Service;

use super::Object;
use super::metadata::Part;

pub(super) fn objects(platform: &Platform, service: Service) -> Vec<Object> {
    match &platform.postgres {
        Postgres::Managed { image, storage, resources } => managed::objects(platform, service, image, storage, resources),
        Postgres::CloudNativePg { instances, image, storage, resources } => {
            vec![cloud_native_pg::cluster(platform, service, *instances, image.as_deref(), storage, resources)]
        }
        Postgres::External { .. } => Vec::new(),
    }
}

/// The part that a service's database is.
fn part<'a>(platform: &'a Platform, service: Service, image: Option<&str>) -> Part<'a> {
    let part = platform.part(format!("{}-postgres", service.as_str()));
    match image.and_then(version) {
        Some(version) => part.version(version),
        None => part,
    }
}

/// PostgreSQL's own default.
const USUAL_CONNECTIONS: i32 = 100;

/// The connections that the database must allow, where its default is not enough: a change restarts it, so the default is kept as long
/// as it will do.
fn max_connections(platform: &Platform, service: Service) -> Option<i32> {
    let component = platform.components.of(service);
    let pods = match component.scale {
        Scale::Fixed(replicas) => replicas,
        Scale::Auto { max, .. } => max,
    };
    // A rollout has a quarter more Pods at a time; the rest is for those that are ending, the migration and administrators.
    let wanted = (pods + pods / 4 + 1) * component.database_max_connections + 20;
    (wanted > USUAL_CONNECTIONS).then_some(wanted)
}

/// The version of PostgreSQL, as an image's tag has it.
fn version(image: &str) -> Option<&str> {
    let tagged = image.split_once('@').map_or(image, |(tagged, _)| tagged);
    let (_, tag) = tagged.rsplit_once(':')?;
    // Without a tag, what is behind the colon is the port of the registry.
    (!tag.contains('/')).then_some(tag)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fixture::platform;
    use super::*;

    /// Each object by its kind and name.
    fn objects(spec: &str) -> Value {
        let objects = super::objects(&platform(spec, &[]), Service::Reservation).into_iter();
        objects.map(|object| (format!("{}/{}", object.kind.as_str(), object.name), object.body)).collect::<serde_json::Map<_, _>>().into()
    }

    #[test]
    fn a_volume_outlives_the_resource_unless_that_says_otherwise() {
        let owner =
            |spec: &str| objects(spec)["PersistentVolumeClaim/trattoria-reservation-postgres"]["metadata"]["ownerReferences"].clone();
        assert_eq!(owner(""), Value::Null);
        assert_eq!(owner("deletionPolicy: Delete")[0]["name"], "trattoria");
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
            platform.databases.reservation.checksum = crate::reconcile::validate::checksum(password.as_bytes());
            super::objects(&platform, Service::Reservation)[2].body["spec"]["template"]["metadata"]["annotations"].clone()
        };
        assert_ne!(checksum("one"), checksum("other"));
        assert_eq!(checksum("one"), checksum("one"));
    }

    #[test]
    fn every_pod_of_a_service_finds_connections() {
        let connections = |spec: &str| max_connections(&platform(spec, &[]), Service::Reservation);
        assert_eq!(connections(""), None);
        assert_eq!(connections("reservation: {replicas: 6}"), None);
        assert_eq!(connections("reservation: {replicas: 20}"), Some(280));
        assert_eq!(connections("reservation: {autoscaling: {maxReplicas: 8}, databaseMaxConnections: 20}"), Some(240));
        let many = "reservation: {replicas: 20}";
        let container = &objects(many)["StatefulSet/trattoria-reservation-postgres"]["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["args"], json!(["-c", "max_connections=280"]));
        let cluster = &objects(&format!("{{{many}, postgres: {{cloudNativePG: {{}}}}}}"))["Cluster/trattoria-reservation-postgres"];
        assert_eq!(cluster["spec"]["postgresql"]["parameters"]["max_connections"], "280");
    }

    #[test]
    fn a_version_is_an_images_tag() {
        for (image, tag) in [
            ("postgres:17.6", Some("17.6")),
            ("registry:5000/postgres:17", Some("17")),
            ("registry:5000/postgres", None),
            ("ghcr.io/cloudnative-pg/postgresql:17.6@sha256:0123", Some("17.6")),
            ("ghcr.io/cloudnative-pg/postgresql@sha256:0123", None),
        ] {
            assert_eq!(version(image), tag, "{image}");
        }
    }
}
