//! The wanted objects of a reconcile, as text: many reconciles run at once and mostly wait for answers, and a tree of values takes far more
//! memory than its text.

use std::collections::BTreeMap;

use serde_json::Value;

use super::build::Object;
use super::checksum::checksum;
use super::kind::Kind;
use super::step::Step;

/// A wanted object.
#[derive(Debug)]
pub struct Wanted {
    /// Its kind.
    pub kind: Kind,
    /// Its name; its namespace is the resource's.
    pub name: String,
    /// The step to which it belongs.
    pub step: Step,
    /// The hash of the object.
    pub hash: String,
    body: Box<str>,
}

impl From<Object> for Wanted {
    fn from(Object { kind, name, step, body }: Object) -> Self {
        let body = serde_json::to_string(&body).expect("an object is JSON");
        Self { kind, name, step, hash: checksum(body.as_bytes())[..16].to_owned(), body: body.into() }
    }
}

impl Wanted {
    /// The whole object, as it is applied.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.body).expect("it was written as JSON")
    }
}

/// The objects, grouped by step.
pub fn by_step(objects: &[Wanted]) -> BTreeMap<Step, Vec<&Wanted>> {
    let mut steps: BTreeMap<Step, Vec<&Wanted>> = BTreeMap::new();
    for object in objects {
        steps.entry(object.step).or_default().push(object);
    }
    steps
}
