//! What can be booked: the times of a night, and the times that are offered in place of one that cannot be had. The judgement of the
//! crate `house` stands behind both, as behind the booking itself.

mod days;

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

use self::days::Openness;
pub use self::days::{Days, Turn};
use crate::booking::{Guests, Minutes, Reservation};
use crate::memory::Known;
use crate::room::Room;
use crate::status::Actor;

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

/// One time, listed or not, and whether the party can come then.
///
/// # Errors
/// Where the database fails.
pub async fn slot(connection: &mut PgConnection, known: &Known, time: Timestamp, wish: Wish, now: Timestamp) -> Result<Slot, sqlx::Error> {
    let house = &known.house;
    let calendar = Calendar::around(house, time);
    let case = Case::new(house, &calendar, wish, time, now);
    let openings = crate::store::hold::openings(connection, house, case.hold(), None, now).await?;
    let counts = counts(connection, house, case.stay()).await?;
    Ok(judged(&case, time, Taken { openings: &openings, counts: &counts }))
}

/// A time, as it is listed.
fn judged(case: &Case<'_>, time: Timestamp, taken: Taken<'_>) -> Slot {
    let reason = case.judge_all(taken).err();
    let state = if reason.is_some() { State::Unavailable } else { State::Available };
    Slot { time, state, reason, ends_at: case.stay().end, service: case.service().map(str::to_owned) }
}

/// The times of a date that are listed, and whether the party can come then. What its own booking holds already, if it has one, is not in its
/// way.
///
/// # Errors
/// Where the database fails.
pub async fn slots(
    connection: &mut PgConnection,
    known: &Known,
    date: Date,
    (wish, own): (Wish, Option<&Reservation>),
    now: Timestamp,
) -> Result<Vec<Slot>, sqlx::Error> {
    let house = &known.house;
    let calendar = Calendar::new(house, date, date);
    let starts = calendar.starts(date);
    let (Some((first, _)), Some((last, _))) = (starts.first(), starts.last()) else { return Ok(Vec::new()) };
    let within = Span { start: *first, end: Span::new(*last, days::LONGEST).end };
    let openings = crate::store::hold::openings(connection, house, within, own.map(|own| own.id), now).await?;
    let mut counts = counts(connection, house, within).await?;
    if let Some(own) = own {
        spare(&mut counts, own.reservation_time, Count { covers: own.guests_count.get(), parties: 1 });
    }
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

/// The dates from `first` to `last`, and whether the party can come on each.
///
/// # Errors
/// Where the database fails.
pub async fn days(
    connection: &mut PgConnection,
    (room, known): (&Room, &Known),
    (first, last): (Date, Date),
    wish: Wish,
    now: Timestamp,
) -> Result<Vec<Day>, sqlx::Error> {
    let house = &known.house;
    let calendar = Calendar::new(house, first, last);
    let dates = first.series(1.day()).take_while(|date| *date <= last);
    let dates: Vec<_> = dates.map(|date| (date, calendar.starts(date))).collect();
    // Times that are judged by the clock alone need no openings.
    let ahead = |time: &Timestamp| *time >= now && *time <= house.latest(now);
    let times = || dates.iter().flat_map(|(_, starts)| starts.iter().map(|(time, _)| *time)).filter(ahead);
    let (openings, counts) = match (times().min(), times().max()) {
        (Some(start), Some(end)) => {
            let within = Span { start, end };
            (room.days.get(connection, known, within, now).await?, counts(connection, house, within).await?)
        }
        _ => (Openness::default(), Counts::new()),
    };
    let nothing = Openings::new(&house.floor, &[], Span { start: now, end: now }, now);
    let day = |(date, starts): (Date, Vec<(Timestamp, Hours<'_>)>)| {
        let mut reason = None;
        for (time, hours) in starts {
            let taken = Taken { openings: openings.of(time).unwrap_or(&nothing), counts: &counts };
            match Case::at(house, hours, wish, time, now).judge_all(taken).err() {
                None => return Day { date, state: DayState::Available, reason: None, first: Some(time) },
                why => reason = reason.max(why),
            }
        }
        let state = if reason.is_none() { DayState::Closed } else { DayState::Full };
        Day { date, state, reason, first: None }
    };
    Ok(dates.into_iter().map(day).collect())
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
    connection: &mut PgConnection,
    (room, known): (&Room, &Known),
    search: Search<'_>,
) -> Result<Vec<Timestamp>, sqlx::Error> {
    let date = Calendar::around(&known.house, search.wanted).date_of(search.wanted);
    let reach = SignedDuration::from_hours(24 * REACH);
    let day = |days: i64| date.saturating_add(days.days());
    let mut found = nearest(connection, (room, known), (date, date), search, |_, _| true).await?;
    if found.len() < ALTERNATIVES {
        let other = |of: Date, distance: SignedDuration| of != date && distance <= reach;
        found.extend(nearest(connection, (room, known), (day(-REACH), day(REACH)), search, other).await?);
    }
    found.truncate(ALTERNATIVES);
    Ok(found)
}

/// The nearest listed times of some dates at which the party can come.
async fn nearest(
    connection: &mut PgConnection,
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
    let openings = room.days.get(connection, known, within, now).await?;
    let openings = openings.without(house, search.own);
    let mut counts_of = self::counts(connection, house, within).await?;
    if let Some((start, own)) = search.counted {
        spare(&mut counts_of, start, own);
    }
    let free = times.into_iter().filter(|(_, time, _, hours)| {
        let case = Case::at(house, *hours, search.wish, *time, now);
        openings.of(*time).is_some_and(|openings| case.judge_all(Taken { openings, counts: &counts_of }).is_ok())
    });
    Ok(free.map(|(_, time, ..)| time).take(ALTERNATIVES).collect())
}

/// Whether a party can have a table at a time, by what is known of it.
fn is_full(house: &House, openings: &Openings, wish: Wish, start: Timestamp, now: Timestamp) -> bool {
    let case = Case::new(house, &Calendar::around(house, start), wish, start, now);
    case.judge_all(Taken { openings, counts: &Counts::new() }).is_err()
}
