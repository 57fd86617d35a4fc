//! A validated resource: every default is filled in, and every reference is resolved. Building objects from it cannot fail.

mod backup;
mod values;

use std::collections::BTreeMap;

use house::declared::Declared;
use k8s_openapi::api::core::v1::{Affinity, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

pub use backup::{Backup, Place, Program, Repository, Restore, S3, Source, Verify};
pub use values::{Resources, Secret, Storage};

use crate::api::{Autoscaling, LogLevel};

use super::backend::broker::settings::Kafka;
use super::backend::database::settings::Postgres;
use super::names::{database_name, kafka_name, keys_name};
use super::references::Credentials;
use super::service::{PerService, Service};

/// A validated resource.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The resource's name.
    pub name: String,
    /// The resource's namespace.
    pub namespace: String,
    /// The owner reference to the resource, for objects that are deleted with it.
    pub owner: OwnerReference,
    /// The namespace of the operator, whose Pods connect to the brokers.
    pub operator_namespace: String,
    /// Whether Pods have the user and group ids of their images, and not those that the cluster gives.
    pub fixed_ids: bool,
    /// The restaurant's settings.
    pub restaurant: Restaurant,
    /// The declared house.
    pub house: Declared,
    /// When images are pulled: `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: &'static str,
    /// Names of the Secrets with the registry's credentials.
    pub image_pull_secrets: Vec<String>,
    /// The settings of each service.
    pub components: PerService<Component>,
    /// The first administrator.
    pub admin: Admin,
    /// The generated credentials, new or kept from an earlier reconcile.
    pub credentials: Credentials,
    /// The databases.
    pub postgres: Postgres,
    /// The broker.
    pub kafka: Kafka,
    /// The program that makes backups.
    pub program: Program,
    /// The backups of the databases; `None`: none are made.
    pub backup: Option<Backup>,
    /// The restore that the resource begins with; `None`: the databases begin empty.
    pub restore: Option<Restore>,
    /// The access from outside the cluster.
    pub exposure: Option<Exposure>,
    /// Mail to guests; `None`: none is sent.
    pub mail: Option<Mail>,
    /// The clients that may reach the Pods; `None`: no policies.
    pub network_policy: Option<NetworkPolicy>,
    /// The number of Pods of a service that may be unavailable at once; `None`: no budget.
    pub pod_disruption_budget: Option<i32>,
    /// The settings for Prometheus; `None` if monitoring is disabled, or the cluster does not have the kinds.
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
    /// How it presents itself to guests: the settings of every service, by their names.
    pub site: BTreeMap<&'static str, String>,
}

/// How mail to guests is sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The settings that are not secret, by their names.
    pub settings: BTreeMap<&'static str, String>,
    /// The port of the mail server.
    pub port: u16,
    /// The Secrets with the user's name and the password.
    pub credentials: Option<[Secret; 2]>,
}

/// The settings of a service.
#[derive(Clone, Debug)]
pub struct Component {
    /// The image's full name.
    pub image: String,
    /// The tag or digest of the image: the version of the service.
    pub version: String,
    /// Whether the tag is the operator's default, so that a new operator changes the version.
    pub is_default_version: bool,
    /// The number of Pods.
    pub scale: Scale,
    /// The requests and limits of a Pod.
    pub resources: Resources,
    /// Labels of the Pods, in addition to the operator's own.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Pods, in addition to the operator's own.
    pub annotations: BTreeMap<String, String>,
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that the Pods tolerate.
    pub tolerations: Vec<Toleration>,
    /// The affinity of the Pods.
    pub affinity: Option<Affinity>,
    /// The error of a field that cannot be read. The Pods must then stay as they are.
    pub unreadable: Option<String>,
    /// The spread of the Pods; `None` for the default.
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// The log level.
    pub log_level: LogLevel,
    /// Origins from which pages may call the service.
    pub cors_allowed_origins: Vec<String>,
    /// The maximum number of connections that a Pod opens to its database.
    pub database_max_connections: i32,
}

/// The number of Pods of a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// A fixed number.
    Fixed(i32),
    /// A number that an autoscaler sets.
    Auto {
        /// The minimum.
        min: i32,
        /// The maximum.
        max: i32,
        /// The target for the use of the requested CPU, in percent.
        target_cpu_percent: i32,
    },
}

impl Scale {
    /// The minimum number of Pods.
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

/// The first administrator.
#[derive(Clone, Debug)]
pub struct Admin {
    /// E-mail address.
    pub email: String,
    /// The Secret with the password.
    pub password: Secret,
    /// Whether the operator generates the password.
    pub generated: bool,
}

/// The access from outside the cluster.
#[derive(Clone, Debug)]
pub enum Exposure {
    /// An Ingress.
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
    /// An HTTPRoute.
    Gateway {
        /// The host.
        host: String,
        /// The name of the Gateway.
        parent: String,
        /// The name of the Gateway's listener.
        section: Option<String>,
    },
}

impl Exposure {
    /// Where browsers reach the services. A Gateway is taken to speak TLS, as those that are open to the world do.
    pub fn url(&self) -> String {
        match self {
            Self::Ingress { host, tls_secret: None, .. } => format!("http://{host}"),
            Self::Ingress { host, .. } | Self::Gateway { host, .. } => format!("https://{host}"),
        }
    }
}

/// The clients that may call the services.
#[derive(Clone, Debug)]
pub struct NetworkPolicy {
    /// Labels of the namespaces whose Pods may call them; empty: all Pods may.
    pub client_namespace_labels: BTreeMap<String, String>,
    /// The namespaces of the cluster's DNS; empty: any address.
    pub dns_namespaces: Vec<String>,
}

/// The settings for Prometheus.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// Labels of the objects.
    pub labels: BTreeMap<String, String>,
    /// The scrape interval in seconds.
    pub interval_seconds: i32,
}

impl Platform {
    /// The name of the objects of a service: Deployment, Service, ServiceAccount, ConfigMap and others.
    pub fn component_name(&self, service: Service) -> String {
        format!("{}-{}", self.name, service.as_str())
    }

    /// The name of the objects of a service's database.
    pub fn postgres_name(&self, service: Service) -> String {
        database_name(&self.name, service)
    }

    /// The name of the objects of the broker.
    pub fn kafka_name(&self) -> String {
        kafka_name(&self.name)
    }

    /// Whether the keys of tokens and links may come with backups that nobody has looked at yet, so that none must be made.
    pub fn awaits_keys(&self) -> bool {
        self.restore.as_ref().and_then(Restore::source).is_some_and(|source| source.awaits_keys)
    }

    /// The name of the Secret with the keys that sign and verify tokens.
    pub fn keys_name(&self) -> String {
        keys_name(&self.name)
    }
}
