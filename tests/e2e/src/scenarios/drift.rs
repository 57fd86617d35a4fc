//! What others do to a restaurant's objects: put back, left alone, or looked at from afar.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Result;
use crate::command::kubectl;
use crate::doors::Doors;
use crate::forward::Forward;
use crate::metrics;
use crate::restaurant::Restaurant;
use crate::world::{OPERATOR, World, ensure, eventually};

/// How long anything may take to be put back.
const PATIENCE: Duration = Duration::from_secs(120);

/// An object, as kubectl has it; null where it is not there.
async fn get(restaurant: &Restaurant<'_>, kind: &str, name: &str) -> Result<Value> {
    let text = restaurant.kubectl(&["get", kind, name, "--ignore-not-found", "--output=json"]).await?;
    if text.trim().is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
}

/// What is edited by hand is put back, and so is what is deleted by hand, with its data.
pub(crate) async fn edited_and_deleted_children_are_put_back(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let (doors, token) = restaurant.visit().await?;
    let dish = format!("Kept {}", doors.menu.url);
    let body = json!({"name": dish, "price": "9.00"});
    doors.ask(Method::POST, &format!("{}/api/v1/menu", doors.menu.url), &token, &body, 201).await?;
    drop(doors);

    let part = |component: &str| restaurant.part(component);
    let edits = [
        ("configmap", restaurant.settings("reservation").await?, "/data/LOG_LEVEL", json!("trace")),
        ("service", part("menu"), "/spec/ports/0/port", json!(9999)),
        ("deployment", part("menu"), "/spec/template/spec/containers/0/image", json!("example.com/nobody:none")),
        ("networkpolicy", part("kafka"), "/spec/ingress", json!([{}])),
        ("statefulset", part("menu-postgres"), "/spec/template/spec/terminationGracePeriodSeconds", json!(61)),
    ];
    for (kind, name, field, value) in edits {
        let before = get(&restaurant, kind, &name).await?.pointer(field).cloned();
        let patch = json!([{"op": "replace", "path": field, "value": value}]).to_string();
        restaurant.kubectl(&["patch", kind, &name, "--type=json", "--patch", &patch]).await?;
        let put_back = async || Ok((get(&restaurant, kind, &name).await?.pointer(field).cloned() == before).then_some(()));
        eventually(&format!("{field} of {kind} {name} is put back"), PATIENCE, put_back).await?;
        world.tell(format!("kubectl patch {kind} {name}: {field} was put back"));
    }
    restaurant.ready().await?;

    let migration =
        restaurant.pods("menu-migration").await?.first().and_then(|pod| pod.labels().get("batch.kubernetes.io/job-name").cloned());
    let migration = migration.ok_or("the migration of menu has no Pod")?;
    let deleted = [
        ("serviceaccount", part("menu")),
        ("networkpolicy", part("menu-postgres")),
        ("service", part("menu")),
        ("poddisruptionbudget", part("menu")),
        ("deployment", part("menu")),
        ("statefulset", part("menu-postgres")),
        ("job", migration),
    ];
    for (kind, name) in deleted {
        let before = get(&restaurant, kind, &name).await?["metadata"]["uid"].clone();
        restaurant.kubectl(&["delete", kind, &name]).await?;
        let back = async || {
            let now = get(&restaurant, kind, &name).await?["metadata"]["uid"].clone();
            Ok((!now.is_null() && now != before).then_some(()))
        };
        eventually(&format!("{kind} {name} is back"), PATIENCE, back).await?;
        world.tell(format!("kubectl delete {kind} {name}: it is back"));
    }
    restaurant.ready().await?;
    let all_there = async || Ok((restaurant.ready_pods("menu").await?.len() == 2).then_some(()));
    eventually("menu has its Pods", PATIENCE, all_there).await?;
    let doors = Doors::open(&restaurant).await?;
    let menu = doors.get(&format!("{}/api/v1/menu?limit=100", doors.menu.url)).await?;
    ensure(menu.contains(&dish), || format!("{dish:?} is no longer on the menu"))?;
    world.tell("the menu is served again, with what was on it");
    Ok(())
}

/// How long a settled restaurant is watched.
const WATCHED: Duration = Duration::from_secs(60);

/// Nothing is written while nothing happens: by the operator's own count, and by the API server's.
pub(crate) async fn a_settled_restaurant_costs_no_write(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    restaurant.ready().await?;
    // Pods of before may still be about to go, of which other controllers tell.
    let at_rest = async || {
        let before = writes_to_api_server().await?;
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok((writes_to_api_server().await? == before).then_some(()))
    };
    eventually("the restaurant comes to rest", PATIENCE, at_rest).await?;
    let before = (writes_of_operator(world).await?, writes_to_api_server().await?);
    tokio::time::sleep(WATCHED).await;
    let after = (writes_of_operator(world).await?, writes_to_api_server().await?);
    let new = |before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>| {
        let grown = |(what, count): (&String, &f64)| {
            let more = count - before.get(what).unwrap_or(&0.0);
            (more > 0.0).then(|| format!("{more} {what}"))
        };
        after.iter().filter_map(grown).collect::<Vec<_>>()
    };
    let written = [new(&before.0, &after.0), new(&before.1, &after.1)];
    ensure(written.iter().all(Vec::is_empty), || format!("written: {:?} by the operator; {:?} to the API server", written[0], written[1]))?;
    world.tell(format!("not one write in {} s, beside leases", WATCHED.as_secs()));
    Ok(())
}

/// By resource and verb, of both replicas.
async fn writes_of_operator(world: &World) -> Result<BTreeMap<String, f64>> {
    let pods = Api::<Pod>::namespaced(world.client.clone(), OPERATOR);
    let pods = pods.list(&ListParams::default().labels(&format!("app.kubernetes.io/name={OPERATOR}"))).await?;
    let mut writes = BTreeMap::new();
    for pod in pods {
        let way = Forward::open(OPERATOR, &format!("pod/{}", pod.name_any()), 8080).await?;
        let text = reqwest::Client::builder().no_proxy().build()?.get(format!("{}/metrics", way.url)).send().await?.text().await?;
        for (labels, value) in metrics::of(&text, "operator_api_writes_total") {
            *writes.entry(format!("{} {}", labels["verb"], labels["resource"])).or_default() += value;
        }
    }
    Ok(writes)
}

/// What restaurants are made of.
const RESOURCES: [&str; 12] = [
    "configmaps",
    "deployments",
    "horizontalpodautoscalers",
    "jobs",
    "networkpolicies",
    "persistentvolumeclaims",
    "poddisruptionbudgets",
    "restaurantbookings",
    "secrets",
    "serviceaccounts",
    "services",
    "statefulsets",
];

/// By resource and verb, by whomever. Of several API servers the one that answers is counted.
async fn writes_to_api_server() -> Result<BTreeMap<String, f64>> {
    let text = kubectl(&["get", "--raw", "/metrics"]).await?;
    let mut writes = BTreeMap::new();
    for (labels, value) in metrics::of(&text, "apiserver_request_total") {
        let label = |name: &str| labels.get(name).map_or("", String::as_str);
        let is_write = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"].contains(&label("verb"));
        // The kubelet asks for tokens of accounts; that writes nothing.
        if is_write && RESOURCES.contains(&label("resource")) && label("subresource") != "token" && label("dry_run").is_empty() {
            *writes.entry(format!("{} {}/{}", label("verb"), label("resource"), label("subresource"))).or_default() += value;
        }
    }
    Ok(writes)
}

/// While a restaurant is paused nothing is put back; afterwards it is.
pub(crate) async fn a_paused_restaurant_is_left_alone(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    restaurant.change(&json!({"paused": true, "menu": {"logLevel": "warn"}})).await?;
    restaurant.becomes("Progressing", "False", "Paused", PATIENCE).await?;
    let settings = restaurant.settings("menu").await?;
    restaurant.kubectl(&["delete", "configmap", &settings]).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    ensure(get(&restaurant, "configmap", &settings).await?.is_null(), || "a paused restaurant was mended".to_owned())?;
    world.tell("paused: a deleted ConfigMap stays away");
    restaurant.change(&json!({"paused": null, "menu": {"logLevel": null}})).await?;
    restaurant.ready().await?;
    ensure(!get(&restaurant, "configmap", &settings).await?.is_null(), || "the ConfigMap is not back".to_owned())?;
    world.tell("no longer paused: it is back, and the restaurant Ready");
    Ok(())
}
