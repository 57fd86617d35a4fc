//! The objects that are kept and those that are removed when a resource, or its namespace, is deleted.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, Pod};
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use operator::api::RestaurantBooking;
use operator::reconcile::deletion::FINALIZER;
use operator::reconcile::kind::Kind;
use operator::release::release;
use serde_json::{Value, json};

use crate::rights;
use crate::simulated::Simulated;
use crate::wire::Fate;
use crate::world::{Operator, Place, eventually};

fn smallest(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

async fn ready(place: &Place, name: &str, more: Value) -> Operator {
    let operator = place.operator();
    place.apply(name, smallest(more)).await;
    place.ready(name).await;
    operator.quiet().await;
    operator
}

async fn delete(place: &Place, name: &str) {
    place.resources().delete(name, &DeleteParams::background()).await.expect("it is deleted");
    eventually("the resource is gone", async || place.resources().get_opt(name).await.ok()?.is_none().then_some(())).await;
}

/// The hook of an uninstall takes the finalizers off wherever it may, and names the namespace where it may not; one that does not exist is no
/// failure of another.
pub(crate) async fn b10_a_namespace_that_refuses_does_not_stop_a_release(place: &Place) {
    ready(place, "trattoria", json!({"deletionPolicy": "Delete"})).await.stop().await;
    let other = place.world.place("refused").await;
    let client = rights::installed(place).await.client();
    let namespaces = [other.name.clone(), "does-not-exist".to_owned(), place.name.clone()];
    let refused = release(&client, &namespaces).await.expect_err("it has no rights there");
    assert!(refused.starts_with("1 finalizers were taken off") && refused.contains(&format!("{}: ", other.name)), "{refused}");
    let finalizers = place.resources().get("trattoria").await.expect("the resource").metadata.finalizers.unwrap_or_default();
    assert!(!finalizers.iter().any(|finalizer| finalizer == FINALIZER), "{finalizers:?}");
    assert_eq!(release(&place.client, &["does-not-exist".to_owned()]).await, Ok(0));
}

/// `kubectl replace --force` with the policy Delete: the new resource of the same name has new volumes, and its own migrations have run on
/// them. Nothing of the old one is taken for its own.
pub(crate) async fn a_resource_that_is_replaced_starts_anew(place: &Place) {
    let operator = ready(place, "trattoria", json!({"deletionPolicy": "Delete"})).await;
    let before = place.children().await;
    delete(place, "trattoria").await;
    let new = place.apply("trattoria", smallest(json!({"deletionPolicy": "Delete"}))).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    let after = place.children().await;
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for ((kind, name), object) in &after {
        let old = &before[&(*kind, name.clone())];
        if matches!(kind, Kind::PersistentVolumeClaim | Kind::Secret | Kind::StatefulSet | Kind::Deployment | Kind::Job) {
            assert_ne!(object["metadata"]["uid"], old["metadata"]["uid"], "{} {name} is the old one", kind.as_str());
        }
        let owner = &object["metadata"]["ownerReferences"][0]["uid"];
        assert!(kind.holds_data() || *owner == new.metadata.uid.clone().expect("a uid"), "{} {name}: {owner}", kind.as_str());
    }
    operator.stop().await;
}

/// The objects of a resource that outlive it, by kind and name.
async fn data(place: &Place) -> BTreeMap<(Kind, String), Value> {
    let mut children = place.children().await;
    children.retain(|(kind, _), _| kind.holds_data());
    children
}

/// Waits until only these objects are left, without Pods and ReplicaSets.
async fn only_these_are_left(place: &Place, kept: &BTreeSet<(Kind, String)>) {
    eventually("the rest is gone", async || {
        let children: BTreeSet<_> = place.children().await.into_keys().collect();
        let params = ListParams::default();
        let pods = Api::<Pod>::namespaced(place.client.clone(), &place.name).list(&params).await.ok()?;
        let sets = Api::<ReplicaSet>::namespaced(place.client.clone(), &place.name).list(&params).await.ok()?;
        (children == *kept && pods.items.is_empty() && sets.items.is_empty()).then_some(())
    })
    .await;
}

fn uids(objects: &BTreeMap<(Kind, String), Value>) -> Vec<&Value> {
    objects.values().map(|object| &object["metadata"]["uid"]).collect()
}

/// By default, volumes and credentials stay unchanged, and everything else is removed. A new resource with the same name adopts them, even
/// if it asks for smaller volumes.
pub(crate) async fn data_is_retained(place: &Place) {
    let storage = |size: &str| json!({"postgres": {"managed": {"storage": {"size": size}}}});
    let operator = ready(place, "trattoria", storage("10Gi")).await;
    let before = data(place).await;
    assert_eq!(before.len(), 11, "seven Secrets and four volumes: {:?}", before.keys());
    for object in before.values() {
        assert!(object["metadata"]["ownerReferences"].is_null(), "{object}");
    }
    delete(place, "trattoria").await;
    only_these_are_left(place, &before.keys().cloned().collect()).await;
    operator.quiet().await;
    assert_eq!(uids(&data(place).await), uids(&before));

    place.apply("trattoria", smallest(storage("8Gi"))).await;
    place.ready("trattoria").await;
    let after = data(place).await;
    assert_eq!(uids(&after), uids(&before));
    for (key, object) in &before {
        assert_eq!(after[key]["data"], object["data"], "{key:?}");
        assert_eq!(after[key]["spec"], object["spec"], "{key:?}");
        if key.0 == Kind::Secret {
            assert_eq!(after[key]["metadata"]["resourceVersion"], object["metadata"]["resourceVersion"], "{key:?} was written");
        }
    }
    operator.stop().await;
}

/// With `deletionPolicy: Delete` nothing is left, not even a volume.
pub(crate) async fn everything_is_deleted(place: &Place) {
    let operator = ready(place, "trattoria", json!({"deletionPolicy": "Delete", "ingress": {"host": "book.example.com"}})).await;
    delete(place, "trattoria").await;
    only_these_are_left(place, &BTreeSet::new()).await;
    eventually("the volumes are gone", async || {
        let volumes = Api::<PersistentVolume>::all(place.client.clone()).list(&ListParams::default()).await.ok()?;
        let ours = |volume: &PersistentVolume| {
            let claim = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
            claim.and_then(|claim| claim.namespace.as_deref()) == Some(place.name.as_str())
        };
        (!volumes.items.iter().any(ours)).then_some(())
    })
    .await;
    operator.quiet().await;
    operator.stop().await;
}

/// Databases, brokers and topics of other operators are kept and adopted, or deleted.
pub(crate) async fn data_of_other_products_is_retained_or_deleted(place: &Place) {
    let _others = Simulated::start(place);
    place.secret("s3", &[("accessKeyId", "a"), ("secretAccessKey", "b")]).await;
    let s3 = json!({"endpoint": "https://s3.example.com", "bucket": "backups", "credentialsSecretRef": {"name": "s3"}});
    let spec = |policy: &str| {
        let backup = json!({"storage": {"s3": s3}});
        json!({"postgres": {"cloudNativePG": {}}, "backup": backup, "kafka": {"strimzi": {}}, "deletionPolicy": policy})
    };
    let operator = ready(place, "trattoria", spec("Retain")).await;
    let before = data(place).await;
    let kinds: BTreeSet<_> = before.keys().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [Kind::Secret, Kind::Cluster, Kind::ObjectStore, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic].into());
    delete(place, "trattoria").await;
    only_these_are_left(place, &before.keys().cloned().collect()).await;
    place.apply("trattoria", smallest(spec("Retain"))).await;
    place.ready("trattoria").await;
    assert_eq!(uids(&data(place).await), uids(&before));
    place.apply("trattoria", smallest(spec("Delete"))).await;
    place.ready("trattoria").await;
    delete(place, "trattoria").await;
    only_these_are_left(place, &BTreeSet::new()).await;
    operator.stop().await;
}

fn finalizers(resource: &RestaurantBooking) -> Vec<String> {
    resource.metadata.finalizers.clone().unwrap_or_default()
}

/// The policy can be changed while the resource exists: a finalizer shows the policy in effect, and no object with data ever has an owner.
pub(crate) async fn d01_the_finalizer_follows_the_policy_and_data_has_no_owner(place: &Place) {
    let operator = ready(place, "trattoria", json!({})).await;
    let before = data(place).await;
    for (policy, expected) in [("Delete", vec![FINALIZER.to_owned()]), ("Retain", Vec::new()), ("Delete", vec![FINALIZER.to_owned()])] {
        place.apply("trattoria", smallest(json!({"deletionPolicy": policy}))).await;
        place.ready("trattoria").await;
        assert_eq!(finalizers(&place.resources().get("trattoria").await.expect("the resource")), expected, "{policy}");
        for (key, object) in data(place).await {
            assert!(object["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty), "{policy}: {key:?}");
            assert_eq!(object["data"], before[&key]["data"], "{key:?}");
        }
    }
    // A finalizer of another client stays.
    let others = json!({"metadata": {"finalizers": [FINALIZER, "example.com/other"]}});
    let params = PatchParams { field_manager: Some("user".to_owned()), ..Default::default() };
    place.resources().patch_metadata("trattoria", &params, &Patch::Merge(&others)).await.expect("it is patched");
    place.apply("trattoria", smallest(json!({"deletionPolicy": "Retain"}))).await;
    place.ready("trattoria").await;
    assert_eq!(finalizers(&place.resources().get("trattoria").await.expect("the resource")), ["example.com/other"]);
    operator.stop().await;
}

/// A change from Delete to Retain before the deletion keeps the data, even if the operator did not act on the change, because it was away,
/// or the resource was paused or refused.
pub(crate) async fn d01_delete_that_becomes_retain_unseen_keeps_the_data(place: &Place) {
    let dangling = json!({"passwordSecretRef": {"name": "nowhere", "key": "password"}});
    for (what, more) in [("away", json!({})), ("paused", json!({"paused": true})), ("refused", json!({"admin": dangling}))] {
        let operator = ready(place, "trattoria", json!({"deletionPolicy": "Delete"})).await;
        let before = data(place).await;
        let mut retain = smallest(json!({"deletionPolicy": "Retain"}));
        retain.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
        if what == "away" {
            operator.stop().await;
            place.apply("trattoria", retain).await;
            place.resources().delete("trattoria", &DeleteParams::background()).await.expect("it is deleted");
            let operator = place.operator();
            eventually("the resource is gone", async || place.resources().get_opt("trattoria").await.ok()?.is_none().then_some(())).await;
            operator.quiet().await;
            operator.stop().await;
        } else {
            place.apply("trattoria", retain).await;
            delete(place, "trattoria").await;
            operator.quiet().await;
            operator.stop().await;
        }
        only_these_are_left(place, &before.keys().cloned().collect()).await;
        assert_eq!(uids(&data(place).await), uids(&before), "{what}");
    }
}

/// With Delete, the data is removed even if the resource is paused or refused, or is deleted while the operator is away.
pub(crate) async fn d01_delete_counts_whatever_state_the_resource_is_in(place: &Place) {
    let dangling = json!({"passwordSecretRef": {"name": "nowhere", "key": "password"}});
    for more in [json!({"paused": true}), json!({"admin": dangling}), json!({})] {
        let operator = ready(place, "trattoria", json!({"deletionPolicy": "Delete"})).await;
        let mut spec = smallest(json!({"deletionPolicy": "Delete"}));
        spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
        place.apply("trattoria", spec).await;
        operator.quiet().await;
        operator.stop().await;
        place.resources().delete("trattoria", &DeleteParams::background()).await.expect("it is deleted");
        let waiting = place.resources().get("trattoria").await.expect("it waits for its data to be removed");
        assert_eq!(finalizers(&waiting), [FINALIZER]);
        let operator = place.operator();
        only_these_are_left(place, &BTreeSet::new()).await;
        eventually("the resource is gone", async || place.resources().get_opt("trattoria").await.ok()?.is_none().then_some(())).await;
        operator.stop().await;
    }
}

/// The policy is read before each removal: after a change to Retain, the remaining data stays.
pub(crate) async fn d01_an_edit_to_retain_counts_as_long_as_anything_is_left(place: &Place) {
    let operator = ready(place, "trattoria", json!({"deletionPolicy": "Delete"})).await;
    let secrets = |objects: BTreeMap<(Kind, String), Value>| {
        objects.into_iter().filter(|((kind, _), _)| *kind == Kind::Secret).collect::<BTreeMap<_, _>>()
    };
    let before = secrets(data(place).await);
    operator.wire.decide(|_, method, uri| {
        if method == Method::DELETE && uri.contains("/secrets/") { Fate::Refuse(StatusCode::FORBIDDEN) } else { Fate::Pass }
    });
    place.resources().delete("trattoria", &DeleteParams::background()).await.expect("it is deleted");
    eventually("the removal of Secrets is refused, and told of", async || {
        let events = Api::<Event>::namespaced(place.client.clone(), &place.name).list(&ListParams::default()).await.ok()?;
        events.items.iter().any(|event| event.action.as_deref() == Some("DeleteData")).then_some(())
    })
    .await;
    let spec = json!({"spec": {"deletionPolicy": "Retain"}});
    place.resources().patch("trattoria", &PatchParams::default(), &Patch::Merge(&spec)).await.expect("it is patched");
    eventually("the resource is gone", async || place.resources().get_opt("trattoria").await.ok()?.is_none().then_some(())).await;
    only_these_are_left(place, &before.keys().cloned().collect()).await;
    assert_eq!(uids(&secrets(data(place).await)), uids(&before));
    operator.stop().await;
}

/// A namespace is deleted without the operator: nothing blocks it if the finalizers were removed.
pub(crate) async fn a_namespace_goes_without_the_operator(place: &Place) {
    let operator = ready(place, "trattoria", json!({})).await;
    place.apply("osteria", smallest(json!({"deletionPolicy": "Delete"}))).await;
    place.ready("osteria").await;
    operator.stop().await;
    let of = async |name: &str| finalizers(&place.resources().get(name).await.expect("the resource"));
    assert_eq!((of("trattoria").await, of("osteria").await), (vec![], vec![FINALIZER.to_owned()]));
    let before = data(place).await;
    assert_eq!(release(&place.client, std::slice::from_ref(&place.name)).await, Ok(1));
    assert_eq!(of("osteria").await, [""; 0]);
    delete(place, "osteria").await;
    assert_eq!(uids(&data(place).await), uids(&before), "the data is kept");
    let namespaces: Api<Namespace> = Api::all(place.client.clone());
    namespaces.delete(&place.name, &DeleteParams::default()).await.expect("it is deleted");
    eventually("the namespace is gone", async || namespaces.get_opt(&place.name).await.ok()?.is_none().then_some(())).await;
}

/// The deletion of a resource with all its data causes no write to another resource in its namespace.
pub(crate) async fn two_resources_do_not_disturb_each_other(place: &Place) {
    let operator = ready(place, "osteria", json!({})).await;
    place.apply("trattoria", smallest(json!({"deletionPolicy": "Delete"}))).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    let mark = place.world.plane.audit().mark();
    let of = async |name: &str| {
        let mut children = place.children().await;
        children.retain(|_, object| object["metadata"]["labels"]["app.kubernetes.io/instance"] == name);
        children
    };
    let before = of("osteria").await;
    assert_eq!(before.len(), of("trattoria").await.len());
    delete(place, "trattoria").await;
    only_these_are_left_of(place, &before).await;
    operator.quiet().await;
    place.ready("osteria").await;
    let writes: Vec<_> = place.writes(&mark).into_iter().filter(|write| !write.name.starts_with("trattoria")).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(uids(&of("osteria").await), uids(&before));
    operator.stop().await;
}

async fn only_these_are_left_of(place: &Place, kept: &BTreeMap<(Kind, String), Value>) {
    eventually("the other is gone", async || place.children().await.keys().eq(kept.keys()).then_some(())).await;
}
