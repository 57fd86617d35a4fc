//! What the operator may do, as the chart says it: what the code needs, and nothing more.

use std::collections::{BTreeMap, BTreeSet};

use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::{NAMESPACE, Objects, is_hook, render, value_sets, values};

/// What rules allow: verbs by group and resource.
type Allowed = BTreeMap<(String, String), BTreeSet<String>>;

fn texts(value: &Value) -> Vec<String> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(|text| text.as_str().expect("text").to_owned()).collect()
}

fn allowed(role: &Value) -> Allowed {
    let mut allowed = Allowed::new();
    for rule in role["rules"].as_array().expect("rules") {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                allowed.entry((group.clone(), resource)).or_default().extend(texts(&rule["verbs"]));
            }
        }
    }
    allowed
}

/// What the operator needs where its resources are.
fn needed() -> Allowed {
    let verbs = |verbs: &[&str]| verbs.iter().map(|&verb| verb.to_owned()).collect::<BTreeSet<_>>();
    let group = operator::api::GROUP.to_owned();
    let of_kind =
        |kind: &Kind| ((kind.group().to_owned(), kind.plural().to_owned()), verbs(&["get", "list", "watch", "create", "patch", "delete"]));
    let mut needed: Allowed = Kind::ALL.iter().map(of_kind).collect();
    needed.insert((group.clone(), "restaurantbookings".to_owned()), verbs(&["get", "list", "watch", "patch"]));
    needed.insert((group, "restaurantbookings/status".to_owned()), verbs(&["patch"]));
    // Settings are kept as long as a ReplicaSet uses them.
    needed.insert(("apps".to_owned(), "replicasets".to_owned()), verbs(&["list"]));
    // What the Pod said that applied the declared house.
    needed.insert((String::new(), "pods".to_owned()), verbs(&["list"]));
    needed.insert(("events.k8s.io".to_owned(), "events".to_owned()), verbs(&["create", "patch"]));
    needed
}

fn named<'a>(objects: &'a Objects, kind: &str, name: &str) -> Vec<&'a Value> {
    objects.of(kind).into_iter().filter(|object| object["metadata"]["name"] == name).collect()
}

const NAME: &str = "rb-restaurant-booking-operator";

#[tokio::test]
async fn in_all_namespaces_the_rights_are_those_of_a_cluster_role() {
    let objects = render::<&str>(&[]).await;
    let roles = named(&objects, "ClusterRole", NAME);
    assert_eq!(roles.len(), 1);
    assert_eq!(allowed(roles[0]), needed());
    assert_eq!(named(&objects, "Role", NAME).len(), 0);
    assert_bound(&objects, "ClusterRoleBinding", "ClusterRole", None);
}

#[tokio::test]
async fn in_some_namespaces_the_rights_are_those_of_roles_and_no_cluster_role_is_made() {
    let objects = render(&[values("namespaces")]).await;
    for namespace in [NAMESPACE, "chart-other"] {
        let of_namespace = |role: &&&Value| role["metadata"]["namespace"] == namespace;
        let roles = named(&objects, "Role", NAME);
        let role = roles.iter().find(of_namespace).expect("a Role");
        assert_eq!(allowed(role), needed());
        assert_bound(&objects, "RoleBinding", "Role", Some(namespace));
    }
    assert_eq!(named(&objects, "Role", NAME).len(), 2);
    let of_cluster: Vec<_> =
        objects.0.iter().filter(|object| object["kind"].as_str().is_some_and(|kind| kind.starts_with("Cluster"))).collect();
    assert!(of_cluster.is_empty(), "{of_cluster:#?}");
    assert!(objects.0.iter().all(|object| object["metadata"]["namespace"].is_string()), "everything has a namespace");
}

#[track_caller]
fn assert_bound(objects: &Objects, kind: &str, role: &str, namespace: Option<&str>) {
    let bindings = named(objects, kind, NAME);
    let binding = bindings.iter().find(|binding| binding["metadata"]["namespace"].as_str() == namespace).expect("a binding");
    assert_eq!(binding["roleRef"], json!({"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": NAME}));
    assert_eq!(binding["subjects"], json!([{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]));
}

#[tokio::test]
async fn leases_are_the_only_right_in_the_namespace_of_the_operator() {
    let served = [NAMESPACE, "chart-other"].map(str::to_owned);
    for (arguments, served) in [(vec![], &[][..]), (vec![values("namespaces")], &served[..])] {
        let objects = render(&arguments).await;
        let name = format!("{NAME}-leader-election");
        let roles = named(&objects, "Role", &name);
        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0]["metadata"]["namespace"], NAMESPACE);
        assert_eq!(
            roles[0]["rules"],
            json!([
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "list"]},
                {
                    "apiGroups": ["coordination.k8s.io"],
                    "resources": ["leases"],
                    "resourceNames": [operator::controller::lease_name(served)],
                    "verbs": ["get", "update", "patch"],
                },
            ])
        );
        assert_eq!(named(&objects, "RoleBinding", &name).len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_allowed_that_is_not_named() {
    for (set, arguments) in value_sets() {
        let objects = render(&arguments).await;
        for role in objects.of("Role").into_iter().chain(objects.of("ClusterRole")) {
            for ((group, resource), verbs) in allowed(role) {
                let all = [&group, &resource].into_iter().chain(&verbs);
                assert!(all.clone().all(|text| !text.contains('*')), "{set}: {role:#}");
                assert!(group != "rbac.authorization.k8s.io" && resource != "serviceaccounts/token", "{set}: {role:#}");
                let of_users = role["metadata"]["labels"].as_object().expect("labels").keys().any(|label| label.contains("aggregate-to"));
                let of_test = is_hook(role);
                let (update, delete) = (verbs.contains("update"), verbs.contains("deletecollection"));
                assert!(of_users || resource == "leases" || !update, "{set}: {role:#}");
                assert!(of_users || !delete, "{set}: {role:#}");
                assert!(!(of_users || of_test) || group == operator::api::GROUP, "{set}: {role:#}");
            }
        }
    }
}

#[tokio::test]
async fn users_get_rights_by_the_roles_of_the_cluster() {
    let aggregated = async |arguments: &[&str]| -> BTreeMap<String, BTreeSet<String>> {
        let objects = render(arguments).await;
        let mut verbs = BTreeMap::<String, BTreeSet<String>>::new();
        for role in objects.of("ClusterRole") {
            for label in role["metadata"]["labels"].as_object().expect("labels").keys() {
                if let Some(of) = label.strip_prefix("rbac.authorization.k8s.io/aggregate-to-") {
                    verbs.entry(of.to_owned()).or_default().extend(allowed(role).into_values().flatten());
                }
            }
        }
        verbs
    };
    let verbs = aggregated(&[]).await;
    let read: BTreeSet<_> = ["get", "list", "watch"].map(str::to_owned).into();
    let mut write = read.clone();
    write.extend(["create", "update", "patch", "delete", "deletecollection"].map(str::to_owned));
    let expected = [("view", &read), ("edit", &write), ("admin", &write)].map(|(role, verbs)| (role.to_owned(), verbs.clone()));
    assert_eq!(verbs, BTreeMap::from(expected));
    assert!(aggregated(&["--set=rbac.aggregate=false"]).await.is_empty());
}

#[tokio::test]
async fn without_rbac_there_is_none_but_for_the_test() {
    let objects = render(&["--set=rbac.create=false"]).await;
    for kind in ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"] {
        assert!(objects.of(kind).iter().all(|object| is_hook(object)), "{kind}");
    }
}
