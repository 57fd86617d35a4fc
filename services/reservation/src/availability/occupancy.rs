//! What takes the tables, day by day, kept in memory for a second: however many ask, one reads. A booking that this replica makes is known at
//! once, and of whatever else it writes the day is forgotten, so that nothing here is older than that; what another replica writes may be a
//! second late to be seen. The constraint of the database decides in any case. Days are those of UTC here, so that they are the same whatever
//! the house says.

use std::collections::{HashMap, HashSet};
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use house::House;
use house::judge::{Taken, Wish};
use house::openings::{Hold, Openings};
use house::pacing::{Count, Counts};
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use super::is_full;
use crate::memory::Known;
use crate::store;
use crate::store::database::Database;

/// For how long what takes the tables of a day counts as current.
const CURRENT: Duration = Duration::from_secs(1);
/// How many days are kept though they are not current: what is read anew as it was keeps its edition, and with it all that was judged by it.
const KEPT: usize = 200;
/// The longest hold of a booking: 8 hours, and 2 hours until its table is given out again.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(10);
/// The longest that a table stays taken after a booking.
const BUFFER: SignedDuration = SignedDuration::from_hours(2);
/// The seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A day of UTC, counted from 1970.
pub(super) type Day = i64;

pub(super) fn day(time: Timestamp) -> Day {
    time.as_second().div_euclid(DAY)
}

/// The stretch of time whose holds are in the way of the bookings that begin in a day.
fn horizon(day: Day) -> Span {
    let start = Timestamp::from_second(day.saturating_mul(DAY)).unwrap_or(Timestamp::MAX);
    Span::new(start, SignedDuration::from_secs(DAY) + LONGEST)
}

/// The days whose bookings something in this stretch of time is in the way of.
fn touched(span: Span) -> RangeInclusive<Day> {
    day(span.start.saturating_sub(LONGEST).unwrap_or(Timestamp::MIN))..=day(span.end)
}

/// What is taken of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct OfDay {
    openings: Openings,
    /// What begins in its quarters; nothing where the rules do not limit it.
    counts: Counts,
}

impl OfDay {
    /// When its tables are free.
    pub fn openings(&self) -> &Openings {
        &self.openings
    }
}

/// What is taken of a day, with its edition.
type Edition = (u64, Arc<OfDay>);

/// What takes the tables.
#[derive(Debug, Default)]
pub struct Occupancy {
    kept: Mutex<Kept>,
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

#[derive(Debug)]
struct Entry {
    read: Instant,
    /// Raised with every change of what is taken: the same number is the same content.
    edition: u64,
    taken: Arc<OfDay>,
}

/// What is known of days.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The version of the house to whose floor the openings belong.
    version: i32,
    days: HashMap<Day, Entry>,
    /// The last edition that was given.
    edition: u64,
    /// What this replica has written since the read began that is under way, and may lack it.
    meanwhile: Option<Meanwhile>,
}

#[derive(Debug, Default)]
struct Meanwhile {
    made: Vec<Hold>,
    forgotten: HashSet<Day>,
    all_forgotten: bool,
}

impl Kept {
    /// A day, as it was read within the last second.
    fn get(&self, version: i32, day: Day) -> Option<&Entry> {
        self.days.get(&day).filter(|entry| self.version == version && entry.read.elapsed() < CURRENT)
    }

    /// The edition of a day that is known well enough to be judged by.
    pub(super) fn edition(&self, version: i32, day: Day) -> Option<u64> {
        self.get(version, day).map(|entry| entry.edition)
    }

    fn keep(&mut self, day: Day, read: Instant, taken: Arc<OfDay>) -> u64 {
        let same = self.days.get(&day).filter(|entry| entry.taken == taken).map(|entry| entry.edition);
        let edition = same.unwrap_or_else(|| self.next());
        self.days.insert(day, Entry { read, edition, taken });
        edition
    }

    fn next(&mut self) -> u64 {
        self.edition += 1;
        self.edition
    }
}

/// What takes the tables in some days that follow each other.
#[derive(Debug, Default)]
pub struct Occupied {
    first: Day,
    days: Vec<Edition>,
}

impl Occupied {
    fn place(&self, day: Day) -> Option<usize> {
        usize::try_from(day.checked_sub(self.first)?).ok().filter(|place| *place < self.days.len())
    }

    /// What is taken at a time; `None` where its day is not among these.
    pub fn at(&self, time: Timestamp) -> Option<Taken<'_>> {
        let (_, taken) = &self.days[self.place(day(time))?];
        Some(Taken { openings: &taken.openings, counts: &taken.counts })
    }

    /// The editions of these days.
    pub(super) fn editions(&self, days: Range<Day>) -> Option<Box<[u64]>> {
        days.map(|day| self.place(day).map(|place| self.days[place].0)).collect()
    }

    /// The same, but that what a booking holds itself is free, and that it does not begin with so many guests when it does.
    #[must_use]
    pub fn without(mut self, house: &House, own: &[Hold], counted: Option<(Timestamp, Count)>) -> Self {
        for (day, (_, taken)) in (self.first..).zip(&mut self.days) {
            if own.iter().any(|hold| horizon(day).overlaps(hold.span)) {
                let taken = Arc::make_mut(taken);
                taken.openings = taken.openings.without(&house.floor, own);
            }
            if let Some((start, own)) = counted.filter(|(start, _)| self::day(*start) == day) {
                super::spare(&mut Arc::make_mut(taken).counts, start, own);
            }
        }
        self
    }
}

impl Occupancy {
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nothing panics while it holds the lock")
    }

    /// Waits, where what is known has no table free for the party then, until nobody else is being refused. To be called before a
    /// connection is taken: to search for other times costs the most of all requests, and however many parties want it at once, the
    /// connections and the cores are for everybody. Where nothing is known, or a table is free, nobody waits.
    pub async fn turn(&self, known: Option<&Known>, wish: Wish, start: Timestamp, now: Timestamp) -> Turn {
        let full = known.is_some_and(|known| {
            let taken = self.kept().get(known.version, day(start)).map(|entry| entry.taken.clone());
            taken.is_some_and(|taken| is_full(&known.house, &taken.openings, wish, start, now))
        });
        Turn { _held: if full { Some(self.turn.clone().lock_owned().await) } else { None } }
    }

    /// What is taken of the day of a time, where it is known, and was read no sooner than a moment: by what was read before, nobody is refused
    /// for whom another replica may have freed a table.
    pub fn known(&self, known: &Known, time: Timestamp, since: Option<Instant>) -> Option<Arc<OfDay>> {
        let kept = self.kept();
        let entry = kept.get(known.version, day(time)).filter(|entry| since.is_none_or(|since| entry.read >= since))?;
        Some(entry.taken.clone())
    }

    fn look(&self, known: &Known, days: RangeInclusive<Day>) -> Vec<Option<Edition>> {
        let kept = self.kept();
        days.map(|day| kept.get(known.version, day).map(|entry| (entry.edition, entry.taken.clone()))).collect()
    }

    /// What takes the tables in the days of a stretch of time.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn get(&self, database: &mut Database<'_>, known: &Known, within: Span, now: Timestamp) -> Result<Occupied, sqlx::Error> {
        let days = day(within.start)..=day(within.end);
        let first = *days.start();
        let mut found = self.look(known, days.clone());
        if found.iter().any(Option::is_none) {
            // Before the wait: whoever reads must not want for a connection that those have who wait for it.
            let connection = database.connection().await?;
            let _one_at_a_time = self.reading.lock().await;
            found = self.look(known, days.clone());
            // What is known is not read again: of days that follow each other and are not, all holds come at once.
            let mut from = first;
            for run in found.chunk_by_mut(|one, next| one.is_none() == next.is_none()) {
                if run.iter().all(Option::is_none) {
                    self.read(connection, known, (from, &mut *run), now).await?;
                }
                from += i64::try_from(run.len()).expect("a calendar has few days");
            }
        }
        Ok(Occupied { first, days: found.into_iter().flatten().collect() })
    }

    /// Reads what takes the tables in days that follow each other.
    async fn read(
        &self,
        connection: &mut PgConnection,
        known: &Known,
        (first, run): (Day, &mut [Option<Edition>]),
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let (house, read) = (&known.house, Instant::now());
        let last = first + i64::try_from(run.len()).expect("a calendar has few days") - 1;
        let within = Span { start: horizon(first).start, end: horizon(last).end };
        let under_way = UnderWay::begin(self);
        let holds = store::hold::holds(connection, house, within, None).await?;
        let counts = super::counts(connection, house, within).await?;
        let mut of_days = vec![(Vec::new(), Counts::new()); run.len()];
        let place = |day: Day| usize::try_from(day - first).ok().filter(|place| *place < run.len());
        for hold in holds {
            for place in touched(hold.taken(now)).filter_map(place) {
                of_days[place].0.push(hold);
            }
        }
        for (quarter, count) in counts {
            if let Some(place) = place(day(quarter)) {
                of_days[place].1.insert(quarter, count);
            }
        }
        let of_day = |(day, (holds, counts)): (Day, (Vec<Hold>, Counts))| OfDay {
            openings: Openings::new(&house.floor, &holds, horizon(day), now),
            counts,
        };
        let of_days: Vec<_> = (first..).zip(of_days).map(of_day).collect();
        let (mut kept, meanwhile) = under_way.end();
        if kept.version != known.version {
            kept.days.clear();
            kept.version = known.version;
        }
        if kept.days.len() > KEPT {
            kept.days.retain(|_, entry| entry.read.elapsed() < CURRENT);
        }
        for ((day, found), mut taken) in (first..).zip(run).zip(of_days) {
            for hold in &meanwhile.made {
                taken.openings.take(&house.floor, hold.table_id, hold.span);
            }
            let taken = Arc::new(taken);
            let is_outdated = meanwhile.all_forgotten || meanwhile.forgotten.contains(&day);
            let edition = if is_outdated { kept.next() } else { kept.keep(day, read, taken.clone()) };
            *found = Some((edition, taken));
        }
        Ok(())
    }

    /// Notes that tables were taken, and that this is committed.
    pub fn take(&self, known: &Known, holds: &[Hold]) {
        let mut kept = self.kept();
        for hold in holds {
            for day in touched(hold.span) {
                let edition = kept.next();
                if kept.version != known.version {
                    kept.days.remove(&day);
                } else if let Some(entry) = kept.days.get_mut(&day) {
                    Arc::make_mut(&mut entry.taken).openings.take(&known.house.floor, hold.table_id, hold.span);
                    entry.edition = edition;
                }
            }
        }
        if let Some(meanwhile) = &mut kept.meanwhile {
            meanwhile.made.extend_from_slice(holds);
        }
    }

    /// Forgets the days in which a table was taken or freed for a booking of this stretch of time.
    pub fn forget(&self, span: Span) {
        let mut kept = self.kept();
        for day in touched(Span { end: Span::new(span.end, BUFFER).end, ..span }) {
            kept.days.remove(&day);
            if let Some(meanwhile) = &mut kept.meanwhile {
                meanwhile.forgotten.insert(day);
            }
        }
    }

    /// Forgets every day: it is not known for how long a table was freed or taken.
    pub fn forget_all(&self) {
        let mut kept = self.kept();
        kept.days.clear();
        if let Some(meanwhile) = &mut kept.meanwhile {
            meanwhile.all_forgotten = true;
        }
    }
}

/// A read that is under way: what is written meanwhile is noted until it ends, also where nobody waits for it any more.
struct UnderWay<'a>(Option<&'a Occupancy>);

impl<'a> UnderWay<'a> {
    fn begin(occupancy: &'a Occupancy) -> Self {
        occupancy.kept().meanwhile = Some(Meanwhile::default());
        Self(Some(occupancy))
    }

    /// What was written meanwhile, and what is known, until what was read is a part of it.
    fn end(mut self) -> (MutexGuard<'a, Kept>, Meanwhile) {
        let mut kept = self.0.take().expect("it ends once").kept();
        let meanwhile = kept.meanwhile.take().unwrap_or_default();
        (kept, meanwhile)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(occupancy) = self.0 {
            occupancy.kept().meanwhile = None;
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

    fn known() -> Known {
        let table = Table { id: 1, number: 1, capacity: 4, min_party: 1, area: None, online: true };
        let house = House { floor: Floor::new(&[], vec![table], &[]), ..Restaurant::default().house() };
        Known { version: 1, declared: Vec::new(), areas: Vec::new(), tables: Vec::new(), house }
    }

    fn keep(occupancy: &Occupancy, known: &Known, start: Timestamp, holds: &[Hold]) -> u64 {
        let openings = Openings::new(&known.house.floor, holds, horizon(day(start)), start);
        let mut kept = occupancy.kept();
        kept.version = known.version;
        kept.keep(day(start), Instant::now(), Arc::new(OfDay { openings, counts: Counts::new() }))
    }

    #[tokio::test]
    async fn s03_who_is_likely_to_be_refused_waits_for_the_one_before() {
        let (known, now) = (known(), Timestamp::now());
        let start = now + SignedDuration::from_hours(48);
        let wish = Wish { guests: 2, minutes: None, area: None, by: By::Guest };
        let occupancy = Occupancy::default();
        // Nothing is known: nobody waits.
        let turns = (occupancy.turn(Some(&known), wish, start, now).await, occupancy.turn(Some(&known), wish, start, now).await);
        drop(turns);
        keep(&occupancy, &known, start, &[Hold { table_id: 1, span: horizon(day(start)), seated: false }]);
        let first = occupancy.turn(Some(&known), wish, start, now).await;
        let mut second = std::pin::pin!(occupancy.turn(Some(&known), wish, start, now));
        assert!(poll!(second.as_mut()).is_pending(), "the first is still being refused");
        // Another party, to whom a table is free, waits for nobody.
        keep(&occupancy, &known, start, &[]);
        assert!(matches!(poll!(std::pin::pin!(occupancy.turn(Some(&known), wish, start, now))), Poll::Ready(_)));
        drop(first);
        assert!(matches!(poll!(second), Poll::Ready(_)), "it is the second one's turn");
    }

    #[test]
    fn what_is_taken_is_known_at_once_and_what_is_read_anew_as_it_was_keeps_its_edition() {
        let (known, occupancy) = (known(), Occupancy::default());
        let start: Timestamp = "2030-05-17T23:00:00Z".parse().expect("a time");
        let (today, tomorrow) = (day(start), day(start) + 1);
        let first = keep(&occupancy, &known, start, &[]);
        assert_eq!(keep(&occupancy, &known, start, &[]), first, "nothing has changed");
        let hold = Hold { table_id: 1, span: Span::new(start, SignedDuration::from_hours(2)), seated: false };
        occupancy.take(&known, &[hold]);
        let second = occupancy.kept().edition(1, today).expect("it is known");
        assert!(second > first);
        assert_eq!(keep(&occupancy, &known, start, &[hold]), second, "what is read is what was noted");
        // A night reaches into the next day, whose bookings it is in the way of.
        keep(&occupancy, &known, hold.span.end, &[hold]);
        occupancy.forget(hold.span);
        let kept = occupancy.kept();
        assert_eq!([today, tomorrow].map(|day| kept.edition(1, day)), [None, None]);
    }

    #[test]
    fn what_is_written_while_a_read_is_under_way_is_a_part_of_it() {
        let (known, occupancy) = (known(), Occupancy::default());
        let start: Timestamp = "2030-05-17T19:00:00Z".parse().expect("a time");
        let hold = Hold { table_id: 1, span: Span::new(start, SignedDuration::from_hours(2)), seated: false };
        occupancy.take(&known, &[hold]);
        let read = UnderWay::begin(&occupancy);
        occupancy.take(&known, &[hold]);
        occupancy.forget(hold.span);
        let (kept, meanwhile) = read.end();
        assert!(meanwhile.made == [hold] && meanwhile.forgotten.contains(&day(start)));
        drop(kept);
        drop(UnderWay::begin(&occupancy));
        assert!(occupancy.kept().meanwhile.is_none(), "a read that nobody waits for is over");
    }
}
