//! The Jobs that make a base backup of a database: by schedule, the first into a new place, on demand, and before a migration.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{
    Affinity, Container, KeyToPath, PodAffinity, PodAffinityTerm, PodSpec, PodTemplateSpec, ProjectedVolumeSource, SecretProjection,
    Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::reconcile::build::job::{REPORT, USAGE, failure_policy};
use crate::reconcile::build::metadata::Part;
use crate::reconcile::build::migration;
use crate::reconcile::build::pod::{scratch, secret_file};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::checksum::checksum;
use crate::reconcile::held::in_backups;
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{backup_claim_name, first_backup_name, requested_backup_name};
use crate::reconcile::platform::{Backup, Platform};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::super::{PORT, VOLUME, component};
use super::repository::access;
use super::{PASSWORD, PROGRAM, ROLE, backup_component, host, pod, pod_labels, program, variable, variables};

/// The code with which the program ends where another try will not help: a wrong key, no bucket, the repository of another database.
pub(super) const HOPELESS: i32 = 3;
/// The number of retries.
pub(super) const RETRIES: i32 = 3;
/// The time for all of them, in seconds: it includes the wait for room on the node, and for the image.
pub(super) const DEADLINE: i64 = 6 * 60 * 60;
/// Where the keys are mounted that come with a backup.
const KEYS: &str = "/etc/restaurant-booking/keys";
/// The seconds for which a backup that was due may still begin: the control plane may have been away.
const BEGINS_WITHIN: i64 = 60 * 60;

pub(super) fn objects(platform: &Platform, backup: &Backup, service: Service) -> Vec<Object> {
    let part = platform.part(backup_component(service)).version(&platform.program.version);
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(pod_labels(&part)), ..Default::default() }),
        spec: Some(backup_pod(platform, backup, service)),
    };
    let job = JobSpec {
        backoff_limit: Some(RETRIES),
        active_deadline_seconds: Some(DEADLINE),
        pod_failure_policy: Some(failure_policy(&[USAGE, HOPELESS])),
        template,
        ..Default::default()
    };
    let (step, name) = (Step::Backup(service), backup_claim_name(&platform.name, service));
    let mut objects = vec![scheduled(&part, step, &name, &backup.schedule, job.clone())];
    let first = first_backup_name(&platform.name, service, &backup.repository.identity(service));
    let requested = backup.requested.as_ref().map(|text| requested_backup_name(&platform.name, service, text));
    // One for each migration, however often that one is tried.
    let migration = || checksum(format!("before {}", migration::name(platform, service)).as_bytes());
    let before = backup.before_migration.then(|| format!("{name}-{}", &migration()[..10]));
    let of = |step: Step, name: Option<String>| name.map(|name| (step, name));
    for (step, name) in [of(step, Some(first)), of(step, requested), of(Step::BeforeMigration(service), before)].into_iter().flatten() {
        objects.push(part.object(step, Kind::Job, &name, &Job { spec: Some(job.clone()), ..Default::default() }));
    }
    objects
}

/// A Job that is run by a schedule, in the restaurant's time zone.
pub(super) fn scheduled(part: &Part<'_>, step: Step, name: &str, schedule: &str, job: JobSpec) -> Object {
    let spec = CronJobSpec {
        schedule: schedule.to_owned(),
        time_zone: Some(part.platform.restaurant.time_zone.clone()),
        concurrency_policy: Some("Forbid".to_owned()),
        starting_deadline_seconds: Some(BEGINS_WITHIN),
        successful_jobs_history_limit: Some(1),
        failed_jobs_history_limit: Some(1),
        job_template: JobTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(pod_labels(part)), ..Default::default() }),
            spec: Some(job),
        },
        ..Default::default()
    };
    part.object(step, Kind::CronJob, name, &CronJob { spec: Some(spec), ..Default::default() })
}

fn backup_pod(platform: &Platform, backup: &Backup, service: Service) -> PodSpec {
    let access = access(&backup.repository, service, false);
    let (tmp, tmp_mount) = scratch("tmp", "/tmp");
    let (password, password_mount, password_file) = secret_file(backup.passwords.of(service), "backup", PASSWORD, "password");
    let mut mounts = vec![stateful::read_only_mount(VOLUME), tmp_mount, password_mount];
    mounts.extend(access.mounts);
    let mut env = access.env;
    env.extend(variables([
        ("BACKUP_HOST", host(platform, service)),
        ("BACKUP_PORT", PORT.to_string()),
        ("BACKUP_USER", ROLE.to_owned()),
        ("BACKUP_PASSWORD_FILE", password_file),
    ]));
    env.extend(backup.count.map(|count| variable("BACKUP_RETENTION_COUNT", &count.to_string())));
    env.extend(backup.age.as_ref().map(|age| variable("BACKUP_RETENTION_AGE", age)));
    let mut volumes = vec![stateful::data_volume(&platform.postgres_name(service)), tmp, password];
    volumes.extend(access.volumes);
    if service == Service::Auth && backup.repository.key.is_some() {
        let (volume, mount) = keys(platform);
        volumes.push(volume);
        mounts.push(mount);
        env.push(variable("BACKUP_KEYS", KEYS));
    }
    let container = Container {
        name: "backup".to_owned(),
        command: Some([PROGRAM, "run", "--report", REPORT].map(str::to_owned).into()),
        env: Some(env),
        volume_mounts: Some(mounts),
        ..program(platform, &backup.resources)
    };
    PodSpec { affinity: Some(beside(platform, service)), ..pod(platform, container, volumes) }
}

/// The Secrets that come with an encrypted backup, a folder each. The Pod has the key of the encryption anyway, by which whoever runs there could
/// open what it is given sealed.
fn keys(platform: &Platform) -> (Volume, VolumeMount) {
    let sources = in_backups(&platform.name, platform.admin.generated).into_iter().map(|held| {
        let item = |key: &&str| KeyToPath { key: (*key).to_owned(), path: format!("{}/{key}", held.folder), ..Default::default() };
        let items = Some(held.keys.iter().map(item).collect());
        VolumeProjection { secret: Some(SecretProjection { name: held.name.clone(), items, optional: None }), ..Default::default() }
    });
    let source = ProjectedVolumeSource { default_mode: Some(0o440), sources: Some(sources.collect()) };
    (
        Volume { name: "keys".to_owned(), projected: Some(source), ..Default::default() },
        VolumeMount { name: "keys".to_owned(), mount_path: KEYS.to_owned(), read_only: Some(true), ..Default::default() },
    )
}

/// Beside the database: its volume can be mounted by the Pods of one node alone.
pub(super) fn beside(platform: &Platform, service: Service) -> Affinity {
    let term = PodAffinityTerm {
        label_selector: Some(platform.part(component(service)).selector()),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..Default::default()
    };
    let affinity = PodAffinity { required_during_scheduling_ignored_during_execution: Some(vec![term]), ..Default::default() };
    Affinity { pod_affinity: Some(affinity), ..Default::default() }
}

/// The variables of the first container of an object.
#[cfg(test)]
pub(super) fn environment(object: &Object) -> std::collections::BTreeMap<String, String> {
    let container = match object.kind {
        Kind::CronJob => &object.body["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0],
        _ => &object.body["spec"]["template"]["spec"]["containers"][0],
    };
    let variables = container["env"].as_array().cloned().unwrap_or_default().into_iter();
    variables
        .map(|variable| {
            let of = |member: &str| variable[member].as_str().unwrap_or_default().to_owned();
            (of("name"), of("value"))
        })
        .collect()
}
