//! Dates as they were judged for a party, kept as long as nothing that they were judged by changes: the house, what takes the tables, and, since
//! time goes on, how soon it is to the first of their times.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::Bytes;
use house::House;
use house::judge::Wish;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::occupancy::{Day as OfUtc, Occupancy, Occupied};
use super::{Day, DayState, Slot, State};

/// How many are kept: a calendar of two months for some dozens of parties.
const KEPT: usize = 1024;

/// A date, as it was judged.
#[derive(Debug)]
pub struct Judged {
    /// No other has the same, also when this is gone.
    pub number: u64,
    /// Its times.
    pub slots: Vec<Slot>,
    /// Whether any of them can be booked.
    pub day: Day,
    json: OnceLock<Bytes>,
    day_json: OnceLock<Bytes>,
}

impl Judged {
    pub(super) fn new(date: Date, slots: Vec<Slot>) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let first = slots.iter().find(|slot| slot.state == State::Available).map(|slot| slot.time);
        let reason = if first.is_some() { None } else { slots.iter().filter_map(|slot| slot.reason).max() };
        let state = match (first, slots.is_empty()) {
            (Some(_), _) => DayState::Available,
            (None, true) => DayState::Closed,
            (None, false) => DayState::Full,
        };
        Self {
            number: LAST.fetch_add(1, Ordering::Relaxed),
            slots,
            day: Day { date, state, reason, first },
            json: OnceLock::new(),
            day_json: OnceLock::new(),
        }
    }

    /// Its times as JSON.
    pub fn json(&self) -> Bytes {
        let write = || serde_json::to_vec(&self.slots).expect("times are JSON").into();
        self.json.get_or_init(write).clone()
    }

    /// Whether any of them can be booked, as JSON.
    pub fn day_json(&self) -> &[u8] {
        self.day_json.get_or_init(|| serde_json::to_vec(&self.day).expect("a date is JSON").into())
    }
}

#[derive(Debug)]
struct Entry {
    version: i32,
    /// The days of UTC in which its times are, and their editions.
    days: Range<OfUtc>,
    editions: Box<[u64]>,
    /// From when on the clock would judge one of its times otherwise; `None`: never.
    until: Option<Timestamp>,
    judged: Arc<Judged>,
}

/// The dates that were judged.
#[derive(Debug, Default)]
pub(super) struct Dates(Mutex<HashMap<(Date, Wish), Entry>>);

impl Dates {
    /// The dates as they were judged for this party, where they would be judged so again.
    pub(super) fn look(
        &self,
        occupancy: &Occupancy,
        version: i32,
        dates: impl Iterator<Item = Date>,
        wish: Wish,
        now: Timestamp,
    ) -> Vec<(Date, Option<Arc<Judged>>)> {
        let kept = occupancy.kept();
        let entries = self.0.lock().expect("nothing panics while it holds the lock");
        let holds = |entry: &&Entry| {
            let same = |(day, edition): (OfUtc, &u64)| kept.edition(version, day) == Some(*edition);
            entry.version == version && entry.until.is_none_or(|until| now < until) && entry.days.clone().zip(&entry.editions).all(same)
        };
        dates.map(|date| (date, entries.get(&(date, wish)).filter(holds).map(|entry| entry.judged.clone()))).collect()
    }

    /// Keeps a date.
    pub(super) fn keep(&self, version: i32, (wish, occupied): (Wish, &Occupied), judged: &Arc<Judged>, times: Times) {
        let days = times.ahead.map_or(0..0, |(first, last)| super::occupancy::day(first)..super::occupancy::day(last) + 1);
        let Some(editions) = occupied.editions(days.clone()) else { return };
        let mut entries = self.0.lock().expect("nothing panics while it holds the lock");
        if entries.len() >= KEPT {
            entries.clear();
        }
        entries.insert((judged.day.date, wish), Entry { version, days, editions, until: times.until, judged: judged.clone() });
    }
}

/// The times of a date, as the clock judges them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// The first and the last that can be booked by the clock, for which the tables must be known.
    ahead: Option<(Timestamp, Timestamp)>,
    until: Option<Timestamp>,
}

impl Times {
    /// Of these times, and of the last seatings of the date.
    pub(super) fn of(house: &House, times: impl Iterator<Item = Timestamp> + Clone, seatings: &[Timestamp], now: Timestamp) -> Self {
        let (soonest, latest) = (house.soonest(now), house.latest(now));
        let ahead = || times.clone().filter(|time| *time >= now && *time <= latest);
        let sooner = |time: Timestamp, by: SignedDuration| time.saturating_sub(by).unwrap_or(Timestamp::MIN);
        let changes = [
            // A time that is past; one that is too soon; one that is no longer too far ahead; a service that is over.
            times.clone().filter(|time| *time >= now).min(),
            times.clone().filter(|time| *time >= soonest).min().map(|time| sooner(time, soonest.duration_since(now))),
            times.clone().filter(|time| *time > latest).min().map(|time| sooner(time, house.max_ahead)),
            seatings.iter().copied().filter(|time| *time >= now).min(),
        ];
        Self { ahead: ahead().min().zip(ahead().max()), until: changes.into_iter().flatten().min() }
    }
}
