//! The rules that a restaurant sets.

use serde::{Deserialize, Serialize};

/// How long a party stays where no turn time says otherwise, in minutes.
pub const STAY: i32 = 120;

/// What a restaurant takes bookings by. Where it sets nothing, nothing restricts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// The distance of the times at which bookings begin, in minutes: 15, 30 or 60. `None`: any minute.
    pub slot_minutes: Option<i32>,
    /// How long before a booking begins it must be made, in minutes.
    pub min_notice_minutes: i32,
    /// The smallest party that is taken.
    pub min_party: i32,
    /// The largest party that is taken.
    pub max_party: i32,
    /// A larger party is confirmed by the staff, even where bookings are confirmed at once.
    pub confirm_above: Option<i32>,
    /// How many seats a table that is given out may leave empty.
    pub max_spare_seats: Option<i32>,
    /// How long a table stays taken after a booking, in minutes.
    pub buffer_minutes: i32,
    /// How long parties stay, by their size, the smallest first.
    pub turn_times: Vec<TurnTime>,
    /// What may begin within a quarter of an hour.
    pub pacing: Pacing,
    /// Until how long before its start a guest may change a booking, in minutes.
    pub change_until_minutes: i32,
    /// Whether guests may book without an account.
    pub guests_without_account: bool,
    /// Whether an online booking must have a phone number.
    pub phone_required: bool,
    /// What a guest is shown before they book.
    pub policy: Option<String>,
}

/// How long a party of up to a size stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnTime {
    /// The largest party.
    pub up_to: i32,
    /// How long it stays, in minutes.
    pub minutes: i32,
}

/// How much may begin within a quarter of an hour; `None`: any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pacing {
    /// Guests.
    pub covers: Option<i32>,
    /// Parties.
    pub parties: Option<i32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            slot_minutes: None,
            min_notice_minutes: 0,
            min_party: 1,
            max_party: 20,
            confirm_above: None,
            max_spare_seats: None,
            buffer_minutes: 0,
            turn_times: Vec::new(),
            pacing: Pacing::default(),
            change_until_minutes: 0,
            guests_without_account: true,
            phone_required: true,
            policy: None,
        }
    }
}

impl Rules {
    /// How long a party stays, in minutes: by the first turn time that is for its size, else by the last.
    pub fn turn_time(&self, guests: i32) -> i32 {
        let fits = self.turn_times.iter().find(|turn| guests <= turn.up_to);
        fits.or(self.turn_times.last()).map_or(STAY, |turn| turn.minutes)
    }

    /// Whether a guest may ask for so many minutes.
    pub fn may_stay(&self, guests: i32, minutes: i32) -> bool {
        self.turn_times.is_empty() || minutes <= self.turn_time(guests)
    }

    /// Whether the staff confirm a party of this size.
    pub fn confirms(&self, guests: i32) -> bool {
        self.confirm_above.is_some_and(|above| guests > above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(turns: &[(i32, i32)]) -> Rules {
        Rules { turn_times: turns.iter().map(|&(up_to, minutes)| TurnTime { up_to, minutes }).collect(), ..Rules::default() }
    }

    #[test]
    fn a_party_stays_as_long_as_the_first_turn_time_for_its_size() {
        let rules = rules(&[(2, 90), (4, 120), (8, 150)]);
        for (guests, minutes) in [(1, 90), (2, 90), (3, 120), (4, 120), (5, 150), (8, 150), (20, 150)] {
            assert_eq!(rules.turn_time(guests), minutes, "{guests}");
        }
        assert_eq!(Rules::default().turn_time(2), 120);
    }

    #[test]
    fn a_longer_stay_is_refused_only_where_turn_times_are_set() {
        let rules = rules(&[(2, 90)]);
        assert!(rules.may_stay(2, 90) && !rules.may_stay(2, 91));
        assert!(Rules::default().may_stay(2, 480));
    }

    #[test]
    fn a_larger_party_than_the_limit_is_confirmed_by_the_staff() {
        let rules = Rules { confirm_above: Some(6), ..Rules::default() };
        assert!(!rules.confirms(6) && rules.confirms(7) && !Rules::default().confirms(20));
    }

    #[test]
    fn rules_that_a_later_version_wrote_are_read() {
        let read: Rules = serde_json::from_str(r#"{"min_party": 2, "pacing": {"covers": 12}, "deposit": true}"#).expect("rules");
        let pacing = Pacing { covers: Some(12), parties: None };
        assert_eq!(read, Rules { min_party: 2, pacing, ..Rules::default() });
    }
}
