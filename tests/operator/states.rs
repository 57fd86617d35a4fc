//! The states of a resource, as tools read them: `kubectl wait`, Flux, Argo CD.

use http::Method;
use kube::api::DeleteParams;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::wire::Fate;
use crate::world::{Place, eventually};

const NAME: &str = "trattoria";

fn spec(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

/// The judgement of kstatus (<https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>).
async fn kstatus(place: &Place) -> &'static str {
    let resource = place.resources().get(NAME).await.expect("the resource");
    let Some(status) = &resource.status else { return "InProgress" };
    let is = |kind: &str| status.conditions.iter().find(|condition| condition.type_ == kind).map(|condition| condition.status.as_str());
    match () {
        () if status.observed_generation != resource.metadata.generation => "InProgress",
        () if is("Reconciling") == Some("True") => "InProgress",
        () if is("Stalled") == Some("True") => "Failed",
        () if is("Ready") == Some("True") => "Current",
        () => "InProgress",
    }
}

async fn ends_as(place: &Place, expected: &str) {
    eventually(&format!("kstatus ends as {expected}"), async || (kstatus(place).await == expected).then_some(())).await;
}

/// Tools that wait end on every state: paused, also from the start, refused, failed, ready.
pub(crate) async fn d22_a_tool_that_waits_ends_on_every_state(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(json!({"paused": true}))).await;
    ends_as(place, "Failed").await;
    place.condition(NAME, "Stalled", "True", Some("Paused")).await;
    place.condition(NAME, "Ready", "False", Some("Paused")).await;
    assert!(place.children().await.is_empty());

    place.apply(NAME, spec(json!({}))).await;
    ends_as(place, "Current").await;
    place.condition(NAME, "Stalled", "False", None).await;
    place.apply(NAME, spec(json!({"paused": true}))).await;
    ends_as(place, "Failed").await;
    let status = place.resources().get(NAME).await.expect("the resource").status.expect("a status");
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready").map(|ready| ready.status.as_str());
    assert_eq!(ready, Some("True"), "what was known before is left as it is");

    let nowhere = json!({"passwordSecretRef": {"name": "nowhere", "key": "password"}});
    place.apply(NAME, spec(json!({"admin": nowhere}))).await;
    ends_as(place, "Failed").await;
    place.condition(NAME, "Stalled", "True", Some("SecretNotFound")).await;
    place.apply(NAME, spec(json!({}))).await;
    ends_as(place, "Current").await;
    place.resources().delete(NAME, &DeleteParams::default()).await.expect("it is deleted");
    operator.stop().await;
}

/// A reconcile that ends after its resource is gone leaves nothing of it in the metrics.
pub(crate) async fn d23_a_deleted_resource_is_counted_no_more(place: &Place) {
    let operator = place.operator();
    operator.wire.decide(
        |_, method, uri| {
            if method == Method::PATCH && uri.contains("/configmaps/trattoria-menu") { Fate::Hang } else { Fate::Pass }
        },
    );
    place.apply(NAME, spec(json!({}))).await;
    eventually("a round is under way", async || place.get(Kind::Secret, "trattoria-jwt").await).await;
    operator.wire.stuck().await;
    place.resources().delete(NAME, &DeleteParams::default()).await.expect("it is deleted");
    eventually("the resource is gone", async || place.resources().get_opt(NAME).await.ok()?.is_none().then_some(())).await;
    // The request is given up, and the round with it.
    eventually("the round ends", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
    let counted: Vec<String> =
        operator.metrics.render().lines().filter(|line| line.starts_with("operator_resources{")).map(str::to_owned).collect();
    assert!(!counted.is_empty() && counted.iter().all(|line| line.ends_with(" 0")), "{counted:?}");
    operator.stop().await;
}
