//! The rules, as they are declared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Faults;
use crate::rules::{self, Rules};

/// The rules by which the restaurant takes bookings. What is left out has its default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(has(self.minParty) ? self.minParty : 1) <= (has(self.maxParty) ? self.maxParty : 20)",
    "message": "minParty (default 1) must not be greater than maxParty (default 20)",
}]))]
pub struct Booking {
    /// Bookings begin on these steps, in minutes: 15, 30 or 60, counted from the opening. Default: at any minute, and half hours are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [15, 30, 60]))]
    pub slot_minutes: Option<i32>,
    /// A booking begins no sooner than this from now, in minutes, 0 to 43200. Default: 0. Example: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 43200))]
    pub min_notice_minutes: Option<i32>,
    /// The smallest party that is taken, in guests, 1 to 20. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub min_party: Option<i32>,
    /// The largest party that is taken, in guests, 1 to 20. Default: 20. Example: 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub max_party: Option<i32>,
    /// A larger party waits for the staff even where bookings are confirmed at once, in guests, 1 to 20. Default: none does. Example: 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub confirm_above: Option<i32>,
    /// How many seats a table that is given out may leave empty, 0 to 19. Default: any number. Example: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 19))]
    pub max_spare_seats: Option<i32>,
    /// How long the table stays taken after a booking, in minutes, 0 to 120. Default: 0. Example: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 120))]
    pub buffer_minutes: Option<i32>,
    /// How long parties stay, by their size, the smallest first. Default: every party stays 120 minutes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub turn_times: Vec<TurnTime>,
    /// How much may begin within a quarter of an hour. Default: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<PacingLimits>,
    /// Guests change their booking no later than this before it begins, in minutes, 0 to 43200. Default: 0. Example: 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 43200))]
    pub change_until_minutes: Option<i32>,
    /// Whether guests can book without an account. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests_without_account: Option<bool>,
    /// Whether an online booking must have a phone number. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_required: Option<bool>,
    /// A text that guests see before they book, to 2000 characters. Default: none. Example: We keep your table for a quarter of an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub policy: Option<String>,
}

/// How long a party of up to a size stays.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnTime {
    /// The largest party, in guests, 1 to 20. It rises from one entry to the next; larger parties stay as long as the last.
    #[schemars(range(min = 1, max = 20))]
    pub up_to: i32,
    /// How long it stays, in minutes, 15 to 480. Example: 90.
    #[schemars(range(min = 15, max = 480))]
    pub minutes: i32,
}

/// How much may begin within a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PacingLimits {
    /// How many guests, 1 to 1000. Default: any number. Example: 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub covers: Option<i32>,
    /// How many parties, 1 to 1000. Default: any number. Example: 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub parties: Option<i32>,
}

impl Booking {
    /// The rules, each as it is declared, else its default.
    pub fn rules(&self) -> Rules {
        let default = Rules::default();
        let turn = |turn: &TurnTime| rules::TurnTime { up_to: turn.up_to, minutes: turn.minutes };
        let pacing = self.pacing.unwrap_or_default();
        Rules {
            slot_minutes: self.slot_minutes,
            min_notice_minutes: self.min_notice_minutes.unwrap_or(default.min_notice_minutes),
            min_party: self.min_party.unwrap_or(default.min_party),
            max_party: self.max_party.unwrap_or(default.max_party),
            confirm_above: self.confirm_above,
            max_spare_seats: self.max_spare_seats,
            buffer_minutes: self.buffer_minutes.unwrap_or(default.buffer_minutes),
            turn_times: self.turn_times.iter().map(turn).collect(),
            pacing: rules::Pacing { covers: pacing.covers, parties: pacing.parties },
            change_until_minutes: self.change_until_minutes.unwrap_or(default.change_until_minutes),
            guests_without_account: self.guests_without_account.unwrap_or(default.guests_without_account),
            phone_required: self.phone_required.unwrap_or(default.phone_required),
            policy: self.policy.clone(),
        }
    }

    pub(super) fn judge(&self, faults: &mut Faults) {
        if let Some(minutes) = self.slot_minutes.filter(|minutes| ![15, 30, 60].contains(minutes)) {
            faults.note("booking.slotMinutes", format!("is {minutes}; it must be 15, 30 or 60"));
        }
        faults.range("booking.minNoticeMinutes", self.min_notice_minutes, (0, 43200));
        faults.range("booking.minParty", self.min_party, (1, 20));
        faults.range("booking.maxParty", self.max_party, (1, 20));
        let rules = self.rules();
        if rules.min_party > rules.max_party {
            faults.note("booking.minParty", format!("is {}; it must be at most maxParty, {}", rules.min_party, rules.max_party));
        }
        faults.range("booking.confirmAbove", self.confirm_above, (1, 20));
        faults.range("booking.maxSpareSeats", self.max_spare_seats, (0, 19));
        faults.range("booking.bufferMinutes", self.buffer_minutes, (0, 120));
        for (index, turn) in self.turn_times.iter().enumerate() {
            let path = |name| format!("booking.turnTimes[{index}].{name}");
            faults.range(path("upTo"), turn.up_to, (1, 20));
            if let Some(before) = index.checked_sub(1).map(|before| self.turn_times[before].up_to).filter(|before| turn.up_to <= *before) {
                faults.note(path("upTo"), format!("is {}; it must be greater than that of the one before, {before}", turn.up_to));
            }
            faults.range(path("minutes"), turn.minutes, (15, 480));
        }
        faults.count("booking.turnTimes", self.turn_times.len(), 20);
        let pacing = self.pacing.unwrap_or_default();
        faults.range("booking.pacing.covers", pacing.covers, (1, 1000));
        faults.range("booking.pacing.parties", pacing.parties, (1, 1000));
        faults.range("booking.changeUntilMinutes", self.change_until_minutes, (0, 43200));
        if let Some(policy) = &self.policy {
            faults.text("booking.policy", policy, 2000);
        }
    }
}
