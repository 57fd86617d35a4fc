//! Another version of each service, while guests book.

use std::time::Duration;

use serde_json::json;

use crate::Result;
use crate::doors::SERVICES;
use crate::visitors::Faults;
use crate::world::{World, ensure, eventually};

/// How long the Pods of one service may take to be replaced.
const PATIENCE: Duration = Duration::from_secs(180);

/// The image tag of one service after another is changed: not one request fails, and not one event is lost.
pub(crate) async fn each_service_under_load(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let traffic = restaurant.traffic(Faults::None, &[]).await?;
    for (service, _) in SERVICES {
        let before = restaurant.ready_pods(service).await?;
        let target = restaurant.other_tag(service).await?;
        restaurant.change(&json!({"image": {service: {"tag": target}}})).await?;
        let rolled_out = async || Ok((restaurant.tag(service).await? == target).then_some(()));
        eventually(&format!("{service} runs {target}"), PATIENCE, rolled_out).await?;
        restaurant.ready().await?;
        let after = restaurant.ready_pods(service).await?;
        ensure(after.len() == 2 && after.iter().all(|pod| !before.contains(pod)), || format!("{service}: {before:?} became {after:?}"))?;
        world.tell(format!("{service} runs {target}, with {} other Pods", after.len()));
    }
    // The last Pods of before are still about to end.
    tokio::time::sleep(Duration::from_secs(10)).await;
    traffic.end().await.map(drop)
}
