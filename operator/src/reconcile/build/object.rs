//! A wanted object.

use serde_json::Value;

use crate::reconcile::kind::Kind;
use crate::reconcile::step::Step;

/// A wanted object: only the fields that the operator owns.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// Its name; its namespace is the resource's.
    pub name: String,
    /// The step to which it belongs.
    pub step: Step,
    /// The whole object, as it is applied.
    pub body: Value,
}
