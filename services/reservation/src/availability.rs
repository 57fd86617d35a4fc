//! What can be booked. One judgement, of the calendar and then of the floor, stands behind the times of a day, the times that are offered
//! in place of one that is not free, and the booking itself.

mod days;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Serialize;
use sqlx::PgConnection;

pub use self::days::Days;
use crate::booking::{Guests, Minutes};
use crate::calendar::Reason;
use crate::config::House;
use crate::floor::Openings;
use crate::span::Span;
use crate::store;
use crate::table::TableId;

/// How many times are offered in place of one that is not free.
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
    pub reason: Option<Reason>,
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

/// The tables that a party can have from `start` on: the first is the best.
///
/// # Errors
/// Why it can have none.
pub fn judge<'a>(
    house: &House,
    openings: &'a Openings,
    party: Party,
    start: Timestamp,
    now: Timestamp,
) -> Result<impl Iterator<Item = TableId> + 'a, Reason> {
    house.may_begin(start, now)?;
    openings.choose(party.guests, party.span(start))
}

/// When openings must be known to judge the bookings that begin in a day.
fn horizon(house: &House, date: Date) -> Span {
    let day = house.day(date);
    Span { end: Span::new(day.end, Minutes::MAX.duration()).end, ..day }
}

/// The times of a local date that are listed, and whether the party can come then.
///
/// # Errors
/// Where the database fails.
pub async fn slots(
    connection: &mut PgConnection,
    house: &House,
    date: Date,
    party: Party,
    now: Timestamp,
) -> Result<Vec<Slot>, sqlx::Error> {
    let within = horizon(house, date);
    let openings = store::hold::openings(connection, within, None, now).await?;
    let slot = |time| {
        let reason = judge(house, &openings, party, time, now).err();
        Slot { time, state: if reason.is_some() { State::Unavailable } else { State::Available }, reason }
    };
    Ok(house.starts(date).map(slot).collect())
}

/// What a booking that is to be moved holds now, and does not stand in its own way.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// The table.
    pub table_id: TableId,
    /// For how long.
    pub span: Span,
}

/// The listed times nearest to `wanted` at which the party can come, at most three: those of the same date first, then those within 7
/// days before and after. Of two that are as near, the earlier comes first.
///
/// # Errors
/// Where the database fails.
pub async fn alternatives(
    connection: &mut PgConnection,
    (house, days): (&House, &Days),
    party: Party,
    wanted: Timestamp,
    own: Option<Own>,
    now: Timestamp,
) -> Result<Vec<Timestamp>, sqlx::Error> {
    let date = house.date_of(wanted);
    let reach = SignedDuration::from_hours(24 * REACH);
    let day = |days: i64| date.saturating_add(days.days());
    let mut found = nearest(connection, (house, days), (date, date), party, wanted, own, now, |_, _| true).await?;
    if found.len() < ALTERNATIVES {
        let other = |of: Date, distance: SignedDuration| of != date && distance <= reach;
        found.extend(nearest(connection, (house, days), (day(-REACH), day(REACH)), party, wanted, own, now, other).await?);
    }
    found.truncate(ALTERNATIVES);
    Ok(found)
}

/// The nearest listed times of some dates at which the party can come.
#[allow(clippy::too_many_arguments, reason = "it is one half of `alternatives`, and used there alone")]
async fn nearest(
    connection: &mut PgConnection,
    (house, days): (&House, &Days),
    (first, last): (Date, Date),
    party: Party,
    wanted: Timestamp,
    own: Option<Own>,
    now: Timestamp,
    counts: impl Fn(Date, SignedDuration) -> bool,
) -> Result<Vec<Timestamp>, sqlx::Error> {
    // A day that is over, or too far ahead, need not be known.
    let (first, last) = (first.max(house.date_of(now)), last.min(house.date_of(house.latest(now))));
    let mut known = days.get(connection, house, (first, last), now).await?;
    if let Some(own) = own {
        for (date, openings) in &mut known {
            if horizon(house, *date).overlaps(own.span) {
                *openings = std::sync::Arc::new(openings.without(own.table_id, own.span));
            }
        }
    }
    let distance = |time: Timestamp| time.duration_since(wanted).abs();
    let mut times: Vec<_> = known
        .iter()
        .flat_map(|(date, openings)| house.starts(*date).map(move |time| (distance(time), time, *date, openings)))
        .filter(|(distance, time, date, _)| *time != wanted && counts(*date, *distance))
        .collect();
    times.sort_by_key(|(distance, time, ..)| (*distance, *time));
    let free = times.into_iter().filter(|(_, time, _, openings)| judge(house, openings, party, *time, now).is_ok());
    Ok(free.map(|(_, time, ..)| time).take(ALTERNATIVES).collect())
}
