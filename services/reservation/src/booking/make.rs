//! Making a booking.

use chassis::http::code::Code;
use chassis::http::identity::UserId;
use chassis::http::text::{Email, Phone};
use jiff::Timestamp;
use sqlx::PgConnection;

use super::{Requests, Reservation};
use crate::availability::{self, Party};
use crate::calendar::Reason;
use crate::codes;
use crate::config::Limits;
use crate::floor::{self, Unsuitable};
use crate::house::Room;
use crate::refusal::{Limit, Missing, Refusal};
use crate::status::Status;
use crate::store::booking::Attempted;
use crate::store::{self, hold};
use crate::table::TableId;

/// The problems with which a booking may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] =
    &[&codes::TOO_MANY_REQUESTS, &codes::TABLE_INACTIVE, &codes::TABLE_TAKEN, &codes::NO_TABLE_FITS, &codes::NO_TABLE_FREE];

/// A request to book. The calendar allows its time.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The user who books.
    pub user_id: UserId,
    /// Whether the limits of what one user may book are theirs.
    pub limited: bool,
    /// The table, where the guest names one.
    pub table_id: Option<TableId>,
    /// The party, and for how long it comes.
    pub party: Party,
    /// When it comes.
    pub start: Timestamp,
    /// The phone number, where it is another one than the account's.
    pub phone: Option<Phone>,
    /// The e-mail address, where it is another one than the account's.
    pub email: Option<Email>,
    /// The wishes of the guest.
    pub requests: Option<Requests>,
}

/// A booking that is to be made, but for its table.
#[derive(Clone, Debug)]
pub struct NewBooking {
    /// The user who books.
    pub user_id: UserId,
    /// Its code.
    pub code: String,
    /// The state in which it begins.
    pub status: Status,
    /// Whether the guest named the table.
    pub table_named: bool,
    /// The party, and for how long it comes.
    pub party: Party,
    /// When it comes.
    pub start: Timestamp,
    /// The phone number of the guest.
    pub phone: String,
    /// The e-mail address of the guest.
    pub email: String,
    /// The wishes of the guest.
    pub requests: Option<Requests>,
    /// How many bookings the user may have.
    pub limits: Limits,
}

/// Makes a booking: at the table that is named, or at the best one that is free. Once it is committed, [`Days::forget`] its stretch of
/// time.
///
/// [`Days::forget`]: crate::availability::Days::forget
///
/// # Errors
/// One of [`REFUSALS`], `Invalid`, or `Database`. Nothing is written then.
pub async fn make(connection: &mut PgConnection, room: &Room, wish: &Wish, now: Timestamp) -> Result<Reservation, Refusal> {
    let limits = if wish.limited { room.house.limits } else { Limits::NONE };
    let (phone, email) = match contact(connection, wish).await? {
        (Some(phone), Some(email)) => (phone, email),
        (phone, email) => {
            let missing = Missing { email: email.is_none(), phone: phone.is_none() };
            tables(connection, room, wish, limits, missing, now).await?;
            return Err(Refusal::Invalid(None, missing));
        }
    };
    let new = NewBooking {
        user_id: wish.user_id,
        code: super::code::new(),
        status: if room.house.auto_confirm { Status::Confirmed } else { Status::Pending },
        table_named: wish.table_id.is_some(),
        party: wish.party,
        start: wish.start,
        phone,
        email,
        requests: wish.requests.clone(),
        limits,
    };
    loop {
        // A table that is named is tried at once: one statement books it, or says that it is taken.
        let tables = match wish.table_id {
            Some(table_id) => vec![table_id],
            None => tables(connection, room, wish, limits, Missing::default(), now).await?,
        };
        for table_id in tables {
            match store::booking::book(connection, &new, table_id, now).await? {
                Attempted::Made(made) => return Ok(*made),
                Attempted::Limited(limit) => return Err(too_many(connection, wish, limit, limits).await),
                Attempted::Taken if wish.table_id.is_some() => return Err(Refusal::TableTaken),
                Attempted::Unsuitable if wish.table_id.is_some() => {
                    judge_named(connection, wish, table_id, limits, Missing::default()).await?;
                }
                // Another booking took it meanwhile, or it has changed: the next one, or all of them again as they are now.
                Attempted::Taken | Attempted::Unsuitable => {}
            }
        }
    }
}

/// Phone and e-mail address, from the request or the account.
async fn contact(connection: &mut PgConnection, wish: &Wish) -> Result<(Option<String>, Option<String>), sqlx::Error> {
    let phone = wish.phone.clone().map(Phone::into_string);
    let email = wish.email.clone().map(Email::into_string);
    if phone.is_some() && email.is_some() {
        return Ok((phone, email));
    }
    let account = store::guest::get(connection, wish.user_id).await?;
    let (known_phone, known_email) = account.map_or((None, None), |account| (account.phone, Some(account.email)));
    Ok((phone.or(known_phone), email.or(known_email)))
}

/// The tables that the party can have, without taking one.
async fn tables(
    connection: &mut PgConnection,
    room: &Room,
    wish: &Wish,
    limits: Limits,
    missing: Missing,
    now: Timestamp,
) -> Result<Vec<TableId>, Refusal> {
    if let Some(table_id) = wish.table_id {
        judge_named(connection, wish, table_id, limits, missing).await?;
    }
    let span = wish.party.span(wish.start);
    let openings = hold::openings(connection, span, None, now).await?;
    let reason = match openings.choose(wish.party.guests, span) {
        Ok(tables) => {
            let tables: Vec<_> = tables.filter(|table_id| wish.table_id.is_none_or(|named| named == *table_id)).collect();
            if !tables.is_empty() {
                return Ok(tables);
            }
            Reason::NoTableFree
        }
        Err(reason) => reason,
    };
    refuse_beyond(connection, wish, limits).await?;
    Err(match reason {
        _ if wish.table_id.is_some() => Refusal::TableTaken,
        Reason::NoTableFits => Refusal::NoTableFits(wish.party.guests),
        _ => {
            let around = (&room.house, &room.days);
            Refusal::NoTableFree(availability::alternatives(connection, around, wish.party, wish.start, None, now).await?)
        }
    })
}

/// Refuses a table that was named, by what it is.
async fn judge_named(
    connection: &mut PgConnection,
    wish: &Wish,
    table_id: TableId,
    limits: Limits,
    missing: Missing,
) -> Result<(), Refusal> {
    let table = store::table::get(connection, table_id).await?;
    match floor::suits(table.as_ref(), wish.party.guests) {
        Ok(()) => Ok(()),
        Err(Unsuitable::Inactive) => {
            refuse_beyond(connection, wish, limits).await?;
            Err(Refusal::TableInactive)
        }
        Err(unsuitable) => Err(Refusal::Invalid(Some(unsuitable), missing)),
    }
}

/// Refuses a user who has reached a limit: that comes before any conflict.
async fn refuse_beyond(connection: &mut PgConnection, wish: &Wish, limits: Limits) -> Result<(), Refusal> {
    match store::booking::limit_reached(connection, wish.user_id, limits).await? {
        Some(limit) => Err(too_many(connection, wish, limit, limits).await),
        None => Ok(()),
    }
}

async fn too_many(connection: &mut PgConnection, wish: &Wish, limit: Limit, limits: Limits) -> Refusal {
    match store::booking::until_below(connection, wish.user_id, limit, limits).await {
        Ok(seconds) => Refusal::TooMany(limit, seconds),
        Err(error) => error.into(),
    }
}
