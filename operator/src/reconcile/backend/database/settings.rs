//! The settings of the databases, as a validated resource has them.

use crate::api::SynchronousReplication;
use crate::reconcile::platform::{Resources, Secret, Storage};
use crate::reconcile::service::PerService;
use crate::reconcile::volume::Volume;

/// The databases.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// The backend.
    pub backend: PostgresBackend,
    /// The Secret with the URL of each service's database.
    pub urls: PerService<Secret>,
}

/// The backend of the databases.
#[derive(Clone, Debug)]
pub enum PostgresBackend {
    /// A StatefulSet for each service.
    Managed(Managed),
    /// A Cluster for each service.
    CloudNativePg(CloudNativePg),
    /// Databases that exist already.
    External(External),
}

/// A StatefulSet for each service.
#[derive(Clone, Debug)]
pub struct Managed {
    /// The full name of each image.
    pub images: PerService<String>,
    /// The settings that each volume was, or will be, made with.
    pub volumes: Box<PerService<Volume>>,
    /// The volume of each.
    pub storage: Storage,
    /// The requests and limits of a Pod.
    pub resources: Resources,
}

/// A Cluster of CloudNativePG's for each service.
#[derive(Clone, Debug)]
pub struct CloudNativePg {
    /// Instances of each.
    pub instances: i32,
    /// The moment at which a write is acknowledged, if there are several instances.
    pub synchronous_replication: SynchronousReplication,
    /// The image's full name; `None` for CloudNativePG's default.
    pub image: Option<String>,
    /// The volume of each instance.
    pub storage: Storage,
    /// The requests and limits of an instance.
    pub resources: Resources,
    /// The namespaces of CloudNativePG's operator, for network policies; empty: all.
    pub operator_namespaces: Vec<String>,
}

/// Databases that exist already.
#[derive(Clone, Debug)]
pub struct External {
    /// The port of each, for network policies.
    pub ports: PerService<u16>,
}
