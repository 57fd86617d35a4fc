//! The broker, and its topics if Strimzi manages them.

mod managed;
mod strimzi;

use crate::reconcile::platform::{KafkaBackend, Platform, Storage, TOPICS};

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

/// The limits of the broker's log. Events are deleted by age, and also by size before they fill the volume: a broker with a full volume
/// stops.
struct LogSize {
    /// The maximum size of a partition, in bytes.
    retention: u64,
    /// The size of a segment file, in bytes: Kafka deletes whole files.
    segment: u64,
}

impl LogSize {
    /// Six tenths of the volume for the replicas on a broker. The rest is for files that are being written and for Kafka's internal topics.
    fn of(platform: &Platform, storage: &Storage, brokers: i32) -> Self {
        const GIBIBYTE: u64 = 1 << 30;
        const MEBIBYTE: u64 = 1 << 20;
        let count = |number: i32| u64::try_from(number).unwrap_or(1).max(1);
        let bytes = storage.size.thousandths().and_then(|amount| u64::try_from(amount / 1000).ok()).unwrap_or(8 * GIBIBYTE);
        let topics = &platform.kafka.topics;
        let copies = 3 * count(topics.partitions) * count(topics.replication_factor.unwrap_or(1));
        let retention = (bytes / 10 * 6 / copies.div_ceil(count(brokers))).max(4 * MEBIBYTE);
        Self { retention, segment: (retention / 4).clamp(MEBIBYTE, GIBIBYTE) }
    }
}

const _: () = assert!(TOPICS.len() == 3, "LogSize counts three topics");

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;
    use crate::api::Quantity;

    #[test]
    fn d35_the_log_of_a_broker_never_fills_its_volume() {
        for (size, partitions, copies, brokers) in [("8Gi", 3, 1, 1), ("8Gi", 100, 1, 1), ("20Gi", 9, 3, 3), ("1Gi", 3, 3, 5)] {
            let platform = platform(
                &format!("kafka: {{strimzi: {{brokers: 5}}, topics: {{partitions: {partitions}, replicationFactor: {copies}}}}}"),
                &[],
            );
            let storage = Storage { size: Quantity::from(size), class: None };
            let LogSize { retention, segment } = LogSize::of(&platform, &storage, brokers);
            let bytes = u64::try_from(storage.size.thousandths().expect("a size") / 1000).expect("bytes");
            let of_a_broker = (3 * partitions * copies as u64).div_ceil(u64::try_from(brokers).expect("brokers"));
            // A partition has its files, and the one that is being written.
            assert!(of_a_broker * (retention + segment) <= bytes / 10 * 8, "{size} {partitions} {copies} {brokers}: {retention} {segment}");
            assert!(segment * 4 <= retention || segment == 1 << 20, "{retention} {segment}");
        }
    }
}
