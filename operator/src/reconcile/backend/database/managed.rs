//! A managed database: one PostgreSQL of the official image (<https://hub.docker.com/_/postgres>).

mod backup;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerPort, EnvVar, ExecAction, PodSpec, Probe};
use serde_json::Value;

use crate::api::{ConditionType, ManagedPostgres};
use crate::reconcile::backend::SecretNames;
use crate::reconcile::build::metadata::CHECKSUM;
use crate::reconcile::build::network::flow::{End, Flow, Subject};
use crate::reconcile::build::pod::{container_security, scratch, secret_file};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::checksum::checksum;
use crate::reconcile::differ;
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{backup_name, database_name};
use crate::reconcile::platform::{Platform, Secret};
use crate::reconcile::reason::POSTGRES_UPGRADE_NEEDED;
use crate::reconcile::references::{DATABASE_PASSWORD, DATABASE_URL};
use crate::reconcile::service::{PerService, Service};
use crate::reconcile::step::Step;
use crate::reconcile::validate::amounts::{resources, storage};
use crate::reconcile::validate::check::Check;
use crate::reconcile::volume::{Volume, major};

pub(super) use backup::RESOURCES as BACKUP_RESOURCES;

use super::settings::{Managed, Postgres, PostgresBackend};
use super::{Backend, RESOURCES, component, max_connections, part};

/// The id of the image's user `postgres`.
const USER: i64 = 999;
const PORT: u16 = 5432;
/// The directory of the volume. The image declares a volume elsewhere, at a path that depends on the major version.
const VOLUME: &str = "/data";
/// The data is in a subdirectory: the root of a volume may have a `lost+found`, and belong to another user.
const PGDATA: &str = "/data/pgdata";
/// The beginning of the argument that sets the number of connections.
const MAX_CONNECTIONS: &str = "max_connections=";
const CREDENTIALS: &str = "/etc/postgresql-credentials";
/// The container that copies the tool of backups.
const TOOL: &str = "tool";
/// Creates the database, and sets its owner's password.
const PREPARE: &str = include_str!("prepare.sh");

/// The kinds that hold its data.
pub(super) const DATA: [Kind; 2] = [Kind::Secret, Kind::PersistentVolumeClaim];

pub(super) fn secrets(name: &str, is_backed_up: bool) -> SecretNames {
    let databases = Service::ALL.map(|service| database_name(name, service)).into_iter();
    let generated = databases.chain(is_backed_up.then(|| backup_name(name))).collect();
    SecretNames { generated, ..Default::default() }
}

pub(super) fn validate(check: &mut Check<'_>, given: Option<&ManagedPostgres>) -> Postgres {
    let given = given.cloned().unwrap_or_default();
    let repository = given.repository.as_deref().unwrap_or("postgres");
    let versions = PerService::new(|service| version(check, service, given.version.as_deref()));
    let images = PerService::new(|service| format!("{repository}:{}", versions.of(service)));
    let new = |service| Volume::new(versions.of(service), images.of(service));
    let volumes = PerService::new(|service| check.references.volumes.of(service).clone().unwrap_or_else(|| new(service)));
    let url = |service| {
        let password = check.references.credentials.database_passwords.of(service);
        Secret { name: database_name(&check.name, service), key: DATABASE_URL.to_owned(), checksum: check.seal(password.as_bytes()) }
    };
    let urls = PerService::new(url);
    let backend = PostgresBackend::Managed(Managed {
        images,
        volumes: Box::new(volumes),
        storage: storage(given.storage.as_ref()),
        resources: resources(given.resources.as_ref(), &RESOURCES),
    });
    Postgres { backend, urls }
}

/// The version of a database: the version in the spec, if it can read the volume; without one in the spec, the major version that made the
/// volume, whatever the default is.
fn version(check: &mut Check<'_>, service: Service, asked: Option<&str>) -> String {
    let made = check.references.volumes.of(service).as_ref();
    if let (Some(asked), Some(made)) = (asked, made)
        && major(asked) != made.major
    {
        let message = format!(
            "spec.postgres.managed.version is {asked:?}, and the volume {} holds the files of PostgreSQL {}, which no other major version \
             reads; write version {:?}, or dump the database and restore it into a new resource (docs/upgrade.md). What runs goes on",
            database_name(&check.name, service),
            made.major,
            made.major
        );
        check.refuse(ConditionType::PostgresReady, POSTGRES_UPGRADE_NEEDED, message);
    }
    // A restored database is of the version that made the backups.
    let restored = check.references.restore.as_ref().and_then(|restore| restore.postgres_version.as_deref());
    asked.or(made.map(|made| made.major.as_str())).or(restored).unwrap_or(&check.defaults.postgres_version).to_owned()
}

impl Backend for Managed {
    fn name(&self) -> &'static str {
        "managed"
    }

    fn image(&self) -> Option<(&'static str, &str)> {
        Some(("spec.postgres.managed", &self.images.auth))
    }

    fn image_of(&self, service: Service) -> Option<&str> {
        Some(self.images.of(service))
    }

    fn is_stateful_set(&self) -> bool {
        true
    }

    fn credentials(&self, platform: &Platform, service: Service) -> Option<Object> {
        Some(credentials(platform, service))
    }

    fn objects(&self, platform: &Platform, service: Service) -> Vec<Object> {
        let part = part(platform, service, Some(self.images.of(service)));
        let name = platform.postgres_name(service);
        let secret = platform.postgres.urls.of(service);
        let content = match &platform.backup {
            Some(backup) => checksum(format!("{} {}", secret.checksum, backup.passwords.of(service).checksum).as_bytes()),
            None => secret.checksum.clone(),
        };
        let of_pod = BTreeMap::from([(CHECKSUM.to_owned(), content)]);
        let annotations = self.volumes.of(service).annotations();
        let step = Step::Postgres(service);
        let mut objects = stateful::objects(&part, step, &name, &self.storage, annotations, of_pod, self.pod(platform, service));
        // A restore fills the volume before there is a server.
        if platform.restore.as_ref().is_some_and(|restore| restore.source().is_some()) {
            let claims = objects.iter_mut().filter(|object| object.kind == Kind::PersistentVolumeClaim);
            claims.for_each(|claim| claim.step = Step::Restore(service));
        }
        objects.extend(self.backup_objects(platform, service));
        objects
    }

    fn common_objects(&self, platform: &Platform) -> Vec<Object> {
        backup::common(platform)
    }

    fn server(&self, _platform: &Platform, service: Service) -> (End, u16) {
        (End::Part(component(service)), PORT)
    }

    fn flows(&self, platform: &Platform, service: Service) -> Vec<Flow> {
        backup::flows(platform, service)
    }

    fn subjects(&self, platform: &Platform, service: Service) -> Vec<Subject> {
        std::iter::once(Subject::part(component(service))).chain(backup::subjects(platform, service)).collect()
    }
}

fn credentials(platform: &Platform, service: Service) -> Object {
    let password = platform.credentials.database_passwords.of(service);
    let host = format!("{}.{}.svc", platform.postgres_name(service), platform.namespace);
    let (database, username) = (service.database(), service.database());
    let url = format!("postgres://{username}:{}@{host}:{PORT}/{database}", percent_encoded(password));
    let data = [
        ("username", username.to_owned()),
        (DATABASE_PASSWORD, password.clone()),
        ("database", database.to_owned()),
        ("host", host),
        ("port", PORT.to_string()),
        (DATABASE_URL, url),
    ];
    platform.part(component(service)).secret(Step::Settings(service), &platform.postgres_name(service), data)
}

/// Percent-encoding (RFC 3986, 2.1). Generated values need none, but a password that was put into the Secret by hand may.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

impl Managed {
    fn pod(&self, platform: &Platform, service: Service) -> PodSpec {
        let password = Secret { key: DATABASE_PASSWORD.to_owned(), ..platform.postgres.urls.of(service).clone() };
        let (credentials, credentials_mount, password_file) = secret_file(&password, "credentials", CREDENTIALS, "password");
        let (run, run_mount) = scratch("run", "/var/run/postgresql");
        let (tmp, tmp_mount) = scratch("tmp", "/tmp");
        // libpq reads these variables, so that `psql` in `kubectl exec` needs no argument.
        let env = vec![variable("PGDATA", PGDATA), variable("PGUSER", service.database()), variable("PGDATABASE", service.database())];
        let container = Container {
            image: Some(self.images.of(service).clone()),
            resources: Some(self.resources.requirements()),
            security_context: Some(container_security()),
            ..Default::default()
        };
        let prepare = Container {
            name: "prepare".to_owned(),
            // What it says when it fails stands in the status of the Pod.
            termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
            command: Some(["sh", "-c", PREPARE].map(str::to_owned).into()),
            env: Some(
                env.iter()
                    .cloned()
                    .chain([
                        variable("CLAIM", &platform.postgres_name(service)),
                        variable("PASSWORD_FILE", &password_file),
                        variable("LOCALE_PROVIDER", &self.volumes.of(service).locale_provider),
                    ])
                    .collect(),
            ),
            volume_mounts: Some(vec![stateful::data_mount(VOLUME), credentials_mount, tmp_mount.clone()]),
            ..container.clone()
        };
        let postgres = Container {
            name: "postgres".to_owned(),
            args: max_connections(platform, service).map(|connections| vec!["-c".to_owned(), argument(connections)]),
            env: Some(env),
            ports: Some(vec![ContainerPort {
                name: Some("postgres".to_owned()),
                container_port: PORT.into(),
                protocol: Some("TCP".to_owned()),
                ..Default::default()
            }]),
            // Ten minutes: a start after a crash replays the log first.
            startup_probe: Some(Probe { period_seconds: Some(5), failure_threshold: Some(120), ..is_ready() }),
            liveness_probe: Some(Probe { failure_threshold: Some(6), ..is_ready() }),
            readiness_probe: Some(is_ready()),
            volume_mounts: Some(vec![stateful::data_mount(VOLUME), run_mount, tmp_mount]),
            ..container
        };
        let pod = PodSpec {
            containers: vec![postgres],
            init_containers: Some(vec![prepare]),
            security_context: Some(platform.pod_security(USER)),
            volumes: Some(vec![credentials, run, tmp]),
            ..Default::default()
        };
        match &platform.backup {
            Some(backup) => backup::archiving(platform, backup, &self.resources, service, pod),
            None => pod,
        }
    }
}

/// The argument that sets the number of connections.
fn argument(connections: i32) -> String {
    format!("{MAX_CONNECTIONS}{connections}")
}

/// Keeps a greater number of connections. Other arguments were edited by hand.
pub(super) fn keep_connections(live: &Value, wanted: &mut Value) {
    let args = |object: &Value| -> Vec<String> {
        let args = object["spec"]["template"]["spec"]["containers"][0]["args"].as_array().into_iter().flatten();
        args.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let number = |args: &[String]| args.iter().find_map(|text| text.strip_prefix(MAX_CONNECTIONS)?.parse::<i32>().ok()).unwrap_or(0);
    let (kept, mut now) = (number(&args(live)), args(wanted));
    if kept <= number(&now) {
        return;
    }
    match now.iter_mut().find(|text| text.starts_with(MAX_CONNECTIONS)) {
        Some(given) => *given = argument(kept),
        // It comes first, as where it is wanted.
        None => drop(now.splice(0..0, ["-c".to_owned(), argument(kept)])),
    }
    wanted["spec"]["template"]["spec"]["containers"][0]["args"] = now.into();
}

/// Keeps the image of the tool of backups where nothing else differs: a release of the operator's must not restart databases.
pub(super) fn keep_tool(live: &Value, wanted: &mut Value) {
    const INIT: &str = "/spec/template/spec/initContainers";
    let containers = |object: &Value| object.pointer(INIT).and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(running) = containers(live).into_iter().find(|container| container["name"] == TOOL) else { return };
    let mut kept = wanted.clone();
    let tools = kept.pointer_mut(INIT).and_then(Value::as_array_mut).into_iter().flatten();
    tools.filter(|container| container["name"] == TOOL).for_each(|tool| tool["image"] = running["image"].clone());
    if differ::contains(Kind::StatefulSet, &live["spec"], &kept["spec"]) {
        *wanted = kept;
    }
}

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), ..Default::default() }
}

/// The probe connects over TCP, like the service. A server that refuses one connection too many is ready nevertheless.
fn is_ready() -> Probe {
    let command = ["pg_isready", "--host=127.0.0.1", "--timeout=4"].map(str::to_owned).into();
    Probe { exec: Some(ExecAction { command: Some(command) }), timeout_seconds: Some(5), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1 as core;

    use crate::reconcile::fixture::platform;

    use super::*;

    #[test]
    fn a_password_with_characters_that_have_a_meaning_in_urls_is_encoded() {
        let mut platform = platform("", &[]);
        platform.credentials.database_passwords.menu = "p@ss/w:rd%é".to_owned();
        let secret = credentials(&platform, Service::Menu);
        let data: core::Secret = serde_json::from_value(secret.body).expect("a Secret");
        let data = data.data.expect("data");
        let text = |key: &str| String::from_utf8(data[key].0.clone()).expect("text");
        assert_eq!(text("url"), "postgres://menu_db:p%40ss%2Fw%3Ard%25%C3%A9@trattoria-menu-postgres.dining.svc:5432/menu_db");
        assert_eq!(text("password"), "p@ss/w:rd%é");
    }
}
