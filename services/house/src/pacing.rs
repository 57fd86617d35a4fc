//! Pacing: how much begins within a quarter of an hour, so that the kitchen is not asked for everything at once.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::rules::Pacing;

/// The seconds of a quarter of an hour.
const QUARTER: i64 = 15 * 60;

/// The quarter of an hour in which something begins, by its own begin in UTC.
pub fn bucket(start: Timestamp) -> Timestamp {
    Timestamp::from_second(start.as_second().div_euclid(QUARTER) * QUARTER).unwrap_or(Timestamp::MIN)
}

/// What begins within a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Guests.
    pub covers: i32,
    /// Parties.
    pub parties: i32,
}

/// What begins in each quarter of an hour; one that is left out has nothing.
pub type Counts = HashMap<Timestamp, Count>;

impl Pacing {
    /// Whether nothing is limited.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one more party may begin beside what begins already.
    pub fn admits(self, begun: Count, guests: i32) -> bool {
        self.covers.is_none_or(|limit| begun.covers + guests <= limit) && self.parties.is_none_or(|limit| begun.parties < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_begins_at_its_own_minute() {
        for (start, quarter) in [
            ("2030-05-17T19:00:00Z", "2030-05-17T19:00:00Z"),
            ("2030-05-17T19:14:59.999999Z", "2030-05-17T19:00:00Z"),
            ("2030-05-17T19:15:00Z", "2030-05-17T19:15:00Z"),
            ("0001-01-01T00:01:00Z", "0001-01-01T00:00:00Z"),
        ] {
            let parse = |text: &str| text.parse::<Timestamp>().expect("a time");
            assert_eq!(bucket(parse(start)), parse(quarter), "{start}");
        }
    }

    #[test]
    fn a_party_is_admitted_up_to_each_limit() {
        let begun = Count { covers: 8, parties: 3 };
        let admits = |covers, parties, guests| Pacing { covers, parties }.admits(begun, guests);
        assert!(admits(None, None, 20));
        assert!(admits(Some(12), None, 4) && !admits(Some(12), None, 5));
        assert!(admits(None, Some(4), 20) && !admits(None, Some(3), 1));
        assert!(!admits(Some(12), Some(3), 1) && !admits(Some(8), Some(4), 1));
        assert!(Pacing::default().is_unlimited());
        assert!(!Pacing { covers: Some(1), parties: None }.is_unlimited() && !Pacing { covers: None, parties: Some(1) }.is_unlimited());
    }
}
