//! Restaurants that are deleted, and the operator that is uninstalled.

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use serde_json::json;

use crate::Result;
use crate::command::{helm, kubectl};
use crate::doors::Doors;
use crate::restaurant::{Restaurant, spec};
use crate::visitors::Faults;
use crate::world::{CRD, OPERATOR, World, ensure, eventually};

/// How long Kubernetes may take to collect what belonged to a resource: a database may take a minute to stop.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is left of a restaurant, of every kind that the cluster knows.
async fn left(restaurant: &Restaurant<'_>) -> Result<Vec<String>> {
    let kinds = kubectl(&["api-resources", "--namespaced", "--verbs=list", "--output=name"]).await?;
    // Metrics of Pods are no objects, and stay a while when the Pods are gone.
    let kinds: Vec<_> = kinds.lines().filter(|kind| !kind.ends_with("metrics.k8s.io")).collect();
    let selector = format!("app.kubernetes.io/instance={}", restaurant.name);
    let found = restaurant.kubectl(&["get", &kinds.join(","), "--selector", &selector, "--output=name", "--ignore-not-found"]).await?;
    Ok(found.lines().map(str::to_owned).collect())
}

/// Deletes the resource.
pub(super) async fn delete(restaurant: &Restaurant<'_>) -> Result<()> {
    restaurant.kubectl(&["delete", "restaurantbooking", &restaurant.name, "--timeout=3m"]).await.map(drop)
}

/// Waits until nothing is left but objects of these kinds.
pub(super) async fn only(restaurant: &Restaurant<'_>, kinds: &[&str]) -> Result<Vec<String>> {
    let look = async || {
        let left = left(restaurant).await?;
        let others: Vec<_> = left.iter().filter(|object| !kinds.iter().any(|kind| object.starts_with(kind))).collect();
        if others.is_empty() { Ok(Some(left)) } else { Err(format!("{others:?}").into()) }
    };
    eventually(&format!("of {} nothing is left but {kinds:?}", restaurant.name), PATIENCE, look).await
}

/// With `Retain`, the default, a restaurant that is deleted and applied again finds its bookings and its passwords.
pub(crate) async fn retained_data_is_found_again(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let traffic = restaurant.traffic(Faults::None, &[]).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    traffic.end().await?;
    let (doors, token) = restaurant.visit().await?;
    let (before, administrator) = (doors.bookings(&token).await?, restaurant.administrator().await?);
    drop(doors);

    delete(&restaurant).await?;
    let kept = only(&restaurant, &["secret/", "persistentvolumeclaim/"]).await?;
    let volumes = kept.iter().filter(|object| object.starts_with("persistentvolumeclaim/")).count();
    ensure((volumes, kept.len()) == (4, 11), || format!("kept are {kept:?}"))?;
    world.tell(format!("deleted: kept are {volumes} volumes and {} Secrets, and nothing else", kept.len() - volumes));

    restaurant.apply(&spec(&restaurant.name, 2)).await?;
    restaurant.ready().await?;
    ensure(restaurant.administrator().await? == administrator, || "the administrator has another password".to_owned())?;
    let (doors, token) = restaurant.visit().await?;
    let after = doors.bookings(&token).await?;
    ensure(!before.is_empty() && before == after, || format!("{} bookings became {}", before.len(), after.len()))?;
    world.tell(format!("applied again: {} bookings are still there, and the password is the same", after.len()));
    Ok(())
}

/// With `Delete` nothing is left, and a neighbour in the same namespace notices nothing.
pub(crate) async fn deleted_data_is_gone(world: &World) -> Result<()> {
    let neighbour = world.trattoria().await?;
    let restaurant = world.restaurant("e2e-trattoria", "osteria", 1).await?;
    let pods = async || {
        let selector = ListParams::default().labels(&format!("app.kubernetes.io/instance={}", neighbour.name));
        let pods = Api::<Pod>::namespaced(world.client.clone(), &neighbour.namespace).list(&selector).await?;
        Result::Ok(pods.iter().filter_map(|pod| pod.uid()).collect::<Vec<_>>())
    };
    let before = pods().await?;
    restaurant.change(&json!({"deletionPolicy": "Delete"})).await?;
    restaurant.ready().await?;
    delete(&restaurant).await?;
    only(&restaurant, &[]).await?;
    let volumes = async || {
        let volumes = Api::<PersistentVolume>::all(world.client.clone()).list(&ListParams::default()).await?;
        let claims = volumes.iter().filter_map(|volume| volume.spec.as_ref()?.claim_ref.as_ref()?.name.as_deref());
        Ok((!claims.into_iter().any(|claim| claim.starts_with("osteria-"))).then_some(()))
    };
    eventually("the volumes are gone", PATIENCE, volumes).await?;
    world.tell("deleted: nothing is left of any kind, and no volume");
    neighbour.ready().await?;
    ensure(pods().await? == before, || "the neighbour's Pods are others".to_owned())?;
    world.tell("its neighbour in the namespace has the same Pods as before");
    Ok(())
}

/// In the wrong order, the operator first: restaurants keep serving, and neither a namespace nor the definition gets stuck.
pub(crate) async fn the_operator_before_the_restaurants(world: &World) -> Result<()> {
    let (trattoria, other) = (world.trattoria().await?, world.restaurant("e2e-osteria", "trattoria", 1).await?);
    other.change(&json!({"deletionPolicy": "Delete"})).await?;
    other.ready().await?;
    helm(&["uninstall", OPERATOR, "--namespace", OPERATOR, "--wait"]).await?;
    let finalizers = ["get", "restaurantbooking", &other.name, "--output=jsonpath={.metadata.finalizers}"];
    let left_on = other.kubectl(&finalizers).await?;
    ensure(left_on.trim().is_empty(), || format!("a finalizer is left: {left_on}"))?;
    for restaurant in [&trattoria, &other] {
        let doors = Doors::open(restaurant).await?;
        doors.get(&format!("{}/reservations/tables", doors.reservation.url)).await?;
    }
    world.tell("helm uninstall first: both restaurants go on");
    delete(&other).await?;
    only(&other, &["secret/", "persistentvolumeclaim/"]).await?;
    world.tell("a restaurant with deletionPolicy Delete is gone, and its data is kept, since nobody is left to remove it");
    kubectl(&["delete", "namespace", &other.namespace, "--timeout=3m"]).await?;
    world.tell("kubectl delete namespace: it is gone");
    kubectl(&["delete", "crd", CRD, "--timeout=3m"]).await?;
    only(&trattoria, &["secret/", "persistentvolumeclaim/"]).await?;
    world.tell("kubectl delete crd: the restaurant that was left is gone with it, but for what it retains");
    world.remove_namespaces().await?;
    world.tell("kubectl delete namespace: the others are gone too");
    Ok(())
}

/// In the documented order nothing is left.
pub(crate) async fn everything_in_the_documented_order(world: &World) -> Result<()> {
    let restaurant = world.restaurant("e2e-osteria", "trattoria", 1).await?;
    kubectl(&["delete", "restaurantbookings", "--all", "--all-namespaces", "--timeout=3m"]).await?;
    only(&restaurant, &["secret/", "persistentvolumeclaim/"]).await?;
    world.tell("kubectl delete restaurantbookings: what is retained is left");
    helm(&["uninstall", OPERATOR, "--namespace", OPERATOR, "--wait"]).await?;
    kubectl(&["delete", "crd", CRD, "--timeout=1m"]).await?;
    let ours = format!("app.kubernetes.io/managed-by=restaurant-booking-operator,app.kubernetes.io/instance={}", restaurant.name);
    restaurant.kubectl(&["delete", "secret,persistentvolumeclaim", "--selector", &ours]).await?;
    only(&restaurant, &[]).await?;
    let of_release = format!("app.kubernetes.io/instance={OPERATOR}");
    let kinds = "clusterroles,clusterrolebindings,all,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets";
    let gone = async || {
        let left = kubectl(&["get", kinds, "--namespace", OPERATOR, "--selector", &of_release, "--output=name"]).await?;
        if left.trim().is_empty() { Ok(Some(())) } else { Err(left.into()) }
    };
    eventually("of the release nothing is left", PATIENCE, gone).await?;
    world.tell("helm uninstall, kubectl delete crd, and what was retained: nothing is left");
    world.remove_namespaces().await?;
    world.tell("kubectl delete namespace: they are gone");
    Ok(())
}
