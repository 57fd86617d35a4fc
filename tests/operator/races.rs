//! What others do between a request of the operator and its answer.

use std::time::Duration;

use http::Method;
use operator::controller::Settings;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::wire::{Fate, Piece, Wire};
use crate::world::{Operator, Place, eventually, within};

const NAME: &str = "trattoria";

fn spec(host: &str) -> Value {
    let one = json!({"replicas": 1});
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "auth": one, "menu": one, "reservation": one, "ingress": {"host": host},
    })
}

async fn ready(place: &Place) -> Operator {
    let operator = place.operator_over(Wire::default());
    place.apply(NAME, spec("book.example.com")).await;
    place.ready(NAME).await;
    operator.quiet().await;
    operator
}

/// The answer to a change of an object is held. Meanwhile the watch tells of the change and of what somebody does next: the object is
/// deleted, or loses the operator's labels. It is as wanted again, soon after the answer.
pub(crate) async fn d08_what_goes_before_the_answer_to_a_write_comes_back(place: &Place) {
    let operator = ready(place).await;
    let hosts = ["one.example.com", "two.example.com"];
    for (host, is_deleted) in hosts.into_iter().zip([true, false]) {
        operator.wire.decide(|_, method, uri| if method == Method::PATCH && uri.contains("/ingresses/") { Fate::Hold } else { Fate::Pass });
        let before = place.get(Kind::Ingress, NAME).await.expect("an Ingress");
        place.apply(NAME, spec(host)).await;
        operator.wire.stuck().await;
        operator.wire.decide(|_, _, _| Fate::Pass);
        let changed = place.get(Kind::Ingress, NAME).await.expect("an Ingress");
        assert_ne!(changed["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"], "the write has arrived");
        if is_deleted {
            place.delete(Kind::Ingress, NAME).await;
        } else {
            place.edit(Kind::Ingress, NAME, json!({"metadata": {"labels": null}})).await;
        }
        // The watch has told of it by then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        operator.wire.release();
        let now = eventually("the Ingress is as wanted", async || {
            let now = place.get(Kind::Ingress, NAME).await?;
            let labelled = now["metadata"]["labels"]["app.kubernetes.io/instance"] == NAME;
            (labelled && now["spec"]["rules"][0]["host"] == host).then_some(now)
        })
        .await;
        assert_eq!(now["metadata"]["uid"] == changed["metadata"]["uid"], !is_deleted);
        place.ready(NAME).await;
        operator.quiet().await;
    }
    operator.stop().await;
}

/// A creation arrives after somebody has made an object of that name: it is not merged into, and the resource tells of it.
pub(crate) async fn d28_what_is_made_before_a_creation_arrives_is_not_taken_over(place: &Place) {
    let operator = place.operator_over(Wire::default());
    operator.wire.decide(|_, method, uri| if method == Method::POST && uri.contains("/serviceaccounts") { Fate::Wait } else { Fate::Pass });
    place.apply(NAME, spec("book.example.com")).await;
    operator.wire.stuck().await;
    let own = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "trattoria-menu", "labels": {"whose": "own"}}});
    let made = place.api(Kind::ServiceAccount).create(&Default::default(), &serde_json::from_value(own).expect("an object")).await;
    let made = made.expect("somebody's ServiceAccount");
    operator.wire.decide(|_, _, _| Fate::Pass);
    operator.wire.release();
    let said = place.condition(NAME, "Ready", "False", Some("NameConflict")).await;
    assert!(said.contains("ServiceAccount trattoria-menu") && said.contains("not this resource's"), "{said}");
    let now = place.get(Kind::ServiceAccount, "trattoria-menu").await.expect("it is there");
    assert_eq!(now["metadata"]["resourceVersion"].as_str(), made.metadata.resource_version.as_deref(), "it was written: {now}");
    place.delete(Kind::ServiceAccount, "trattoria-menu").await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// A change arrives after somebody has replaced the object by one of their own: it is not merged into that one either.
pub(crate) async fn d28_what_replaced_an_object_before_a_change_arrives_is_not_taken_over(place: &Place) {
    let operator = ready(place).await;
    operator.wire.decide(|_, method, uri| {
        if method == Method::PATCH && uri.contains("/ingresses/") && uri.contains("force=true") { Fate::Wait } else { Fate::Pass }
    });
    place.apply(NAME, spec("other.example.com")).await;
    operator.wire.stuck().await;
    place.delete(Kind::Ingress, NAME).await;
    let backend = json!({"defaultBackend": {"service": {"name": "own", "port": {"number": 80}}}});
    let own = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": NAME}, "spec": backend});
    let own = serde_json::from_value(own).expect("an object");
    let made = place.api(Kind::Ingress).create(&Default::default(), &own).await.expect("somebody's Ingress");
    operator.wire.decide(|_, _, _| Fate::Pass);
    operator.wire.release();
    place.condition(NAME, "Ready", "False", Some("NameConflict")).await;
    let now = place.get(Kind::Ingress, NAME).await.expect("it is there");
    assert_eq!(now["metadata"]["resourceVersion"].as_str(), made.metadata.resource_version.as_deref(), "it was written: {now}");
    place.delete(Kind::Ingress, NAME).await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// An object is owned as a whole after its creation. Fields that are no longer wanted are removed all the same, others' stay, and what is
/// left to an autoscaler stays as it is.
pub(crate) async fn d28_what_was_created_can_lose_fields(place: &Place) {
    let operator = place.operator_over(Wire::default());
    let with = |annotations: Value, menu: Value| {
        let mut spec = spec("book.example.com");
        spec["ingress"]["annotations"] = annotations;
        spec["menu"] = menu;
        spec
    };
    place.apply(NAME, with(json!({"example.com/a": "1", "example.com/b": "2"}), json!({"replicas": 3}))).await;
    place.ready(NAME).await;
    place.edit(Kind::Ingress, NAME, json!({"metadata": {"annotations": {"example.com/theirs": "3"}}})).await;
    let managers = |object: &Value| {
        let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let ours = entries.into_iter().filter(|entry| entry["manager"] == "restaurant-booking-operator");
        ours.map(|entry| entry["operation"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(managers(&place.get(Kind::Ingress, NAME).await.expect("an Ingress")), ["Update"], "it was created");
    let scaled = json!({"autoscaling": {"minReplicas": 2, "maxReplicas": 4}});
    place.apply(NAME, with(json!({"example.com/b": "2"}), scaled)).await;
    place.ready(NAME).await;
    operator.quiet().await;
    let ingress = place.get(Kind::Ingress, NAME).await.expect("an Ingress");
    let annotations = &ingress["metadata"]["annotations"];
    assert!(annotations["example.com/a"].is_null(), "{annotations}");
    assert_eq!((annotations["example.com/b"].as_str(), annotations["example.com/theirs"].as_str()), (Some("2"), Some("3")));
    assert_eq!(managers(&ingress), ["Apply"]);
    let menu = place.get(Kind::Deployment, "trattoria-menu").await.expect("a Deployment");
    assert_eq!(menu["spec"]["replicas"], 3, "the autoscaler's to change");
    operator.stop().await;
}

/// While nobody looks, a generated Secret loses the labels by which a watch reports it. It is taken up again with its value.
pub(crate) async fn d28_a_secret_that_lost_its_labels_keeps_its_value(place: &Place) {
    let operator = ready(place).await;
    operator.stop().await;
    let secrets = ["trattoria-admin", "trattoria-jwt", "trattoria-menu-postgres"];
    let mut before = Vec::new();
    for name in secrets {
        before.push(place.get(Kind::Secret, name).await.expect("a Secret")["data"].clone());
        place.edit(Kind::Secret, name, json!({"metadata": {"labels": null}})).await;
    }
    let operator = place.operator_over(Wire::default());
    for (name, before) in secrets.into_iter().zip(before) {
        let labelled = async || {
            let now = place.get(Kind::Secret, name).await?;
            (now["metadata"]["labels"]["app.kubernetes.io/instance"] == NAME).then_some(now)
        };
        let now = eventually(&format!("{name} has its labels"), labelled).await;
        assert_eq!(now["data"], before, "{name}");
    }
    place.ready(NAME).await;
    operator.quiet().await;
    for deployment in ["trattoria-auth", "trattoria-menu"] {
        let now = place.get(Kind::Deployment, deployment).await.expect("a Deployment");
        assert_eq!(now["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1", "{deployment} was rolled out again");
    }
    operator.stop().await;
}

/// A watch loses events, and goes on as if nothing had happened. What it did not tell is put right after its next list.
pub(crate) async fn d34_events_that_a_watch_lost_are_found_by_the_next_list(place: &Place) {
    let wire = Wire::default();
    let settings = Settings { relist: Duration::from_secs(15), ..place.settings("operator-0") };
    let operator = Operator::start(wire.client(place.world.plane.client_config()), settings, wire.clone());
    place.apply(NAME, spec("book.example.com")).await;
    place.ready(NAME).await;
    wire.judge(|uri| if uri.contains("/services?") || uri.contains("/serviceaccounts?") { Piece::Lost } else { Piece::Pass });
    place.delete(Kind::Service, "trattoria-menu").await;
    place.edit(Kind::ServiceAccount, "trattoria-menu", json!({"automountServiceAccountToken": true})).await;
    let other = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "other"}, "spec": {"ports": [{"port": 80}]}});
    tokio::time::sleep(Duration::from_secs(1)).await;
    wire.judge(|_| Piece::Pass);
    // The watch works, and is behind: it goes on after what it lost.
    place.api(Kind::Service).create(&Default::default(), &serde_json::from_value(other).expect("an object")).await.expect("a Service");
    within(Duration::from_secs(60), "what was lost is put right", &mut async || {
        let account = place.get(Kind::ServiceAccount, "trattoria-menu").await?;
        place.get(Kind::Service, "trattoria-menu").await?;
        (account["automountServiceAccountToken"] == false).then_some(())
    })
    .await;
    place.ready(NAME).await;
    operator.stop().await;
}
