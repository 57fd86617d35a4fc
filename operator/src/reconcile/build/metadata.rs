//! Names, labels and owners of objects.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;
use serde_json::Value;

use crate::reconcile::kind::Kind;
use crate::reconcile::names::COMPONENT;
use crate::reconcile::platform::Platform;
use crate::reconcile::step::Step;

use super::object::Object;

/// The operator's name: in `app.kubernetes.io/managed-by`, and as the field manager of its applies.
pub const MANAGER: &str = "restaurant-booking-operator";
/// The label with the manager of an object (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>).
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label with the name of the resource to which an object belongs.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
const NAME: &str = "app.kubernetes.io/name";
const PART_OF: &str = "app.kubernetes.io/part-of";
/// The label with the version of an object.
pub const VERSION: &str = "app.kubernetes.io/version";
/// The name of the application, in `app.kubernetes.io/name`.
const APPLICATION: &str = "restaurant-booking";
/// An annotation of Pod templates: a checksum of the mounted Secrets. A change of it replaces the Pods.
pub(crate) const CHECKSUM: &str = "restaurantbooking.dev/checksum";

/// Annotations of objects with data. An Argo CD Application that tracks by label and has the resource's name would take the objects for its
/// own, would not find them in Git, and would prune them (<https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/>).
const KEPT_BY_ARGO_CD: [(&str, &str); 2] =
    [("argocd.argoproj.io/compare-options", "IgnoreExtraneous"), ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false")];

/// A part of the platform, by its component label: `auth`, `menu-postgres`, `kafka`.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) component: String,
    pub(crate) version: Option<String>,
}

impl Platform {
    pub(crate) fn part(&self, component: impl Into<String>) -> Part<'_> {
        Part { platform: self, component: component.into(), version: None }
    }
}

impl Part<'_> {
    /// Adds `app.kubernetes.io/version`.
    pub(crate) fn version(mut self, version: &str) -> Self {
        // A digest is too long for a label, so that its first digits stand for it. A tag may be longer than a label, and may begin and end
        // with characters that a label may not.
        let label = version.strip_prefix("sha256:").map_or(version, |digest| &digest[..digest.len().min(12)]);
        let label: String = label.chars().take(63).collect();
        let label = label.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        self.version = (!label.is_empty()).then(|| label.to_owned());
        self
    }

    /// The labels that select the part's Pods. They never change.
    pub(crate) fn selector_labels(&self) -> BTreeMap<String, String> {
        [(NAME, APPLICATION), (INSTANCE, &self.platform.name), (COMPONENT, &self.component)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    pub(crate) fn selector(&self) -> LabelSelector {
        LabelSelector { match_labels: Some(self.selector_labels()), ..Default::default() }
    }

    /// The labels of the part's objects.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.selector_labels();
        labels.extend([(PART_OF, APPLICATION), (MANAGED_BY, MANAGER)].map(|(key, value)| (key.to_owned(), value.to_owned())));
        labels.extend(self.version.clone().map(|version| (VERSION.to_owned(), version)));
        labels
    }

    /// The metadata of an object of the part. The resource owns the object, unless it holds data: the garbage collector must never remove
    /// data.
    pub(crate) fn metadata(&self, kind: Kind, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.platform.namespace.clone()),
            labels: Some(self.labels()),
            owner_references: (!kind.holds_data()).then(|| vec![self.platform.owner.clone()]),
            ..Default::default()
        }
    }

    /// An object of the part. `body` is the object without `apiVersion`, `kind` and `metadata`: one of Kubernetes' own types (whose default
    /// metadata is replaced), or a JSON object with `spec`.
    pub(crate) fn object(&self, step: Step, kind: Kind, name: &str, body: &impl Serialize) -> Object {
        self.annotated(step, kind, name, BTreeMap::new(), body)
    }

    /// A Secret of the part.
    pub(crate) fn secret<const N: usize>(&self, step: Step, name: &str, data: [(&str, String); N]) -> Object {
        let data = data.into_iter().map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes()))).collect();
        let body = Secret { data: Some(data), type_: Some("Opaque".to_owned()), ..Default::default() };
        self.object(step, Kind::Secret, name, &body)
    }

    /// An object of the part, with annotations.
    pub(crate) fn annotated(
        &self,
        step: Step,
        kind: Kind,
        name: &str,
        mut annotations: BTreeMap<String, String>,
        body: &impl Serialize,
    ) -> Object {
        if kind.holds_data() {
            annotations.extend(KEPT_BY_ARGO_CD.map(|(key, value)| (key.to_owned(), value.to_owned())));
        }
        let mut metadata = self.metadata(kind, name);
        metadata.annotations = (!annotations.is_empty()).then_some(annotations);
        let mut body = serde_json::to_value(body).expect("an object is JSON");
        drop_nulls(&mut body);
        let members = body.as_object_mut().expect("an object is a JSON object");
        members.insert("apiVersion".to_owned(), kind.api_version().into());
        members.insert("kind".to_owned(), kind.as_str().into());
        members.insert("metadata".to_owned(), serde_json::to_value(metadata).expect("metadata is JSON"));
        // The status belongs to the object's controller.
        members.remove("status");
        Object { kind, name: name.to_owned(), step, body }
    }
}

/// Removes nulls. An applied null would demand the absence of a field that others may set.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    #[test]
    fn every_tag_and_digest_has_a_label() {
        let platform = platform("", &[]);
        let label = |version: &str| platform.part("auth").version(version).version;
        let long = format!("{}-{}", "a".repeat(62), "b".repeat(65));
        for (version, expected) in [
            ("1.2.3", Some("1.2.3")),
            ("_1.2_", Some("1.2")),
            ("__", None),
            (long.as_str(), Some(&long[..62])),
            ("sha256:0123456789abcdef", Some("0123456789ab")),
        ] {
            assert_eq!(label(version).as_deref(), expected, "{version}");
        }
    }
}
