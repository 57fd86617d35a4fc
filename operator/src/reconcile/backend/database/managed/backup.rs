//! The backups of a managed database: the tool in the database's Pod, which archives the log, and the Pods that make base backups, watch the
//! archives, verify and restore.

mod job;
mod repository;
mod restore;
mod verify;
mod watcher;

use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec, Volume, VolumeMount};

use crate::reconcile::build::metadata::Part;
use crate::reconcile::build::network::flow::{End, Flow, Ports, Subject};
use crate::reconcile::build::pod::{container_security, scratch, secret_file};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{BACKUP, WATCHER, backup_claim_name, backup_name};
use crate::reconcile::platform::{Backup, Place, Platform, Repository, Resources};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::reconcile::validate::amounts::Usual;

use super::{Managed, PORT, component, variable};
use repository::access;

/// The usual resources of the Pods that make a base backup: pgBackRest holds a few buffers for each process.
pub(in crate::reconcile::backend::database) static RESOURCES: Usual =
    Usual { requests: &[("cpu", "50m"), ("memory", "64Mi")], limits: &[("memory", "256Mi")] };
/// The program, in its own image and in the Pods of databases. PostgreSQL's own images have it by a volume.
const PROGRAM: &str = "/opt/pgbackrest/bin/backup";
/// Where the folder of the program is mounted.
const FOLDER: &str = "/opt/pgbackrest";
/// The role of each database that makes base backups and watches the archive.
const ROLE: &str = "backup";
/// Where the password of that role is mounted, as a file or as one file for each database.
const PASSWORD: &str = "/etc/restaurant-booking/backup";

/// The component of the Pods that make a base backup of a service's database.
fn backup_component(service: Service) -> String {
    format!("{}-backup", service.as_str())
}

/// The component of the Pods that verify the backups of a service's database.
fn verify_component(service: Service) -> String {
    format!("{}-verify", service.as_str())
}

/// The component of the Pods that look at backups and restore them.
fn restore_component(service: Service) -> String {
    format!("{}-restore", service.as_str())
}

/// The component of the Pods that prepare a restored database for its service.
fn after_component(service: Service) -> String {
    format!("{}-after", service.as_str())
}

/// The objects that all databases share: the passwords, the account of the Pods, and what watches the archives.
pub(super) fn common(platform: &Platform) -> Vec<Object> {
    let mut objects = Vec::new();
    let is_restored = platform.restore.as_ref().is_some_and(|restore| restore.source().is_some());
    if platform.backup.is_some() || is_restored {
        objects.push(account(platform));
    }
    if let Some(backup) = &platform.backup {
        let passwords = &platform.credentials.backup_passwords;
        let data = Service::ALL.map(|service| (service.as_str(), passwords.of(service).clone()));
        objects.push(platform.part(BACKUP).secret(Step::Foundation, &backup_name(&platform.name), data));
        objects.extend(watcher::objects(platform, backup));
    }
    objects
}

fn account(platform: &Platform) -> Object {
    let body = k8s_openapi::api::core::v1::ServiceAccount {
        automount_service_account_token: Some(false),
        image_pull_secrets: platform.pull_secrets(),
        ..Default::default()
    };
    platform.part(BACKUP).object(Step::Foundation, Kind::ServiceAccount, &backup_name(&platform.name), &body)
}

impl Managed {
    /// The objects that back up and restore a service's database.
    pub(super) fn backup_objects(&self, platform: &Platform, service: Service) -> Vec<Object> {
        let mut objects = Vec::new();
        if let Some(backup) = &platform.backup {
            if let Some(storage) = &backup.storage {
                let claim = stateful::claim(storage);
                let name = backup_claim_name(&platform.name, service);
                objects.push(platform.part(backup_component(service)).object(
                    Step::Postgres(service),
                    Kind::PersistentVolumeClaim,
                    &name,
                    &claim,
                ));
            }
            objects.extend(job::objects(platform, backup, service));
            objects.extend(backup.verify.as_ref().map(|verify| verify::object(self, platform, backup, verify, service)));
        }
        objects.extend(restore::objects(self, platform, service));
        objects
    }
}

/// The Pod of a database that archives its log. `resources` are those of the database.
pub(super) fn archiving(platform: &Platform, backup: &Backup, resources: &Resources, service: Service, mut pod: PodSpec) -> PodSpec {
    let (tool, program, program_mount) = tool(platform, resources);
    let access = access(&backup.repository, service, false);
    let (password, password_mount, password_file) = secret_file(backup.passwords.of(service), "backup", PASSWORD, "password");
    let volumes = pod.volumes.get_or_insert_default();
    volumes.extend([program, password]);
    volumes.extend(access.volumes);
    let init = pod.init_containers.get_or_insert_default();
    for prepare in init.iter_mut() {
        prepare.env.get_or_insert_default().push(variable("BACKUP_PASSWORD_FILE", &password_file));
        prepare.volume_mounts.get_or_insert_default().push(password_mount.clone());
    }
    init.insert(0, tool);
    for postgres in &mut pod.containers {
        let mounts = postgres.volume_mounts.get_or_insert_default();
        mounts.push(program_mount.clone());
        mounts.extend(access.mounts.clone());
        postgres.env.get_or_insert_default().extend(access.env.clone());
        postgres.args.get_or_insert_default().extend(arguments(backup));
    }
    pod
}

/// The server's settings. A segment of the log is switched so early that it is also archived within the loss that is allowed.
fn arguments(backup: &Backup) -> Vec<String> {
    let switch = (backup.max_loss * 3 / 4).max(1);
    let settings = ["archive_mode=on".to_owned(), format!("archive_command={PROGRAM} wal push %p"), format!("archive_timeout={switch}")];
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

/// The container that copies the program, the volume that it copies to, and the mount for the containers that use it.
fn tool(platform: &Platform, resources: &Resources) -> (Container, Volume, VolumeMount) {
    let (volume, own) = scratch("tool", "/tool");
    let container = Container {
        name: super::TOOL.to_owned(),
        command: Some([PROGRAM, "install", "/tool"].map(str::to_owned).into()),
        volume_mounts: Some(vec![own.clone()]),
        ..program(platform, resources)
    };
    (container, volume, VolumeMount { mount_path: FOLDER.to_owned(), read_only: Some(true), ..own })
}

/// A container of the program's own image.
fn program(platform: &Platform, resources: &Resources) -> Container {
    Container {
        image: Some(platform.program.image.clone()),
        image_pull_policy: Some(platform.image_pull_policy.to_owned()),
        resources: Some(resources.requirements()),
        security_context: Some(container_security()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Default::default()
    }
}

/// The Pod of a Job that runs the program, with the account that all of them have.
fn pod(platform: &Platform, container: Container, volumes: Vec<Volume>) -> PodSpec {
    PodSpec {
        service_account_name: Some(backup_name(&platform.name)),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        // The files of the database and of its backups are its user's.
        security_context: Some(platform.pod_security(super::USER)),
        image_pull_secrets: platform.pull_secrets(),
        restart_policy: Some("Never".to_owned()),
        containers: vec![container],
        volumes: Some(volumes),
        ..Default::default()
    }
}

/// The labels of Pods. They lack the operator's own: what a CronJob makes is not the operator's to prune.
fn pod_labels(part: &Part<'_>) -> std::collections::BTreeMap<String, String> {
    part.selector_labels()
}

/// Where a service's database is reached.
fn host(platform: &Platform, service: Service) -> String {
    format!("{}.{}.svc", platform.postgres_name(service), platform.namespace)
}

/// Variables of the program, by their names.
fn variables<const N: usize>(values: [(&str, String); N]) -> Vec<EnvVar> {
    values.into_iter().map(|(name, value)| variable(name, &value)).collect()
}

/// The storage of a repository, as an end of a connection; `None` for a volume.
fn storage(repository: &Repository) -> Option<(End, Ports)> {
    match &repository.place {
        Place::Claims(_) => None,
        Place::S3(s3) => Some((End::Anywhere, Ports::tcp(s3.port))),
    }
}

/// The connections that backups and the restore of a service's database need.
pub(super) fn flows(platform: &Platform, service: Service) -> Vec<Flow> {
    let database = End::Part(component(service));
    let mut flows: Vec<Flow> = Vec::new();
    if let Some(backup) = &platform.backup {
        let jobs = End::Part(backup_component(service));
        flows.extend([
            (jobs.clone(), End::Dns, Ports::Dns),
            (jobs.clone(), database.clone(), Ports::tcp(PORT)),
            (End::Part(WATCHER.to_owned()), database.clone(), Ports::tcp(PORT)),
        ]);
        if let (Some(_), Some((end, ports))) = (&backup.verify, storage(&backup.repository)) {
            let verify = End::Part(verify_component(service));
            flows.extend([(verify.clone(), End::Dns, Ports::Dns), (verify, end, ports)]);
        }
        if let Some((end, ports)) = storage(&backup.repository) {
            flows.extend([(jobs, end.clone(), ports.clone()), (database.clone(), End::Dns, Ports::Dns), (database.clone(), end, ports)]);
        }
    }
    if let Some(source) = platform.restore.as_ref().and_then(|restore| restore.source()) {
        let (restore, after) = (End::Part(restore_component(service)), End::Part(after_component(service)));
        if let Some((end, ports)) = storage(&source.repository) {
            flows.extend([(restore.clone(), End::Dns, Ports::Dns), (restore, end, ports)]);
        }
        flows.extend([(after.clone(), End::Dns, Ports::Dns), (after, database, Ports::tcp(PORT))]);
    }
    flows
}

/// The Pods that get a policy for them.
pub(super) fn subjects(platform: &Platform, service: Service) -> Vec<Subject> {
    let mut components = Vec::new();
    components.extend(platform.backup.is_some().then(|| backup_component(service)));
    let verifies = platform.backup.as_ref().is_some_and(|backup| backup.verify.is_some());
    components.extend(verifies.then(|| verify_component(service)));
    if platform.restore.as_ref().is_some_and(|restore| restore.source().is_some()) {
        components.extend([restore_component(service), after_component(service)]);
    }
    components.into_iter().map(Subject::part).collect()
}

#[cfg(test)]
mod tests;
