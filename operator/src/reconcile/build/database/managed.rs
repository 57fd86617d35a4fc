//! A managed database: one PostgreSQL of the official image (<https://hub.docker.com/_/postgres>).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerPort, EnvVar, ExecAction, PodSpec, Probe};

use crate::reconcile::build::metadata::CHECKSUM;
use crate::reconcile::build::pod::{container_security, scratch, secret_file};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::platform::{Platform, Resources, Secret, Storage};
use crate::reconcile::references::DATABASE_PASSWORD;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::reconcile::volume::Volume;

/// The id of the image's user `postgres`.
const USER: i64 = 999;
const PORT: i32 = 5432;
/// The directory of the volume. The image declares a volume elsewhere, at a path that depends on the major version.
const VOLUME: &str = "/data";
/// The data is in a subdirectory: the root of a volume may have a `lost+found`, and belong to another user.
const PGDATA: &str = "/data/pgdata";
const CREDENTIALS: &str = "/etc/postgresql-credentials";
/// Creates the database, and sets its owner's password.
const PREPARE: &str = include_str!("prepare.sh");

pub(super) fn objects(
    platform: &Platform,
    service: Service,
    image: &str,
    volume: &Volume,
    storage: &Storage,
    resources: &Resources,
) -> Vec<Object> {
    let part = super::part(platform, service, Some(image));
    let name = platform.postgres_name(service);
    let secret = platform.databases.of(service);
    let checksum = BTreeMap::from([(CHECKSUM.to_owned(), secret.checksum.clone())]);
    let password = Secret { key: DATABASE_PASSWORD.to_owned(), ..secret.clone() };
    let pod = pod(platform, service, image, volume, &password, resources);
    stateful::objects(&part, Step::Postgres(service), &name, storage, volume.annotations(), checksum, pod)
}

fn pod(platform: &Platform, service: Service, image: &str, volume: &Volume, password: &Secret, resources: &Resources) -> PodSpec {
    let (credentials, credentials_mount, password_file) = secret_file(password, "credentials", CREDENTIALS, "password");
    let (run, run_mount) = scratch("run", "/var/run/postgresql");
    let (tmp, tmp_mount) = scratch("tmp", "/tmp");
    // libpq reads these variables, so that `psql` in `kubectl exec` needs no argument.
    let env = vec![variable("PGDATA", PGDATA), variable("PGUSER", service.database()), variable("PGDATABASE", service.database())];
    let container = Container {
        image: Some(image.to_owned()),
        resources: Some(resources.requirements()),
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
                    variable("LOCALE_PROVIDER", &volume.locale_provider),
                ])
                .collect(),
        ),
        volume_mounts: Some(vec![stateful::data_mount(VOLUME), credentials_mount, tmp_mount.clone()]),
        ..container.clone()
    };
    let postgres = Container {
        name: "postgres".to_owned(),
        args: super::max_connections(platform, service).map(|connections| vec!["-c".to_owned(), format!("max_connections={connections}")]),
        env: Some(env),
        ports: Some(vec![ContainerPort {
            name: Some("postgres".to_owned()),
            container_port: PORT,
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
    PodSpec {
        containers: vec![postgres],
        init_containers: Some(vec![prepare]),
        security_context: Some(platform.pod_security(USER)),
        volumes: Some(vec![credentials, run, tmp]),
        ..Default::default()
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
