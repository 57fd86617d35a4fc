//! From nothing to a first booking, with the commands of the README.

use crate::Result;
use crate::command::helm;
use crate::doors::Doors;
use crate::world::{OPERATOR, World, ensure};

/// Helm installs the operator, a resource becomes Ready, and a guest and the administrator walk through it, the latter with the password
/// that was generated.
pub(crate) async fn a_restaurant_opens(world: &World) -> Result<()> {
    world.install().await?;
    helm(&["test", OPERATOR, "--namespace", OPERATOR, "--timeout", "2m"]).await?;
    world.tell("helm test: the operator would take a resource");
    let restaurant = world.trattoria().await?;

    let doors = Doors::open(&restaurant).await?;
    for (service, url) in [("auth", &doors.auth.url), ("menu", &doors.menu.url), ("reservation", &doors.reservation.url)] {
        let page = doors.get(&format!("{url}/docs/")).await?;
        ensure(page.contains("swagger-ui"), || format!("{service}: /docs/ is no Swagger page: {page}"))?;
    }
    world.tell("three Swagger pages");

    let (_, password) = restaurant.administrator().await?;
    ensure(password.len() >= 20, || format!("the password is short: {} characters", password.len()))?;
    doors.walk(&restaurant).await?;
    let status = restaurant.status().await?;
    let tags = [&world.settings.tag, &world.settings.next_tag];
    ensure(tags.iter().any(|tag| status["version"] == ***tag), || format!("status.version is {}", status["version"]))?;
    ensure(status["replicas"] == "6/6", || format!("status.replicas is {}", status["replicas"]))
}
