//! The calendar of the house: when a booking may begin, and which times of a day are listed. Hours, steps, notice and pauses belong here.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::config::House;
use crate::span::Span;

/// The distance between two times of a day that are listed.
const STEP: SignedDuration = SignedDuration::from_mins(30);

chassis::words! {
    /// Why a time cannot be booked; of several reasons, the first of this order.
    pub enum Reason {
        /// It is in the past.
        Past = "past",
        /// It is further ahead than bookings are taken.
        TooFarAhead = "too_far_ahead",
        /// No table seats the party.
        NoTableFits = "no_table_fits",
        /// Every table that seats the party is taken.
        NoTableFree = "no_table_free",
    }
}

impl House {
    /// Whether a booking may begin at this time.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_begin(&self, start: Timestamp, now: Timestamp) -> Result<(), Reason> {
        if start < now {
            Err(Reason::Past)
        } else if start > self.latest(now) {
            Err(Reason::TooFarAhead)
        } else {
            Ok(())
        }
    }

    /// The latest time at which a booking may begin.
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.max_ahead).unwrap_or(Timestamp::MAX)
    }

    /// The local date in which a booking that begins at this time lies.
    pub fn date_of(&self, start: Timestamp) -> Date {
        start.to_zoned(self.time_zone.clone()).date()
    }

    /// The stretch of time that is a local date; 23 or 25 hours where the clocks change. At the end of the calendar it is empty.
    pub fn day(&self, date: Date) -> Span {
        let midnight = |date: Date| date.to_zoned(self.time_zone.clone()).map_or(Timestamp::MAX, |midnight| midnight.timestamp());
        Span { start: midnight(date), end: date.tomorrow().map_or(Timestamp::MAX, midnight) }
    }

    /// The times of a local date that are listed, in order.
    pub fn starts(&self, date: Date) -> impl Iterator<Item = Timestamp> + use<> {
        let day = self.day(date);
        std::iter::successors(Some(day.start), |start| start.checked_add(STEP).ok()).take_while(move |start| *start < day.end)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_day_has_as_many_times_as_its_clocks_have_half_hours() {
        let house = House { time_zone: TimeZone::get("Europe/Berlin").expect("a zone"), ..House::default() };
        for (date, times) in [((2030, 3, 31), 46), ((2030, 6, 1), 48), ((2030, 10, 27), 50)] {
            assert_eq!(house.starts(Date::new(date.0, date.1, date.2).expect("a date")).count(), times, "{date:?}");
        }
    }

    #[test]
    fn the_last_days_of_the_calendar_are_days_too() {
        for date in [Date::new(9999, 12, 31), Date::new(-9999, 1, 1)] {
            let day = House::default().day(date.expect("a date"));
            assert!(day.start <= day.end);
        }
    }

    #[test]
    fn a_booking_begins_from_now_on_and_no_later_than_the_limit() {
        let (house, now) = (House::default(), "2030-05-17T10:00:00Z".parse::<Timestamp>().expect("a time"));
        let limit = SignedDuration::from_hours(24 * 180);
        assert_eq!(house.may_begin(now, now), Ok(()));
        assert_eq!(house.may_begin(now - SignedDuration::from_secs(1), now), Err(Reason::Past));
        assert_eq!(house.may_begin(now + limit, now), Ok(()));
        assert_eq!(house.may_begin(now + limit + SignedDuration::from_secs(1), now), Err(Reason::TooFarAhead));
    }
}
