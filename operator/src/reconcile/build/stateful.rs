//! One Pod with a volume: the common parts of a managed database and a managed broker.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    EphemeralVolumeSource, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate,
    PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, Service, ServicePort, ServiceSpec, Volume, VolumeMount,
    VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::reconcile::kind::Kind;
use crate::reconcile::platform::Storage;
use crate::reconcile::step::Step;

use super::metadata::Part;
use super::object::Object;

/// The name of the volume in the Pod.
const DATA: &str = "data";
/// The seconds that the process has for a clean stop, after which the next start needs no recovery.
const GRACE_SECONDS: i64 = 60;

/// The mount of the volume.
pub(crate) fn data_mount(directory: &str) -> VolumeMount {
    VolumeMount { name: DATA.to_owned(), mount_path: directory.to_owned(), ..Default::default() }
}

/// The same for a Pod that only reads it.
pub(crate) fn read_only_mount(directory: &str) -> VolumeMount {
    VolumeMount { read_only: Some(true), ..data_mount(directory) }
}

/// The volume of a claim.
pub(crate) fn data_volume(claim: &str) -> Volume {
    let source = PersistentVolumeClaimVolumeSource { claim_name: claim.to_owned(), ..Default::default() };
    Volume { name: DATA.to_owned(), persistent_volume_claim: Some(source), ..Default::default() }
}

/// A volume like that of a claim, which is made with the Pod and removed with it.
pub(crate) fn throw_away_volume(storage: &Storage) -> Volume {
    let template = PersistentVolumeClaimTemplate { metadata: None, spec: claim(storage).spec.unwrap_or_default() };
    let source = EphemeralVolumeSource { volume_claim_template: Some(template) };
    Volume { name: DATA.to_owned(), ephemeral: Some(source), ..Default::default() }
}

/// The claim, the Pod (each with its annotations) and the Service that exposes the ports of the Pod's containers, all with the same name.
pub(crate) fn objects(
    part: &Part<'_>,
    step: Step,
    name: &str,
    storage: &Storage,
    of_claim: BTreeMap<String, String>,
    of_pod: BTreeMap<String, String>,
    pod: PodSpec,
) -> Vec<Object> {
    vec![
        part.object(step, Kind::Service, name, &service(part, &pod)),
        part.annotated(step, Kind::PersistentVolumeClaim, name, of_claim, &claim(storage)),
        part.object(step, Kind::StatefulSet, name, &stateful_set(part, name, of_pod, pod)),
    ]
}

fn service(part: &Part<'_>, pod: &PodSpec) -> Service {
    let ports = pod.containers.iter().flat_map(|container| container.ports.iter().flatten()).map(|port| ServicePort {
        name: port.name.clone(),
        port: port.container_port,
        protocol: port.protocol.clone(),
        target_port: port.name.clone().map(IntOrString::String),
        ..Default::default()
    });
    let spec = ServiceSpec {
        type_: Some("ClusterIP".to_owned()),
        selector: Some(part.selector_labels()),
        ports: Some(ports.collect()),
        ..Default::default()
    };
    Service { spec: Some(spec), ..Default::default() }
}

/// The claim is separate from the StatefulSet: a claim template cannot be changed, and the storage could not grow.
pub(crate) fn claim(storage: &Storage) -> PersistentVolumeClaim {
    let requests = BTreeMap::from([("storage".to_owned(), Quantity(storage.size.to_string()))]);
    let spec = PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
        resources: Some(VolumeResourceRequirements { requests: Some(requests), ..Default::default() }),
        storage_class_name: storage.class.clone(),
        ..Default::default()
    };
    PersistentVolumeClaim { spec: Some(spec), ..Default::default() }
}

fn stateful_set(part: &Part<'_>, name: &str, annotations: BTreeMap<String, String>, pod: PodSpec) -> StatefulSet {
    let pod = PodSpec {
        service_account_name: Some(name.to_owned()),
        automount_service_account_token: Some(false),
        // Otherwise other Services of the namespace become environment variables, such as KAFKA_PORT, which the image takes for settings.
        enable_service_links: Some(false),
        image_pull_secrets: part.platform.pull_secrets(),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        volumes: Some(std::iter::once(data_volume(name)).chain(pod.volumes.into_iter().flatten()).collect()),
        ..pod
    };
    let metadata =
        ObjectMeta { labels: Some(part.labels()), annotations: (!annotations.is_empty()).then_some(annotations), ..Default::default() };
    let spec = StatefulSetSpec {
        replicas: Some(1),
        // The order of one Pod does not matter. But the default waits for a Pod that cannot become ready before it replaces it, so that a
        // wrong version could not be corrected (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback).
        pod_management_policy: Some("Parallel".to_owned()),
        selector: part.selector(),
        template: PodTemplateSpec { metadata: Some(metadata), spec: Some(pod) },
        ..Default::default()
    };
    StatefulSet { spec: Some(spec), ..Default::default() }
}
