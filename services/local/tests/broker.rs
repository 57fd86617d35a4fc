//! The in-process broker, through its wire protocol.

use std::time::Duration;

use local::broker::{Broker, PARTITIONS, TOPICS, Topics};
use rdkafka::ClientConfig;
use rdkafka::Message as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn what_is_published_arrives() {
    let broker = Broker::embedded(&Topics::default()).expect("it starts");
    assert!(broker.is_embedded());
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "test")
        .set("auto.offset.reset", "earliest")
        .create()
        .expect("a consumer");
    for topic in TOPICS {
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
        let partitions = metadata.topics()[0].partitions().len();
        assert_eq!(partitions, usize::try_from(PARTITIONS).expect("a count"), "{topic}");
    }
    consumer.subscribe(&TOPICS).expect("subscribed");

    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("enable.idempotence", "true")
        .create()
        .expect("a producer");
    for topic in TOPICS {
        let event = FutureRecord::to(topic).key("1").payload(topic);
        producer.send(event, PATIENCE).await.expect("acknowledged");
    }
    let mut arrived = Vec::new();
    while arrived.len() < TOPICS.len() {
        let message = tokio::time::timeout(PATIENCE, consumer.recv()).await.expect("in time").expect("a message");
        assert_eq!(message.payload(), Some(message.topic().as_bytes()));
        arrived.push(message.topic().to_owned());
    }
    arrived.sort();
    let mut expected = TOPICS;
    expected.sort_unstable();
    assert_eq!(arrived, expected);
}

#[test]
fn a_broker_elsewhere_is_taken_at_its_word() {
    let broker = Broker::external("kafka.example:9092");
    assert!(!broker.is_embedded());
    assert_eq!(broker.bootstrap_servers(), "kafka.example:9092");
}
