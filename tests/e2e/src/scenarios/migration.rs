//! A migration that fails, while guests book.

use std::time::Duration;

use kube::ResourceExt as _;
use serde_json::json;

use crate::Result;
use crate::restaurant::Restaurant;
use crate::visitors::Faults;
use crate::world::{World, ensure};

/// A Job tries four times, with pauses of 10, 20 and 40 s.
const PATIENCE: Duration = Duration::from_secs(300);

/// A database whose history is another than the new version's is not migrated: the old version keeps serving, and it is said why. Mended
/// as the message says, it goes on. All the while not one request fails.
pub(crate) async fn the_old_version_serves_while_one_fails(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let traffic = restaurant.traffic(Faults::None, &[]).await?;
    // As if a migration had been edited after it was released: every version refuses such a database.
    sql(&restaurant, r"UPDATE _sqlx_migrations SET checksum = checksum || '\x00'::bytea WHERE version = 1").await?;
    let mut mended = false;
    let tried = fail_and_mend(&restaurant, &mut mended).await;
    if !mended {
        mend(&restaurant).await?;
    }
    tried?;
    traffic.end().await.map(drop)
}

async fn mend(restaurant: &Restaurant<'_>) -> Result<()> {
    let whole = "UPDATE _sqlx_migrations SET checksum = substring(checksum FROM 1 FOR 48) WHERE version = 1";
    sql(restaurant, whole).await
}

async fn fail_and_mend(restaurant: &Restaurant<'_>, mended: &mut bool) -> Result<()> {
    let world = restaurant.world;
    let before = restaurant.ready_pods("menu").await?;
    let tag = restaurant.other_tag("menu").await?;
    restaurant.change(&json!({"image": {"menu": {"tag": tag}}})).await?;
    let failed = restaurant.becomes("MigrationsComplete", "False", "MigrationFailed", PATIENCE).await?;
    let says = |part: &str| failed.message.contains(part);
    ensure(says("The old version keeps serving") && says("delete the Job"), || format!("the condition says: {}", failed.message))?;
    world.tell(format!("MigrationFailed: {}", failed.message));
    let prefix = restaurant.part("menu-migrate-");
    let job = failed.message.split([' ', ':', ',']).find(|word| word.starts_with(&prefix)).ok_or("the message names no Job")?.to_owned();
    let log = restaurant.kubectl(&["logs", &format!("job/{job}")]).await?;
    ensure(log.contains("modified"), || format!("the log does not say why: {log}"))?;
    world.tell(format!("kubectl logs job/{job}: {}", log.lines().last().unwrap_or_default()));
    let now = restaurant.ready_pods("menu").await?;
    ensure(now == before, || format!("the old version does not go on: {before:?} became {now:?}"))?;

    mend(restaurant).await?;
    *mended = true;
    restaurant.kubectl(&["delete", "job", &job]).await?;
    restaurant.ready().await?;
    let version = restaurant.tag("menu").await?;
    ensure(version == tag, || format!("menu runs {version}"))?;
    world.tell(format!("mended, and kubectl delete job {job}: menu runs {tag}"));
    Ok(())
}

/// Has the database of menu do something, as its administrator.
async fn sql(restaurant: &Restaurant<'_>, statement: &str) -> Result<()> {
    let pod = restaurant.pods("menu-postgres").await?.first().ok_or("menu has no database")?.name_any();
    let said = restaurant.kubectl(&["exec", &pod, "--container=postgres", "--", "psql", "--quiet", "--command", statement]).await;
    said.map(drop)
}
