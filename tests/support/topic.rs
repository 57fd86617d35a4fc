//! A reader of topics that is not the services' own: what any Kafka client sees.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chassis::events::kafka::client;
use chassis::run::config::Kafka;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

/// An event as it lies in the topic.
#[derive(Clone, Debug)]
pub struct Record {
    /// The partition.
    pub partition: i32,
    /// The key.
    pub key: String,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The data.
    pub data: Value,
}

impl Record {
    /// The CloudEvents type.
    pub fn kind(&self) -> &str {
        &self.headers["ce_type"]
    }
}

/// Reads what is in a topic now, from its beginning, until there are at least so many events; fails after 20 s.
pub async fn read(kafka: &Kafka, topic: &str, at_least: usize) -> Vec<Record> {
    let (kafka, topic) = (kafka.clone(), topic.to_owned());
    let read = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        loop {
            let records = read_now(&kafka, &topic);
            if records.len() >= at_least {
                return records;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{topic} has {} events, not {at_least}: {records:#?}", records.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    read.await.expect("a reader")
}

fn read_now(kafka: &Kafka, topic: &str) -> Vec<Record> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let consumer: BaseConsumer = client(kafka)
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "10")
        .create()
        .expect("a consumer");
    let topic = kafka.topic(topic);
    let Ok(metadata) = consumer.fetch_metadata(Some(&topic), PATIENCE) else { return Vec::new() };
    let (mut assignment, mut expected) = (TopicPartitionList::new(), 0);
    for partition in metadata.topics()[0].partitions() {
        let Ok((low, high)) = consumer.fetch_watermarks(&topic, partition.id(), PATIENCE) else { return Vec::new() };
        expected += usize::try_from(high - low).expect("a count");
        assignment.add_partition_offset(&topic, partition.id(), Offset::Beginning).expect("a partition");
    }
    consumer.assign(&assignment).expect("an assignment");
    let (mut records, started) = (Vec::new(), Instant::now());
    while records.len() < expected && started.elapsed() < PATIENCE {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("UTF-8");
        let headers = message.headers().expect("headers");
        records.push(Record {
            partition: message.partition(),
            key: text(message.key()),
            headers: headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect(),
            data: serde_json::from_slice(message.payload().expect("data")).expect("JSON"),
        });
    }
    records
}

/// Writes a tombstone: a message without a value.
pub async fn write_tombstone(kafka: &Kafka, topic: &str, key: &str) {
    let producer: FutureProducer = client(kafka).create().expect("a producer");
    let topic = kafka.topic(topic);
    let record = FutureRecord::<str, [u8]>::to(&topic).key(key);
    producer.send(record, Duration::from_secs(10)).await.expect("written");
}

/// Writes a message as anybody could: with a `ce_id`, and a `ce_type` where one is given.
pub async fn write(kafka: &Kafka, topic: &str, key: &str, kind: Option<&str>, data: &[u8]) {
    let producer: FutureProducer = client(kafka).create().expect("a producer");
    let id = crate::database::unique("event");
    let headers = OwnedHeaders::new().insert(Header { key: "ce_id", value: Some(&id) });
    let headers = match kind {
        Some(kind) => headers.insert(Header { key: "ce_type", value: Some(kind) }),
        None => headers,
    };
    let topic = kafka.topic(topic);
    let record = FutureRecord::to(&topic).key(key).payload(data).headers(headers);
    producer.send(record, Duration::from_secs(10)).await.expect("written");
}
