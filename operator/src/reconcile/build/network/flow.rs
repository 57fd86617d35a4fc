//! Allowed connections: their ends and their ports, and how a policy selects them.

use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::reconcile::build::metadata::MANAGER;
use crate::reconcile::platform::Platform;

/// An allowed connection: from the first end to the second.
pub(crate) type Flow = (End, End, Ports);

/// An end of a connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// The Pods of a part of the platform, by its component.
    Part(String),
    /// The Pods of another product, by a label.
    Labelled {
        label: &'static str,
        value: String,
        /// The namespaces of the Pods; `None`: the resource's own; empty: all.
        namespaces: Option<Vec<String>>,
    },
    /// The cluster's DNS, and the node's DNS cache.
    Dns,
    /// The operator's own Pods.
    Operator,
    /// The clients that may call the services and read metrics.
    Clients,
    /// Every address.
    Anywhere,
}

/// The ports of a connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ports {
    Tcp(Vec<u16>),
    Dns,
}

/// Pods whose connections a policy limits.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The component that the policy belongs to.
    pub(crate) component: String,
    pub(crate) pods: End,
    /// Whether the policy limits the connections from the Pods, and not only those to them.
    pub(crate) limits_egress: bool,
}

impl Subject {
    /// The Pods of a part of the platform.
    pub(crate) fn part(component: String) -> Self {
        Self { pods: End::Part(component.clone()), component, limits_egress: true }
    }
}

/// The label by which Kubernetes names a namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const DNS: u16 = 53;
/// The port of OpenShift's DNS Pods.
const OPENSHIFT_DNS: u16 = 5353;
/// The address of a node's own DNS cache, which is not a Pod that a policy could select
/// (<https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/>).
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

impl End {
    /// The peers of a rule; `None` for every address.
    pub(super) fn peers(&self, platform: &Platform) -> Option<Vec<NetworkPolicyPeer>> {
        let namespaces = match self {
            Self::Anywhere => return None,
            Self::Clients => {
                let labels = &platform.network_policy.as_ref()?.client_namespace_labels;
                if labels.is_empty() {
                    return None;
                }
                let namespaces = LabelSelector { match_labels: Some(labels.clone()), ..Default::default() };
                return Some(vec![
                    NetworkPolicyPeer { namespace_selector: Some(namespaces), ..Default::default() },
                    NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..Default::default() },
                ]);
            }
            Self::Operator => Some(labelled(NAMESPACE_NAME, &platform.operator_namespace)),
            Self::Dns => {
                let namespaces = &platform.network_policy.as_ref()?.dns_namespaces;
                if namespaces.is_empty() {
                    return None;
                }
                let node = IPBlock { cidr: NODE_LOCAL_DNS.to_owned(), ..Default::default() };
                return Some(vec![
                    NetworkPolicyPeer { namespace_selector: Some(named(namespaces)), ..Default::default() },
                    NetworkPolicyPeer { ip_block: Some(node), ..Default::default() },
                ]);
            }
            Self::Labelled { namespaces, .. } => namespaces.as_deref().map(named),
            Self::Part(_) => None,
        };
        Some(vec![NetworkPolicyPeer { namespace_selector: namespaces, pod_selector: self.pods(platform), ..Default::default() }])
    }

    /// The labels of the Pods; `None` if the end is not limited to Pods.
    pub(super) fn pods(&self, platform: &Platform) -> Option<LabelSelector> {
        Some(match self {
            Self::Part(component) => platform.part(component.as_str()).selector(),
            Self::Labelled { label, value, .. } => labelled(label, value),
            Self::Operator => labelled("app.kubernetes.io/name", MANAGER),
            Self::Clients | Self::Dns | Self::Anywhere => return None,
        })
    }
}

/// Namespaces of these names; all namespaces if the list is empty.
fn named(namespaces: &[String]) -> LabelSelector {
    let is_one_of =
        LabelSelectorRequirement { key: NAMESPACE_NAME.to_owned(), operator: "In".to_owned(), values: Some(namespaces.to_vec()) };
    LabelSelector { match_expressions: (!namespaces.is_empty()).then(|| vec![is_one_of]), ..Default::default() }
}

fn labelled(label: &str, value: &str) -> LabelSelector {
    LabelSelector { match_labels: Some([(label.to_owned(), value.to_owned())].into()), ..Default::default() }
}

impl Ports {
    /// One port.
    pub(crate) fn tcp(port: u16) -> Self {
        Self::Tcp(vec![port])
    }

    pub(super) fn list(&self) -> Vec<NetworkPolicyPort> {
        let port = |protocol: &str, port: u16| NetworkPolicyPort {
            port: Some(IntOrString::Int(port.into())),
            protocol: Some(protocol.to_owned()),
            ..Default::default()
        };
        match self {
            Self::Tcp(ports) => ports.iter().map(|&number| port("TCP", number)).collect(),
            Self::Dns => [DNS, OPENSHIFT_DNS].into_iter().flat_map(|number| [port("UDP", number), port("TCP", number)]).collect(),
        }
    }
}
