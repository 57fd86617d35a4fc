//! Pods of Jobs that run until their end is written by hand, and what they say then.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::world::{Place, eventually};

fn pods(place: &Place) -> Api<Pod> {
    Api::namespaced(place.client.clone(), &place.name)
}

/// The Pod of a component that runs.
pub(super) async fn running(place: &Place, component: &str) -> String {
    let of = ListParams::default().labels(&format!("app.kubernetes.io/component={component}"));
    eventually(&format!("a Pod of {component} runs"), async || {
        let found = pods(place).list(&of).await.ok()?.items.into_iter();
        let mut running = found.filter(|pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running"));
        running.find(|pod| pod.metadata.deletion_timestamp.is_none()).map(|pod| pod.name_any())
    })
    .await
}

/// Writes the end of a Pod: its exit code, and what it says.
pub(super) async fn end(place: &Place, pod: &str, code: i32, message: &str) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let found = pods(place).get(pod).await.expect("the Pod");
    let container = &found.spec.as_ref().expect("a spec").containers[0];
    let status = json!({"status": {
        "phase": if code == 0 { "Succeeded" } else { "Failed" },
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": now}],
        "containerStatuses": [{
            "name": container.name, "image": container.image, "imageID": "", "ready": false, "started": false, "restartCount": 0,
            "state": {"terminated": {
                "exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }, "message": message, "startedAt": now, "finishedAt": now,
            }},
        }],
    }});
    pods(place).patch_status(pod, &PatchParams::default(), &Patch::Merge(status)).await.expect("the Pod ends");
}

/// A Pod as the Job of a schedule makes it: of `menu-backup`, for example.
pub(super) async fn of_schedule(place: &Place, component: &str, which: &str) -> String {
    let schedule = place.get(Kind::CronJob, &format!("trattoria-{component}")).await.expect("a schedule");
    let mut pod = schedule["spec"]["jobTemplate"]["spec"]["template"].clone();
    let name = format!("trattoria-{component}-by-schedule-{which}");
    pod["metadata"]["name"] = name.as_str().into();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pods(place).create(&PostParams::default(), &serde_json::from_value(pod).expect("a Pod")).await.expect("a Pod");
    eventually(&format!("{name} runs"), async || {
        let pod = pods(place).get(&name).await.ok()?;
        (pod.status?.phase.as_deref() == Some("Running")).then_some(())
    })
    .await;
    // The times of statuses are in seconds, and the last one counts.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    name
}

/// The controller of a schedule tells of its Jobs.
pub(super) async fn controller_says(place: &Place, schedule: &str, status: Value) {
    let patch = Patch::Merge(json!({"status": status}));
    place.api(Kind::CronJob).patch_status(schedule, &PatchParams::default(), &patch).await.expect("its controller reports");
}

/// The watcher's Pod becomes ready or ends, and its Deployment tells.
pub(super) async fn watcher_says(place: &Place, ready: bool, message: &str) {
    let of = ListParams::default().labels("app.kubernetes.io/component=backup-watcher");
    let pod = eventually("the watcher's Pod", async || pods(place).list(&of).await.ok()?.items.pop()).await;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let container = &pod.spec.as_ref().expect("a spec").containers[0];
    let last: Value = if message.is_empty() {
        json!({})
    } else {
        json!({"terminated": {"exitCode": 75, "reason": "Error", "message": message, "startedAt": now, "finishedAt": now}})
    };
    let is = if ready { "True" } else { "False" };
    let conditions: Vec<_> =
        ["Initialized", "PodScheduled"].iter().map(|kind| (*kind, "True")).chain([("Ready", is), ("ContainersReady", is)]).collect();
    let conditions: Vec<_> =
        conditions.into_iter().map(|(kind, is)| json!({"type": kind, "status": is, "lastTransitionTime": now})).collect();
    let status = json!({"status": {
        "conditions": conditions,
        "containerStatuses": [{
            "name": container.name, "image": container.image, "imageID": "", "ready": ready, "started": true, "restartCount": 1,
            "state": {"running": {"startedAt": now}}, "lastState": last,
        }],
    }});
    pods(place).patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(status)).await.expect("the watcher's status");
}

/// A base backup was made.
pub(super) fn backed_up(service: &str, backup: &str, stop: &str) -> String {
    json!({
        "outcome": "done", "database": service, "backup": backup, "start": stop, "stop": stop, "oldest": "2026-11-24T03:01:00Z", "size": 1_048_576,
        "kept": 7,
    })
    .to_string()
}

/// The newest backup was restored and counted.
pub(super) fn verified(service: &str, backup: &str) -> String {
    json!({
        "outcome": "done", "database": service, "backup": backup, "newest": "2036-12-01T03:59:00Z", "rows": {"a": 800, "b": 12}, "seconds": 7,
    })
    .to_string()
}

/// The moments to which a database can be restored.
pub(super) fn looked(service: &str, major: u32, oldest: &str, newest: &str) -> String {
    json!({
        "outcome": "done", "database": service, "major": major, "oldest": oldest, "newest": newest, "backup": "20261130-030003F",
        "encrypted": false, "size": 1_048_576,
    })
    .to_string()
}

/// The same, with the keys that the newest backup holds, sealed by this key.
pub(super) fn looked_with(looked: &str, key: &str, keys: &Value) -> String {
    let keys = serde_json::from_value(keys.clone()).expect("texts in groups");
    let mut looked: Value = serde_json::from_str(looked).expect("a report");
    looked["keys"] = ::backup::sealed::seal(key, &keys).expect("sealed").into();
    looked.to_string()
}

/// A database was restored.
pub(super) fn restored(service: &str, target: &str) -> String {
    json!({
        "outcome": "done", "database": service, "source": "x", "target": target, "at": target, "backup": "20261130-030003F",
        "rows": {"a": 800, "b": 12}, "seconds": 7,
    })
    .to_string()
}

/// A command that failed for good.
pub(super) fn failed(reason: &str, message: &str) -> String {
    json!({"outcome": "failed", "reason": reason, "message": message, "retry": false}).to_string()
}
