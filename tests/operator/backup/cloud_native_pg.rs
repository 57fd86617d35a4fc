//! Backups of CloudNativePG's databases: its objects are made, and what they report is told.

use std::collections::BTreeSet;

use kube::api::{Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::simulated::{Simulated, condition, tell_of_backups};
use crate::world::{Place, eventually};

use super::{NAME, s3, spec, status};

const REQUEST: &str = "restaurantbooking.dev/backup";

async fn with_backup(place: &Place, path: &str) -> Value {
    spec(place, json!({"postgres": {"cloudNativePG": {"instances": 1}}, "backup": {"storage": {"s3": s3(path)}}})).await
}

/// The names of the operator's objects of a kind.
async fn names(place: &Place, kind: Kind) -> BTreeSet<String> {
    place.children().await.into_keys().filter(|(of, _)| *of == kind).map(|(_, name)| name).collect()
}

/// The first backups are made as soon as the databases run. A log that is not archived and a backup that fails are told with the words of
/// CloudNativePG, and Ready does not depend on them. The annotation asks for a backup, another place begins with one, and without
/// `backup` nothing archives any more.
pub(crate) async fn backups_of_cloud_native_pg_are_made_and_told(place: &Place) {
    let _others = Simulated::start(place);
    let operator = place.operator();
    place.apply(NAME, with_backup(place, "dining/trattoria").await).await;
    place.ready(NAME).await;
    let said = place.condition(NAME, "BackupReady", "True", Some("Available")).await;
    assert!(said.contains("CloudNativePG archives the logs, each segment after 60 s at the latest"), "{said}");
    let told = status(place).await["backup"].clone();
    assert_eq!(told["location"], "s3://backups/dining/trattoria");
    assert_eq!(told["databases"].as_array().map(Vec::len), Some(3), "{told}");
    for member in ["lastBackup", "oldestRestorable"] {
        assert!(told[member].is_string(), "{member}: {told}");
    }
    let cluster = place.get(Kind::Cluster, "trattoria-menu-postgres").await.expect("a Cluster");
    assert_eq!(cluster["spec"]["plugins"][0]["parameters"]["barmanObjectName"], "trattoria-menu-backup");
    assert_eq!(cluster["spec"]["postgresql"]["parameters"]["archive_timeout"], "45s");
    let children = place.children().await;
    let of_managed = |(kind, name): &&(Kind, String)| {
        matches!(kind, Kind::CronJob | Kind::StatefulSet) && !name.ends_with("-kafka") || name == "trattoria-backup"
    };
    assert_eq!(children.keys().filter(of_managed).collect::<Vec<_>>(), [] as [&(Kind, String); 0], "the tool of managed databases");

    let name = "trattoria-menu-postgres";
    let stands = condition("ContinuousArchiving", "False", "ContinuousArchivingFailing", "exit status 4: the key is wrong");
    tell_of_backups(place, name, &[stands]).await.expect("the Cluster tells");
    let said = place.condition(NAME, "BackupReady", "False", Some("BackupLate")).await;
    assert!(said.contains("the log of menu is not archived") && said.contains("the key is wrong"), "{said}");
    place.condition(NAME, "Ready", "True", None).await;
    let goes_on = condition("ContinuousArchiving", "True", "ContinuousArchivingSuccess", "Continuous archiving is working");
    tell_of_backups(place, name, &[goes_on]).await.expect("the Cluster tells");
    place.condition(NAME, "BackupReady", "True", None).await;

    // A second later than the first backup, since times have whole seconds.
    let last = status(place).await["backup"]["databases"][1]["lastBackup"].as_str().expect("a time").to_owned();
    let failed = (last.parse::<jiff::Timestamp>().expect("a time") + jiff::SignedDuration::from_secs(1)).to_string();
    let window = json!({"status": {"serverRecoveryWindow": {"menu": {"lastFailedBackupTime": failed}}}});
    let stores = place.api(Kind::ObjectStore);
    stores.patch_status("trattoria-menu-backup", &PatchParams::default(), &Patch::Merge(window)).await.expect("the plugin tells");
    let why = condition("LastBackupSucceeded", "False", "LastBackupFailed", "the bucket does not exist");
    tell_of_backups(place, name, &[why]).await.expect("the Cluster tells");
    // The time and the words are in two objects, and their events come in any order.
    eventually("the failed backup has its time and its words", async || {
        let said = place.condition(NAME, "BackupReady", "False", Some("BackupFailed")).await;
        let told = status(place).await["backup"]["databases"][1].clone();
        let worded = said.contains("the last backup of menu failed: the bucket does not exist");
        (worded && told["lastAttempt"] == json!(failed) && told["lastBackup"] == json!(last)).then_some(())
    })
    .await;
    place.condition(NAME, "Ready", "True", None).await;

    // Another that succeeds takes it back.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    place.edit_resource(NAME, json!({"metadata": {"annotations": {REQUEST: "before the party"}}})).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    assert_eq!(names(place, Kind::Backup).await.len(), 3);
    assert!(status(place).await["backup"]["databases"][1]["failure"].is_null());
    place.edit_resource(NAME, json!({"metadata": {"annotations": {REQUEST: null}}})).await;
    eventually("those that nobody asks for any more go", async || names(place, Kind::Backup).await.is_empty().then_some(())).await;

    let before = names(place, Kind::ScheduledBackup).await;
    place.apply(NAME, with_backup(place, "dining/another").await).await;
    place.ready(NAME).await;
    eventually("the backups are in the other place", async || {
        let told = status(place).await["backup"].clone();
        (told["location"] == "s3://backups/dining/another" && told["databases"].as_array().is_some_and(|all| all.len() == 3)).then_some(())
    })
    .await;
    place.condition(NAME, "BackupReady", "True", None).await;
    eventually("the schedules of the former place are gone", async || {
        let now = names(place, Kind::ScheduledBackup).await;
        (now.len() == 3 && now.is_disjoint(&before)).then_some(())
    })
    .await;

    place.apply(NAME, spec(place, json!({"postgres": {"cloudNativePG": {"instances": 1}}})).await).await;
    place.ready(NAME).await;
    eventually("nothing is backed up any more", async || {
        let cluster = place.get(Kind::Cluster, name).await?;
        (cluster["spec"]["plugins"].is_null() && names(place, Kind::ScheduledBackup).await.is_empty()).then_some(())
    })
    .await;
    let now = status(place).await;
    assert!(now["backup"].is_null(), "{now}");
    assert!(now["conditions"].as_array().into_iter().flatten().all(|condition| condition["type"] != "BackupReady"), "{now}");
    assert_eq!(names(place, Kind::ObjectStore).await.len(), 3, "the places stay, as claims with backups do");
    operator.stop().await;
}

/// Neither settled backups nor a restart of the operator costs a write.
pub(crate) async fn settled_backups_of_cloud_native_pg_cost_no_write(place: &Place) {
    let _others = Simulated::start(place);
    let operator = place.operator();
    place.apply(NAME, with_backup(place, "dining/trattoria").await).await;
    place.ready(NAME).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    operator.quiet().await;
    let mark = place.world.plane.audit().mark();
    operator.stop().await;
    let operator = place.operator();
    eventually("a round of the new operator", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
    let writes = place.writes(&mark);
    assert!(writes.is_empty(), "{:#?}", writes.iter().map(|write| format!("{} {}", write.verb, write.uri)).collect::<Vec<_>>());
    operator.stop().await;
}

/// What the plugin has no way for is named, with its field, and nothing is made.
pub(crate) async fn what_barman_cloud_cannot_do_is_refused(place: &Place) {
    let operator = place.operator();
    let with = |member: &str, value: Value| {
        let mut backup = json!({"storage": {"s3": s3("dining/trattoria")}});
        backup[member] = value;
        json!({"backup": backup})
    };
    let mut in_host = s3("dining/trattoria");
    in_host["pathStyle"] = false.into();
    for (name, more, condition, expected) in [
        (
            "claim",
            with("storage", json!({"claim": {}})),
            "BackupReady",
            "spec.backup.storage.claim: with postgres.cloudNativePG, backups go into an object storage: give storage.s3",
        ),
        (
            "count",
            with("retention", json!({"count": 7})),
            "BackupReady",
            "spec.backup.retention.count: Barman Cloud keeps backups by age alone: give retention.age, such as 7d",
        ),
        (
            "hours",
            with("retention", json!({"age": "36h"})),
            "BackupReady",
            "spec.backup.retention.age: it is \"36h\", and Barman Cloud counts whole days: give it such as 7d",
        ),
        (
            "key",
            with("encryption", json!({"keySecretRef": {"name": "s3", "key": "key"}})),
            "BackupReady",
            "spec.backup.encryption: Barman Cloud sends backups as they are",
        ),
        (
            "host",
            with("storage", json!({"s3": in_host})),
            "BackupReady",
            "spec.backup.storage.s3.pathStyle: Barman Cloud names the bucket in the path",
        ),
        (
            "restore",
            json!({"restore": {"s3": s3("lost/trattoria")}}),
            "Restored",
            "spec.restore: with postgres.cloudNativePG, restore by CloudNativePG's own objects",
        ),
    ] {
        let mut spec = spec(place, more).await;
        spec["postgres"] = json!({"cloudNativePG": {}});
        place.apply(name, spec).await;
        for condition in [condition, "Ready"] {
            let said = place.condition(name, condition, "False", Some("BackupNotSupported")).await;
            assert!(said.contains(expected), "{name}: {condition}: {said}");
        }
    }
    operator.quiet().await;
    assert!(place.children().await.is_empty(), "something was made: {:?}", place.children().await.keys());
    operator.stop().await;
}
