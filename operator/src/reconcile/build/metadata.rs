//! Names, labels and owners of objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;
use serde_json::Value;

use crate::reconcile::kind::Kind;
use crate::reconcile::platform::Platform;
use crate::reconcile::step::Step;

use super::Object;

/// Who we are: in `app.kubernetes.io/managed-by`, and as the field manager of what we apply.
pub const MANAGER: &str = "restaurant-booking-operator";
/// The label that says who made an object (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>).
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label that says of which resource an object is a part.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// The label that says which part of it.
pub(super) const COMPONENT: &str = "app.kubernetes.io/component";
const NAME: &str = "app.kubernetes.io/name";
const PART_OF: &str = "app.kubernetes.io/part-of";
/// The label that says which version an object is of.
pub const VERSION: &str = "app.kubernetes.io/version";
/// The name of the application, in `app.kubernetes.io/name`.
const APPLICATION: &str = "restaurant-booking";
/// On a Pod template: what the mounted Secrets are, so that Pods are replaced when they change.
pub(super) const CHECKSUM: &str = "restaurantbooking.dev/checksum";

/// On objects with data. An Argo CD Application that tracks by label, and is named as the resource, would take them for its own that are not
/// in Git, and prune them (<https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/>).
const KEPT_BY_ARGO_CD: [(&str, &str); 2] =
    [("argocd.argoproj.io/compare-options", "IgnoreExtraneous"), ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false")];

/// A part of the platform, by its label: `auth`, `menu-postgres`, `kafka`.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) platform: &'a Platform,
    pub(super) component: String,
    pub(super) version: Option<String>,
}

impl Platform {
    pub(super) fn part(&self, component: impl Into<String>) -> Part<'_> {
        Part { platform: self, component: component.into(), version: None }
    }
}

impl Part<'_> {
    /// With `app.kubernetes.io/version`.
    pub(super) fn version(mut self, version: &str) -> Self {
        // A digest is no label: of it, its first digits are. A tag may be longer than a label, and begin and end with what a label may not.
        let label = version.strip_prefix("sha256:").map_or(version, |digest| &digest[..digest.len().min(12)]);
        let label: String = label.chars().take(63).collect();
        let label = label.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        self.version = (!label.is_empty()).then(|| label.to_owned());
        self
    }

    /// The labels that select the part's Pods. They never change.
    pub(super) fn selector_labels(&self) -> BTreeMap<String, String> {
        [(NAME, APPLICATION), (INSTANCE, &self.platform.name), (COMPONENT, &self.component)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    pub(super) fn selector(&self) -> LabelSelector {
        LabelSelector { match_labels: Some(self.selector_labels()), ..Default::default() }
    }

    /// The labels of the part's objects.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.selector_labels();
        labels.extend([(PART_OF, APPLICATION), (MANAGED_BY, MANAGER)].map(|(key, value)| (key.to_owned(), value.to_owned())));
        labels.extend(self.version.clone().map(|version| (VERSION.to_owned(), version)));
        labels
    }

    /// The metadata of an object of the part. Its owner is the resource, unless it holds data: that is never the garbage collector's to
    /// remove.
    pub(super) fn metadata(&self, kind: Kind, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.platform.namespace.clone()),
            labels: Some(self.labels()),
            owner_references: (!kind.holds_data()).then(|| vec![self.platform.owner.clone()]),
            ..Default::default()
        }
    }

    /// An object of the part. `body` is the whole of it but for `apiVersion`, `kind` and `metadata`: one of Kubernetes' own types (whose
    /// default metadata is replaced), or a JSON object with `spec`.
    pub(super) fn object(&self, step: Step, kind: Kind, name: &str, body: &impl Serialize) -> Object {
        self.annotated(step, kind, name, BTreeMap::new(), body)
    }

    /// An object of the part, with annotations.
    pub(super) fn annotated(
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
        let members = body.as_object_mut().expect("an object is a JSON object");
        members.insert("apiVersion".to_owned(), kind.api_version().into());
        members.insert("kind".to_owned(), kind.as_str().into());
        members.insert("metadata".to_owned(), serde_json::to_value(metadata).expect("metadata is JSON"));
        // What a controller reports is not ours to say.
        members.remove("status");
        Object { kind, name: name.to_owned(), step, body: without_nulls(body) }
    }
}

/// A null would be applied as a wish for the absence of what others may set.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, without_nulls(value))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::platform;

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
