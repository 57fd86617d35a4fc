//! The nights of a restaurant: which services are when, at which date a time belongs, and which times are listed.
//!
//! Nights tile time. A date begins at its midnight or, where the night before lasts longer, when that one's last service closes; it ends
//! where the next one begins.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::House;
use crate::clock::{Twice, instant};
use crate::schedule::Service;
use crate::span::Span;

/// The distance of the times that are listed where bookings may begin at any minute, in minutes.
const LISTED: i32 = 30;

/// A service on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitting<'a> {
    /// The date.
    pub date: Date,
    /// The service.
    pub service: &'a Service,
    /// When it opens.
    pub opens: Timestamp,
    /// When its last party is seated.
    pub last_seating: Timestamp,
    /// When it closes.
    pub closes: Timestamp,
}

/// What a restaurant does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours<'a> {
    /// It has no hours on that date, which began then: it is open around the clock.
    AroundTheClock {
        /// The midnight of the date.
        since: Timestamp,
    },
    /// It serves.
    In(Sitting<'a>),
    /// It is closed.
    Closed,
}

impl<'a> Hours<'a> {
    /// The service.
    pub fn service(&self) -> Option<&'a Service> {
        match self {
            Self::In(sitting) => Some(sitting.service),
            _ => None,
        }
    }

    /// When it closes.
    pub fn closes(&self) -> Option<Timestamp> {
        match self {
            Self::In(sitting) => Some(sitting.closes),
            _ => None,
        }
    }
}

/// The nights of some dates in a row.
#[derive(Clone, Debug)]
pub struct Calendar<'a> {
    house: &'a House,
    /// From the date before the first to the one after the last.
    nights: Vec<Night<'a>>,
}

#[derive(Clone, Debug)]
struct Night<'a> {
    date: Date,
    midnight: Timestamp,
    /// `None`: around the clock.
    sittings: Option<Vec<Sitting<'a>>>,
}

impl<'a> Night<'a> {
    fn new(house: &'a House, date: Date) -> Self {
        let at = |minutes, twice| instant(&house.time_zone, date, minutes, twice);
        let sitting = |service: &'a Service| Sitting {
            date,
            service,
            opens: at(service.opens.minutes(), Twice::First),
            last_seating: at(service.last_seating_minutes(), Twice::First),
            closes: at(service.closes_minutes(), Twice::Second),
        };
        let sittings = house.schedule.services(date).map(|services| services.into_iter().map(sitting).collect());
        Self { date, midnight: at(0, Twice::First), sittings }
    }

    fn sittings(&self) -> &[Sitting<'a>] {
        self.sittings.as_deref().unwrap_or_default()
    }
}

impl<'a> Calendar<'a> {
    /// The nights from `first` to `last`.
    pub fn new(house: &'a House, first: Date, last: Date) -> Self {
        let before = first.checked_sub(1.day()).unwrap_or(first);
        let dates = before.series(1.day()).take_while(|date| *date <= last.saturating_add(1.day()));
        Self { house, nights: dates.map(|date| Night::new(house, date)).collect() }
    }

    /// The nights around a time.
    pub fn around(house: &'a House, time: Timestamp) -> Self {
        let local = time.to_zoned(house.time_zone.clone()).date();
        // It may belong to the night before.
        Self::new(house, local.checked_sub(1.day()).unwrap_or(local), local)
    }

    /// The night of a date. At the end of the calendar it is empty.
    pub fn night(&self, date: Date) -> Span {
        let index = self.index(date);
        let end = if index + 1 < self.nights.len() { self.begins(index + 1) } else { Timestamp::MAX };
        Span { start: self.begins(index), end }
    }

    /// The date to which a time belongs.
    pub fn date_of(&self, time: Timestamp) -> Date {
        let after = self.nights.partition_point(|night| night.midnight <= time);
        // The first night of all may begin before its own midnight only in theory.
        let index = after.saturating_sub(1);
        let index = if index > 0 && time < self.begins(index) { index - 1 } else { index };
        self.nights[index].date
    }

    /// What the restaurant does at a time. One that two services claim belongs to the one that opened later.
    pub fn hours(&self, time: Timestamp) -> Hours<'a> {
        let after = self.nights.partition_point(|night| night.midnight <= time);
        let near = &self.nights[after.saturating_sub(2)..after];
        let open = near.iter().flat_map(Night::sittings).filter(|sitting| sitting.opens <= time && time < sitting.closes);
        if let Some(sitting) = open.max_by_key(|sitting| sitting.opens) {
            return Hours::In(*sitting);
        }
        match near.last() {
            Some(night) if night.sittings.is_none() && time >= self.begins(after - 1) => Hours::AroundTheClock { since: night.midnight },
            _ => Hours::Closed,
        }
    }

    /// The services of a date.
    pub fn sittings(&self, date: Date) -> &[Sitting<'a>] {
        self.nights[self.index(date)].sittings()
    }

    /// The times of a date that are listed, in order, each with what the restaurant does then.
    pub fn starts(&self, date: Date) -> Vec<(Timestamp, Hours<'a>)> {
        let index = self.index(date);
        let rule = self.house.rules.slot_minutes;
        let mut starts = match &self.nights[index].sittings {
            None => {
                let (midnight, night) = (self.nights[index].midnight, self.night(date));
                let times = every(midnight, rule.unwrap_or(LISTED)).take_while(move |time| *time < night.end);
                let times = times.map(|time| (time, self.hours(time)));
                times.filter(|(_, hours)| matches!(hours, Hours::AroundTheClock { .. })).collect::<Vec<_>>()
            }
            Some(sittings) => {
                let of = |sitting: &Sitting<'a>| {
                    let (sitting, step) = (*sitting, sitting.service.slot_minutes.or(rule).unwrap_or(LISTED));
                    every(sitting.opens, step).take_while(move |time| *time <= sitting.last_seating).map(move |time| (time, sitting))
                };
                let times = sittings.iter().flat_map(of).map(|(time, sitting)| (time, sitting, self.hours(time)));
                // A time that belongs to another service is that one's.
                times.filter(|(_, sitting, hours)| *hours == Hours::In(*sitting)).map(|(time, _, hours)| (time, hours)).collect()
            }
        };
        starts.sort_by_key(|(time, _)| *time);
        starts
    }

    fn index(&self, date: Date) -> usize {
        let index = self.nights.partition_point(|night| night.date < date);
        index.min(self.nights.len() - 1)
    }

    /// When a night begins.
    fn begins(&self, index: usize) -> Timestamp {
        let night = &self.nights[index];
        let Some(before) = index.checked_sub(1).map(|before| &self.nights[before]) else { return night.midnight };
        let last_close = before.sittings().iter().map(|sitting| sitting.closes).max().unwrap_or(night.midnight);
        // Where this night opens before the last one closes, a time belongs to what opened later.
        let first_open = night.sittings().iter().map(|sitting| sitting.opens).min().unwrap_or(last_close);
        night.midnight.max(last_close.min(first_open))
    }
}

/// A time, and then one after the other, so many minutes apart, until the end of the calendar.
fn every(start: Timestamp, minutes: i32) -> impl Iterator<Item = Timestamp> {
    let step = SignedDuration::from_mins(i64::from(minutes));
    std::iter::successors(Some(start), move |time| time.checked_add(step).ok())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::floor::Floor;
    use crate::rules::Rules;
    use crate::schedule::tests::{service, weekly};
    use crate::schedule::{Exception, Schedule, Weekly};

    const EVERY_DAY: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

    fn house(zone: &str, week: Vec<Weekly>, exceptions: Vec<Exception>) -> House {
        House {
            time_zone: TimeZone::get(zone).expect("a zone"),
            max_ahead: SignedDuration::from_hours(24),
            rules: Rules::default(),
            schedule: Schedule::new(week, exceptions),
            pause_until: None,
            floor: Floor::default(),
        }
    }

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_time_or_a_date_beyond_the_calendar_is_of_its_first_or_last_night() {
        let house = house("UTC", Vec::new(), Vec::new());
        let calendar = Calendar::new(&house, date("2030-05-17"), date("2030-05-17"));
        assert_eq!(calendar.date_of(at("2030-05-01T12:00:00Z")), date("2030-05-16"));
        assert_eq!(calendar.date_of(at("2030-06-01T12:00:00Z")), date("2030-05-18"));
        assert_eq!(calendar.night(date("2030-06-01")), calendar.night(date("2030-05-18")));
        assert_eq!(calendar.night(date("2030-05-01")), calendar.night(date("2030-05-16")));
    }

    fn starts(house: &House, of: &str) -> Vec<String> {
        let calendar = Calendar::new(house, date(of), date(of));
        calendar.starts(date(of)).into_iter().map(|(time, _)| time.strftime("%H:%M").to_string()).collect()
    }

    /// The night of a date, and what the calendar around each of its ends says of the date.
    fn night(house: &House, of: &str) -> (String, String) {
        let night = Calendar::new(house, date(of), date(of)).night(date(of));
        let before = night.start - SignedDuration::from_nanos(1);
        let dates = [before, night.start, night.end].map(|time| Calendar::around(house, time).date_of(time));
        let day = date(of);
        assert_eq!(dates, [day.yesterday().expect("a date"), day, day.tomorrow().expect("a date")], "{of}");
        (night.start.to_string(), night.end.to_string())
    }

    #[test]
    fn a_day_without_hours_has_as_many_times_as_its_clocks_have_half_hours() {
        let house = house("Europe/Berlin", Vec::new(), Vec::new());
        for (of, times) in [("2030-03-31", 46), ("2030-06-01", 48), ("2030-10-27", 50)] {
            assert_eq!(starts(&house, of).len(), times, "{of}");
        }
        // The clocks of Lord Howe change by half an hour.
        let house = self::house("Australia/Lord_Howe", Vec::new(), Vec::new());
        assert_eq!((starts(&house, "2030-04-07").len(), starts(&house, "2030-10-06").len()), (49, 47));
    }

    #[test]
    fn the_times_of_a_service_run_from_its_opening_to_its_last_seating() {
        let lunch = Service { slot_minutes: Some(15), ..service("Lunch", ["12:10", "13:00", "14:30"]) };
        let mut house =
            house("UTC", vec![weekly(&["friday"], service("Dinner", ["18:00", "20:00", "22:00"])), weekly(&["friday"], lunch)], Vec::new());
        let dinner = ["18:00", "18:30", "19:00", "19:30", "20:00"];
        assert_eq!(starts(&house, "2030-05-17"), [&["12:10", "12:25", "12:40", "12:55"], &dinner[..]].concat());
        house.rules.slot_minutes = Some(60);
        assert_eq!(starts(&house, "2030-05-17"), ["12:10", "12:25", "12:40", "12:55", "18:00", "19:00", "20:00"]);
        let (friday, saturday) = (date("2030-05-17"), date("2030-05-18"));
        assert_eq!(starts(&house, "2030-05-18"), Vec::<String>::new());
        let calendar = Calendar::new(&house, friday, saturday);
        assert_eq!((calendar.sittings(friday).len(), calendar.sittings(saturday).len()), (2, 0));
    }

    #[test]
    fn a_day_that_changes_the_clocks_has_no_time_too_many_or_too_few() {
        let night = |times| house("Europe/Berlin", vec![weekly(&["sunday"], service("Night", times))], Vec::new());
        // 02:00 to 03:00 is left out: 01:00, 01:30, then 03:00 to 04:00.
        assert_eq!(starts(&night(["01:00", "04:00", "05:00"]), "2030-03-31"), ["00:00", "00:30", "01:00", "01:30", "02:00"]);
        // It comes twice.
        assert_eq!(starts(&night(["01:00", "03:00", "05:00"]), "2030-10-27").len(), 7);
        // Both opening and last seating are the first of two, closing is the second.
        let house = night(["02:00", "02:30", "02:45"]);
        let sunday = date("2030-10-27");
        let calendar = Calendar::new(&house, sunday, sunday);
        let [sitting] = calendar.sittings(sunday) else { panic!("one service") };
        let times = [sitting.opens, sitting.last_seating, sitting.closes].map(|time| time.to_string());
        assert_eq!(times, ["2030-10-27T00:00:00Z", "2030-10-27T00:30:00Z", "2030-10-27T01:45:00Z"]);
        // 02:30 is moved on to 03:30, after the last seating at 03:15.
        assert_eq!(starts(&night(["02:30", "03:15", "04:00"]), "2030-03-31"), Vec::<String>::new());
        assert_eq!(starts(&night(["02:30", "03:15", "04:00"]), "2030-03-24"), ["01:30", "02:00"]);
    }

    #[test]
    fn a_night_lasts_until_its_last_service_closes() {
        let dinner = weekly(&["friday", "saturday"], service("Dinner", ["18:00", "00:30", "02:00"]));
        let house = house("UTC", vec![dinner], Vec::new());
        let midnight = |day: u8| format!("2030-05-{day}T00:00:00Z");
        assert_eq!(night(&house, "2030-05-16"), (midnight(16), midnight(17)));
        assert_eq!(night(&house, "2030-05-17"), (midnight(17), "2030-05-18T02:00:00Z".to_owned()));
        assert_eq!(night(&house, "2030-05-18"), ("2030-05-18T02:00:00Z".to_owned(), "2030-05-19T02:00:00Z".to_owned()));
        assert_eq!(night(&house, "2030-05-19"), ("2030-05-19T02:00:00Z".to_owned(), midnight(20)));
        assert_eq!(starts(&house, "2030-05-17").last().map(String::as_str), Some("00:30"));
    }

    #[test]
    fn a_time_belongs_to_the_service_that_opened_later() {
        // Exceptions of neighbouring dates may overlap.
        let exception = |of, times| Exception { from: date(of), until: date(of), services: vec![service(of, times)] };
        let exceptions = vec![exception("2030-05-17", ["18:00", "02:00", "04:00"]), exception("2030-05-18", ["01:00", "01:30", "03:00"])];
        let house = house("UTC", Vec::new(), exceptions);
        let name = |time| Calendar::around(&house, at(time)).hours(at(time)).service().map(|service| service.name.clone());
        assert_eq!(name("2030-05-18T00:59:00Z").as_deref(), Some("2030-05-17"));
        assert_eq!(name("2030-05-18T01:00:00Z").as_deref(), Some("2030-05-18"));
        assert_eq!(name("2030-05-18T02:59:00Z").as_deref(), Some("2030-05-18"));
        assert_eq!(name("2030-05-18T03:00:00Z").as_deref(), Some("2030-05-17"));
        assert_eq!(starts(&house, "2030-05-17")[12..], ["00:00", "00:30"]);
        assert_eq!(starts(&house, "2030-05-18"), ["01:00", "01:30"]);
        assert_eq!(night(&house, "2030-05-18").0, "2030-05-18T01:00:00Z");
        // The date after has no hours, and begins at its midnight.
        assert_eq!(starts(&house, "2030-05-19").len(), 48);
        // Without hours a date begins when the night before ends, too.
        let late = self::house("UTC", Vec::new(), vec![exception("2030-05-17", ["18:00", "02:00", "04:00"])]);
        assert_eq!(starts(&late, "2030-05-18").first().map(String::as_str), Some("04:00"));
        let hours = |time| Calendar::around(&late, at(time)).hours(at(time));
        assert_eq!(hours("2030-05-18T04:00:00Z"), Hours::AroundTheClock { since: at("2030-05-18T00:00:00Z") });
        assert!(matches!(hours("2030-05-18T03:59:00Z"), Hours::In(_)));
        assert_eq!(hours("2030-05-17T17:59:00Z"), Hours::Closed);
    }

    #[test]
    fn nights_tile_time_in_every_zone() {
        let dinner = weekly(&EVERY_DAY, service("Dinner", ["17:30", "00:15", "01:30"]));
        let week = vec![weekly(&["saturday"], service("Brunch", ["09:00", "13:00", "15:00"])), dinner];
        for zone in ["UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Europe/Berlin", "America/Havana"] {
            for house in [house(zone, week.clone(), Vec::new()), house(zone, Vec::new(), Vec::new())] {
                let (first, last) = (date("2030-01-01"), date("2030-12-31"));
                let calendar = Calendar::new(&house, first, last);
                for day in first.series(1.day()).take_while(|day| *day < last) {
                    let night = calendar.night(day);
                    assert_eq!(night.end, calendar.night(day.tomorrow().expect("a date")).start, "{zone} {day}");
                    assert!(night.start < night.end, "{zone} {day}");
                    for (time, hours) in calendar.starts(day) {
                        assert!(night.start <= time && time < night.end && calendar.date_of(time) == day, "{zone} {day} {time}");
                        assert_eq!(Calendar::around(&house, time).hours(time), hours, "{zone} {time}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_last_days_of_the_calendar_are_days_too() {
        let house = house("Pacific/Auckland", vec![weekly(&EVERY_DAY, service("Dinner", ["18:00", "00:30", "02:00"]))], Vec::new());
        for of in [Date::MAX, Date::MIN] {
            let calendar = Calendar::new(&house, of, of);
            let night = calendar.night(of);
            assert!(night.start <= night.end);
            calendar.starts(of);
            calendar.hours(night.start);
            calendar.date_of(night.start);
        }
    }
}
