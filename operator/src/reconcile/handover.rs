//! Hands fields of an object over: to an autoscaler, or from its creation to the operator's applies.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::apply::Applier;
use super::build::MANAGER;
use super::failure::Failure;
use super::kind::Kind;
use super::ownership::is_own;
use super::step::Step;
use crate::timing::REQUEST;

impl Applier<'_> {
    /// Hands the number of Pods to an autoscaler. A field that the operator no longer applies would be reset to its default, one Pod.
    /// Another field manager that applies the present number keeps it until the autoscaler writes its own
    /// (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership>).
    pub(super) async fn leave_replicas(&self, step: Step, name: &str, live: &Value, wanted: &Value) -> Result<(), Failure> {
        let ours = live["metadata"]["managedFields"].as_array().into_iter().flatten().any(|entry| {
            entry["manager"] == MANAGER && entry["operation"] == "Apply" && entry["fieldsV1"]["f:spec"]["f:replicas"].is_object()
        });
        if !ours || !wanted["spec"]["replicas"].is_null() {
            return Ok(());
        }
        let handover = json!({
            "apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": {"name": name, "uid": live["metadata"]["uid"]},
            "spec": {"replicas": live["spec"]["replicas"]},
        });
        let handed = self.patch(step, Kind::Deployment, name, "restaurant-booking-operator-handover", &handover).await?;
        handed.map(drop).map_err(|error| Failure::of_request(step, "apply", Kind::Deployment, name, &error))
    }

    /// Turns the ownership that the operator has by a creation into that by an apply. Otherwise fields that are no longer wanted would stay,
    /// since they would still have an owner. Returns the object.
    pub(super) async fn own_by_apply(&self, step: Step, kind: Kind, name: &str, live: Value, wanted: &Value) -> Result<Value, Failure> {
        let entries = live["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of = |operation: &str| entries.iter().position(|entry| is_own(entry) && entry["operation"] == operation);
        let Some(created) = of("Update") else { return Ok(live) };
        let at = |index: usize, field: &str| format!("/metadata/managedFields/{index}/{field}");
        // The numbers of other entries may change meanwhile.
        let test = |index: usize| {
            ["manager", "operation", "apiVersion"]
                .map(|field| json!({"op": "test", "path": at(index, field), "value": entries[index][field]}))
        };
        let mut fields = entries[created]["fieldsV1"].clone();
        // The number of Pods is an autoscaler's, or the default: without an owner it stays.
        if wanted["spec"]["replicas"].is_null()
            && let Some(spec) = fields["f:spec"].as_object_mut()
        {
            spec.remove("f:replicas");
        }
        let mut patch = test(created).to_vec();
        if let Some(applied) = of("Apply") {
            patch.extend(test(applied));
            let mut all = entries[applied]["fieldsV1"].clone();
            merge(&mut all, fields);
            patch.push(json!({"op": "replace", "path": at(applied, "fieldsV1"), "value": all}));
            patch.push(json!({"op": "remove", "path": format!("/metadata/managedFields/{created}")}));
        } else {
            patch.push(json!({"op": "replace", "path": at(created, "fieldsV1"), "value": fields}));
            patch.push(json!({"op": "replace", "path": at(created, "operation"), "value": "Apply"}));
        }
        self.patch_fields(step, kind, name, patch.into()).await
    }

    /// Changes the managed fields of an object by a JSON patch.
    pub(super) async fn patch_fields(&self, step: Step, kind: Kind, name: &str, patch: Value) -> Result<Value, Failure> {
        let patch: Patch<()> = Patch::Json(serde_json::from_value(patch).expect("a JSON patch"));
        self.metrics.write(kind.plural(), "patch");
        match tokio::time::timeout(REQUEST, self.api(kind).patch(name, &PatchParams::default(), &patch)).await {
            Err(_) => Err(Failure::timeout(step, "patch", kind, name)),
            Ok(Err(error)) => Err(Failure::of_request(step, "patch", kind, name, &error)),
            Ok(Ok(patched)) => Ok(serde_json::to_value(patched).expect("an object is JSON")),
        }
    }
}

/// Merges one object into another.
pub(super) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
