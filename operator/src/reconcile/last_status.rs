//! The newest status of a resource. It is kept as JSON: a status has ten conditions and more of short texts, and between two reconciles
//! nobody reads it.

use crate::api::RestaurantBookingStatus;

use super::version::Version;

/// A status, and the `resourceVersion` of the resource that has it.
#[derive(Clone, Debug)]
pub struct LastStatus {
    version: Box<str>,
    json: Box<[u8]>,
}

impl LastStatus {
    /// A status that a resource has in this version.
    pub fn new(version: &str, status: &RestaurantBookingStatus) -> Self {
        Self { version: version.into(), json: serde_json::to_vec(status).expect("a status is JSON").into() }
    }

    /// Whether it is of a newer version than another one of the same resource.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let [this, other] = [self, other].map(|status| Version::of(&status.version));
        this != other && other.is_not_newer(this)
    }

    /// The version and the status.
    pub fn read(&self) -> (String, RestaurantBookingStatus) {
        (self.version.to_string(), serde_json::from_slice(&self.json).expect("it was written as JSON"))
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

    use super::*;

    #[test]
    fn a_status_is_read_as_it_was_kept() {
        let condition = Condition {
            type_: "Ready".to_owned(),
            status: "True".to_owned(),
            last_transition_time: Time("2026-11-30T09:00:00Z".parse().expect("a time")),
            reason: "Available".to_owned(),
            message: "everything that is asked for runs".to_owned(),
            observed_generation: Some(3),
        };
        let status = RestaurantBookingStatus { observed_generation: Some(3), conditions: vec![condition], ..Default::default() };
        let kept = LastStatus::new("10", &status);
        assert_eq!(kept.read(), ("10".to_owned(), status.clone()));
        assert_eq!(["9", "10", "11"].map(|version| kept.is_newer_than(&LastStatus::new(version, &status))), [true, false, false]);
    }
}
