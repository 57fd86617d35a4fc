//! The operation of the platform: access, disruptions, monitoring, and the data of a deleted resource.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Access to the Pods.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicy {
    /// Whether NetworkPolicies are created. They admit connections to each database from its service, to the broker from the services and
    /// the operator, and to the services from clients; Pods may connect to DNS, their database and the broker. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Labels of the namespaces whose Pods may call the services, in addition to the resource's own namespace: those of the ingress
    /// controller and of Prometheus. Default: every namespace, and every address. Example: {kubernetes.io/metadata.name: ingress-nginx}.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub client_namespace_labels: BTreeMap<String, String>,
}

/// The number of Pods of a service that may be unavailable while nodes are drained.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodDisruptionBudget {
    /// Whether a PodDisruptionBudget is made for each service that runs more than one Pod. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Pods of a service that may be missing at once, 1 to 100. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_unavailable: Option<i32>,
}

/// A ServiceMonitor and a PrometheusRule, where the cluster knows these kinds.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Monitoring {
    /// Whether they are made, where the Prometheus Operator is installed. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Labels of both, by which a Prometheus selects them. Default: none. Example: release: kube-prometheus-stack.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub labels: BTreeMap<String, String>,
    /// Seconds between two readings of the metrics, 5 to 3600. Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 3600))]
    pub interval_seconds: Option<i32>,
}

/// Whether data is kept when the resource is deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
pub enum DeletionPolicy {
    /// Volumes, databases, topics and Secrets are kept.
    #[default]
    Retain,
    /// Everything is removed.
    Delete,
}
