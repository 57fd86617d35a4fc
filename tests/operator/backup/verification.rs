//! The verification of backups by a schedule.

use operator::reconcile::kind::Kind;
use serde_json::json;

use crate::world::{Place, eventually};

use super::pods::{controller_says, end, failed, of_schedule, verified};
use super::{NAME, backup, first_backups, spec, status};

/// A verification of each database makes BackupVerified True, one that fails makes it False, and Ready waits for neither. The throw-away
/// volume belongs to the Pod, and goes with it.
pub(crate) async fn backups_are_verified_by_a_schedule(place: &Place) {
    let operator = place.operator();
    let mut backup = backup();
    backup["verify"] = json!({});
    place.apply(NAME, spec(place, json!({"backup": backup})).await).await;
    place.ready(NAME).await;
    let said = place.condition(NAME, "BackupVerified", "Unknown", Some("Waiting")).await;
    assert!(said.contains("the first verification of auth comes by the schedule \"0 5 * * 1\""), "{said}");
    first_backups(place).await;
    place.condition(NAME, "BackupReady", "True", None).await;
    let since = status(place).await["backup"]["databases"][0]["verification"].clone();
    assert!(since["since"].is_string() && since["lastVerified"].is_null(), "{since}");

    for (service, ended) in [("auth", "2036-12-01T04:01:00Z"), ("menu", "2036-12-01T04:02:00Z"), ("reservation", "2036-12-01T04:03:00Z")] {
        assert!(status(place).await["backup"]["lastVerified"].is_null(), "before all three are verified");
        let pod = of_schedule(place, &format!("{service}-verify"), "1").await;
        let claim = place.get(Kind::PersistentVolumeClaim, &format!("{pod}-data")).await.expect("the throw-away volume");
        assert_eq!(
            (&claim["metadata"]["ownerReferences"][0]["kind"], &claim["metadata"]["ownerReferences"][0]["name"]),
            (&json!("Pod"), &json!(pod))
        );
        end(place, &pod, 0, &verified(service, "20361201-030003F")).await;
        let schedule = format!("trattoria-{service}-verify");
        controller_says(place, &schedule, json!({"lastScheduleTime": "2036-12-01T04:00:00Z", "lastSuccessfulTime": ended})).await;
    }
    let said = place.condition(NAME, "BackupVerified", "True", Some("Available")).await;
    assert!(said.contains("auth (812 rows, 2036-12-01T04:01:00Z), menu (812 rows"), "{said}");
    let told = status(place).await["backup"].clone();
    // Each of the three was verified then or later.
    assert_eq!(told["lastVerified"], "2036-12-01T04:01:00Z");
    let verification = &told["databases"][2]["verification"];
    assert_eq!((&verification["backup"], &verification["rows"]), (&json!("20361201-030003F"), &json!(812)));

    let pod = of_schedule(place, "menu-verify", "2").await;
    end(place, &pod, 3, &failed("Damaged", "rows of these tables are missing")).await;
    controller_says(place, "trattoria-menu-verify", json!({"lastScheduleTime": "2036-12-08T04:00:00Z"})).await;
    let said = place.condition(NAME, "BackupVerified", "False", Some("VerificationFailed")).await;
    assert!(said.contains("the last verification of the backups of menu failed: rows of these tables are missing"), "{said}");
    for condition in ["Ready", "BackupReady"] {
        place.condition(NAME, condition, "True", None).await;
    }
    // What the status knows is not asked again, and outlives the operator.
    operator.quiet().await;
    operator.stop().await;
    let mark = place.world.plane.audit().mark();
    let operator = place.operator();
    eventually("a round of the new operator", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
    assert!(place.writes(&mark).is_empty());
    assert_eq!(status(place).await["backup"]["lastVerified"], "2036-12-01T04:01:00Z");

    backup.as_object_mut().expect("members").remove("verify");
    place.apply(NAME, spec(place, json!({"backup": backup})).await).await;
    eventually("without it, its schedule and its status go", async || {
        let status = status(place).await;
        let told = status["conditions"].as_array()?.iter().any(|condition| condition["type"] == "BackupVerified");
        let gone = place.get(Kind::CronJob, "trattoria-menu-verify").await.is_none();
        (gone && !told && status["backup"]["lastVerified"].is_null()).then_some(())
    })
    .await;
    operator.stop().await;
}
