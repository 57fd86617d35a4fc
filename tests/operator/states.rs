//! The states of a resource, as tools read them: `kubectl wait`, Flux, Argo CD.

use http::Method;
use kube::api::{DeleteParams, Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::outage::{give_back, take_away};
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

/// A database that does not become ready in time is told as stalled, and as well again when it has. Ten minutes are not waited for: the
/// condition is put back by an hour.
pub(crate) async fn d22_a_database_that_does_not_become_ready_in_time_stalls(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(json!({}))).await;
    ends_as(place, "Current").await;
    take_away(place, &["menu-postgres"]).await;
    let said = place.condition(NAME, "PostgresReady", "False", Some("Waiting")).await;
    assert!(said.contains("StatefulSet trattoria-menu-postgres"), "{said}");
    assert_eq!(kstatus(place).await, "InProgress");
    operator.stop().await;

    let mut conditions = place.raw(NAME).await["status"]["conditions"].clone();
    for condition in conditions
        .as_array_mut()
        .expect("conditions")
        .iter_mut()
        .filter(|one| one["type"] == "PostgresReady" || one["type"] == "Reconciling")
    {
        let since = jiff::Timestamp::now() - std::time::Duration::from_secs(3600);
        condition["lastTransitionTime"] = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    }
    let patch = Patch::Merge(json!({"status": {"conditions": conditions}}));
    place.raw_resources().patch_status(NAME, &PatchParams::default(), &patch).await.expect("the status is changed");
    let operator = place.operator();
    place.condition(NAME, "Stalled", "True", Some("NotReadyInTime")).await;
    place.condition(NAME, "PostgresReady", "False", Some("NotReadyInTime")).await;
    place.condition(NAME, "Available", "True", None).await;
    ends_as(place, "Failed").await;
    // Another generation has its own ten minutes.
    place.apply(NAME, spec(json!({"menu": {"replicas": 3}}))).await;
    place.condition(NAME, "PostgresReady", "False", Some("Waiting")).await;
    place.condition(NAME, "Stalled", "False", None).await;
    give_back(place).await;
    ends_as(place, "Current").await;
    operator.stop().await;
}

/// An Ingress without an address, and a route that its Gateway does not accept, are told; Ready waits for neither, and fails with what is
/// refused.
pub(crate) async fn d22_what_is_exposed_is_observed(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(json!({"ingress": {"host": "book.example.com", "className": "nginx"}}))).await;
    ends_as(place, "Current").await;
    let said = place.condition(NAME, "Exposed", "False", Some("Waiting")).await;
    assert!(said.contains("no controller of class nginx"), "{said}");
    let report = async |kind: Kind, status: Value| {
        let patch = Patch::Merge(json!({"status": status}));
        place.api(kind).patch_status(NAME, &PatchParams::default(), &patch).await.expect("its controller reports");
    };
    report(Kind::Ingress, json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})).await;
    place.condition(NAME, "Exposed", "True", None).await;

    place.apply(NAME, spec(json!({"gateway": {"host": "book.example.com", "parentRef": {"name": "public"}}}))).await;
    place.condition(NAME, "Exposed", "False", Some("Waiting")).await;
    ends_as(place, "Current").await;
    let accepted = |status: &str, reason: &str| {
        let condition = json!({
            "type": "Accepted", "status": status, "reason": reason, "message": "", "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        json!({"parents": [{"controllerName": "example.com/gateways", "parentRef": {"name": "public"}, "conditions": [condition]}]})
    };
    report(Kind::HttpRoute, accepted("False", "NotAllowedByListeners")).await;
    let said = place.condition(NAME, "Exposed", "False", Some("RouteNotAccepted")).await;
    assert!(said.contains("NotAllowedByListeners"), "{said}");
    ends_as(place, "Failed").await;
    report(Kind::HttpRoute, accepted("True", "Accepted")).await;
    place.condition(NAME, "Exposed", "True", None).await;
    ends_as(place, "Current").await;
    place.apply(NAME, spec(json!({}))).await;
    ends_as(place, "Current").await;
    let status = place.resources().get(NAME).await.expect("the resource").status.expect("a status");
    assert!(status.conditions.iter().all(|condition| condition.type_ != "Exposed"), "nothing is exposed");
    operator.stop().await;
}

/// The status tells what each claim asks for and what its volume has, also while it grows.
pub(crate) async fn d35_volumes_are_told_of(place: &Place) {
    let operator = place.operator();
    let managed = |size: &str| spec(json!({"postgres": {"managed": {"storage": {"size": size, "storageClassName": "standard"}}}}));
    let told = async |size: &str| {
        let volume = |name: &str, size: &str| (name.to_owned(), Some(size.to_owned()), Some(size.to_owned()));
        let expected = [
            volume("trattoria-auth-postgres", size),
            volume("trattoria-menu-postgres", size),
            volume("trattoria-reservation-postgres", size),
            volume("trattoria-kafka", "8Gi"),
        ];
        eventually(&format!("volumes of {size}"), async || {
            let volumes = place.resources().get(NAME).await.ok()?.status?.volumes;
            let volumes: Vec<_> = volumes.into_iter().map(|volume| (volume.name, volume.requested, volume.capacity)).collect();
            (volumes == expected).then_some(())
        })
        .await;
    };
    place.apply(NAME, managed("1Gi")).await;
    ends_as(place, "Current").await;
    told("1Gi").await;
    place.apply(NAME, managed("2Gi")).await;
    told("2Gi").await;
    operator.stop().await;
}

/// A reconcile that ends after its resource is gone leaves nothing of it in the metrics.
pub(crate) async fn d23_a_deleted_resource_is_counted_no_more(place: &Place) {
    let operator = place.operator();
    operator.wire.decide(|_, method, uri| if method == Method::POST && uri.contains("/serviceaccounts") { Fate::Hang } else { Fate::Pass });
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
