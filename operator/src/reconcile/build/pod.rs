//! The common parts of all Pods: the restricted pod security standard, mounts, resources.

use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, EnvVar, KeyToPath, LocalObjectReference, PodSecurityContext, PodSpec,
    ResourceRequirements, SeccompProfile, SecretVolumeSource, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::reconcile::platform::{Platform, Resources, Secret};
use crate::reconcile::service::Service;

/// The name of every service's port.
pub(crate) const HTTP: &str = "http";
/// The id of the user in the services' images.
pub(crate) const SERVICE_USER: i64 = 65532;

impl Resources {
    pub(crate) fn requirements(&self) -> ResourceRequirements {
        let amounts = |amounts: &std::collections::BTreeMap<String, crate::api::Quantity>| {
            (!amounts.is_empty()).then(|| amounts.iter().map(|(name, amount)| (name.clone(), Quantity(amount.to_string()))).collect())
        };
        ResourceRequirements { requests: amounts(&self.requests), limits: amounts(&self.limits), ..Default::default() }
    }
}

impl Platform {
    pub(crate) fn pull_secrets(&self) -> Option<Vec<LocalObjectReference>> {
        let secrets: Vec<_> = self.image_pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() }).collect();
        (!secrets.is_empty()).then_some(secrets)
    }

    /// The security of a Pod whose processes are `user`, where the cluster does not choose; its volumes are writable for that group.
    /// <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>
    pub(crate) fn pod_security(&self, user: i64) -> PodSecurityContext {
        let id = self.fixed_ids.then_some(user);
        PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: id,
            run_as_group: id,
            fs_group: id,
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..Default::default() }),
            ..Default::default()
        }
    }
}

/// The security context of every container.
pub(crate) fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Default::default() }),
        read_only_root_filesystem: Some(true),
        ..Default::default()
    }
}

/// One key of a Secret as a file: the volume, its mount, and the file's path `directory/file`.
pub(crate) fn secret_file(secret: &Secret, volume: &str, directory: &str, file: &str) -> (Volume, VolumeMount, String) {
    let source = SecretVolumeSource {
        secret_name: Some(secret.name.clone()),
        items: Some(vec![KeyToPath { key: secret.key.clone(), path: file.to_owned(), ..Default::default() }]),
        // The file is readable only for the group, which is the Pod's fsGroup.
        default_mode: Some(0o440),
        ..Default::default()
    };
    let mount = VolumeMount { name: volume.to_owned(), mount_path: directory.to_owned(), read_only: Some(true), ..Default::default() };
    (Volume { name: volume.to_owned(), secret: Some(source), ..Default::default() }, mount, format!("{directory}/{file}"))
}

/// A directory that is empty when the Pod starts and is removed with the Pod.
pub(crate) fn scratch(volume: &str, directory: &str) -> (Volume, VolumeMount) {
    (
        Volume { name: volume.to_owned(), empty_dir: Some(EmptyDirVolumeSource::default()), ..Default::default() },
        VolumeMount { name: volume.to_owned(), mount_path: directory.to_owned(), ..Default::default() },
    )
}

/// A key of a Secret that a service reads from a file, and the environment variable that names the file, such as DATABASE_URL_FILE.
#[derive(Clone, Debug)]
pub(crate) struct SecretSetting {
    pub(crate) name: &'static str,
    pub(crate) secret: Secret,
}

impl SecretSetting {
    pub(crate) fn new(name: &'static str, secret: &Secret) -> Self {
        Self { name, secret: secret.clone() }
    }

    /// The volume, its mount, and the variable.
    pub(crate) fn parts(&self) -> (Volume, VolumeMount, EnvVar) {
        let volume = self.name.trim_end_matches("_FILE").to_ascii_lowercase().replace('_', "-");
        let directory = format!("/etc/restaurant-booking/{volume}");
        let (volume, mount, file) = secret_file(&self.secret, &volume, &directory, &self.secret.key);
        (volume, mount, EnvVar { name: self.name.to_owned(), value: Some(file), ..Default::default() })
    }
}

/// The container that runs `command` of a service's program, the entrypoint of its image.
pub(crate) fn service_container(platform: &Platform, service: Service, command: &str) -> Container {
    let component = platform.components.of(service);
    Container {
        name: service.as_str().to_owned(),
        image: Some(component.image.clone()),
        image_pull_policy: Some(platform.image_pull_policy.to_owned()),
        args: Some(vec![command.to_owned()]),
        resources: Some(component.resources.requirements()),
        security_context: Some(container_security()),
        ..Default::default()
    }
}

/// The Pod of a service with one container, with its account and its placement.
pub(crate) fn service_pod(platform: &Platform, service: Service, container: Container) -> PodSpec {
    let component = platform.components.of(service);
    PodSpec {
        service_account_name: Some(platform.component_name(service)),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(platform.pod_security(SERVICE_USER)),
        image_pull_secrets: platform.pull_secrets(),
        node_selector: (!component.node_selector.is_empty()).then(|| component.node_selector.clone()),
        tolerations: (!component.tolerations.is_empty()).then(|| component.tolerations.clone()),
        affinity: component.affinity.clone(),
        containers: vec![container],
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::build;
    use crate::reconcile::fixture::platform;

    /// The security of every Pod, by kind and name.
    fn security(fixed_ids: bool) -> Vec<(String, Value)> {
        let mut platform = platform("", &[]);
        platform.fixed_ids = fixed_ids;
        let named = build(&platform).into_iter().map(|object| (format!("{}/{}", object.kind.as_str(), object.name), object.body));
        let security = named.map(|(name, body)| (name, body["spec"]["template"]["spec"]["securityContext"].clone()));
        security.filter(|(_, security)| security.is_object()).collect()
    }

    #[test]
    fn d25_the_cluster_may_choose_the_ids_of_every_pod() {
        let (fixed, given) = (security(true), security(false));
        // Three services, their migrations and their databases, the house, and a broker.
        assert_eq!((fixed.len(), given.len()), (11, 11));
        for (name, security) in fixed {
            for id in ["runAsUser", "runAsGroup", "fsGroup"] {
                assert!(security[id].is_i64(), "{name} has no {id}: {security}");
            }
        }
        for (name, security) in given {
            let expected = json!({
                "runAsNonRoot": true, "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"},
            });
            assert_eq!(security, expected, "{name}");
        }
    }
}
