//! What a watch or an answer tells of an object, as little as decides whether the object is as wanted and works.

use kube::core::ObjectMeta;
use serde_json::Value;

use super::kind::Kind;
use super::observe::{Observed, is_current, observe};
use super::ownership::Fields;
use super::version::{Version, fingerprint, hash_of};
use super::wanted::Wanted;

/// An annotation on every applied object: the hash of the object as it was applied. A different hash means that the apply may have to
/// remove fields, which a comparison of values cannot show.
pub const APPLIED: &str = "restaurantbooking.dev/applied";

/// What is told of an object.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its `resourceVersion`.
    pub version: Version,
    /// The fingerprint of the annotation [`APPLIED`].
    applied: u64,
    /// Who owns its fields; `None` while it is being deleted.
    fields: Option<Fields>,
    /// Whether its controller has observed its newest generation; always, where the state does not wait for that.
    pub is_current: bool,
    /// `None` for an object that works and tells nothing more.
    observed: Option<Box<Observed>>,
}

impl Told {
    /// From the metadata of an object, and from the whole object where controllers report its state.
    pub fn of(kind: Kind, metadata: &ObjectMeta, whole: Option<&Value>) -> Self {
        let observed = whole.map(|whole| observe(kind, whole)).filter(|observed| *observed != Observed::done());
        let applied = metadata.annotations.as_ref().and_then(|annotations| annotations.get(APPLIED));
        let is_deleted = metadata.deletion_timestamp.is_some();
        Self {
            version: Version::of(metadata.resource_version.as_deref().unwrap_or_default()),
            applied: fingerprint(applied.map_or("", String::as_str)),
            fields: (!is_deleted).then(|| Fields::of(metadata.managed_fields.as_deref().unwrap_or_default())),
            is_current: !kind.awaits_generation() || whole.is_none_or(is_current),
            observed: observed.map(Box::new),
        }
    }

    /// From an object as the API server answers.
    pub fn of_answer(kind: Kind, object: &Value) -> Self {
        let metadata = serde_json::from_value(object["metadata"].clone()).unwrap_or_default();
        Self::of(kind, &metadata, Some(object))
    }

    /// The state of the object.
    pub fn observed(&self) -> Observed {
        self.observed.as_deref().map_or_else(Observed::done, Observed::clone)
    }

    /// Whether the object is as wanted: it was written last as this wanted object, and nobody has changed a field of it since.
    pub fn proves(&self, wanted: &Wanted) -> bool {
        self.applied == fingerprint(&wanted.hash) && self.covers(wanted.kind, &wanted.body())
    }

    /// Whether every field of a wanted object is the operator's.
    pub fn covers(&self, kind: Kind, wanted: &Value) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.cover(kind, wanted))
    }

    /// The fingerprint of what was written last and of who owns which fields. Nobody has changed a wanted field of an object between two
    /// versions of one fingerprint, if all wanted fields were the operator's in the first.
    pub fn fingerprint(&self) -> Option<u64> {
        self.fields.as_ref().map(|fields| hash_of(&(self.applied, fields)))
    }

    /// Drops the fields, once they are compared.
    pub fn into_observed(self) -> Option<Box<Observed>> {
        self.observed
    }
}
