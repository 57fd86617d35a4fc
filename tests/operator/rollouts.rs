//! New versions and new settings: how many roll out at a time, what they wait for, and what runs meanwhile.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use operator::reconcile::kind::Kind;
use serde_json::json;

use crate::upgrade::{close, everywhere, jobs, open, spec};
use crate::wire::Wire;
use crate::world::{Operator, Place, eventually};

const NAME: &str = "trattoria";

/// A new default version of the operator is rolled out by as many restaurants at a time as allowed. The others serve, are maintained, and
/// report that they wait. A restaurant whose rollout fails keeps its place, even under a new leader, until it is paused or deleted.
pub(crate) async fn d11_a_new_default_version_rolls_out_a_few_at_a_time(place: &Place) {
    const NAMES: [&str; 3] = ["osteria", "taverna", "trattoria"];
    let start = |tag: &str| {
        let mut settings = place.settings("operator-0");
        settings.defaults.image_tag = tag.to_owned();
        settings.defaults.max_concurrent_rollouts = 1;
        let wire = Wire::default();
        Operator::start(wire.client(place.world.plane.client_config()), settings, wire)
    };
    let operator = start("1.0");
    let mut spec = spec(place, json!({})).await;
    spec.as_object_mut().expect("an object").remove("image");
    for name in NAMES {
        place.apply(name, spec.clone()).await;
    }
    for name in NAMES {
        place.ready(name).await;
    }
    operator.stop().await;

    close(place).await;
    let waiting = async || {
        let mut waiting = BTreeSet::new();
        for name in NAMES {
            let status = place.resources().get(name).await.expect("the resource").status.expect("a status");
            let of =
                |kind: &str| status.conditions.iter().find(|one| one.type_ == kind).map(|one| (one.status.clone(), one.reason.clone()));
            if of("Progressing") == Some(("True".to_owned(), "WaitsForRollout".to_owned())) {
                assert_eq!(of("Ready").map(|ready| ready.0).as_deref(), Some("True"), "{name} serves");
                assert_eq!(status.version.as_deref(), Some("1.0"), "{name}");
                waiting.insert(name);
            }
        }
        waiting
    };
    let operator = start("2.0");
    let two = eventually("two wait", async || Some(waiting().await).filter(|waiting| waiting.len() == 2)).await;
    let first = NAMES.into_iter().find(|name| !two.contains(name)).expect("one");
    place.condition(first, "MigrationsComplete", "False", Some("Waiting")).await;
    let others: Vec<_> = two.iter().copied().collect();
    place.delete(Kind::Service, &format!("{}-menu", others[0])).await;
    eventually("what waits is cared for", async || place.get(Kind::Service, &format!("{}-menu", others[0])).await).await;
    operator.quiet().await;
    let migrates =
        |jobs: BTreeSet<String>, name: &str| jobs.iter().filter(|job| job.starts_with(name) && job.contains("-migrate-")).count();
    let all = jobs(place).await;
    assert_eq!((migrates(all.clone(), others[0]), migrates(all.clone(), others[1])), (3, 3), "of the old version: {all:?}");
    operator.stop().await;

    let operator = start("2.0");
    operator.quiet().await;
    assert_eq!(waiting().await, two, "another leader goes on with the same");

    place.edit_resource(first, json!({"spec": {"paused": true}})).await;
    let one = eventually("the next has its turn", async || Some(waiting().await).filter(|waiting| waiting.len() == 1)).await;
    assert!(one.is_subset(&two));
    // One that is being deleted gives its place up, however long that takes.
    let second = two.difference(&one).next().expect("one");
    place.edit_resource(second, json!({"metadata": {"finalizers": ["example.com/hold"]}})).await;
    place.resources().delete(second, &DeleteParams::default()).await.expect("it is deleted");
    eventually("the last has its turn", async || waiting().await.is_empty().then_some(())).await;
    place.edit_resource(second, json!({"metadata": {"finalizers": []}})).await;
    open(place).await;
    place.edit_resource(first, json!({"spec": {"paused": null}})).await;
    for name in NAMES.into_iter().filter(|name| name != second) {
        eventually(&format!("{name} runs the new version"), async || {
            let status = place.resources().get(name).await.ok()?.status?;
            let settled = status.conditions.iter().any(|one| one.type_ == "Progressing" && one.reason == "Settled");
            (settled && status.version.as_deref() == Some("2.0")).then_some(())
        })
        .await;
    }
    operator.stop().await;
}

/// A migration whose Pod a drained node takes along has not failed, however often that is.
pub(crate) async fn d24_an_evicted_migration_is_run_again(place: &Place) {
    let operator = place.operator();
    // No node has the label, so that the Pod of the migration stays until it is evicted.
    place.apply(NAME, spec(place, json!({"menu": {"nodeSelector": {"example.com/nowhere": "yes"}}})).await).await;
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.name);
    let of = ListParams::default().labels("app.kubernetes.io/component=menu-migration");
    let mut evicted = BTreeSet::new();
    for _ in 0..2 {
        let name = eventually("the Pod of the migration", async || {
            let mut all = pods.list(&of).await.ok()?.items.into_iter().map(|pod| pod.name_any());
            all.find(|name| !evicted.contains(name))
        })
        .await;
        let condition =
            json!({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "the node is drained"});
        let status = Patch::Strategic(json!({"status": {"phase": "Failed", "conditions": [condition]}}));
        pods.patch_status(&name, &PatchParams::default(), &status).await.expect("it is evicted");
        evicted.insert(name);
    }
    let job = jobs(place).await.into_iter().find(|name| name.starts_with("trattoria-menu")).expect("a Job");
    eventually("it is run once more", async || {
        let job = place.get(Kind::Job, &job).await?;
        (job["status"]["active"] == 1 && job["status"]["failed"].as_i64().unwrap_or(0) == 0).then_some(())
    })
    .await;
    place.condition(NAME, "MigrationsComplete", "False", Some("Waiting")).await;
    operator.stop().await;
}

/// A Pod that restarts while a new version waits for its migration reads the settings of its own version. They stay as long as a ReplicaSet
/// uses them, for `kubectl rollout undo`, and no longer.
pub(crate) async fn d13_pods_read_the_settings_of_their_own_version(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    let old = place.settings_of("trattoria-menu").await;
    let content = place.get(Kind::ConfigMap, &old).await.expect("a ConfigMap")["data"].clone();
    let all = async || {
        let children = place.children().await.into_keys();
        children
            .filter(|(kind, name)| *kind == Kind::ConfigMap && name.starts_with("trattoria-menu-"))
            .map(|(_, name)| name)
            .collect::<Vec<_>>()
    };
    close(place).await;
    place.apply(NAME, spec(place, json!({"image": {"tag": "2.0"}, "menu": {"logLevel": "debug"}})).await).await;
    place.condition(NAME, "MigrationsComplete", "False", Some("Waiting")).await;
    eventually("the new settings are there beside the old", async || (all().await.len() == 2).then_some(())).await;
    assert_eq!(place.settings_of("trattoria-menu").await, old);
    assert_eq!(place.get(Kind::ConfigMap, &old).await.expect("a ConfigMap")["data"], content);

    open(place).await;
    place.ready(NAME).await;
    let new = place.settings_of("trattoria-menu").await;
    assert_ne!(new, old);
    assert_eq!(place.get(Kind::ConfigMap, &new).await.expect("a ConfigMap")["data"]["LOG_LEVEL"], "debug");
    operator.quiet().await;
    assert_eq!(all().await.len(), 2, "a ReplicaSet still uses the old ones");
    let sets = everywhere(place, "apps", "ReplicaSet", "replicasets");
    for set in sets.list(&ListParams::default()).await.expect("ReplicaSets") {
        if set.data["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"] == old.as_str() {
            sets.delete(&set.name_any(), &DeleteParams::background()).await.expect("the ReplicaSet");
        }
    }
    place.edit(Kind::Deployment, "trattoria-menu", json!({"metadata": {"labels": {"example.com/look": "again"}}})).await;
    eventually("the old settings are removed", async || (all().await == [new.clone()]).then_some(())).await;
    operator.stop().await;
}
