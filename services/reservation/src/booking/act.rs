//! The life of a booking: confirm, seat, complete, no-show, cancel.

use chassis::http::code::{self, Code};
use house::span::Span;
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};

use super::reopen::reopen;
use super::{Author, Done, Reservation, ReservationId};
use crate::codes;
use crate::refusal::{Attempt, Refusal};
use crate::room::{Acting, Room};
use crate::status::{Action, Status};
use crate::store::{self, hold};

/// The problems with which an action may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] = &[&code::PRECONDITION_FAILED, &codes::INVALID_TRANSITION];

/// The problems with which seating may be refused, beside faults of the input.
pub static SEAT_REFUSALS: &[&Code] = &[&code::PRECONDITION_FAILED, &codes::INVALID_TRANSITION, &codes::TABLE_OCCUPIED, &codes::TABLE_TAKEN];

/// Acts on a booking. One that is cancelled already is cancelled without a change.
///
/// # Errors
/// `NotFound`, one of [`REFUSALS`] or [`SEAT_REFUSALS`], or `Database`. The booking is as it was then.
pub async fn act(
    connection: &mut PgConnection,
    room: &Room,
    acting: &Acting<'_>,
    id: ReservationId,
    action: Action,
) -> Result<Done, Refusal> {
    loop {
        let before = acting.find(connection, id).await?;
        if action == Action::Cancel && before.status == Status::Cancelled {
            return Ok(Done::Same(before));
        }
        let now = Timestamp::now();
        let moment = before.moment(now);
        if !moment.may(acting.actor, action) {
            return Err(Refusal::InvalidTransition(Attempt::Act(action), moment, acting.actor));
        }
        let author = acting.author();
        let changed = match action.leads_to() {
            None => reopen(connection, room, &before, author, now).await?,
            Some(Status::Seated) => seat(connection, room, &before, author, now).await?,
            Some(to) if before.status == Status::Seated => leave(connection, room, &before, (action, to), author, now).await?,
            Some(to) => store::booking::act(connection, &before, (action, to), author, room.remind).await?,
        };
        // Another request changed it meanwhile: it is judged again as it is now.
        if let Some(changed) = changed {
            if before.status == Status::Seated {
                // A block that waited for the party has its tables from now on, for however long.
                room.tables.occupancy.forget_all();
            }
            room.tables.occupancy.forget(Span { start: before.span().start.min(now), end: before.span().end.max(now) });
            return Ok(Done::Changed(changed));
        }
    }
}

/// Frees the tables of a party that sits: a block that waited for it to leave has them from now on. `None`: the booking has another version by
/// now.
async fn leave(
    connection: &mut PgConnection,
    room: &Room,
    before: &Reservation,
    (action, to): (Action, Status),
    author: Author,
    now: Timestamp,
) -> Result<Option<Reservation>, Refusal> {
    let mut transaction = connection.begin().await?;
    let left = store::booking::act(&mut transaction, before, (action, to), author, room.remind).await?;
    if left.is_some() {
        store::block::fill(&mut transaction, &before.table_ids, now).await?;
    }
    transaction.commit().await?;
    Ok(left)
}

/// Seats a party: it holds its table from now on, or from the start where that was before. `None`: the booking has another version by now.
async fn seat(
    connection: &mut PgConnection,
    room: &Room,
    before: &Reservation,
    author: Author,
    now: Timestamp,
) -> Result<Option<Reservation>, Refusal> {
    let mut transaction = connection.begin().await?;
    if !store::booking::lock(&mut transaction, before.id, before.version).await? {
        return Ok(None);
    }
    // Before the table: an edit of the house that gives the table another number takes them in that order, too.
    store::house::share(&mut transaction).await?;
    let end = hold::own(&mut transaction, before.id).await?.iter().map(|hold| hold.span.end).max().unwrap_or(before.span().end);
    let span = Span { start: before.span().start.min(now), end };
    hold::release(&mut transaction, before.id).await?;
    let place = hold::Place { tables: &before.table_ids, span, seated: true };
    if !hold::keep(&mut transaction, before.id, place, now).await? {
        let sitting = hold::sitting(&mut transaction, &before.table_ids, Some(before.id)).await?;
        return Err(if sitting.is_empty() { Refusal::TableTaken } else { Refusal::TableOccupied(sitting) });
    }
    let seated = store::booking::act(&mut transaction, before, (Action::Seat, Status::Seated), author, room.remind).await?;
    transaction.commit().await?;
    Ok(seated)
}
