//! The house as a platform team declares it: in `spec` of a RestaurantBooking, or in a file. A section that is declared is changed there only;
//! one that is left out belongs to the staff. The doc comment of each field is its text in `kubectl explain`.

mod booking;
mod floor;
mod hours;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::booking::{Booking, PacingLimits, TurnTime};
pub use self::floor::{Area, Floor, Group, Table};
pub use self::hours::{OpeningHours, WeekDay};

/// The sections that are declared.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// The rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<Booking>,
    /// The hours of the week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening_hours: Option<Vec<OpeningHours>>,
    /// Areas, tables and groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
}

/// What is wrong with a declaration: the path of a field, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `floor.tables[3].area`.
    pub path: String,
    /// What was wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// The faults of a declaration.
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), message: message.into() });
    }

    /// Notes a number that is beyond its range.
    fn range(&mut self, path: impl Into<String>, number: impl Into<Option<i32>>, (least, most): (i32, i32)) {
        if let Some(number) = number.into().filter(|number| !(least..=most).contains(number)) {
            self.note(path, format!("is {number}; it must be from {least} to {most}"));
        }
    }

    /// Notes text that is blank or too long.
    fn text(&mut self, path: impl Into<String>, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.note(path, "must not be blank");
        } else if text.chars().count() > most {
            self.note(path, format!("must have at most {most} characters"));
        } else if text.contains('\0') {
            self.note(path, "must not hold the character U+0000");
        }
    }

    /// Notes a list that is too long.
    fn count(&mut self, path: impl Into<String>, count: usize, most: usize) {
        if count > most {
            self.note(path, format!("has {count} entries; it must have at most {most}"));
        }
    }
}

impl Declared {
    /// Everything that is wrong with it; nothing where it can be applied.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        if let Some(booking) = &self.booking {
            booking.judge(&mut faults);
        }
        if let Some(hours) = &self.opening_hours {
            hours::judge(hours, &mut faults);
        }
        if let Some(floor) = &self.floor {
            floor.judge(&mut faults);
        }
        faults.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: serde_json::Value) -> Vec<String> {
        let declared: Declared = serde_json::from_value(json).expect("a declaration");
        declared.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_declaration_that_can_be_applied_has_no_faults() {
        let none: Vec<String> = Vec::new();
        assert_eq!(faults(serde_json::json!({})), none);
        let whole = serde_json::json!({
            "booking": {"slotMinutes": 15, "minParty": 2, "maxParty": 8, "turnTimes": [{"upTo": 2, "minutes": 90}, {"upTo": 8, "minutes": 120}]},
            "openingHours": [{"name": "Dinner", "days": ["Friday", "Saturday"], "opens": "18:00", "lastSeating": "00:30", "closes": "02:00"}],
            "floor": {
                "areas": [{"name": "Terrace", "online": false}],
                "tables": [{"number": 1, "seats": 4, "area": "Terrace"}, {"number": 2, "seats": 2, "area": "Terrace"}],
                "groups": [{"name": "Window", "tables": [1, 2], "seats": 6, "minParty": 5}],
            },
        });
        assert_eq!(faults(whole), none);
    }

    #[test]
    fn every_fault_is_told_with_its_path() {
        let told = faults(serde_json::json!({
            "booking": {"slotMinutes": 20, "minParty": 9, "maxParty": 8, "turnTimes": [{"upTo": 4, "minutes": 90}, {"upTo": 4, "minutes": 5}],
                        "pacing": {"covers": 0}, "policy": " "},
            "openingHours": [
                {"name": "Lunch", "days": ["Monday"], "opens": "12:00", "lastSeating": "16:00", "closes": "15:00"},
                {"name": "Dinner", "days": ["Monday", "Monday"], "opens": "8pm", "lastSeating": "21:00", "closes": "23:00"},
                {"name": "Late", "days": [], "opens": "14:00", "lastSeating": "15:00", "closes": "16:00", "minParty": 5, "maxParty": 4}],
            "floor": {
                "areas": [{"name": "Hall"}, {"name": "Hall"}],
                "tables": [{"number": 1, "seats": 4, "minParty": 5}, {"number": 1, "seats": 13, "area": "Roof"}, {"number": 3, "seats": 2, "area": "Hall"}],
                "groups": [{"name": "", "tables": [1], "seats": 6}, {"name": "A", "tables": [1, 3], "seats": 3}, {"name": "B", "tables": [1, 9], "seats": 6}],
            },
        }));
        let expected = [
            "booking.slotMinutes: is 20; it must be 15, 30 or 60",
            "booking.minParty: is 9; it must be at most maxParty, 8",
            "booking.turnTimes[1].upTo: is 4; it must be greater than that of the one before, 4",
            "booking.turnTimes[1].minutes: is 5; it must be from 15 to 480",
            "booking.pacing.covers: is 0; it must be from 1 to 1000",
            "booking.policy: must not be blank",
            "openingHours[0].lastSeating: is \"16:00\"; it must be before closes, 15:00",
            "openingHours[1].days: has Monday twice",
            "openingHours[1].opens: is \"8pm\"; it must be a time of day from \"00:00\" to \"23:59\"",
            "openingHours[2].days: must have at least one day",
            "openingHours[2].minParty: is 5; it must be at most maxParty, 4",
            "floor.areas[1].name: is \"Hall\", as another area is",
            "floor.tables[0].minParty: is 5; it must be at most seats, 4",
            "floor.tables[1].number: is 1, as another table has",
            "floor.tables[1].seats: is 13; it must be from 1 to 12",
            "floor.tables[1].area: is \"Roof\"; there is no such area in floor.areas",
            "floor.groups[0].name: must not be blank",
            "floor.groups[0].tables: has 1 entries; it must have from 2 to 12",
            "floor.groups[1].tables: must stand in one area",
            "floor.groups[1].seats: is 3; it must be greater than the seats of the largest table, 4",
            "floor.groups[2].tables: has 9; there is no such table in floor.tables",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn services_that_overlap_or_seat_after_they_close_are_faults() {
        let told = faults(serde_json::json!({"openingHours": [
            {"name": "Late", "days": ["Sunday"], "opens": "20:00", "lastSeating": "23:00", "closes": "02:00"},
            {"name": "Early", "days": ["Monday"], "opens": "01:00", "lastSeating": "03:00", "closes": "04:00"},
            {"name": "Noon", "days": ["Monday"], "opens": "12:00", "lastSeating": "15:00", "closes": "14:00"},
        ]}));
        let expected = [
            "openingHours[2].lastSeating: is \"15:00\"; it must be before closes, 14:00",
            "openingHours[1]: overlaps Late; services follow each other",
        ];
        assert_eq!(told, expected);
    }
}
