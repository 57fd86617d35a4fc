//! The openings of days, kept in memory for a second: where a whole fortnight is booked out, looking for another time reads thousands of
//! holds, and everybody who is refused looks. What this replica writes it forgets at once; what another one writes it may be a second
//! late to see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use sqlx::PgConnection;

use super::{Party, horizon, judge};
use crate::booking::Minutes;
use crate::config::House;
use crate::floor::Openings;
use crate::span::Span;
use crate::store;

/// For how long the openings of a day are kept.
const KEPT: Duration = Duration::from_secs(1);

/// The openings of days.
#[derive(Debug, Default)]
pub struct Days {
    known: Mutex<Known>,
    /// One at a time reads; the others wait for what it finds.
    reading: tokio::sync::Mutex<()>,
    /// One at a time is refused.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The turn of a party that is likely to be refused; it is the next one's when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _held: Option<tokio::sync::OwnedMutexGuard<()>>,
}

#[derive(Debug, Default)]
struct Known {
    openings: HashMap<Date, (Instant, Arc<Openings>)>,
    /// When this replica last changed what is held in a day: a read that began before is not kept.
    written: HashMap<Date, Instant>,
    all_written: Option<Instant>,
}

impl Known {
    /// The openings of each of the days, where they are known.
    fn get(&self, first: Date, last: Date) -> Vec<(Date, Option<Arc<Openings>>)> {
        let known = |date: Date| {
            let (read, openings) = self.openings.get(&date)?;
            (read.elapsed() < KEPT).then(|| openings.clone())
        };
        dates(first, last).map(|date| (date, known(date))).collect()
    }

    fn keep(&mut self, date: Date, read: Instant, openings: Arc<Openings>) {
        let outdated = self.written.get(&date).copied().max(self.all_written).is_some_and(|written| written >= read);
        if !outdated {
            self.openings.insert(date, (read, openings));
        }
    }
}

fn dates(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |date| *date <= last)
}

impl Days {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nothing panics while it holds the lock")
    }

    /// Waits, where what is known has no table free for the party then, until nobody else is being refused. To be called before a
    /// connection is taken: to search for other times costs the most of all requests, and however many parties want it at once, the
    /// connections and the cores are for everybody. Where nothing is known, or a table is free, nobody waits.
    pub async fn turn(&self, house: &House, party: Party, start: Timestamp, now: Timestamp) -> Turn {
        let date = house.date_of(start);
        let known = self.known().get(date, date).pop().and_then(|(_, openings)| openings);
        let full = known.is_some_and(|openings| judge(house, &openings, party, start, now).is_err());
        Turn { _held: if full { Some(self.turn.clone().lock_owned().await) } else { None } }
    }

    /// The openings of the days from `first` to `last`, in order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn get(
        &self,
        connection: &mut PgConnection,
        house: &House,
        (first, last): (Date, Date),
        now: Timestamp,
    ) -> Result<Vec<(Date, Arc<Openings>)>, sqlx::Error> {
        let mut days = self.known().get(first, last);
        if days.iter().any(|(_, openings)| openings.is_none()) {
            let _one_at_a_time = self.reading.lock().await;
            days = self.known().get(first, last);
            // What is known is not read again: of days that follow each other and are not, all holds come at once.
            for run in days.chunk_by_mut(|(_, one), (_, next)| one.is_none() == next.is_none()) {
                if run.iter().all(|(_, openings)| openings.is_none()) {
                    self.read(connection, house, run, now).await?;
                }
            }
        }
        Ok(days.into_iter().map(|(date, openings)| (date, openings.expect("it was known or has been read"))).collect())
    }

    /// Reads the openings of days that follow each other.
    async fn read(
        &self,
        connection: &mut PgConnection,
        house: &House,
        run: &mut [(Date, Option<Arc<Openings>>)],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let (Some(&(first, _)), Some(&(last, _))) = (run.first(), run.last()) else { return Ok(()) };
        let read = Instant::now();
        let within = Span { start: horizon(house, first).start, end: horizon(house, last).end };
        let openings = store::hold::openings(connection, within, None, now).await?;
        for (date, found) in run.iter_mut() {
            *found = Some(Arc::new(openings.clipped(horizon(house, *date))));
        }
        let mut known = self.known();
        known.openings.retain(|_, (read, _)| read.elapsed() < KEPT);
        for (date, openings) in run {
            known.keep(*date, read, openings.clone().expect("it was made just now"));
        }
        Ok(())
    }

    /// Forgets the days in which a table was taken or freed for this stretch of time.
    pub fn forget(&self, house: &House, span: Span) {
        let reach = Minutes::MAX.duration();
        let first = house.date_of(span.start.saturating_sub(reach).unwrap_or(Timestamp::MIN));
        let now = Instant::now();
        let mut known = self.known();
        for date in dates(first, house.date_of(span.end)) {
            known.openings.remove(&date);
            known.written.insert(date, now);
        }
    }

    /// Forgets everything: a table has changed.
    pub fn forget_all(&self) {
        let mut known = self.known();
        known.openings.clear();
        known.all_written = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;
    use jiff::SignedDuration;

    use super::*;
    use crate::booking::Guests;
    use crate::floor::{Held, Hold};
    use crate::table::TableId;

    #[tokio::test]
    async fn s03_who_is_likely_to_be_refused_waits_for_the_one_before() {
        let (house, now) = (House::default(), Timestamp::now());
        let start = now + SignedDuration::from_hours(48);
        let date = house.date_of(start);
        let party = Party { guests: Guests::new(2).expect("a party"), minutes: Minutes::DEFAULT };
        let days = Days::default();
        // Nothing is known: nobody waits.
        let turns = (days.turn(&house, party, start, now).await, days.turn(&house, party, start, now).await);
        drop(turns);
        let within = horizon(&house, date);
        let table = |holds| Held { table_id: TableId::new(1).expect("an id"), table_number: 1, capacity: 4, holds };
        let keep = |holds| {
            let openings = Arc::new(Openings::new(&[table(holds)], within, now));
            days.known().keep(date, Instant::now(), openings);
        };
        keep(vec![Hold { span: within, seated: false }]);
        let first = days.turn(&house, party, start, now).await;
        let mut second = std::pin::pin!(days.turn(&house, party, start, now));
        assert!(poll!(second.as_mut()).is_pending(), "the first is still being refused");
        // Another party, to whom a table is free, waits for nobody.
        keep(Vec::new());
        assert!(matches!(poll!(std::pin::pin!(days.turn(&house, party, start, now))), Poll::Ready(_)));
        drop(first);
        assert!(matches!(poll!(second), Poll::Ready(_)), "it is the second one's turn");
    }
}
