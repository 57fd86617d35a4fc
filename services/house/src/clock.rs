//! Local times of day, and the instants that they stand for.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The minutes of a day.
pub const DAY: i32 = 24 * 60;

/// A local time of day to the minute, `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock(i32);

impl Clock {
    /// The time of `HH:MM`, 00:00 to 23:59.
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i32>().ok())?;
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours < 24 && minutes < 60).then_some(Self(hours * 60 + minutes))
    }

    /// How many minutes the clock shows after midnight.
    pub fn minutes(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for Clock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format_args!("{text:?} is no time of day")))
    }
}

/// The instant at which the clocks show so many minutes after the midnight of a date; a day or more is the next date's. A time that does not
/// exist is moved on by the gap. At the end of the calendar it is the last instant.
pub fn instant(zone: &TimeZone, date: Date, minutes: i32, twice: Twice) -> Timestamp {
    let last = Timestamp::MAX;
    let Ok(date) = date.checked_add((minutes / DAY).days()) else { return last };
    let clock = minutes % DAY;
    let hour_and_minute = (i8::try_from(clock / 60), i8::try_from(clock % 60));
    let (Ok(hour), Ok(minute)) = hour_and_minute else { return last };
    let local = date.to_datetime(Time::constant(hour, minute, 0, 0));
    let resolved = zone.to_ambiguous_zoned(local).disambiguate(match twice {
        Twice::First => Disambiguation::Compatible,
        Twice::Second => Disambiguation::Later,
    });
    resolved.map_or(last, |zoned| zoned.timestamp())
}

/// Which instant is meant where the clocks show a time twice, since they are set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twice {
    /// The first.
    First,
    /// The second.
    Second,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_two_digits_and_two_digits() {
        assert_eq!(Clock::parse("18:05").map(|clock| (clock.minutes(), clock.to_string())), Some((1085, "18:05".to_owned())));
        assert_eq!(Clock::parse("00:00").map(Clock::minutes), Some(0));
        assert_eq!(Clock::parse("23:59").map(Clock::minutes), Some(1439));
        for wrong in ["", "24:00", "18:60", "8:00", "18:5", "18", "18:00:00", "-1:00", "+1:00", "1８:00", "18.00", " 18:00"] {
            assert_eq!(Clock::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(
            serde_json::from_str::<Clock>("\"07:30\"").map(|clock| serde_json::to_string(&clock).expect("JSON")).ok().as_deref(),
            Some("\"07:30\"")
        );
        assert!(serde_json::from_str::<Clock>("\"7:30\"").is_err());
    }

    fn at(zone: &str, date: &str, minutes: i32, twice: Twice) -> String {
        instant(&TimeZone::get(zone).expect("a zone"), date.parse().expect("a date"), minutes, twice).to_string()
    }

    #[test]
    fn a_time_that_does_not_exist_is_moved_on_by_the_gap() {
        for twice in [Twice::First, Twice::Second] {
            // 02:30 to 03:30, and half an hour on Lord Howe.
            assert_eq!(at("Europe/Berlin", "2030-03-31", 150, twice), "2030-03-31T01:30:00Z");
            assert_eq!(at("Australia/Lord_Howe", "2030-10-06", 135, twice), "2030-10-05T15:45:00Z");
            // Midnight itself.
            assert_eq!(at("America/Santiago", "2030-09-08", 0, twice), "2030-09-08T04:00:00Z");
        }
    }

    #[test]
    fn a_time_that_comes_twice_is_the_one_that_is_meant() {
        assert_eq!(at("Europe/Berlin", "2030-10-27", 150, Twice::First), "2030-10-27T00:30:00Z");
        assert_eq!(at("Europe/Berlin", "2030-10-27", 150, Twice::Second), "2030-10-27T01:30:00Z");
        assert_eq!(at("Europe/Berlin", "2030-06-01", 150, Twice::First), at("Europe/Berlin", "2030-06-01", 150, Twice::Second));
    }

    #[test]
    fn more_than_a_day_is_the_next_date() {
        assert_eq!(at("Asia/Kathmandu", "2030-12-31", DAY + 75, Twice::First), "2030-12-31T19:30:00Z");
        assert_eq!(at("UTC", "9999-12-31", DAY, Twice::First), Timestamp::MAX.to_string());
    }
}
