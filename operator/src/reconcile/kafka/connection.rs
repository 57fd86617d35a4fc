//! A connection to the broker that lasts for one look at the topics.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chassis::events::kafka::{client, features};
use chassis::run::config::{Kafka, Mechanism, Sasl, Security, Tls};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use tokio::runtime::Handle;

use crate::api::SaslMechanism;
use crate::reconcile::backend::broker::settings::KafkaSecurity;
use crate::timing::{FIRST_PATIENCE, POLL};

use super::error::{Operation, TopicsError, is_forbidden};

/// The settings of librdkafka.
pub(super) fn config(servers: &str, security: &KafkaSecurity) -> Result<ClientConfig, TopicsError> {
    let features = features();
    let built_in = |feature: &str| features.iter().any(|known| known == feature);
    if security.tls.is_some() && !built_in("ssl") {
        return Err(TopicsError::NotBuiltIn("spec.kafka.external.tls"));
    }
    let sasl = match &security.sasl {
        None => None,
        Some(sasl) if sasl.mechanism != SaslMechanism::Plain && !built_in("sasl_scram") => {
            return Err(TopicsError::NotBuiltIn(sasl.mechanism.as_str()));
        }
        Some(sasl) => {
            let mechanism = match sasl.mechanism {
                SaslMechanism::Plain => Mechanism::Plain,
                SaslMechanism::ScramSha256 => Mechanism::ScramSha256,
                SaslMechanism::ScramSha512 => Mechanism::ScramSha512,
            };
            let (username, password) = sasl.login.clone();
            Some(Sasl { mechanism, username, password: password.into() })
        }
    };
    let tls = security.tls.as_ref().map(|_| Tls::default());
    let mut config = client(&Kafka {
        bootstrap_servers: servers.to_owned(),
        prefix: String::new(),
        security: Security { tls, sasl },
        in_process: false,
    });
    config.set("client.id", "restaurant-booking-operator");
    // Without this, a broker would create a topic that is only looked up, with the broker's defaults.
    config.set("allow.auto.create.topics", "false");
    let (ca, certificate) = security.tls.as_ref().map(|tls| tls.pem.clone()).unwrap_or_default();
    if let Some(ca) = ca {
        config.remove("ssl.ca.location").set("ssl.ca.pem", ca);
    }
    if let Some((certificate, key)) = certificate {
        config.set("ssl.certificate.pem", certificate).set("ssl.key.pem", key);
    }
    Ok(config)
}

/// A topic that exists.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) partitions: usize,
    pub(super) copies: usize,
}

/// The broker's answer about the cluster.
pub(super) struct Cluster {
    /// `host:port` of each broker, as the broker advertises it to clients.
    pub(super) brokers: Vec<String>,
    /// The topics that exist, of those that were looked up.
    pub(super) topics: Vec<Found>,
}

/// A connection to the broker. Its calls block until the broker answers, or the deadline passes.
pub(super) struct Connection {
    servers: String,
    deadline: Instant,
    runtime: Handle,
    /// Reads metadata, and records the errors that an admin client does not report.
    client: BaseProducer<Context>,
    admin: AdminClient<Context>,
}

impl Connection {
    /// A connection that may be used until `deadline`. Call it within a runtime.
    pub(super) fn open(servers: String, config: &ClientConfig, deadline: Instant) -> Result<Self, TopicsError> {
        let client = config.create_with_context(Context::default()).map_err(|error| unusable(&error))?;
        let admin = config.create_with_context(Context::default()).map_err(|error| unusable(&error))?;
        Ok(Self { servers, deadline, runtime: Handle::current(), client, admin })
    }

    /// The time until the deadline; `None` after it.
    pub(super) fn left(&self) -> Option<Duration> {
        Some(self.deadline.saturating_duration_since(Instant::now())).filter(|left| *left >= POLL)
    }

    /// The brokers, and the topics of these names that exist.
    pub(super) fn look(&self, names: &[String]) -> Result<Cluster, TopicsError> {
        let mut cluster = Cluster { brokers: Vec::new(), topics: Vec::new() };
        for name in names {
            let metadata = self.metadata(name)?;
            cluster.brokers = metadata.brokers().iter().map(|broker| format!("{}:{}", broker.host(), broker.port())).collect();
            cluster.brokers.sort();
            let topic = metadata.topics().iter().find(|topic| topic.name() == name);
            match topic.map(|topic| (topic, topic.error().map(RDKafkaErrorCode::from))) {
                None | Some((_, Some(RDKafkaErrorCode::UnknownTopicOrPartition))) => {}
                Some((topic, None)) => cluster.topics.push(Found {
                    name: name.clone(),
                    partitions: topic.partitions().len(),
                    copies: topic.partitions().iter().map(|partition| partition.replicas().len()).max().unwrap_or_default(),
                }),
                Some((_, Some(code))) => {
                    let (topic, operation, reason) = (name.clone(), Operation::Read, code.to_string());
                    return Err(match is_forbidden(code) {
                        true => TopicsError::NotAuthorized { topic, operation, reason },
                        false => TopicsError::Refused { topic, operation, reason },
                    });
                }
            }
        }
        Ok(cluster)
    }

    fn metadata(&self, topic: &str) -> Result<Metadata, TopicsError> {
        let mut patience = FIRST_PATIENCE;
        loop {
            let Some(left) = self.left() else { return Err(self.unanswered()) };
            match self.client.client().fetch_metadata(Some(topic), patience.min(left)) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => tracing::debug!(%error, servers = self.servers, "no metadata yet"),
            }
            self.client.poll(POLL);
            match self.client.context().heard() {
                // Another attempt would fail in the same way.
                Some(Heard::Login(_) | Heard::Tls(_)) => return Err(self.unanswered()),
                Some(Heard::Away(_)) | None => patience *= 2,
            }
        }
    }

    fn unanswered(&self) -> TopicsError {
        let servers = self.servers.clone();
        match self.client.context().heard() {
            Some(Heard::Login(reason)) => TopicsError::NotAuthenticated { servers, reason },
            Some(Heard::Tls(reason)) => TopicsError::NoTls { servers, reason },
            Some(Heard::Away(reason)) => TopicsError::Unreachable { servers, reason: format!("{reason}; {REACHABLE}") },
            None => TopicsError::Unreachable { servers, reason: REACHABLE.to_owned() },
        }
    }

    /// Sends a request about topics to the brokers, and waits for the answer.
    pub(super) fn ask<T, F: Future<Output = KafkaResult<T>>>(
        &self,
        cluster: &Cluster,
        operation: Operation,
        request: impl FnOnce(&AdminClient<Context>, &AdminOptions) -> F,
    ) -> Result<T, TopicsError> {
        let Some(left) = self.left() else { return Err(self.unanswered()) };
        let options = AdminOptions::new().request_timeout(Some(left)).operation_timeout(Some(left));
        let answer = self.runtime.block_on(request(&self.admin, &options));
        answer.map_err(|error| {
            let reason = format!(
                "topics could not be {operation}: {error}; the controller must run, and the operator must reach the brokers at the addresses \
                 that they tell: {}",
                cluster.brokers.join(",")
            );
            TopicsError::Unreachable { servers: self.servers.clone(), reason }
        })
    }
}

/// The reason why there is no client. The text of some of these errors contains the setting's value, which may be secret.
fn unusable(error: &KafkaError) -> TopicsError {
    TopicsError::Unusable(match error {
        KafkaError::ClientConfig(_, _, key, _) => format!("librdkafka does not take the value of {key}"),
        KafkaError::ClientCreation(reason) => reason.clone(),
        KafkaError::Nul(_) => "a value has a NUL in it".to_owned(),
        _ => "librdkafka makes no client of them".to_owned(),
    })
}

/// The reason why the broker cannot be reached.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    /// The broker is away.
    Away(String),
    /// The broker refuses the login.
    Login(String),
    /// The TLS handshake fails.
    Tls(String),
}

/// The advice for a broker that does not answer.
pub(super) const REACHABLE: &str = "the broker must run, and let the operator's Pods connect";
/// The reason for a broker that closes the connection without an error.
const HUNG_UP: &str = "it closes the connection: it is stopping, or it requires TLS or a login that spec.kafka.external does not configure";

impl Heard {
    fn new(code: Option<RDKafkaErrorCode>, reason: &str) -> Option<Self> {
        use RDKafkaErrorCode::{
            AllBrokersDown, Authentication, BrokerTransportFailure, SSL, SaslAuthenticationFailed, UnsupportedSASLMechanism,
        };
        // Counts and durations are not part of the reason: each condition would differ from the last.
        let reason = reason.split(" (after ").next().unwrap_or(reason).to_owned();
        match code? {
            // The error follows others that have a reason, except here.
            AllBrokersDown => Some(Self::Away(HUNG_UP.to_owned())),
            Authentication | SaslAuthenticationFailed | UnsupportedSASLMechanism => Some(Self::Login(reason)),
            SSL => Some(Self::Tls(reason)),
            BrokerTransportFailure if reason.contains("SSL handshake failed") || reason.contains("SSL alert") => Some(Self::Tls(reason)),
            BrokerTransportFailure if reason.contains("Send failed") || reason.contains("Receive failed") => {
                Some(Self::Away(HUNG_UP.to_owned()))
            }
            _ => Some(Self::Away(reason)),
        }
    }
}

/// Receives the errors of librdkafka. The log has them at the level debug only: the caller reports the result.
#[derive(Default)]
pub(super) struct Context(Mutex<Option<Heard>>);

impl Context {
    fn heard(&self) -> Option<Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Context {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*heard, Heard::new(error.rdkafka_error_code(), reason)) {
            // The first error of a kind is kept, so that the same failure always has the same message.
            (None, new) => *heard = new,
            (Some(Heard::Away(_)), Some(new @ (Heard::Login(_) | Heard::Tls(_)))) => *heard = Some(new),
            _ => {}
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, _: ()) {}
}
