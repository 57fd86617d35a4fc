//! The clients of the broker, and a reader for what a process keeps in memory.

mod publisher;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::BaseProducer;
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};
use secrecy::ExposeSecret as _;

use crate::events::event::{Delivery, Received};
use crate::run::config::{Kafka, Security};
use crate::run::metrics::Metrics;

pub(crate) use publisher::Publisher;

/// How long to wait after nothing could be received.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// How long an event may wait in a producer until the broker acknowledges it: shorter than the lease of the relay that sends it, so that
/// nothing is on its way any more when another relay leads. What was not acknowledged stays in the outbox and is sent again from there.
pub(crate) const MESSAGE_TIMEOUT_MS: u32 = 3000;

/// How often a client says what a person must mend.
const REMINDER: Duration = Duration::from_secs(30);

/// Sends what librdkafka says to our log, quietly: a broker that is away is said once by whoever misses it. A broker that is there and
/// does not let the service in is said aloud, since time does not mend that.
pub struct Context {
    metrics: Option<Metrics>,
    said: Mutex<Option<(RDKafkaErrorCode, Instant)>>,
}

impl Context {
    fn new(metrics: Option<Metrics>) -> Self {
        Self { metrics, said: Mutex::new(None) }
    }

    /// Whether to say this aloud, and so not for the next while.
    fn is_due(&self, code: RDKafkaErrorCode) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.is_none_or(|(last, when)| last != code || when.elapsed() >= REMINDER);
        if due {
            *said = Some((code, Instant::now()));
        }
        due
    }
}

/// What a person can do about an error that time does not mend.
fn remedy(code: RDKafkaErrorCode, reason: &str) -> Option<&'static str> {
    use RDKafkaErrorCode::{
        Authentication, BrokerTransportFailure, ClusterAuthorizationFailed, GroupAuthorizationFailed, SSL, SaslAuthenticationFailed,
        TopicAuthorizationFailed, UnsupportedSASLMechanism,
    };
    match code {
        Authentication | SaslAuthenticationFailed | UnsupportedSASLMechanism => Some(
            "the broker does not let the service in: check KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and \
             KAFKA_SASL_PASSWORD",
        ),
        SSL => Some(NO_TLS),
        // What either side says before it hangs up; what hangs up later may well come back.
        BrokerTransportFailure if reason.contains("SSL handshake failed") || reason.contains("SSL alert") => Some(NO_TLS),
        ClusterAuthorizationFailed | GroupAuthorizationFailed | TopicAuthorizationFailed => Some(
            "the broker forbids the service a topic or a group: check its access rules for KAFKA_SASL_USERNAME, or for the name in \
             KAFKA_SSL_CERTIFICATE_FILE",
        ),
        _ => None,
    }
}

const NO_TLS: &str = "there is no TLS with the broker: check KAFKA_SECURITY_PROTOCOL, KAFKA_SSL_CA_FILE and, where the broker asks \
                      for one, KAFKA_SSL_CERTIFICATE_FILE";

impl ClientContext for Context {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code().and_then(|code| Some((code, remedy(code, reason)?))) {
            Some((code, remedy)) if self.is_due(code) => tracing::error!(%error, reason, "{remedy}"),
            _ => tracing::debug!(%error, reason, "librdkafka"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        let Some(metrics) = &self.metrics else { return };
        for (topic, statistics) in &statistics.topics {
            for (partition, statistics) in &statistics.partitions {
                // What was handled counts, committed or not, as a tail commits nothing; before anything was, what was committed.
                let lag = match statistics.consumer_lag_stored {
                    ..0 => statistics.consumer_lag,
                    stored => stored,
                };
                // What this process does not read, or reads no longer, is another's to tell.
                if statistics.fetch_state != "active" {
                    metrics.forget_lag(topic, *partition);
                } else if lag >= 0 {
                    metrics.lag(topic, *partition, lag);
                }
            }
        }
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let (Some(metrics), Rebalance::Revoke(partitions)) = (&self.metrics, rebalance) else { return };
        for partition in partitions.elements() {
            metrics.forget_lag(partition.topic(), partition.partition());
        }
    }
}

/// What every client of the broker is told: where it is, how it is reached, and who the service is.
pub fn client(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.bootstrap_servers)
        .set("client.id", "restaurant-booking")
        .set("reconnect.backoff.max.ms", "1000")
        // How long a partition that is added goes unnoticed, at most. A topic that is missing is asked for ever so often anyway.
        .set("topic.metadata.refresh.interval.ms", "60000")
        .set("log.connection.close", "false");
    let Security { tls, sasl } = &kafka.security;
    let protocol = match (tls, sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if let Some(tls) = tls {
        // The OpenSSL inside the program looks for the system's certificates where no system keeps them; librdkafka knows better places.
        config.set("ssl.ca.location", tls.ca.as_deref().unwrap_or("probe"));
        if let Some(client) = &tls.client {
            config.set("ssl.certificate.location", &client.certificate).set("ssl.key.location", &client.key);
        }
    }
    if let Some(sasl) = sasl {
        config
            .set("sasl.mechanism", sasl.mechanism.name())
            .set("sasl.username", &sasl.username)
            .set("sasl.password", sasl.password.expose_secret());
    }
    config
}

/// What the librdkafka of this program was built with, as its property `builtin.features` has it.
pub fn features() -> Vec<String> {
    let features = ClientConfig::new().create_native_config().and_then(|config| config.get("builtin.features"));
    features.unwrap_or_default().split(',').map(|feature| feature.trim().to_owned()).collect()
}

/// Whether librdkafka takes the configuration, where it can be wrong: that of a broker that is not reached plainly. Whether the broker is
/// there does not matter.
pub(crate) fn accept(kafka: &Kafka) -> KafkaResult<()> {
    match kafka.security {
        Security { tls: None, sasl: None } => Ok(()),
        _ => producer(kafka).map(drop),
    }
}

/// A producer whose acknowledged events are on every in-sync replica, once and in order.
fn producer(kafka: &Kafka) -> KafkaResult<BaseProducer<Context>> {
    client(kafka)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .set("message.timeout.ms", MESSAGE_TIMEOUT_MS.to_string())
        .create_with_context(Context::new(None))
}

/// How long the end of a consumer is waited for: it says good-bye to its group.
const CLOSE: Duration = Duration::from_secs(5);

/// A consumer that is closed on a thread of its own: librdkafka waits for a broker that has gone away, at times without end, and
/// nobody must wait with it.
pub(crate) struct Reader(Option<Arc<StreamConsumer<Context>>>);

impl std::ops::Deref for Reader {
    type Target = Arc<StreamConsumer<Context>>;

    fn deref(&self) -> &Self::Target {
        match &self.0 {
            Some(consumer) => consumer,
            None => unreachable!("the consumer is there until the reader is dropped"),
        }
    }
}

impl Reader {
    /// Commits what was handled and leaves the group, where the broker is there to be told.
    pub(crate) async fn close(mut self) {
        let _ = tokio::time::timeout(CLOSE, self.close_aside()).await;
    }

    /// Takes every partition of a topic, from its beginning, as no member of any group. Waits out a broker that is not there yet.
    pub(crate) async fn take_all(&self, topic: &str) {
        loop {
            match partitions(self, topic).await {
                Ok(partitions) if !partitions.is_empty() => {
                    let mut all = TopicPartitionList::new();
                    for partition in partitions {
                        all.add_partition(topic, partition);
                    }
                    let assigned = all.set_all_offsets(Offset::Beginning).and_then(|()| self.assign(&all));
                    match assigned {
                        Ok(()) => return,
                        Err(error) => tracing::debug!(%error, topic, "the topic cannot be read yet"),
                    }
                }
                Ok(_) => tracing::debug!(topic, "the topic is not there yet"),
                Err(error) => tracing::debug!(%error, topic, "the topic cannot be read yet"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn close_aside(&mut self) -> tokio::sync::oneshot::Receiver<()> {
        let (done, closed) = tokio::sync::oneshot::channel();
        let consumer = self.0.take();
        // Where there is no thread to be had, it is closed here.
        let _ = std::thread::Builder::new().name("kafka-close".to_owned()).spawn(move || {
            drop(consumer);
            let _ = done.send(());
        });
        closed
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.0.is_some() {
            drop(self.close_aside());
        }
    }
}

/// How long the broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(2);

/// The partitions of a topic. librdkafka's call blocks.
async fn partitions(consumer: &Arc<StreamConsumer<Context>>, topic: &str) -> KafkaResult<Vec<i32>> {
    let (consumer, topic) = (consumer.clone(), topic.to_owned());
    let asked = tokio::task::spawn_blocking(move || {
        let metadata = consumer.client().fetch_metadata(Some(&topic), ANSWER)?;
        Ok(metadata.topics().iter().flat_map(|topic| topic.partitions()).map(rdkafka::metadata::MetadataPartition::id).collect())
    });
    asked.await.map_err(|_| KafkaError::Canceled)?
}

/// A consumer of the group, which goes on where the group was; of the in-process broker, one that reads all there is.
pub(crate) async fn consumer(kafka: &Kafka, group: &str, topic: &str, metrics: &Metrics) -> KafkaResult<Reader> {
    let consumer = reader(kafka, &kafka.group(group), !kafka.in_process, metrics)?;
    if kafka.in_process {
        consumer.take_all(&kafka.topic(topic)).await;
    } else {
        consumer.subscribe(&[&kafka.topic(topic)])?;
    }
    Ok(consumer)
}

fn reader(kafka: &Kafka, group: &str, commit: bool, metrics: &Metrics) -> KafkaResult<Reader> {
    client(kafka)
        .set("group.id", group)
        .set("enable.auto.commit", if commit { "true" } else { "false" })
        .set("auto.commit.interval.ms", "1000")
        // An offset is stored, and so committed, only after the effect of its event is.
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "10000")
        // A broker answers as soon as something has come, and only else when this time is over.
        .set("fetch.wait.max.ms", if kafka.in_process { "10" } else { "5000" })
        .set("statistics.interval.ms", "10000")
        .create_with_context(Context::new(Some(metrics.clone())))
        .map(|consumer| Reader(Some(Arc::new(consumer))))
}

/// A reader that sees every event of a topic from now on, on every replica: for what a process keeps in memory.
pub struct Tail {
    consumer: Reader,
    topic: String,
    partitions: Vec<i32>,
    checked: Option<Instant>,
}

/// What a [`Tail`] reports.
#[derive(Debug)]
pub enum Tailed {
    /// An event.
    Event(Received),
    /// From here on every event is seen: what happened before must be read from its source.
    Attached,
    /// A message that is no event and means to be none: a tombstone.
    Foreign,
    /// An event that cannot be read: its source must be read instead.
    Unreadable(String),
}

/// How often a tail looks whether the topic has got more partitions.
const RECHECK: Duration = Duration::from_secs(30);

impl Tail {
    /// A tail of the topic.
    ///
    /// # Errors
    /// Where librdkafka refuses the configuration.
    pub fn new(kafka: &Kafka, group: &str, topic: &str, metrics: &Metrics) -> KafkaResult<Self> {
        // Committing would be of no use, and would hold up the end of the process while the broker is away.
        let consumer = reader(kafka, &kafka.group(group), false, metrics)?;
        Ok(Self { consumer, topic: kafka.topic(topic), partitions: Vec::new(), checked: None })
    }

    /// The next thing to know. Waits out a broker that is away.
    pub async fn next(&mut self) -> Tailed {
        loop {
            let since = self.checked.map(|checked| checked.elapsed());
            if since.is_none_or(|since| since > RECHECK) {
                match self.attach().await {
                    Ok(true) => return Tailed::Attached,
                    Ok(false) => self.checked = Some(Instant::now()),
                    Err(error) => {
                        tracing::debug!(%error, topic = self.topic, "the topic cannot be read yet");
                        if self.partitions.is_empty() {
                            tokio::time::sleep(Duration::from_millis(500)).await;
                            continue;
                        }
                        self.checked = Some(Instant::now());
                    }
                }
            }
            match tokio::time::timeout(RECHECK, self.consumer.recv()).await {
                Ok(Ok(message)) => {
                    // Nothing is ever read from there on again; without it librdkafka does not know how far the tail is behind.
                    let _ = self.consumer.store_offset_from_message(&message);
                    let delivery = Delivery::of(&message);
                    if delivery.payload.is_none() {
                        return Tailed::Foreign;
                    }
                    return match delivery.event() {
                        Ok(event) => Tailed::Event(event),
                        Err(error) => Tailed::Unreadable(error),
                    };
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, topic = self.topic, "nothing received");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_) => {}
            }
        }
    }

    /// Takes on partitions that are new, each from its end; whether there were any.
    async fn attach(&mut self) -> KafkaResult<bool> {
        let (consumer, topic, attached) = (Arc::clone(&self.consumer), self.topic.clone(), self.partitions.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let client = consumer.client();
            let metadata = client.fetch_metadata(Some(&topic), ANSWER)?;
            let known = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(rdkafka::metadata::MetadataPartition::id);
            let new: Vec<i32> = known.filter(|id| !attached.contains(id)).collect();
            let mut assignment = TopicPartitionList::new();
            for partition in &new {
                let (_, end) = client.fetch_watermarks(&topic, *partition, ANSWER)?;
                assignment.add_partition_offset(&topic, *partition, Offset::Offset(end))?;
            }
            Ok::<_, KafkaError>((new, assignment))
        });
        let (new, assignment) = asked.await.map_err(|_| KafkaError::Canceled)??;
        self.checked = Some(Instant::now());
        if new.is_empty() {
            return Ok(false);
        }
        self.consumer.incremental_assign(&assignment)?;
        self.partitions.extend(new);
        Ok(true)
    }
}
