//! Hands fields of an object over: to an autoscaler, or from somebody who edited them back to the operator.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tracing::info;

use super::apply::Applier;
use super::build::MANAGER;
use super::failure::Failure;
use super::kind::Kind;
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
            "apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": {"name": name},
            "spec": {"replicas": live["spec"]["replicas"]},
        });
        self.patch(step, Kind::Deployment, name, "restaurant-booking-operator-handover", &handover).await?;
        Ok(())
    }

    /// Takes over the fields that others edited in the spec. Such an edit may exclude the operator's fields, for example a second port of
    /// the same name or a second source of a volume. The fields become the operator's own, so that the next apply, which does not have
    /// them, removes them. Returns whether there were such fields.
    pub(super) async fn take_over(&self, step: Step, kind: Kind, name: &str, live: &Value) -> Result<bool, Failure> {
        let mut entries = live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let Some(at) = entries.iter().position(|entry| entry["manager"] == MANAGER && entry["operation"] == "Apply") else {
            return Ok(false);
        };
        let mut ours = entries.remove(at);
        let mut taken = false;
        for entry in &mut entries {
            // The autoscaler writes replicas through a subresource. Fields that others apply are left too: they would be applied again.
            let by_hand = entry["operation"] == "Update" && entry["subresource"].is_null() && entry["apiVersion"] == ours["apiVersion"];
            let Some(Value::Object(fields)) = entry.get_mut("fieldsV1").filter(|_| by_hand) else { continue };
            let Some(Value::Object(mut spec)) = fields.remove("f:spec") else { continue };
            if let Some(replicas) = spec.remove("f:replicas") {
                fields.insert("f:spec".to_owned(), json!({"f:replicas": replicas}));
            }
            taken |= !spec.is_empty();
            merge(&mut ours["fieldsV1"]["f:spec"], Value::Object(spec));
        }
        entries.retain(|entry| entry["fieldsV1"].as_object().is_none_or(|fields| !fields.is_empty()));
        if !taken {
            return Ok(false);
        }
        entries.push(ours);
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]);
        let patch: Patch<()> = Patch::Json(serde_json::from_value(patch).expect("a JSON patch"));
        self.metrics.write(kind.plural(), "patch");
        info!(
            kind = kind.as_str(),
            name,
            namespace = self.owner.namespace,
            "removing fields that were edited by hand and conflict with the operator's"
        );
        match tokio::time::timeout(REQUEST, self.api(kind).patch(name, &PatchParams::default(), &patch)).await {
            Err(_) => Err(Failure::timeout(step, "patch", kind, name)),
            Ok(Err(error)) => Err(Failure::of_request(step, "patch", kind, name, &error)),
            Ok(Ok(_)) => Ok(true),
        }
    }
}

/// Merges one object into another.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
