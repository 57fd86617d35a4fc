//! What a guest asks for, as links and forms say it: `guests`, `date`, `time` and `area`. What cannot be read is as if it were left out: a link
//! may be old, or cut off.

use chassis::http::input::{Input, Source};
use chassis::http::text::SHORT_TEXT;
use house::House;
use house::calendar::Calendar;
use house::clock::{Clock, Twice, instant};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use site::form::typed;

use crate::area::AreaId;
use crate::booking::Guests;

/// What a guest asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) guests: Option<Guests>,
    pub(crate) date: Option<Date>,
    pub(crate) time: Option<String>,
    pub(crate) area: Option<AreaId>,
}

impl Asked {
    /// From the query or the form.
    pub(crate) fn of(input: &Input, source: Source) -> Self {
        let time = typed(input, source, "time");
        Self {
            guests: input.peek(source, "guests"),
            date: input.peek(source, "date"),
            time: Some(time).filter(|time| !time.is_empty()),
            area: input.peek(source, "area"),
        }
    }
}

/// The key in a form by which it is known when it is sent again.
pub(crate) fn form_key(input: &Input) -> Option<String> {
    let key = typed(input, Source::Body, "key");
    Some(key).filter(|key| (1..=SHORT_TEXT).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The times of a date, each as a link names it: `19:30`, and with its offset where the clocks show a time twice, the second.
pub(crate) fn names(zone: &TimeZone, times: impl Iterator<Item = Timestamp>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for time in times {
        let local = time.to_zoned(zone.clone());
        let short = local.strftime("%H:%M").to_string();
        let name = if names.contains(&short) { local.strftime("%H:%M%:z").to_string() } else { short };
        names.push(name);
    }
    names
}

/// The instant that a link names: a time of the date that is listed, else the one at which the clocks show it.
pub(crate) fn instant_of(house: &House, date: Date, name: &str) -> Option<Timestamp> {
    let starts = Calendar::new(house, date, date).starts(date);
    let names = names(&house.time_zone, starts.iter().map(|(time, _)| *time));
    let listed = starts.iter().zip(names).find(|(_, listed)| listed == name).map(|((time, _), _)| *time);
    listed.or_else(|| Some(instant(&house.time_zone, date, Clock::parse(name)?.minutes(), Twice::First)))
}

#[cfg(test)]
mod tests {
    use house::floor::Floor;
    use house::rules::Rules;
    use house::schedule::Schedule;
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_time_that_comes_twice_has_two_names() {
        let house = House {
            time_zone: TimeZone::get("Europe/Berlin").expect("a zone"),
            max_ahead: SignedDuration::from_hours(24),
            rules: Rules::default(),
            schedule: Schedule::default(),
            pause_until: None,
            floor: Floor::default(),
        };
        let date = Date::constant(2027, 10, 31);
        let starts = Calendar::new(&house, date, date).starts(date);
        let names = names(&house.time_zone, starts.iter().map(|(time, _)| *time));
        assert_eq!(names[4..8], ["02:00", "02:30", "02:00+01:00", "02:30+01:00"]);
        for ((time, _), name) in starts.iter().zip(&names) {
            assert_eq!(instant_of(&house, date, name), Some(*time), "{name}");
        }
        assert_eq!(instant_of(&house, date, "19:10").map(|time| time.to_string()).as_deref(), Some("2027-10-31T18:10:00Z"));
        assert_eq!(instant_of(&house, date, "25:00"), None);
    }
}
