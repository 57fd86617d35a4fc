//! The failures of resources and steps, as conditions, events and metrics report them.

use kube::core::Status;

use super::kind::Kind;
use super::reason::{API_UNAVAILABLE, FORBIDDEN, OBJECT_REJECTED};
use super::step::Step;
use crate::api::ConditionType;

/// A fault that makes a resource invalid.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// The condition that reports the fault.
    pub condition: ConditionType,
    /// The reason of the condition.
    pub reason: &'static str,
    /// The field, its fault, and a valid value.
    pub message: String,
}

/// A failure of a step.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// The reason of the condition.
    pub reason: &'static str,
    /// The request or object that failed, and the answer of the API server or the broker.
    pub message: String,
}

impl Failure {
    /// A failed request about an object.
    pub fn of_request(step: Step, verb: &str, kind: Kind, name: &str, error: &kube::Error) -> Self {
        Self::of(step, verb, kind.as_str(), name, error)
    }

    /// A failed request about the resource itself.
    pub fn of_resource(verb: &str, name: &str, error: &kube::Error) -> Self {
        Self::of(Step::Foundation, verb, "RestaurantBooking", name, error)
    }

    fn of(step: Step, verb: &str, kind: &str, name: &str, error: &kube::Error) -> Self {
        let reason = match error {
            kube::Error::Api(status) => match status.code {
                // Admission plugins answer so too: a class that cannot expand volumes, a quota, a policy.
                401 | 403 => FORBIDDEN,
                400 | 404 | 405 | 415 | 422 => OBJECT_REJECTED,
                _ => API_UNAVAILABLE,
            },
            _ => API_UNAVAILABLE,
        };
        let said = match error {
            kube::Error::Api(status) => said(status),
            error => chain(error),
        };
        Self { step, reason, message: format!("{}: {verb} {kind} {name}: {said}", step.as_str()) }
    }

    /// A request without an answer in time.
    pub fn timeout(step: Step, verb: &str, kind: Kind, name: &str) -> Self {
        Self::late(step, verb, kind.as_str(), name)
    }

    /// A request about the resource itself without an answer in time.
    pub fn resource_timeout(verb: &str, name: &str) -> Self {
        Self::late(Step::Foundation, verb, "RestaurantBooking", name)
    }

    fn late(step: Step, verb: &str, kind: &str, name: &str) -> Self {
        Self {
            step,
            reason: API_UNAVAILABLE,
            message: format!("{}: {verb} {kind} {name}: the API server did not answer in time", step.as_str()),
        }
    }
}

fn said(status: &Status) -> String {
    if status.message.is_empty() { format!("{} ({})", status.reason, status.code) } else { status.message.clone() }
}

/// The text of an error and of its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
