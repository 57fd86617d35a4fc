//! The settings of a service: replicas, resources, placement.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Toleration, TopologySpreadConstraint};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Quantity;
use super::embedded;
use super::rules;

/// How a service runs.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::replicas_or_autoscaling())]
pub struct Component {
    /// Number of Pods, 1 to 100. Excludes autoscaling. Default: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: Option<i32>,
    /// Lets a HorizontalPodAutoscaler decide on the number of Pods. Excludes replicas. Default: off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// Resources that a Pod requests and may use. Default: requests of cpu 50m and memory 64Mi, a limit of memory 256Mi, no limit of cpu;
    /// requests or limits that are given replace those of the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Labels of the Pods, in addition to the operator's own. Default: none. Example: team: booking.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = rules::own_labels())]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Pods. Default: none. Example: sidecar.istio.io/inject: "true".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = rules::own_annotations())]
    pub annotations: BTreeMap<String, String>,
    /// Labels that a node must have. Default: none. Example: kubernetes.io/arch: arm64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the Pods tolerate, as in a Pod. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "embedded::list::<Toleration>")]
    pub tolerations: Vec<Toleration>,
    /// Which nodes and neighbours the Pods prefer or need, as in a Pod (`kubectl explain pod.spec.affinity`). Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "embedded::opaque")]
    pub affinity: Option<serde_json::Value>,
    /// How the Pods spread, as in a Pod; without a labelSelector, the service's Pods are meant. Default: over nodes and zones as
    /// evenly as possible (maxSkew 1, ScheduleAnyway).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "embedded::list::<TopologySpreadConstraint>")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// How much is logged. Default: info.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_level: Option<LogLevel>,
    /// Origins whose pages may call the service from a browser. Default: none. Example: https://book.example.com.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 255), regex(pattern = r"^https?://[^/@*\s,]+$")))]
    pub cors_allowed_origins: Vec<String>,
    /// Connections that one Pod opens to its database at most, 1 to 1000. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub database_max_connections: Option<i32>,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::min_replicas())]
pub struct Autoscaling {
    /// Fewest Pods, 1 to 100. Default: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub min_replicas: Option<i32>,
    /// Most Pods, 1 to 100. Example: 10.
    #[schemars(range(min = 1, max = 100))]
    pub max_replicas: i32,
    /// Use of the requested CPU, in percent, that the autoscaler aims at, 1 to 100. Default: 75.
    #[serde(default, rename = "targetCPUUtilizationPercentage", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub target_cpu_utilization_percentage: Option<i32>,
}

/// Resources that a container requests, and the most that it may use.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Amounts that are reserved, by resource. Default: as `resources` says. Example: {cpu: 100m, memory: 128Mi}.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub requests: BTreeMap<String, Quantity>,
    /// The most that may be used, by resource. Default: as `resources` says. Example: {memory: 256Mi}.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub limits: BTreeMap<String, Quantity>,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::embedded::without_description)]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// Suspicious events too.
    Warn,
    /// Requests too.
    #[default]
    Info,
    /// The details of each request too.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The value of LOG_LEVEL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
