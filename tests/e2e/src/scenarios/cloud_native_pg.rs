//! Databases that CloudNativePG runs. Where it is not installed, nothing is tried.

use kube::ResourceExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::Result;
use crate::cluster::{Cluster, PATIENCE};
use crate::command::kubectl_reading;
use crate::doors::Doors;
use crate::restaurant::Restaurant;
use crate::visitors::Faults;
use crate::world::{World, ensure, eventually};

/// A restaurant becomes Ready, a guest and the administrator walk through it, and guests book without one request that fails.
pub(crate) async fn guests_use_a_restaurant(world: &World) -> Result<()> {
    let restaurant = world.enoteca().await?;
    let status = restaurant.status().await?;
    ensure(status["postgres"] == "cloudNativePG", || format!("status.postgres is {}", status["postgres"]))?;
    Doors::open(&restaurant).await?.walk(&restaurant).await?;
    let cluster = restaurant.cluster();
    let (primary, replica) = cluster.instances().await?;
    let traffic = restaurant.traffic(Faults::None, &[]).await?;
    cluster.more_bookings(&primary, 40).await?;
    traffic.end().await?;
    world.tell(format!("guests booked at {primary}, and {replica} has what they were told"));
    Ok(())
}

/// An address in other letters is taken, also where the letters that differ are not ASCII's.
pub(crate) async fn two_addresses_that_differ_in_case_are_one_account(world: &World) -> Result<()> {
    let restaurant = world.enoteca().await?;
    let doors = Doors::open(&restaurant).await?;
    let url = format!("{}/auth/register", doors.auth.url);
    // Of this run alone.
    let run = std::process::id();
    let (small, capital) = (format!("jürgen-{run}@example.com"), format!("JÜRGEN-{run}@example.com"));
    let account = |email: &str| json!({"email": email, "password": "correct horse", "full_name": "Jürgen", "phone": "+49 30 901820"});
    doors.ask(Method::POST, &url, "", &account(&small), 201).await?;
    doors.ask(Method::POST, &url, "", &account(&capital), 409).await?;
    doors.log_in(&capital, "correct horse").await?;
    world.tell(format!("{small} is registered, {capital} is taken, and opens the same account"));
    Ok(())
}

/// An object's uid; null where it is not there.
async fn uid(restaurant: &Restaurant<'_>, kind: &str, name: &str) -> Result<Value> {
    let text = restaurant.kubectl(&["get", kind, name, "--ignore-not-found", "--output=json"]).await?;
    if text.trim().is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str::<Value>(&text)?["metadata"]["uid"].clone()) }
}

/// Deletes an object of reservation, and waits until there is another one.
async fn comes_back(restaurant: &Restaurant<'_>, kind: &str) -> Result<()> {
    let name = restaurant.part("reservation");
    let before = uid(restaurant, kind, &name).await?;
    restaurant.kubectl(&["delete", kind, &name]).await?;
    let back = async || {
        let now = uid(restaurant, kind, &name).await?;
        Ok((!now.is_null() && now != before).then_some(()))
    };
    eventually(&format!("{kind} {name} is back"), PATIENCE, back).await?;
    restaurant.world.tell(format!("kubectl delete {kind} {name}: it is back"));
    Ok(())
}

/// A quota that lets no Job be made beside those that are there. CloudNativePG makes an instance by a Job.
const QUOTA: &str = "no-more-jobs";

/// The phase of a Cluster that lacks nothing.
const HEALTHY: &str = "Cluster in healthy state";

/// A replica is lost with its volume, and no other can be made. The objects of its service are cared for all the same. Where
/// writes wait for a replica, the resource says why none is taken; where they do not, it stays Ready.
pub(crate) async fn a_missing_replica_stops_no_care(world: &World) -> Result<()> {
    let restaurant = world.enoteca().await?;
    let cluster = restaurant.cluster();
    let tried = without_replica(&restaurant, &cluster).await;
    restaurant.kubectl(&["delete", "resourcequota", QUOTA, "--ignore-not-found"]).await?;
    restaurant.change(&json!({"postgres": {"cloudNativePG": {"synchronousReplication": null}}})).await?;
    tried?;
    let (_, replica) = cluster.instances().await?;
    restaurant.ready().await?;
    world.tell(format!("{QUOTA} is lifted: {replica} is the replica, and writes wait for it"));
    Ok(())
}

async fn without_replica(restaurant: &Restaurant<'_>, cluster: &Cluster<'_>) -> Result<()> {
    let world = restaurant.world;
    let (primary, replica) = cluster.instances().await?;
    let jobs = restaurant.kubectl(&["get", "jobs", "--output=name"]).await?.lines().count();
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": QUOTA, "namespace": restaurant.namespace},
        "spec": {"hard": {"count/jobs.batch": jobs.to_string()}},
    });
    kubectl_reading(&["apply", "--filename", "-"], &quota.to_string()).await?;
    restaurant.kubectl(&["delete", "persistentvolumeclaim", &replica, "--wait=false"]).await?;
    restaurant.kubectl(&["delete", "pod", &replica, "--wait=false"]).await?;

    let told = restaurant.becomes("PostgresReady", "False", "Waiting", PATIENCE).await?;
    let missing = async || {
        let status = cluster.status().await?;
        let healthy = status["instancesStatus"]["healthy"].as_array().cloned().unwrap_or_default();
        let phase = status["phase"].as_str().unwrap_or_default().to_owned();
        let told = restaurant.condition("PostgresReady").await?.map(|told| told.message).unwrap_or_default();
        // CloudNativePG notices that an instance is missing before it says so.
        let says_so = !phase.is_empty() && phase != HEALTHY;
        Ok((healthy == [json!(primary)] && says_so && told.contains(&phase)).then_some(told))
    };
    let told = eventually(&format!("the resource says what the Cluster says, unlike {told:?}"), PATIENCE, missing).await?;
    world.tell(format!("{replica} is lost with its volume: {told}"));
    comes_back(restaurant, "poddisruptionbudget").await?;
    serves(restaurant).await?;

    restaurant.change(&json!({"postgres": {"cloudNativePG": {"synchronousReplication": "Preferred"}}})).await?;
    restaurant.ready().await?;
    world.tell("synchronousReplication: Preferred: the resource is Ready without the replica");
    comes_back(restaurant, "poddisruptionbudget").await?;
    comes_back(restaurant, "deployment").await?;
    restaurant.ready().await?;
    serves(restaurant).await?;
    let (doors, token) = restaurant.visit().await?;
    let number = i64::from(std::process::id()) * 10;
    let table = json!({"table_number": number, "capacity": 2});
    doors.ask(Method::POST, &format!("{}/reservations/tables", doors.reservation.url), &token, &table, 201).await?;
    let status = cluster.status().await?;
    ensure(status["readyInstances"] == 1, || format!("the replica is back too early: {}", status["instanceNames"]))?;
    world.tell("a table is added without the replica");
    Ok(())
}

/// All Pods of reservation are ready.
async fn serves(restaurant: &Restaurant<'_>) -> Result<()> {
    let pods = restaurant.pods("reservation").await?;
    let ready = restaurant.ready_pods("reservation").await?;
    let names: Vec<_> = pods.iter().map(|pod| pod.name_any()).collect();
    ensure(ready.len() == 2 && pods.len() == 2, || format!("{} of {names:?} are ready", ready.len()))
}
