//! Who owns which fields of an object, by `metadata.managedFields`
//! (<https://kubernetes.io/docs/reference/using-api/server-side-apply/>). Pure.
//!
//! An object is proven to be as wanted, without being read, by its metadata: an annotation tells which wanted object was written last, and
//! the API server takes each field that somebody else changes out of the operator's entry. The paths of the fields are kept as numbers.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Map, Value};

use super::build::MANAGER;
use super::differ::{ATOMS, MAPS, TELLING};
use super::kind::Kind;

/// Whether an entry is the operator's own, made by an apply or by the creation of the object.
pub fn is_own(entry: &Value) -> bool {
    entry["manager"] == MANAGER && entry["subresource"].as_str().is_none_or(str::is_empty)
}

/// Whether the operator created or applied an object, by its managed fields.
pub fn is_applied(object: &Value) -> bool {
    object["metadata"]["managedFields"].as_array().into_iter().flatten().any(is_own)
}

/// Objects, and items of lists, that have one owner as a whole.
const WHOLE: [&str; 6] = ["secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "ownerReferences", "imagePullSecrets"];

/// The fields of an object that the operator owns, and those of others, as numbers.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Fields(Box<[u32]>);

/// A path of fields, as a number: FNV-1a over its elements.
#[derive(Clone, Copy)]
struct Path(u64);

impl Path {
    const OURS: Self = Self(0xcbf2_9ce4_8422_2325);
    const OTHERS: Self = Self(0x9ae1_6a3b_2f90_404f);

    fn then(self, element: &str) -> Self {
        let bytes = element.bytes().chain([0]);
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    fn field(self, name: &str) -> Self {
        self.then("f:").then(name)
    }

    /// An item of a list, by its keys. `TCP` is the default of a protocol, and may be left out.
    fn item(self, keys: &Map<String, Value>) -> Self {
        let keys = keys.iter().filter(|(name, value)| !(*name == "protocol" && *value == "TCP"));
        keys.fold(self.then("k:"), |path, (name, value)| path.then(name).then(&value.to_string()))
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough for the few fields of one object")]
    fn number(self) -> u32 {
        (self.0 ^ (self.0 >> 32)) as u32
    }
}

impl Fields {
    /// The fields in the entries of an object.
    pub fn of(entries: &[ManagedFieldsEntry]) -> Self {
        let mut numbers = Vec::new();
        for entry in entries {
            let is_own = entry.manager.as_deref() == Some(MANAGER) && entry.subresource.as_deref().is_none_or(str::is_empty);
            let Some(Value::Object(fields)) = entry.fields_v1.as_ref().map(|fields| &fields.0) else { continue };
            // The status is its controller's. What others add to the metadata, such as the annotations of controllers, leaves ours as it is.
            let matters = |element: &str| element != "f:status" && (is_own || element != "f:metadata");
            for (element, below) in fields.iter().filter(|(element, _)| matters(element)) {
                let root = if is_own { Path::OURS } else { Path::OTHERS };
                collect(root, element, below, is_own, &mut numbers);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Self(numbers.into())
    }

    fn has(&self, path: Path) -> bool {
        self.0.binary_search(&path.number()).is_ok()
    }

    /// Whether every field of a wanted object is the operator's: nobody has changed one since the operator wrote the object.
    pub fn cover(&self, kind: Kind, wanted: &Value) -> bool {
        let compared = Compared { fields: self, is_optional: kind.is_optional() };
        compared.object(wanted)
    }
}

/// A comparison of the fields with a wanted object.
struct Compared<'a> {
    fields: &'a Fields,
    /// Whether the kind is of another product.
    is_optional: bool,
}

impl Compared<'_> {
    fn has(&self, path: Path) -> bool {
        self.fields.has(path)
    }

    fn object(&self, wanted: &Value) -> bool {
        let Value::Object(members) = wanted else { return false };
        let (ours, others) = (Path::OURS, Path::OTHERS);
        members.iter().filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind")).all(|(name, value)| {
            let Value::Object(inner) = value else { return self.covers(ours.field(name), others.field(name), name, value) };
            if name != "metadata" {
                return self.covers(ours.field(name), others.field(name), name, value);
            }
            // The name and the namespace belong to nobody.
            let inner = inner.iter().filter(|(name, _)| !matches!(name.as_str(), "name" | "namespace"));
            let (ours, others) = (ours.field("metadata"), others.field("metadata"));
            inner.into_iter().all(|(name, value)| self.covers(ours.field(name), others.field(name), name, value))
        })
    }

    fn covers(&self, ours: Path, others: Path, name: &str, wanted: &Value) -> bool {
        // An entry does not tell a value that is owned as a whole from one of which nothing is owned any more but that it is there.
        let is_whole = || self.has(ours) && (WHOLE.contains(&name) || ATOMS.contains(&name));
        match wanted {
            Value::Object(members) if members.is_empty() => self.is_empty(ours, others, name),
            Value::Array(items) if items.is_empty() => self.is_empty(ours, others, name),
            Value::Object(members) => {
                is_whole() || members.iter().all(|(name, value)| self.covers(ours.field(name), others.field(name), name, value))
            }
            Value::Array(items) => {
                // Those of a ServiceAccount have one owner, those of a Pod one each. Lists of other products mostly have one.
                let has_parts = name == "groups" || (MAPS.contains(&name) && name != "imagePullSecrets" && !self.is_optional);
                // Alerts are wanted as a whole, whoever may add a group.
                let is_open = name != "groups" || !self.has(others);
                (self.has(ours) && !has_parts) || (is_open && items.iter().all(|item| self.covers_item(ours, others, name, item)))
            }
            _ => self.has(ours),
        }
    }

    /// The API server drops empty values, but a few have a meaning.
    fn is_empty(&self, ours: Path, others: Path, name: &str) -> bool {
        self.has(ours) || (!TELLING.contains(&name) && !self.has(others))
    }

    fn covers_item(&self, ours: Path, others: Path, list: &str, item: &Value) -> bool {
        let Value::Object(members) = item else { return false };
        let names: &[&str] = match list {
            "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" | "groups" => &["name"],
            "volumeMounts" => &["mountPath"],
            "ownerReferences" => &["uid"],
            "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
            "ports" if members.contains_key("containerPort") => &["containerPort", "protocol"],
            "ports" => &["port", "protocol"],
            _ => return false,
        };
        let keys = names.iter().filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone()))).collect();
        let (ours, others) = (ours.item(&keys), others.item(&keys));
        if WHOLE.contains(&list) {
            return self.has(ours);
        }
        members.iter().all(|(name, value)| self.covers(ours.field(name), others.field(name), name, value))
    }
}

/// Collects the paths below an element: of the operator's fields those that have nothing below, of others' fields all.
fn collect(path: Path, element: &str, below: &Value, is_own: bool, numbers: &mut Vec<u32>) {
    let path = match element.split_once(':') {
        Some(("f", name)) => path.field(name),
        Some(("k", keys)) => match serde_json::from_str(keys) {
            Ok(keys) => path.item(&keys),
            Err(_) => return,
        },
        // An item of a set, by its value.
        Some(_) => path.then(element),
        // That the value itself is there.
        None => return,
    };
    let inner = below.as_object().into_iter().flatten().filter(|(element, _)| *element != ".");
    let mut is_leaf = true;
    for (element, below) in inner {
        is_leaf = false;
        collect(path, element, below, is_own, numbers);
    }
    if is_leaf || !is_own {
        numbers.push(path.number());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(ours: Value, others: Value) -> Fields {
        let entry = |manager: &str, subresource: &str, fields: Value| json!({"manager": manager, "operation": "Update", "subresource": subresource, "fieldsV1": fields});
        let entries =
            json!([entry(MANAGER, "", ours), entry("kubectl-edit", "", others), entry("kubelet", "status", json!({"f:status": {}}))]);
        Fields::of(&serde_json::from_value::<Vec<ManagedFieldsEntry>>(entries).expect("entries"))
    }

    fn wanted() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "b", "labels": {"x": "y"}, "ownerReferences": [{"uid": "1", "kind": "K"}]},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "paused": false, "none": {}, "template": {"spec": {"containers": [
                {"name": "auth", "image": "i", "args": ["serve"], "resources": {"limits": {"memory": "1"}},
                 "ports": [{"containerPort": 1}], "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
            ]}}},
        })
    }

    fn owned() -> Value {
        json!({
            "f:metadata": {
                "f:annotations": {"f:a": {}}, "f:labels": {".": {}, "f:x": {}}, "f:ownerReferences": {".": {}, "k:{\"uid\":\"1\"}": {}},
            },
            "f:spec": {"f:selector": {}, "f:paused": {}, "f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"auth\"}": {
                    ".": {}, "f:name": {}, "f:image": {}, "f:args": {}, "f:imagePullPolicy": {},
                    "f:resources": {".": {}, "f:limits": {".": {}, "f:memory": {}}},
                    "f:ports": {".": {}, "k:{\"containerPort\":1,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}}},
                    "f:env": {".": {}, "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:valueFrom": {".": {}, "f:secretKeyRef": {}}}},
                },
            }}}},
        })
    }

    #[test]
    fn d10_an_object_is_proven_while_all_of_its_fields_are_ours() {
        assert!(fields(owned(), json!({})).cover(Kind::Deployment, &wanted()));
        let theirs = json!({"f:metadata": {"f:annotations": {"f:note": {}}}, "f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"sidecar\"}": {".": {}, "f:name": {}}}}}}});
        assert!(fields(owned(), theirs).cover(Kind::Deployment, &wanted()), "what others add");
    }

    #[test]
    fn d10_whatever_is_taken_out_of_our_entry_is_no_proof() {
        const CONTAINER: &str = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"auth\"}";
        let container = |path: &str| format!("{CONTAINER}{path}");
        for (parent, field) in [
            ("/f:metadata/f:labels".to_owned(), "f:x"),
            ("/f:metadata/f:ownerReferences".to_owned(), "k:{\"uid\":\"1\"}"),
            ("/f:spec".to_owned(), "f:selector"),
            ("/f:spec".to_owned(), "f:paused"),
            (container(""), "f:image"),
            (container(""), "f:args"),
            (container("/f:ports"), "k:{\"containerPort\":1,\"protocol\":\"TCP\"}"),
            (container("/f:env"), "k:{\"name\":\"A\"}"),
            (container("/f:env/k:{\"name\":\"A\"}/f:valueFrom"), "f:secretKeyRef"),
        ] {
            let mut ours = owned();
            let removed = ours.pointer_mut(&parent).and_then(Value::as_object_mut).and_then(|fields| fields.remove(field));
            assert!(removed.is_some(), "{parent} {field}");
            assert!(!fields(ours, json!({})).cover(Kind::Deployment, &wanted()), "{parent} {field}");
        }
    }

    #[test]
    fn d10_a_map_of_which_others_changed_every_member_is_no_proof() {
        let limits = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"auth\"}/f:resources/f:limits";
        let mut ours = owned();
        *ours.pointer_mut(limits).expect("limits") = json!({});
        let theirs = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"auth\"}": {"f:resources": {"f:limits": {"f:memory": {}}}}}}}}});
        assert!(!fields(ours, theirs).cover(Kind::Deployment, &wanted()));
    }

    #[test]
    fn d10_a_list_that_others_emptied_is_no_proof() {
        // Lists stay where they are in objects of other products, also when they are empty.
        let wanted = json!({"spec": {"groups": [{"name": "a", "rules": [{"alert": "x"}]}], "hostnames": ["a"]}});
        let owned = |groups: Value| json!({"f:spec": {"f:groups": groups, "f:hostnames": {}}});
        let proven = |groups: Value, others: Value| fields(owned(groups), others).cover(Kind::PrometheusRule, &wanted);
        let whole = json!({".": {}, "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:rules": {}}});
        assert!(proven(whole.clone(), json!({})));
        assert!(!proven(json!({}), json!({})));
        assert!(!proven(whole, json!({"f:spec": {"f:groups": {"k:{\"name\":\"theirs\"}": {"f:name": {}}}}})));
    }

    #[test]
    fn d10_what_was_left_empty_is_no_proof_once_others_filled_it() {
        assert!(!fields(owned(), json!({"f:spec": {"f:none": {"f:any": {}}}})).cover(Kind::Deployment, &wanted()));
        let mut wanted = wanted();
        wanted["spec"]["emptyDir"] = json!({});
        assert!(!fields(owned(), json!({})).cover(Kind::Deployment, &wanted), "it has a meaning");
    }
}
