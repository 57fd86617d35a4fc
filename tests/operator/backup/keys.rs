//! The keys of tokens and links, and the administrator's password, in a restore from encrypted backups.

use k8s_openapi::ByteString;
use kube::api::{Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::upgrade::jobs;
use crate::world::{Place, eventually};

use super::pods::{end, looked, looked_with, restored, running};
use super::restore::{NEWEST, TARGET, restore};
use super::{NAME, SERVICES, spec, status};

/// The key of the encryption, as [`spec`] puts it into a Secret.
const KEY: &str = "0123456789abcdef";
const SECRETS: [&str; 3] = ["trattoria-jwt", "trattoria-links", "trattoria-admin"];

async fn restoring(place: &Place) -> Value {
    spec(place, restore(json!({"encryption": {"keySecretRef": {"name": "s3", "key": "key"}}}))).await
}

/// The keys of the resource that was lost.
fn lost() -> Value {
    let pair = auth::keys::pair().expect("keys");
    json!({
        "jwt": {"private.pem": pair.private_key, "jwks.json": pair.key_set},
        "links": {"keys": format!("{}\n{}\n", "1".repeat(64), "2".repeat(64))},
        "admin": {"password": "the former password"},
    })
}

/// Ends the looks; that at auth says what `of_auth` makes of it.
async fn looks(place: &Place, of_auth: impl Fn(String) -> String) {
    for (service, newest) in NEWEST {
        let pod = running(place, &format!("{service}-restore")).await;
        let said = looked(service, 17, "2026-11-24T03:00:00Z", newest);
        end(place, &pod, 0, &if service == "auth" { of_auth(said) } else { said }).await;
    }
}

async fn restores(place: &Place) {
    for service in SERVICES {
        let pod = running(place, &format!("{service}-restore")).await;
        end(place, &pod, 0, &restored(service, TARGET)).await;
    }
    place.ready(NAME).await;
}

/// The three Secrets, as texts; those that exist.
async fn secrets(place: &Place) -> Value {
    let mut found = json!({});
    for (folder, name) in ["jwt", "links", "admin"].into_iter().zip(SECRETS) {
        let Some(secret) = place.get(Kind::Secret, name).await else { continue };
        for (key, value) in secret["data"].as_object().expect("data").iter().filter(|(key, _)| *key != "email") {
            let ByteString(bytes) = serde_json::from_value(value.clone()).expect("base64");
            found[folder][key] = String::from_utf8(bytes).expect("text").into();
        }
    }
    found
}

/// No key is made before the backups were looked at. Those that auth's holds come into their Secrets before the moment is chosen, whoever leads
/// then, and the services start with them. From then on they are as any others.
pub(crate) async fn keys_come_back_from_an_encrypted_backup(place: &Place) {
    let operator = place.operator();
    let lost = lost();
    place.apply(NAME, restoring(place).await).await;
    running(place, "auth-restore").await;
    operator.quiet().await;
    eventually("Ready says what is waited for", async || {
        let said = place.condition(NAME, "Ready", "False", Some("Waiting")).await;
        said.contains("keys waits for look-auth: the backups may hold the keys").then_some(())
    })
    .await;
    assert_eq!(secrets(place).await, json!({}));
    assert!(place.get(Kind::Secret, "trattoria-seal").await.is_some());
    // What Pods said outlives the operator that would have read it.
    operator.kill().await;
    looks(place, |said| looked_with(&said, KEY, &lost)).await;
    let mark = place.world.plane.audit().mark();
    let operator = place.operator_as("operator-1", place.world.plane.client_config(), crate::wire::Wire::default());
    eventually("the moment is chosen", async || (status(place).await["restore"]["targetTime"] == TARGET).then_some(())).await;
    assert_eq!(secrets(place).await, lost);
    let writes = place.writes(&mark);
    let jobs = writes.iter().position(|write| write.resource == "jobs" && write.verb == "create");
    let keys = writes.iter().rposition(|write| write.resource == "secrets" && write.verb == "create");
    assert!(keys.is_some() && jobs.is_none_or(|jobs| keys < Some(jobs)), "{keys:?} {jobs:?}");
    restores(place).await;
    assert_eq!(secrets(place).await, lost);
    // Whoever deletes a Secret wants other keys.
    place.delete(Kind::Secret, "trattoria-jwt").await;
    eventually("other keys", async || {
        let now = secrets(place).await;
        (now["jwt"]["private.pem"].is_string() && now["jwt"] != lost["jwt"]).then_some(())
    })
    .await;
    assert_eq!(secrets(place).await["links"], lost["links"]);
    operator.stop().await;
}

/// A backup of an older version holds none, and that of a resource whose administrator has a Secret of their own holds no password. What exists
/// stays.
pub(crate) async fn keys_are_made_where_the_backups_hold_none(place: &Place) {
    // A resource before left these.
    let labels = json!({"app.kubernetes.io/managed-by": "restaurant-booking-operator", "app.kubernetes.io/instance": NAME});
    let left = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "trattoria-links", "labels": labels},
        "stringData": {"keys": "3".repeat(64)},
    });
    place.api(Kind::Secret).patch("trattoria-links", &PatchParams::apply("user"), &Patch::Apply(&left)).await.expect("a Secret");
    let operator = place.operator();
    place.apply(NAME, restoring(place).await).await;
    let mut held = lost();
    held.as_object_mut().expect("groups").remove("admin");
    looks(place, |said| looked_with(&said, KEY, &held)).await;
    restores(place).await;
    let now = secrets(place).await;
    assert_eq!(now["jwt"], held["jwt"]);
    assert_eq!(now["links"]["keys"], "3".repeat(64), "nothing is overwritten");
    assert!(now["admin"]["password"].is_string(), "{now}");
    operator.stop().await;
}

/// Keys that were sealed by another key are told, with what to do; nothing is restored, and no key is made meanwhile.
pub(crate) async fn keys_that_cannot_be_opened_are_told(place: &Place) {
    let operator = place.operator();
    let lost = lost();
    place.apply(NAME, restoring(place).await).await;
    looks(place, |said| looked_with(&said, "fedcba9876543210", &lost)).await;
    for condition in ["Restored", "Ready"] {
        let said = place.condition(NAME, condition, "False", Some("RestoreFailed")).await;
        for part in [
            "that the backup of auth holds cannot be opened: they were sealed by another key of encryption",
            "kubectl delete job trattoria-auth-look-",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // The message is for everybody who may read the resource.
        assert!(!said.contains("sealed-1."), "{said}");
    }
    operator.quiet().await;
    assert_eq!(secrets(place).await, json!({}));
    let look = jobs(place).await.into_iter().find(|name| name.contains("auth-look-")).expect("the Job");
    place.delete(Kind::Job, &look).await;
    let pod = running(place, "auth-restore").await;
    let said = looked("auth", 17, "2026-11-24T03:00:00Z", NEWEST[0].1);
    end(place, &pod, 0, &looked_with(&said, KEY, &lost)).await;
    restores(place).await;
    assert_eq!(secrets(place).await, lost);
    operator.stop().await;
}
