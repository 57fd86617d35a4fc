//! A broker and topics of Strimzi's (<https://strimzi.io/documentation/>).

use serde_json::{Value, json};

use crate::api::{ConditionType, StrimziKafka};
use crate::reconcile::build::Object;
use crate::reconcile::build::network::flow::{End, Ports};
use crate::reconcile::kind::{Kind, STRIMZI};
use crate::reconcile::names::{kafka_name, topic_name};
use crate::reconcile::observe::{Observed, condition, is_current};
use crate::reconcile::platform::Platform;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::reconcile::validate::amounts::{resources, storage};
use crate::reconcile::validate::check::Check;

use super::settings::{Cluster, KafkaBackend, KafkaSecurity, Strimzi, TOPICS};
use super::{Backend, COMPONENT, Checked, LogSize, PORT, RESOURCES};

/// The label with the Kafka to which a pool or a topic belongs.
const CLUSTER: &str = "strimzi.io/cluster";

/// Whether a resource with a Kafka of Strimzi's makes this object, which holds data.
pub(super) fn makes(kind: Kind, resource: &str, object: &str) -> bool {
    match kind {
        Kind::Kafka => object == kafka_name(resource),
        Kind::KafkaNodePool => object == resource,
        Kind::KafkaTopic => TOPICS.into_iter().any(|topic| object == topic_name(resource, topic)),
        _ => false,
    }
}

pub(super) fn validate(check: &mut Check<'_>, given: &StrimziKafka) -> Checked {
    check.needs(ConditionType::KafkaReady, "spec.kafka.strimzi", STRIMZI);
    let (name, replication_factor, strimzi) = match &given.cluster_ref {
        Some(cluster) => (cluster.name.clone(), None, Strimzi::Existing { name: cluster.name.clone() }),
        None => {
            let brokers = given.brokers.unwrap_or(3);
            let cluster = Cluster {
                brokers,
                version: given.version.clone(),
                storage: storage(given.storage.as_ref()),
                resources: resources(given.resources.as_ref(), &RESOURCES),
            };
            (kafka_name(&check.name), Some(brokers.min(3)), Strimzi::Own(cluster))
        }
    };
    Checked {
        backend: KafkaBackend::Strimzi(strimzi),
        bootstrap_servers: format!("{name}-kafka-bootstrap.{}.svc:{PORT}", check.namespace),
        security: KafkaSecurity::default(),
        is_shared: given.cluster_ref.is_some(),
        replication_factor,
    }
}

impl Backend for Strimzi {
    fn name(&self) -> &'static str {
        "strimzi"
    }

    fn objects(&self, platform: &Platform) -> Vec<Object> {
        let mut objects = match self {
            Self::Own(own) => cluster(platform, own),
            Self::Existing { .. } => Vec::new(),
        };
        objects.extend(topics(platform, &self.cluster_name(platform)));
        objects
    }

    fn has_topic_objects(&self) -> bool {
        true
    }

    /// Strimzi creates the policies of its brokers.
    fn servers(&self, platform: &Platform) -> (End, Ports) {
        (End::Labelled { label: CLUSTER, value: self.cluster_name(platform), namespaces: None }, Ports::tcp(PORT))
    }
}

impl Strimzi {
    /// The name of the Kafka resource.
    fn cluster_name(&self, platform: &Platform) -> String {
        match self {
            Self::Own(_) => platform.kafka_name(),
            Self::Existing { name } => name.clone(),
        }
    }
}

/// A Kafka of the platform's own, and the pool of its nodes, each of which is broker and controller.
fn cluster(platform: &Platform, cluster: &Cluster) -> Vec<Object> {
    let Cluster { brokers, version, storage, resources } = cluster;
    let part = platform.part(COMPONENT);
    let part = match version {
        Some(version) => part.version(version),
        None => part,
    };
    let name = platform.kafka_name();
    let kafka = json!({
        "kafka": {
            "version": version,
            "listeners": [listener(platform)],
            "config": config(*brokers, &LogSize::of(platform, storage, *brokers)),
        },
        "entityOperator": {
            "topicOperator": {},
            // With finalizers, topics that are deleted together with their Kafka stay forever, and so does their namespace: no operator is
            // left to remove them.
            "template": {"topicOperatorContainer": {"env": [{"name": "STRIMZI_USE_FINALIZERS", "value": "false"}]}},
        },
    });
    let pool = json!({
        "replicas": brokers,
        "roles": ["controller", "broker"],
        "storage": {"type": "persistent-claim", "size": storage.size, "class": storage.class, "deleteClaim": !platform.retain},
        "resources": resources.requirements(),
        "template": {"pod": {"metadata": {"labels": part.selector_labels()}}},
    });
    let pool = part.object(Step::Kafka, Kind::KafkaNodePool, &platform.name, &json!({"spec": pool}));
    vec![of_cluster(pool, &name), part.object(Step::Kafka, Kind::Kafka, &name, &json!({"spec": kafka}))]
}

fn listener(platform: &Platform) -> Value {
    // Strimzi creates a NetworkPolicy that admits every peer, unless peers are given.
    let peers = platform
        .network_policy
        .is_some()
        .then(|| Service::ALL.map(|service| json!({"podSelector": platform.part(service.as_str()).selector()})));
    json!({"name": "plain", "port": PORT, "type": "internal", "tls": false, "networkPolicyPeers": peers})
}

/// With three or more brokers, one may be unavailable.
fn config(brokers: i32, log: &LogSize) -> Value {
    let replication_factor = brokers.min(3);
    let in_sync = in_sync_replicas(replication_factor);
    json!({
        "auto.create.topics.enable": false,
        "default.replication.factor": replication_factor,
        "log.retention.bytes": log.retention,
        "log.segment.bytes": log.segment,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replication_factor,
        "transaction.state.log.replication.factor": replication_factor,
        "transaction.state.log.min.isr": in_sync,
    })
}

/// The number of replicas that must have an event before it counts as written.
fn in_sync_replicas(replication_factor: i32) -> i32 {
    (replication_factor - 1).max(1)
}

/// The topics in a Kafka that Strimzi runs.
fn topics(platform: &Platform, cluster: &str) -> Vec<Object> {
    let part = platform.part(COMPONENT);
    let topics = &platform.kafka.topics;
    TOPICS
        .map(|topic| {
            let spec = json!({
                "topicName": format!("{}{topic}", topics.prefix),
                "partitions": topics.partitions,
                "replicas": topics.replication_factor,
                "config": {
                    // Validation keeps it below 2^63.
                    "retention.ms": u64::try_from(topics.retention.as_millis()).unwrap_or(u64::MAX),
                    // The cluster's default may demand more replicas than the topic has.
                    "min.insync.replicas": topics.replication_factor.map(in_sync_replicas),
                },
            });
            let name = topic_name(&platform.name, topic);
            of_cluster(part.object(Step::Topics, Kind::KafkaTopic, &name, &json!({"spec": spec})), cluster)
        })
        .into()
}

fn of_cluster(mut object: Object, cluster: &str) -> Object {
    object.body["metadata"]["labels"][CLUSTER] = cluster.into();
    object
}

/// Observes a Kafka or a topic, by the condition Ready that Strimzi reports.
pub(crate) fn observe(kind: Kind, name: &str, object: &Value) -> Observed {
    let ready = condition(object, "Ready");
    let current = object["status"]["observedGeneration"].is_null() || is_current(object);
    if current && ready.is_some_and(|ready| ready["status"] == "True") {
        let status = &object["status"];
        return Observed::done().of_version(status["kafkaVersion"].as_str());
    }
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let why = ready
        .filter(|ready| ready["status"] != "True")
        .and_then(|ready| text(&ready["message"]).or_else(|| text(&ready["reason"])))
        .or_else(|| text(&object["status"]["phase"]));
    Observed::waiting(format!("{} {name} is not Ready: {}", kind.as_str(), why.as_deref().unwrap_or("its operator has not reported yet")))
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use crate::reconcile::observe::State;

    use super::super::of;
    use super::*;

    fn of_kind(spec: &str, kind: Kind) -> Vec<Object> {
        let platform = platform(spec, &[]);
        of(&platform).objects(&platform).into_iter().filter(|object| object.kind == kind).collect()
    }

    #[test]
    fn one_broker_may_be_missing_where_there_are_three() {
        for (brokers, copies, in_sync) in [(1, 1, 1), (2, 2, 1), (3, 3, 2), (9, 3, 2)] {
            let kafka = &of_kind(&format!("kafka: {{strimzi: {{brokers: {brokers}}}}}"), Kind::Kafka)[0];
            let config = &kafka.body["spec"]["kafka"]["config"];
            assert_eq!(config["offsets.topic.replication.factor"], copies, "{brokers} brokers");
            assert_eq!(config["min.insync.replicas"], in_sync, "{brokers} brokers");
        }
    }

    #[test]
    fn a_topic_asks_for_no_more_copies_in_sync_than_it_has() {
        let topic = |spec: &str| of_kind(spec, Kind::KafkaTopic)[0].body["spec"].clone();
        let own = topic("kafka: {strimzi: {}, topics: {replicationFactor: 1, retention: 1h}}");
        let config = json!({"retention.ms": 3_600_000, "min.insync.replicas": 1});
        assert_eq!(own, json!({"topicName": "menu.events", "partitions": 3, "replicas": 1, "config": config}));
        let existing = topic("kafka: {strimzi: {clusterRef: {name: shared}}, topics: {partitions: 6}}");
        let config = json!({"retention.ms": 604_800_000});
        assert_eq!(existing, json!({"topicName": "dining.trattoria.menu.events", "partitions": 6, "config": config}));
    }

    #[test]
    fn topics_and_pools_say_of_which_kafka_they_are() {
        let label = |spec: &str, kind| of_kind(spec, kind)[0].body["metadata"]["labels"][CLUSTER].clone();
        let (own, existing) = ("kafka: {strimzi: {}}", "kafka: {strimzi: {clusterRef: {name: shared}}}");
        assert_eq!(label(own, Kind::KafkaNodePool), "trattoria-kafka");
        assert_eq!(label(own, Kind::KafkaTopic), "trattoria-kafka");
        assert_eq!(label(existing, Kind::KafkaTopic), "shared");
        assert!(of_kind(existing, Kind::Kafka).is_empty());
    }

    #[test]
    fn strimzi_keeps_volumes_as_the_resource_says() {
        let kept = |spec: &str| {
            let pool = &of_kind(spec, Kind::KafkaNodePool)[0].body;
            (pool["spec"]["storage"]["deleteClaim"] == false, pool["metadata"]["ownerReferences"].is_null())
        };
        assert_eq!(kept("kafka: {strimzi: {}}"), (true, true));
        assert_eq!(kept("{deletionPolicy: Delete, kafka: {strimzi: {}}}"), (false, true));
    }

    #[test]
    fn what_another_product_makes_is_done_when_it_says_so_of_the_newest_generation() {
        let kafka = |generation: i64, status: &str| {
            json!({
                "metadata": {"name": "a", "generation": generation},
                "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": status, "message": "why"}]},
            })
        };
        assert_eq!(observe(Kind::Kafka, "a", &kafka(1, "True")).state, State::Done);
        assert!(matches!(observe(Kind::Kafka, "a", &kafka(2, "True")).state, State::Waiting(_)));
        assert!(matches!(observe(Kind::Kafka, "a", &kafka(1, "False")).state, State::Waiting(message) if message.contains("why")));
    }
}
