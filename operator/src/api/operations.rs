//! How the platform is kept: who may reach it, what watches it, what becomes of its data.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Access to the Pods.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicy {
    /// Whether NetworkPolicies are made: each database is reached by its service alone, the broker by the services and the operator, the
    /// services by clients; Pods reach name resolution, their database and the broker. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Labels of the namespaces whose Pods may call the services, beside the resource's own: those of the ingress controller and of
    /// Prometheus. Default: every namespace, and every address. Example: {kubernetes.io/metadata.name: ingress-nginx}.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub client_namespace_labels: BTreeMap<String, String>,
}

/// How many Pods of a service may be missing while nodes are drained.
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
