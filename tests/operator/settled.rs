//! A settled resource causes no write, not even of an event or a status, and the fields of others stay.

use std::collections::BTreeSet;
use std::time::Duration;

use control_plane::Mark;
use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::simulated::Simulated;
use crate::wire::Wire;
use crate::world::{Operator, Place, eventually};

/// A spec with everything that needs no other operator, to cover as many unnecessary writes as possible.
fn full() -> Value {
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "auth": {"replicas": 1},
        "menu": {"resources": {"requests": {"cpu": "1000m"}, "limits": {"cpu": "2", "memory": "1.5Gi"}}},
        "reservation": {"autoscaling": {"minReplicas": 2, "maxReplicas": 6}},
        "ingress": {"host": "book.example.com", "className": "nginx"},
        "networkPolicy": {"clientNamespaceLabels": {"guests": "yes"}},
    })
}

/// A resource that is Ready, and an operator that is idle.
async fn settled(place: &Place, spec: Value) -> Operator {
    let operator = place.operator();
    place.apply("trattoria", spec).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    operator
}

#[track_caller]
fn nothing_was_written(place: &Place, mark: &Mark, when: &str) {
    let writes = place.writes(mark);
    assert!(writes.is_empty(), "{when}: {:#?}", writes.iter().map(|write| format!("{} {}", write.verb, write.uri)).collect::<Vec<_>>());
}

/// Waits until an operator that just started has read everything.
async fn looked(operator: &Operator) {
    eventually("a round of the new operator", async || (operator.rounds() > 0).then_some(())).await;
    operator.quiet().await;
}

/// Without events, the operator neither reads nor writes.
pub(crate) async fn nothing_is_asked_while_nothing_happens(place: &Place) {
    let operator = settled(place, full()).await;
    let (mark, sent) = (place.world.plane.audit().mark(), operator.wire.sent());
    tokio::time::sleep(Duration::from_secs(5)).await;
    nothing_was_written(place, &mark, "while nothing happened");
    assert_eq!(operator.wire.log()[sent..], [] as [String; 0], "requests while nothing happened");
    operator.stop().await;
}

/// No object is asked for on the way to Ready: a creation fails where somebody has the name, and watches and the answers to writes tell the
/// rest.
pub(crate) async fn nothing_is_asked_on_the_way_to_ready(place: &Place) {
    let one = json!({"replicas": 1});
    let spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "auth": one, "menu": one, "reservation": one});
    let operator = settled(place, spec).await;
    let log = operator.wire.log();
    // What the Pod said that applied the house is listed.
    let asked: Vec<_> = log.iter().filter(|request| request.starts_with("GET ") && !request.contains("/pods?")).collect();
    assert!(asked.is_empty(), "{asked:#?}");
    // The status is written now and then while it goes on, which depends on the machine.
    let written = log.iter().filter(|request| !request.contains("/status?")).count();
    let children = place.children().await.len();
    assert!(written <= children + 3, "{written} requests for {children} objects: {log:#?}");
    operator.stop().await;
}

/// A new process writes nothing, and asks for no single object: the lists of its watches prove that everything is as wanted.
pub(crate) async fn d10_nothing_is_written_or_asked_by_a_restart(place: &Place) {
    let _others = Simulated::start(place);
    let operator = settled(place, full()).await;
    // A change makes objects that are owned by an apply, beside those that are owned by their creation.
    let mut changed = full();
    changed["menu"]["logLevel"] = "debug".into();
    place.apply("trattoria", changed).await;
    let plain = json!({"restaurant": {"name": "Osteria", "timeZone": "Europe/Rome"}, "monitoring": {"labels": {"release": "prometheus"}}});
    place.apply("osteria", plain).await;
    let by_others = json!({
        "restaurant": {"name": "Grand Hotel", "timeZone": "Europe/Rome"}, "gateway": {"host": "b.example.com", "parentRef": {"name": "public"}},
        "postgres": {"cloudNativePG": {"storage": {"size": "1Gi"}}}, "kafka": {"strimzi": {"storage": {"size": "1Gi"}}},
    });
    place.apply("grand-hotel", by_others).await;
    for name in ["trattoria", "osteria", "grand-hotel"] {
        place.ready(name).await;
    }
    operator.quiet().await;
    let mark = place.world.plane.audit().mark();
    operator.stop().await;
    let operator = place.operator();
    looked(&operator).await;
    assert!(operator.rounds() >= 3, "{}", operator.rounds());
    nothing_was_written(place, &mark, "by a restart");
    let log = operator.wire.log();
    // The Secrets of CloudNativePG are not kept. Former settings are kept while a ReplicaSet names them, which lists tell.
    let is_single = |request: &&String| !request.contains("?&labelSelector=") && !request.contains("/secrets/grand-hotel-");
    let asked: Vec<_> = log.iter().filter(is_single).collect();
    assert!(asked.is_empty(), "{asked:#?}");
    let of_others = place.get(Kind::PrometheusRule, "osteria").await.is_some()
        && place.get(Kind::KafkaTopic, "grand-hotel-user-events").await.is_some();
    assert!(of_others, "objects of every product were proven");

    // What was edited while nobody looked is found by its metadata.
    operator.stop().await;
    place.edit(Kind::Service, "osteria-menu", json!({"spec": {"type": "NodePort"}})).await;
    place.edit(Kind::ConfigMap, &place.settings_of("osteria-menu").await, json!({"data": {"LOG_LEVEL": "trace"}})).await;
    place.delete(Kind::PodDisruptionBudget, "osteria-menu").await;
    let operator = place.operator();
    looked(&operator).await;
    let service = place.get(Kind::Service, "osteria-menu").await.expect("a Service");
    assert_eq!(service["spec"]["type"], "ClusterIP");
    let settings = place.get(Kind::ConfigMap, &place.settings_of("osteria-menu").await).await.expect("a ConfigMap");
    assert_ne!(settings["data"]["LOG_LEVEL"], "trace");
    assert!(place.get(Kind::PodDisruptionBudget, "osteria-menu").await.is_some());
    let log = operator.wire.log();
    let asked: Vec<_> = log.iter().filter(|request| request.starts_with("GET ")).filter(is_single).collect();
    assert_eq!(asked.len(), 2, "{asked:#?}");
    operator.stop().await;
}

/// Another replica takes over when the leader crashes, or stops in order, and writes nothing.
pub(crate) async fn nothing_is_written_by_a_change_of_leaders(place: &Place) {
    let first = settled(place, full()).await;
    let standby = |name: &str| place.operator_as(name, place.world.plane.client_config(), Wire::default());
    let second = standby("operator-1");
    let mark = place.world.plane.audit().mark();
    first.kill().await;
    eventually("a handover after a crash", async || (second.rounds() > 0).then_some(())).await;
    looked(&second).await;
    let third = standby("operator-2");
    // The replica must know the lease before it can take it.
    eventually("a standby", async || (!third.wire.requests().is_empty()).then_some(())).await;
    second.stop().await;
    eventually("a handover after a stop", async || (third.rounds() > 0).then_some(())).await;
    looked(&third).await;
    nothing_was_written(place, &mark, "by a change of leaders");
    third.stop().await;
}

/// Additions of others to the operator's objects cause a read and no write: they stay.
pub(crate) async fn what_others_add_stays(place: &Place) {
    let operator = settled(place, full()).await;
    let mark = place.world.plane.audit().mark();
    let rounds = operator.rounds();
    let children = place.children().await;
    let theirs = json!({"metadata": {"annotations": {"example.com/note": "theirs"}, "labels": {"example.com/cost-centre": "7"}}});
    for (kind, name) in children.keys() {
        place.edit(*kind, name, theirs.clone()).await;
    }
    let settings = json!({"data": {"EXAMPLE": "theirs"}});
    let name = place.settings_of("trattoria-menu").await;
    place.edit(Kind::ConfigMap, &name, settings.clone()).await;
    place.edit(Kind::Secret, "trattoria-admin", json!({"stringData": {"note": "theirs"}})).await;
    place.edit(Kind::ServiceAccount, "trattoria-menu", json!({"imagePullSecrets": [{"name": "theirs"}]})).await;
    operator.quiet().await;
    assert!(operator.rounds() > rounds, "nobody looked");
    nothing_was_written(place, &mark, "for what others added");
    for ((kind, name), now) in place.children().await {
        assert_eq!(now["metadata"]["annotations"]["example.com/note"], "theirs", "{} {name}", kind.as_str());
        assert_eq!(now["metadata"]["labels"]["example.com/cost-centre"], "7", "{} {name}", kind.as_str());
    }
    let config_map = place.get(Kind::ConfigMap, &name).await.expect("the ConfigMap");
    assert_eq!(config_map["data"]["EXAMPLE"], "theirs");
    operator.stop().await;
}

/// A sidecar that another field manager adds to a Deployment, with its volume and its variable in the operator's container, stays, even if
/// the operator's own fields in the Deployment change.
pub(crate) async fn an_injected_sidecar_stays(place: &Place) {
    let operator = settled(place, full()).await;
    let mark = place.world.plane.audit().mark();
    let sidecar = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "trattoria-menu"},
        "spec": {"template": {"metadata": {"annotations": {"sidecar.example.com/status": "injected"}}, "spec": {
            "containers": [
                {"name": "menu", "env": [{"name": "PROXY", "value": "on"}], "volumeMounts": [{"name": "certs", "mountPath": "/certs"}]},
                {
                    "name": "proxy", "image": "proxy:1", "ports": [{"name": "proxy", "containerPort": 15001, "protocol": "TCP"}],
                    "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                },
            ],
            "volumes": [{"name": "certs", "emptyDir": {}}],
        }}},
    });
    let params = PatchParams::apply("injector").force();
    place.api(Kind::Deployment).patch("trattoria-menu", &params, &Patch::Apply(&sidecar)).await.expect("a sidecar");
    let with_sidecar = async |place: &Place| {
        let template = place.get(Kind::Deployment, "trattoria-menu").await.expect("the Deployment")["spec"]["template"].clone();
        let of = |list: &Value, name: &str| list.as_array().and_then(|list| list.iter().find(|item| item["name"] == name).cloned());
        let ours = of(&template["spec"]["containers"], "menu").expect("our container");
        assert_eq!(of(&template["spec"]["containers"], "proxy").expect("the sidecar")["image"], "proxy:1");
        assert_eq!(of(&ours["env"], "PROXY").expect("the variable")["value"], "on");
        assert!(of(&template["spec"]["volumes"], "certs").is_some() && of(&ours["volumeMounts"], "certs").is_some(), "{template}");
        assert_eq!(template["metadata"]["annotations"]["sidecar.example.com/status"], "injected");
        ours
    };
    operator.quiet().await;
    place.ready("trattoria").await;
    with_sidecar(place).await;
    let mut writes = place.writes(&mark);
    // The Pods are replaced, and the status reports that.
    writes.retain(|write| !write.uri.contains("fieldManager=injector") && !matches!(&*write.resource, "restaurantbookings" | "events"));
    assert!(writes.is_empty(), "{writes:#?}");

    let mut spec = full();
    spec["menu"]["logLevel"] = "debug".into();
    spec["image"] = json!({"menu": {"tag": "2"}});
    place.apply("trattoria", spec).await;
    place.ready("trattoria").await;
    let image = with_sidecar(place).await["image"].as_str().map(str::to_owned).unwrap_or_default();
    assert!(image.ends_with(":2"), "{image}");
    operator.stop().await;
}

/// A value that the API server refuses, and that the user mends, costs nobody else a field: neither what `kubectl set env` wrote, nor what
/// `kubectl rollout restart` did.
pub(crate) async fn d12_fields_of_others_survive_a_refusal_that_is_mended(place: &Place) {
    let mut spec = full();
    let operator = settled(place, spec.clone()).await;
    let theirs = json!({"spec": {"template": {
        "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-30"}},
        "spec": {"containers": [{"name": "menu", "env": [{"name": "EXTRA", "value": "theirs"}]}]},
    }}});
    let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..Default::default() };
    place.api(Kind::Deployment).patch("trattoria-menu", &params, &Patch::Strategic(&theirs)).await.expect("it is changed");
    place.ready("trattoria").await;
    operator.quiet().await;
    let policy = refuse_three_replicas(place).await;
    spec["menu"]["replicas"] = json!(3);
    place.apply("trattoria", spec.clone()).await;
    place.condition("trattoria", "Ready", "False", Some("ObjectRejected")).await;
    let attempts =
        |mark: &Mark| place.writes(mark).into_iter().filter(|write| write.resource == "deployments" && write.subresource.is_empty());
    let mark = place.world.plane.audit().mark();
    eventually("there are more attempts", async || (attempts(&mark).filter(|attempt| attempt.code == 422).count() >= 3).then_some(()))
        .await;
    // Each write has an event, and an event begins the next attempt at once.
    let written: Vec<_> = attempts(&mark).filter(|attempt| attempt.code < 300).collect();
    assert!(written.is_empty(), "fields are taken and given back without end: {written:#?}");
    let entries = |object: &Value| {
        let of = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        of.iter().find(|entry| entry["manager"] == "kubectl-edit").map(|entry| entry["fieldsV1"]["f:spec"].to_string()).unwrap_or_default()
    };
    let refused = place.get(Kind::Deployment, "trattoria-menu").await.expect("the Deployment");
    assert!(entries(&refused).contains("EXTRA") && entries(&refused).contains("restartedAt"), "{refused}");
    spec["menu"]["replicas"] = json!(4);
    place.apply("trattoria", spec).await;
    eventually("the mended number is applied", async || (replicas(place, "trattoria-menu").await == 4).then_some(())).await;
    policy.remove().await;
    let template = place.get(Kind::Deployment, "trattoria-menu").await.expect("the Deployment")["spec"]["template"].clone();
    assert_eq!(template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"], "2026-11-30");
    assert!(template["spec"]["containers"][0]["env"].to_string().contains("theirs"), "{template}");
    operator.stop().await;
}

/// A policy of the cluster that refuses Deployments with three replicas in the namespace of a place.
struct ThreeRefused {
    policies: Api<ValidatingAdmissionPolicy>,
    bindings: Api<ValidatingAdmissionPolicyBinding>,
    name: String,
}

async fn refuse_three_replicas(place: &Place) -> ThreeRefused {
    let (policies, bindings) = (Api::all(place.client.clone()), Api::all(place.client.clone()));
    let name = place.name.clone();
    let policy = json!({
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
                "resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}],
            },
            "validations": [{"expression": "object.spec.replicas != 3"}],
        },
    });
    let binding = json!({"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}});
    policies.create(&PostParams::default(), &serde_json::from_value(policy).expect("a policy")).await.expect("it is created");
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).expect("a binding")).await.expect("it is created");
    let try_it = PatchParams { dry_run: true, ..Default::default() };
    eventually("the policy holds", async || {
        let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
        place.api(Kind::Deployment).patch("trattoria-menu", &try_it, &three).await.is_err().then_some(())
    })
    .await;
    ThreeRefused { policies, bindings, name }
}

impl ThreeRefused {
    async fn remove(self) {
        self.bindings.delete(&self.name, &DeleteParams::default()).await.expect("it is deleted");
        self.policies.delete(&self.name, &DeleteParams::default()).await.expect("it is deleted");
    }
}

async fn replicas(place: &Place, name: &str) -> i64 {
    place.get(Kind::Deployment, name).await.expect("the Deployment")["spec"]["replicas"].as_i64().expect("a number")
}

/// The uids of the Pods of a part of the platform.
async fn pods(place: &Place, component: &str) -> BTreeSet<String> {
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.name);
    let params = ListParams::default().labels(&format!("app.kubernetes.io/component={component}"));
    pods.list(&params).await.expect("Pods").iter().filter_map(|pod| pod.uid()).collect()
}

/// `kubectl scale`.
async fn scale(place: &Place, name: &str, replicas: i64) {
    let patch = json!({"spec": {"replicas": replicas}});
    let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..Default::default() };
    place.api(Kind::Deployment).patch_scale(name, &params, &Patch::Merge(&patch)).await.expect("it is scaled");
}

/// With an autoscaler, others own the number of Pods; without one, the operator does.
pub(crate) async fn replicas_are_the_autoscalers_where_there_is_one(place: &Place) {
    let operator = settled(place, full()).await;
    let mark = place.world.plane.audit().mark();
    scale(place, "trattoria-reservation", 5).await;
    eventually("the status tells of five Pods", async || {
        let status = place.resources().get("trattoria").await.ok()?.status?;
        (status.services?.reservation.ready == 5).then_some(())
    })
    .await;
    place.ready("trattoria").await;
    operator.quiet().await;
    assert_eq!(replicas(place, "trattoria-reservation").await, 5);
    let mut writes = place.writes(&mark);
    writes.retain(|write| !matches!(&*write.resource, "restaurantbookings" | "events"));
    assert!(writes.is_empty(), "{writes:#?}");

    scale(place, "trattoria-menu", 5).await;
    eventually("what was scaled by hand is put back", async || (replicas(place, "trattoria-menu").await == 2).then_some(())).await;
    place.ready("trattoria").await;
    operator.stop().await;
}

/// An autoscaler that is switched on keeps the present number of Pods, and never fewer. When it is switched off, the operator owns the
/// number again.
pub(crate) async fn an_autoscaler_takes_over_what_runs(place: &Place) {
    let spec = |menu: Value| json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "menu": menu});
    let operator = settled(place, spec(json!({"replicas": 4}))).await;
    let before = pods(place, "menu").await;
    assert_eq!(before.len(), 4);
    place.apply("trattoria", spec(json!({"autoscaling": {"minReplicas": 3, "maxReplicas": 8}}))).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    assert!(place.get(Kind::HorizontalPodAutoscaler, "trattoria-menu").await.is_some());
    assert_eq!(replicas(place, "trattoria-menu").await, 4);
    assert_eq!(pods(place, "menu").await, before, "there were fewer Pods in between, or they were replaced");
    let mark = place.world.plane.audit().mark();
    scale(place, "trattoria-menu", 6).await;
    eventually("six Pods", async || (place.resources().get("trattoria").await.ok()?.status?.services?.menu.ready == 6).then_some(())).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    assert_eq!(replicas(place, "trattoria-menu").await, 6);
    assert!(!place.writes(&mark).iter().any(|write| write.resource == "deployments"), "{:#?}", place.writes(&mark));
    place.apply("trattoria", spec(json!({"replicas": 3}))).await;
    place.ready("trattoria").await;
    assert_eq!(replicas(place, "trattoria-menu").await, 3);
    assert!(place.get(Kind::HorizontalPodAutoscaler, "trattoria-menu").await.is_none());
    operator.stop().await;
}
