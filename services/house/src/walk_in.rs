//! Parties that come without a booking. The floor alone decides: a table that is free is theirs, whatever the rules say of bookings.

use jiff::{SignedDuration, Timestamp};

use crate::House;
use crate::calendar::Calendar;
use crate::floor::Unit;
use crate::judge::SHORTEST;
use crate::openings::Openings;
use crate::reason::Reason;
use crate::span::Span;

/// A party at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkIn {
    /// How many guests.
    pub guests: i32,
    /// For how many minutes, where they say so.
    pub minutes: Option<i32>,
    /// In which area, where they want one.
    pub area: Option<i32>,
}

impl WalkIn {
    /// From when until when the party stays if it can: as long as it wants to, or by the turn time, until the restaurant closes.
    pub fn stay(&self, house: &House, now: Timestamp) -> Span {
        let wanted = self.minutes.unwrap_or(house.rules.turn_time(self.guests));
        let closes = Calendar::around(house, now).hours(now).closes();
        let left = closes.and_then(|closes| i32::try_from(closes.duration_since(now).as_mins()).ok());
        let minutes = left.map_or(wanted, |left| wanted.min(left.max(SHORTEST)));
        Span::new(now, SignedDuration::from_mins(minutes.into()))
    }

    /// The tables that the party can have, the best first, each with how long it may stay there: those that are free for the whole stay in the
    /// order in which bookings get them; where there are none, those that are free the longest, for half an hour at least.
    ///
    /// # Errors
    /// `NoTableFits` or `NoTableFree`.
    pub fn choose<'a>(&self, house: &'a House, openings: &Openings, now: Timestamp) -> Result<Vec<(&'a Unit, Span)>, Reason> {
        let fits = |unit: &&Unit| unit.capacity >= self.guests && self.area.is_none_or(|area| unit.area == Some(area));
        let fitting: Vec<_> = house.floor.units().iter().filter(fits).collect();
        if fitting.is_empty() {
            return Err(Reason::NoTableFits);
        }
        self.of(house, openings, fitting, now)
    }

    /// The same, of units that are given.
    ///
    /// # Errors
    /// `NoTableFree`.
    pub fn of<'a>(
        &self,
        house: &House,
        openings: &Openings,
        units: Vec<&'a Unit>,
        now: Timestamp,
    ) -> Result<Vec<(&'a Unit, Span)>, Reason> {
        let stay = self.stay(house, now);
        let buffer = SignedDuration::from_mins(house.rules.buffer_minutes.into());
        let hold = Span { end: Span::new(stay.end, buffer).end, ..stay };
        let whole: Vec<_> = units.iter().filter(|unit| openings.is_free(unit, hold)).map(|unit| (*unit, stay)).collect();
        if !whole.is_empty() {
            return Ok(whole);
        }
        let least = stay.length().min(SignedDuration::from_mins(SHORTEST.into()));
        let shortened = |unit: &'a Unit| {
            let end = openings.free_until(unit, now)?.saturating_sub(buffer).ok()?;
            // Bookings are of whole minutes.
            let minutes = end.duration_since(now).as_mins();
            Some((unit, Span::new(now, SignedDuration::from_mins(minutes)))).filter(|(_, span)| span.length() >= least)
        };
        let mut short: Vec<_> = units.into_iter().filter_map(shortened).collect();
        short.sort_by_key(|(_, span)| std::cmp::Reverse(span.end));
        if short.is_empty() { Err(Reason::NoTableFree) } else { Ok(short) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::floor::tests::table;
    use crate::floor::{Floor, Group, Table};
    use crate::openings::Hold;
    use crate::rules::Rules;
    use crate::schedule::Schedule;
    use crate::schedule::tests::{service, weekly};

    /// A Tuesday, at 20:00 in Berlin.
    const NOW: &str = "2030-05-14T18:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// A house with tables for two and four, and the two joined for six; dinner until 23:30.
    fn house(rules: Rules) -> House {
        let pair = Group { id: 1, tables: vec![1, 2], capacity: 6, min_party: 5 };
        let kept = Table { min_party: 3, online: false, ..table(2, 4) };
        House {
            time_zone: TimeZone::get("Europe/Berlin").expect("a zone"),
            max_ahead: SignedDuration::from_hours(24),
            rules,
            schedule: Schedule::new(vec![weekly(&["tuesday"], service("Dinner", ["18:00", "21:30", "23:30"]))], Vec::new()),
            pause_until: Some(at("2030-05-14T21:00:00Z")),
            floor: Floor::new(&[], vec![table(1, 2), kept], &[pair]),
        }
    }

    fn walk_in(guests: i32) -> WalkIn {
        WalkIn { guests, minutes: None, area: None }
    }

    /// The tables that a party gets, each with until when.
    fn chosen(house: &House, walk_in: WalkIn, now: &str, holds: &[(i32, &str, &str)]) -> Result<Vec<(Vec<i32>, String)>, Reason> {
        let hold = |(table_id, start, end): &(i32, &str, &str)| Hold {
            table_id: *table_id,
            span: Span { start: at(start), end: at(end) },
            seated: false,
        };
        let within = Span::new(at(now), SignedDuration::from_hours(12));
        let openings = Openings::new(&house.floor, &holds.iter().map(hold).collect::<Vec<_>>(), within, at(now));
        let units = walk_in.choose(house, &openings, at(now))?;
        Ok(units.into_iter().map(|(unit, span)| (house.floor.ids(unit), span.end.to_string())).collect())
    }

    #[test]
    fn every_table_that_is_large_enough_is_theirs() {
        let house = house(Rules { max_spare_seats: Some(0), max_party: 1, ..Rules::default() });
        let end = || "2030-05-14T20:00:00Z".to_owned();
        assert_eq!(chosen(&house, walk_in(1), NOW, &[]), Ok(vec![(vec![1], end()), (vec![2], end()), (vec![1, 2], end())]));
        assert_eq!(chosen(&house, walk_in(5), NOW, &[]), Ok(vec![(vec![1, 2], end())]));
        assert_eq!(chosen(&house, walk_in(7), NOW, &[]), Err(Reason::NoTableFits));
        assert_eq!(chosen(&house, WalkIn { area: Some(1), ..walk_in(1) }, NOW, &[]), Err(Reason::NoTableFits));
    }

    #[test]
    fn a_party_stays_until_the_restaurant_closes_and_half_an_hour_at_least() {
        let house = house(Rules::default());
        let until = |now, minutes| chosen(&house, WalkIn { minutes, ..walk_in(5) }, now, &[]).map(|units| units[0].1.clone());
        // The restaurant closes at 21:30 UTC.
        assert_eq!(until("2030-05-14T20:30:00Z", None), Ok("2030-05-14T21:30:00Z".to_owned()));
        assert_eq!(until("2030-05-14T21:20:00Z", None), Ok("2030-05-14T21:50:00Z".to_owned()));
        assert_eq!(until("2030-05-14T20:30:00Z", Some(45)), Ok("2030-05-14T21:15:00Z".to_owned()));
        assert_eq!(until("2030-05-14T22:30:00Z", None), Ok("2030-05-15T00:30:00Z".to_owned()), "nobody closes any more");
    }

    #[test]
    fn where_no_table_is_free_for_long_enough_the_one_that_is_free_longest() {
        let house = house(Rules { buffer_minutes: 15, ..Rules::default() });
        let holds = [(1, "2030-05-14T19:00:00Z", "2030-05-14T21:00:00Z"), (2, "2030-05-14T19:30:00Z", "2030-05-14T21:00:00Z")];
        let short = |guests| chosen(&house, walk_in(guests), NOW, &holds);
        let (sooner, later) = ("2030-05-14T18:45:00Z".to_owned(), "2030-05-14T19:15:00Z".to_owned());
        assert_eq!(short(2), Ok(vec![(vec![2], later), (vec![1], sooner.clone()), (vec![1, 2], sooner.clone())]));
        assert_eq!(short(5), Ok(vec![(vec![1, 2], sooner)]));
        // A booking that begins when the party would leave is too near by the buffer.
        let next = [(1, "2030-05-14T20:00:00Z", "2030-05-14T21:00:00Z"), (2, "2030-05-14T20:00:00Z", "2030-05-14T21:00:00Z")];
        let until = chosen(&house, walk_in(5), NOW, &next).map(|units| units[0].1.clone());
        assert_eq!(until, Ok("2030-05-14T19:45:00Z".to_owned()));
        // Free for 44 minutes, of which 15 are kept: less than half an hour.
        let now = "2030-05-14T18:16:00Z";
        assert_eq!(chosen(&house, walk_in(5), now, &holds), Err(Reason::NoTableFree));
        assert_eq!(chosen(&house, WalkIn { minutes: Some(20), ..walk_in(5) }, now, &holds).map(|units| units.len()), Ok(1));
        assert_eq!(chosen(&house, walk_in(5), "2030-05-14T19:10:00Z", &holds), Err(Reason::NoTableFree), "taken");
    }
}
