//! Restores, whose Jobs run by hand: a test writes what their Pods say at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::api::{Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::upgrade::jobs;
use crate::world::{Place, eventually};

use super::pods::{end, failed, looked, restored, running};
use super::{NAME, jobs_of, measured, s3, spec, status};

/// The part of a specification that restores from an object storage.
pub(super) fn restore(more: Value) -> Value {
    let mut restore = json!({"s3": s3("lost/trattoria")});
    restore.as_object_mut().expect("a restore").extend(more.as_object().expect("members").clone());
    json!({"restore": restore})
}

pub(super) const NEWEST: [(&str, &str); 3] =
    [("auth", "2026-11-30T10:00:00.123456Z"), ("menu", "2026-11-30T09:59:30.500001Z"), ("reservation", "2026-11-30T10:00:10Z")];
/// The newest moment that all three have.
pub(super) const TARGET: &str = "2026-11-30T09:59:30.500001Z";

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
