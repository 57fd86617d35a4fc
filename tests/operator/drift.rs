//! What is deleted or edited by hand is put back; what is no longer wanted goes; what is not ours is never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::normal::{differences, stored};
use crate::simulated::Simulated;
use crate::world::{Operator, PATIENCE, Place, eventually};

mod credentials;
mod edits;
mod foreign;

pub(crate) use credentials::{
    a_deleted_volume_is_waited_for, a_lost_credential_is_made_anew, a_password_that_is_set_by_hand_counts,
    a_volume_that_was_grown_by_hand_stays,
};
use edits::Edit;
pub(crate) use foreign::{an_object_of_anothers_is_never_taken_over, what_is_no_longer_wanted_goes};

/// Objects by kind and name.
type Children = BTreeMap<(Kind, String), Value>;

/// Everything that can be had without other operators.
fn managed() -> Value {
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "reservation": {"autoscaling": {"minReplicas": 2, "maxReplicas": 6}},
        "ingress": {"host": "book.example.com", "className": "nginx", "tlsSecretName": "book-tls", "annotations": {"a": "b"}},
        "networkPolicy": {"clientNamespaceLabels": {"guests": "yes"}},
        "monitoring": {"labels": {"release": "prometheus"}},
    })
}

/// With databases by CloudNativePG, a broker by Strimzi, and a route of the Gateway API.
fn by_others() -> Value {
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "postgres": {"cloudNativePG": {"storage": {"size": "1Gi"}}},
        "kafka": {"strimzi": {"storage": {"size": "1Gi"}}},
        "gateway": {"host": "book.example.com", "parentRef": {"name": "public", "sectionName": "https"}},
    })
}

/// A platform that is Ready, and has come to rest.
async fn settled(place: &Place, spec: Value) -> Operator {
    let operator = place.operator();
    place.apply("trattoria", spec).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    operator
}

/// Objects as they are compared.
fn normal(children: &Children) -> BTreeMap<String, Value> {
    let of = |kind: Kind, object: &Value| {
        let mut object = stored(kind, object.clone());
        // In a list they are left out.
        object.as_object_mut().expect("an object").retain(|member, _| member != "apiVersion" && member != "kind");
        object
    };
    children.iter().map(|((kind, name), object)| (format!("{}/{name}", kind.as_str()), of(*kind, object))).collect()
}

/// Waits until every object is as it was; what is not after a while, and what the resource tells.
async fn put_back(place: &Place, before: &Children) -> Result<(), String> {
    let wanted = normal(before);
    let started = Instant::now();
    loop {
        let mut now = Children::new();
        for (kind, name) in before.keys() {
            if let Some(object) = place.get(*kind, name).await {
                now.insert((*kind, name.clone()), object);
            }
        }
        let differ = differences(&wanted, &normal(&now));
        if differ.is_empty() {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            let status = place.resources().get("trattoria").await.ok().and_then(|resource| resource.status).unwrap_or_default();
            let told: Vec<_> = status.conditions.into_iter().filter(|one| one.type_ == "Ready").map(|one| one.message).collect();
            return Err(format!("before, and now: {differ:#?}; Ready: {told:?}"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until every object is as it was.
async fn as_before(place: &Place, before: &Children, what: &str) {
    put_back(place, before).await.unwrap_or_else(|differ| panic!("{what}, and was not put back: {differ}"));
}

/// The objects that can be replaced without a loss: all but credentials and volumes, which have scenarios of their own.
async fn replaceable(place: &Place) -> Children {
    let mut children = place.children().await;
    children.retain(|(kind, _), _| !matches!(kind, Kind::Secret | Kind::PersistentVolumeClaim));
    children
}

async fn deleted_one_by_one(place: &Place, spec: Value) -> BTreeSet<Kind> {
    let operator = settled(place, spec).await;
    let before = replaceable(place).await;
    for ((kind, name), object) in &before {
        place.delete(*kind, name).await;
        eventually(&format!("{} {name} is back", kind.as_str()), async || {
            let now = place.get(*kind, name).await?;
            (now["metadata"]["uid"] != object["metadata"]["uid"]).then_some(())
        })
        .await;
    }
    as_before(place, &before, "everything was deleted").await;
    place.ready("trattoria").await;
    operator.quiet().await;
    let names = |children: &Children| children.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&replaceable(place).await), names(&before), "more than before");
    operator.stop().await;
    before.into_keys().map(|(kind, _)| kind).collect()
}

/// Every object of a platform that is deleted comes back as it was.
pub(crate) async fn what_is_deleted_comes_back(place: &Place) {
    let kinds = deleted_one_by_one(place, managed()).await;
    let others = [Kind::HttpRoute, Kind::Cluster, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic];
    let all = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Secret | Kind::PersistentVolumeClaim) && !others.contains(kind));
    assert_eq!(kinds, all.collect());
}

/// The same of databases and brokers that other operators run.
pub(crate) async fn what_is_deleted_of_other_products_comes_back(place: &Place) {
    let _others = Simulated::start(place);
    let kinds = deleted_one_by_one(place, by_others()).await;
    for kind in [Kind::HttpRoute, Kind::Cluster, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic] {
        assert!(kinds.contains(&kind), "{}", kind.as_str());
    }
}

/// Edits of the metadata of every object: each is made on all of them at once.
fn metadata_edits(name: &str) -> Vec<(&'static str, Value)> {
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    vec![
        ("a label changed", labels(json!({"app.kubernetes.io/part-of": "something-else"}))),
        ("a label removed", labels(json!({"app.kubernetes.io/name": null}))),
        ("the label that says who manages it removed", labels(json!({"app.kubernetes.io/managed-by": null}))),
        ("the label that says who manages it changed", labels(json!({"app.kubernetes.io/managed-by": "Helm"}))),
        ("the label that says whose it is removed", labels(json!({"app.kubernetes.io/instance": null}))),
        ("the label that says whose it is changed", labels(json!({"app.kubernetes.io/instance": name}))),
        ("all labels removed", json!({"metadata": {"labels": null}})),
        ("the annotation removed", json!({"metadata": {"annotations": {"restaurantbooking.dev/applied": null}}})),
        ("the annotation changed", json!({"metadata": {"annotations": {"restaurantbooking.dev/applied": "x"}}})),
        ("the owner removed", json!({"metadata": {"ownerReferences": null}})),
    ]
}

async fn metadata_edited(place: &Place, spec: Value) {
    let operator = settled(place, spec).await;
    let before = place.children().await;
    for (what, edit) in metadata_edits("osteria") {
        for (kind, name) in before.keys() {
            place.edit(*kind, name, edit.clone()).await;
        }
        as_before(place, &before, what).await;
    }
    place.ready("trattoria").await;
    operator.stop().await;
}

/// Labels, annotations and owners of every object are put back.
pub(crate) async fn edited_metadata_is_put_back(place: &Place) {
    metadata_edited(place, managed()).await;
}

/// The same of databases and brokers that other operators run.
pub(crate) async fn edited_metadata_of_other_products_is_put_back(place: &Place) {
    let _others = Simulated::start(place);
    metadata_edited(place, by_others()).await;
}

async fn edited_by_hand(place: &Place, spec: Value, edits: Vec<Edit>) -> BTreeSet<Kind> {
    let operator = settled(place, spec).await;
    let before = place.children().await;
    let (mut kinds, mut failed) = (BTreeSet::new(), Vec::new());
    for (kind, name, what, edit) in edits {
        // The name of a Job is derived from what it runs.
        let name =
            before.keys().find(|(of, found)| *of == kind && found.starts_with(name)).map(|(_, name)| name.clone()).expect("an object");
        let patch: Patch<()> = Patch::Json(serde_json::from_value(edit).expect("a patch"));
        let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..Default::default() };
        let edited =
            place.api(kind).patch(&name, &params, &patch).await.unwrap_or_else(|error| panic!("{} {name}: {what}: {error}", kind.as_str()));
        let key = (kind, name.clone());
        let edited = BTreeMap::from([(key.clone(), serde_json::to_value(edited).expect("JSON"))]);
        let object = BTreeMap::from([(key.clone(), before[&key].clone())]);
        assert_ne!(normal(&edited), normal(&object), "{} {name}: {what}: this changes nothing", kind.as_str());
        if let Err(differ) = put_back(place, &object).await {
            failed.push(format!("{} {name}: {what}: {differ}", kind.as_str()));
        }
        kinds.insert(kind);
    }
    assert!(failed.is_empty(), "what was not put back: {}", failed.join("\n\n"));
    as_before(place, &before, "all was edited").await;
    place.ready("trattoria").await;
    operator.stop().await;
    kinds
}

/// What is ours in every object is put back, and what stands in its way is taken away.
pub(crate) async fn what_is_edited_is_put_back(place: &Place) {
    let kinds = edited_by_hand(place, managed(), edits::of_managed()).await;
    let others = [Kind::HttpRoute, Kind::Cluster, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic];
    let all = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Secret | Kind::PersistentVolumeClaim) && !others.contains(kind));
    assert_eq!(kinds, all.collect());
}

/// The same of databases and brokers that other operators run.
pub(crate) async fn what_is_edited_of_other_products_is_put_back(place: &Place) {
    let _others = Simulated::start(place);
    let kinds = edited_by_hand(place, by_others(), edits::of_other_products()).await;
    for kind in [Kind::HttpRoute, Kind::Cluster, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic] {
        assert!(kinds.contains(&kind), "{}", kind.as_str());
    }
}
