//! Seating a party that comes without a booking.

use chassis::http::code::Code;
use chassis::http::identity::UserId;
use chassis::http::text::Name;
use house::floor::Unit;
use house::reason::Reason;
use house::span::Span;
use house::walk_in;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use super::make::{Counted, NewBooking};
use super::{Author, By, Guests, Minutes, Note, Requests, Reservation, Source};
use crate::area::AreaId;
use crate::availability::Party;
use crate::codes;
use crate::memory::Known;
use crate::refusal::{Faults, Refusal};
use crate::room::{ATTEMPTS, Room};
use crate::status::Status;
use crate::store::booking::{Attempted, Wished};
use crate::store::{self, hold};
use crate::table::{self, Named, Unsuitable};

/// The problems with which a party at the door may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] =
    &[&codes::TABLE_INACTIVE, &codes::TABLE_TAKEN, &codes::TABLE_OCCUPIED, &codes::NO_TABLE_FITS, &codes::NO_TABLE_FREE];

/// A party at the door.
#[derive(Clone, Debug)]
pub struct WalkIn {
    /// The user who seats it.
    pub user_id: UserId,
    /// The tables, where some are named.
    pub named: Named,
    /// The area, where one is named.
    pub area_id: Option<AreaId>,
    /// How many guests.
    pub guests: Guests,
    /// For how long, where they say so.
    pub minutes: Option<Minutes>,
    /// The name, where it is given.
    pub name: Option<Name>,
    /// The wishes of the guests.
    pub requests: Option<Requests>,
    /// A note of the staff.
    pub note: Option<Note>,
}

/// Seats a party, from this minute on.
///
/// # Errors
/// One of [`REFUSALS`], `Invalid`, `Overloaded`, or `Database`. Nothing is written then.
pub async fn seat(connection: &mut PgConnection, room: &Room, walk_in: &WalkIn, now: Timestamp) -> Result<Reservation, Refusal> {
    let minute = now.as_second().div_euclid(60) * 60;
    let start = Timestamp::from_second(minute).unwrap_or(now);
    for _ in 0..ATTEMPTS {
        let known = room.known(connection).await?;
        let attempt = Attempt { room, known: &known, walk_in, start, now };
        match attempt.seat(connection).await {
            Ok(Some(made)) => return Ok(made),
            Err(refusal @ Refusal::Database(_)) => return Err(refusal),
            // Nobody is refused by what the house said before.
            Err(refusal) if known.is_current(connection).await? => return Err(refusal),
            Ok(None) | Err(_) => room.memory.forget(),
        }
    }
    Err(Refusal::Overloaded)
}

/// A party at the door, judged by the house at a version.
struct Attempt<'a> {
    room: &'a Room,
    known: &'a Known,
    walk_in: &'a WalkIn,
    start: Timestamp,
    now: Timestamp,
}

impl Attempt<'_> {
    /// Seats the party. `None`: the house has another version by now.
    async fn seat(&self, connection: &mut PgConnection) -> Result<Option<Reservation>, Refusal> {
        let buffer = SignedDuration::from_mins(self.known.house.rules.buffer_minutes.into());
        loop {
            for (unit, stay) in self.choose(connection).await? {
                let tables = table::ids_of(self.known, &unit);
                let new = self.booking(stay, Span { end: Span::new(stay.end, buffer).end, ..stay });
                let wished = Wished { new, tables, version: self.known.version, now: self.now };
                match store::booking::book(connection, &wished).await? {
                    Attempted::Made(made) => return Ok(Some(*made)),
                    Attempted::Outdated => return Ok(None),
                    Attempted::Taken | Attempted::Limited(_) => {}
                }
            }
            // Others took them meanwhile: it is judged again as it is now.
        }
    }

    fn booking(&self, stay: Span, hold: Span) -> NewBooking {
        let WalkIn { user_id, named, guests, name, requests, note, .. } = self.walk_in.clone();
        let minutes = i32::try_from(stay.length().as_mins()).ok().and_then(Minutes::new);
        NewBooking {
            user_id: None,
            source: Source::WalkIn,
            author: Author { by: By::Staff, user_id: Some(user_id) },
            code: super::code::new(),
            status: Status::Seated,
            table_named: !named.is_none(),
            party: Party { guests, minutes: minutes.expect("no stay is longer than what may be asked for, nor shorter") },
            start: stay.start,
            hold,
            name,
            phone: None,
            email: None,
            requests,
            note,
            overridden: false,
            counted: Counted::Not,
            language: None,
            remind: self.room.remind,
        }
    }

    /// The tables that the party can have, the best first, each with how long it may stay.
    async fn choose(&self, connection: &mut PgConnection) -> Result<Vec<(Unit, Span)>, Refusal> {
        let (house, guests) = (&self.known.house, self.walk_in.guests);
        let party = walk_in::WalkIn {
            guests: guests.get(),
            minutes: self.walk_in.minutes.map(Minutes::get),
            area: self.walk_in.area_id.map(AreaId::get),
        };
        let stay = party.stay(house, self.start);
        let within = Span::new(self.start, stay.length() + SignedDuration::from_mins(house.rules.buffer_minutes.into()));
        let openings = hold::openings(connection, house, within, None, self.now).await?;
        let owned = |units: Vec<(&Unit, Span)>| units.into_iter().map(|(unit, span)| (unit.clone(), span)).collect();
        if self.walk_in.named.is_none() {
            return match party.choose(house, &openings, self.start) {
                Ok(units) => Ok(owned(units)),
                Err(Reason::NoTableFits) => Err(Refusal::NoTableFits(guests)),
                Err(_) => Err(Refusal::NoTableNow),
            };
        }
        let ids = self.walk_in.named.ids();
        let invalid = |why| Refusal::Invalid(Faults { table: Some((self.walk_in.named.member(), why)), ..Faults::default() });
        let Some(unit) = table::joined(self.known, ids) else {
            let found = store::table::of(connection, ids).await?;
            return Err(if found.len() < ids.len() { invalid(Unsuitable::Unknown) } else { Refusal::TableInactive });
        };
        if unit.capacity < guests.get() {
            return Err(invalid(Unsuitable::TooSmall { capacity: unit.capacity, guests }));
        }
        if let Ok(units) = party.of(house, &openings, vec![&unit], self.start) {
            return Ok(owned(units));
        }
        let sitting = hold::sitting(connection, ids, None).await?;
        Err(if sitting.is_empty() { Refusal::TableTaken } else { Refusal::TableOccupied(sitting) })
    }
}
