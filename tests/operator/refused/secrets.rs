//! Secrets that do not exist or cannot be used, and specs that only the operator can check.

use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::world::{Place, eventually, within};

const URL: &str = "postgres://menu:secret@postgres.example.com:5432/menu";

fn spec(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

/// Existing databases and an existing broker.
fn external() -> Value {
    let database = |service: &str| json!({"urlSecretRef": {"name": format!("{service}-database"), "key": "url"}});
    spec(json!({
        "postgres": {"external": {"auth": database("auth"), "menu": database("menu"), "reservation": database("reservation")}},
        "kafka": {"external": {"bootstrapServers": ["kafka.example.com:9092"]}},
    }))
}

/// The message of a condition, once it satisfies a predicate.
async fn message(place: &Place, condition: &str, is: impl Fn(&str) -> bool) -> String {
    within(Duration::from_secs(20), &format!("{condition} tells of the change"), &mut async || {
        let status = place.resources().get("trattoria").await.ok()?.status?;
        let found = status.conditions.into_iter().find(|one| one.type_ == condition)?;
        is(&found.message).then_some(found.message)
    })
    .await
}

/// The condition names a Secret that does not exist, and the field that refers to it. The operator does not poll for the Secret: a watch
/// reports its creation, its deletion and its change.
pub(crate) async fn a_missing_secret_is_noticed_at_once(place: &Place) {
    let operator = place.operator();
    place.apply("trattoria", external()).await;
    let said = place.condition("trattoria", "PostgresReady", "False", Some("SecretNotFound")).await;
    for service in ["auth", "menu", "reservation"] {
        let expected = format!("spec.postgres.external.{service}.urlSecretRef: there is no Secret \"{service}-database\"");
        assert!(said.contains(&expected), "{said}");
    }
    assert!(place.condition("trattoria", "Ready", "False", Some("SecretNotFound")).await.contains("menu-database"));
    operator.quiet().await;
    let sent = operator.wire.sent();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(operator.wire.log()[sent..], [] as [String; 0], "somebody asks again and again");

    place.secret("auth-database", &[("url", URL)]).await;
    message(place, "PostgresReady", |message| !message.contains("auth-database")).await;
    operator.quiet().await;
    let asked = operator.wire.log().split_off(sent);
    assert!(asked.len() < 12, "{asked:#?}");
    place.secret("menu-database", &[("uri", URL)]).await;
    message(place, "PostgresReady", |message| message.contains("Secret \"menu-database\" has no key \"url\"; it has uri")).await;
    place.edit(Kind::Secret, "menu-database", json!({"stringData": {"url": "mysql://menu@example.com/menu"}})).await;
    message(place, "PostgresReady", |message| message.contains("must hold a URL such as postgres://user:password@host:5432/database"))
        .await;
    place.edit(Kind::Secret, "menu-database", json!({"stringData": {"url": URL}})).await;
    place.secret("reservation-database", &[("url", URL)]).await;
    place.ready("trattoria").await;

    let template = async || place.get(Kind::Deployment, "trattoria-menu").await.expect("a Deployment")["spec"]["template"].clone();
    let before = template().await;
    place.delete(Kind::Secret, "menu-database").await;
    place.condition("trattoria", "PostgresReady", "False", Some("SecretNotFound")).await;
    operator.quiet().await;
    assert_eq!(template().await, before, "what runs was touched");
    place.secret("menu-database", &[("url", URL)]).await;
    place.ready("trattoria").await;
    assert_eq!(template().await, before);
    operator.stop().await;
}

/// An unusable value is reported in a condition and an event, which name the field and a valid value. Nothing is created meanwhile. After
/// the correction the platform is created.
pub(crate) async fn what_cannot_be_used_is_named(place: &Place) {
    place.secret("login", &[("short", "short"), ("user", "me"), ("empty", "")]).await;
    let key = |key: &str| json!({"name": "login", "key": key});
    let sasl = |user: &str, password: &str| {
        let sasl = json!({"mechanism": "PLAIN", "usernameSecretRef": key(user), "passwordSecretRef": key(password)});
        spec(json!({"kafka": {"external": {"bootstrapServers": ["kafka:9092"], "sasl": sasl}}}))
    };
    let tls =
        spec(json!({"kafka": {"external": {"bootstrapServers": ["kafka:9092"], "tls": {"caSecretRef": {"name": "ca", "key": "ca.crt"}}}}}));
    let zone = |zone: &str| json!({"restaurant": {"name": "Trattoria", "timeZone": zone}});
    let operator = place.operator();
    for (name, spec, condition, reason, expected) in [
        ("zone", zone("Europe/Atlantis"), "Ready", "InvalidSpec", "spec.restaurant.timeZone is \"Europe/Atlantis\""),
        (
            "short",
            spec(json!({"admin": {"passwordSecretRef": key("short")}})),
            "AdminReady",
            "InvalidSecret",
            "the service would refuse this administrator",
        ),
        (
            "nobody",
            spec(json!({"admin": {"passwordSecretRef": {"name": "nobody", "key": "password"}}})),
            "AdminReady",
            "SecretNotFound",
            "spec.admin.passwordSecretRef: there is no Secret \"nobody\"",
        ),
        (
            "sasl",
            sasl("user", "password"),
            "KafkaReady",
            "SecretNotFound",
            "spec.kafka.external.sasl.passwordSecretRef: Secret \"login\" has no key",
        ),
        ("tls", tls, "KafkaReady", "SecretNotFound", "spec.kafka.external.tls.caSecretRef: there is no Secret \"ca\""),
    ] {
        place.apply(name, spec).await;
        for condition in [condition, "Ready"] {
            let said = place.condition(name, condition, "False", Some(reason)).await;
            assert!(said.contains(expected), "{name}: {condition}: {said}");
        }
        let events: Api<Event> = Api::namespaced(place.client.clone(), &place.name);
        let event = eventually(&format!("an event about {name}"), async || {
            let all = events.list(&ListParams::default()).await.ok()?;
            all.items.into_iter().find(|event| event.regarding.as_ref().and_then(|object| object.name.as_deref()) == Some(name))
        })
        .await;
        assert_eq!(event.reason.as_deref(), Some(reason), "{name}");
        assert!(event.note.as_deref().is_some_and(|note| note.contains(expected)), "{name}: {:?}", event.note);
    }
    operator.quiet().await;
    assert!(place.children().await.is_empty(), "something was made: {:?}", place.children().await.keys());
    place.apply("zone", zone("Europe/Rome")).await;
    place.ready("zone").await;
    operator.stop().await;
}
