//! Backups and restores, whose Jobs run by hand: a test writes what their Pods say at the end.

pub(crate) mod before;
mod cloud_native_pg;
mod keys;
mod pods;
mod verification;

use std::collections::BTreeSet;
use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams};
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
use pods::{backed_up, controller_says, end, failed, looked, restored, running, watcher_says};
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

fn restore(more: Value) -> Value {
    let mut restore = json!({"s3": s3("lost/trattoria")});
    restore.as_object_mut().expect("a restore").extend(more.as_object().expect("members").clone());
    json!({"restore": restore})
}

const NEWEST: [(&str, &str); 3] =
    [("auth", "2026-11-30T10:00:00.123456Z"), ("menu", "2026-11-30T09:59:30.500001Z"), ("reservation", "2026-11-30T10:00:10Z")];
/// The newest moment that all three have.
const TARGET: &str = "2026-11-30T09:59:30.500001Z";

async fn looks(place: &Place) {
    for (service, newest) in NEWEST {
        let pod = running(place, &format!("{service}-restore")).await;
        end(place, &pod, 0, &looked(service, 17, "2026-11-24T03:00:00Z", newest)).await;
    }
}

/// The images and environments of the Jobs that restore: the moment of each.
async fn targets(place: &Place) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for name in jobs_of(place, "-restore-").await {
        let job = place.get(Kind::Job, &name).await.expect("a Job");
        let env = job.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).cloned().unwrap_or_default();
        targets.extend(env.iter().filter(|one| one["name"] == "BACKUP_TARGET").filter_map(|one| one["value"].as_str().map(str::to_owned)));
    }
    targets
}

/// Looks, one moment in the status before any Job restores, restores, databases, migrations, what prepares them, services: in this order.
pub(crate) async fn three_databases_are_restored_to_one_moment(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, restore(json!({}))).await).await;
    let waits = async |part: &str| {
        eventually(&format!("Restored says {part:?}"), async || {
            let status = place.resources().get(NAME).await.ok()?.status?;
            let restored = status.conditions.into_iter().find(|condition| condition.type_ == "Restored")?;
            restored.message.contains(part).then_some(())
        })
        .await;
    };
    waits("Job trattoria-auth-look-").await;
    // They come with encrypted backups alone.
    eventually("the keys of tokens", async || place.get(Kind::Secret, "trattoria-jwt").await).await;
    assert!(place.get(Kind::StatefulSet, "trattoria-auth-postgres").await.is_none());
    assert!(place.get(Kind::PersistentVolumeClaim, "trattoria-auth-postgres").await.is_none());
    let mark = place.world.plane.audit().mark();
    looks(place).await;
    eventually("the Jobs that restore", async || (jobs_of(place, "-restore-").await.len() == 3).then_some(())).await;
    assert_eq!(targets(place).await, BTreeSet::from([TARGET.to_owned()]));
    assert_eq!(status(place).await["restore"]["targetTime"], TARGET);
    let writes = place.writes(&mark);
    let at = |is: &dyn Fn(&control_plane::Request) -> bool| writes.iter().position(is);
    let chosen = at(&|write| write.subresource == "status" && write.resource == "restaurantbookings");
    let made = at(&|write| write.resource == "jobs" && write.verb == "create");
    assert!(chosen.is_some() && chosen < made, "{chosen:?} {made:?}");
    assert!(place.get(Kind::StatefulSet, "trattoria-auth-postgres").await.is_none());

    for service in ["auth", "menu"] {
        let pod = running(place, &format!("{service}-restore")).await;
        end(place, &pod, 0, &restored(service, TARGET)).await;
    }
    waits(&format!("restores to {TARGET}: Job trattoria-reservation-restore-")).await;
    operator.quiet().await;
    assert!(place.get(Kind::StatefulSet, "trattoria-auth-postgres").await.is_none(), "a database runs beside one that is not restored");
    let pod = running(place, "reservation-restore").await;
    end(place, &pod, 0, &restored("reservation", TARGET)).await;

    // The kubelet ends what prepares a restored database.
    place.ready(NAME).await;
    let said = place.condition(NAME, "Restored", "True", Some("Available")).await;
    assert!(said.contains(&format!("as they were at {TARGET}")), "{said}");
    measured(place, &operator, "operator_restore_failed", Some(0)).await;
    eventually("its Jobs are gone", async || {
        let left = jobs(place).await.into_iter().any(|name| ["-look-", "-restore-", "-after-"].iter().any(|part| name.contains(part)));
        (!left).then_some(())
    })
    .await;
    let told = status(place).await["restore"].clone();
    assert_eq!((&told["targetTime"], &told["databases"][0]["rows"]), (&json!(TARGET), &json!(812)));
    // The backups may go once everything is restored.
    place.delete(Kind::Secret, "s3").await;
    operator.quiet().await;
    place.condition(NAME, "Ready", "True", None).await;
    operator.stop().await;
}

/// The moment that was chosen holds, whatever an operator that comes later finds in the backups.
pub(crate) async fn a_moment_outlives_the_operator(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, restore(json!({}))).await).await;
    looks(place).await;
    eventually("the moment is chosen", async || (status(place).await["restore"]["targetTime"] == TARGET).then_some(())).await;
    operator.kill().await;
    // Some of what follows from it may not be there yet.
    for name in jobs_of(place, "-restore-").await.into_iter().skip(1) {
        place.delete(Kind::Job, &name).await;
    }
    let operator = place.operator_as("operator-1", place.world.plane.client_config(), crate::wire::Wire::default());
    eventually("the Jobs that restore", async || (jobs_of(place, "-restore-").await.len() == 3).then_some(())).await;
    assert_eq!(targets(place).await, BTreeSet::from([TARGET.to_owned()]));
    operator.quiet().await;
    assert!(jobs_of(place, "-look-").await.is_empty(), "nobody looks for a second moment");
    operator.stop().await;
}

/// A volume that has data is left alone, no database is started, and the resource says so.
pub(crate) async fn nothing_is_restored_onto_data(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, restore(json!({}))).await).await;
    looks(place).await;
    let pod = running(place, "auth-restore").await;
    end(place, &pod, 3, &failed("HasData", "nothing is restored, and nothing was changed: /data/pgdata is on the volume already")).await;
    for condition in ["Restored", "Ready"] {
        let said = place.condition(NAME, condition, "False", Some("RestoreRefused")).await;
        assert!(said.contains("nothing was changed: /data/pgdata is on the volume already"), "{said}");
    }
    measured(place, &operator, "operator_restore_failed", Some(1)).await;
    for service in ["menu", "reservation"] {
        let pod = running(place, &format!("{service}-restore")).await;
        end(place, &pod, 0, &restored(service, TARGET)).await;
    }
    operator.quiet().await;
    let (mark, children) = (place.world.plane.audit().mark(), place.children().await);
    let runs =
        children.keys().filter(|(kind, name)| *kind == Kind::Deployment || *kind == Kind::StatefulSet && name.ends_with("-postgres"));
    assert_eq!(runs.collect::<Vec<_>>(), [] as [&(Kind, String); 0]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(place.writes(&mark).is_empty());
    // Without the restore it goes on with the data that is there.
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    let conditions = status(place).await["conditions"].clone();
    assert!(conditions.as_array().is_some_and(|all| all.iter().all(|condition| condition["type"] != "Restored")));
    operator.stop().await;
}

/// Without the restore, a database that is not restored yet would begin empty: it is kept until each has data.
pub(crate) async fn a_restore_is_not_taken_out_while_a_database_is_not_restored(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, restore(json!({}))).await).await;
    let without = spec(place, json!({})).await;
    let refused = async |when: &str| {
        let said = place.try_apply(NAME, without.clone()).await.err().unwrap_or_else(|| panic!("it is taken out {when}")).to_string();
        assert!(said.contains("a database would begin empty"), "{when}: {said}");
    };
    refused("before anybody looked").await;
    looks(place).await;
    for service in ["auth", "menu"] {
        let pod = running(place, &format!("{service}-restore")).await;
        refused("while databases are restored").await;
        end(place, &pod, 3, &failed("HasData", "/data/pgdata is on the volume already")).await;
    }
    place.condition(NAME, "Restored", "False", Some("RestoreRefused")).await;
    let count = async |count: usize| {
        eventually(&format!("{count} databases are told of"), async || {
            let told = status(place).await["restore"]["databases"].clone();
            (told.as_array().map_or(0, Vec::len) == count).then_some(told)
        })
        .await
    };
    assert_eq!(count(2).await[0]["hasData"], true);
    refused("while one of them has neither").await;
    let pod = running(place, "reservation-restore").await;
    end(place, &pod, 0, &restored("reservation", TARGET)).await;
    assert_eq!(count(3).await[2]["rows"], 812);
    place.apply(NAME, without.clone()).await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// A moment outside of what the backups lead to is refused with the window, and no volume is made.
pub(crate) async fn a_moment_that_there_is_not_makes_nothing(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, restore(json!({"targetTime": "2026-12-24T18:00:00+01:00"}))).await).await;
    looks(place).await;
    let said = place.condition(NAME, "Restored", "False", Some("TargetNotRestorable")).await;
    assert!(said.contains(&format!("from 2026-11-24T03:00:00Z to {TARGET}")), "{said}");
    operator.quiet().await;
    let volumes = place.children().await.into_keys().filter(|(kind, name)| {
        *kind == Kind::StatefulSet && name.ends_with("-postgres") || *kind == Kind::PersistentVolumeClaim && name.ends_with("-postgres")
    });
    assert_eq!(volumes.collect::<Vec<_>>(), []);
    operator.stop().await;
}

/// Claims that a restore names must exist and be released; that they are is noticed without an edit.
pub(crate) async fn claims_are_waited_for_until_they_are_released(place: &Place) {
    let operator = place.operator();
    let claims = json!({"auth": {"name": "old-auth"}, "menu": {"name": "old-menu"}, "reservation": {"name": "old-reservation"}});
    place.apply(NAME, spec(place, json!({"restore": {"claims": claims}})).await).await;
    let said = place.condition(NAME, "Restored", "False", Some("ClaimNotFound")).await;
    assert!(said.contains("spec.restore.claims.auth: there is no PersistentVolumeClaim \"old-auth\""), "{said}");
    for name in ["old-auth", "old-menu", "old-reservation"] {
        let labels = if name == "old-menu" { json!({}) } else { json!({"restaurantbooking.dev/usable": "true"}) };
        let body = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "labels": labels},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        });
        place.api(Kind::PersistentVolumeClaim).patch(name, &PatchParams::apply("user"), &Patch::Apply(&body)).await.expect("a claim");
    }
    let said = place.condition(NAME, "Restored", "False", Some("ClaimNotUsable")).await;
    assert!(said.contains("kubectl label persistentvolumeclaim old-menu restaurantbooking.dev/usable=true"), "{said}");
    place.edit(Kind::PersistentVolumeClaim, "old-menu", json!({"metadata": {"labels": {"restaurantbooking.dev/usable": "true"}}})).await;
    eventually("the looks", async || (jobs_of(place, "-look-").await.len() == 3).then_some(())).await;
    operator.stop().await;
}
