//! What watches the archives: it writes a beat into each database, knows which of them is archived, and is ready while no archive is late.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, HTTPGetAction, PodSpec, PodTemplateSpec, Probe, SecretVolumeSource, Service as NetworkService, ServicePort,
    ServiceSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::Quantity;
use crate::reconcile::build::Object;
use crate::reconcile::build::job::REPORT;
use crate::reconcile::build::pod::{HTTP, SERVICE_USER};
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{WATCHER, WATCHER_PORT, backup_name};
use crate::reconcile::platform::{Backup, Platform, Resources};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::super::PORT;
use super::{PASSWORD, PROGRAM, ROLE, host, pod, program, variables};

pub(super) fn objects(platform: &Platform, backup: &Backup) -> [Object; 2] {
    let part = platform.part(WATCHER).version(&platform.program.version);
    let name = backup_name(&platform.name);
    let spec = DeploymentSpec {
        replicas: Some(1),
        revision_history_limit: Some(1),
        selector: part.selector(),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(part.labels()), ..Default::default() }),
            spec: Some(watcher_pod(platform, backup)),
        },
        ..Default::default()
    };
    let port = ServicePort {
        name: Some(HTTP.to_owned()),
        port: WATCHER_PORT.into(),
        target_port: Some(IntOrString::String(HTTP.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    };
    // For its metrics.
    let service = ServiceSpec {
        type_: Some("ClusterIP".to_owned()),
        selector: Some(part.selector_labels()),
        ports: Some(vec![port]),
        ..Default::default()
    };
    [
        platform.part(WATCHER).object(
            Step::Foundation,
            Kind::Service,
            &name,
            &NetworkService { spec: Some(service), ..Default::default() },
        ),
        part.object(Step::Watcher, Kind::Deployment, &name, &Deployment { spec: Some(spec), ..Default::default() }),
    ]
}

fn watcher_pod(platform: &Platform, backup: &Backup) -> PodSpec {
    let hosts = Service::ALL.map(|service| format!("{}={}:{PORT}", service.as_str(), host(platform, service)));
    let amounts = |amounts: &[(&str, &str)]| amounts.iter().map(|(name, amount)| ((*name).to_owned(), Quantity::from(*amount))).collect();
    let resources = Resources { requests: amounts(&[("cpu", "10m"), ("memory", "16Mi")]), limits: amounts(&[("memory", "64Mi")]) };
    let container = Container {
        name: "watcher".to_owned(),
        command: Some([PROGRAM, "watch", "--report", REPORT].map(str::to_owned).into()),
        env: Some(variables([
            ("BACKUP_HOSTS", hosts.join(",")),
            ("BACKUP_USER", ROLE.to_owned()),
            ("BACKUP_PASSWORDS", PASSWORD.to_owned()),
            ("BACKUP_MAX_LOSS", format!("{}s", backup.max_loss)),
            ("LISTEN_ADDRESS", format!("[::]:{WATCHER_PORT}")),
        ])),
        ports: Some(vec![ContainerPort {
            name: Some(HTTP.to_owned()),
            container_port: WATCHER_PORT.into(),
            protocol: Some("TCP".to_owned()),
            ..Default::default()
        }]),
        liveness_probe: Some(Probe { period_seconds: Some(10), failure_threshold: Some(3), ..probe("/livez") }),
        readiness_probe: Some(Probe { period_seconds: Some(5), failure_threshold: Some(1), ..probe("/readyz") }),
        volume_mounts: Some(vec![VolumeMount {
            name: "passwords".to_owned(),
            mount_path: PASSWORD.to_owned(),
            read_only: Some(true),
            ..Default::default()
        }]),
        ..program(platform, &resources)
    };
    let source = SecretVolumeSource { secret_name: Some(backup_name(&platform.name)), default_mode: Some(0o440), ..Default::default() };
    let volume = Volume { name: "passwords".to_owned(), secret: Some(source), ..Default::default() };
    // It touches no file of the database.
    PodSpec { restart_policy: None, security_context: Some(platform.pod_security(SERVICE_USER)), ..pod(platform, container, vec![volume]) }
}

fn probe(path: &str) -> Probe {
    let get = HTTPGetAction { path: Some(path.to_owned()), port: IntOrString::String(HTTP.to_owned()), ..Default::default() };
    Probe { http_get: Some(get), timeout_seconds: Some(5), ..Default::default() }
}
