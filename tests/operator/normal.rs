//! Objects without the additions of the API server and the controllers, which differ between equal objects.

use std::collections::BTreeMap;

use operator::reconcile::kind::Kind;
use serde_json::Value;

use crate::world::Place;

/// Objects by `Kind/name`.
pub(crate) type Objects = BTreeMap<String, Value>;

/// Every object of the operator in a place, as it is wanted.
pub(crate) async fn objects(place: &Place) -> Objects {
    place.children().await.into_iter().map(|((kind, name), object)| (format!("{}/{name}", kind.as_str()), stored(kind, object))).collect()
}

/// The same without values that are generated for each resource and without the namespace's name: equal wherever the same resource was
/// applied.
pub(crate) async fn objects_anywhere(place: &Place) -> Objects {
    let mut objects = without_hashes(objects(place).await);
    for (key, object) in &mut objects {
        if key.starts_with("Secret/") {
            object["data"] = keys(&object["data"]);
        }
        *object = without_place(object.take(), &place.name);
    }
    objects
}

/// The objects with names of ConfigMaps that do not depend on their content, which names the namespace.
fn without_hashes(objects: Objects) -> Objects {
    const HASH: usize = "-0123456789".len();
    let maps: Vec<_> = objects.keys().filter_map(|key| key.strip_prefix("ConfigMap/").map(str::to_owned)).collect();
    let without = |text: String| maps.iter().fold(text, |text, name| text.replace(name.as_str(), &name[..name.len() - HASH]));
    let renamed = objects.into_iter().map(|(key, object)| {
        let object = serde_json::from_str(&without(object.to_string())).expect("JSON");
        (without(key), object)
    });
    renamed.collect()
}

/// An object without the additions of the API server and the controllers.
pub(crate) fn stored(kind: Kind, mut object: Value) -> Value {
    object.as_object_mut().expect("an object").remove("status");
    // The items of a list do not have these.
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.as_str().into();
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    for added in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "namespace"] {
        metadata.remove(added);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| {
            !name.starts_with("pv.kubernetes.io/") && !name.starts_with("deployment.kubernetes.io/") && !name.contains("provisioner")
        });
        // The hash of the applied object. The object itself is compared.
        annotations.remove("restaurantbooking.dev/applied");
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    for owner in metadata.get_mut("ownerReferences").and_then(Value::as_array_mut).into_iter().flatten() {
        owner.as_object_mut().expect("an owner").remove("uid");
    }
    let spec = &mut object["spec"];
    let mut without = |members: &[&str]| {
        for member in members {
            spec.as_object_mut().expect("a spec").remove(*member);
        }
    };
    match kind {
        Kind::Service => without(&["clusterIP", "clusterIPs"]),
        Kind::PersistentVolumeClaim => {
            without(&["volumeName"]);
            object["metadata"].as_object_mut().expect("metadata").remove("finalizers");
        }
        Kind::KafkaTopic => drop(object["metadata"].as_object_mut().expect("metadata").remove("finalizers")),
        Kind::Job => {
            without(&["selector", "suspend"]);
            without_uids(&mut object["metadata"]["labels"]);
            without_uids(&mut object["spec"]["template"]["metadata"]["labels"]);
        }
        _ => {}
    }
    if object["spec"].is_null() {
        object.as_object_mut().expect("an object").remove("spec");
    }
    object
}

/// The labels by which a Job finds its Pods.
fn without_uids(labels: &mut Value) {
    if let Some(labels) = labels.as_object_mut() {
        labels.retain(|name, _| !name.ends_with("controller-uid") && !name.ends_with("job-name"));
    }
}

fn without_place(value: Value, namespace: &str) -> Value {
    match value {
        Value::String(text) => text.replace(namespace, "NAMESPACE").into(),
        Value::Array(items) => items.into_iter().map(|item| without_place(item, namespace)).collect(),
        Value::Object(members) => {
            let keep = |(name, value): (String, Value)| {
                let generated = name == "restaurantbooking.dev/checksum" || name == "CLUSTER_ID";
                let value = if generated { keys(&value) } else { without_place(value, namespace) };
                (name, value)
            };
            // The id depends on the namespace's name too.
            let is_cluster_id = members.get("name").is_some_and(|name| name == "CLUSTER_ID");
            members.into_iter().filter(|(name, _)| !(is_cluster_id && name == "value")).map(keep).collect()
        }
        value => value,
    }
}

/// The names of the members, without their values.
fn keys(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.keys().map(|name| Value::from(name.as_str())).collect(),
        _ => Value::Null,
    }
}

/// The differences, one in each line, for the message of a failed test.
pub(crate) fn differences(left: &Objects, right: &Objects) -> Vec<String> {
    let mut found = Vec::new();
    for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
        match (left.get(name), right.get(name)) {
            (Some(left), Some(right)) => compare(name, left, right, &mut found),
            (Some(_), None) => found.push(format!("{name}: only the first has it")),
            (None, _) => found.push(format!("{name}: only the second has it")),
        }
    }
    found
}

fn compare(path: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
                compare(&format!("{path}.{name}"), left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (at, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}[{at}]"), left, right, found);
            }
        }
        _ if left == right => {}
        _ => found.push(format!("{path}: {left} and {right}")),
    }
}
