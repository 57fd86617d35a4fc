//! Deleted and edited objects are restored, unwanted ones are pruned, and foreign ones are never changed.

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

/// A platform with everything that needs no other operator.
fn managed() -> Value {
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "reservation": {"autoscaling": {"minReplicas": 2, "maxReplicas": 6}},
        "ingress": {"host": "book.example.com", "className": "nginx", "tlsSecretName": "book-tls", "annotations": {"a": "b"}},
        "networkPolicy": {"clientNamespaceLabels": {"guests": "yes"}},
        "monitoring": {"labels": {"release": "prometheus"}},
        "backup": {"storage": {"claim": {}}},
    })
}

/// A platform with databases of CloudNativePG, a broker of Strimzi, and a route of the Gateway API.
fn by_others() -> Value {
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "postgres": {"cloudNativePG": {"storage": {"size": "1Gi"}}},
        "backup": {"storage": {"s3": {"endpoint": "https://s3.example.com", "bucket": "backups", "credentialsSecretRef": {"name": "s3"}}}},
        "kafka": {"strimzi": {"storage": {"size": "1Gi"}}},
        "gateway": {"host": "book.example.com", "parentRef": {"name": "public", "sectionName": "https"}},
    })
}

/// The kinds of other products that [`by_others`] has.
const OF_OTHERS: [Kind; 7] =
    [Kind::HttpRoute, Kind::Cluster, Kind::ScheduledBackup, Kind::ObjectStore, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic];

/// The kinds that [`managed`] has and that can be replaced without a loss.
fn of_managed() -> BTreeSet<Kind> {
    let kept = [Kind::Secret, Kind::PersistentVolumeClaim];
    // CloudNativePG's backups on demand have a scenario of their own.
    Kind::ALL.into_iter().filter(|kind| !kept.contains(kind) && *kind != Kind::Backup && !OF_OTHERS.contains(kind)).collect()
}

/// A platform that is Ready, with an idle operator.
async fn settled(place: &Place, spec: Value) -> Operator {
    place.secret("s3", &[("accessKeyId", "a"), ("secretAccessKey", "b")]).await;
    let operator = place.operator();
    place.apply("trattoria", spec).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    operator
}

/// The objects in the form in which they are compared.
fn normal(children: &Children) -> BTreeMap<String, Value> {
    let of = |kind: Kind, object: &Value| {
        let mut object = stored(kind, object.clone());
        // A list leaves these out.
        object.as_object_mut().expect("an object").retain(|member, _| member != "apiVersion" && member != "kind");
        object
    };
    children.iter().map(|((kind, name), object)| (format!("{}/{name}", kind.as_str()), of(*kind, object))).collect()
}

/// Waits until every object is as before. After a timeout, returns the differences and the resource's status.
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

/// The objects that can be replaced without a loss: all except credentials and volumes, which have their own scenarios.
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

/// Every deleted object of a platform is created again as it was.
pub(crate) async fn what_is_deleted_comes_back(place: &Place) {
    let kinds = deleted_one_by_one(place, managed()).await;
    assert_eq!(kinds, of_managed());
}

/// The same for databases and brokers of other operators.
pub(crate) async fn what_is_deleted_of_other_products_comes_back(place: &Place) {
    let _others = Simulated::start(place);
    let kinds = deleted_one_by_one(place, by_others()).await;
    for kind in OF_OTHERS {
        assert!(kinds.contains(&kind), "{}", kind.as_str());
    }
}

/// Edits of the metadata of every object; each is made on all objects at once.
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

/// Labels, annotations and owners of every object are restored.
pub(crate) async fn edited_metadata_is_put_back(place: &Place) {
    metadata_edited(place, managed()).await;
}

/// The same for databases and brokers of other operators.
pub(crate) async fn edited_metadata_of_other_products_is_put_back(place: &Place) {
    let _others = Simulated::start(place);
    metadata_edited(place, by_others()).await;
}

async fn edited_by_hand(place: &Place, spec: Value, edits: Vec<Edit>) -> BTreeSet<Kind> {
    let operator = settled(place, spec).await;
    let before = place.children().await;
    let (mut kinds, mut failed) = (BTreeSet::new(), Vec::new());
    for (kind, name, what, edit) in edits {
        // The name of a Job depends on its template.
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

/// The operator's fields in every object are restored, and conflicting fields are removed.
pub(crate) async fn what_is_edited_is_put_back(place: &Place) {
    let kinds = edited_by_hand(place, managed(), edits::of_managed()).await;
    assert_eq!(kinds, of_managed());
}

/// The same for databases and brokers of other operators.
pub(crate) async fn what_is_edited_of_other_products_is_put_back(place: &Place) {
    let _others = Simulated::start(place);
    let kinds = edited_by_hand(place, by_others(), edits::of_other_products()).await;
    for kind in OF_OTHERS {
        assert!(kinds.contains(&kind), "{}", kind.as_str());
    }
}
