//! The network policies.

pub(crate) mod flow;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicySpec};

use crate::reconcile::backend::{broker, database};
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{HOUSE, WATCHER_PORT};
use crate::reconcile::platform::Platform;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use flow::{End, Flow, Ports, Subject};

use super::migration;
use super::object::Object;

/// All allowed connections. One between two parts of the platform opens both: the egress of the one and the ingress of the other.
fn flows(platform: &Platform) -> Vec<Flow> {
    use End::{Anywhere, Clients, Dns, Part};
    let (database, broker) = (database::of(platform), broker::of(platform));
    let mut flows = Vec::new();
    for service in Service::ALL {
        let (pods, migration) = (Part(service.as_str().to_owned()), Part(migration::component(service)));
        let (server, port) = database.server(platform, service);
        let (brokers, broker_ports) = broker.servers(platform);
        flows.extend([
            (Clients, pods.clone(), Ports::tcp(service.port())),
            (pods.clone(), Dns, Ports::Dns),
            (pods.clone(), server.clone(), Ports::tcp(port)),
            (pods, brokers, broker_ports),
            (migration.clone(), Dns, Ports::Dns),
            (migration, server.clone(), Ports::tcp(port)),
        ]);
        if service == Service::Reservation {
            let house = Part(HOUSE.to_owned());
            flows.extend([(house.clone(), Dns, Ports::Dns), (house, server, Ports::tcp(port))]);
        }
        flows.extend(database.flows(platform, service));
    }
    if let Some(mail) = &platform.mail {
        flows.push((Part(Service::Reservation.as_str().to_owned()), Anywhere, Ports::tcp(mail.port)));
    }
    if let Some(watcher) = database::watcher(platform) {
        let watcher = Part(watcher.to_owned());
        flows.extend([(Clients, watcher.clone(), Ports::tcp(WATCHER_PORT)), (watcher, Dns, Ports::Dns)]);
    }
    flows.extend(broker.flows(platform));
    flows
}

pub(super) fn policies(platform: &Platform) -> Vec<Object> {
    if platform.network_policy.is_none() {
        return Vec::new();
    }
    let mut subjects = Vec::new();
    for service in Service::ALL {
        subjects.extend([service.as_str().to_owned(), migration::component(service)].map(Subject::part));
        subjects.extend(database::of(platform).subjects(platform, service));
    }
    subjects.push(Subject::part(HOUSE.to_owned()));
    subjects.extend(database::watcher(platform).map(|watcher| Subject::part(watcher.to_owned())));
    subjects.extend(broker::of(platform).subject(platform));
    let flows = flows(platform);
    subjects.into_iter().map(|subject| policy(platform, &flows, subject)).collect()
}

/// The policy of some Pods, which allows only the given connections.
fn policy(platform: &Platform, flows: &[Flow], subject: Subject) -> Object {
    let Subject { component, pods, limits_egress } = subject;
    let into = flows.iter().filter(|(_, to, _)| *to == pods);
    let ingress: Vec<_> =
        into.map(|(from, _, ports)| NetworkPolicyIngressRule { from: from.peers(platform), ports: Some(ports.list()) }).collect();
    let out_of = flows.iter().filter(|(from, ..)| *from == pods);
    let egress: Vec<_> =
        out_of.map(|(_, to, ports)| NetworkPolicyEgressRule { to: to.peers(platform), ports: Some(ports.list()) }).collect();
    let types = if limits_egress { &["Ingress", "Egress"][..] } else { &["Ingress"] };
    let spec = NetworkPolicySpec {
        pod_selector: pods.pods(platform),
        policy_types: Some(types.iter().map(|&name| name.to_owned()).collect()),
        ingress: Some(ingress),
        // An empty list is applied too: otherwise others could add rules.
        egress: limits_egress.then_some(egress),
    };
    let name = format!("{}-{component}", platform.name);
    let body = NetworkPolicy { spec: Some(spec), ..Default::default() };
    let step = Step::for_component(&component);
    platform.part(component).object(step, Kind::NetworkPolicy, &name, &body)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::reconcile::fixture::platform;

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
