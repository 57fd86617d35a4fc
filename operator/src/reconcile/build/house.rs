//! The declared house: a file in a ConfigMap, and a Job that applies it to the database of the reservation service after the migration.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, EnvVar, PodSpec, PodTemplateSpec, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::reconcile::checksum::checksum;
use crate::reconcile::kind::Kind;
use crate::reconcile::names::HOUSE;
use crate::reconcile::platform::Platform;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::Object;
use super::job::{REPORT, USAGE, failure_policy};
use super::pod::{SecretSetting, service_container, service_pod};

/// The file, in the ConfigMap and in the Pod.
const FILE: &str = "house.json";
const DIRECTORY: &str = "/etc/restaurant-booking/house";
/// The number of retries.
const RETRIES: i32 = 3;
/// The time for all of them, in seconds: it includes the wait for a node and for the image.
const DEADLINE: i64 = 20 * 60;

/// The beginning of the name of each Job of a platform's house.
pub fn job_prefix(platform: &Platform) -> String {
    format!("{}-house-", platform.component_name(Service::Reservation))
}

/// The file and the Job, each named by its content: an edit of the house, or another image, makes another Job.
pub(super) fn objects(platform: &Platform) -> [Object; 2] {
    let part = platform.part(HOUSE).version(&platform.components.reservation.version);
    let file = serde_json::to_string(&platform.house).expect("a house is JSON");
    let settings = format!("{}{}", job_prefix(platform), &checksum(file.as_bytes())[..10]);
    let data = BTreeMap::from([(FILE.to_owned(), file)]);
    let map = ConfigMap { immutable: Some(true), data: Some(data), ..Default::default() };
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(part.labels()), ..Default::default() }),
        spec: Some(pod(platform, &settings)),
    };
    let name = format!("{}{}", job_prefix(platform), &checksum(&serde_json::to_vec(&template).expect("a template is JSON"))[..10]);
    let spec = JobSpec {
        backoff_limit: Some(RETRIES),
        active_deadline_seconds: Some(DEADLINE),
        // An image that does not know the command will not learn it.
        pod_failure_policy: Some(failure_policy(&[USAGE])),
        template,
        ..Default::default()
    };
    [
        platform.part(HOUSE).object(Step::Settings(Service::Reservation), Kind::ConfigMap, &settings, &map),
        part.object(Step::House, Kind::Job, &name, &Job { spec: Some(spec), ..Default::default() }),
    ]
}

fn pod(platform: &Platform, settings: &str) -> PodSpec {
    let service = Service::Reservation;
    let mut container = service_container(platform, service, "apply-house");
    container.args.get_or_insert_default().extend([format!("{DIRECTORY}/{FILE}"), "--report".to_owned(), REPORT.to_owned()]);
    container.termination_message_path = Some(REPORT.to_owned());
    container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    let (secret, mount, variable) = SecretSetting::new("DATABASE_URL_FILE", platform.postgres.urls.of(service)).parts();
    let time_zone = Some(platform.restaurant.time_zone.clone());
    container.env = Some(vec![variable, EnvVar { name: "RESTAURANT_TIME_ZONE".to_owned(), value: time_zone, ..Default::default() }]);
    let file = Volume {
        name: "house".to_owned(),
        config_map: Some(ConfigMapVolumeSource { name: settings.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let own = VolumeMount { name: "house".to_owned(), mount_path: DIRECTORY.to_owned(), read_only: Some(true), ..Default::default() };
    container.volume_mounts = Some(vec![mount, own]);
    PodSpec { restart_policy: Some("Never".to_owned()), volumes: Some(vec![secret, file]), ..service_pod(platform, service, container) }
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;

    fn job(spec: &str) -> Object {
        let [_, job] = objects(&platform(spec, &[]));
        job
    }

    #[test]
    fn a_job_is_another_where_the_house_or_the_image_is_another() {
        let first = job("").name;
        assert!(first.starts_with("trattoria-reservation-house-") && first.len() <= 63, "{first}");
        for same in ["reservation: {replicas: 5, logLevel: debug}", "menu: {replicas: 1}", "admin: {email: boss@example.com}"] {
            assert_eq!(job(same).name, first, "{same}");
        }
        let others = ["booking: {maxParty: 8}", "openingHours: []", "floor: {tables: [{number: 1, seats: 2}]}", "image: {tag: '2'}"];
        let names: std::collections::BTreeSet<_> = others.iter().map(|other| job(other).name).chain([first]).collect();
        assert_eq!(names.len(), others.len() + 1);
    }

    #[test]
    fn the_file_holds_what_is_declared_and_nothing_else() {
        let file = |spec: &str| objects(&platform(spec, &[]))[0].body["data"][FILE].as_str().map(str::to_owned);
        assert_eq!(file("").as_deref(), Some("{}"));
        assert_eq!(file("booking: {maxParty: 8}").as_deref(), Some(r#"{"booking":{"maxParty":8}}"#));
    }
}
