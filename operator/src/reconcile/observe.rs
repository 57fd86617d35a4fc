//! The state of an existing object, which decides whether the next steps may proceed. Pure.

mod observed;

use serde_json::Value;

pub use observed::{Archive, Attempt, Observed, Runs, State, condition, is_current, time, version_of_image};

use super::backend::broker::strimzi;
use super::backend::database::cloud_native_pg;
use super::kind::Kind;
use super::names::{COMPONENT, HOUSE};
use super::reason::{
    BACKUP_FAILED, DEPLOYMENT_STALLED, HOUSE_FAILED, HOUSE_NOT_SUPPORTED, MIGRATION_FAILED, RESTORE_FAILED, ROUTE_NOT_ACCEPTED,
};
use crate::api::VolumeStatus;

/// Observes an object.
pub fn observe(kind: Kind, object: &Value) -> Observed {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Observed::waiting(format!("{} {name} is being deleted", kind.as_str()));
    }
    match kind {
        Kind::Deployment => deployment(name, object),
        Kind::StatefulSet => stateful_set(name, object),
        Kind::Job => job(name, object),
        Kind::CronJob => schedule(object),
        Kind::Cluster => cloud_native_pg::observe(name, object),
        Kind::ScheduledBackup | Kind::Backup | Kind::ObjectStore => cloud_native_pg::observe_backup(kind, object),
        Kind::Kafka | Kind::KafkaTopic => strimzi::observe(kind, name, object),
        Kind::PersistentVolumeClaim => claim(name, object),
        Kind::Ingress => ingress(name, object),
        Kind::HttpRoute => route(name, object),
        _ => Observed::done(),
    }
}

fn number(object: &Value, part: &str, field: &str) -> i32 {
    object[part][field].as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or(0)
}

/// Follows the rules of `kubectl rollout status`.
fn deployment(name: &str, object: &Value) -> Observed {
    let status = |field| number(object, "status", field);
    let wanted = object["spec"]["replicas"].as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or(1);
    let (updated, total, available) = (status("updatedReplicas"), status("replicas"), status("availableReplicas"));
    let stalled = condition(object, "Progressing").filter(|condition| condition["reason"] == "ProgressDeadlineExceeded");
    let state = if !is_current(object) {
        State::Waiting(format!("Deployment {name} is being rolled out"))
    } else if updated >= wanted && total <= updated && available >= updated {
        State::Done
    } else if stalled.is_some() {
        let message = format!(
            "Deployment {name}: {available} of {wanted} Pods are available, and no more became available in time; check its Pods: kubectl describe pods, \
             kubectl logs"
        );
        State::Failed { reason: DEPLOYMENT_STALLED, message }
    } else {
        State::Waiting(format!("Deployment {name}: {available} of {wanted} Pods are available, {updated} of the wanted version"))
    };
    let is_available = condition(object, "Available").is_some_and(|available| available["status"] == "True");
    Observed { state, replicas: Some((status("readyReplicas"), wanted)), is_available, ..Observed::done() }
}

fn stateful_set(name: &str, object: &Value) -> Observed {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let ready = i64::from(number(object, "status", "readyReplicas"));
    let status = &object["status"];
    // If all Pods have the newest template, the controller sets it as the current revision.
    let updated = status["updateRevision"] == status["currentRevision"] || i64::from(number(object, "status", "updatedReplicas")) >= wanted;
    if is_current(object) && updated && ready >= wanted {
        let image = object["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
        return Observed::done().of_version(image.and_then(version_of_image));
    }
    Observed::waiting(format!(
        "StatefulSet {name}: {ready} of {wanted} Pods are ready (if this lasts: kubectl describe pod {name}-0; kubectl logs {name}-0 \
         --all-containers)"
    ))
}

/// A claim that waits for its first Pod is as it should be, and so is one whose volume is still to grow: databases do not wait for that.
fn claim(name: &str, object: &Value) -> Observed {
    let amount = |of: &str, path: &str| object.pointer(&format!("/{of}/{path}storage")).and_then(Value::as_str).map(str::to_owned);
    let volume =
        VolumeStatus { name: name.to_owned(), requested: amount("spec", "resources/requests/"), capacity: amount("status", "capacity/") };
    Observed { volume: Some(Box::new(volume)), ..Observed::done() }
}

fn ingress(name: &str, object: &Value) -> Observed {
    if object.pointer("/status/loadBalancer/ingress/0").is_some() {
        return Observed::done();
    }
    let class =
        object["spec"]["ingressClassName"].as_str().map_or_else(|| "the default class".to_owned(), |class| format!("class {class}"));
    Observed::waiting(format!(
        "Ingress {name} has no address: no controller of {class} has reported one; see kubectl describe ingress {name}, and kubectl get ingressclasses"
    ))
}

/// A route of the Gateway API, by what the Gateway's controller reports of its newest generation
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus>).
fn route(name: &str, object: &Value) -> Observed {
    let parents = object["status"]["parents"].as_array().into_iter().flatten();
    let conditions = parents.flat_map(|parent| parent["conditions"].as_array().into_iter().flatten());
    let newest: Vec<_> = conditions
        .filter(|condition| condition["observedGeneration"].as_i64() >= object["metadata"]["generation"].as_i64())
        .filter(|condition| condition["type"] == "Accepted" || condition["type"] == "ResolvedRefs")
        .collect();
    if let Some(refused) = newest.iter().find(|condition| condition["status"] == "False") {
        let text = |field: &str| refused[field].as_str().unwrap_or_default();
        let message = format!("HTTPRoute {name} is not accepted: {}: {}", text("reason"), text("message"));
        return Observed { state: State::Failed { reason: ROUTE_NOT_ACCEPTED, message }, ..Observed::done() };
    }
    if newest.iter().any(|condition| condition["type"] == "Accepted" && condition["status"] == "True") {
        return Observed::done();
    }
    let gateway = object["spec"]["parentRefs"][0]["name"].as_str().unwrap_or_default();
    Observed::waiting(format!(
        "HTTPRoute {name} is not accepted yet: no controller of Gateway {gateway} has reported; see kubectl describe gateway {gateway}"
    ))
}

/// The Jobs of a schedule. Its controller tells when the last one that succeeded ended, and when the last one was due: one that was due later,
/// and does not run, has failed (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/>).
fn schedule(object: &Value) -> Observed {
    let status = &object["status"];
    let (due, succeeded) = (time(&status["lastScheduleTime"]), time(&status["lastSuccessfulTime"]));
    let is_active = status["active"].as_array().is_some_and(|active| !active.is_empty());
    let failed = due.filter(|due| !is_active && succeeded.is_none_or(|succeeded| *due > succeeded));
    let last = match (failed, succeeded) {
        (Some(at), _) => Some(Attempt { at, succeeded: false }),
        (None, at) => at.map(|at| Attempt { at, succeeded: true }),
    };
    Observed { runs: Some(Runs { last }), ..Observed::done() }
}

fn job(name: &str, object: &Value) -> Observed {
    let holds = |kind| condition(object, kind).filter(|condition| condition["status"] == "True");
    let component = object["metadata"]["labels"][COMPONENT].as_str().unwrap_or_default();
    let ended = |at: &Value, succeeded: bool| {
        let at = time(at).filter(|_| component.ends_with("-backup"))?;
        Some(Runs { last: Some(Attempt { at, succeeded }) })
    };
    if let Some(complete) = holds("Complete") {
        return Observed { runs: ended(&complete["lastTransitionTime"], true), ..Observed::done() };
    }
    if let Some(failed) = holds("Failed") {
        let why = failed["message"].as_str().unwrap_or("no message");
        let of_backups = match component.rsplit_once('-') {
            Some((_, "backup")) => Some(BACKUP_FAILED),
            Some((_, "restore" | "after")) => Some(RESTORE_FAILED),
            _ => None,
        };
        if let Some(reason) = of_backups {
            let state = State::Failed { reason, message: format!("Job {name} failed ({why})") };
            return Observed { state, runs: ended(&failed["lastTransitionTime"], false), ..Observed::done() };
        }
        if object["metadata"]["labels"][COMPONENT] == HOUSE {
            // The policy fails a Job whose program does not know the command.
            let reason = if failed["reason"] == "PodFailurePolicy" { HOUSE_NOT_SUPPORTED } else { HOUSE_FAILED };
            return Observed { state: State::Failed { reason, message: format!("Job {name} failed ({why})") }, ..Observed::done() };
        }
        let message = format!(
            "Job {name} failed ({why}); its log says why: kubectl logs job/{name}. The old version keeps serving. After you have fixed the cause, \
             delete the Job to have it run again"
        );
        return Observed { state: State::Failed { reason: MIGRATION_FAILED, message }, ..Observed::done() };
    }
    Observed::waiting(format!("Job {name} runs"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Otherwise a watch would not bring whole what is waited for here, and it would be read again and again.
    #[test]
    fn the_kinds_that_are_waited_for_are_those_that_watches_bring_whole() {
        let bare = json!({"metadata": {"name": "a"}});
        for kind in Kind::ALL {
            assert_eq!(observe(kind, &bare) != Observed::done(), kind.is_observed(), "{kind:?}");
        }
    }

    #[test]
    fn a_deployment_is_done_when_every_pod_is_of_the_wanted_version_and_available() {
        let deployment = |generation: i64, updated: i32, total: i32, available: i32| {
            json!({
                "metadata": {"name": "a", "generation": generation}, "spec": {"replicas": 2},
                "status": {
                    "observedGeneration": 2, "replicas": total, "updatedReplicas": updated, "readyReplicas": available,
                    "availableReplicas": available,
                },
            })
        };
        let state = |object: Value| observe(Kind::Deployment, &object).state;
        assert_eq!(state(deployment(2, 2, 2, 2)), State::Done);
        for waiting in [deployment(3, 2, 2, 2), deployment(2, 1, 3, 3), deployment(2, 2, 3, 3), deployment(2, 2, 2, 1)] {
            assert!(matches!(state(waiting.clone()), State::Waiting(_)), "{waiting}");
        }
        let mut stalled = deployment(2, 1, 3, 2);
        stalled["status"]["conditions"] = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
        assert!(matches!(state(stalled), State::Failed { reason: DEPLOYMENT_STALLED, .. }));
    }

    #[test]
    fn a_job_is_done_or_failed_when_it_says_so() {
        let job =
            |kind: &str| json!({"metadata": {"name": "a"}, "status": {"conditions": [{"type": kind, "status": "True", "message": "why"}]}});
        assert_eq!(observe(Kind::Job, &job("Complete")).state, State::Done);
        let State::Failed { message, .. } = observe(Kind::Job, &job("Failed")).state else { panic!("not failed") };
        assert!(message.contains("why"), "{message}");
        assert!(matches!(observe(Kind::Job, &job("FailureTarget")).state, State::Waiting(_)));
    }

    #[test]
    fn the_last_backup_of_a_schedule_is_one_that_succeeded_or_was_due_and_does_not_run() {
        let last = |status: Value| observe(Kind::CronJob, &json!({"metadata": {"name": "a"}, "status": status})).runs.expect("runs").last;
        let (four, done, five) = ("2026-11-30T03:00:00Z", "2026-11-30T03:02:10Z", "2026-12-01T03:00:00Z");
        let attempt = |at: &str, succeeded: bool| Some(Attempt { at: at.parse().expect("a time"), succeeded });
        let active = json!([{"name": "a-1"}]);
        assert_eq!(last(json!({})), None);
        assert_eq!(last(json!({"lastScheduleTime": four, "active": active})), None);
        assert_eq!(last(json!({"lastScheduleTime": four})), attempt(four, false));
        assert_eq!(last(json!({"lastScheduleTime": four, "lastSuccessfulTime": done})), attempt(done, true));
        assert_eq!(last(json!({"lastScheduleTime": five, "lastSuccessfulTime": done, "active": active})), attempt(done, true));
        assert_eq!(last(json!({"lastScheduleTime": five, "lastSuccessfulTime": done})), attempt(five, false));
    }

    #[test]
    fn d22_an_ingress_is_done_with_an_address_and_a_route_when_its_gateway_accepts_it() {
        let ingress = |status: Value| {
            observe(Kind::Ingress, &json!({"metadata": {"name": "a"}, "spec": {"ingressClassName": "nginx"}, "status": status})).state
        };
        assert_eq!(ingress(json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})), State::Done);
        assert!(matches!(ingress(json!({"loadBalancer": {}})), State::Waiting(message) if message.contains("class nginx")));
        let route = |kind: &str, status: &str, generation: i64| {
            let condition = json!({"type": kind, "status": status, "reason": "NotAllowedByListeners", "message": "why", "observedGeneration": generation});
            let object = json!({
                "metadata": {"name": "a", "generation": 2}, "spec": {"parentRefs": [{"name": "public"}]},
                "status": {"parents": [{"conditions": [condition]}]},
            });
            observe(Kind::HttpRoute, &object).state
        };
        assert_eq!(route("Accepted", "True", 2), State::Done);
        assert!(matches!(route("Accepted", "True", 1), State::Waiting(message) if message.contains("Gateway public")));
        for kind in ["Accepted", "ResolvedRefs"] {
            let State::Failed { reason, message } = route(kind, "False", 2) else { panic!("{kind}") };
            assert!(reason == ROUTE_NOT_ACCEPTED && message.contains("NotAllowedByListeners: why"), "{message}");
        }
    }

    #[test]
    fn d35_a_claim_tells_what_it_asks_for_and_what_its_volume_has() {
        let claim = |status: Value| {
            let spec = json!({"resources": {"requests": {"storage": "16Gi"}}});
            observe(Kind::PersistentVolumeClaim, &json!({"metadata": {"name": "a"}, "spec": spec, "status": status}))
                .volume
                .expect("a volume")
        };
        let volume = |capacity: Option<&str>| VolumeStatus {
            name: "a".to_owned(),
            requested: Some("16Gi".to_owned()),
            capacity: capacity.map(str::to_owned),
        };
        assert_eq!(*claim(json!({"capacity": {"storage": "8Gi"}})), volume(Some("8Gi")));
        assert_eq!(*claim(json!({"phase": "Pending"})), volume(None));
    }
}
