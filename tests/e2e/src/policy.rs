//! What NetworkPolicies let through, between Pods. Pure: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

type Labels = BTreeMap<String, String>;

/// An end of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    pub(crate) namespace: String,
    pub(crate) namespace_labels: Labels,
    pub(crate) labels: Labels,
    /// The names of its ports.
    pub(crate) ports: BTreeMap<String, i32>,
}

/// A port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port {
    pub(crate) protocol: &'static str,
    pub(crate) number: i32,
}

/// Whether a connection comes about: the one's egress lets it out, and the other's ingress in.
pub(crate) fn allows(policies: &[NetworkPolicy], from: &End, to: &End, port: Port) -> bool {
    let goes = |policy: &NetworkPolicy| {
        let rules = policy.spec.as_ref().and_then(|spec| spec.egress.as_deref()).unwrap_or_default();
        rules.iter().any(|rule| is_one_of(policy, rule.to.as_deref(), to) && is_at(rule.ports.as_deref(), to, port))
    };
    let comes = |policy: &NetworkPolicy| {
        let rules = policy.spec.as_ref().and_then(|spec| spec.ingress.as_deref()).unwrap_or_default();
        rules.iter().any(|rule| is_one_of(policy, rule.from.as_deref(), from) && is_at(rule.ports.as_deref(), to, port))
    };
    // Whom no policy selects, in a direction, is free in it.
    let any = |of: &End, direction: &str, lets: &dyn Fn(&NetworkPolicy) -> bool| {
        let mut selecting = policies.iter().filter(|policy| selects(policy, of, direction)).peekable();
        selecting.peek().is_none() || selecting.any(lets)
    };
    any(from, "Egress", &goes) && any(to, "Ingress", &comes)
}

fn selects(policy: &NetworkPolicy, end: &End, direction: &str) -> bool {
    let Some(spec) = &policy.spec else { return false };
    let directed = match &spec.policy_types {
        Some(types) => types.iter().any(|one| one == direction),
        None => direction == "Ingress" || spec.egress.is_some(),
    };
    directed
        && policy.metadata.namespace.as_deref() == Some(&*end.namespace)
        && spec.pod_selector.as_ref().is_none_or(|selector| matches(selector, &end.labels))
}

/// Without peers, everybody is meant.
fn is_one_of(policy: &NetworkPolicy, peers: Option<&[NetworkPolicyPeer]>, end: &End) -> bool {
    let peers = peers.unwrap_or_default();
    peers.is_empty()
        || peers.iter().any(|peer| {
            let in_namespace = match &peer.namespace_selector {
                Some(selector) => matches(selector, &end.namespace_labels),
                None => policy.metadata.namespace.as_deref() == Some(&*end.namespace),
            };
            // Addresses are not those of Pods.
            peer.ip_block.is_none() && in_namespace && peer.pod_selector.as_ref().is_none_or(|selector| matches(selector, &end.labels))
        })
}

/// Without ports, all are meant.
fn is_at(ports: Option<&[NetworkPolicyPort]>, to: &End, port: Port) -> bool {
    let ports = ports.unwrap_or_default();
    ports.is_empty()
        || ports.iter().any(|one| {
            let right = match &one.port {
                None => true,
                Some(IntOrString::String(name)) => to.ports.get(name) == Some(&port.number),
                Some(IntOrString::Int(first)) => (*first..=one.end_port.unwrap_or(*first)).contains(&port.number),
            };
            right && one.protocol.as_deref().unwrap_or("TCP") == port.protocol
        })
}

fn matches(selector: &LabelSelector, labels: &Labels) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector.match_expressions.iter().flatten().all(|wanted| {
            let (value, values) = (labels.get(&wanted.key), wanted.values.as_deref().unwrap_or_default());
            match wanted.operator.as_str() {
                "In" => value.is_some_and(|value| values.contains(value)),
                "NotIn" => value.is_none_or(|value| !values.contains(value)),
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const WEB: Port = Port { protocol: "TCP", number: 8080 };

    fn end(namespace: &str, name: &str) -> End {
        let labels = |key: &str, value: &str| Labels::from([(key.to_owned(), value.to_owned())]);
        End {
            namespace: namespace.to_owned(),
            namespace_labels: labels("name", namespace),
            labels: labels("app", name),
            ports: [("http".to_owned(), 8080)].into(),
        }
    }

    fn policy(spec: Value) -> NetworkPolicy {
        serde_json::from_value(json!({"metadata": {"name": "a", "namespace": "one"}, "spec": spec})).expect("a policy")
    }

    #[test]
    fn who_is_selected_is_let_nothing_but_what_a_rule_says() {
        let (web, client, stranger) = (end("one", "web"), end("one", "client"), end("two", "client"));
        let allowed = |ingress: Value, from: &End, port: Port| {
            let pods = json!({"matchLabels": {"app": "web"}});
            allows(&[policy(json!({"podSelector": pods, "policyTypes": ["Ingress"], "ingress": ingress}))], from, &web, port)
        };
        let clients = json!({"podSelector": {"matchLabels": {"app": "client"}}});
        assert!(allows(&[], &stranger, &web, WEB), "without a policy all is free");
        assert!(!allowed(json!([]), &client, WEB));
        assert!(allowed(json!([{}]), &stranger, WEB));
        assert!(allowed(json!([{"from": [clients]}]), &client, WEB));
        assert!(!allowed(json!([{"from": [clients]}]), &stranger, WEB), "Pods of the own namespace are meant");
        let elsewhere = json!({"namespaceSelector": {"matchLabels": {"name": "two"}}, "podSelector": clients["podSelector"]});
        assert!(allowed(json!([{"from": [elsewhere]}]), &stranger, WEB) && !allowed(json!([{"from": [elsewhere]}]), &client, WEB));
        for (port, expected) in [(json!(8080), true), (json!("http"), true), (json!(80), false), (json!("other"), false)] {
            assert_eq!(allowed(json!([{"ports": [{"port": port}]}]), &client, WEB), expected, "{port}");
        }
        assert!(!allowed(json!([{"ports": [{"port": 8080, "protocol": "UDP"}]}]), &client, WEB));
        assert!(allowed(json!([{"ports": [{"port": 8000, "endPort": 9000}]}]), &client, WEB));
    }

    #[test]
    fn both_ends_have_a_say() {
        let (web, client) = (end("one", "web"), end("one", "client"));
        let of = |app: &str, direction: &str, rules: Value| {
            policy(json!({"podSelector": {"matchLabels": {"app": app}}, "policyTypes": [direction], direction.to_lowercase(): rules}))
        };
        let opened = of("web", "Ingress", json!([{}]));
        assert!(allows(std::slice::from_ref(&opened), &client, &web, WEB));
        assert!(!allows(&[opened.clone(), of("client", "Egress", json!([]))], &client, &web, WEB));
        assert!(allows(&[opened, of("client", "Egress", json!([{"ports": [{"port": 8080}]}]))], &client, &web, WEB));
    }

    #[test]
    fn expressions_select() {
        let labels = &end("one", "web").labels;
        let selected =
            |expression: Value| matches(&serde_json::from_value(json!({"matchExpressions": [expression]})).expect("a selector"), labels);
        assert!(selected(json!({"key": "app", "operator": "In", "values": ["web"]})));
        assert!(!selected(json!({"key": "app", "operator": "NotIn", "values": ["web"]})));
        assert!(selected(json!({"key": "app", "operator": "Exists"})) && selected(json!({"key": "x", "operator": "DoesNotExist"})));
    }
}
