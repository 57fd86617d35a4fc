//! Undoing what happened last to a booking: a slip of the thumb, or a party that comes after all.

use chassis::http::code::{self, Code};
use house::pacing::{Count, bucket};
use house::rules::Pacing;
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};

use super::{Author, Reservation, Source};
use crate::codes;
use crate::memory::Known;
use crate::refusal::Refusal;
use crate::room::Room;
use crate::status::{Action, Status};
use crate::store::{self, hold};
use crate::table::{self, Unsuitable};

/// The problems with which reopening may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] = &[
    &code::PRECONDITION_FAILED,
    &codes::INVALID_TRANSITION,
    &codes::TABLE_OCCUPIED,
    &codes::TABLE_TAKEN,
    &codes::TABLE_INACTIVE,
    &codes::NO_TABLE_FITS,
];

/// Brings a booking back to the state that it was in before; it takes its tables again. No rule of the house is asked. `None`: the booking
/// or the house has another version by now.
pub(super) async fn reopen(
    connection: &mut PgConnection,
    room: &Room,
    before: &Reservation,
    author: Author,
    now: Timestamp,
) -> Result<Option<Reservation>, Refusal> {
    let Some(undo) = before.undo() else { return Ok(None) };
    let known = room.known(connection).await?;
    let mut transaction = connection.begin().await?;
    if !store::booking::lock(&mut transaction, before.id, before.version).await? {
        return Ok(None);
    }
    if !store::house::agrees(&mut transaction, known.version).await? {
        room.memory.forget();
        return Ok(None);
    }
    let held = hold::own(&mut transaction, before.id).await?.iter().map(|hold| hold.span.end).max();
    if held.is_none() {
        refuse_unusable(&known, before)?;
    }
    let counted = |status| before.source != Source::WalkIn && !matches!(status, Status::Cancelled | Status::NoShow);
    let rules = &known.house.rules;
    if counted(undo.status) && !counted(before.status) && !rules.pacing.is_unlimited() {
        let party = Count { covers: before.guests_count.get(), parties: 1 };
        store::pacing::add(&mut transaction, bucket(before.reservation_time), party, Pacing::default()).await?;
    }
    let seated = undo.status == Status::Seated;
    let expected = before.span();
    let buffered = Span::new(expected.end, SignedDuration::from_mins(rules.buffer_minutes.into())).end;
    // What was held is held again; else with today's buffer or, where somebody has booked since there was less, without it.
    let mut has = false;
    for end in held.map_or([buffered, expected.end], |held| [held, expected.end]) {
        hold::release(&mut transaction, before.id).await?;
        let span = if seated { sits(expected, end, now) } else { Span { end, ..expected } };
        let place = hold::Place { tables: &before.table_ids, span, seated };
        // What it held until now it may hold again, whoever stays over their time.
        has = if seated || held.is_some() {
            hold::keep(&mut transaction, before.id, place, now).await?
        } else {
            hold::hold(&mut transaction, before.id, place, now).await?
        };
        if has {
            break;
        }
    }
    if !has {
        let sitting = if seated {
            hold::sitting(&mut transaction, &before.table_ids, Some(before.id)).await?
        } else {
            let place = hold::Place { tables: &before.table_ids, span: expected, seated };
            hold::sitting_within(&mut transaction, place, before.id, now).await?
        };
        return Err(if sitting.is_empty() { Refusal::TableTaken } else { Refusal::TableOccupied(sitting) });
    }
    let reopened = store::booking::act(&mut transaction, before, (Action::Reopen, undo.status), author, room.remind).await?;
    transaction.commit().await?;
    Ok(reopened)
}

/// From when until when a party that sits again holds its table: from now on, or, where it is over its time, as little as can be held.
fn sits(expected: Span, end: Timestamp, now: Timestamp) -> Span {
    if now < end {
        Span { start: now, end }
    } else {
        let minute = end.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(expected.start);
        Span { start: expected.start.max(minute), end }
    }
}

/// Refuses tables that are out of use by now, or a table that no longer seats the party. Joined tables may seat fewer than their group did.
fn refuse_unusable(known: &Known, before: &Reservation) -> Result<(), Refusal> {
    match table::seats(known, &before.table_ids, before.guests_count) {
        Err(Unsuitable::TooSmall { guests, .. }) if before.table_ids.len() == 1 => Err(Refusal::NoTableFits(guests)),
        Ok(_) | Err(Unsuitable::TooSmall { .. }) => Ok(()),
        Err(_) => Err(Refusal::TableInactive),
    }
}
