//! The network policies.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::reconcile::kind::Kind;
use crate::reconcile::names::HOUSE;
use crate::reconcile::platform::{KafkaBackend, Platform, Postgres};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::metadata::MANAGER;
use super::{Object, migration};

/// An end of a flow.
#[derive(Clone, Debug, PartialEq)]
enum End {
    /// The Pods of a part of the platform, by its component.
    Part(String),
    /// The instances of a CloudNativePG Cluster.
    CloudNativePg(String),
    /// The brokers of a Strimzi Kafka. Strimzi creates the policies for their ingress.
    Strimzi(String),
    /// The Pods of CloudNativePG's operator, in the namespaces where it is installed.
    CloudNativePgOperator,
    /// The cluster's DNS, and the node's DNS cache.
    Dns,
    /// The operator's own Pods.
    Operator,
    /// The clients that may call the services and read metrics.
    Clients,
    /// Every address.
    Anywhere,
}

/// The ports of a flow.
#[derive(Clone, Debug, PartialEq)]
enum Ports {
    Tcp(Vec<u16>),
    Dns,
}

/// Allowed connections: from the first end to the second.
type Flow = (End, End, Ports);

/// The label by which Kubernetes names a namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const POSTGRES: u16 = 5432;
const KAFKA: u16 = 9092;
/// Ports of a CloudNativePG instance: the instance manager, from which its operator and the other instances read the state
/// (<https://cloudnative-pg.io/documentation/current/networking/>), and the metrics.
const INSTANCE_MANAGER: u16 = 8000;
const INSTANCE_METRICS: u16 = 9187;
const DNS: u16 = 53;
/// The port of OpenShift's DNS Pods.
const OPENSHIFT_DNS: u16 = 5353;
/// The address of a node's own DNS cache, which is not a Pod that a policy could select
/// (<https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/>).
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// All allowed flows. A flow between two parts of the platform opens both: the egress of the one and the ingress of the other.
fn flows(platform: &Platform) -> Vec<Flow> {
    use End::{Clients, CloudNativePg, CloudNativePgOperator, Dns, Operator, Part};
    let tcp = |port| Ports::Tcp(vec![port]);
    let mut flows = Vec::new();
    for service in Service::ALL {
        let (pods, migration) = (Part(service.as_str().to_owned()), Part(migration::component(service)));
        let (database, database_port) = database(platform, service);
        let (broker, broker_ports) = broker(platform);
        flows.extend([
            (Clients, pods.clone(), tcp(service.port())),
            (pods.clone(), Dns, Ports::Dns),
            (pods.clone(), database.clone(), tcp(database_port)),
            (pods, broker, broker_ports),
            (migration.clone(), Dns, Ports::Dns),
            (migration, database.clone(), tcp(database_port)),
        ]);
        if service == Service::Reservation {
            let house = Part(HOUSE.to_owned());
            flows.extend([(house.clone(), Dns, Ports::Dns), (house, database.clone(), tcp(database_port))]);
        }
        if let CloudNativePg(_) = database {
            let state = Ports::Tcp(vec![POSTGRES, INSTANCE_MANAGER]);
            flows.extend([
                (database.clone(), database.clone(), state.clone()),
                (CloudNativePgOperator, database.clone(), state),
                (Clients, database, tcp(INSTANCE_METRICS)),
            ]);
        }
    }
    if let Some(mail) = &platform.mail {
        flows.push((Part(Service::Reservation.as_str().to_owned()), End::Anywhere, tcp(mail.port)));
    }
    if let (kafka @ Part(_), ports) = broker(platform) {
        flows.extend([(Operator, kafka.clone(), ports), (kafka, Dns, Ports::Dns)]);
    }
    flows
}

fn database(platform: &Platform, service: Service) -> (End, u16) {
    match &platform.postgres {
        Postgres::Managed { .. } => (End::Part(format!("{}-postgres", service.as_str())), POSTGRES),
        Postgres::CloudNativePg { .. } => (End::CloudNativePg(platform.postgres_name(service)), POSTGRES),
        Postgres::External { ports } => (End::Anywhere, *ports.of(service)),
    }
}

fn broker(platform: &Platform) -> (End, Ports) {
    let end = match &platform.kafka.backend {
        KafkaBackend::Managed { .. } => End::Part("kafka".to_owned()),
        KafkaBackend::Strimzi { .. } => End::Strimzi(platform.kafka_name()),
        KafkaBackend::StrimziCluster { name } => End::Strimzi(name.clone()),
        // All brokers are assumed to listen on the ports of the bootstrap servers. A policy of the user's can allow others.
        KafkaBackend::External => {
            let port = |server: &str| server.rsplit_once(':')?.1.parse().ok();
            let ports: BTreeSet<u16> = platform.kafka.bootstrap_servers.split(',').filter_map(port).collect();
            return (End::Anywhere, Ports::Tcp(ports.into_iter().collect()));
        }
    };
    (end, Ports::Tcp(vec![KAFKA]))
}

pub(super) fn policies(platform: &Platform) -> Vec<Object> {
    if platform.network_policy.is_none() {
        return Vec::new();
    }
    let flows = flows(platform);
    let mut policies = Vec::new();
    for service in Service::ALL {
        for component in [service.as_str().to_owned(), migration::component(service)] {
            policies.push(policy(platform, &flows, component.clone(), &End::Part(component)));
        }
        let (database, _) = database(platform, service);
        if database != End::Anywhere {
            policies.push(policy(platform, &flows, format!("{}-postgres", service.as_str()), &database));
        }
    }
    policies.push(policy(platform, &flows, HOUSE.to_owned(), &End::Part(HOUSE.to_owned())));
    let (broker, _) = broker(platform);
    if let End::Part(component) = &broker {
        policies.push(policy(platform, &flows, component.clone(), &broker));
    }
    policies
}

/// The policy of `subject`, which allows only the flows.
fn policy(platform: &Platform, flows: &[Flow], component: String, subject: &End) -> Object {
    let into = flows.iter().filter(|(_, to, _)| to == subject);
    let ingress: Vec<_> =
        into.map(|(from, _, ports)| NetworkPolicyIngressRule { from: from.peers(platform), ports: Some(ports.list()) }).collect();
    let out_of = flows.iter().filter(|(from, ..)| from == subject);
    let egress: Vec<_> =
        out_of.map(|(_, to, ports)| NetworkPolicyEgressRule { to: to.peers(platform), ports: Some(ports.list()) }).collect();
    // An instance of CloudNativePG connects to the API server and to its backup storage, which only the user knows.
    let egress = (!matches!(subject, End::CloudNativePg(_))).then_some(egress);
    let types = if egress.is_some() { &["Ingress", "Egress"][..] } else { &["Ingress"] };
    let spec = NetworkPolicySpec {
        pod_selector: subject.pods(platform),
        policy_types: Some(types.iter().map(|&name| name.to_owned()).collect()),
        ingress: Some(ingress),
        // An empty list is applied too: otherwise others could add rules.
        egress,
    };
    let name = format!("{}-{component}", platform.name);
    let body = NetworkPolicy { spec: Some(spec), ..Default::default() };
    let step = Step::for_component(&component);
    platform.part(component).object(step, Kind::NetworkPolicy, &name, &body)
}

impl End {
    /// The peers of a rule; `None` for every address.
    fn peers(&self, platform: &Platform) -> Option<Vec<NetworkPolicyPeer>> {
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
            Self::CloudNativePgOperator => Some(named(&platform.network_policy.as_ref()?.cloud_native_pg_namespaces)),
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
            Self::Part(_) | Self::CloudNativePg(_) | Self::Strimzi(_) => None,
        };
        Some(vec![NetworkPolicyPeer { namespace_selector: namespaces, pod_selector: self.pods(platform), ..Default::default() }])
    }

    /// The labels of the Pods; `None` if the end is not limited to Pods.
    fn pods(&self, platform: &Platform) -> Option<LabelSelector> {
        Some(match self {
            Self::Part(component) => platform.part(component.as_str()).selector(),
            Self::CloudNativePg(cluster) => labelled("cnpg.io/cluster", cluster),
            Self::Strimzi(cluster) => labelled("strimzi.io/cluster", cluster),
            Self::CloudNativePgOperator => labelled("app.kubernetes.io/name", "cloudnative-pg"),
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
    fn list(&self) -> Vec<NetworkPolicyPort> {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fixture::platform;
    use super::*;

    fn specs(spec: &str, secrets: &[(&str, &str, &str)]) -> impl Fn(&str) -> Value {
        let policies = policies(&platform(spec, secrets));
        move |name| {
            let found = policies.iter().find(|policy| policy.name == name);
            found.map_or(Value::Null, |policy| policy.body["spec"].clone())
        }
    }

    fn pods(component: &str) -> Value {
        json!({"podSelector": {"matchLabels": {
            "app.kubernetes.io/name": "restaurant-booking", "app.kubernetes.io/instance": "trattoria", "app.kubernetes.io/component": component,
        }}})
    }

    fn namespaces(names: &[&str]) -> Value {
        json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": names}]})
    }

    fn dns(names: &[&str]) -> Value {
        let ports: Vec<_> =
            [53, 5353].iter().flat_map(|port| ["UDP", "TCP"].map(|protocol| json!({"port": port, "protocol": protocol}))).collect();
        json!({"to": [{"namespaceSelector": namespaces(names)}, {"ipBlock": {"cidr": "169.254.20.10/32"}}], "ports": ports})
    }

    fn tcp(ports: &[u16]) -> Value {
        ports.iter().map(|port| json!({"port": port, "protocol": "TCP"})).collect()
    }

    #[test]
    fn what_is_managed_is_reached_by_who_needs_it_and_reaches_nobody() {
        let spec = specs("", &[]);
        let database = spec("trattoria-menu-postgres");
        assert_eq!(database["podSelector"], pods("menu-postgres")["podSelector"]);
        assert_eq!(database["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(
            database["ingress"],
            json!([
                {"from": [pods("menu")], "ports": tcp(&[5432])},
                {"from": [pods("menu-migration")], "ports": tcp(&[5432])},
            ])
        );
        assert_eq!(database["egress"], json!([]));
        let kafka = spec("trattoria-kafka");
        let operator = json!({
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "restaurant-booking-operator"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "restaurant-booking-operator"}},
        });
        let from: Vec<_> = kafka["ingress"].as_array().expect("rules").iter().map(|rule| rule["from"][0].clone()).collect();
        assert_eq!(from, [pods("auth"), pods("menu"), pods("reservation"), operator]);
        let migration = spec("trattoria-menu-migration");
        assert_eq!(migration["ingress"], json!([]));
        assert_eq!(
            migration["egress"],
            json!([
                dns(&["kube-system", "openshift-dns"]),
                {"to": [pods("menu-postgres")], "ports": tcp(&[5432])},
            ])
        );
    }

    #[test]
    fn clients_are_everybody_or_those_of_some_namespaces_and_of_the_own() {
        assert_eq!(specs("", &[])("trattoria-auth")["ingress"], json!([{"ports": tcp(&[8000])}]));
        let some = specs("networkPolicy: {clientNamespaceLabels: {a: b}}", &[])("trattoria-auth");
        let from = json!([{"namespaceSelector": {"matchLabels": {"a": "b"}}}, {"podSelector": {}}]);
        assert_eq!(some["ingress"], json!([{"from": from, "ports": tcp(&[8000])}]));
        assert!(policies(&platform("networkPolicy: {enabled: false}", &[])).is_empty());
    }

    #[test]
    fn the_pods_of_other_operators_are_known_by_their_labels() {
        let spec = specs("{postgres: {cloudNativePG: {}}, kafka: {strimzi: {clusterRef: {name: shared}}}}", &[]);
        let service = &spec("trattoria-menu")["egress"];
        assert_eq!(service[1]["to"], json!([{"podSelector": {"matchLabels": {"cnpg.io/cluster": "trattoria-menu-postgres"}}}]));
        assert_eq!(service[2]["to"], json!([{"podSelector": {"matchLabels": {"strimzi.io/cluster": "shared"}}}]));
        let database = spec("trattoria-menu-postgres");
        assert_eq!((&database["policyTypes"], &database["egress"]), (&json!(["Ingress"]), &Value::Null));
        assert_eq!(database["ingress"][3]["ports"], tcp(&[5432, 8000]));
        let operator = json!({
            "namespaceSelector": namespaces(&["cnpg-system"]),
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "cloudnative-pg"}},
        });
        assert_eq!(database["ingress"][3]["from"], json!([operator]), "d19: a Pod elsewhere that is labelled so does not get in");
        assert_eq!(spec("trattoria-kafka"), Value::Null);
    }

    #[test]
    fn servers_outside_are_reached_on_their_ports() {
        let spec = "{postgres: {external: {auth: {urlSecretRef: {name: a, key: url}}, menu: {urlSecretRef: {name: m, key: url}}, \
            reservation: {urlSecretRef: {name: a, key: url}}}}, kafka: {external: {bootstrapServers: ['b:9094', 'a:9093', 'c:9094']}}}";
        let spec = specs(spec, &[("a", "url", "postgres://u:p@h/d"), ("m", "url", "postgres://u:p@h:6432/d")]);
        let ports =
            |name: &str| spec(name)["egress"].as_array().expect("rules")[1..].iter().map(|rule| rule["ports"].clone()).collect::<Vec<_>>();
        assert_eq!(ports("trattoria-menu"), [tcp(&[6432]), tcp(&[9093, 9094])]);
        assert_eq!(ports("trattoria-auth-migration"), [tcp(&[5432])]);
        assert_eq!(spec("trattoria-auth-postgres"), Value::Null);
    }
}
