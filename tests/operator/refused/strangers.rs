//! Resources that an earlier definition admitted, and definitions of other products that are installed later.

use std::time::Duration;

use http::Method;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use operator::reconcile::build::MANAGER;
use operator::reconcile::deletion::FINALIZER;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::rights;
use crate::world::{Operator, Place, eventually, install_crd, within};

/// The operator discovers other products' kinds once a minute.
const DISCOVERY: Duration = Duration::from_secs(90);

fn spec(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

/// The operator's definition, as if an earlier version had admitted everything.
async fn install_loose_crd(place: &Place) {
    let mut crd = serde_json::to_value(operator::api::crd()).expect("JSON");
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
        json!({"type": "object", "properties": {"spec": anything, "status": anything}});
    let crd: CustomResourceDefinition = serde_json::from_value(crd).expect("a definition");
    let api: Api<CustomResourceDefinition> = Api::all(place.client.clone());
    api.patch(&crd.name_any(), &PatchParams::apply("test").force(), &Patch::Apply(&crd)).await.expect("the loose definition is accepted");
    eventually("a malformed resource is accepted", async || {
        let text = json!({"restaurant": "text"});
        place.apply_raw("malformed", text).await.ok()
    })
    .await;
}

/// Waits until an operator that was just started has looked at everything.
async fn looked(operator: &Operator) {
    eventually("a round of the new operator", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
}

/// A stored resource that cannot be read is reported, and does not stop the reconciles of others. A resource that needs kinds of other
/// products reports this while they are not installed, and continues when they are. The scenario has its own control plane, in which the
/// definitions are installed one after the other.
pub(crate) async fn a_malformed_resource_and_kinds_that_come_later(place: &Place) {
    let world = place.world.bare().await;
    let place = world.place("strangers").await;
    install_loose_crd(&place).await;
    let lost = json!({"restaurant": "text", "deletionPolicy": "Delete"});
    place.apply_raw("lost", lost).await.expect("it is accepted");
    let finalizer = json!({"metadata": {"finalizers": [FINALIZER]}});
    place.raw_resources().patch("lost", &PatchParams::default(), &Patch::Merge(&finalizer)).await.expect("it is patched");
    let labels = json!({"app.kubernetes.io/managed-by": MANAGER, "app.kubernetes.io/instance": "lost"});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lost-admin", "labels": labels}});
    place.api(Kind::Secret).patch("lost-admin", &PatchParams::apply(MANAGER), &Patch::Apply(&secret)).await.expect("a Secret");
    install_crd(&place.client).await;

    // d20: with the rights of the chart, and no other.
    let installed = rights::installed(&place).await;
    let operator = installed.start(&place, vec![place.name.clone()]);
    place.apply("good", spec(json!({}))).await;
    place.ready("good").await;
    // d01: the data of a resource that cannot be read is kept, whatever its policy.
    place.raw_resources().delete("lost", &DeleteParams::default()).await.expect("it is deleted");
    eventually("it is gone", async || place.raw_resources().get_opt("lost").await.ok()?.is_none().then_some(())).await;
    operator.quiet().await;
    assert!(place.get(Kind::Secret, "lost-admin").await.is_some());
    let events: Api<Event> = Api::namespaced(place.client.clone(), &place.name);
    let event = eventually("an event about the malformed resource", async || {
        let all = events.list(&ListParams::default()).await.ok()?;
        let of = |event: &Event| event.regarding.as_ref().and_then(|object| object.name.clone());
        all.items
            .into_iter()
            .find(|event| event.reason.as_deref() == Some("MalformedResource") && of(event).as_deref() == Some("malformed"))
    })
    .await;
    assert!(event.note.as_deref().is_some_and(|note| note.contains("Expected struct Restaurant")), "{:?}", event.note);
    operator.quiet().await;
    let status = place.raw("malformed").await["status"].clone();
    let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").cloned().unwrap_or_default();
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("MalformedResource")), "{status}");
    let stalled = conditions.iter().find(|condition| condition["type"] == "Stalled").cloned().unwrap_or_default();
    assert_eq!(stalled["status"], "True", "{status}");
    let generation = place.raw("malformed").await["metadata"]["generation"].clone();
    assert_eq!(status["observedGeneration"], generation, "a tool that waits ends");
    let told = operator.metrics.render();
    assert!(told.contains("operator_failures_total{reason=\"MalformedResource\",step=\"read\"}"), "{told}");

    let mark = world.plane.audit().mark();
    operator.stop().await;
    let operator = installed.start(&place, vec![place.name.clone()]);
    looked(&operator).await;
    assert!(place.writes(&mark).is_empty(), "a new process tells of it again: {:#?}", place.writes(&mark));

    // It is told once for each edit that leaves it malformed, however often everything is looked at.
    for paused in [true, false] {
        let edit = Patch::Merge(json!({"spec": {"paused": paused}}));
        let edited = place.raw_resources().patch("malformed", &PatchParams::default(), &edit).await.expect("it is edited");
        eventually("the edit is told of", async || {
            (place.raw("malformed").await["status"]["observedGeneration"].as_i64() == edited.metadata.generation).then_some(())
        })
        .await;
    }
    operator.quiet().await;
    let edits = world.plane.audit().mark();

    let s3 = json!({"endpoint": "https://s3.example.com", "bucket": "backups", "credentialsSecretRef": {"name": "s3"}});
    // No other product's definitions are installed: the other objects are created, and the missing kinds are reported.
    for (name, more, condition, kinds) in [
        ("gateway", json!({"gateway": {"host": "a.example", "parentRef": {"name": "public"}}}), "Ready", "HTTPRoute"),
        ("cluster", json!({"postgres": {"cloudNativePG": {}}}), "PostgresReady", "Cluster, ScheduledBackup, Backup"),
        ("archive", json!({"postgres": {"cloudNativePG": {}}, "backup": {"storage": {"s3": s3}}}), "BackupReady", "ObjectStore"),
        ("strimzi", json!({"kafka": {"strimzi": {}}}), "KafkaReady", "Kafka, KafkaNodePool, KafkaTopic"),
    ] {
        place.apply(name, spec(more)).await;
        let said = place.condition(name, condition, "False", Some("KindNotInstalled")).await;
        assert!(said.contains(&format!("does not know its kinds ({kinds})")), "{said}");
    }
    control_plane::install_crds(&place.client).await.expect("the definitions of others");
    within(DISCOVERY, "what needs the Gateway API goes on", &mut async || place.get(Kind::HttpRoute, "gateway").await).await;
    place.ready("gateway").await;
    eventually("a Cluster", async || place.get(Kind::Cluster, "cluster-menu-postgres").await).await;
    eventually("a Kafka", async || place.get(Kind::Kafka, "strimzi-kafka").await).await;
    eventually("a ServiceMonitor of the good one too", async || place.get(Kind::ServiceMonitor, "good").await).await;
    place.ready("good").await;
    operator.quiet().await;
    let again: Vec<_> = place.writes(&edits).into_iter().filter(|write| write.uri.contains("/malformed/")).collect();
    assert!(again.is_empty(), "{again:#?}");

    // `kubectl replace`, as the message says.
    let mut resource = place.raw("malformed").await;
    resource["spec"] = spec(json!({}));
    super::sent(&place.client, Method::PUT, &format!("{}/malformed", super::path(&place.name)), &resource).await.expect("it is accepted");
    place.ready("malformed").await;
    operator.stop().await;
}
