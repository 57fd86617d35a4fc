//! What a restaurant takes bookings by, as plain values: its rules, its week, its exceptions and its floor. And the one judgement of
//! whether a party can come at a time, which availability, bookings and changes ask. Nothing here reads a clock, a file or a database.

pub mod calendar;
pub mod clock;
pub mod declared;
pub mod floor;
pub mod judge;
pub mod openings;
pub mod pacing;
pub mod reason;
pub mod rules;
pub mod schedule;
pub mod span;
pub mod walk_in;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::floor::Floor;
use crate::rules::Rules;
use crate::schedule::Schedule;

/// Everything that a restaurant takes bookings by.
#[derive(Clone, Debug)]
pub struct House {
    /// In which its local times are.
    pub time_zone: TimeZone,
    /// How far ahead bookings are taken.
    pub max_ahead: SignedDuration,
    /// Its rules.
    pub rules: Rules,
    /// When it is open.
    pub schedule: Schedule,
    /// Until when it takes no bookings.
    pub pause_until: Option<Timestamp>,
    /// Its tables.
    pub floor: Floor,
}

impl House {
    /// The soonest time at which a booking may begin.
    pub fn soonest(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(SignedDuration::from_mins(self.rules.min_notice_minutes.into())).unwrap_or(Timestamp::MAX)
    }

    /// The latest time at which a booking may begin.
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.max_ahead).unwrap_or(Timestamp::MAX)
    }
}
