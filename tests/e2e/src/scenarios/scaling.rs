//! How many Pods a service has: by hand, by the resource, by an autoscaler.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::Api;
use serde_json::{Value, json};

use crate::command::kubectl;
use crate::restaurant::{Restaurant, spec};
use crate::visitors::Faults;
use crate::world::{World, ensure, eventually};
use crate::{Result, Skipped};

/// How long Pods may take to come and go.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the autoscaler may take: metrics are some time old, and it looks every 15 s.
const AUTOSCALER: Duration = Duration::from_secs(240);

async fn deployment(restaurant: &Restaurant<'_>, component: &str) -> Result<Deployment> {
    let deployments = Api::namespaced(restaurant.world.client.clone(), &restaurant.namespace);
    Ok(deployments.get(&restaurant.part(component)).await?)
}

/// Waits until a service has so many Pods, wanted and ready.
async fn has_pods(restaurant: &Restaurant<'_>, component: &str, count: i32) -> Result<()> {
    let look = async || {
        let deployment = deployment(restaurant, component).await?;
        let wanted = deployment.spec.and_then(|spec| spec.replicas);
        let ready = deployment.status.and_then(|status| status.ready_replicas);
        Ok((wanted == Some(count) && ready == Some(count)).then_some(()))
    };
    eventually(&format!("{component} has {count} Pods"), PATIENCE, look).await
}

/// `kubectl scale` is put back, for the number is the resource's; the resource's own number counts.
pub(crate) async fn by_hand(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let name = restaurant.part("menu");
    let generation = async || Result::Ok(deployment(&restaurant, "menu").await?.metadata.generation);
    let before = generation().await?;
    restaurant.kubectl(&["scale", "deployment", &name, "--replicas=4"]).await?;
    // There and back: two changes.
    let put_back = async || Ok((generation().await? >= before.map(|before| before + 2)).then_some(()));
    eventually("the operator notices", PATIENCE, put_back).await?;
    has_pods(&restaurant, "menu", 2).await?;
    world.tell(format!("kubectl scale deployment {name} --replicas=4: it has 2 again"));
    for count in [3, 2] {
        restaurant.change(&json!({"menu": {"replicas": count}})).await?;
        restaurant.ready().await?;
        has_pods(&restaurant, "menu", count).await?;
        world.tell(format!("spec.menu.replicas: {count}: it has {count}"));
    }
    Ok(())
}

/// An autoscaler adds Pods under load, the operator leaves them to it, and takes the number back when the autoscaler is no longer wanted.
pub(crate) async fn by_an_autoscaler_under_load(world: &World) -> Result<()> {
    if kubectl(&["get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"]).await.is_err() {
        return Err(Skipped("the cluster has no metrics-server".to_owned()).into());
    }
    let restaurant = world.trattoria().await?;
    // Logins cost CPU; half of what a Pod asks for is far above what an idle one takes, and far below what these logins do.
    let autoscaled = json!({
        "replicas": null,
        "autoscaling": {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 50},
        "resources": {"requests": {"cpu": "200m"}},
    });
    restaurant.change(&json!({"auth": autoscaled})).await?;
    restaurant.ready().await?;
    let logins = ["--logins-per-second=1.5", "--bookings-per-second=2", "--reads-per-second=4"];
    let traffic = restaurant.traffic(Faults::Allowed, &logins).await?;
    let more = async || {
        let ready = deployment(&restaurant, "auth").await?.status.and_then(|status| status.ready_replicas).unwrap_or_default();
        Ok((ready > 2).then_some(ready))
    };
    let ready = eventually("the autoscaler adds Pods", AUTOSCALER, more).await?;
    world.tell(format!("the autoscaler made {ready} Pods of auth out of 2"));
    traffic.end().await?;
    restaurant.ready().await?;
    let desired = restaurant.status().await?["services"]["auth"]["desired"].as_i64().unwrap_or_default();
    ensure(desired > 2, || format!("the status wants {desired} Pods"))?;

    let Value::Object(mut fixed) = spec("", 2)["auth"].clone() else { return Err("a component is an object".into()) };
    fixed.insert("autoscaling".to_owned(), Value::Null);
    restaurant.change(&json!({"auth": fixed})).await?;
    restaurant.ready().await?;
    has_pods(&restaurant, "auth", 2).await?;
    let left = restaurant.kubectl(&["get", "horizontalpodautoscalers", "--output=name"]).await?;
    ensure(left.is_empty(), || format!("left is {left}"))?;
    world.tell("without it the number is the resource's again: 2");
    Ok(())
}
