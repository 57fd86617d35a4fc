//! A managed broker: one node that is broker and controller, of Kafka's official image (<https://hub.docker.com/r/apache/kafka>,
//! <https://cwiki.apache.org/confluence/display/KAFKA/KIP-975>).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_openapi::api::core::v1::{Container, ContainerPort, EnvVar, PodSpec, Probe, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sha2::{Digest as _, Sha256};

use crate::api::ManagedKafka;
use crate::reconcile::build::network::flow::{End, Flow, Ports, Subject};
use crate::reconcile::build::pod::{container_security, scratch};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::kind::Kind;
use crate::reconcile::names::kafka_name;
use crate::reconcile::platform::{Platform, Resources};
use crate::reconcile::step::Step;
use crate::reconcile::validate::amounts::{resources, storage};
use crate::reconcile::validate::check::Check;

use super::settings::{KafkaBackend, KafkaSecurity, Managed};
use super::{Backend, COMPONENT, Checked, LogSize, PORT, RESOURCES};

/// The id of the image's user `appuser`.
const USER: i64 = 1000;
/// The directory of the volume.
const VOLUME: &str = "/var/lib/kafka/data";
/// Starts the image with the cluster id of the volume.
const START: &str = include_str!("start.sh");
/// The start of the image, by which it configures itself.
const RUN: &str = "/etc/kafka/docker/run";

/// Whether a resource with a managed broker makes this object, which holds data.
pub(super) fn makes(kind: Kind, resource: &str, object: &str) -> bool {
    kind == Kind::PersistentVolumeClaim && object == kafka_name(resource)
}

pub(super) fn validate(check: &Check<'_>, given: Option<&ManagedKafka>) -> Checked {
    let given = given.cloned().unwrap_or_default();
    let repository = given.repository.as_deref().unwrap_or("apache/kafka");
    let backend = KafkaBackend::Managed(Managed {
        image: format!("{repository}:{}", given.version.as_deref().unwrap_or("4.3.1")),
        storage: storage(given.storage.as_ref()),
        resources: resources(given.resources.as_ref(), &RESOURCES),
    });
    Checked {
        backend,
        bootstrap_servers: format!("{}.{}.svc:{PORT}", kafka_name(&check.name), check.namespace),
        security: KafkaSecurity::default(),
        is_shared: false,
        replication_factor: Some(1),
    }
}

impl Backend for Managed {
    fn name(&self) -> &'static str {
        "managed"
    }

    fn image(&self) -> Option<(&'static str, &str)> {
        Some(("spec.kafka.managed", &self.image))
    }

    fn is_stateful_set(&self) -> bool {
        true
    }

    fn objects(&self, platform: &Platform) -> Vec<Object> {
        let part = platform.part(COMPONENT);
        let part = match self.image.rsplit_once(':') {
            Some((_, version)) => part.version(version),
            None => part,
        };
        let none = BTreeMap::new;
        stateful::objects(&part, Step::Kafka, &platform.kafka_name(), &self.storage, none(), none(), self.pod(platform))
    }

    fn servers(&self, _platform: &Platform) -> (End, Ports) {
        (End::Part(COMPONENT.to_owned()), Ports::tcp(PORT))
    }

    /// The operator asks the broker for the topics.
    fn flows(&self, _platform: &Platform) -> Vec<Flow> {
        let broker = End::Part(COMPONENT.to_owned());
        vec![(End::Operator, broker.clone(), Ports::tcp(PORT)), (broker, End::Dns, Ports::Dns)]
    }

    fn subject(&self, _platform: &Platform) -> Option<Subject> {
        Some(Subject::part(COMPONENT.to_owned()))
    }
}

impl Managed {
    fn pod(&self, platform: &Platform) -> PodSpec {
        // The image writes its configuration at each start, from the environment and from defaults in another directory.
        let (config, config_mount) = scratch("config", "/opt/kafka/config");
        let (tmp, tmp_mount) = scratch("tmp", "/tmp");
        let kafka = Container {
            name: "kafka".to_owned(),
            image: Some(self.image.clone()),
            // Arguments and no command: the entrypoint that the image inherits stays.
            args: Some(["bash", "-c", START, "start", RUN].map(str::to_owned).into()),
            env: Some(self.environment(platform)),
            ports: Some(vec![ContainerPort {
                name: Some("kafka".to_owned()),
                container_port: PORT.into(),
                protocol: Some("TCP".to_owned()),
                ..Default::default()
            }]),
            resources: Some(self.resources.requirements()),
            security_context: Some(container_security()),
            // Ten minutes: a start after a crash reads all segments first.
            startup_probe: Some(Probe { period_seconds: Some(5), failure_threshold: Some(120), ..accepts() }),
            liveness_probe: Some(Probe { failure_threshold: Some(6), ..accepts() }),
            readiness_probe: Some(accepts()),
            volume_mounts: Some(vec![stateful::data_mount(VOLUME), config_mount, tmp_mount]),
            ..Default::default()
        };
        PodSpec {
            containers: vec![kafka],
            security_context: Some(platform.pod_security(USER)),
            volumes: Some(vec![config, tmp]),
            ..Default::default()
        }
    }

    /// The image turns each variable that begins with `KAFKA_` into a property, except those for Java.
    fn environment(&self, platform: &Platform) -> Vec<EnvVar> {
        let LogSize { retention, segment } = LogSize::of(platform, &self.storage, 1);
        let mut environment = vec![
            ("CLUSTER_ID", cluster_id(&platform.namespace, &platform.name)),
            ("KAFKA_NODE_ID", "1".to_owned()),
            ("KAFKA_PROCESS_ROLES", "broker,controller".to_owned()),
            // Only the node itself connects to the controller.
            ("KAFKA_LISTENERS", format!("PLAINTEXT://:{PORT},CONTROLLER://localhost:9093")),
            ("KAFKA_ADVERTISED_LISTENERS", format!("PLAINTEXT://{}", platform.kafka.bootstrap_servers)),
            ("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER".to_owned()),
            ("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093".to_owned()),
            // Kafka takes every directory here for a topic's, and the volume's root has a `lost+found`.
            ("KAFKA_LOG_DIRS", format!("{VOLUME}/kafka")),
            // A topic that is created on first use has the wrong number of partitions.
            ("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false".to_owned()),
            ("KAFKA_LOG_RETENTION_BYTES", retention.to_string()),
            ("KAFKA_LOG_SEGMENT_BYTES", segment.to_string()),
            ("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1".to_owned()),
            ("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1".to_owned()),
            ("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1".to_owned()),
            // Warnings go to standard error. The image's default configuration also writes files, and never removes one.
            ("KAFKA_LOG4J_OPTS", "-Dlog4j2.configurationFile=/etc/kafka/docker/tools-log4j2.yaml".to_owned()),
            ("KAFKA_GC_LOG_OPTS", "-Xlog:gc=warning".to_owned()),
            ("LOG_DIR", "/tmp".to_owned()),
        ];
        environment.extend(heap(&self.resources).map(|heap| ("KAFKA_HEAP_OPTS", heap)));
        environment.into_iter().map(|(name, value)| EnvVar { name: name.to_owned(), value: Some(value), ..Default::default() }).collect()
    }
}

fn accepts() -> Probe {
    let socket = TCPSocketAction { port: IntOrString::String("kafka".to_owned()), ..Default::default() };
    Probe { tcp_socket: Some(socket), timeout_seconds: Some(5), ..Default::default() }
}

/// Half of the memory. The other half is for Java's memory outside the heap, and for the page cache, from which Kafka reads.
fn heap(resources: &Resources) -> Option<String> {
    let memory = resources.limits.get("memory").or_else(|| resources.requests.get("memory"))?;
    let mebibytes = memory.thousandths()? / 1000 / 1024 / 1024;
    Some(format!("-Xmx{}m", (mebibytes / 2).max(1)))
}

/// The cluster id of a new volume: 128 bits, as Kafka writes them. It is the same whenever the Pod is made again, so that a start that was
/// interrupted goes on.
fn cluster_id(namespace: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{namespace}/{name}"));
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    // Kafka's tools take an id that begins with '-' for an option.
    id[0] &= 0x7f;
    URL_SAFE_NO_PAD.encode(id)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use crate::api::Quantity;

    use super::*;

    /// The cluster id that Kafka is started with, where its directory has this `meta.properties`, and the Pod says `of-the-pod`.
    fn started_with(properties: Option<&str>) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        if let Some(text) = properties {
            std::fs::write(directory.path().join("meta.properties"), text).expect("written");
        }
        let mut command = Command::new("bash");
        command.args(["-c", START, "start", "printenv", "CLUSTER_ID"]);
        let output = command.env("KAFKA_LOG_DIRS", directory.path()).env("CLUSTER_ID", "of-the-pod").output().expect("bash runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    #[test]
    fn d31_a_volume_keeps_its_cluster_id() {
        let written = "#\n#Sat Nov 28 10:00:00 GMT 2026\ncluster.id=Mk3OEYBSD-4fcwNTJENDM_\ndirectory.id=q7i\nnode.id=1\nversion=1\n";
        assert_eq!(started_with(Some(written)), "Mk3OEYBSD-4fcwNTJENDM_");
        for new in [None, Some(""), Some("node.id=1\n")] {
            assert_eq!(started_with(new), "of-the-pod", "{new:?}");
        }
    }

    #[test]
    fn a_cluster_id_is_the_same_for_the_same_resource_and_kafka_can_read_it() {
        assert_eq!(cluster_id("dining", "trattoria"), cluster_id("dining", "trattoria"));
        assert_ne!(cluster_id("dining", "trattoria"), cluster_id("dining", "osteria"));
        assert_ne!(cluster_id("dining", "trattoria"), cluster_id("other", "trattoria"));
        for number in 0..1000 {
            let id = cluster_id("dining", &format!("trattoria-{number}"));
            assert!(id.len() == 22 && !id.starts_with('-'), "{id}");
        }
    }

    #[test]
    fn the_heap_is_half_of_the_memory() {
        let amounts = |memory: Option<&str>| memory.map(|memory| ("memory".to_owned(), Quantity::from(memory))).into_iter().collect();
        let heap = |request, limit| heap(&Resources { requests: amounts(request), limits: amounts(limit) });
        assert_eq!(heap(Some("1Gi"), Some("1Gi")).as_deref(), Some("-Xmx512m"));
        assert_eq!(heap(Some("512Mi"), Some("2G")).as_deref(), Some("-Xmx953m"));
        assert_eq!(heap(Some("1.5Gi"), None).as_deref(), Some("-Xmx768m"));
        assert_eq!(heap(None, None), None);
    }
}
