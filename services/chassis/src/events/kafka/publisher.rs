//! A producer, and how it learns of acknowledgements.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext, PurgeConfig};
use tokio::sync::oneshot;

use super::{Context, producer};
use crate::run::config::Kafka;

/// How often a producer that waits for nothing looks whether librdkafka has something to say.
const SAYS: Duration = Duration::from_secs(2);
/// For how long a producer that waits for acknowledgements asks for them.
const ASKS: Duration = Duration::from_millis(100);

/// A producer that learns of acknowledgements on a thread of its own, which sleeps while there are none to come: the one of
/// `FutureProducer` looks ten times a second, for ever.
pub(crate) struct Publisher {
    producer: Arc<BaseProducer<Context>>,
    sent: mpsc::Sender<()>,
}

impl Publisher {
    /// Connects in the background.
    pub(crate) fn new(kafka: &Kafka) -> KafkaResult<Self> {
        let producer = Arc::new(producer(kafka)?);
        let (sent, waiting) = mpsc::channel();
        let polled = Arc::clone(&producer);
        std::thread::Builder::new()
            .name("publisher".to_owned())
            .spawn(move || {
                while waiting.recv_timeout(SAYS) != Err(RecvTimeoutError::Disconnected) {
                    polled.poll(Duration::ZERO);
                    while polled.in_flight_count() > 0 && waiting.try_recv() != Err(TryRecvError::Disconnected) {
                        polled.poll(ASKS);
                    }
                }
                // Nothing may reach the broker from here on. The client ends here, for it waits for its own threads and connections.
                polled.purge(PurgeConfig::default().queue().inflight());
            })
            .expect("the system gives the thread");
        Ok(Self { producer, sent })
    }

    /// Sends a message; the future says whether it was acknowledged.
    pub(crate) fn send(
        &self,
        topic: &str,
        key: &str,
        payload: &str,
        headers: OwnedHeaders,
    ) -> KafkaResult<impl Future<Output = KafkaResult<()>> + Send + 'static> {
        let (acknowledge, acknowledged) = oneshot::channel();
        let record = BaseRecord::with_opaque_to(topic, Box::new(acknowledge)).key(key).payload(payload).headers(headers);
        self.producer.send(record).map_err(|(error, _)| error)?;
        self.sent.send(()).expect("the thread lives as long as its sender");
        Ok(async move { acknowledged.await.unwrap_or(Err(KafkaError::Canceled)) })
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // At once, and not when the thread finds out.
        self.producer.purge(PurgeConfig::default().queue().inflight());
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<oneshot::Sender<KafkaResult<()>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, acknowledge: Self::DeliveryOpaque) {
        // The relay may have ended meanwhile.
        let _ = acknowledge.send(result.as_ref().map(drop).map_err(|(error, _)| error.clone()));
    }
}
