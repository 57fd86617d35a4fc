//! When a table is free: slots of a day, and times near one that is not. Ranges are half-open: free from 20:00 is bookable at 20:00.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// The distance between two slots of a day.
const STEP: SignedDuration = SignedDuration::from_mins(30);
/// The distance between two times that are offered in place of one that is not free.
const NEAR: SignedDuration = SignedDuration::from_mins(15);
/// How many times are offered.
const ALTERNATIVES: usize = 3;

/// A table that is held for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Hold {
    /// The table.
    pub table_id: i32,
    /// From when on.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub start_at: Timestamp,
    /// Until when, exclusive.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub end_at: Timestamp,
}

/// The times between which bookings begin.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The earliest: now.
    pub now: Timestamp,
    /// The latest: as far ahead as is taken.
    pub latest: Timestamp,
}

impl Window {
    fn contains(&self, start: Timestamp) -> bool {
        (self.now..=self.latest).contains(&start)
    }
}

/// Whether a time can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A table that fits is free.
    Available,
    /// No table can be had; the reason says why.
    Unavailable,
    /// The restaurant is closed.
    Closed,
}

/// Why a time cannot be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It has gone by.
    Past,
    /// It is further ahead than bookings are taken.
    TooFarAhead,
    /// No table seats the party.
    NoTableFits,
    /// Every table that seats the party is taken.
    NoTableFree,
}

/// One time of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Slot {
    /// When the booking would begin.
    pub time: Timestamp,
    /// Whether it can be booked.
    pub state: State,
    /// Why not; null where it can.
    pub reason: Option<Reason>,
}

/// The instants between which a local date lies; 23 or 25 hours apart where the clocks change. At the end of time they meet.
pub fn day(date: Date, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |midnight| midnight.timestamp());
    (midnight(date), date.tomorrow().map_or(Timestamp::MAX, midnight))
}

/// When tables are held, for questions about many times.
#[derive(Debug)]
pub struct Timetable(Vec<Vec<(Timestamp, Timestamp)>>);

impl Timetable {
    /// The holds of these tables; those of a table do not overlap, which the database sees to.
    pub fn new(tables: &[i32], holds: &[Hold]) -> Self {
        let of_table = |table: &i32| {
            let own = holds.iter().filter(|hold| hold.table_id == *table);
            let mut own: Vec<_> = own.map(|hold| (hold.start_at, hold.end_at)).collect();
            own.sort_unstable();
            own
        };
        Self(tables.iter().map(of_table).collect())
    }

    /// Whether one of the tables is free for the whole of `[start, end)`.
    pub fn is_free(&self, start: Timestamp, end: Timestamp) -> bool {
        // As they do not overlap, the holds of a table end in the order in which they begin.
        let free = |held: &Vec<(Timestamp, Timestamp)>| match held.get(held.partition_point(|(_, end_at)| *end_at <= start)) {
            Some((start_at, _)) => *start_at >= end,
            None => true,
        };
        self.0.iter().any(free)
    }
}

/// The slots of a day, for a party that fits at `tables` and stays for `duration`.
pub fn slots(day: (Timestamp, Timestamp), duration: SignedDuration, window: Window, tables: &[i32], holds: &[Hold]) -> Vec<Slot> {
    let timetable = Timetable::new(tables, holds);
    let starts = std::iter::successors(Some(day.0), |start| start.checked_add(STEP).ok()).take_while(|start| *start < day.1);
    starts
        .map(|time| {
            let reason = if time < window.now {
                Some(Reason::Past)
            } else if time > window.latest {
                Some(Reason::TooFarAhead)
            } else if tables.is_empty() {
                Some(Reason::NoTableFits)
            } else if timetable.is_free(time, time.saturating_add(duration).unwrap_or(time)) {
                None
            } else {
                Some(Reason::NoTableFree)
            };
            Slot { time, state: if reason.is_some() { State::Unavailable } else { State::Available }, reason }
        })
        .collect()
}

/// The free times nearest to one that is not, within `reach` of it: at most three, the nearest first, the earlier of two that are as
/// near.
pub fn alternatives(
    wanted: Timestamp,
    duration: SignedDuration,
    window: Window,
    reach: SignedDuration,
    timetable: &Timetable,
) -> Vec<Timestamp> {
    let steps = reach.as_secs() / NEAR.as_secs();
    let near = (1..=steps).map(|step| NEAR * i32::try_from(step).unwrap_or(0));
    let times = near.flat_map(|distance| [wanted.checked_sub(distance), wanted.checked_add(distance)]).filter_map(Result::ok);
    let free = |start: &Timestamp| start.checked_add(duration).is_ok_and(|end| timetable.is_free(*start, end));
    times.filter(|start| window.contains(*start)).filter(free).take(ALTERNATIVES).collect()
}

/// How far from the time asked for others are looked for: the same day, then the week, then as far ahead as bookings are taken.
pub fn reaches(wanted: Timestamp, window: Window) -> [SignedDuration; 3] {
    let furthest = wanted.duration_since(window.now).max(window.latest.duration_since(wanted));
    [SignedDuration::from_hours(24), SignedDuration::from_hours(24 * 7), furthest.max(SignedDuration::ZERO)]
}

/// Whether these are as many as are offered.
pub fn are_enough(alternatives: &[Timestamp]) -> bool {
    alternatives.len() == ALTERNATIVES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn hold(table_id: i32, start: &str, end: &str) -> Hold {
        Hold { table_id, start_at: at(start), end_at: at(end) }
    }

    fn always() -> Window {
        Window { now: at("2020-01-01T00:00:00Z"), latest: at("2040-01-01T00:00:00Z") }
    }

    const DAY: SignedDuration = SignedDuration::from_hours(24);
    const TWO_HOURS: SignedDuration = SignedDuration::from_hours(2);

    #[test]
    fn a_day_has_as_many_slots_as_its_clocks_have_half_hours() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        for (date, slots_of_day) in [((2030, 3, 31), 46), ((2030, 6, 1), 48), ((2030, 10, 27), 50)] {
            let day = day(Date::new(date.0, date.1, date.2).expect("a date"), &zone);
            assert_eq!(slots(day, TWO_HOURS, always(), &[1], &[]).len(), slots_of_day, "{date:?}");
        }
    }

    #[test]
    fn a_short_booking_inside_a_long_one_is_seen() {
        let inside = [hold(1, "2030-05-17T20:00:00Z", "2030-05-17T20:15:00Z")];
        let free = |tables: &[i32], start, end| Timetable::new(tables, &inside).is_free(start, end);
        assert!(!free(&[1], at("2030-05-17T18:00:00Z"), at("2030-05-17T22:00:00Z")));
        assert!(free(&[1], at("2030-05-17T20:15:00Z"), at("2030-05-17T22:15:00Z")));
        assert!(free(&[1], at("2030-05-17T18:00:00Z"), at("2030-05-17T20:00:00Z")));
        assert!(free(&[1, 2], at("2030-05-17T18:00:00Z"), at("2030-05-17T22:00:00Z")));
    }

    #[test]
    fn slots_say_why_not() {
        let day = (at("2030-05-17T00:00:00Z"), at("2030-05-18T00:00:00Z"));
        let window = Window { now: at("2030-05-17T10:00:00Z"), latest: at("2030-05-17T22:00:00Z") };
        let holds = [hold(1, "2030-05-17T19:00:00Z", "2030-05-17T21:00:00Z")];
        let slots = slots(day, TWO_HOURS, window, &[1], &holds);
        let reason = |time: &str| slots.iter().find(|slot| slot.time == at(time)).expect("a slot").reason;
        assert_eq!(reason("2030-05-17T09:30:00Z"), Some(Reason::Past));
        assert_eq!(reason("2030-05-17T10:00:00Z"), None);
        assert_eq!(reason("2030-05-17T17:00:00Z"), None);
        assert_eq!(reason("2030-05-17T17:30:00Z"), Some(Reason::NoTableFree));
        assert_eq!(reason("2030-05-17T20:30:00Z"), Some(Reason::NoTableFree));
        assert_eq!(reason("2030-05-17T21:00:00Z"), None);
        assert_eq!(reason("2030-05-17T22:30:00Z"), Some(Reason::TooFarAhead));
        assert!(super::slots(day, TWO_HOURS, always(), &[], &[]).iter().all(|slot| slot.reason == Some(Reason::NoTableFits)));
    }

    #[test]
    fn the_last_days_of_the_calendar_are_days_too() {
        let (start, end) = day(Date::new(9999, 12, 31).expect("a date"), &TimeZone::UTC);
        assert!(start <= end);
        let (start, end) = day(Date::new(-9999, 1, 1).expect("a date"), &TimeZone::UTC);
        assert!(start <= end);
    }

    #[test]
    fn alternatives_are_the_nearest_and_free() {
        let holds = [hold(1, "2030-05-17T19:00:00Z", "2030-05-17T21:00:00Z")];
        let found = alternatives(at("2030-05-17T19:00:00Z"), TWO_HOURS, always(), DAY, &Timetable::new(&[1], &holds));
        assert_eq!(found, [at("2030-05-17T17:00:00Z"), at("2030-05-17T21:00:00Z"), at("2030-05-17T16:45:00Z")]);
        let soon = Window { now: at("2030-05-17T18:00:00Z"), latest: at("2030-05-17T21:10:00Z") };
        let found = alternatives(at("2030-05-17T19:00:00Z"), TWO_HOURS, soon, DAY, &Timetable::new(&[1], &holds));
        assert_eq!(found, [at("2030-05-17T21:00:00Z")]);
    }
}
