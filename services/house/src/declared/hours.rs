//! The hours of the week, as they are declared.

use jiff::civil::Weekday;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Faults;
use crate::clock::Clock;
use crate::schedule::{Day, Service, Weekly, overlaps_of_week};

/// A time of day.
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

/// A service of the week, such as dinner.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpeningHours {
    /// Its name, as guests know it: 1 to 100 characters. Example: Dinner.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The days on which it begins, each once.
    #[schemars(length(min = 1, max = 7))]
    pub days: Vec<WeekDay>,
    /// When its first party may be seated, in the restaurant's time zone. Example: 18:00.
    #[schemars(regex(pattern = TIME))]
    pub opens: String,
    /// When its last party may be seated; before opens, it is the next day's. Example: 21:30.
    #[schemars(regex(pattern = TIME))]
    pub last_seating: String,
    /// When it ends; not after opens, it is the next day's. Services do not overlap. Example: 23:30.
    #[schemars(regex(pattern = TIME))]
    pub closes: String,
    /// Bookings begin on these steps, in minutes: 15, 30 or 60. Default: booking.slotMinutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [15, 30, 60]))]
    pub slot_minutes: Option<i32>,
    /// Whether guests can book it; the staff always can. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// The smallest party that is taken, in guests, 1 to 20. Default: booking.minParty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub min_party: Option<i32>,
    /// The largest party that is taken, in guests, 1 to 20. Default: booking.maxParty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub max_party: Option<i32>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = without_description)]
#[allow(missing_docs, reason = "the days are what they say")]
pub enum WeekDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

fn without_description(schema: &mut schemars::Schema) {
    schema.remove("description");
}

impl WeekDay {
    fn day(self) -> Day {
        Day(match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        })
    }
}

impl OpeningHours {
    /// The service; `None` where one of its times is no time.
    pub fn weekly(&self) -> Option<Weekly> {
        let service = Service {
            name: self.name.trim().to_owned(),
            opens: Clock::parse(&self.opens)?,
            last_seating: Clock::parse(&self.last_seating)?,
            closes: Clock::parse(&self.closes)?,
            slot_minutes: self.slot_minutes,
            online: self.online.unwrap_or(true),
            min_party: self.min_party,
            max_party: self.max_party,
        };
        Some(Weekly { days: self.days.iter().map(|day| day.day()).collect(), service })
    }
}

pub(super) fn judge(hours: &[OpeningHours], faults: &mut Faults) {
    faults.count("openingHours", hours.len(), 50);
    for (index, service) in hours.iter().enumerate() {
        let path = |name: &str| format!("openingHours[{index}].{name}");
        faults.text(path("name"), &service.name, 100);
        if service.days.is_empty() {
            faults.note(path("days"), "must have at least one day");
        }
        if let Some((_, day)) = service.days.iter().enumerate().find(|(at, day)| service.days[..*at].contains(day)) {
            faults.note(path("days"), format!("has {day:?} twice"));
        }
        for (name, time) in [("opens", &service.opens), ("lastSeating", &service.last_seating), ("closes", &service.closes)] {
            if Clock::parse(time).is_none() {
                faults.note(path(name), format!("is {time:?}; it must be a time of day from \"00:00\" to \"23:59\""));
            }
        }
        if let Some(weekly) = service.weekly().filter(|weekly| !weekly.service.is_ordered()) {
            let message = format!("is \"{}\"; it must be before closes, {}", weekly.service.last_seating, weekly.service.closes);
            faults.note(path("lastSeating"), message);
        }
        if let Some(minutes) = service.slot_minutes.filter(|minutes| ![15, 30, 60].contains(minutes)) {
            faults.note(path("slotMinutes"), format!("is {minutes}; it must be 15, 30 or 60"));
        }
        faults.range(path("minParty"), service.min_party, (1, 20));
        faults.range(path("maxParty"), service.max_party, (1, 20));
        if let (Some(min), Some(max)) = (service.min_party, service.max_party)
            && min > max
        {
            faults.note(path("minParty"), format!("is {min}; it must be at most maxParty, {max}"));
        }
    }
    let week: Option<Vec<_>> = hours.iter().map(OpeningHours::weekly).collect();
    for overlap in week.map(|week| overlaps_of_week(&week)).unwrap_or_default() {
        let message = format!("overlaps {}; services follow each other", hours[overlap.other].name);
        faults.note(format!("openingHours[{}]", overlap.index), message);
    }
}
