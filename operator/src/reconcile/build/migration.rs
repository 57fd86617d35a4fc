//! The migration of a database, as a Job that ends before the Pods of the new version start.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::reconcile::checksum::checksum;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::Platform;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::Object;
use super::job::failure_policy;
use super::metadata::Part;
use super::pod::{SecretSetting, service_container, service_pod};

/// The number of retries of a migration.
const RETRIES: i32 = 3;
/// The time for a migration with all its retries, in seconds: it includes the wait for a node, for the image and for a database that does
/// not answer yet, and the change of a large table.
const DEADLINE: i64 = 60 * 60;

/// The component of the Pods that migrate a service's database. It differs from the service's, whose Service and Deployment must not select
/// these Pods.
pub(super) fn component(service: Service) -> String {
    format!("{}-migration", service.as_str())
}

/// The Job. It stays after it has finished, as the record that the version was migrated to. With `ttlSecondsAfterFinished` it would be
/// removed, created again and run again.
pub(super) fn job(platform: &Platform, service: Service) -> Object {
    let template = template(platform, service);
    let name = name_of(platform, service, &template);
    let spec = JobSpec {
        backoff_limit: Some(RETRIES),
        active_deadline_seconds: Some(DEADLINE),
        pod_failure_policy: Some(failure_policy(&[])),
        template,
        ..Default::default()
    };
    part(platform, service).object(Step::Migration(service), Kind::Job, &name, &Job { spec: Some(spec), ..Default::default() })
}

/// The name of the Job, which stands for what it runs.
pub(crate) fn name(platform: &Platform, service: Service) -> String {
    name_of(platform, service, &template(platform, service))
}

/// The template of a Job cannot change, so another template, such as one with a new image, makes another Job. Values that the Pod reads
/// at run time are not in the template: a new log level or a rotated password starts no migration.
fn name_of(platform: &Platform, service: Service, template: &PodTemplateSpec) -> String {
    let hash = checksum(&serde_json::to_vec(template).expect("a template is JSON"));
    format!("{}-migrate-{}", platform.component_name(service), &hash[..10])
}

fn part(platform: &Platform, service: Service) -> Part<'_> {
    platform.part(component(service)).version(&platform.components.of(service).version)
}

fn template(platform: &Platform, service: Service) -> PodTemplateSpec {
    PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(part(platform, service).labels()), ..Default::default() }),
        spec: Some(pod(platform, service)),
    }
}

fn pod(platform: &Platform, service: Service) -> PodSpec {
    let mut container = service_container(platform, service, "migrate");
    let (volume, mount, variable) = SecretSetting::new("DATABASE_URL_FILE", platform.postgres.urls.of(service)).parts();
    container.env = Some(vec![variable]);
    container.volume_mounts = Some(vec![mount]);
    PodSpec { restart_policy: Some("Never".to_owned()), volumes: Some(vec![volume]), ..service_pod(platform, service, container) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::reconcile::fixture::platform;

    use super::*;

    fn name(spec: &str) -> String {
        job(&platform(spec, &[]), Service::Auth).name
    }

    #[test]
    fn a_job_is_another_where_what_it_runs_is_another() {
        let first = name("");
        assert!(first.starts_with("trattoria-auth-migrate-") && first.len() == "trattoria-auth-migrate-".len() + 10, "{first}");
        for same in [
            "auth: {logLevel: debug, corsAllowedOrigins: [https://book.example.com], databaseMaxConnections: 5, replicas: 5}",
            "auth: {labels: {team: booking}, annotations: {a: b}, topologySpreadConstraints: []}",
            "admin: {email: boss@example.com}",
            "image: {menu: {tag: '2'}}",
            "{deletionPolicy: Delete, kafka: {topics: {partitions: 6}}, networkPolicy: {enabled: false}}",
        ] {
            assert_eq!(name(same), first, "{same}");
        }
        let others = [
            "image: {tag: '2'}",
            "image: {auth: {digest: 'sha256:0000000000000000000000000000000000000000000000000000000000000000'}}",
            "image: {pullSecrets: [{name: registry}]}",
            "auth: {resources: {limits: {memory: 1Gi}}}",
            "auth: {nodeSelector: {kubernetes.io/arch: arm64}}",
            "postgres: {cloudNativePG: {}}",
        ];
        let names: BTreeSet<_> = others.iter().map(|other| name(other)).chain([first]).collect();
        assert_eq!(names.len(), others.len() + 1);
    }

    #[test]
    fn a_rotated_password_starts_no_migration() {
        let mut platform = platform("", &[]);
        let before = job(&platform, Service::Menu).name;
        platform.postgres.urls.menu.checksum = checksum(b"another");
        platform.credentials.database_passwords.menu = "another".to_owned();
        assert_eq!(job(&platform, Service::Menu).name, before);
    }

    #[test]
    fn the_longest_name_is_a_label() {
        let mut platform = platform("", &[]);
        platform.name = "a".repeat(crate::api::NAME_MAX);
        assert!(job(&platform, Service::Reservation).name.len() <= 63);
    }
}
