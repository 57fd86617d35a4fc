//! The kinds of objects that the operator makes.

use kube::core::{ApiResource, GroupVersionKind};

/// A kind of object that the operator makes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Credentials and keys.
    Secret,
    /// Settings of a service.
    ConfigMap,
    /// The identity of Pods.
    ServiceAccount,
    /// The address of Pods.
    Service,
    /// A volume of a managed database or broker.
    PersistentVolumeClaim,
    /// A managed database or broker.
    StatefulSet,
    /// A migration.
    Job,
    /// A service.
    Deployment,
    /// The number of Pods of a service.
    HorizontalPodAutoscaler,
    /// The number of Pods of a service that may be unavailable.
    PodDisruptionBudget,
    /// The connections that Pods allow.
    NetworkPolicy,
    /// Access from outside the cluster.
    Ingress,
    /// Access from outside the cluster, by the Gateway API.
    HttpRoute,
    /// The endpoints that Prometheus scrapes.
    ServiceMonitor,
    /// The alerts of Prometheus.
    PrometheusRule,
    /// A database of CloudNativePG's.
    Cluster,
    /// A Kafka cluster of Strimzi's.
    Kafka,
    /// The nodes of a Kafka cluster of Strimzi's.
    KafkaNodePool,
    /// A topic of Strimzi's.
    KafkaTopic,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 19] = [
        Self::Secret,
        Self::ConfigMap,
        Self::ServiceAccount,
        Self::Service,
        Self::PersistentVolumeClaim,
        Self::StatefulSet,
        Self::Job,
        Self::Deployment,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
        Self::NetworkPolicy,
        Self::Ingress,
        Self::HttpRoute,
        Self::ServiceMonitor,
        Self::PrometheusRule,
        Self::Cluster,
        Self::Kafka,
        Self::KafkaNodePool,
        Self::KafkaTopic,
    ];

    /// Group, version, kind and plural.
    const fn names(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Secret => ("", "v1", "Secret", "secrets"),
            Self::ConfigMap => ("", "v1", "ConfigMap", "configmaps"),
            Self::ServiceAccount => ("", "v1", "ServiceAccount", "serviceaccounts"),
            Self::Service => ("", "v1", "Service", "services"),
            Self::PersistentVolumeClaim => ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
            Self::StatefulSet => ("apps", "v1", "StatefulSet", "statefulsets"),
            Self::Job => ("batch", "v1", "Job", "jobs"),
            Self::Deployment => ("apps", "v1", "Deployment", "deployments"),
            Self::HorizontalPodAutoscaler => ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
            Self::PodDisruptionBudget => ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
            Self::Ingress => ("networking.k8s.io", "v1", "Ingress", "ingresses"),
            Self::HttpRoute => ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
            Self::ServiceMonitor => ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"),
            Self::PrometheusRule => ("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"),
            Self::Cluster => ("postgresql.cnpg.io", "v1", "Cluster", "clusters"),
            Self::Kafka => ("kafka.strimzi.io", "v1", "Kafka", "kafkas"),
            Self::KafkaNodePool => ("kafka.strimzi.io", "v1", "KafkaNodePool", "kafkanodepools"),
            Self::KafkaTopic => ("kafka.strimzi.io", "v1", "KafkaTopic", "kafkatopics"),
        }
    }

    /// The value of an object's `kind`.
    pub const fn as_str(self) -> &'static str {
        self.names().2
    }

    /// The API group; empty for Kubernetes' core group.
    pub const fn group(self) -> &'static str {
        self.names().0
    }

    /// The name of the resource in paths and rules: plural, in lower case.
    pub const fn plural(self) -> &'static str {
        self.names().3
    }

    /// The value of an object's `apiVersion`.
    pub fn api_version(self) -> String {
        let (group, version, ..) = self.names();
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    }

    /// The API resource of the kind.
    pub fn resource(self) -> ApiResource {
        let (group, version, kind, plural) = self.names();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }

    /// Whether the kind belongs to another product, which may not be installed.
    pub const fn is_optional(self) -> bool {
        matches!(
            self,
            Self::HttpRoute
                | Self::ServiceMonitor
                | Self::PrometheusRule
                | Self::Cluster
                | Self::Kafka
                | Self::KafkaNodePool
                | Self::KafkaTopic
        )
    }

    /// Whether objects of the kind hold data that `deletionPolicy: Retain` keeps: volumes, credentials, databases, topics.
    pub const fn holds_data(self) -> bool {
        matches!(self, Self::Secret | Self::PersistentVolumeClaim | Self::Cluster | Self::Kafka | Self::KafkaNodePool | Self::KafkaTopic)
    }
}
