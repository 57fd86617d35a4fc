//! A resource that was validated: every default filled in, every reference resolved. What is built from it cannot be wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Affinity, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::api::{Autoscaling, LogLevel, Quantity, SaslMechanism, SynchronousReplication};

use super::names::{database_name, kafka_name, keys_name};
use super::references::Credentials;
use super::service::{PerService, Service};
use super::volume::Volume;

/// A resource that was validated.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The resource's name.
    pub name: String,
    /// The resource's namespace.
    pub namespace: String,
    /// Refers to the resource, for what is to go with it.
    pub owner: OwnerReference,
    /// Where the operator itself runs; its Pods reach the brokers.
    pub operator_namespace: String,
    /// Whether Pods have the user and group ids of their images, and not those that the cluster gives.
    pub fixed_ids: bool,
    /// The restaurant's settings.
    pub restaurant: Restaurant,
    /// When images are pulled: `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: &'static str,
    /// Names of the Secrets with the registry's credentials.
    pub image_pull_secrets: Vec<String>,
    /// How each service runs.
    pub components: PerService<Component>,
    /// The first administrator.
    pub admin: Admin,
    /// What was generated, now or earlier.
    pub credentials: Credentials,
    /// The databases.
    pub postgres: Postgres,
    /// Where each service finds the URL of its database.
    pub databases: PerService<Secret>,
    /// The broker.
    pub kafka: Kafka,
    /// How guests get in.
    pub exposure: Option<Exposure>,
    /// Who may reach the Pods; `None` where everybody may.
    pub network_policy: Option<NetworkPolicy>,
    /// Pods of a service that may be missing at once; `None` where no budget is wanted.
    pub pod_disruption_budget: Option<i32>,
    /// What Prometheus reads; `None` where it is switched off, or the cluster does not know the kinds.
    pub monitoring: Option<Monitoring>,
    /// Whether volumes, databases, topics and Secrets outlive the resource.
    pub retain: bool,
}

/// The restaurant's settings.
#[derive(Clone, Debug)]
pub struct Restaurant {
    /// IANA name of its time zone.
    pub time_zone: String,
    /// Whether a booking is confirmed at once.
    pub auto_confirm: bool,
    /// How many days ahead guests may book.
    pub max_days_ahead: i32,
}

/// How a service runs.
#[derive(Clone, Debug)]
pub struct Component {
    /// The image's full name.
    pub image: String,
    /// The tag or digest of the image: the version of the service.
    pub version: String,
    /// Whether the tag is the operator's default, so that another operator brings another version.
    pub is_default_version: bool,
    /// How many Pods there are.
    pub scale: Scale,
    /// What a Pod asks for and may use.
    pub resources: Resources,
    /// Labels of the Pods, beside our own.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Pods, beside our own.
    pub annotations: BTreeMap<String, String>,
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that are tolerated.
    pub tolerations: Vec<Toleration>,
    /// Which nodes and neighbours are preferred or needed.
    pub affinity: Option<Affinity>,
    /// What of the resource cannot be read, so that the Pods must stay as they are.
    pub unreadable: Option<String>,
    /// How the Pods spread; `None` for the default.
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// How much is logged.
    pub log_level: LogLevel,
    /// Origins whose pages may call.
    pub cors_allowed_origins: Vec<String>,
    /// Connections that a Pod opens to its database at most.
    pub database_max_connections: i32,
}

/// How many Pods a service has.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// So many.
    Fixed(i32),
    /// As an autoscaler decides.
    Auto {
        /// Fewest.
        min: i32,
        /// Most.
        max: i32,
        /// Use of the requested CPU to aim at, in percent.
        target_cpu_percent: i32,
    },
}

impl Scale {
    /// The fewest Pods that there are.
    pub fn at_least(&self) -> i32 {
        match self {
            Self::Fixed(replicas) => *replicas,
            Self::Auto { min, .. } => *min,
        }
    }
}

impl From<&Autoscaling> for Scale {
    fn from(autoscaling: &Autoscaling) -> Self {
        Self::Auto {
            min: autoscaling.min_replicas.unwrap_or(2),
            max: autoscaling.max_replicas,
            target_cpu_percent: autoscaling.target_cpu_utilization_percentage.unwrap_or(75),
        }
    }
}

/// What a container asks for, and what it may use at most.
#[derive(Clone, Debug)]
pub struct Resources {
    /// What is reserved.
    pub requests: BTreeMap<String, Quantity>,
    /// What may be used at most.
    pub limits: BTreeMap<String, Quantity>,
}

/// A key of a Secret that a Pod mounts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secret {
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
    /// SHA-256 of the value, in hexadecimal digits: a Pod that mounts it carries it, and so is replaced when the value changes. Empty
    /// while the value does not exist.
    pub checksum: String,
}

/// The first administrator.
#[derive(Clone, Debug)]
pub struct Admin {
    /// E-mail address.
    pub email: String,
    /// Where the password is.
    pub password: Secret,
    /// Whether the Secret is ours.
    pub generated: bool,
}

/// The databases.
#[derive(Clone, Debug)]
pub enum Postgres {
    /// A StatefulSet for each service.
    Managed {
        /// The full name of each image.
        images: PerService<String>,
        /// With what the volume of each was, or is, made.
        volumes: Box<PerService<Volume>>,
        /// The volume of each.
        storage: Storage,
        /// What a Pod asks for and may use.
        resources: Resources,
    },
    /// A Cluster for each service.
    CloudNativePg {
        /// Instances of each.
        instances: i32,
        /// When a write is acknowledged, where there are several instances.
        synchronous_replication: SynchronousReplication,
        /// The image's full name; `None` for CloudNativePG's default.
        image: Option<String>,
        /// The volume of each instance.
        storage: Storage,
        /// What an instance asks for and may use.
        resources: Resources,
    },
    /// Databases that exist already.
    External {
        /// The port of each, for network policies.
        ports: PerService<u16>,
    },
}

impl Postgres {
    /// As the status has it, and the spec.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Managed { .. } => "managed",
            Self::CloudNativePg { .. } => "cloudNativePG",
            Self::External { .. } => "external",
        }
    }
}

/// A volume.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Its size.
    pub size: Quantity,
    /// Its class; `None` for the cluster's default.
    pub class: Option<String>,
}

/// The broker and the topics.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// Whose it is.
    pub backend: KafkaBackend,
    /// `host:port`, separated by commas, as the Pods reach it.
    pub bootstrap_servers: String,
    /// How a connection is secured.
    pub security: KafkaSecurity,
    /// The topics.
    pub topics: Topics,
}

/// Whose the broker is.
#[derive(Clone, Debug)]
pub enum KafkaBackend {
    /// A StatefulSet of one node.
    Managed {
        /// The image's full name.
        image: String,
        /// The volume.
        storage: Storage,
        /// What the Pod asks for and may use.
        resources: Resources,
    },
    /// Strimzi's, made for this platform.
    Strimzi {
        /// How many brokers.
        brokers: i32,
        /// Version of Kafka; `None` for Strimzi's default.
        version: Option<String>,
        /// The volume of each broker.
        storage: Storage,
        /// What a broker asks for and may use.
        resources: Resources,
    },
    /// Strimzi's, that exists already.
    StrimziCluster {
        /// Name of the Kafka resource.
        name: String,
    },
    /// Outside.
    External,
}

impl KafkaBackend {
    /// As the status has it, and the spec.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Managed { .. } => "managed",
            Self::Strimzi { .. } | Self::StrimziCluster { .. } => "strimzi",
            Self::External => "external",
        }
    }
}

/// How connections to the broker are secured.
#[derive(Clone, Debug, Default)]
pub struct KafkaSecurity {
    /// Encryption; `None` for none.
    pub tls: Option<Tls>,
    /// Login; `None` for none.
    pub sasl: Option<Sasl>,
}

/// Encryption of connections to the broker.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The authorities to trust; `None` for those of the image.
    pub ca: Option<Secret>,
    /// The client's certificate and its key.
    pub certificate: Option<(Secret, Secret)>,
    /// What the files hold, for the operator's own connections: CA, certificate, key (PEM).
    pub pem: (Option<String>, Option<(String, String)>),
}

/// Login at the broker.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// The mechanism.
    pub mechanism: SaslMechanism,
    /// Where the user's name is.
    pub username: Secret,
    /// Where the password is.
    pub password: Secret,
    /// Name and password, for the operator's own connections.
    pub login: (String, String),
}

/// The topics.
#[derive(Clone, Debug, PartialEq)]
pub struct Topics {
    /// Put before the names of topics and groups.
    pub prefix: String,
    /// Partitions of each.
    pub partitions: i32,
    /// Copies of each partition; `None` for the broker's default.
    pub replication_factor: Option<i32>,
    /// How long an event is kept.
    pub retention: Duration,
}

/// The topics, without prefix.
pub const TOPICS: [&str; 3] = ["menu.events", "reservation.events", "user.events"];

/// How guests get in.
#[derive(Clone, Debug)]
pub enum Exposure {
    /// By an Ingress.
    Ingress {
        /// The host.
        host: String,
        /// IngressClass; `None` for the cluster's default.
        class: Option<String>,
        /// Secret with the certificate.
        tls_secret: Option<String>,
        /// Annotations.
        annotations: BTreeMap<String, String>,
    },
    /// By an HTTPRoute.
    Gateway {
        /// The host.
        host: String,
        /// Name of the Gateway.
        parent: String,
        /// Its listener.
        section: Option<String>,
    },
}

/// Who may call the services.
#[derive(Clone, Debug)]
pub struct NetworkPolicy {
    /// Labels of the namespaces whose Pods may; empty: everybody may.
    pub client_namespace_labels: BTreeMap<String, String>,
    /// The namespaces of the cluster's DNS; empty: it may be anywhere.
    pub dns_namespaces: Vec<String>,
    /// The namespaces of CloudNativePG's operator; empty: all.
    pub cloud_native_pg_namespaces: Vec<String>,
}

/// What Prometheus reads.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// Labels of the objects.
    pub labels: BTreeMap<String, String>,
    /// Seconds between two readings.
    pub interval_seconds: i32,
}

impl Platform {
    /// Name of what makes up a service: Deployment, Service, ServiceAccount, ConfigMap and the like.
    pub fn component_name(&self, service: Service) -> String {
        format!("{}-{}", self.name, service.as_str())
    }

    /// Name of what makes up a service's database.
    pub fn postgres_name(&self, service: Service) -> String {
        database_name(&self.name, service)
    }

    /// Name of what makes up the broker.
    pub fn kafka_name(&self) -> String {
        kafka_name(&self.name)
    }

    /// Name of the Secret with the keys that sign and verify tokens.
    pub fn keys_name(&self) -> String {
        keys_name(&self.name)
    }
}
