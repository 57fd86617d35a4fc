//! Changing a booking: it gets its new time and table, or keeps the old ones; never neither.

use chassis::http::code::{self, Code};
use chassis::http::text::{Email, Phone};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};

use super::{Done, Guests, Minutes, Requests, Reservation, ReservationId, Values};
use crate::availability::{self, Own, Party};
use crate::calendar::Reason;
use crate::codes;
use crate::floor::{self, Unsuitable};
use crate::house::{Acting, Room};
use crate::refusal::{Attempt, Missing, Refusal};
use crate::span::Span;
use crate::status::{Actor, Status};
use crate::store::{self, hold};
use crate::table::TableId;

/// The problems with which a change may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] = &[
    &code::PRECONDITION_FAILED,
    &codes::INVALID_TRANSITION,
    &codes::TABLE_INACTIVE,
    &codes::TABLE_TAKEN,
    &codes::TABLE_OCCUPIED,
    &codes::NO_TABLE_FITS,
    &codes::NO_TABLE_FREE,
];

/// A request to change a booking: what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another table; `Some(None)` has the house choose.
    pub table_id: Option<Option<TableId>>,
    /// Another size of the party.
    pub guests: Option<Guests>,
    /// Another time.
    pub start: Option<Timestamp>,
    /// Another length.
    pub minutes: Option<Minutes>,
    /// Another phone number.
    pub phone: Option<Phone>,
    /// Another e-mail address.
    pub email: Option<Email>,
    /// Other requests; `Some(None)` takes them back.
    pub requests: Option<Option<Requests>>,
}

impl Change {
    /// The values after the change, but for the table that the house has to choose.
    fn apply(&self, before: &Reservation, actor: Actor, auto_confirm: bool) -> Values {
        let mut after = before.values();
        match self.table_id {
            Some(Some(table_id)) => (after.table_id, after.table_named) = (table_id, true),
            Some(None) => after.table_named = false,
            None => {}
        }
        after.party = Party { guests: self.guests.unwrap_or(after.party.guests), minutes: self.minutes.unwrap_or(after.party.minutes) };
        after.start = self.start.unwrap_or(after.start);
        after.phone = self.phone.clone().map_or(after.phone, Phone::into_string);
        after.email = self.email.clone().map_or(after.email, Email::into_string);
        after.requests = self.requests.clone().map_or(after.requests, |requests| requests.map(Requests::into_string));
        // What the house confirmed is not what the guest wants now.
        let same = (after.party, after.start) == (before.values().party, before.reservation_time);
        if actor == Actor::Guest && before.status == Status::Confirmed && !auto_confirm && !same {
            after.status = Status::Pending;
        }
        after
    }
}

/// Changes a booking.
///
/// # Errors
/// `NotFound`, one of [`REFUSALS`], `Time`, `Invalid`, or `Database`. The booking is as it was then.
pub async fn change(
    connection: &mut PgConnection,
    room: &Room,
    acting: &Acting<'_>,
    id: ReservationId,
    change: &Change,
    now: Timestamp,
) -> Result<Done, Refusal> {
    loop {
        let before = acting.find(connection, id).await?;
        let moment = before.moment(now);
        if !moment.may_change(acting.actor) {
            return Err(Refusal::InvalidTransition(Attempt::Change, moment, acting.actor));
        }
        let after = change.apply(&before, acting.actor, room.house.auto_confirm);
        if after == before.values() {
            return Ok(Done::Same(before));
        }
        if after.start != before.reservation_time {
            if before.status == Status::Seated && room.house.date_of(after.start) != room.house.date_of(before.reservation_time) {
                return Err(Refusal::InvalidTransition(Attempt::Move, moment, acting.actor));
            }
            room.house.may_begin(after.start, now).map_err(Refusal::Time)?;
        }
        let changed = if needs_place(&before, &after) {
            relocate(connection, room, &before, after, change.table_id, now).await?
        } else {
            store::booking::change(connection, id, before.version, &after).await?
        };
        // Another request changed it meanwhile: it is judged again as it is now.
        if let Some(changed) = changed {
            room.days.forget(&room.house, before.span());
            room.days.forget(&room.house, changed.span());
            return Ok(Done::Changed(changed));
        }
    }
}

/// Whether a table must be found for the values after the change. A party that becomes smaller stays where it is.
fn needs_place(before: &Reservation, after: &Values) -> bool {
    let released = before.table_named && !after.table_named;
    released || after.table_id != before.table_id || after.span() != before.span() || after.party.guests > before.guests_count
}

/// From when until when a booking holds its table. A party that sits holds it from when it sat down.
async fn held(
    connection: &mut PgConnection,
    before: &Reservation,
    values: &Values,
    now: Timestamp,
) -> Result<(Option<Own>, Span, Span), sqlx::Error> {
    let since = store::hold::since(connection, before.id).await?;
    let own = since.map(|start| Own { table_id: before.table_id, span: Span { start, end: before.span().end } });
    let expected = values.span();
    if before.status != Status::Seated {
        return Ok((own, expected, expected));
    }
    let stays = Span { start: since.map_or(expected.start, |since| since.min(expected.start)), ..expected };
    // At another table it sits from now on, and at least as long as a party over its time does.
    let moves = Span { start: now, end: expected.end.max(Span::new(now, floor::OVER_TIME).end) };
    Ok((own, stays, moves))
}

/// Moves a booking to another time or table, or leaves it where it is. `None`: it has another version by now.
async fn relocate(
    connection: &mut PgConnection,
    room: &Room,
    before: &Reservation,
    after: Values,
    named: Option<Option<TableId>>,
    now: Timestamp,
) -> Result<Option<Reservation>, Refusal> {
    loop {
        let (own, stays, moves) = held(connection, before, &after, now).await?;
        let span = |table_id: TableId| if table_id == before.table_id { stays } else { moves };
        let tables = tables(connection, room, before, &after, named, (own, stays, moves), now).await?;
        let mut transaction = connection.begin().await?;
        // The row first: whoever changes it at the same time waits here, and the order of locks is the same for all.
        if !store::booking::lock(&mut transaction, before.id, before.version).await? {
            return Ok(None);
        }
        hold::release(&mut transaction, before.id).await?;
        for (table_id, table_named) in tables {
            let place = hold::Place { table_id, span: span(table_id), seated: before.status == Status::Seated };
            if hold::hold(&mut transaction, before.id, place, after.party.guests, now).await? {
                let values = Values { table_id, table_named, ..after };
                let changed = store::booking::change(&mut transaction, before.id, before.version, &values).await?;
                transaction.commit().await?;
                return Ok(changed);
            }
        }
        // All of them were taken meanwhile: it is judged again as it is now.
        transaction.rollback().await?;
    }
}

/// The tables that the booking can have, the best first, each with whether it counts as named.
async fn tables(
    connection: &mut PgConnection,
    room: &Room,
    before: &Reservation,
    after: &Values,
    named: Option<Option<TableId>>,
    (own, stays, moves): (Option<Own>, Span, Span),
    now: Timestamp,
) -> Result<Vec<(TableId, bool)>, Refusal> {
    let guests = after.party.guests;
    let whole = Span { start: stays.start.min(moves.start), end: stays.end.max(moves.end) };
    let openings = hold::openings(connection, whole, Some(before.id), now).await?;
    // A party that sits keeps its table for another stretch of time than it would take another one for.
    let staying = openings.choose(guests, stays).into_iter().flatten().filter(|table_id| stays == moves || *table_id == before.table_id);
    let moving = openings.choose(guests, moves).into_iter().flatten().filter(|table_id| stays != moves && *table_id != before.table_id);
    let free: Vec<TableId> = staying.chain(moving).collect();
    if after.table_named {
        let table = store::table::get(connection, after.table_id).await?;
        match floor::suits(table.as_ref(), guests) {
            Ok(()) if free.contains(&after.table_id) => return Ok(vec![(after.table_id, true)]),
            Ok(()) => {
                let sitting =
                    if before.status == Status::Seated { hold::sitting(connection, after.table_id, before.id).await? } else { Vec::new() };
                return Err(if sitting.is_empty() { Refusal::TableTaken } else { Refusal::TableOccupied(sitting) });
            }
            // It was named before, and no longer does: the house chooses.
            Err(_) if !matches!(named, Some(Some(_))) => {}
            Err(Unsuitable::Inactive) => return Err(Refusal::TableInactive),
            Err(unsuitable) => return Err(Refusal::Invalid(Some(unsuitable), Missing::default())),
        }
    } else if !before.table_named && free.contains(&before.table_id) {
        // What the house chose is kept where it does.
        let others = free.iter().copied().filter(|table_id| *table_id != before.table_id);
        return Ok(std::iter::once(before.table_id).chain(others).map(|table_id| (table_id, false)).collect());
    }
    if !free.is_empty() {
        return Ok(free.into_iter().map(|table_id| (table_id, false)).collect());
    }
    if matches!(openings.choose(guests, moves).err(), Some(Reason::NoTableFits)) {
        return Err(Refusal::NoTableFits(guests));
    }
    let around = (&room.house, &room.days);
    Err(Refusal::NoTableFree(availability::alternatives(connection, around, after.party, after.start, own, now).await?))
}
