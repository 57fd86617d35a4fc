//! The Jobs of a restore: those that look which moments there are, those that restore, and those that prepare a restored database for its
//! service. A restore has one moment for all databases: no Job that restores is built before it is chosen.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use jiff::Timestamp;

use crate::reconcile::build::job::{REPORT, USAGE, failure_policy};
use crate::reconcile::build::metadata::Part;
use crate::reconcile::build::pod::{SecretSetting, container_security, scratch, service_container, service_pod};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::checksum::checksum;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::{Platform, Repository, Restore, Source};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::super::{Managed, PGDATA, VOLUME};
use super::job::{DEADLINE, HOPELESS, RETRIES};
use super::repository::access;
use super::{PROGRAM, after_component, pod, pod_labels, restore_component, tool, variable, variables};

pub(super) fn objects(managed: &Managed, platform: &Platform, service: Service) -> Vec<Object> {
    match &platform.restore {
        None | Some(Restore::Completed) => Vec::new(),
        Some(Restore::Look(source)) => vec![look(managed, platform, source, service)],
        Some(Restore::To(source, target)) => {
            vec![restore(managed, platform, source, *target, service), after(platform, source, *target, service)]
        }
    }
}

/// A restore to a moment, as one text. A volume that was restored by the same text needs no second restore.
fn source_text(source: &Source, target: Timestamp) -> String {
    format!("{}@{target}", source.hash)
}

fn named(platform: &Platform, service: Service, what: &str, text: &str) -> String {
    format!("{}-{what}-{}", platform.component_name(service), &checksum(text.as_bytes())[..10])
}

/// Looks which moments the backups lead to. Another image looks again: it may be the one that can read the log.
fn look(managed: &Managed, platform: &Platform, source: &Source, service: Service) -> Object {
    let name = named(platform, service, "look", &format!("{} {}", source.hash, managed.images.of(service)));
    let pod = reading_pod(managed, platform, &source.repository, service, "look");
    job(platform.part(restore_component(service)), Step::Look(service), &name, pod, &[USAGE, HOPELESS])
}

/// Restores the database to the moment, onto a volume that is empty.
fn restore(managed: &Managed, platform: &Platform, source: &Source, target: Timestamp, service: Service) -> Object {
    let text = source_text(source, target);
    // The image is no part of the name: two Jobs must never work on one volume.
    let name = named(platform, service, "restore", &text);
    let mut pod =
        filling_pod(managed, platform, &source.repository, service, "restore", stateful::data_volume(&platform.postgres_name(service)));
    for container in &mut pod.containers {
        container.env.get_or_insert_default().extend(variables([("BACKUP_TARGET", target.to_string()), ("BACKUP_SOURCE", text.clone())]));
    }
    job(platform.part(restore_component(service)), Step::Restore(service), &name, pod, &[USAGE, HOPELESS])
}

/// Prepares the restored database: numbers are moved ahead, so that nobody takes a new booking for a lost one.
fn after(platform: &Platform, source: &Source, target: Timestamp, service: Service) -> Object {
    let image = &platform.components.of(service).image;
    let name = named(platform, service, "after", &format!("{} {image}", source_text(source, target)));
    let mut container = service_container(platform, service, "after-restore");
    container.args.get_or_insert_default().extend(["--report", REPORT].map(str::to_owned));
    container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    let (volume, mount, variable) = SecretSetting::new("DATABASE_URL_FILE", platform.postgres.urls.of(service)).parts();
    container.env = Some(vec![variable]);
    container.volume_mounts = Some(vec![mount]);
    let pod =
        PodSpec { restart_policy: Some("Never".to_owned()), volumes: Some(vec![volume]), ..service_pod(platform, service, container) };
    job(platform.part(after_component(service)), Step::AfterRestore(service), &name, pod, &[USAGE])
}

/// A Pod that fills a volume with a database.
pub(super) fn filling_pod(
    managed: &Managed,
    platform: &Platform,
    repository: &Repository,
    service: Service,
    command: &str,
    volume: Volume,
) -> PodSpec {
    let mut pod = reading_pod(managed, platform, repository, service, command);
    pod.volumes.get_or_insert_default().push(volume);
    for container in &mut pod.containers {
        container.volume_mounts.get_or_insert_default().push(stateful::data_mount(VOLUME));
        // The images of PostgreSQL name a folder of their own, which is a volume of its own.
        container.env.get_or_insert_default().push(variable("PGDATA", PGDATA));
    }
    pod
}

/// A Pod of the database's own image with the tool, since PostgreSQL itself reads the log.
fn reading_pod(managed: &Managed, platform: &Platform, repository: &Repository, service: Service, command: &str) -> PodSpec {
    let (tool, program, program_mount) = tool(platform, &managed.resources);
    let access = access(repository, service, true);
    let (tmp, tmp_mount) = scratch("tmp", "/tmp");
    let mut mounts = vec![program_mount, tmp_mount];
    mounts.extend(access.mounts);
    let container = Container {
        name: "restore".to_owned(),
        image: Some(managed.images.of(service).clone()),
        command: Some([PROGRAM, command, "--report", REPORT].map(str::to_owned).into()),
        env: Some(access.env),
        volume_mounts: Some(mounts),
        resources: Some(managed.resources.requirements()),
        security_context: Some(container_security()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Default::default()
    };
    let mut volumes = vec![program, tmp];
    volumes.extend(access.volumes);
    PodSpec { init_containers: Some(vec![tool]), ..pod(platform, container, volumes) }
}

fn job(part: Part<'_>, step: Step, name: &str, pod: PodSpec, hopeless: &[i32]) -> Object {
    let spec = JobSpec {
        backoff_limit: Some(RETRIES),
        active_deadline_seconds: Some(DEADLINE),
        pod_failure_policy: Some(failure_policy(hopeless)),
        template: PodTemplateSpec { metadata: Some(ObjectMeta { labels: Some(pod_labels(&part)), ..Default::default() }), spec: Some(pod) },
        ..Default::default()
    };
    part.object(step, Kind::Job, name, &Job { spec: Some(spec), ..Default::default() })
}
