//! The settings of the broker and the topics, as a validated resource has them.

use std::time::Duration;

use crate::api::SaslMechanism;
use crate::reconcile::platform::{Resources, Secret, Storage};

/// The broker and the topics.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// The backend.
    pub backend: KafkaBackend,
    /// `host:port`, separated by commas, as the Pods connect to it.
    pub bootstrap_servers: String,
    /// The security of connections.
    pub security: KafkaSecurity,
    /// The topics.
    pub topics: Topics,
}

/// The backend of the broker.
#[derive(Clone, Debug)]
pub enum KafkaBackend {
    /// A StatefulSet of one node.
    Managed(Managed),
    /// A Kafka cluster of Strimzi's.
    Strimzi(Strimzi),
    /// A broker that the operator does not manage.
    External(External),
}

/// A StatefulSet of one node.
#[derive(Clone, Debug)]
pub struct Managed {
    /// The image's full name.
    pub image: String,
    /// The volume.
    pub storage: Storage,
    /// The requests and limits of the Pod.
    pub resources: Resources,
}

/// A Kafka cluster of Strimzi's.
#[derive(Clone, Debug)]
pub enum Strimzi {
    /// One that is created for this platform.
    Own(Cluster),
    /// One that exists already.
    Existing {
        /// Name of the Kafka resource.
        name: String,
    },
}

/// A Kafka cluster of Strimzi's that is created for a platform.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The number of brokers.
    pub brokers: i32,
    /// The version of Kafka; `None` for Strimzi's default.
    pub version: Option<String>,
    /// The volume of each broker.
    pub storage: Storage,
    /// The requests and limits of a broker.
    pub resources: Resources,
}

/// A broker that the operator does not manage.
#[derive(Clone, Copy, Debug)]
pub struct External;

/// The security of connections to the broker.
#[derive(Clone, Debug, Default)]
pub struct KafkaSecurity {
    /// TLS; `None` for plaintext.
    pub tls: Option<Tls>,
    /// The login; `None` for none.
    pub sasl: Option<Sasl>,
}

/// TLS settings.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The CA certificates to trust; `None` for those of the image.
    pub ca: Option<Secret>,
    /// The client certificate and its key.
    pub certificate: Option<(Secret, Secret)>,
    /// The contents of the files, for the operator's own connections: CA, certificate, key (PEM).
    pub pem: (Option<String>, Option<(String, String)>),
}

/// SASL settings.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// The mechanism.
    pub mechanism: SaslMechanism,
    /// The Secret with the user name.
    pub username: Secret,
    /// The Secret with the password.
    pub password: Secret,
    /// User name and password, for the operator's own connections.
    pub login: (String, String),
}

/// The topics.
#[derive(Clone, Debug, PartialEq)]
pub struct Topics {
    /// Prefix of the names of topics and consumer groups.
    pub prefix: String,
    /// The number of partitions of each topic.
    pub partitions: i32,
    /// The number of replicas of each partition; `None` for the broker's default.
    pub replication_factor: Option<i32>,
    /// The time for which an event is kept.
    pub retention: Duration,
}

/// The names of the topics, without the prefix.
pub const TOPICS: [&str; 3] = ["menu.events", "reservation.events", "user.events"];
