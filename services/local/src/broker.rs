//! The broker of the events: the one inside librdkafka, or a real one elsewhere.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use contract::TOPICS;
use rdkafka::mocking::MockCluster;

/// How many partitions each topic has unless told otherwise: as in a cluster and under compose.
pub const PARTITIONS: i32 = 3;

/// What the topics of the broker in this process are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Put before the name of each.
    pub prefix: String,
    /// Partitions of each.
    pub partitions: i32,
}

impl Default for Topics {
    fn default() -> Self {
        Self { prefix: String::new(), partitions: PARTITIONS }
    }
}

/// Between two commands to the broker in this process.
const WAKE_UP: Duration = Duration::from_millis(2);

/// Why there is no broker in this process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka refused.
    #[error("The in-process broker did not start ({0}): use a Kafka of your own with --kafka HOST:PORT.")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// The operating system gave it no thread.
    #[error("The in-process broker got no thread ({0}): end some programs, or use a Kafka of your own with --kafka HOST:PORT.")]
    Thread(#[from] std::io::Error),
}

/// A broker that the services' clients can reach.
///
/// The one in this process speaks the Kafka protocol on a port of the loopback interface, so that
/// any Kafka client can watch. It keeps its log in memory only and trims what is old. An event that
/// it has not yet acknowledged waits in the outbox and is not lost.
#[derive(Debug)]
pub struct Broker {
    bootstrap_servers: String,
    embedded: Option<Embedded>,
}

#[derive(Debug)]
struct Embedded {
    // Dropping it ends the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// A broker elsewhere, at `HOST:PORT`, or several separated by commas. Whether it can be reached
    /// is not asked: the services go on without it, and their events wait.
    #[must_use]
    pub fn external(bootstrap_servers: &str) -> Self {
        Self { bootstrap_servers: bootstrap_servers.to_owned(), embedded: None }
    }

    /// Starts a broker in this process, with the platform's [`TOPICS`].
    ///
    /// # Errors
    /// When librdkafka refuses or there is no thread for it.
    pub fn embedded(topics: &Topics) -> Result<Self, Error> {
        let topics = topics.clone();
        let (started, start) = mpsc::sync_channel(1);
        let (stop, stopped) = mpsc::channel::<()>();
        // The cluster cannot move between threads: it lives and ends on this one. It works on
        // threads of its own, this one only waits.
        let thread = thread::Builder::new().name("broker".to_owned()).spawn(move || match start_cluster(&topics) {
            Ok(cluster) => {
                let _ = started.send(Ok(cluster.bootstrap_servers()));
                // An error is what is waited for: the sender's end.
                let _ = stopped.recv();
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        })?;
        let bootstrap_servers = start.recv().map_err(|_| std::io::Error::other("its thread ended"))??;
        Ok(Self { bootstrap_servers, embedded: Some(Embedded { stop: Some(stop), thread: Some(thread) }) })
    }

    /// Where clients find it: `HOST:PORT`, or several separated by commas.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Whether it is in this process, with its log in memory only.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

fn start_cluster(topics: &Topics) -> Result<MockCluster<'static, rdkafka::producer::DefaultProducerContext>, rdkafka::error::KafkaError> {
    let cluster = MockCluster::new(1)?;
    for topic in TOPICS {
        // The cluster's thread answers a command, and only then reads away what woke it up for that:
        // the next command's wake-up with it, if that follows at once, which then waits for a second.
        thread::sleep(WAKE_UP);
        cluster.create_topic(&format!("{}{topic}", topics.prefix), topics.partitions, 1)?;
    }
    Ok(cluster)
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It could only have panicked, and has told so itself.
            let _ = thread.join();
        }
    }
}
