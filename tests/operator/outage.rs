//! Running objects are maintained while a dependency is away.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use operator::controller::Settings;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::wire::Wire;
use crate::world::{Operator, Place, eventually};

const NAME: &str = "trattoria";

fn spec(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "image": {"tag": "1.0"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

fn quotas(place: &Place) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", "ResourceQuota"), "resourcequotas");
    Api::namespaced_with(place.client.clone(), &place.name, &resource)
}

/// Takes the Pods of some components away, and lets no new one in.
pub(crate) async fn take_away(place: &Place, components: &[&str]) {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "closed"}, "spec": {"hard": {"pods": "0"}}});
    quotas(place).create(&PostParams::default(), &serde_json::from_value(quota).expect("a quota")).await.expect("a quota");
    eventually("the quota is in force", async || {
        quotas(place).get("closed").await.ok()?.data["status"]["hard"]["pods"].is_string().then_some(())
    })
    .await;
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.name);
    for component in components {
        let of = ListParams::default().labels(&format!("app.kubernetes.io/component={component}"));
        for pod in pods.list(&of).await.expect("Pods") {
            pods.delete(pod.metadata.name.as_deref().expect("a name"), &DeleteParams::default().grace_period(0)).await.expect("it goes");
        }
    }
}

pub(crate) async fn give_back(place: &Place) {
    quotas(place).delete("closed", &DeleteParams::default()).await.expect("the quota");
}

fn image(deployment: &Value) -> &str {
    deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default()
}

/// The broker and a database are away: deleted objects of the services are created again, edited ones are restored, scaling works, and the
/// status still reports the services.
pub(crate) async fn d05_services_are_cared_for_while_a_dependency_is_away(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(json!({"menu": {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}}}))).await;
    place.ready(NAME).await;
    take_away(place, &["kafka", "menu-postgres"]).await;
    place.condition(NAME, "KafkaReady", "False", Some("Waiting")).await;
    place.condition(NAME, "PostgresReady", "False", Some("Waiting")).await;
    // A second operator starts without any state in memory.
    operator.stop().await;
    let operator = place.operator();

    for (kind, name) in [
        (Kind::Deployment, "trattoria-menu"),
        (Kind::HorizontalPodAutoscaler, "trattoria-menu"),
        (Kind::PodDisruptionBudget, "trattoria-menu"),
        (Kind::Service, "trattoria-menu"),
    ] {
        let before = place.get(kind, name).await.expect("it is there")["metadata"]["uid"].clone();
        place.delete(kind, name).await;
        eventually(&format!("{} {name} comes back", kind.as_str()), async || {
            let now = place.get(kind, name).await?;
            (now["metadata"]["uid"] != before && now["metadata"]["deletionTimestamp"].is_null()).then_some(())
        })
        .await;
    }
    let auth = async || place.get(Kind::Deployment, "trattoria-auth").await.expect("a Deployment");
    let wrong = json!({"spec": {"template": {"spec": {"containers": [{"name": "auth", "image": "registry.example.com/wrong:1"}]}}}});
    let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..Default::default() };
    place.api(Kind::Deployment).patch("trattoria-auth", &params, &Patch::Strategic(&wrong)).await.expect("it is edited");
    eventually("the image is put back", async || image(&auth().await).ends_with("/auth:1.0").then_some(())).await;
    place.apply(NAME, spec(json!({"auth": {"replicas": 3}, "menu": {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}}}))).await;
    eventually("auth is scaled", async || (auth().await["spec"]["replicas"] == 3).then_some(())).await;
    eventually("the status tells of the wanted Pods", async || {
        let status = place.resources().get(NAME).await.ok()?.status?;
        (status.services?.auth.desired == 3).then_some(())
    })
    .await;

    give_back(place).await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// A new version waits for its migration, which waits for the database. Until then the running version is maintained: everything except its
/// Pod template is as specified.
pub(crate) async fn d05_a_new_version_waits_and_the_old_one_is_cared_for(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(json!({}))).await;
    place.ready(NAME).await;
    take_away(place, &["menu-postgres"]).await;
    place.condition(NAME, "PostgresReady", "False", Some("Waiting")).await;
    place.apply(NAME, spec(json!({"image": {"tag": "2.0"}, "menu": {"replicas": 3}}))).await;
    let menu = async || place.get(Kind::Deployment, "trattoria-menu").await.expect("a Deployment");
    eventually("menu is scaled", async || (menu().await["spec"]["replicas"] == 3).then_some(())).await;
    assert!(image(&menu().await).ends_with("/menu:1.0"), "{}", image(&menu().await));
    let before = place.get(Kind::PodDisruptionBudget, "trattoria-menu").await.expect("a budget")["metadata"]["uid"].clone();
    place.delete(Kind::PodDisruptionBudget, "trattoria-menu").await;
    eventually("the budget comes back", async || {
        let now = place.get(Kind::PodDisruptionBudget, "trattoria-menu").await?;
        (now["metadata"]["uid"] != before).then_some(())
    })
    .await;
    assert!(image(&menu().await).ends_with("/menu:1.0"), "the old version still runs");
    give_back(place).await;
    place.ready(NAME).await;
    assert!(image(&menu().await).ends_with("/menu:2.0"));
    operator.stop().await;
}

/// Pods that use one broker do not move to another one before it has their topics; a new version of them is no reason to wait for the broker
/// that they use.
pub(crate) async fn pods_do_not_move_to_a_broker_that_is_away(place: &Place) {
    let address = place.world.kafka.as_ref().expect("a broker").address();
    let settings = Settings { kafka_address: None, ..place.settings("operator-0") };
    let wire = Wire::default();
    let operator = Operator::start(wire.client(place.world.plane.client_config()), settings, wire);
    let with = |servers: &str, tag: &str| {
        let kafka = json!({"external": {"bootstrapServers": [servers]}, "topics": {"prefix": format!("{}.", place.name)}});
        spec(json!({"kafka": kafka, "image": {"tag": tag}}))
    };
    place.apply(NAME, with(&address, "1.0")).await;
    place.ready(NAME).await;
    let before = place.settings_of("trattoria-menu").await;
    place.apply(NAME, with("127.0.0.1:9", "1.0")).await;
    place.condition(NAME, "KafkaReady", "False", Some("BrokerUnreachable")).await;
    place.condition(NAME, "Available", "True", None).await;
    operator.quiet().await;
    assert_eq!(place.settings_of("trattoria-menu").await, before);
    place.apply(NAME, with(&address, "2.0")).await;
    place.ready(NAME).await;
    assert_eq!(place.settings_of("trattoria-menu").await, before);
    operator.stop().await;
}

/// A refused object delays its own step only, and no other service or database.
pub(crate) async fn d33_one_refused_object_holds_up_no_other_service(place: &Place) {
    let foreign = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "trattoria-menu"}});
    let foreign = serde_json::from_value(foreign).expect("an object");
    place.api(Kind::ServiceAccount).create(&Default::default(), &foreign).await.expect("somebody's ServiceAccount");
    let operator = place.operator();
    place.apply(NAME, spec(json!({}))).await;
    let said = place.condition(NAME, "Ready", "False", Some("NameConflict")).await;
    assert!(said.contains("ServiceAccount trattoria-menu"), "{said}");
    for service in ["auth", "reservation"] {
        eventually(&format!("{service} runs"), async || {
            let deployment = place.get(Kind::Deployment, &format!("trattoria-{service}")).await?;
            (deployment["status"]["readyReplicas"] == 2).then_some(())
        })
        .await;
    }
    assert!(place.get(Kind::Deployment, "trattoria-menu").await.is_none());
    place.delete(Kind::ServiceAccount, "trattoria-menu").await;
    // Without a change the next attempt may be a minute away: nothing reports that another's object is gone.
    place.apply(NAME, spec(json!({"menu": {"logLevel": "debug"}}))).await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// An error in a part that the definition leaves open is reported with its field. The resource is read, and everything else of it is
/// maintained.
pub(crate) async fn d21_an_affinity_that_cannot_be_read_stops_no_other_service(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(json!({}))).await;
    place.ready(NAME).await;
    let wrong = json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": "nowhere"}}, "replicas": 3});
    place.apply(NAME, spec(json!({"menu": wrong, "auth": {"replicas": 3}}))).await;
    let said = place.condition(NAME, "ServicesReady", "False", Some("InvalidSpec")).await;
    assert!(said.contains("spec.menu.affinity cannot be read"), "{said}");
    for service in ["auth", "menu"] {
        eventually(&format!("{service} is scaled"), async || {
            let deployment = place.get(Kind::Deployment, &format!("trattoria-{service}")).await?;
            (deployment["spec"]["replicas"] == 3 && deployment["status"]["readyReplicas"] == 3).then_some(())
        })
        .await;
    }
    let settings = place.settings_of("trattoria-menu").await;
    place.delete(Kind::ConfigMap, &settings).await;
    eventually("the ConfigMap comes back", async || place.get(Kind::ConfigMap, &settings).await).await;
    place.apply(NAME, spec(json!({}))).await;
    place.ready(NAME).await;
    operator.stop().await;
}
