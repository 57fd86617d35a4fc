//! Backups, whose Jobs run by hand: a test writes what their Pods say at the end.

pub(crate) mod before;
mod cloud_native_pg;
mod keys;
mod pods;
pub(crate) mod restore;
mod verification;

use std::time::Duration;

use kube::api::DeleteParams;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::upgrade::jobs;
use crate::world::{Operator, Place, eventually};

pub(crate) use cloud_native_pg::{
    backups_of_cloud_native_pg_are_made_and_told, settled_backups_of_cloud_native_pg_cost_no_write, what_barman_cloud_cannot_do_is_refused,
};
pub(crate) use keys::{
    keys_are_made_where_the_backups_hold_none, keys_come_back_from_an_encrypted_backup, keys_that_cannot_be_opened_are_told,
};
use pods::{backed_up, controller_says, end, failed, running, watcher_says};
pub(crate) use verification::backups_are_verified_by_a_schedule;

const NAME: &str = "trattoria";
const SERVICES: [&str; 3] = ["auth", "menu", "reservation"];
/// A region by which the simulated kubelet leaves the end of a Pod to the test.
const BY_HAND: &str = "by-hand";

/// A folder in an object storage whose Jobs run by hand.
fn s3(path: &str) -> Value {
    json!({
        "endpoint": "https://s3.example.com", "bucket": "backups", "path": path, "region": BY_HAND, "credentialsSecretRef": {"name": "s3"},
    })
}

async fn spec(place: &Place, more: Value) -> Value {
    place.secret("s3", &[("accessKeyId", "a"), ("secretAccessKey", "b"), ("key", "0123456789abcdef")]).await;
    let one = json!({"replicas": 1});
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "auth": one, "menu": one, "reservation": one});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

fn backup() -> Value {
    json!({"storage": {"s3": s3("dining/trattoria")}, "encryption": {"keySecretRef": {"name": "s3", "key": "key"}}})
}

/// The Jobs of a restore or of backups, by a part of their name.
async fn jobs_of(place: &Place, part: &str) -> Vec<String> {
    jobs(place).await.into_iter().filter(|name| name.contains(part)).collect()
}

async fn status(place: &Place) -> Value {
    place.raw(NAME).await["status"].clone()
}

/// The first backups, by hand.
async fn first_backups(place: &Place) {
    for service in SERVICES {
        let pod = running(place, &format!("{service}-backup")).await;
        end(place, &pod, 0, &backed_up(service, "20261130-030003F", "2026-11-30T03:01:00Z")).await;
    }
}

/// The first backups are made when the databases run, without Ready waiting for them. A backup by the schedule, one that fails, and one that is
/// asked for by the annotation are told.
pub(crate) async fn the_first_the_scheduled_and_those_that_are_asked_for(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({"backup": backup()})).await).await;
    place.ready(NAME).await;
    let said = place.condition(NAME, "BackupReady", "False", Some("Waiting")).await;
    assert!(said.contains("the first backup of auth into s3://backups/dining/trattoria runs"), "{said}");
    first_backups(place).await;
    let said = place.condition(NAME, "BackupReady", "True", Some("Available")).await;
    assert!(said.contains("at most 300 s ago, from 2026-11-24T03:01:00Z on"), "{said}");
    let told = status(place).await["backup"].clone();
    assert_eq!(told["lastBackup"], "2026-11-30T03:01:00Z");
    assert_eq!(told["oldestRestorable"], "2026-11-24T03:01:00Z");
    assert_eq!((&told["size"], &told["location"]), (&json!("3Mi"), &json!("s3://backups/dining/trattoria")));
    assert_eq!(told["databases"][2]["backup"], "20261130-030003F");

    // The schedule's controller tells of a Job that ended; its Pod is found by its labels.
    let schedule = "trattoria-menu-backup";
    let object = place.get(Kind::CronJob, schedule).await.expect("a schedule");
    assert_eq!((&object["spec"]["schedule"], &object["spec"]["timeZone"]), (&json!("0 4 * * *"), &json!("Europe/Rome")));
    let pod = pods::of_schedule(place, "menu-backup", "1").await;
    end(place, &pod, 3, &failed("StorageRefused", "the bucket does not exist")).await;
    controller_says(place, schedule, json!({"lastScheduleTime": "2036-12-01T03:00:00Z"})).await;
    let said = place.condition(NAME, "BackupReady", "False", Some("BackupFailed")).await;
    assert!(said.contains("the last backup of menu failed: the bucket does not exist"), "{said}");
    place.condition(NAME, "Ready", "True", None).await;
    let pod = pods::of_schedule(place, "menu-backup", "2").await;
    end(place, &pod, 0, &backed_up("menu", "20361202-030003F", "2036-12-02T03:01:00Z")).await;
    let told = json!({"lastScheduleTime": "2036-12-02T03:00:00Z", "lastSuccessfulTime": "2036-12-02T03:01:10Z"});
    controller_says(place, schedule, told).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    assert_eq!(status(place).await["backup"]["databases"][1]["backup"], "20361202-030003F");
    // All three have only what the oldest of them has.
    assert_eq!(status(place).await["backup"]["lastBackup"], "2026-11-30T03:01:00Z");

    let before = jobs_of(place, "-backup-").await;
    assert_eq!(before.len(), 3);
    place.edit_resource(NAME, json!({"metadata": {"annotations": {"restaurantbooking.dev/backup": "before the party"}}})).await;
    eventually("three more Jobs", async || (jobs_of(place, "-backup-").await.len() == 6).then_some(())).await;
    place.edit_resource(NAME, json!({"metadata": {"annotations": {"restaurantbooking.dev/backup": null}}})).await;
    eventually("those that nobody asks for any more go", async || (jobs_of(place, "-backup-").await == before).then_some(())).await;
    operator.stop().await;
}

/// An archive that falls behind is told with what the watcher said, and is told as well when it has caught up.
pub(crate) async fn an_archive_that_is_late_is_told(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({"backup": backup()})).await).await;
    place.ready(NAME).await;
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    let others = json!({"newest": "2026-11-30T09:05:00Z", "waiting": 0, "bytes": 0});
    let report = json!({"outcome": "done", "databases": {
        "auth": {"newest": "2026-11-30T09:00:00Z", "failing": "000000010000000000000005", "waiting": 12, "bytes": 201_326_592},
        "menu": others, "reservation": others,
    }});
    watcher_says(place, false, &report.to_string()).await;
    let said = place.condition(NAME, "BackupReady", "False", Some("BackupLate")).await;
    for part in ["further behind than 300 s", "auth can be restored to 2026-11-30T09:00:00Z", "000000010000000000000005", "12 files"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    place.condition(NAME, "Ready", "True", None).await;
    assert_eq!(status(place).await["backup"]["newestRestorable"], "2026-11-30T09:00:00Z");
    let nine = "2026-11-30T09:00:00Z".parse::<jiff::Timestamp>().expect("a time");
    measured(place, &operator, "operator_backup_newest_restorable_timestamp_seconds", Some(nine.as_second())).await;
    measured(place, &operator, "operator_backup_ready", Some(0)).await;
    watcher_says(place, true, "").await;
    place.condition(NAME, "BackupReady", "True", None).await;
    measured(place, &operator, "operator_backup_ready", Some(1)).await;
    operator.stop().await;
}

/// Waits until a metric of the resource has a value, or no series (`None`).
async fn measured(place: &Place, operator: &Operator, metric: &str, value: Option<i64>) {
    let series = format!("{metric}{{name=\"{NAME}\",namespace=\"{}\"}} ", place.name);
    eventually(&format!("{metric} is {value:?}"), async || {
        let text = operator.metrics.render();
        let found = text.lines().find_map(|line| line.strip_prefix(&series)).map(|found| found.parse::<i64>().expect("a number"));
        (found == value).then_some(())
    })
    .await;
}

/// What is known of the backups is told as metrics, also by an operator that comes later and while the resource is paused. Of a resource
/// without backups, and of one that is gone, there is none.
pub(crate) async fn metrics_tell_of_backups_as_long_as_there_are_any(place: &Place) {
    let operator = place.operator();
    let wanted = spec(place, json!({"backup": backup()})).await;
    place.apply(NAME, wanted.clone()).await;
    measured(place, &operator, "operator_backup_ready", Some(0)).await;
    measured(place, &operator, "operator_backup_period_seconds", Some(86_400)).await;
    place.ready(NAME).await;
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    let told = status(place).await["backup"].clone();
    let second = |field: &str| {
        let time = told[field].as_str().unwrap_or_else(|| panic!("no {field}: {told}"));
        Some(time.parse::<jiff::Timestamp>().expect("a time").as_second())
    };
    assert!(second("newestRestorable") >= second("lastBackup") && second("lastBackup") >= second("oldestRestorable"), "{told}");
    let known = [
        ("operator_backup_ready", Some(1)),
        ("operator_backup_last_completed_timestamp_seconds", second("lastBackup")),
        ("operator_backup_oldest_restorable_timestamp_seconds", second("oldestRestorable")),
        ("operator_backup_newest_restorable_timestamp_seconds", second("newestRestorable")),
        ("operator_backup_size_bytes", Some(3 << 20)),
        ("operator_backup_last_verified_timestamp_seconds", None),
        ("operator_restore_failed", None),
    ];
    for (metric, value) in known {
        measured(place, &operator, metric, value).await;
    }
    operator.stop().await;
    place.edit_resource(NAME, json!({"spec": {"paused": true}})).await;
    let operator = place.operator();
    for (metric, value) in known {
        measured(place, &operator, metric, value).await;
    }
    let mut without = wanted.clone();
    without.as_object_mut().expect("a spec").remove("backup");
    place.apply(NAME, without).await;
    for (metric, _) in known {
        measured(place, &operator, metric, None).await;
    }
    place.apply(NAME, wanted).await;
    measured(place, &operator, "operator_backup_period_seconds", Some(86_400)).await;
    place.resources().delete(NAME, &DeleteParams::default()).await.expect("it is deleted");
    measured(place, &operator, "operator_backup_period_seconds", None).await;
    let left: Vec<_> = operator.metrics.render().lines().filter(|line| line.contains(NAME)).map(str::to_owned).collect();
    assert_eq!(left, [] as [String; 0]);
    operator.stop().await;
}

/// A new release, which brings another tool, leaves the Pods of databases as they are, and makes no second first backup.
pub(crate) async fn another_release_restarts_no_database(place: &Place) {
    let operator = place.operator();
    let wanted = async |tag: &str| spec(place, json!({"backup": backup(), "image": {"tag": tag}})).await;
    place.apply(NAME, wanted("1.0").await).await;
    place.ready(NAME).await;
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    let template = async || place.get(Kind::StatefulSet, "trattoria-menu-postgres").await.expect("a database")["spec"].clone();
    let (before, made) = (template().await, jobs_of(place, "-backup-").await);
    place.apply(NAME, wanted("2.0").await).await;
    place.ready(NAME).await;
    eventually("the schedule has the new release", async || {
        let schedule = place.get(Kind::CronJob, "trattoria-menu-backup").await?;
        let image = schedule.pointer("/spec/jobTemplate/spec/template/spec/containers/0/image")?.as_str()?.to_owned();
        image.ends_with("/backup:2.0").then_some(())
    })
    .await;
    operator.quiet().await;
    assert_eq!(template().await, before);
    assert_eq!(jobs_of(place, "-backup-").await, made);
    operator.stop().await;
}

/// Neither a settled backup nor a restart of the operator costs a write.
pub(crate) async fn a_settled_backup_costs_no_write(place: &Place) {
    let operator = place.operator();
    let mut wanted = backup();
    wanted["beforeMigration"] = true.into();
    place.apply(NAME, spec(place, json!({"backup": wanted})).await).await;
    place.ready(NAME).await;
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    operator.quiet().await;
    let (mark, sent) = (place.world.plane.audit().mark(), operator.wire.sent());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(operator.wire.log()[sent..], [] as [String; 0], "requests while nothing happened");
    operator.stop().await;
    let operator = place.operator();
    eventually("a round of the new operator", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
    let writes = place.writes(&mark);
    assert!(writes.is_empty(), "{:#?}", writes.iter().map(|write| format!("{} {}", write.verb, write.uri)).collect::<Vec<_>>());
    let asked = operator.wire.log();
    let asked: Vec<_> = asked.iter().filter(|request| request.contains("/pods?")).collect();
    assert!(asked.is_empty(), "the status has what Pods said: {asked:#?}");
    operator.stop().await;
}

/// What only the operator can check is named, with its field.
pub(crate) async fn what_cannot_be_backed_up_is_refused(place: &Place) {
    let operator = place.operator();
    let short = json!({"keySecretRef": {"name": "s3", "key": "accessKeyId"}});
    let own = json!({"storage": {"s3": s3("dining/trattoria")}});
    for (name, more, condition, reason, expected) in [
        (
            "newer",
            json!({"postgres": {"managed": {"version": "18"}}, "backup": own}),
            "BackupReady",
            "BackupNotSupported",
            "the databases are of PostgreSQL 18, and the tool of backups knows 15 to 17",
        ),
        (
            "verify",
            json!({"backup": {"storage": {"claim": {}}, "verify": {"schedule": "0 25 * * *"}}}),
            "BackupVerified",
            "InvalidSpec",
            "spec.backup.verify.schedule is \"0 25 * * *\": \"25\" is no hour",
        ),
        ("loss", json!({"backup": {"storage": {"claim": {}}, "maxLoss": "2h"}}), "BackupReady", "InvalidSpec", "it must be from 10s to 1h"),
        (
            "key",
            json!({"backup": {"storage": {"claim": {}}, "encryption": short}}),
            "BackupReady",
            "InvalidSecret",
            "at least 16 characters",
        ),
        (
            "same",
            json!({"backup": own, "restore": {"s3": s3("dining/trattoria")}}),
            "Restored",
            "InvalidSpec",
            "two databases of one origin must not write into one place",
        ),
        (
            "nobody",
            json!({"restore": {"s3": {"endpoint": "https://s3.example.com", "bucket": "backups", "path": "a", "credentialsSecretRef": {"name": "none"}}}}),
            "Restored",
            "SecretNotFound",
            "spec.restore.s3.credentialsSecretRef: there is no Secret \"none\"",
        ),
    ] {
        place.apply(name, spec(place, more).await).await;
        for condition in [condition, "Ready"] {
            let said = place.condition(name, condition, "False", Some(reason)).await;
            assert!(said.contains(expected), "{name}: {condition}: {said}");
        }
    }
    operator.quiet().await;
    assert!(place.children().await.is_empty(), "something was made: {:?}", place.children().await.keys());
    operator.stop().await;
}
