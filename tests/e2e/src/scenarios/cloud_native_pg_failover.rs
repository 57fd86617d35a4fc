//! A primary of CloudNativePG that dies while its replica lags, while guests book.

use crate::Result;
use crate::cluster::{Cluster, PATIENCE};
use crate::restaurant::Restaurant;
use crate::visitors::{Faults, Traffic};
use crate::world::{World, eventually};

/// Bookings that are made before something is done, and after it.
const SOME: u64 = 40;
/// Requests that guests give up before the primary dies. Guests ask again for what they gave up.
const GIVEN_UP: usize = 5;

/// The replica of reservation's database stalls, the primary dies with all that it had not received, and it takes over. Every booking that
/// was acknowledged is there once, and its events are complete and in order.
pub(crate) async fn no_acknowledged_booking_is_lost(world: &World) -> Result<()> {
    let restaurant = world.enoteca().await?;
    let cluster = restaurant.cluster();
    let (primary, replica) = cluster.instances().await?;
    let traffic = restaurant.traffic(Faults::Allowed, &[]).await?;
    cluster.more_bookings(&primary, SOME).await?;
    let receiver = cluster.ask(&replica, "SELECT pid FROM pg_stat_wal_receiver").await?;
    let tried = lose_primary(&restaurant, &cluster, &traffic, &primary, &replica, &receiver).await;
    // Its end is asked for before it goes on, so it reads nothing of what was still on its way.
    let (end, go_on) = (format!("kill -TERM {receiver}"), format!("kill -CONT {receiver}"));
    let let_go = cluster.run(&replica, &["sh", "-c", &format!("{end} && {go_on}")]).await;
    tried?;
    let_go?;
    world.tell(format!("the receiver of {replica} ends"));

    let takes_over = async || Ok((cluster.status().await?["currentPrimary"] == *replica).then_some(()));
    eventually(&format!("{replica} takes over"), PATIENCE, takes_over).await?;
    world.tell(format!("{replica} is the primary"));
    let (_, successor) = cluster.instances().await?;
    restaurant.ready().await?;
    world.tell(format!("{successor} is its replica, and the restaurant Ready"));
    cluster.more_bookings(&replica, SOME).await?;
    traffic.end().await.map(drop)
}

/// Stalls the replica, lets guests wait until they give up, kills the primary, and waits until its end is noticed.
async fn lose_primary(
    restaurant: &Restaurant<'_>,
    cluster: &Cluster<'_>,
    traffic: &Traffic<'_>,
    primary: &str,
    replica: &str,
    receiver: &str,
) -> Result<()> {
    let world = restaurant.world;
    cluster.run(replica, &["sh", "-c", &format!("kill -STOP {receiver}")]).await?;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let wait = async || {
        let waiting: usize = cluster.ask(primary, waiting).await?.parse()?;
        Ok((waiting > 0).then_some(waiting))
    };
    let waiting = eventually("bookings wait for the replica", PATIENCE, wait).await?;
    world.tell(format!("{replica} is stalled: {waiting} bookings wait for it"));
    let given_up = async || {
        let count = traffic.failures("no answer in time").await?;
        Ok((count >= GIVEN_UP).then_some(count))
    };
    let count = eventually("guests give up waiting", PATIENCE, given_up).await?;
    world.tell(format!("guests gave up {count} requests, and try again"));
    restaurant.kubectl(&["delete", "pod", primary, "--force", "--grace-period=0"]).await?;
    // CloudNativePG promotes nobody as long as a receiver is there.
    let noticed = async || Ok((cluster.status().await?["targetPrimary"] != *primary).then_some(()));
    eventually(&format!("the end of {primary} is noticed"), PATIENCE, noticed).await?;
    world.tell(format!("{primary} was killed, and its end is noticed"));
    Ok(())
}
