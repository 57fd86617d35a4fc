//! Takes over fields that others edited by hand and that exclude the operator's own.

use kube::Error;
use serde_json::{Map, Value, json};
use tracing::info;

use super::apply::Applier;
use super::failure::Failure;
use super::handover::merge;
use super::kind::Kind;
use super::ownership::is_own;
use super::reason::{FORBIDDEN, OBJECT_REJECTED};
use super::step::Step;
use super::told::APPLIED;
use super::version::hash_of;

impl Applier<'_> {
    /// Applies a wanted object over the live one that differs.
    pub(super) async fn change(&self, step: Step, kind: Kind, name: &str, live: Value, wanted: &Value) -> Result<Value, Failure> {
        let live = self.own_by_apply(step, kind, name, live, wanted).await?;
        let mut wanted = wanted.clone();
        // Somebody may have replaced the object by one of their own since it was read: the uid is a precondition.
        wanted["metadata"]["uid"] = live["metadata"]["uid"].clone();
        let wanted = &wanted;
        let error = match self.apply(step, kind, name, wanted).await? {
            Ok(applied) => return Ok(applied),
            Err(error) => error,
        };
        let refused = Failure::of_request(step, "apply", kind, name, &error);
        // Controllers also write to objects of the other kinds, such as the volume of a claim. Those fields must stay.
        if refused.reason != OBJECT_REJECTED || kind.holds_data() || kind.is_optional() {
            return Err(refused);
        }
        // A takeover in vain makes two writes, and their events would begin the next one at once.
        let named = named(&error);
        let takeover = fingerprint_of(&live, wanted, &named);
        if self.children.is_in_vain(self.owner, kind, name, takeover) || !self.take_over(step, kind, name, &live, &named).await? {
            return Err(refused);
        }
        match self.apply(step, kind, name, wanted).await? {
            Ok(applied) => {
                info!(kind = kind.as_str(), name, namespace = self.owner.namespace, "removed fields that were edited by hand");
                Ok(applied)
            }
            Err(error) => {
                let failure = Failure::of_request(step, "apply", kind, name, &error);
                // Refused once more, the fault is the wanted object's own.
                if [OBJECT_REJECTED, FORBIDDEN].contains(&failure.reason) {
                    self.children.took_over_in_vain(self.owner, kind, name, takeover);
                }
                self.give_back(step, kind, name, &live).await?;
                Err(failure)
            }
        }
    }

    /// Takes over the fields that others edited in the spec. Such an edit may exclude the operator's fields, for example a second port of
    /// the same name or a second source of a volume. The fields become the operator's own, so that the next apply, which does not have
    /// them, removes them. Those near what the API server names are taken, or else all. Returns whether there were such fields.
    async fn take_over(&self, step: Step, kind: Kind, name: &str, live: &Value, named: &[Vec<String>]) -> Result<bool, Failure> {
        let entries = live["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
        let all = [Vec::new()];
        let Some(entries) = taken(entries, named).or_else(|| taken(entries, &all)) else { return Ok(false) };
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]);
        self.patch_fields(step, kind, name, patch).await.map(|_| true)
    }

    /// Gives fields back that did not help: they are others'.
    async fn give_back(&self, step: Step, kind: Kind, name: &str, before: &Value) -> Result<(), Failure> {
        let now = self.get(step, kind, name).await?;
        // An object that has replaced it has nothing to be given back.
        let Some(now) = now.filter(|now| now["metadata"]["uid"] == before["metadata"]["uid"]) else { return Ok(()) };
        let of = |object: &Value| object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let mut entries = of(&now);
        for entry in of(before) {
            let is_same =
                |other: &Value| ["manager", "operation", "apiVersion", "subresource"].iter().all(|field| other[field] == entry[field]);
            match entries.iter_mut().find(|other| is_same(other)) {
                Some(other) if is_own(&entry) => other["fieldsV1"] = entry["fieldsV1"].clone(),
                Some(other) => merge(&mut other["fieldsV1"], entry["fieldsV1"].clone()),
                None => entries.push(entry),
            }
        }
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": now["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]);
        self.patch_fields(step, kind, name, patch).await.map(drop)
    }
}

/// The fields that a refusal names, each without its last member and without the indexes of lists: the fault may be beside it.
fn named(error: &Error) -> Vec<Vec<String>> {
    let Error::Api(answer) = error else { return Vec::new() };
    let causes = answer.details.iter().flat_map(|details| &details.causes);
    causes.filter(|cause| !cause.field.is_empty()).map(|cause| parent(&cause.field)).collect()
}

fn parent(field: &str) -> Vec<String> {
    let mut depth = 0;
    let without_indexes: String = field
        .chars()
        .filter(|character| {
            depth += i32::from(*character == '[');
            let keep = depth == 0;
            depth -= i32::from(*character == ']');
            keep
        })
        .collect();
    let mut names: Vec<_> = without_indexes.split('.').map(str::to_owned).collect();
    names.pop();
    names
}

/// The fingerprint of a takeover: of the wanted object, of the fields that others have edited by hand, and of those that the refusal names.
fn fingerprint_of(live: &Value, wanted: &Value, named: &[Vec<String>]) -> u64 {
    let entries = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let mut edited: Vec<_> = entries.filter(|entry| is_by_hand(entry)).map(|entry| entry["fieldsV1"]["f:spec"].to_string()).collect();
    edited.sort_unstable();
    hash_of(&(wanted["metadata"]["annotations"][APPLIED].as_str(), edited, named))
}

/// Whether an entry is of an edit by hand. The autoscaler writes replicas through a subresource. Fields that others apply are none either:
/// they would be applied again.
fn is_by_hand(entry: &Value) -> bool {
    entry["operation"] == "Update" && entry["subresource"].is_null()
}

/// The entries of an object after the operator has taken the fields below some paths; `None` if there are no such fields.
fn taken(entries: &[Value], paths: &[Vec<String>]) -> Option<Vec<Value>> {
    let mut entries = entries.to_vec();
    let at = entries.iter().position(|entry| is_own(entry) && entry["operation"] == "Apply")?;
    let mut ours = entries.remove(at);
    let mut any = false;
    for entry in &mut entries {
        let by_hand = is_by_hand(entry) && entry["apiVersion"] == ours["apiVersion"];
        let Some(Value::Object(fields)) = entry.get_mut("fieldsV1").filter(|_| by_hand) else { continue };
        let Some(Value::Object(mut spec)) = fields.remove("f:spec") else { continue };
        let replicas = spec.remove("f:replicas");
        for path in paths {
            let below = match path.split_first() {
                None => &[][..],
                Some((root, below)) if root == "spec" => below,
                Some(_) => continue,
            };
            let part = below_path(&mut spec, below);
            any |= !part.is_empty();
            merge(&mut ours["fieldsV1"]["f:spec"], Value::Object(part));
        }
        spec.extend(replicas.map(|replicas| ("f:replicas".to_owned(), replicas)));
        if !spec.is_empty() {
            fields.insert("f:spec".to_owned(), Value::Object(spec));
        }
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_none_or(|fields| !fields.is_empty()));
    entries.push(ours);
    any.then_some(entries)
}

/// Removes the fields below a path, in all items of lists, and returns them.
fn below_path(fields: &mut Map<String, Value>, path: &[String]) -> Map<String, Value> {
    let Some((first, rest)) = path.split_first() else { return std::mem::take(fields) };
    let mut part = Map::new();
    let elements: Vec<String> = fields.keys().cloned().collect();
    for element in elements {
        let is_item = element.starts_with("k:") || element.starts_with("v:");
        if !is_item && element.strip_prefix("f:") != Some(first) {
            continue;
        }
        let rest = if is_item { path } else { rest };
        let Some(below) = fields.get_mut(&element).and_then(Value::as_object_mut) else { continue };
        // A value that has one owner as a whole.
        if (below.is_empty() && !is_item) || rest.is_empty() {
            part.extend(fields.remove(&element).map(|below| (element, below)));
            continue;
        }
        let taken = below_path(below, rest);
        let is_left = !below.is_empty();
        if !taken.is_empty() {
            part.insert(element.clone(), Value::Object(taken));
            if !is_left {
                fields.remove(&element);
            }
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d12_only_fields_near_what_a_refusal_names_are_taken() {
        assert_eq!(parent("spec.template.spec.containers[0].env[1].name"), ["spec", "template", "spec", "containers", "env"]);
        assert_eq!(parent("metadata.labels[app.kubernetes.io/name]"), ["metadata"]);
        assert_eq!(parent("spec"), [] as [&str; 0]);
        let container = "k:{\"name\":\"menu\"}";
        let theirs = json!({
            "f:replicas": {}, "f:ports": {"k:{\"port\":9001}": {".": {}, "f:port": {}}}, "f:selector": {},
            "f:template": {"f:containers": {container: {"f:env": {"k:{\"name\":\"A\"}": {"f:name": {}}}, "f:image": {}}}},
        });
        let entry = |manager: &str, operation: &str, spec: &Value| json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": {"f:spec": spec}});
        let entries = [entry("restaurant-booking-operator", "Apply", &json!({"f:ours": {}})), entry("kubectl-edit", "Update", &theirs)];
        let taken = |field: &str| {
            let taken = taken(&entries, &[parent(field)])?;
            Some((taken.last()?["fieldsV1"]["f:spec"].clone(), taken.first()?["fieldsV1"]["f:spec"].clone()))
        };
        assert_eq!(taken("spec.template.affinity.nodeAffinity.x"), None);
        assert_eq!(taken("metadata.labels.x"), None);
        let (ours, left) = taken("spec.ports[1].name").expect("it is near");
        assert_eq!(ours, json!({"f:ours": {}, "f:ports": theirs["f:ports"]}));
        assert_eq!(left, json!({"f:replicas": {}, "f:selector": {}, "f:template": theirs["f:template"]}));
        let (ours, left) = taken("spec.template.containers[0].env[0].value").expect("it is near");
        assert_eq!(ours["f:template"]["f:containers"][container], json!({"f:env": {"k:{\"name\":\"A\"}": {"f:name": {}}}}));
        assert_eq!(left["f:template"]["f:containers"][container], json!({"f:image": {}}));
        let (_, left) = taken("spec.anything").expect("all is near");
        assert_eq!(left, json!({"f:replicas": {}}), "an autoscaler's");
    }

    #[test]
    fn a_takeover_is_the_same_while_the_wanted_object_the_edited_fields_and_the_named_ones_are() {
        let entry =
            |manager: &str, operation: &str, spec: Value| json!({"manager": manager, "operation": operation, "fieldsV1": {"f:spec": spec}});
        let ours = entry("restaurant-booking-operator", "Apply", json!({"f:ours": {}}));
        let (port, image) = (entry("kubectl-edit", "Update", json!({"f:ports": {}})), entry("other", "Update", json!({"f:image": {}})));
        let live = |entries: &[&Value]| json!({"metadata": {"managedFields": entries}});
        let wanted = |hash: &str| json!({"metadata": {"annotations": {APPLIED: hash}}});
        let named = |field: &str| vec![parent(field)];
        let first = fingerprint_of(&live(&[&ours, &port, &image]), &wanted("a"), &named("spec.ports[1].name"));
        assert_eq!(
            first,
            fingerprint_of(&live(&[&image, &ours, &port]), &wanted("a"), &named("spec.ports[0].name")),
            "entries have no order"
        );
        for (other, what) in [
            (fingerprint_of(&live(&[&ours, &port, &image]), &wanted("b"), &named("spec.ports[1].name")), "another wanted object"),
            (fingerprint_of(&live(&[&ours, &port]), &wanted("a"), &named("spec.ports[1].name")), "fewer fields"),
            (fingerprint_of(&live(&[&ours, &port, &image]), &wanted("a"), &[]), "another refusal"),
        ] {
            assert_ne!(first, other, "{what}");
        }
    }
}
