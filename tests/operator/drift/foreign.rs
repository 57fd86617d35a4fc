//! Unwanted objects are pruned, and foreign ones are never changed.

use kube::api::{Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use super::{managed, settled};
use crate::world::{Place, eventually};

/// An object of the user's own.
async fn foreign(place: &Place, kind: Kind, name: &str, mut body: Value) -> Value {
    body["apiVersion"] = kind.api_version().into();
    body["kind"] = kind.as_str().into();
    body["metadata"]["name"] = name.into();
    let params = PatchParams::apply("user").force();
    let made = place
        .api(kind)
        .patch(name, &params, &Patch::Apply(&body))
        .await
        .unwrap_or_else(|error| panic!("{} {name}: {error}", kind.as_str()));
    serde_json::to_value(made).expect("JSON")
}

/// Features that are switched off are pruned one by one, and nothing else is. The user's own objects with copies of the operator's labels
/// stay.
pub(crate) async fn what_is_no_longer_wanted_goes(place: &Place) {
    let mut spec = managed();
    let operator = settled(place, spec.clone()).await;
    let labels = place.get(Kind::Ingress, "trattoria").await.expect("an Ingress")["metadata"]["labels"].clone();
    let copied = json!({"metadata": {"labels": labels}});
    let mut with_rules = copied.clone();
    with_rules["spec"] = json!({"defaultBackend": {"service": {"name": "own", "port": {"number": 80}}}});
    let own = vec![foreign(place, Kind::ConfigMap, "own", copied).await, foreign(place, Kind::Ingress, "own", with_rules).await];
    // What leads to the services is among their settings, and Pods of before may still read the former ones: each has some.
    let looked_at = async || {
        let mut children: Vec<_> = place.children().await.into_keys().collect();
        for (kind, name) in &mut children {
            let of = ["trattoria-auth", "trattoria-menu", "trattoria-reservation"].into_iter().find(|of| name.starts_with(of));
            if let (Kind::ConfigMap, Some(of)) = (*kind, of) {
                *name = of.to_owned();
            }
        }
        children.dedup();
        children
    };
    let mut kept = looked_at().await;
    for (switched_off, value, gone) in [
        ("ingress", Value::Null, &[(Kind::Ingress, "trattoria")][..]),
        ("monitoring", json!({"enabled": false}), &[(Kind::ServiceMonitor, "trattoria"), (Kind::PrometheusRule, "trattoria")]),
        (
            "podDisruptionBudget",
            json!({"enabled": false}),
            &[
                (Kind::PodDisruptionBudget, "trattoria-auth"),
                (Kind::PodDisruptionBudget, "trattoria-menu"),
                (Kind::PodDisruptionBudget, "trattoria-reservation"),
            ],
        ),
        ("reservation", Value::Null, &[(Kind::HorizontalPodAutoscaler, "trattoria-reservation")]),
        (
            "networkPolicy",
            json!({"enabled": false}),
            &[
                (Kind::NetworkPolicy, "trattoria-auth"),
                (Kind::NetworkPolicy, "trattoria-auth-backup"),
                (Kind::NetworkPolicy, "trattoria-auth-migration"),
                (Kind::NetworkPolicy, "trattoria-auth-postgres"),
                (Kind::NetworkPolicy, "trattoria-backup-watcher"),
                (Kind::NetworkPolicy, "trattoria-kafka"),
                (Kind::NetworkPolicy, "trattoria-menu"),
                (Kind::NetworkPolicy, "trattoria-menu-backup"),
                (Kind::NetworkPolicy, "trattoria-menu-migration"),
                (Kind::NetworkPolicy, "trattoria-menu-postgres"),
                (Kind::NetworkPolicy, "trattoria-reservation"),
                (Kind::NetworkPolicy, "trattoria-reservation-backup"),
                (Kind::NetworkPolicy, "trattoria-reservation-house"),
                (Kind::NetworkPolicy, "trattoria-reservation-migration"),
                (Kind::NetworkPolicy, "trattoria-reservation-postgres"),
            ],
        ),
    ] {
        match value {
            Value::Null => drop(spec.as_object_mut().expect("a spec").remove(switched_off)),
            value => spec[switched_off] = value,
        }
        place.apply("trattoria", spec.clone()).await;
        place.ready("trattoria").await;
        kept.retain(|(kind, name)| !gone.contains(&(*kind, name)));
        eventually(&format!("{switched_off} is switched off"), async || (looked_at().await == kept).then_some(())).await;
    }
    for own in own {
        let kind = if own["kind"] == "Ingress" { Kind::Ingress } else { Kind::ConfigMap };
        let now = place.get(kind, "own").await.expect("the user's own object stays");
        assert_eq!(now["metadata"]["resourceVersion"], own["metadata"]["resourceVersion"], "{own}");
    }
    operator.stop().await;
}

/// A foreign object with a wanted name is never adopted. The condition names it, and the operator continues by itself when the object is
/// gone.
pub(crate) async fn an_object_of_anothers_is_never_taken_over(place: &Place) {
    let pod = json!({"metadata": {"labels": {"app": "own"}}, "spec": {"containers": [{
        "name": "own", "image": "own:1", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    }], "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}}});
    let of_other =
        json!({"labels": {"app.kubernetes.io/managed-by": "restaurant-booking-operator", "app.kubernetes.io/instance": "osteria"}});
    let mut objects = Vec::new();
    // In the order of the steps and of their objects: a step reports the first of its objects.
    for (kind, name, condition, body) in [
        (Kind::Secret, "trattoria-admin", "Progressing", json!({"stringData": {"password": "somebody else's"}})),
        (Kind::ServiceAccount, "trattoria-menu", "Progressing", json!({"metadata": of_other})),
        (
            Kind::Deployment,
            "trattoria-reservation",
            "ServicesReady",
            json!({"spec": {"selector": {"matchLabels": {"app": "own"}}, "template": pod}}),
        ),
    ] {
        objects.push((kind, name, condition, foreign(place, kind, name, body).await));
    }
    let operator = place.operator();
    place.apply("trattoria", json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}})).await;
    for (kind, name, condition, made) in objects {
        let named = format!("{} {name}", kind.as_str());
        let message = eventually(&format!("it is told of {named}"), async || {
            let status = place.resources().get("trattoria").await.ok()?.status?;
            let ready = status.conditions.iter().find(|one| one.type_ == "Ready" && one.reason == "NameConflict")?;
            let of_step = status.conditions.iter().find(|one| one.type_ == condition)?;
            assert!(condition == "Progressing" || of_step.status == "False", "{of_step:?}");
            ready.message.contains(&named).then(|| ready.message.clone())
        })
        .await;
        assert!(message.contains("not this resource's"), "{message}");
        let now = place.get(kind, name).await.expect("it is there");
        let ours = now["metadata"]["managedFields"].to_string().contains("restaurant-booking-operator");
        assert!(!ours && now["metadata"]["uid"] == made["metadata"]["uid"], "{named} was written: {now}");
        assert_eq!((&now["data"], &now["metadata"]["labels"]), (&made["data"], &made["metadata"]["labels"]), "{named} was written");
        place.delete(kind, name).await;
    }
    place.ready("trattoria").await;
    let admin = place.get(Kind::Secret, "trattoria-admin").await.expect("a Secret");
    assert_ne!(admin["data"]["password"], "c29tZWJvZHkgZWxzZSdz", "somebody else's password");
    operator.stop().await;
}
