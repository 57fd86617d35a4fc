//! Claims get volumes, which grow where their class allows it, and go with them.

use control_plane::{FIXED, STANDARD};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::{create, eventually, namespace, shared, template};

async fn stateful_set(client: &Client, namespace: &str, class: Option<&str>) -> Api<PersistentVolumeClaim> {
    crate::namespace(client, namespace).await;
    let api: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
    let mut claim = json!({
        "metadata": { "name": "data" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    });
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = json!(class);
    }
    let set = json!({
        "metadata": { "name": "test" },
        "spec": {
            "serviceName": "test",
            "replicas": 2,
            "selector": { "matchLabels": { "app": "test" } },
            "template": template("example.invalid/database:1"),
            "volumeClaimTemplates": [claim],
        },
    });
    create(&api, set).await;
    eventually("a StatefulSet with claims is ready", async || {
        let status = api.get_status("test").await.expect("the StatefulSet").status;
        status.and_then(|status| status.ready_replicas) == Some(2)
    })
    .await;
    Api::namespaced(client.clone(), namespace)
}

fn size(gibibytes: u32) -> Patch<Value> {
    Patch::Merge(json!({ "spec": { "resources": { "requests": { "storage": format!("{gibibytes}Gi") } } } }))
}

#[tokio::test]
async fn a_claim_of_the_default_class_grows_and_its_volume_goes_with_it() {
    let (_, client) = shared().await;
    let claims = stateful_set(&client, "growing", None).await;
    let claim = claims.patch("data-test-0", &PatchParams::default(), &size(3)).await.expect("it may grow");
    assert_eq!(claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()), Some(STANDARD));
    eventually("the claim has grown", async || {
        let status = claims.get_status("data-test-0").await.expect("the claim").status;
        status.and_then(|status| status.capacity?.remove("storage")).is_some_and(|size| size.0 == "3Gi")
    })
    .await;
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    let name = claim.spec.and_then(|spec| spec.volume_name).expect("a volume");
    let volume = volumes.get(&name).await.expect("the volume");
    assert_eq!(volume.spec.and_then(|spec| spec.capacity?.remove("storage")).map(|size| size.0).as_deref(), Some("3Gi"));

    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), "growing");
    sets.delete("test", &DeleteParams::default()).await.expect("it is deleted");
    claims.delete("data-test-0", &DeleteParams::default()).await.expect("it is deleted");
    eventually("the claim's volume is gone", async || volumes.get_opt(&name).await.expect("an answer").is_none()).await;
    let left = claims.list(&ListParams::default()).await.expect("claims");
    assert_eq!(left.items.len(), 1, "the other one is kept");
}

#[tokio::test]
async fn a_claim_of_the_fixed_class_cannot_grow() {
    let (_, client) = shared().await;
    let claims = stateful_set(&client, "fixed", Some(FIXED)).await;
    let error = claims.patch("data-test-0", &PatchParams::default(), &size(3)).await.expect_err("it may not grow");
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 403 || status.code == 422), "{error}");
}

#[tokio::test]
async fn a_claim_of_an_unknown_class_stays_pending() {
    let (_, client) = shared().await;
    namespace(&client, "unknown-class").await;
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), "unknown-class");
    for (name, class) in [("unknown", "missing"), ("known", STANDARD)] {
        let claim = json!({
            "metadata": { "name": name },
            "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": { "requests": { "storage": "1Gi" } },
            },
        });
        create(&claims, claim).await;
    }
    let phase = async |name| claims.get_status(name).await.expect("the claim").status.and_then(|status| status.phase);
    eventually("the other claim is bound", async || phase("known").await.as_deref() == Some("Bound")).await;
    assert_eq!(phase("unknown").await.as_deref(), Some("Pending"));
}
