//! The topics that the operator makes and keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::events::kafka::client;
use chassis::run::config::{Kafka, Security};
use libtest_mimic::Trial;
use operator::api::SaslMechanism;
use operator::reconcile::backend::broker::settings::{External, Kafka as Wanted, KafkaBackend, KafkaSecurity, Sasl, TOPICS, Tls, Topics};
use operator::reconcile::kafka::{Report, TopicsError, ensure_topics};
use operator::reconcile::platform::Secret;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use restaurant_booking_tests::database::unique;
use restaurant_booking_tests::platform::eventually;
use secrecy::ExposeSecret as _;

use super::apache::{self, Node, PASSWORD};
use super::runtime;

/// How long the operator may take.
const TIMEOUT: Duration = Duration::from_secs(10);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Topics of a name of their own: one partition, one copy, kept for a day.
fn wanted() -> Wanted {
    Wanted {
        backend: KafkaBackend::External(External),
        bootstrap_servers: "kafka.example.com:9092".to_owned(),
        security: KafkaSecurity::default(),
        topics: Topics { prefix: format!("{}.", unique("topics")), partitions: 1, replication_factor: Some(1), retention: DAY },
    }
}

fn with_partitions(wanted: &Wanted, partitions: i32) -> Wanted {
    Wanted { topics: Topics { partitions, ..wanted.topics.clone() }, ..wanted.clone() }
}

fn with_retention(wanted: &Wanted, retention: Duration) -> Wanted {
    Wanted { topics: Topics { retention, ..wanted.topics.clone() }, ..wanted.clone() }
}

fn names(wanted: &Wanted) -> BTreeSet<String> {
    TOPICS.iter().map(|topic| format!("{}{topic}", wanted.topics.prefix)).collect()
}

fn created(wanted: &Wanted) -> Report {
    Report { created: names(wanted), ..Report::default() }
}

/// The broker as somebody else sees it.
struct Broker {
    kafka: Kafka,
    admin: AdminClient<DefaultClientContext>,
}

impl Broker {
    fn of(node: &Node) -> Self {
        let bootstrap_servers = node.address();
        let kafka = Kafka { bootstrap_servers, prefix: String::new(), security: Security::default(), in_process: false };
        let admin = client(&kafka).set("allow.auto.create.topics", "false").create().expect("an admin client");
        Self { kafka, admin }
    }

    fn servers(&self) -> &str {
        &self.kafka.bootstrap_servers
    }

    async fn ensure(&self, wanted: &Wanted) -> Result<Report, TopicsError> {
        let begun = Instant::now();
        let outcome = ensure_topics(self.servers(), wanted, TIMEOUT).await;
        println!("{:>4} ms: {outcome:?}", begun.elapsed().as_millis());
        outcome
    }

    /// Waits until each of the topics has so many partitions, and one copy of each: the broker learns late what the controller did.
    async fn has_partitions(&self, wanted: &Wanted, partitions: usize) {
        let layout = names(wanted).into_iter().map(|name| (name, (partitions, 1))).collect();
        eventually("the topics", async || self.layout(wanted) == layout).await;
    }

    /// Partitions and copies of each topic of the prefix.
    fn layout(&self, wanted: &Wanted) -> BTreeMap<String, (usize, usize)> {
        let metadata = self.admin.inner().fetch_metadata(None, TIMEOUT).expect("metadata");
        let ours = metadata.topics().iter().filter(|topic| topic.name().starts_with(&wanted.topics.prefix));
        ours.map(|topic| (topic.name().to_owned(), (topic.partitions().len(), topic.partitions()[0].replicas().len()))).collect()
    }

    /// What is set on a topic itself.
    async fn overrides(&self, topic: &str) -> BTreeMap<String, String> {
        let asked = self.admin.describe_configs(&[ResourceSpecifier::Topic(topic)], &AdminOptions::new()).await;
        let settings = asked.expect("an answer").remove(0).expect("settings");
        let own = settings.entries.into_iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
        own.map(|entry| (entry.name, entry.value.expect("a value"))).collect()
    }

    async fn set(&self, topic: &str, settings: &[(&str, &str)]) {
        let change = settings.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |change, (key, value)| change.set(key, value));
        self.admin.alter_configs(&[change], &AdminOptions::new()).await.expect("an answer");
    }

    async fn make(&self, topic: &str, partitions: i32) {
        let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        self.admin.create_topics(&[topic], &AdminOptions::new()).await.expect("an answer").remove(0).expect("a topic");
    }

    /// Waits until the broker has learnt of a change that the controller made.
    async fn shows(&self, topic: &str, settings: &[(&str, &str)]) {
        let settings: BTreeMap<String, String> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        eventually("the settings", async || self.overrides(topic).await == settings).await;
    }
}

async fn are_made_once(broker: Broker) {
    let mut wanted = wanted();
    wanted.topics.partitions = 4;
    assert_eq!(broker.ensure(&wanted).await, Ok(created(&wanted)));
    broker.has_partitions(&wanted, 4).await;
    for name in names(&wanted) {
        broker.shows(&name, &[("retention.ms", "86400000")]).await;
    }
    assert_eq!(broker.ensure(&wanted).await, Ok(Report::default()));
}

async fn are_of_the_brokers_own_replication_factor(broker: Broker) {
    let mut wanted = wanted();
    wanted.topics.replication_factor = None;
    assert_eq!(broker.ensure(&wanted).await, Ok(created(&wanted)));
    broker.has_partitions(&wanted, 1).await;
    assert_eq!(broker.ensure(&wanted).await, Ok(Report::default()));
}

async fn are_raised_and_never_lowered(broker: Broker) {
    let one = wanted();
    let three = with_partitions(&one, 3);
    broker.ensure(&one).await.expect("topics");
    let raised = Report { partitions_raised: names(&one), ..Report::default() };
    assert_eq!(broker.ensure(&three).await, Ok(raised));
    broker.has_partitions(&one, 3).await;
    assert_eq!(broker.ensure(&three).await, Ok(Report::default()));

    let report = broker.ensure(&one).await.expect("topics");
    let left_alone =
        names(&one).into_iter().map(|name| format!("{name} keeps its 3 partitions, of which 1 are asked for: Kafka cannot take one away"));
    assert_eq!(report, Report { left_alone: left_alone.collect(), ..Report::default() });
    broker.has_partitions(&one, 3).await;
}

async fn keep_what_others_set_when_the_retention_changes(broker: Broker) {
    let wanted = wanted();
    broker.ensure(&wanted).await.expect("topics");
    let menu = format!("{}menu.events", wanted.topics.prefix);
    let by_hand = [("max.message.bytes", "2000000"), ("min.compaction.lag.ms", "5")];
    broker.set(&menu, &[by_hand[0], by_hand[1], ("retention.ms", "86400000")]).await;
    broker.shows(&menu, &[by_hand[0], by_hand[1], ("retention.ms", "86400000")]).await;
    assert_eq!(broker.ensure(&wanted).await, Ok(Report::default()));

    let week = with_retention(&wanted, 7 * DAY);
    assert_eq!(broker.ensure(&week).await, Ok(Report { retention_set: names(&wanted), ..Report::default() }));
    broker.shows(&menu, &[by_hand[0], by_hand[1], ("retention.ms", "604800000")]).await;
    assert_eq!(broker.ensure(&week).await, Ok(Report::default()));

    // A shorter one, too, and on one topic only.
    broker.set(&menu, &[by_hand[0], by_hand[1], ("retention.ms", "1000")]).await;
    broker.shows(&menu, &[by_hand[0], by_hand[1], ("retention.ms", "1000")]).await;
    assert_eq!(broker.ensure(&week).await, Ok(Report { retention_set: BTreeSet::from([menu.clone()]), ..Report::default() }));
    broker.shows(&menu, &[by_hand[0], by_hand[1], ("retention.ms", "604800000")]).await;
}

async fn of_others_are_taken_as_they_are(broker: Broker) {
    let wanted = Wanted { topics: Topics { partitions: 2, ..wanted().topics }, ..wanted() };
    let prefix = &wanted.topics.prefix;
    let [menu, reservation, user] = TOPICS.map(|topic| format!("{prefix}{topic}"));
    broker.make(&menu, 5).await;
    broker.make(&reservation, 1).await;
    let compacted = ("cleanup.policy", "compact,delete");
    broker.set(&reservation, &[compacted]).await;
    broker.shows(&reservation, &[compacted]).await;
    let old = format!("{prefix}menu.events.old");
    broker.make(&old, 1).await;
    eventually("the topics", async || broker.layout(&wanted).len() == 3).await;

    let report = Report {
        created: BTreeSet::from([user.clone()]),
        partitions_raised: BTreeSet::from([reservation.clone()]),
        retention_set: BTreeSet::from([menu.clone(), reservation.clone()]),
        left_alone: BTreeSet::from([format!("{menu} keeps its 5 partitions, of which 2 are asked for: Kafka cannot take one away")]),
    };
    assert_eq!(broker.ensure(&wanted).await, Ok(report.clone()));
    broker.shows(&reservation, &[compacted, ("retention.ms", "86400000")]).await;
    let layout = BTreeMap::from([(menu, (5, 1)), (old, (1, 1)), (reservation, (2, 1)), (user, (2, 1))]);
    eventually("the topics", async || broker.layout(&wanted) == layout).await;
    assert_eq!(broker.ensure(&wanted).await, Ok(Report { left_alone: report.left_alone, ..Report::default() }));
}

async fn of_two_restaurants_are_apart(broker: Broker) {
    let (one, other) = (wanted(), wanted());
    broker.ensure(&one).await.expect("topics");
    assert_eq!(broker.ensure(&with_partitions(&other, 2)).await, Ok(created(&other)));
    broker.has_partitions(&one, 1).await;
    broker.has_partitions(&other, 2).await;
}

async fn with_more_copies_than_brokers_are_refused(broker: Broker) {
    let mut wanted = wanted();
    wanted.topics.replication_factor = Some(3);
    let error = broker.ensure(&wanted).await.expect_err("a refusal");
    assert_eq!(error.reason(), "TopicRefused");
    let said = error.to_string();
    for part in ["menu.events cannot be created", "Broker: Invalid replication factor", "3 copies are asked for, brokers: 1"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(broker.layout(&wanted).is_empty());

    // Those that are there keep what they have.
    wanted.topics.replication_factor = Some(1);
    broker.ensure(&wanted).await.expect("topics");
    wanted.topics.replication_factor = Some(3);
    let report = broker.ensure(&wanted).await.expect("topics");
    assert!(report.left_alone.iter().all(|said| said.contains("keeps its replication factor 1 where 3 is asked for")), "{report:?}");
    assert_eq!(report.left_alone.len(), 3, "{report:?}");
}

async fn are_made_by_one_of_many_at_once(broker: Broker) {
    let one = wanted();
    let many = |wanted: Wanted| {
        let servers = broker.servers().to_owned();
        let tasks = [(); 6].map(|()| {
            let (servers, wanted) = (servers.clone(), wanted.clone());
            tokio::spawn(async move { ensure_topics(&servers, &wanted, TIMEOUT).await })
        });
        async move {
            let mut reports = Vec::new();
            for task in tasks {
                reports.push(task.await.expect("an end").expect("topics"));
            }
            reports
        }
    };
    let reports = many(one.clone()).await;
    let made: Vec<&String> = reports.iter().flat_map(|report| &report.created).collect();
    assert_eq!((made.len(), made.into_iter().cloned().collect()), (3, names(&one)), "{reports:?}");

    let reports = many(with_partitions(&with_retention(&one, 2 * DAY), 3)).await;
    let raised: Vec<&String> = reports.iter().flat_map(|report| &report.partitions_raised).collect();
    assert_eq!((raised.len(), raised.into_iter().cloned().collect()), (3, names(&one)), "{reports:?}");
    broker.has_partitions(&one, 3).await;
    for name in names(&one) {
        broker.shows(&name, &[("retention.ms", "172800000")]).await;
    }
}

/// The operator's way to where a service logs in.
fn secured(wanted: &Wanted, kafka: &Kafka) -> Wanted {
    let tls = kafka.security.tls.as_ref().map(|tls| {
        let ca = tls.ca.as_ref().map(|file| std::fs::read_to_string(file).expect("a certificate"));
        Tls { pem: (ca, None), ..Tls::default() }
    });
    let sasl = kafka.security.sasl.as_ref().map(|sasl| Sasl {
        mechanism: if tls.is_some() { SaslMechanism::ScramSha512 } else { SaslMechanism::Plain },
        username: Secret::default(),
        password: Secret::default(),
        login: (sasl.username.clone(), sasl.password.expose_secret().to_owned()),
    });
    Wanted { security: KafkaSecurity { tls, sasl }, ..wanted.clone() }
}

async fn ensure_at(kafka: &Kafka, wanted: &Wanted) -> (Result<Report, TopicsError>, Instant) {
    let begun = Instant::now();
    (ensure_topics(&kafka.bootstrap_servers, wanted, TIMEOUT).await, begun)
}

/// Which takes less than the time there is: a wrong password gets no better.
fn is_refused(outcome: Result<Report, TopicsError>, begun: Instant, reason: &str, parts: &[&str]) {
    let took = begun.elapsed();
    let error = outcome.expect_err("a refusal");
    println!("{:>4} ms: {error}", took.as_millis());
    assert_eq!(error.reason(), reason, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part} in {error}");
    }
    assert!(took < TIMEOUT / 2, "{took:?}: {error}");
}

async fn by_a_login(node: &Node) {
    let (broker, wanted) = (Broker::of(node), wanted());
    let right = node.with_login(broker.kafka.clone(), PASSWORD);
    assert_eq!(ensure_at(&right, &secured(&wanted, &right)).await.0, Ok(created(&wanted)));

    let wrong = node.with_login(broker.kafka.clone(), "swordfish");
    let (outcome, begun) = ensure_at(&wrong, &secured(&wanted, &wrong)).await;
    assert!(!format!("{outcome:?}").contains("swordfish"), "{outcome:?}");
    is_refused(outcome, begun, "BrokerLoginFailed", &["Authentication failed", "spec.kafka.external.sasl"]);

    if !apache::has_tls() {
        let mut scram = secured(&wanted, &right);
        scram.security.sasl.as_mut().expect("a login").mechanism = SaslMechanism::ScramSha512;
        let (outcome, begun) = ensure_at(&right, &scram).await;
        is_refused(outcome, begun, "KafkaTlsNotBuiltIn", &["SCRAM-SHA-512", "kafka-tls"]);
    }
}

async fn through_tls(node: &Node) {
    let (broker, wanted) = (Broker::of(node), wanted());
    let right = node.with_tls(broker.kafka.clone(), PASSWORD, true);
    assert_eq!(ensure_at(&right, &secured(&wanted, &right)).await.0, Ok(created(&wanted)));

    let wrong = node.with_tls(broker.kafka.clone(), "mackerel", true);
    let (outcome, begun) = ensure_at(&wrong, &secured(&wanted, &wrong)).await;
    is_refused(outcome, begun, "BrokerLoginFailed", &["Authentication failed"]);

    let unknown = node.with_tls(broker.kafka.clone(), PASSWORD, false);
    let (outcome, begun) = ensure_at(&unknown, &secured(&wanted, &unknown)).await;
    is_refused(outcome, begun, "BrokerTlsFailed", &["broker certificate could not be verified", "spec.kafka.external.tls"]);

    let mut nonsense = secured(&wanted, &right);
    nonsense.security.tls = Some(Tls { pem: (Some("mackerel".to_owned()), None), ..Tls::default() });
    let (outcome, begun) = ensure_at(&right, &nonsense).await;
    is_refused(outcome, begun, "InvalidKafkaSettings", &["ssl.ca.pem"]);
}

macro_rules! trials {
    ($node:expr, $($scenario:ident),* $(,)?) => {
        vec![$({
            let node: Option<Arc<Node>> = $node.clone();
            Trial::test(concat!("topics_", stringify!($scenario)), move || {
                let node = node.ok_or("there is no Apache Kafka")?;
                runtime().block_on(async { $scenario(Broker::of(&node)).await });
                Ok(())
            })
        }),*]
    };
}

/// The tests of the topics.
pub(crate) fn trials(node: &Option<Arc<Node>>) -> Vec<Trial> {
    let mut trials = trials!(
        node,
        are_made_once,
        are_of_the_brokers_own_replication_factor,
        are_raised_and_never_lowered,
        keep_what_others_set_when_the_retention_changes,
        of_others_are_taken_as_they_are,
        of_two_restaurants_are_apart,
        with_more_copies_than_brokers_are_refused,
        are_made_by_one_of_many_at_once,
    );
    let (by_login, by_tls) = (node.clone(), node.clone());
    trials.push(Trial::test("topics_by_a_login", move || {
        let node = by_login.ok_or("there is no Apache Kafka")?;
        runtime().block_on(by_a_login(&node));
        Ok(())
    }));
    let tls = Trial::test("topics_through_tls", move || {
        let node = by_tls.ok_or("there is no Apache Kafka")?;
        runtime().block_on(through_tls(&node));
        Ok(())
    });
    trials.push(tls.with_ignored_flag(!apache::has_tls()));
    trials
}
