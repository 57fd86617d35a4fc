//! The topic of bookings, read as any client of Kafka can.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

/// How long the broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(5);
/// How long the whole topic may take.
const WHOLE: Duration = Duration::from_secs(60);

/// An event of a booking.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// `ce_id`, the same for every delivery.
    pub(crate) id: String,
    pub(crate) booking: i64,
    pub(crate) version: u64,
    /// The booking as it is after the change.
    pub(crate) data: Value,
}

/// Reads what is in the topic now, from its beginning. The events of one booking are in the order in which they lie there.
///
/// # Errors
/// What the broker says, or what cannot be an event.
pub(crate) async fn read(servers: &str, topic: &str) -> Result<Vec<Event>, String> {
    let (servers, topic) = (servers.to_owned(), topic.to_owned());
    let read = tokio::task::spawn_blocking(move || read_now(&servers, &topic));
    read.await.map_err(|error| error.to_string())?.map_err(|error| format!("the topic cannot be read: {error}"))
}

fn read_now(servers: &str, topic: &str) -> Result<Vec<Event>, Box<dyn std::error::Error + Send + Sync>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        // Demanded, and not used: partitions are assigned, and nothing is committed.
        .set("group.id", "traffic")
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER)?;
    let (mut assignment, mut expected) = (TopicPartitionList::new(), 0);
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), ANSWER)?;
        expected += high - low;
        assignment.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let (mut events, started) = (Vec::new(), Instant::now());
    for read in 0..expected {
        let message = loop {
            if started.elapsed() > WHOLE {
                return Err(format!("after {read} of {expected} events there are no more").into());
            }
            if let Some(message) = consumer.poll(Duration::from_millis(200)) {
                break message?;
            }
        };
        let headers = message.headers().ok_or("an event without headers")?;
        let id = headers.iter().find(|header| header.key == "ce_id").and_then(|header| header.value).ok_or("an event without ce_id")?;
        let data: Value = serde_json::from_slice(message.payload().ok_or("an event without data")?)?;
        events.push(Event {
            id: String::from_utf8_lossy(id).into_owned(),
            booking: data["id"].as_i64().ok_or("an event without an id")?,
            version: data["version"].as_u64().ok_or("an event without a version")?,
            data,
        });
    }
    Ok(events)
}
