//! What is observed of an object.

use jiff::Timestamp;
use serde_json::Value;

use crate::api::VolumeStatus;

/// The state of an object or a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// It exists and works.
    Done,
    /// It does not exist yet, or does not work yet; the text names what it waits for.
    Waiting(String),
    /// It cannot succeed without a change.
    Failed {
        /// The reason of the condition.
        reason: &'static str,
        /// The error, the object, and a remedy.
        message: String,
    },
}

/// The observed state of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Observed {
    /// The state.
    pub state: State,
    /// The ready and the desired Pods; for a Deployment only.
    pub replicas: Option<(i32, i32)>,
    /// The version that runs; for a database or broker only.
    pub version: Option<Box<str>>,
    /// Whether as many Pods are available as are needed, of whatever version: of a Deployment.
    pub is_available: bool,
    /// What a claim asks for, and what its volume has.
    pub volume: Option<Box<VolumeStatus>>,
    /// What has run: of the Jobs that back up, and of their schedule.
    pub runs: Option<Runs>,
    /// What is told of the backups of a database of CloudNativePG's.
    pub archive: Option<Box<Archive>>,
}

/// What CloudNativePG and its plugin tell of the backups of a database: each of the objects tells a part.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Archive {
    /// When the schedule was made, which begins with a backup: of a ScheduledBackup.
    pub begun: Option<Timestamp>,
    /// When the newest base backup ended: of an ObjectStore.
    pub newest: Option<Timestamp>,
    /// The oldest moment to which the database can be restored: of an ObjectStore.
    pub oldest: Option<Timestamp>,
    /// When the last base backup failed: of an ObjectStore and of a Backup.
    pub failed: Option<Timestamp>,
    /// Why the last base backup failed: of a Cluster and of a Backup.
    pub failure: Option<String>,
    /// Why the log is not archived: of a Cluster.
    pub log: Option<String>,
}

/// What has run of the Jobs that back up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Runs {
    /// The last one that ended.
    pub last: Option<Attempt>,
}

/// A Job that ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// When it ended; of one of a schedule that failed, when it was due.
    pub at: Timestamp,
    /// Whether it did its work.
    pub succeeded: bool,
}

impl Observed {
    /// An object that works as soon as it exists.
    pub fn done() -> Self {
        Self { state: State::Done, replicas: None, version: None, is_available: false, volume: None, runs: None, archive: None }
    }

    /// Whether the steps that wait for the object go on, or wait, as for this other state of it. Each failure is another.
    pub fn is_as_far_as(&self, other: &Self) -> bool {
        let is_alike = matches!((&self.state, &other.state), (State::Done, State::Done) | (State::Waiting(_), State::Waiting(_)));
        is_alike && self.is_available == other.is_available
    }

    /// An object that is not ready yet.
    pub fn waiting(message: String) -> Self {
        Self { state: State::Waiting(message), ..Self::done() }
    }

    pub(crate) fn of_version(self, version: Option<&str>) -> Self {
        Self { version: version.map(Box::from), ..self }
    }
}

/// The version of an image, from its tag.
pub fn version_of_image(image: &str) -> Option<&str> {
    let tagged = image.split_once('@').map_or(image, |(tagged, _)| tagged);
    let (_, tag) = tagged.rsplit_once(':')?;
    // Without a tag, the text after the colon is the port of the registry.
    (!tag.contains('/')).then_some(tag)
}

/// A time in the status of an object, such as `completionTime`.
pub fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Whether the object's controller has observed the present generation.
pub fn is_current(object: &Value) -> bool {
    object["status"]["observedGeneration"].as_i64() >= object["metadata"]["generation"].as_i64()
}

/// The condition of this type in the status of an object.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_an_images_tag() {
        for (image, tag) in [
            ("postgres:17.6", Some("17.6")),
            ("registry:5000/postgres:17", Some("17")),
            ("registry:5000/postgres", None),
            ("ghcr.io/cloudnative-pg/postgresql:17.6@sha256:0123", Some("17.6")),
            ("ghcr.io/cloudnative-pg/postgresql@sha256:0123", None),
        ] {
            assert_eq!(version_of_image(image), tag, "{image}");
        }
    }
}
