//! The limits for a tenant who may only write resources: images, and labels and annotations of Pods. Pure.

use crate::api::ConditionType;

use super::backend::{broker, database};
use super::failure::Invalid;
use super::platform::Platform;
use super::reason::{IMAGE_NOT_ALLOWED, INVALID_SPEC};
use super::service::Service;

/// The domains of labels and annotations with which other operators and clouds grant a Pod rights or adopt it, or with which an injector
/// replaces an image, mounts a volume or changes the network. Domains of monitoring and autoscalers, such as `prometheus.io` and
/// `cluster-autoscaler.kubernetes.io`, are not among them.
const RESERVED: [&str; 17] = [
    "aadpodidentity.k8s.io",
    "amazonaws.com",
    "apparmor.security.beta.kubernetes.io",
    "azure.workload.identity",
    "cdi.k8s.io",
    "cnpg.io",
    "config.linkerd.io",
    "dapr.io",
    "iam.cloud.google.com",
    "iam.gke.io",
    "inject.istio.io",
    "k8s.v1.cni.cncf.io",
    "operator.1password.io",
    "proxy.istio.io",
    "strimzi.io",
    "vault.hashicorp.com",
    "vault.security.banzaicloud.io",
];
/// A mesh's domain. Only these keys are allowed: others mount volumes and choose images.
const SIDECAR: (&str, [&str; 5]) = ("sidecar.istio.io", ["inject", "proxyCPU", "proxyCPULimit", "proxyMemory", "proxyMemoryLimit"]);
/// Keys without a domain that have the same effects.
const RESERVED_KEYS: [&str; 1] = ["aadpodidbinding"];

/// Whether a label or annotation is forbidden for Pods.
fn is_reserved(key: &str) -> bool {
    let Some((domain, name)) = key.split_once('/') else { return RESERVED_KEYS.contains(&key) };
    if domain == SIDECAR.0 {
        return !SIDECAR.1.contains(&name);
    }
    RESERVED.iter().any(|reserved| domain.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether an image is in one of the registries, or below one of the paths; with no registries, all are allowed. A name without a registry
/// is Docker Hub's.
fn is_allowed(image: &str, registries: &[String]) -> bool {
    let full = match image.split_once('/') {
        Some((registry, _)) if registry.contains(['.', ':']) || registry == "localhost" => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
        None => format!("docker.io/library/{image}"),
    };
    let is_below = |registry: &String| full.strip_prefix(registry.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    registries.is_empty() || registries.iter().any(is_below)
}

/// The faults of a platform that a tenant may not have.
pub fn forbidden(platform: &Platform, registries: &[String]) -> Vec<Invalid> {
    let mut invalid = images(platform, registries);
    invalid.extend(keys(platform));
    invalid
}

/// Checks that images come from the allowed registries.
fn images(platform: &Platform, registries: &[String]) -> Vec<Invalid> {
    let mut invalid = Vec::new();
    let mut images: Vec<(ConditionType, String, &str)> = Service::ALL
        .map(|service| {
            let path = format!("spec.image, for {}", service.as_str());
            (ConditionType::ServicesReady, path, platform.components.of(service).image.as_str())
        })
        .into();
    let database = database::of(platform).image();
    images.extend(database.map(|(path, image)| (ConditionType::PostgresReady, path.to_owned(), image)));
    let broker = broker::of(platform).image();
    images.extend(broker.map(|(path, image)| (ConditionType::KafkaReady, path.to_owned(), image)));
    // With CloudNativePG, the plugin chooses its image.
    if (platform.backup.is_some() || platform.restore.is_some()) && database::of(platform).is_stateful_set() {
        images.push((ConditionType::BackupReady, "spec.image, for backup".to_owned(), platform.program.image.as_str()));
    }
    for (condition, path, image) in images {
        if !is_allowed(image, registries) {
            let message = format!("{path}: the image {image} is not from a registry that this operator allows: {}", registries.join(", "));
            invalid.push(Invalid { condition, reason: IMAGE_NOT_ALLOWED, message });
        }
    }
    invalid
}

/// Checks that labels and annotations of Pods do not grant rights.
fn keys(platform: &Platform) -> Vec<Invalid> {
    let mut invalid = Vec::new();
    for service in Service::ALL {
        let component = platform.components.of(service);
        for (field, map) in [("labels", &component.labels), ("annotations", &component.annotations)] {
            for key in map.keys().filter(|key| is_reserved(key)) {
                let message = format!(
                    "spec.{}.{field}: has {key:?}, with which another operator or a cloud grants a Pod rights; remove it",
                    service.as_str()
                );
                invalid.push(Invalid { condition: ConditionType::ServicesReady, reason: INVALID_SPEC, message });
            }
        }
    }
    invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d07_labels_and_annotations_that_give_rights_are_reserved() {
        for key in [
            "cnpg.io/cluster",
            "k8s.cnpg.io/x",
            "strimzi.io/kind",
            "eks.amazonaws.com/role-arn",
            "iam.amazonaws.com/role",
            "sidecar.istio.io/userVolume",
            "sidecar.istio.io/proxyImage",
            "inject.istio.io/templates",
            "aadpodidbinding",
        ] {
            assert!(is_reserved(key), "{key}");
        }
        for key in
            ["sidecar.istio.io/inject", "prometheus.io/scrape", "cluster-autoscaler.kubernetes.io/safe-to-evict", "team", "mycnpg.io/x"]
        {
            assert!(!is_reserved(key), "{key}");
        }
    }

    #[test]
    fn d07_an_image_is_allowed_by_its_registry_and_path() {
        let allowed = ["ghcr.io/restaurant-booking".to_owned(), "docker.io/library/".to_owned(), "localhost:5000".to_owned()];
        for image in ["ghcr.io/restaurant-booking/auth:1", "postgres:17", "library/postgres", "localhost:5000/x@sha256:0"] {
            assert!(is_allowed(image, &allowed), "{image}");
        }
        for image in
            ["ghcr.io/restaurant-booking.evil/auth", "ghcr.io/other/auth", "apache/kafka:4", "docker.io.evil.example/library/postgres"]
        {
            assert!(!is_allowed(image, &allowed), "{image}");
        }
        assert!(is_allowed("anything", &[]));
    }
}
