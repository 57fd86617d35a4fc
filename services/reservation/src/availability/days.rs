//! The openings of days, kept in memory for a second: where a whole fortnight is booked out, looking for another time reads thousands of
//! holds, and everybody who is refused looks. What this replica writes it forgets at once; what another one writes it may be a second
//! late to see. Days are those of UTC here, so that they are the same whatever the house says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use house::House;
use house::judge::Wish;
use house::openings::{Hold, Openings};
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use super::is_full;
use crate::memory::Known;
use crate::store;

/// For how long the openings of a day are kept.
const KEPT: Duration = Duration::from_secs(1);
/// The longest hold of a booking: 8 hours, and 2 hours until its table is given out again.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(10);
/// The longest that a table stays taken after a booking.
const BUFFER: SignedDuration = SignedDuration::from_hours(2);
/// The seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A day of UTC, counted from 1970.
type Day = i64;

fn day(time: Timestamp) -> Day {
    time.as_second().div_euclid(DAY)
}

/// When openings must be known to judge the bookings that begin in a day.
fn horizon(day: Day) -> Span {
    let start = Timestamp::from_second(day.saturating_mul(DAY)).unwrap_or(Timestamp::MAX);
    Span::new(start, SignedDuration::from_secs(DAY) + LONGEST)
}

/// The openings of days.
#[derive(Debug, Default)]
pub struct Days {
    known: Mutex<Kept>,
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
struct Kept {
    /// The version of the house to whose floor the openings belong.
    version: i32,
    openings: HashMap<Day, (Instant, Arc<Openings>)>,
    /// When this replica last changed what is held in a day: a read that began before is not kept.
    written: HashMap<Day, Instant>,
}

impl Kept {
    /// The openings of a day, where they are known at this version.
    fn get(&self, version: i32, day: Day) -> Option<Arc<Openings>> {
        let (read, openings) = self.openings.get(&day).filter(|_| self.version == version)?;
        (read.elapsed() < KEPT).then(|| openings.clone())
    }

    fn keep(&mut self, version: i32, day: Day, read: Instant, openings: Arc<Openings>) {
        if self.version != version {
            self.openings.clear();
            self.version = version;
        }
        let outdated = self.written.get(&day).is_some_and(|written| *written >= read);
        if !outdated {
            self.openings.insert(day, (read, openings));
        }
    }
}

/// The openings of some days.
#[derive(Debug, Default)]
pub struct Openness(HashMap<Day, Arc<Openings>>);

impl Openness {
    /// The openings that are known of a time.
    pub fn of(&self, time: Timestamp) -> Option<&Openings> {
        self.0.get(&day(time)).map(AsRef::as_ref)
    }

    /// The same, but that what a booking holds itself is free.
    #[must_use]
    pub fn without(mut self, house: &House, own: &[Hold]) -> Self {
        for (day, openings) in &mut self.0 {
            if own.iter().any(|hold| horizon(*day).overlaps(hold.span)) {
                *openings = Arc::new(openings.without(&house.floor, own));
            }
        }
        self
    }
}

impl Days {
    fn known(&self) -> MutexGuard<'_, Kept> {
        self.known.lock().expect("nothing panics while it holds the lock")
    }

    /// Waits, where what is known has no table free for the party then, until nobody else is being refused. To be called before a
    /// connection is taken: to search for other times costs the most of all requests, and however many parties want it at once, the
    /// connections and the cores are for everybody. Where nothing is known, or a table is free, nobody waits.
    pub async fn turn(&self, known: Option<&Known>, wish: Wish, start: Timestamp, now: Timestamp) -> Turn {
        let full = known.is_some_and(|known| {
            let openings = self.known().get(known.version, day(start));
            openings.is_some_and(|openings| is_full(&known.house, &openings, wish, start, now))
        });
        Turn { _held: if full { Some(self.turn.clone().lock_owned().await) } else { None } }
    }

    /// The openings of the days of a stretch of time.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn get(&self, connection: &mut PgConnection, known: &Known, within: Span, now: Timestamp) -> Result<Openness, sqlx::Error> {
        let days = || day(within.start)..=day(within.end);
        let look = |kept: &Kept| days().map(|day| (day, kept.get(known.version, day))).collect::<Vec<_>>();
        let mut found = look(&self.known());
        if found.iter().any(|(_, openings)| openings.is_none()) {
            let _one_at_a_time = self.reading.lock().await;
            found = look(&self.known());
            // What is known is not read again: of days that follow each other and are not, all holds come at once.
            for run in found.chunk_by_mut(|(_, one), (_, next)| one.is_none() == next.is_none()) {
                if run.iter().all(|(_, openings)| openings.is_none()) {
                    self.read(connection, known, run, now).await?;
                }
            }
        }
        Ok(Openness(found.into_iter().filter_map(|(day, openings)| Some((day, openings?))).collect()))
    }

    /// Reads the openings of days that follow each other.
    async fn read(
        &self,
        connection: &mut PgConnection,
        known: &Known,
        run: &mut [(Day, Option<Arc<Openings>>)],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let (Some(&(first, _)), Some(&(last, _))) = (run.first(), run.last()) else { return Ok(()) };
        let read = Instant::now();
        let within = Span { start: horizon(first).start, end: horizon(last).end };
        let openings = Arc::new(store::hold::openings(connection, &known.house, within, None, now).await?);
        for (_, found) in run.iter_mut() {
            *found = Some(openings.clone());
        }
        let mut kept = self.known();
        kept.openings.retain(|_, (read, _)| read.elapsed() < KEPT);
        // No read takes as long.
        kept.written.retain(|_, written| written.elapsed() < Duration::from_secs(60));
        for (day, _) in run {
            kept.keep(known.version, *day, read, openings.clone());
        }
        Ok(())
    }

    /// Forgets the days in which a table was taken or freed for a booking of this stretch of time.
    pub fn forget(&self, span: Span) {
        let first = day(span.start.saturating_sub(LONGEST).unwrap_or(Timestamp::MIN));
        let now = Instant::now();
        let mut known = self.known();
        for day in first..=day(Span::new(span.end, BUFFER).end) {
            known.openings.remove(&day);
            known.written.insert(day, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;
    use house::floor::{Floor, Table};
    use house::judge::By;

    use super::*;
    use crate::config::Restaurant;

    #[tokio::test]
    async fn s03_who_is_likely_to_be_refused_waits_for_the_one_before() {
        let now = Timestamp::now();
        let start = now + SignedDuration::from_hours(48);
        let table = Table { id: 1, number: 1, capacity: 4, min_party: 1, area: None, online: true };
        let house = House { floor: Floor::new(&[], vec![table], &[]), ..Restaurant::default().house() };
        let known = Known { version: 1, declared: Vec::new(), house };
        let wish = Wish { guests: 2, minutes: None, area: None, by: By::Guest };
        let days = Days::default();
        // Nothing is known: nobody waits.
        let turns = (days.turn(Some(&known), wish, start, now).await, days.turn(Some(&known), wish, start, now).await);
        drop(turns);
        let within = horizon(day(start));
        let keep = |holds: &[Hold]| {
            let openings = Arc::new(Openings::new(&known.house.floor, holds, within, now));
            days.known().keep(1, day(start), Instant::now(), openings);
        };
        keep(&[Hold { table_id: 1, span: within, seated: false }]);
        let first = days.turn(Some(&known), wish, start, now).await;
        let mut second = std::pin::pin!(days.turn(Some(&known), wish, start, now));
        assert!(poll!(second.as_mut()).is_pending(), "the first is still being refused");
        // Another party, to whom a table is free, waits for nobody.
        keep(&[]);
        assert!(matches!(poll!(std::pin::pin!(days.turn(Some(&known), wish, start, now))), Poll::Ready(_)));
        drop(first);
        assert!(matches!(poll!(second), Poll::Ready(_)), "it is the second one's turn");
    }
}
