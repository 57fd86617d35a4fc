//! The backup before a migration.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::api::DeleteParams;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::world::{Place, eventually};

use super::pods::{backed_up, end, failed, running};
use super::{NAME, SERVICES, backup, first_backups, jobs_of, spec, status};

/// The resource with this version of the services.
async fn of(place: &Place, tag: &str) -> Value {
    let mut backup = backup();
    backup["beforeMigration"] = true.into();
    spec(place, json!({"backup": backup, "image": {"tag": tag}})).await
}

/// The version of each service as its Deployment has it.
async fn versions(place: &Place) -> [String; 3] {
    let mut versions = SERVICES.map(str::to_owned);
    for version in &mut versions {
        let deployment = place.get(Kind::Deployment, &format!("{NAME}-{version}")).await.expect("a Deployment");
        let image = deployment.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).unwrap_or_default();
        *version = image.rsplit(':').next().unwrap_or_default().to_owned();
    }
    versions
}

/// The new Jobs that back up.
async fn made_since(place: &Place, before: &[String]) -> Vec<String> {
    eventually("the backups before the migrations", async || {
        let now: Vec<_> = jobs_of(place, "-backup-").await.into_iter().filter(|name| !before.contains(name)).collect();
        (now.len() == 3).then_some(now)
    })
    .await
}

/// The Pod of the backup of a service's database ends well.
async fn backs_up(place: &Place, service: &str, backup: &str, stop: &str) {
    let pod = running(place, &format!("{service}-backup")).await;
    end(place, &pod, 0, &backed_up(service, backup, stop)).await;
}

/// A new resource has nothing to lose. At another version each database is backed up once, whoever reconciles, and its migration comes after;
/// the old version serves meanwhile.
pub(crate) async fn a_migration_waits_for_the_backup_before_it(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, of(place, "1.0").await).await;
    place.ready(NAME).await;
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    let first = jobs_of(place, "-backup-").await;
    assert_eq!(first.len(), 3, "the first migration of an empty database needs no backup: {first:?}");

    place.apply(NAME, of(place, "2.0").await).await;
    let before = made_since(place, &first).await;
    let said = place.condition(NAME, "MigrationsComplete", "False", Some("Waiting")).await;
    for job in &before {
        assert!(said.contains(&format!("waits for the backup {job}")), "{job}: {said}");
    }
    assert!(said.contains("migration of reservation: waits for the backup trattoria-reservation-backup-"), "{said}");
    let said = place.condition(NAME, "Progressing", "True", None).await;
    assert!(said.contains("migration of menu: waits for the backup"), "{said}");
    place.condition(NAME, "Available", "True", None).await;
    operator.stop().await;
    let operator = place.operator_as("operator-1", place.world.plane.client_config(), crate::wire::Wire::default());
    eventually("a round of the new operator", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
    assert_eq!(made_since(place, &first).await, before, "each is made once");
    eventually("no migration is there: the former are gone, and the new wait", async || {
        jobs_of(place, "-migrate-").await.is_empty().then_some(())
    })
    .await;
    assert_eq!(versions(place).await, ["1.0"; 3].map(str::to_owned));

    // Each database for itself.
    backs_up(place, "auth", "20361201-030003F", "2036-12-01T03:01:00Z").await;
    eventually("the new version of auth", async || (versions(place).await[0] == "2.0").then_some(())).await;
    let migrations = jobs_of(place, "-migrate-").await;
    assert!(migrations.len() == 1 && migrations[0].contains("-auth-migrate-"), "the others still wait: {migrations:?}");
    for service in ["menu", "reservation"] {
        backs_up(place, service, "20361201-030003F", "2036-12-01T03:01:00Z").await;
    }
    place.ready(NAME).await;
    assert_eq!(versions(place).await, ["2.0"; 3].map(str::to_owned));
    eventually("they count as backups", async || {
        let told = status(place).await["backup"]["databases"].clone();
        told.as_array()?.iter().all(|one| one["backup"] == "20361201-030003F").then_some(())
    })
    .await;
    operator.quiet().await;
    assert_eq!(made_since(place, &first).await, before, "nothing more is backed up after the migrations");
    operator.stop().await;
}

/// The migration does not run, and the condition has the words of the Pod and what to do.
pub(crate) async fn a_migration_does_not_run_where_the_backup_before_it_fails(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, of(place, "1.0").await).await;
    place.ready(NAME).await;
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    let first = jobs_of(place, "-backup-").await;
    place.apply(NAME, of(place, "2.0").await).await;
    let before = made_since(place, &first).await;
    for service in ["auth", "menu"] {
        backs_up(place, service, "20361201-030003F", "2036-12-01T03:01:00Z").await;
    }
    let pod = running(place, "reservation-backup").await;
    end(place, &pod, 3, &failed("StorageRefused", "the bucket does not exist")).await;
    let job = before.iter().find(|name| name.contains("-reservation-")).expect("its Job");
    for condition in ["MigrationsComplete", "Ready"] {
        let said = place.condition(NAME, condition, "False", Some("BackupBeforeMigrationFailed")).await;
        let again = format!("kubectl delete job {job}");
        for part in ["migration of reservation: does not run", "the bucket does not exist", "The old version keeps serving", &again] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    eventually("the others are at the new version", async || {
        (versions(place).await == ["2.0", "2.0", "1.0"].map(str::to_owned)).then_some(())
    })
    .await;
    place.condition(NAME, "Available", "True", None).await;
    operator.quiet().await;
    let migrations = jobs_of(place, "-migrate-").await;
    assert!(!migrations.iter().any(|name| name.contains("-reservation-")), "{migrations:?}");
    place.condition(NAME, "BackupReady", "False", Some("BackupFailed")).await;

    // The times of statuses are in seconds, and the last one counts.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    place.delete(Kind::Job, job).await;
    backs_up(place, "reservation", "20361201-040003F", "2036-12-01T04:01:00Z").await;
    place.ready(NAME).await;
    assert_eq!(versions(place).await, ["2.0"; 3].map(str::to_owned));
    place.condition(NAME, "BackupReady", "True", None).await;
    operator.stop().await;
}

/// The status of a resource that was made again knows nothing of its data, which its volumes have all the same.
pub(crate) async fn the_data_that_a_deleted_resource_left_is_backed_up_first(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, of(place, "1.0").await).await;
    place.ready(NAME).await;
    place.resources().delete(NAME, &DeleteParams::background()).await.expect("it is deleted");
    eventually("its Jobs are gone", async || jobs_of(place, "trattoria-").await.is_empty().then_some(())).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    place.apply(NAME, of(place, "2.0").await).await;
    let said = eventually("the migrations wait", async || {
        let conditions = status(place).await["conditions"].clone();
        let found = conditions.as_array()?.iter().find(|one| one["type"] == "MigrationsComplete")?["message"].as_str()?.to_owned();
        SERVICES.iter().all(|service| found.contains(&format!("migration of {service}: waits for the backup"))).then_some(found)
    })
    .await;
    assert!(jobs_of(place, "-migrate-").await.is_empty(), "{said}");
    // The first one into the place is made anew, too.
    let jobs: BTreeSet<_> = jobs_of(place, "-backup-").await.into_iter().collect();
    assert_eq!(jobs.len(), 6, "{jobs:?}");
    operator.stop().await;
}
