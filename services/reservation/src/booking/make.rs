//! Making a booking.

use std::net::IpAddr;
use std::time::Instant;

use chassis::http::code::Code;
use chassis::http::identity::UserId;
use chassis::http::text::{Email, Name, Phone};
use house::calendar::Calendar;
use house::judge::{self, Case};
use house::openings::Openings;
use house::pacing::{Count, bucket};
use house::reason::Reason;
use house::rules::Pacing;
use house::span::Span;
use jiff::Timestamp;
use sqlx::Connection as _;

use super::{Author, Guests, Language, Minutes, Note, Requests, Reservation, Source};
use crate::area::AreaId;
use crate::availability::{self, Party, Search};
use crate::codes;
use crate::config::Limits;
use crate::memory::Known;
use crate::refusal::{Faults, Limit, Refusal};
use crate::room::{ATTEMPTS, Room};
use crate::status::{Actor, Status};
use crate::store::booking::{Attempted, Wished};
use crate::store::database::Database;
use crate::store::{self, hold};
use crate::table::{self, Named, TableId, Unsuitable};

/// The problems with which a booking may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] = &[
    &codes::TOO_MANY_REQUESTS,
    &codes::NOT_BOOKABLE,
    &codes::TABLE_INACTIVE,
    &codes::TABLE_TAKEN,
    &codes::NO_TABLE_FITS,
    &codes::NO_TABLE_FREE,
];

/// How many tables are tried before it is looked again which are free.
const CHOICES: usize = 16;

/// Whose bookings are counted against which limit.
#[derive(Clone, Copy, Debug)]
pub enum Counted {
    /// Nobody's: the staff book.
    Not,
    /// A user's.
    User(UserId, Limits),
    /// Those that come from a network without an account: so many within an hour; 0 is no limit.
    Network(IpAddr, u32),
}

/// A request to book.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The user who books, if it is one.
    pub user_id: Option<UserId>,
    /// As whom they book.
    pub actor: Actor,
    /// How the booking comes about: from an account, by a guest without one, or by the staff on the phone.
    pub source: Source,
    /// Whose bookings are counted.
    pub counted: Counted,
    /// Whether the staff book against the rules of the house.
    pub overrides: bool,
    /// The tables, where some are named.
    pub named: Named,
    /// The area, where one is named.
    pub area_id: Option<AreaId>,
    /// How many guests come.
    pub guests: Guests,
    /// For how long, where they say so.
    pub minutes: Option<Minutes>,
    /// When they come.
    pub start: Timestamp,
    /// The name of the guest.
    pub name: Option<Name>,
    /// The phone number, where it is another one than the account's.
    pub phone: Option<Phone>,
    /// The e-mail address, where it is another one than the account's.
    pub email: Option<Email>,
    /// The wishes of the guest.
    pub requests: Option<Requests>,
    /// A note of the staff.
    pub note: Option<Note>,
    /// The language in which the restaurant writes to the guest, where they choose one.
    pub language: Option<Language>,
}

impl Wish {
    /// What the house judges.
    pub fn judged(&self) -> judge::Wish {
        let minutes = self.minutes.map(Minutes::get);
        let by = if self.overrides { judge::By::Override } else { availability::by(self.actor) };
        judge::Wish { guests: self.guests.get(), minutes, area: self.area_id.map(AreaId::get), by }
    }
}

/// A booking that is to be made, but for its table.
#[derive(Clone, Debug)]
pub struct NewBooking {
    /// The user whose booking it is.
    pub user_id: Option<UserId>,
    /// How it comes about.
    pub source: Source,
    /// Who books.
    pub author: Author,
    /// Its code.
    pub code: String,
    /// The state in which it begins.
    pub status: Status,
    /// Whether the tables were named.
    pub table_named: bool,
    /// The party, and for how long it comes.
    pub party: Party,
    /// When it comes.
    pub start: Timestamp,
    /// For how long its table is taken.
    pub hold: Span,
    /// The name of the guest, where there is one.
    pub name: Option<Name>,
    /// The phone number of the guest, where there is one.
    pub phone: Option<String>,
    /// The e-mail address of the guest, where there is one.
    pub email: Option<String>,
    /// The wishes of the guest.
    pub requests: Option<Requests>,
    /// A note of the staff.
    pub note: Option<Note>,
    /// Whether the staff book against the rules of the house.
    pub overridden: bool,
    /// Whose bookings are counted.
    pub counted: Counted,
    /// The language in which the restaurant writes to the guest, where they chose one.
    pub language: Option<Language>,
    /// How many hours before the visit the guest is reminded, where mail is sent.
    pub remind: Option<i32>,
}

/// Makes a booking: at the table that is named, or at the best one that is free. Once it is committed, [`Room::made`] is to be told.
///
/// # Errors
/// One of [`REFUSALS`], `Time`, `Invalid`, `Overloaded`, or `Database`. Nothing is written then.
pub async fn make(database: &mut Database<'_>, room: &Room, wish: &Wish, now: Timestamp) -> Result<Reservation, Refusal> {
    let contact = contact(database, wish).await?;
    for again in 0..=ATTEMPTS {
        // Whoever is judged anew waits neither for a connection afterwards nor for a commit of others: the house could change again meanwhile.
        if again > 0 {
            database.connection().await?;
        }
        let known = room.memory.get(database).await?;
        let attempt = Attempt { together: again == 0, ..Attempt::new(room, &known, wish, now) };
        match attempt.make(database, contact.clone()).await {
            Ok(Some(made)) => return Ok(made),
            Err(refusal @ Refusal::Database(_)) => return Err(refusal),
            // Nobody is refused by what the house said before.
            Err(refusal) if known.is_current(database.connection().await?).await? => return Err(refusal),
            Ok(None) | Err(_) => room.memory.forget(),
        }
    }
    Err(Refusal::Overloaded)
}

/// What became of the tables that a party can have.
enum Tried {
    Made(Box<Reservation>),
    /// All of them are taken by now.
    Taken,
    /// The kitchen has as many guests by now as it can take.
    Full,
    /// A limit is reached.
    Limited(Limit),
    /// The house has another version by now.
    OtherHouse,
}

/// A wish, judged by the house at a version.
struct Attempt<'a> {
    room: &'a Room,
    known: &'a Known,
    wish: &'a Wish,
    case: Case<'a>,
    now: Timestamp,
    began: Instant,
    /// Whether it may go with a commit of others.
    together: bool,
}

impl<'a> Attempt<'a> {
    fn new(room: &'a Room, known: &'a Known, wish: &'a Wish, now: Timestamp) -> Self {
        let calendar = Calendar::around(&known.house, wish.start);
        let case = Case::new(&known.house, &calendar, wish.judged(), wish.start, now);
        Self { room, known, wish, case, now, began: Instant::now(), together: true }
    }

    /// Makes the booking. `None`: the house has another version by now.
    async fn make(&self, database: &mut Database<'_>, (phone, email): Contact) -> Result<Option<Reservation>, Refusal> {
        let rules = &self.known.house.rules;
        if self.wish.source == Source::Guest && !rules.guests_without_account {
            return Err(Refusal::AccountRequired);
        }
        let too_long = self.wish.minutes.filter(|minutes| !rules.may_stay(self.wish.guests.get(), minutes.get()) && !self.wish.overrides);
        let by_phone = self.wish.source == Source::Phone;
        let faults = Faults {
            email_missing: email.is_none() && !by_phone,
            phone_missing: phone.is_none() && rules.phone_required && !by_phone,
            too_long: too_long.map(|_| rules.turn_time(self.wish.guests.get())),
            table: None,
        };
        if faults.too_long.is_some() {
            return Err(Refusal::Invalid(faults));
        }
        if faults != Faults::default() {
            // What else is wrong with it is told first.
            return match self.tables(database, faults).await {
                Ok(_) => Err(Refusal::Invalid(faults)),
                Err(refusal) => Err(refusal),
            };
        }
        let confirmed = by_phone || self.room.restaurant.auto_confirm && !rules.confirms(self.wish.guests.get());
        let minutes = Minutes::new(self.case.minutes()).expect("no stay is longer than what may be asked for, nor shorter");
        let new = NewBooking {
            user_id: self.wish.user_id.filter(|_| !by_phone),
            source: self.wish.source,
            author: Author { by: self.wish.actor.into(), user_id: self.wish.user_id },
            code: super::code::new(),
            status: if confirmed { Status::Confirmed } else { Status::Pending },
            table_named: !self.wish.named.is_none(),
            party: Party { guests: self.wish.guests, minutes },
            start: self.wish.start,
            hold: self.case.hold(),
            name: self.wish.name.clone(),
            phone,
            email,
            requests: self.wish.requests.clone(),
            note: self.wish.note.clone(),
            overridden: self.wish.overrides,
            counted: self.wish.counted,
            language: self.wish.language,
            remind: self.room.remind,
        };
        loop {
            // What is named is tried at once: one statement books it, or says that it is taken.
            let tables = if self.wish.named.is_none() {
                self.tables(database, faults).await?
            } else {
                self.judge_time(database).await?;
                vec![self.judge_named(database, faults).await?]
            };
            let tried = if rules.pacing.is_unlimited() {
                self.try_tables(database, &new, tables).await?
            } else {
                self.try_tables_paced(database, &new, tables).await?
            };
            match tried {
                Tried::Made(made) => return Ok(Some(*made)),
                Tried::Limited(limit) => return Err(self.too_many(database, limit).await),
                Tried::Full => return Err(self.not_bookable(database, Reason::PacingFull).await?),
                Tried::OtherHouse => return Ok(None),
                Tried::Taken if !self.wish.named.is_none() => return Err(Refusal::TableTaken),
                // Other bookings took them meanwhile: all of them again as they are now.
                Tried::Taken => self.room.tables.occupancy.forget(new.hold),
            }
        }
    }

    /// Books the first of these tables, or of those that are joined, that are still free.
    async fn try_tables(&self, database: &mut Database<'_>, new: &NewBooking, mut left: Vec<Vec<TableId>>) -> Result<Tried, Refusal> {
        while !left.is_empty() {
            let tables = left.remove(self.room.together.unwanted(&left, new.hold));
            let wished = Wished { new: new.clone(), tables, version: self.known.version, now: self.now };
            let attempted = match database {
                Database::Of(pool, taken) if self.together && wished.is_one_row() => {
                    // Those who commit need it.
                    *taken = None;
                    self.room.together.book(pool, wished).await?
                }
                _ => store::booking::book(database.connection().await?, &wished).await?,
            };
            match attempted {
                Attempted::Made(made) => return Ok(Tried::Made(made)),
                Attempted::Limited(limit) => return Ok(Tried::Limited(limit)),
                Attempted::Outdated => return Ok(Tried::OtherHouse),
                Attempted::Taken => {}
            }
        }
        Ok(Tried::Taken)
    }

    /// The same, once the kitchen can take the party. The house first, then the quarter, then the tables: the order of locks is the same for
    /// all.
    async fn try_tables_paced(&self, database: &mut Database<'_>, new: &NewBooking, tables: Vec<Vec<TableId>>) -> Result<Tried, Refusal> {
        let mut transaction = database.connection().await?.begin().await?;
        if !store::house::agrees(&mut transaction, self.known.version).await? {
            return Ok(Tried::OtherHouse);
        }
        let party = Count { covers: new.party.guests.get(), parties: 1 };
        let limits = if self.wish.overrides { Pacing::default() } else { self.known.house.rules.pacing };
        let tried = if store::pacing::add(&mut transaction, bucket(new.start), party, limits).await? {
            self.try_tables(&mut Database::At(&mut transaction), new, tables).await?
        } else {
            Tried::Full
        };
        if matches!(tried, Tried::Made(_)) {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(tried)
    }

    /// The tables that the party can have, without taking one.
    async fn tables(&self, database: &mut Database<'_>, faults: Faults) -> Result<Vec<Vec<TableId>>, Refusal> {
        self.judge_time(database).await?;
        let named = if self.wish.named.is_none() { None } else { Some(self.judge_named(database, faults).await?) };
        if let Some(named) = named {
            let openings = hold::openings(database.connection().await?, &self.known.house, self.case.hold(), None, self.now).await?;
            if table::joined(self.known, &named).is_none_or(|unit| openings.is_free(&unit, self.case.hold())) {
                return Ok(vec![named]);
            }
            self.refuse_beyond(database).await?;
            return Err(Refusal::TableTaken);
        }
        let chosen = |openings: &Openings| {
            let units = self.case.choose(openings)?;
            Ok::<Vec<_>, Reason>(units.take(CHOICES).map(|unit| table::ids_of(self.known, unit)).collect())
        };
        let mut since = None;
        let reason = loop {
            // Of a day that is not known, no more is read than what is in the way of the wish.
            let found = match self.room.tables.occupancy.known(self.known, self.wish.start, since) {
                Some(taken) => chosen(taken.openings()),
                None => {
                    since = Some(self.began);
                    chosen(&hold::openings(database.connection().await?, &self.known.house, self.case.hold(), None, self.now).await?)
                }
            };
            match found {
                Ok(tables) => return Ok(tables),
                Err(Reason::NoTableFree) if since.is_none() => since = Some(self.began),
                Err(reason) => break reason,
            }
        };
        self.refuse_beyond(database).await?;
        Err(match reason {
            Reason::NoTableFits => Refusal::NoTableFits(self.wish.guests),
            _ => Refusal::NoTableFree(self.alternatives(database).await?),
        })
    }

    /// Refuses a time or a party that the house does not take.
    async fn judge_time(&self, database: &mut Database<'_>) -> Result<(), Refusal> {
        let judged = match self.case.judge_time_and_party() {
            Ok(()) if !self.known.house.rules.pacing.is_unlimited() => {
                let quarter = Span { start: self.wish.start, end: self.wish.start };
                let begun = store::pacing::counts(database.connection().await?, quarter).await?;
                self.case.judge_pacing(begun.get(&bucket(self.wish.start)).copied().unwrap_or_default())
            }
            judged => judged,
        };
        match judged {
            Ok(()) => Ok(()),
            Err(reason @ (Reason::Past | Reason::TooFarAhead)) => Err(Refusal::Time(reason)),
            Err(reason) => Err(self.not_bookable(database, reason).await?),
        }
    }

    /// The refusal of a time or a party; as an error, one that comes before it.
    async fn not_bookable(&self, database: &mut Database<'_>, reason: Reason) -> Result<Refusal, Refusal> {
        self.refuse_beyond(database).await?;
        Ok(Refusal::NotBookable(reason, self.alternatives(database).await?))
    }

    /// The tables that were named, unless they are refused by what they are.
    async fn judge_named(&self, database: &mut Database<'_>, faults: Faults) -> Result<Vec<TableId>, Refusal> {
        match table::suits(database, self.known, &self.case, self.wish.guests, self.wish.named.ids()).await? {
            Ok(tables) => Ok(tables),
            Err(Unsuitable::Inactive) => {
                self.refuse_beyond(database).await?;
                Err(Refusal::TableInactive)
            }
            Err(unsuitable) => Err(Refusal::Invalid(Faults { table: Some((self.wish.named.member(), unsuitable)), ..faults })),
        }
    }

    async fn alternatives(&self, database: &mut Database<'_>) -> Result<Vec<Timestamp>, sqlx::Error> {
        let search = Search { wish: self.wish.judged(), wanted: self.wish.start, own: &[], counted: None, now: self.now };
        availability::alternatives(database, (self.room, self.known), search).await
    }

    /// Refuses whoever has reached a limit: that comes before any conflict.
    async fn refuse_beyond(&self, database: &mut Database<'_>) -> Result<(), Refusal> {
        match store::limit::reached(database.connection().await?, self.wish.counted).await? {
            Some(limit) => Err(self.too_many(database, limit).await),
            None => Ok(()),
        }
    }

    async fn too_many(&self, database: &mut Database<'_>, limit: Limit) -> Refusal {
        let connection = match database.connection().await {
            Ok(connection) => connection,
            Err(error) => return error.into(),
        };
        match store::limit::until_below(connection, self.wish.counted, limit).await {
            Ok(seconds) => Refusal::TooMany(limit, seconds),
            Err(error) => error.into(),
        }
    }
}

/// Phone and e-mail address.
type Contact = (Option<String>, Option<String>);

/// Phone and e-mail address, from the request or the account.
async fn contact(database: &mut Database<'_>, wish: &Wish) -> Result<Contact, sqlx::Error> {
    let phone = wish.phone.clone().map(Phone::into_string);
    let email = wish.email.clone().map(Email::into_string);
    let account = wish.user_id.filter(|_| (phone.is_none() || email.is_none()) && wish.source == Source::Account);
    let Some(user_id) = account else { return Ok((phone, email)) };
    let account = store::guest::get(database.connection().await?, user_id).await?;
    let (known_phone, known_email) = account.map_or((None, None), |account| (account.phone, Some(account.email)));
    Ok((phone.or(known_phone), email.or(known_email)))
}
