//! What the two programs tell each other: `traffic`, which runs inside the cluster, reports to `e2e`, which runs outside of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of a run of traffic: the last line that `traffic` prints, as JSON.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// For how long requests were sent, in seconds.
    pub seconds: f64,
    /// Requests that were answered as they should be.
    pub answered: u64,
    /// Bookings that were acknowledged.
    pub bookings: u64,
    /// Bookings that were refused, since another had the table.
    pub refused: u64,
    /// Bookings, and changes of them, that the rules of a declared house refused, by the code of the refusal.
    pub refused_by_rules: BTreeMap<String, u64>,
    /// Bookings whose answer was that to an earlier request of the same Idempotency-Key, which had got lost.
    pub replayed: u64,
    /// Changes of bookings that were acknowledged.
    pub changes: u64,
    /// Logins.
    pub logins: u64,
    /// Requests that were sent once more, since the kept connection that they were sent over had just been closed.
    pub resent: u64,
    /// Requests that failed.
    pub failed: u64,
    /// The first of them.
    pub failures: Vec<Failure>,
    /// How long before the end the last request failed, in seconds.
    pub calm: Option<f64>,
    /// Events of these bookings on the topic, each counted once.
    pub events: u64,
    /// Events that were there more than once, each time with the same `ce_id`.
    pub redelivered: u64,
    /// What is wrong, a sentence each. Empty: all is well.
    pub problems: Vec<String>,
}

/// A request that failed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// When, in seconds from the first request on.
    pub at: f64,
    /// What was asked, and what came of it.
    pub what: String,
}

/// The line by which `traffic` says that requests are under way.
pub const UNDER_WAY: &str = "traffic is under way";

/// How the lines begin by which `traffic` tells of each booking as soon as it is acknowledged; the rest is a [`Booked`] as JSON.
const BOOKED: &str = "booked ";

/// A booking that was acknowledged.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Booked {
    /// Its number.
    pub id: i64,
    /// Its code.
    pub code: String,
    /// When it was sent, for the first time where it was sent again.
    pub sent: Timestamp,
    /// When its answer came.
    pub acknowledged: Timestamp,
}

impl Booked {
    /// The line that tells of it.
    ///
    /// # Panics
    /// Never: it can be written as JSON.
    pub fn line(&self) -> String {
        format!("{BOOKED}{}", serde_json::to_string(self).expect("a booking is JSON"))
    }

    /// All that a log tells of.
    pub fn all(log: &str) -> Vec<Self> {
        log.lines().filter_map(|line| serde_json::from_str(line.strip_prefix(BOOKED)?).ok()).collect()
    }
}
