//! Every failure is reported: in a condition, one event, a metric and a log line.

use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::log;
use crate::world::{Operator, Place, eventually};

const NAME: &str = "trattoria";

fn spec() -> Value {
    let one = json!({"replicas": 1});
    json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "auth": one, "menu": one, "reservation": one})
}

/// The events about the resource.
async fn events(place: &Place) -> Vec<Event> {
    let events = Api::<Event>::namespaced(place.client.clone(), &place.name).list(&ListParams::default()).await.expect("a list").items;
    events.into_iter().filter(|event| event.regarding.as_ref().is_some_and(|it| it.kind.as_deref() == Some("RestaurantBooking"))).collect()
}

fn times(event: &Event) -> i32 {
    event.series.as_ref().map_or(1, |series| series.count)
}

fn metric(operator: &Operator, line: &str) -> u64 {
    let text = operator.metrics.render();
    text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok()).unwrap_or(0)
}

/// A step that fails repeatedly: its condition has the error and the reason, one event counts the failures, and so does a metric. The log
/// has the resource, its generation, the step and the reason.
pub(crate) async fn a_failure_is_told_of(place: &Place) {
    let foreign = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "trattoria-auth"}});
    let foreign = serde_json::from_value(foreign).expect("an object");
    place.api(Kind::ServiceAccount).create(&Default::default(), &foreign).await.expect("somebody's ServiceAccount");
    let operator = place.operator();
    place.apply(NAME, spec()).await;
    let message = place.condition(NAME, "Ready", "False", Some("NameConflict")).await;
    assert!(message.contains("settings-auth") && message.contains("ServiceAccount trattoria-auth"), "{message}");
    let counted = r#"operator_failures_total{reason="NameConflict",step="settings-auth"}"#;
    eventually("three tries", async || (metric(&operator, counted) >= 3).then_some(())).await;
    let event = eventually("an event of three tries", async || {
        let found = events(place).await;
        assert!(found.len() <= 1, "more than one event: {found:#?}");
        found.into_iter().next().filter(|event| times(event) >= 3)
    })
    .await;
    assert_eq!((event.reason.as_deref(), event.type_.as_deref()), (Some("NameConflict"), Some("Warning")));
    assert_eq!(event.note.as_deref(), Some(message.as_str()));
    assert_eq!(event.regarding.and_then(|regarding| regarding.name).as_deref(), Some(NAME));
    assert_eq!(event.reporting_controller.as_deref(), Some("restaurantbooking.dev/restaurant-booking-operator"));
    let lines = log::lines(&format!("namespace=\"{}\"", place.name));
    let told: Vec<_> = lines.iter().filter(|line| line.contains("NameConflict")).collect();
    assert!(told.len() >= 3, "{lines:#?}");
    for part in ["ERROR", "resource=\"trattoria\"", "generation=1", "step=\"settings-auth\"", "ServiceAccount trattoria-auth"] {
        assert!(told.iter().all(|line| line.contains(part)), "{part}: {told:#?}");
    }
    // The recovery is reported once, too.
    place.delete(Kind::ServiceAccount, "trattoria-auth").await;
    place.ready(NAME).await;
    let mut reasons: Vec<_> = events(place).await.into_iter().filter_map(|event| event.reason).collect();
    reasons.sort();
    assert_eq!(reasons, ["Available", "NameConflict"]);
    operator.stop().await;
}

/// A flapping resource has one event for each state, with a count.
pub(crate) async fn a_state_that_flaps_is_no_flood(place: &Place) {
    let mut spec = spec();
    spec["admin"] = json!({"passwordSecretRef": {"name": "boss", "key": "password"}});
    let operator = place.operator();
    place.apply(NAME, spec).await;
    let flaps = 4;
    for _ in 0..flaps {
        place.condition(NAME, "Ready", "False", Some("SecretNotFound")).await;
        place.secret("boss", &[("password", "correct horse battery")]).await;
        place.ready(NAME).await;
        place.delete(Kind::Secret, "boss").await;
    }
    place.condition(NAME, "Ready", "False", Some("SecretNotFound")).await;
    let counts = eventually("both events have counted", async || {
        let found = events(place).await;
        assert!(found.len() <= 2, "an event for each time: {found:#?}");
        let of = |reason: &str| found.iter().find(|event| event.reason.as_deref() == Some(reason)).map_or(0, times);
        (of("SecretNotFound") > flaps && of("Available") >= flaps).then(|| (of("SecretNotFound"), of("Available")))
    })
    .await;
    assert_eq!(counts, (flaps + 1, flaps));
    // The conditions that changed each time: Ready and Progressing, or AdminReady.
    let writes = operator.wire.requests().iter().filter(|sent| sent.is_write() && sent.uri.contains("/status")).count();
    println!("{flaps} flaps: events {counts:?}, {writes} writes of the status");
    assert!(writes <= 10 + usize::try_from(flaps).expect("few") * 4, "{writes} writes of the status");
    operator.stop().await;
}
