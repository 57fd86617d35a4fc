//! The topics, through the broker's admin API: the operator creates missing topics, adds partitions and sets the retention. It never
//! removes partitions, and never deletes topics.

mod connection;
mod error;

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AlterConfig, ConfigResource, ConfigSource, NewPartitions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use tokio::sync::oneshot;

use crate::reconcile::backend::broker::settings::{Kafka, TOPICS, Topics};
use crate::timing::{FIRST_PAUSE, LAST_PAUSE};

use connection::{Cluster, Connection, Found};
pub use error::{Operation, TopicsError};

/// The changes that were made to the topics. A set is empty if there was nothing to change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Topics that were created.
    pub created: BTreeSet<String>,
    /// Topics whose number of partitions was raised.
    pub partitions_raised: BTreeSet<String>,
    /// Topics whose retention was changed.
    pub retention_set: BTreeSet<String>,
    /// Differences that were left, each with its reason.
    pub left_alone: BTreeSet<String>,
}

impl Report {
    /// Whether nothing was changed, and no difference was left.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = [
            ("created: ", &self.created),
            ("given more partitions: ", &self.partitions_raised),
            ("given another retention: ", &self.retention_set),
            ("", &self.left_alone),
        ];
        let mut separator = "";
        for (what, topics) in done.into_iter().filter(|(_, topics)| !topics.is_empty()) {
            write!(formatter, "{separator}{what}{}", topics.iter().map(String::as_str).collect::<Vec<_>>().join(", "))?;
            separator = "; ";
        }
        Ok(())
    }
}

/// Changes the topics to what the resource specifies.
///
/// `bootstrap_servers` replaces those of `kafka`: the operator may reach the broker at another address than the Pods do. The answer comes
/// within `timeout`.
///
/// # Errors
/// The broker cannot be reached, refuses the login, or refuses an operation.
pub async fn ensure_topics(bootstrap_servers: &str, kafka: &Kafka, timeout: Duration) -> Result<Report, TopicsError> {
    let config = connection::config(bootstrap_servers, &kafka.security)?;
    let (servers, topics) = (bootstrap_servers.to_owned(), kafka.topics.clone());
    let (answer, answered) = oneshot::channel();
    // The deadline is slightly earlier, so that the answer can contain the reason.
    let deadline = Instant::now() + timeout.mul_f32(0.9);
    // librdkafka's calls block, and so does the drop of its clients, for which nothing waits.
    tokio::task::spawn_blocking(move || match Connection::open(servers, &config, deadline) {
        Ok(connection) => {
            let _ = answer.send(ensure(&connection, &topics));
            drop(connection);
        }
        Err(error) => drop(answer.send(Err(error))),
    });
    match tokio::time::timeout(timeout, answered).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) | Err(_) => {
            Err(TopicsError::Unreachable { servers: bootstrap_servers.to_owned(), reason: connection::REACHABLE.to_owned() })
        }
    }
}

fn ensure(connection: &Connection, topics: &Topics) -> Result<Report, TopicsError> {
    let mut report = Report::default();
    let mut pause = FIRST_PAUSE;
    while let Some(unsettled) = round(connection, topics, &mut report)? {
        if pause > LAST_PAUSE || connection.left().is_none_or(|left| left < pause) {
            return Err(unsettled);
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
    Ok(report)
}

/// Looks at the topics, and changes the differences. Returns an error to report later if only another look can show the result: another
/// client changed the same topic, or the brokers learn of a change one after the other.
fn round(connection: &Connection, topics: &Topics, report: &mut Report) -> Result<Option<TopicsError>, TopicsError> {
    let names = TOPICS.map(|topic| format!("{}{topic}", topics.prefix));
    let cluster = connection.look(&names)?;
    let retention = topics.retention.as_millis().to_string();
    let mut unsettled = None;

    let missing: Vec<&String> = names.iter().filter(|name| !cluster.topics.iter().any(|found| found.name == **name)).collect();
    if !missing.is_empty() {
        // -1 selects the broker's default.
        let replication = || TopicReplication::Fixed(topics.replication_factor.unwrap_or(-1));
        let new: Vec<NewTopic<'_>> =
            missing.iter().map(|name| NewTopic::new(name, topics.partitions, replication()).set("retention.ms", &retention)).collect();
        for made in connection.ask(&cluster, Operation::Create, |admin, options| admin.create_topics(&new, options))? {
            match made {
                Ok(name) => drop(report.created.insert(name)),
                Err((name, code)) => unsettled = Some(error::of_topic(Operation::Create, name, code, topics, cluster.brokers.len())?),
            }
        }
    }

    let wanted = usize::try_from(topics.partitions).unwrap_or(1);
    let few: Vec<NewPartitions<'_>> =
        cluster.topics.iter().filter(|found| found.partitions < wanted).map(|found| NewPartitions::new(&found.name, wanted)).collect();
    if !few.is_empty() {
        for raised in connection.ask(&cluster, Operation::RaisePartitions, |admin, options| admin.create_partitions(&few, options))? {
            match raised {
                Ok(name) => drop(report.partitions_raised.insert(name)),
                Err((name, code)) => {
                    unsettled = Some(error::of_topic(Operation::RaisePartitions, name, code, topics, cluster.brokers.len())?)
                }
            }
        }
    }

    report.left_alone = cluster.topics.iter().flat_map(|found| left_alone(found, topics)).collect();
    Ok(set_retention(connection, &cluster, &retention, report)?.or(unsettled))
}

/// The differences of a topic that cannot be changed.
fn left_alone(found: &Found, topics: &Topics) -> Vec<String> {
    let Found { name, partitions, copies } = found;
    let mut said = Vec::new();
    if usize::try_from(topics.partitions).is_ok_and(|wanted| *partitions > wanted) {
        said.push(format!(
            "{name} keeps its {partitions} partitions, of which {} are asked for: Kafka cannot take one away",
            topics.partitions
        ));
    }
    if let Some(wanted) = topics.replication_factor.filter(|wanted| usize::try_from(*wanted).is_ok_and(|wanted| *copies != wanted)) {
        said.push(format!("{name} keeps its replication factor {copies} where {wanted} is asked for: a topic that exists keeps its own"));
    }
    said
}

const RETENTION: &str = "retention.ms";

/// Sets the retention of existing topics where it differs, and nothing else.
fn set_retention(
    connection: &Connection,
    cluster: &Cluster,
    retention: &str,
    report: &mut Report,
) -> Result<Option<TopicsError>, TopicsError> {
    if cluster.topics.is_empty() {
        return Ok(None);
    }
    let names: Vec<ResourceSpecifier<'_>> = cluster.topics.iter().map(|found| ResourceSpecifier::Topic(&found.name)).collect();
    let described = connection.ask(cluster, Operation::Read, |admin, options| admin.describe_configs(&names, options))?;
    let described: Vec<ConfigResource> = described.into_iter().flatten().collect();
    let mut unsettled = None;
    let mut changes = Vec::new();
    for Found { name, .. } in &cluster.topics {
        let settings =
            described.iter().find(|settings| matches!(&settings.specifier, OwnedResourceSpecifier::Topic(topic) if topic == name));
        match settings.and_then(|settings| Some((settings, settings.get(RETENTION)?.value.as_deref()?))) {
            // rdkafka does not return the reason.
            None => unsettled = Some(error::unreadable(name.clone())),
            Some((_, value)) if value == retention => {}
            Some((settings, value)) => {
                changes.push(with_overrides(name, settings)?.set(RETENTION, retention));
                report.retention_set.insert(name.clone());
                unsettled = Some(error::unchanged(name.clone(), value, retention));
            }
        }
    }
    if !changes.is_empty() {
        // rdkafka does not return whether the topic took the change: the next look shows it.
        connection.ask(cluster, Operation::SetRetention, |admin, options| admin.alter_configs(&changes, options))?;
    }
    Ok(unsettled)
}

/// A change of a topic's settings that repeats the topic's own overrides. Such a change resets each setting that it leaves out to the
/// broker's default, and rdkafka has no incremental change.
fn with_overrides<'a>(name: &'a str, settings: &'a ConfigResource) -> Result<AlterConfig<'a>, TopicsError> {
    let mut change = AlterConfig::new(ResourceSpecifier::Topic(name));
    for entry in settings.entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic) {
        let Some(value) = &entry.value else {
            let reason = format!("the broker does not tell its setting {}, which would be lost", entry.name);
            return Err(TopicsError::Refused { topic: name.to_owned(), operation: Operation::SetRetention, reason });
        };
        change = change.set(&entry.name, value);
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::backend::broker::settings::{External, KafkaBackend, KafkaSecurity};

    fn wanted() -> Kafka {
        Kafka {
            backend: KafkaBackend::External(External),
            bootstrap_servers: "kafka.example.com:9092".to_owned(),
            security: KafkaSecurity::default(),
            topics: Topics { prefix: String::new(), partitions: 3, replication_factor: None, retention: Duration::from_secs(3600) },
        }
    }

    async fn unreachable(servers: &str, timeout: Duration) -> String {
        let begun = Instant::now();
        let error = ensure_topics(servers, &wanted(), timeout).await.expect_err("nobody is there");
        assert!(begun.elapsed() <= timeout + Duration::from_millis(100), "{:?}: {error}", begun.elapsed());
        assert_eq!(error.reason(), "BrokerUnreachable", "{error}");
        error.to_string()
    }

    #[tokio::test]
    async fn a_broker_that_is_away_is_told_in_time_and_always_in_the_same_words() {
        let timeout = Duration::from_secs(1);
        let said = unreachable("127.0.0.1:1", timeout).await;
        assert!(said.contains("Connection refused") && !said.contains("(after"), "{said}");
        assert_eq!(unreachable("127.0.0.1:1", timeout).await, said);
        let said = unreachable("kafka.invalid:9092", timeout).await;
        assert!(said.contains("kafka.invalid"), "{said}");
    }

    #[tokio::test]
    async fn a_broker_that_says_nothing_is_told_in_time() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        unreachable(&address, Duration::from_millis(500)).await;
    }

    /// The threads of librdkafka's clients.
    #[cfg(target_os = "linux")]
    fn threads() -> usize {
        let tasks = std::fs::read_dir("/proc/self/task").expect("the threads");
        let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        tasks.flatten().map(name).filter(|name| name.starts_with("rdk:") || name.starts_with("admin client")).count()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn nothing_is_left_of_a_client() {
        for _ in 0..5 {
            unreachable("127.0.0.1:1", Duration::from_millis(200)).await;
        }
        let begun = Instant::now();
        while threads() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "{} threads are left", threads());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
