//! Pods that die, while guests book.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt as _;
use kube::api::Api;

use crate::Result;
use crate::command::kubectl;
use crate::restaurant::Restaurant;
use crate::visitors::Faults;
use crate::world::{OPERATOR, World, ensure, eventually};

/// How long anything may take to recover.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long nothing may have failed at the end of the traffic.
const CALM: Duration = Duration::from_secs(10);

/// A Pod of a service, of a database, the broker and the operator's leader die in turn: each time the platform recovers by itself. At the
/// end every booking that was acknowledged is there once, and its events are complete and in order.
pub(crate) async fn each_kind_of_pod_under_load(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let traffic = restaurant.traffic(Faults::Allowed, &[]).await?;
    for component in ["reservation", "reservation-postgres", "kafka"] {
        kill(&restaurant, component).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    kill_leader(&restaurant).await?;
    tokio::time::sleep(CALM + Duration::from_secs(5)).await;
    let report = traffic.end().await?;
    let calm = report.calm.unwrap_or(f64::INFINITY);
    ensure(calm >= CALM.as_secs_f64(), || format!("requests failed until {calm:.1} s before the end"))
}

/// Kills a Pod, and waits until there are as many as before.
///
/// A second is what it gets: less would have the API server forget a Pod of which the kubelet still knows, and two servers work on one
/// volume.
async fn kill(restaurant: &Restaurant<'_>, component: &str) -> Result<()> {
    let started = Instant::now();
    let before = restaurant.ready_pods(component).await?;
    let victim = restaurant.pods(component).await?.first().ok_or_else(|| format!("{component} has no Pods"))?.clone();
    restaurant.kubectl(&["delete", "pod", &victim.name_any(), "--now", "--wait=false"]).await?;
    let dead = victim.uid().unwrap_or_default();
    let recovered = async || {
        let now = restaurant.ready_pods(component).await?;
        Ok((now.len() >= before.len() && !now.contains(&dead)).then_some(()))
    };
    eventually(&format!("{component} recovers"), PATIENCE, recovered).await?;
    restaurant.ready().await?;
    restaurant.world.tell(format!("{} was killed, and replaced in {:.1} s", victim.name_any(), started.elapsed().as_secs_f64()));
    Ok(())
}

/// Kills the operator's leader, and waits until another one does its work.
async fn kill_leader(restaurant: &Restaurant<'_>) -> Result<()> {
    let started = Instant::now();
    let leases: Api<Lease> = Api::namespaced(restaurant.world.client.clone(), OPERATOR);
    let holder = async || Result::Ok(leases.get(OPERATOR).await?.spec.and_then(|spec| spec.holder_identity).unwrap_or_default());
    let leader = holder().await?;
    kubectl(&["delete", "pod", &leader, "--namespace", OPERATOR, "--now", "--wait=false"]).await?;
    let other = async || Ok(Some(holder().await?).filter(|holder| !holder.is_empty() && *holder != leader));
    let successor = eventually("another leads", PATIENCE, other).await?;
    restaurant.world.tell(format!("{leader} was killed, and {successor} leads after {:.1} s", started.elapsed().as_secs_f64()));
    let settings = restaurant.settings("menu").await?;
    restaurant.kubectl(&["delete", "configmap", &settings]).await?;
    let back = async || Ok(restaurant.kubectl(&["get", "configmap", &settings]).await.ok());
    eventually("the new leader puts a ConfigMap back", PATIENCE, back).await?;
    kubectl(&["rollout", "status", "deployment", OPERATOR, "--namespace", OPERATOR, "--timeout=3m"]).await?;
    restaurant.world.tell(format!("{successor} put back what was deleted; both replicas are there"));
    Ok(())
}
