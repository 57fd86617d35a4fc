//! What can be booked: the times of a night, and the times that are offered in place of one that cannot be had. The judgement of the
//! crate `house` stands behind both, as behind the booking itself.

mod judged;
mod occupancy;

use std::collections::HashMap;
use std::sync::Arc;

use house::House;
use house::calendar::{Calendar, Hours};
use house::judge::{By, Case, Taken, Wish};
use house::openings::{Hold, Openings};
use house::pacing::{Count, Counts, bucket};
use house::reason::Reason;
use house::span::Span;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Serialize;
use sqlx::PgConnection;

pub use self::judged::Judged;
use self::judged::{Dates, Times};
use self::occupancy::Occupied;
pub use self::occupancy::{Occupancy, Turn};
use crate::booking::{Guests, Minutes, Reservation};
use crate::memory::Known;
use crate::room::Room;
use crate::status::{Actor, Status};
use crate::store::database::Database;

/// How many times are offered in place of one that cannot be had.
const ALTERNATIVES: usize = 3;
/// How many days before and after a time others are looked for.
const REACH: i64 = 7;

chassis::words! {
    /// Whether a time can be booked.
    pub enum State {
        /// The party can come.
        Available = "available",
        /// The party cannot come; the reason says why.
        Unavailable = "unavailable",
        /// The restaurant is closed.
        Closed = "closed",
    }
}

/// One time of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Slot {
    /// When the booking would begin.
    pub time: Timestamp,
    /// Whether it can be booked.
    pub state: State,
    /// Why it cannot; null where it can.
    #[schema(schema_with = reason_schema)]
    pub reason: Option<Reason>,
    /// When it would end.
    pub ends_at: Timestamp,
    /// The service in which it is; null where the restaurant has no hours.
    #[schema(example = "Dinner")]
    pub service: Option<String>,
}

/// The schema of a reason, or null.
pub(crate) fn reason_schema() -> utoipa::openapi::schema::Schema {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    let words = Reason::ALL.iter().map(|reason| Some(reason.as_str())).chain([None]).collect::<Vec<_>>();
    let nullable = SchemaType::Array(vec![Type::String, Type::Null]);
    ObjectBuilder::new()
        .schema_type(nullable)
        .description(Some("Why it cannot be booked; null where it can."))
        .enum_values(Some(words))
        .into()
}

/// A party and for how long it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// How many guests.
    pub guests: Guests,
    /// For how long.
    pub minutes: Minutes,
}

impl Party {
    /// The stretch of time of a booking that begins then.
    pub fn span(self, start: Timestamp) -> Span {
        Span::new(start, self.minutes.duration())
    }
}

/// For whom a booking of this actor is judged.
pub fn by(actor: Actor) -> By {
    match actor {
        Actor::Guest => By::Guest,
        Actor::Staff => By::Staff,
    }
}

/// What is known of the tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// What takes them.
    pub occupancy: Occupancy,
    dates: Dates,
}

impl Tables {
    /// Notes a booking that is committed.
    pub fn made(&self, known: &Known, made: &Reservation) {
        let rules = &known.house.rules;
        // What is counted cannot be counted again, and whoever sits may stay over their time.
        if made.status == Status::Seated || !rules.pacing.is_unlimited() {
            return self.occupancy.forget(made.span());
        }
        let span = Span { end: Span::new(made.span().end, SignedDuration::from_mins(rules.buffer_minutes.into())).end, ..made.span() };
        let holds: Vec<_> = made.table_ids.iter().map(|table| Hold { table_id: table.get(), span, seated: false }).collect();
        self.occupancy.take(known, &holds);
    }
}

/// One time, listed or not, and whether the party can come then.
///
/// # Errors
/// Where the database fails.
pub async fn slot(
    database: &mut Database<'_>,
    (room, known): (&Room, &Known),
    time: Timestamp,
    wish: Wish,
    now: Timestamp,
) -> Result<Slot, sqlx::Error> {
    let calendar = Calendar::around(&known.house, time);
    let case = Case::new(&known.house, &calendar, wish, time, now);
    let occupied = room.tables.occupancy.get(database, known, Span { start: time, end: time }, now).await?;
    Ok(judged(&case, time, occupied.at(time).expect("the day of the time is read")))
}

/// The tables, by their places in the floor, that the party can have by themselves at a time; none where it cannot come then.
///
/// # Errors
/// Where the database fails.
pub async fn free(
    database: &mut Database<'_>,
    (room, known): (&Room, &Known),
    time: Timestamp,
    wish: Wish,
    now: Timestamp,
) -> Result<Vec<usize>, sqlx::Error> {
    let calendar = Calendar::around(&known.house, time);
    let case = Case::new(&known.house, &calendar, wish, time, now);
    let occupied = room.tables.occupancy.get(database, known, Span { start: time, end: time }, now).await?;
    let Some(units) = occupied.at(time).and_then(|taken| case.judge_all(taken).ok()) else { return Ok(Vec::new()) };
    Ok(units.filter(|unit| unit.group.is_none()).flat_map(|unit| unit.tables.iter().copied()).collect())
}

/// A time, as it is listed.
fn judged(case: &Case<'_>, time: Timestamp, taken: Taken<'_>) -> Slot {
    let reason = case.judge_all(taken).err();
    let state = if reason.is_some() { State::Unavailable } else { State::Available };
    Slot { time, state, reason, ends_at: case.stay().end, service: case.service().map(str::to_owned) }
}

/// The times of a date that are listed, and whether the party of a booking can come then: what the booking holds already is not in its way.
///
/// # Errors
/// Where the database fails.
pub async fn slots_of(
    connection: &mut PgConnection,
    known: &Known,
    date: Date,
    (wish, own): (Wish, &Reservation),
    now: Timestamp,
) -> Result<Vec<Slot>, sqlx::Error> {
    let house = &known.house;
    let calendar = Calendar::new(house, date, date);
    let starts = calendar.starts(date);
    let (Some((first, _)), Some((last, _))) = (starts.first(), starts.last()) else { return Ok(Vec::new()) };
    let within = Span { start: *first, end: Span::new(*last, occupancy::LONGEST).end };
    let openings = crate::store::hold::openings(connection, house, within, Some(own.id), now).await?;
    let mut counts = counts(connection, house, within).await?;
    spare(&mut counts, own.reservation_time, Count { covers: own.guests_count.get(), parties: 1 });
    let taken = Taken { openings: &openings, counts: &counts };
    Ok(starts.iter().map(|(time, hours)| judged(&Case::at(house, *hours, wish, *time, now), *time, taken)).collect())
}

chassis::words! {
    /// Whether a date can be booked.
    pub enum DayState {
        /// The party can come at one time at least.
        Available = "available",
        /// The party cannot come; the reason says why.
        Full = "full",
        /// The restaurant is closed.
        Closed = "closed",
    }
}

/// One date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Day {
    /// The restaurant's local date.
    pub date: Date,
    /// Whether it can be booked.
    pub state: DayState,
    /// Why it cannot: of the reasons of its times the last; null where it can, or where the restaurant is closed.
    #[schema(schema_with = reason_schema)]
    pub reason: Option<Reason>,
    /// The first time at which the party can come; null where there is none.
    pub first: Option<Timestamp>,
}

/// The dates from `first` to `last`, with their times, and whether the party can come on each.
///
/// # Errors
/// Where the database fails.
pub async fn dates(
    database: &mut Database<'_>,
    (room, known): (&Room, &Known),
    (first, last): (Date, Date),
    wish: Wish,
    now: Timestamp,
) -> Result<Vec<Arc<Judged>>, sqlx::Error> {
    let (house, tables) = (&known.house, &room.tables);
    let look = || tables.dates.look(&tables.occupancy, known.version, first.series(1.day()).take_while(|date| *date <= last), wish, now);
    let mut found = look();
    let missing = || found.iter().filter(|(_, judged)| judged.is_none()).map(|(date, _)| *date);
    let (Some(from), Some(until)) = (missing().min(), missing().max()) else {
        return Ok(found.into_iter().filter_map(|(_, judged)| judged).collect());
    };
    let calendar = Calendar::new(house, from, until);
    let starts: HashMap<Date, _> = missing().map(|date| (date, calendar.starts(date))).collect();
    // Times that are judged by the clock alone need not be known.
    let ahead = |time: &Timestamp| *time >= now && *time <= house.latest(now);
    let times = || starts.values().flatten().map(|(time, _)| *time).filter(ahead);
    let occupied = match (times().min(), times().max()) {
        (Some(start), Some(end)) => tables.occupancy.get(database, known, Span { start, end }, now).await?,
        _ => Occupied::default(),
    };
    // Where it was read anew, it may be as it was.
    for ((_, found), (_, again)) in found.iter_mut().zip(look()) {
        *found = found.take().or(again);
    }
    let nothing = (Openings::new(&house.floor, &[], Span { start: now, end: now }, now), Counts::new());
    let nothing = Taken { openings: &nothing.0, counts: &nothing.1 };
    for (date, found) in &mut found {
        let Some(starts) = starts.get(date).filter(|_| found.is_none()) else { continue };
        let slot = |(time, hours): &(Timestamp, Hours<'_>)| {
            judged(&Case::at(house, *hours, wish, *time, now), *time, occupied.at(*time).unwrap_or(nothing))
        };
        let seatings: Vec<_> = calendar.sittings(*date).iter().map(|sitting| sitting.last_seating).collect();
        let times = Times::of(house, starts.iter().map(|(time, _)| *time), &seatings, now);
        let date = Arc::new(Judged::new(*date, starts.iter().map(slot).collect()));
        tables.dates.keep(known.version, (wish, &occupied), &date, times);
        *found = Some(date);
    }
    Ok(found.into_iter().filter_map(|(_, judged)| judged).collect())
}

/// The times of a date that are listed, and whether the party can come then.
///
/// # Errors
/// Where the database fails.
pub async fn slots(
    database: &mut Database<'_>,
    (room, known): (&Room, &Known),
    date: Date,
    wish: Wish,
    now: Timestamp,
) -> Result<Vec<Slot>, sqlx::Error> {
    let dates = dates(database, (room, known), (date, date), wish, now).await?;
    Ok(dates.into_iter().flat_map(|date| date.slots.clone()).collect())
}

/// What begins in the quarters of a stretch of time; nothing where the rules do not limit it.
pub(crate) async fn counts(connection: &mut PgConnection, house: &House, within: Span) -> Result<Counts, sqlx::Error> {
    if house.rules.pacing.is_unlimited() { Ok(Counts::new()) } else { crate::store::pacing::counts(connection, within).await }
}

/// Takes a booking out of what begins in its quarter.
fn spare(counts: &mut Counts, start: Timestamp, own: Count) {
    if let Some(count) = counts.get_mut(&bucket(start)) {
        count.covers -= own.covers;
        count.parties -= own.parties;
    }
}

/// A wish that cannot be had at the time that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The party.
    pub wish: Wish,
    /// When it wanted to come.
    pub wanted: Timestamp,
    /// What it holds already, which is not in its own way.
    pub own: &'a [Hold],
    /// When it begins already, and with how many guests: neither is that.
    pub counted: Option<(Timestamp, Count)>,
    /// The moment.
    pub now: Timestamp,
}

/// The listed times nearest to the one that is wanted at which the party can come, at most three: those of the same date first, then those
/// within 7 days before and after. Of two that are as near, the earlier comes first.
///
/// # Errors
/// Where the database fails.
pub async fn alternatives(
    database: &mut Database<'_>,
    (room, known): (&Room, &Known),
    search: Search<'_>,
) -> Result<Vec<Timestamp>, sqlx::Error> {
    let date = Calendar::around(&known.house, search.wanted).date_of(search.wanted);
    let reach = SignedDuration::from_hours(24 * REACH);
    let day = |days: i64| date.saturating_add(days.days());
    let mut found = nearest(database, (room, known), (date, date), search, |_, _| true).await?;
    if found.len() < ALTERNATIVES {
        let other = |of: Date, distance: SignedDuration| of != date && distance <= reach;
        found.extend(nearest(database, (room, known), (day(-REACH), day(REACH)), search, other).await?);
    }
    found.truncate(ALTERNATIVES);
    Ok(found)
}

/// The nearest listed times of some dates at which the party can come.
async fn nearest(
    database: &mut Database<'_>,
    (room, known): (&Room, &Known),
    (first, last): (Date, Date),
    search: Search<'_>,
    counts: impl Fn(Date, SignedDuration) -> bool,
) -> Result<Vec<Timestamp>, sqlx::Error> {
    let (house, now) = (&known.house, search.now);
    let local = |time: Timestamp| time.to_zoned(house.time_zone.clone()).date();
    // A day that is over, or too far ahead, need not be known. The night of yesterday may not be over.
    let (first, last) = (first.max(local(now).saturating_sub(1.day())), last.min(local(house.latest(now))));
    if first > last {
        return Ok(Vec::new());
    }
    let calendar = Calendar::new(house, first, last);
    let distance = |time: Timestamp| time.duration_since(search.wanted).abs();
    let mut times: Vec<_> = first
        .series(1.day())
        .take_while(|date| *date <= last)
        .flat_map(|date| calendar.starts(date).into_iter().map(move |(time, hours)| (date, time, hours)))
        .map(|(date, time, hours)| (distance(time), time, date, hours))
        .filter(|(distance, time, date, _)| *time >= now && *time != search.wanted && counts(*date, *distance))
        .collect();
    times.sort_by_key(|(distance, time, ..)| (*distance, *time));
    let (Some(earliest), Some(latest)) = (times.iter().map(|(_, time, ..)| *time).min(), times.iter().map(|(_, time, ..)| *time).max())
    else {
        return Ok(Vec::new());
    };
    let within = Span { start: earliest, end: latest };
    let occupied = room.tables.occupancy.get(database, known, within, now).await?.without(house, search.own, search.counted);
    let free = times.into_iter().filter(|(_, time, _, hours)| {
        let case = Case::at(house, *hours, search.wish, *time, now);
        occupied.at(*time).is_some_and(|taken| case.judge_all(taken).is_ok())
    });
    Ok(free.map(|(_, time, ..)| time).take(ALTERNATIVES).collect())
}

/// Whether a party can have a table at a time, by what is known of it.
fn is_full(house: &House, openings: &Openings, wish: Wish, start: Timestamp, now: Timestamp) -> bool {
    let case = Case::new(house, &Calendar::around(house, start), wish, start, now);
    case.judge_all(Taken { openings, counts: &Counts::new() }).is_err()
}
