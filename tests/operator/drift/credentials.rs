//! Credentials and volumes, which exist only once: after a loss they are created again, and their users restart.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use super::settled;
use crate::world::{Place, eventually};

const WORKLOADS: [(Kind, &str); 7] = [
    (Kind::Deployment, "trattoria-auth"),
    (Kind::Deployment, "trattoria-menu"),
    (Kind::Deployment, "trattoria-reservation"),
    (Kind::StatefulSet, "trattoria-auth-postgres"),
    (Kind::StatefulSet, "trattoria-menu-postgres"),
    (Kind::StatefulSet, "trattoria-reservation-postgres"),
    (Kind::StatefulSet, "trattoria-kafka"),
];

fn smallest() -> Value {
    json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}})
}

/// The Pod templates of all workloads.
async fn templates(place: &Place) -> BTreeMap<&'static str, Value> {
    let mut templates = BTreeMap::new();
    for (kind, name) in WORKLOADS {
        templates.insert(name, place.get(kind, name).await.expect("what runs")["spec"]["template"].clone());
    }
    templates
}

async fn text(place: &Place, secret: &str, key: &str) -> Option<String> {
    let secret = place.get(Kind::Secret, secret).await?;
    let bytes = STANDARD.decode(secret["data"][key].as_str()?).expect("base64");
    Some(String::from_utf8(bytes).expect("text"))
}

/// A lost Secret is created again with another value, and only the Pods that use it are replaced.
pub(crate) async fn a_lost_credential_is_made_anew(place: &Place) {
    let operator = settled(place, smallest()).await;
    for (secret, key, expected) in [
        ("trattoria-menu-postgres", "password", &["trattoria-menu", "trattoria-menu-postgres"][..]),
        ("trattoria-admin", "password", &["trattoria-auth"]),
        ("trattoria-jwt", "jwks.json", &["trattoria-auth", "trattoria-menu", "trattoria-reservation"]),
    ] {
        let (before, value) = (templates(place).await, text(place, secret, key).await.expect("a value"));
        place.delete(Kind::Secret, secret).await;
        let new = eventually("the Secret is back", async || text(place, secret, key).await).await;
        assert_ne!(new, value, "{secret}");
        operator.quiet().await;
        place.ready("trattoria").await;
        let after = templates(place).await;
        let rolled: Vec<_> = before.keys().filter(|name| before[*name] != after[*name]).copied().collect();
        assert_eq!(rolled, expected, "{secret}");
    }
    let password = text(place, "trattoria-menu-postgres", "password").await.expect("a password");
    let url = text(place, "trattoria-menu-postgres", "url").await.expect("a URL");
    assert!(url.contains(&format!(":{password}@")), "the URL has the new password");
    operator.stop().await;
}

/// A password that is set by hand in the Secret counts, and derived values follow it. An edited derived value is restored.
pub(crate) async fn a_password_that_is_set_by_hand_counts(place: &Place) {
    let operator = settled(place, smallest()).await;
    let before = templates(place).await;
    place.edit(Kind::Secret, "trattoria-menu-postgres", json!({"stringData": {"password": "of my own"}})).await;
    eventually("the URL follows", async || {
        text(place, "trattoria-menu-postgres", "url").await.filter(|url| url.contains(":of%20my%20own@"))
    })
    .await;
    operator.quiet().await;
    place.ready("trattoria").await;
    assert_eq!(text(place, "trattoria-menu-postgres", "password").await.as_deref(), Some("of my own"));
    let after = templates(place).await;
    let rolled: Vec<_> = before.keys().filter(|name| before[*name] != after[*name]).copied().collect();
    assert_eq!(rolled, ["trattoria-menu", "trattoria-menu-postgres"]);

    let url = text(place, "trattoria-menu-postgres", "url").await;
    place.edit(Kind::Secret, "trattoria-menu-postgres", json!({"stringData": {"url": "postgres://elsewhere/menu_db"}})).await;
    eventually("the URL is put back", async || (text(place, "trattoria-menu-postgres", "url").await == url).then_some(())).await;
    // A reconcile that has read the password before puts it back.
    operator.quiet().await;
    place.edit(Kind::Secret, "trattoria-menu-postgres", json!({"data": {"password": null}})).await;
    eventually("a password is generated", async || {
        text(place, "trattoria-menu-postgres", "password").await.filter(|password| password.len() == 24)
    })
    .await;
    place.ready("trattoria").await;
    operator.stop().await;
}

/// A volume that is deleted while in use stays until its Pod ends; the condition reports this. Then a new one is created.
pub(crate) async fn a_deleted_volume_is_waited_for(place: &Place) {
    let operator = settled(place, smallest()).await;
    let name = "trattoria-menu-postgres";
    let before = place.get(Kind::PersistentVolumeClaim, name).await.expect("a volume");
    place.delete(Kind::PersistentVolumeClaim, name).await;
    let message = place.condition("trattoria", "PostgresReady", "False", Some("Waiting")).await;
    assert!(message.contains(&format!("PersistentVolumeClaim {name} is being deleted")), "{message}");
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.name);
    let params = ListParams::default().labels("app.kubernetes.io/component=menu-postgres");
    pods.delete_collection(&DeleteParams::default(), &params).await.expect("the Pod is deleted");
    eventually("a new volume", async || {
        let now = place.get(Kind::PersistentVolumeClaim, name).await?;
        (now["metadata"]["uid"] != before["metadata"]["uid"]).then_some(())
    })
    .await;
    place.ready("trattoria").await;
    operator.stop().await;
}

/// A volume that was expanded by hand keeps its size.
pub(crate) async fn a_volume_that_was_grown_by_hand_stays(place: &Place) {
    let operator = settled(place, smallest()).await;
    let name = "trattoria-menu-postgres";
    let size =
        async || place.get(Kind::PersistentVolumeClaim, name).await.expect("a volume")["spec"]["resources"]["requests"]["storage"].clone();
    place.edit(Kind::PersistentVolumeClaim, name, json!({"spec": {"resources": {"requests": {"storage": "20Gi"}}}})).await;
    operator.quiet().await;
    place.ready("trattoria").await;
    assert_eq!(size().await, "20Gi");
    // A new process that has another label to apply.
    operator.stop().await;
    let operator = place.operator();
    place.edit(Kind::PersistentVolumeClaim, name, json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "x"}}})).await;
    eventually("the label is put back", async || {
        let claim = place.get(Kind::PersistentVolumeClaim, name).await?;
        (claim["metadata"]["labels"]["app.kubernetes.io/part-of"] == "restaurant-booking").then_some(())
    })
    .await;
    place.ready("trattoria").await;
    assert_eq!(size().await, "20Gi");
    // The resource can still ask for more.
    let mut spec = smallest();
    spec["postgres"] = json!({"managed": {"storage": {"size": "30Gi"}}});
    place.apply("trattoria", spec).await;
    place.ready("trattoria").await;
    assert_eq!(size().await, "30Gi");
    operator.stop().await;
}
