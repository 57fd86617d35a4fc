//! The broker, and its topics where Strimzi makes them.

mod managed;
mod strimzi;

use crate::reconcile::platform::{KafkaBackend, Platform};

use super::Object;

pub(super) fn objects(platform: &Platform) -> Vec<Object> {
    match &platform.kafka.backend {
        KafkaBackend::Managed { image, storage, resources } => managed::objects(platform, image, storage, resources),
        KafkaBackend::Strimzi { brokers, version, storage, resources } => {
            let mut objects = strimzi::cluster(platform, *brokers, version.as_deref(), storage, resources);
            objects.extend(strimzi::topics(platform, &platform.kafka_name()));
            objects
        }
        KafkaBackend::StrimziCluster { name } => strimzi::topics(platform, name),
        KafkaBackend::External => Vec::new(),
    }
}
