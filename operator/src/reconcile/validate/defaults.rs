//! The operator's settings that affect platforms.

/// The operator's settings that affect platforms.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Registry and path of images, if the resource names none.
    pub image_registry: String,
    /// Tag of images, if the resource names none.
    pub image_tag: String,
    /// Version of PostgreSQL of new managed databases, if the resource names none.
    pub postgres_version: String,
    /// The number of resources that roll out at once after a change of the default tag.
    pub max_concurrent_rollouts: u16,
    /// The namespace that the operator runs in.
    pub operator_namespace: String,
    /// Whether a Secret that a resource names needs the label [`USABLE`](crate::reconcile::references::USABLE).
    pub secrets_require_label: bool,
    /// Whether Pods have the user and group ids of their images, and not those that the cluster gives.
    pub fixed_ids: bool,
    /// The registries, or paths in them, that images must come from; empty: all.
    pub allowed_registries: Vec<String>,
    /// The namespaces of the cluster's DNS, for network policies; empty: any address.
    pub dns_namespaces: Vec<String>,
    /// The namespaces of CloudNativePG's operator, for network policies; empty: all.
    pub cloud_native_pg_namespaces: Vec<String>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            image_registry: "ghcr.io/restaurant-booking".to_owned(),
            image_tag: env!("CARGO_PKG_VERSION").to_owned(),
            postgres_version: "17".to_owned(),
            max_concurrent_rollouts: 5,
            operator_namespace: "restaurant-booking-operator".to_owned(),
            secrets_require_label: true,
            fixed_ids: true,
            allowed_registries: Vec::new(),
            dns_namespaces: ["kube-system", "openshift-dns"].map(str::to_owned).into(),
            cloud_native_pg_namespaces: vec!["cnpg-system".to_owned()],
        }
    }
}
