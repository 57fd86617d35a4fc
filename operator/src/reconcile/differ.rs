//! Compares a live object with the wanted one. Pure.
//!
//! Fields that others add (defaults, injected sidecars, an autoscaler's replicas) belong to them and are not a difference. In a list that
//! the operator owns as a whole, an additional item is a difference.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::Quantity;

use super::kind::Kind;

/// Lists whose items have a key (`x-kubernetes-list-type: map`): others may add items.
pub(super) const MAPS: [&str; 9] = [
    "containers",
    "initContainers",
    "env",
    "volumes",
    "volumeMounts",
    "imagePullSecrets",
    "topologySpreadConstraints",
    "ownerReferences",
    "ports",
];
/// Objects that are one value (`x-kubernetes-map-type: atomic`): an additional member changes their meaning.
pub(super) const ATOMS: [&str; 7] =
    ["selector", "podSelector", "namespaceSelector", "labelSelector", "nodeSelector", "matchLabels", "scaleTargetRef"];

/// Objects that have a meaning even when they are empty.
pub(super) const TELLING: [&str; 3] = ["emptyDir", "podSelector", "topicOperator"];

/// A place in an object.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Others may add members here.
    Anywhere,
    /// An object of another product: its definition may set defaults, also in the items of lists.
    OfOthers,
    /// A value that the operator owns as a whole: a selector, or a rule of a NetworkPolicy. An additional peer or port would open a
    /// connection that the policy closes.
    Whole,
    /// Amounts, which the API server rewrites: `1000m` is `1`.
    Amounts,
}

/// Whether `live` contains everything in `wanted`.
pub fn contains(kind: Kind, live: &Value, wanted: &Value) -> bool {
    within(live, wanted, "", if kind.is_optional() { Place::OfOthers } else { Place::Anywhere })
}

fn within(live: &Value, wanted: &Value, field: &str, place: Place) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            let has_more = || live.keys().any(|name| !wanted.contains_key(name));
            let has_all = wanted.iter().all(|(name, wanted)| match live.get(name) {
                Some(live) => within(live, wanted, name, inside(name, place)),
                // The API server drops empty values.
                None => is_empty(wanted) && !TELLING.contains(&name.as_str()),
            });
            has_all && (place != Place::Whole || !has_more())
        }
        (Value::Array(live), Value::Array(wanted)) if MAPS.contains(&field) && place != Place::Whole => {
            wanted.iter().all(|wanted| live.iter().any(|live| within(live, wanted, "", place)))
        }
        (Value::Array(live), Value::Array(wanted)) => {
            let place = if place == Place::OfOthers { place } else { Place::Whole };
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| within(live, wanted, "", place))
        }
        (Value::String(live), Value::String(wanted)) if place == Place::Amounts => {
            live == wanted || Quantity::from(live.as_str()).partial_cmp(&Quantity::from(wanted.as_str())) == Some(Ordering::Equal)
        }
        (live, wanted) => live == wanted,
    }
}

/// The place of a member of an object.
fn inside(name: &str, place: Place) -> Place {
    match name {
        "requests" | "limits" => Place::Amounts,
        _ if ATOMS.contains(&name) => Place::Whole,
        _ => place,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contains(live: &Value, wanted: &Value) -> bool {
        super::contains(Kind::Deployment, live, wanted)
    }

    #[test]
    fn what_others_add_is_no_difference() {
        let wanted =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "auth", "image": "a:1", "ports": [{"containerPort": 1}]}]}}}});
        let live = json!({"spec": {"replicas": 3, "template": {"spec": {"containers": [
            {"name": "sidecar"}, {"name": "auth", "image": "a:1", "terminationMessagePath": "x", "ports": [{"containerPort": 1, "protocol": "TCP"}]}
        ]}}}});
        assert!(contains(&live, &wanted));
        assert!(!contains(&json!({"spec": {"template": {"spec": {"containers": [{"name": "auth", "image": "a:2"}]}}}}), &wanted));
    }

    #[test]
    fn one_more_item_is_a_difference_where_the_whole_list_is_ours() {
        let wanted = json!({"spec": {"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 5432}]}]}});
        assert!(contains(&wanted, &wanted));
        let more = json!({"spec": {"ingress": [{"from": [{"podSelector": {}}, {"ipBlock": {}}], "ports": [{"port": 5432}]}]}});
        assert!(!contains(&more, &wanted));
        let port = json!({"spec": {"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 5432}, {"port": 1}]}]}});
        assert!(!contains(&port, &wanted));
    }

    #[test]
    fn one_more_member_is_a_difference_where_the_whole_object_is_ours() {
        let rule = |peer: Value, port: Value| json!({"spec": {"ingress": [{"from": [peer], "ports": [port]}]}});
        let wanted = rule(json!({"podSelector": {"matchLabels": {"a": "b"}}}), json!({"port": 5432}));
        for opened in [
            rule(json!({"podSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {}}), json!({"port": 5432})),
            rule(json!({"podSelector": {"matchLabels": {"a": "b"}}}), json!({"port": 5432, "endPort": 6000})),
        ] {
            assert!(!contains(&opened, &wanted), "{opened}");
        }
        assert!(!contains(&json!({"spec": {"selector": {"a": "b", "c": "d"}}}), &json!({"spec": {"selector": {"a": "b"}}})));
        assert!(contains(&json!({"spec": {"limits": {"cpu": "1", "memory": "1"}}}), &json!({"spec": {"limits": {"cpu": "1"}}})));
    }

    #[test]
    fn the_definition_of_another_product_may_fill_in_what_is_left_out() {
        let wanted = json!({"spec": {"parentRefs": [{"name": "public"}]}});
        let live = json!({"spec": {"parentRefs": [{"name": "public", "kind": "Gateway"}]}});
        assert!(super::contains(Kind::HttpRoute, &live, &wanted) && !contains(&live, &wanted));
    }

    #[test]
    fn quantities_are_compared_as_amounts_and_empty_values_may_be_left_out() {
        let limits = |cpu: &str| json!({"limits": {"cpu": cpu}});
        assert!(contains(&limits("1"), &limits("1000m")));
        assert!(!contains(&limits("1"), &limits("1001m")));
        assert!(!contains(&json!({"version": "1.0"}), &json!({"version": "1"})));
        assert!(contains(&json!({}), &json!({"labels": {}})));
        assert!(!contains(&json!({"configMap": {"name": "a"}}), &json!({"emptyDir": {}})));
        assert!(!contains(&json!({}), &limits("1")));
    }
}
