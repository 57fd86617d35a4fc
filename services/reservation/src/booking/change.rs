//! Changing a booking: it gets its new time and table, or keeps the old ones; never neither.

use chassis::http::code::{self, Code};
use chassis::http::text::{Email, Name, Phone};
use house::House;
use house::calendar::{Calendar, Hours};
use house::judge::{self, Case};
use house::openings::{Hold, OVER_TIME, Openings};
use house::pacing::{Count, bucket};
use house::reason::Reason;
use house::rules::Pacing;
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};

use super::{Author, Done, Guests, Minutes, Note, Requests, Reservation, ReservationId, Source, Values};
use crate::availability::{self, Search};
use crate::codes;
use crate::memory::Known;
use crate::refusal::{Attempt, Faults, Refusal};
use crate::room::{ATTEMPTS, Acting, Room};
use crate::status::{Actor, Status};
use crate::store::database::Database;
use crate::store::{self, hold};
use crate::table::{self, Named, TableId, Unsuitable};

/// The problems with which a change may be refused, beside faults of the input.
pub static REFUSALS: &[&Code] = &[
    &code::PRECONDITION_FAILED,
    &codes::INVALID_TRANSITION,
    &codes::TOO_LATE_TO_CHANGE,
    &codes::NOT_BOOKABLE,
    &codes::TABLE_INACTIVE,
    &codes::TABLE_TAKEN,
    &codes::TABLE_OCCUPIED,
    &codes::NO_TABLE_FITS,
    &codes::NO_TABLE_FREE,
];

/// The shortest time for which a party that sits holds its table.
const MOMENT: SignedDuration = SignedDuration::from_mins(1);

/// A request to change a booking: what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Other tables; `Named::None` has the house choose.
    pub named: Option<Named>,
    /// Whether the staff change it against the rules of the house.
    pub overrides: bool,
    /// Another size of the party.
    pub guests: Option<Guests>,
    /// Another time.
    pub start: Option<Timestamp>,
    /// Another length.
    pub minutes: Option<Minutes>,
    /// Another name.
    pub name: Option<Name>,
    /// Another phone number.
    pub phone: Option<Phone>,
    /// Another e-mail address.
    pub email: Option<Email>,
    /// Other requests; `Some(None)` takes them back.
    pub requests: Option<Option<Requests>>,
    /// Another note of the staff; `Some(None)` removes it.
    pub note: Option<Option<Note>>,
}

impl Change {
    /// The tables that it names, if it does.
    fn named(&self) -> Option<&Named> {
        self.named.as_ref().filter(|named| !named.is_none())
    }

    /// The values after the change, but for the tables that the house has to choose and for how long the party stays.
    fn apply(&self, before: &Reservation) -> Values {
        let mut after = before.values();
        match &self.named {
            Some(Named::None) => after.table_named = false,
            Some(named) => (after.tables, after.table_named) = (named.ids().to_vec(), true),
            None => {}
        }
        after.party.guests = self.guests.unwrap_or(after.party.guests);
        after.start = self.start.unwrap_or(after.start);
        after.name = self.name.clone().map_or(after.name, |name| Some(name.into_string()));
        after.phone = self.phone.clone().map_or(after.phone, |phone| Some(phone.into_string()));
        after.email = self.email.clone().map_or(after.email, |email| Some(email.into_string()));
        after.note = self.note.clone().map_or(after.note, |note| note.map(Note::into_string));
        after.requests = self.requests.clone().map_or(after.requests, |requests| requests.map(Requests::into_string));
        after
    }
}

/// Changes a booking.
///
/// # Errors
/// `NotFound`, one of [`REFUSALS`], `Time`, `Invalid`, `Overloaded`, or `Database`. The booking is as it was then.
pub async fn change(
    connection: &mut PgConnection,
    room: &Room,
    acting: &Acting<'_>,
    id: ReservationId,
    change: &Change,
    now: Timestamp,
) -> Result<Done, Refusal> {
    let mut attempts = ATTEMPTS;
    loop {
        let before = acting.find(connection, id).await?;
        let moment = before.moment(now);
        if !moment.may_change(acting.actor) {
            return Err(Refusal::InvalidTransition(Attempt::Change, moment, acting.actor));
        }
        let known = room.known(connection).await?;
        let moved = Move::new((room, &known), &before, change, acting, now);
        if moved.after == before.values() {
            return Ok(Done::Same(before));
        }
        match moved.make(connection).await {
            Ok(Outcome::Changed(changed)) => {
                if before.status == Status::Seated {
                    // A block that waited for the party has its tables from now on, for however long.
                    room.tables.occupancy.forget_all();
                }
                room.tables.occupancy.forget(moved.whole());
                room.tables.occupancy.forget(changed.span());
                return Ok(Done::Changed(*changed));
            }
            // Another request changed it meanwhile, or others came: it is judged again as it is now.
            Ok(Outcome::OtherVersion | Outcome::Full) => {}
            Err(refusal @ Refusal::Database(_)) => return Err(refusal),
            // Nobody is refused by what the house said before.
            Err(refusal) if known.is_current(connection).await? => return Err(refusal),
            Ok(Outcome::OtherHouse) | Err(_) => {
                room.memory.forget();
                attempts -= 1;
                if attempts == 0 {
                    return Err(Refusal::Overloaded);
                }
            }
        }
    }
}

/// What became of an attempt to change a booking.
enum Outcome {
    Changed(Box<Reservation>),
    /// The booking has another version by now.
    OtherVersion,
    /// The house has another version by now.
    OtherHouse,
    /// The kitchen has as many guests by now as it can take.
    Full,
}

impl Outcome {
    fn of(changed: Option<Reservation>) -> Self {
        changed.map_or(Self::OtherVersion, |changed| Self::Changed(Box::new(changed)))
    }
}

/// A change of a booking, judged by the house at a version.
struct Move<'a> {
    room: &'a Room,
    known: &'a Known,
    before: &'a Reservation,
    change: &'a Change,
    /// For how long the party is to stay, where that is changed.
    given: Option<Minutes>,
    actor: Actor,
    author: Author,
    after: Values,
    wish: judge::Wish,
    case: Case<'a>,
    now: Timestamp,
}

/// From when until when a booking holds its table, and what it holds by now.
struct Stretch {
    own: Vec<Hold>,
    /// At its table.
    stays: Span,
    /// At another one.
    moves: Span,
}

impl<'a> Move<'a> {
    fn new((room, known): (&'a Room, &'a Known), before: &'a Reservation, change: &'a Change, acting: &Acting<'_>, now: Timestamp) -> Self {
        let (house, actor) = (&known.house, acting.actor);
        let mut after = change.apply(before);
        let (seated, same) = (before.status == Status::Seated, before.values().party.minutes);
        let calendar = Calendar::around(house, after.start);
        let case = |minutes: Option<Minutes>| {
            let wish = judge::Wish {
                guests: after.party.guests.get(),
                minutes: minutes.map(Minutes::get),
                area: None,
                by: if change.overrides { judge::By::Override } else { availability::by(actor) },
            };
            (wish, Case::new(house, &calendar, wish, after.start, now))
        };
        let retimed = after.start != before.reservation_time;
        let resized = after.party.guests != before.guests_count;
        // How long it stays is reckoned anew where the house says how long parties stay, or until when.
        let hours = !matches!(calendar.hours(after.start), Hours::AroundTheClock { .. });
        let anew = (retimed || resized) && (hours || !house.rules.turn_times.is_empty());
        // A length that stays is not judged anew.
        let given = change.minutes.filter(|minutes| retimed || resized || *minutes != same);
        let asked = given.or(if seated || !anew { Some(same) } else { None });
        let (wish, case) = case(asked);
        let unchanged = given.is_none() && asked.is_some();
        after.party.minutes = match asked {
            Some(minutes) if seated || unchanged => minutes,
            _ => Minutes::new(case.minutes()).expect("no stay is longer than what may be asked for, nor shorter"),
        };
        after.status = status(before, &after, actor, room.restaurant.auto_confirm, house);
        if let Some(unit) = change.named().and_then(|named| table::joined(known, named.ids())) {
            // In the order in which they are kept.
            after.tables = table::ids_of(known, &unit);
        }
        after.overridden |= change.overrides && (retimed || resized || given.is_some() || change.named().is_some());
        Self { room, known, before, change, given, actor, author: acting.author(), after, wish, case, now }
    }

    fn house(&self) -> &'a House {
        &self.known.house
    }

    /// Makes the change.
    async fn make(&self, connection: &mut PgConnection) -> Result<Outcome, Refusal> {
        self.judge(connection).await?;
        if self.needs_place() {
            return self.relocate(connection).await;
        }
        let (before, after) = (self.before, &self.after);
        // What is counted changes only while nobody begins to count.
        if self.moves().is_empty() {
            return Ok(Outcome::of(store::booking::change(connection, before, after, self.author, self.room.remind).await?));
        }
        let mut transaction = connection.begin().await?;
        if let Some(outcome) = self.lock(&mut transaction).await? {
            return Ok(outcome);
        }
        let changed = store::booking::change(&mut transaction, before, after, self.author, self.room.remind).await?;
        transaction.commit().await?;
        Ok(Outcome::of(changed))
    }

    /// What the change adds to the quarters in which bookings begin, in their order.
    fn moves(&self) -> Vec<(Timestamp, Count)> {
        let (before, after) = (self.before, &self.after);
        if before.source == Source::WalkIn {
            return Vec::new();
        }
        let guests = |party: Guests| party.get();
        let (old, new) = (bucket(before.reservation_time), bucket(after.start));
        let (left, came) = (guests(before.guests_count), guests(after.party.guests));
        let mut moves = if old == new {
            vec![(new, Count { covers: came - left, parties: 0 })]
        } else {
            vec![(old, Count { covers: -left, parties: -1 }), (new, Count { covers: came, parties: 1 })]
        };
        moves.retain(|(_, count)| *count != Count::default());
        moves.sort_by_key(|(bucket, _)| *bucket);
        moves
    }

    /// Locks the booking, then the house, then the quarters: the order is the same for all. An outcome: it is not to be changed now.
    async fn lock(&self, transaction: &mut PgConnection) -> Result<Option<Outcome>, Refusal> {
        if !store::booking::lock(transaction, self.before.id, self.before.version).await? {
            return Ok(Some(Outcome::OtherVersion));
        }
        if !store::house::agrees(transaction, self.known.version).await? {
            return Ok(Some(Outcome::OtherHouse));
        }
        let counts = !self.house().rules.pacing.is_unlimited();
        let limits = if self.change.overrides { Pacing::default() } else { self.house().rules.pacing };
        for (bucket, count) in self.moves().into_iter().filter(|_| counts) {
            if !store::pacing::add(transaction, bucket, count, limits).await? {
                return Ok(Some(Outcome::Full));
            }
        }
        Ok(None)
    }

    /// Refuses what the house does not take, by what is changed.
    async fn judge(&self, connection: &mut PgConnection) -> Result<(), Refusal> {
        let (before, after, rules) = (self.before, &self.after, &self.house().rules);
        let retimed = after.start != before.reservation_time;
        let moment = before.moment(self.now);
        if retimed && before.status == Status::Seated {
            let date = |time| Calendar::around(self.house(), time).date_of(time);
            if date(after.start) != date(before.reservation_time) {
                return Err(Refusal::InvalidTransition(Attempt::Move, moment, self.actor));
            }
        }
        let minor = Values {
            name: after.name.clone(),
            phone: after.phone.clone(),
            email: after.email.clone(),
            requests: after.requests.clone(),
            ..before.values()
        };
        let until = SignedDuration::from_mins(rules.change_until_minutes.into());
        if self.actor == Actor::Guest && *after != minor && before.reservation_time.duration_since(self.now) < until {
            return Err(Refusal::TooLateToChange(rules.change_until_minutes));
        }
        let too_long = self.given.filter(|minutes| !rules.may_stay(after.party.guests.get(), minutes.get()));
        if too_long.is_some() && before.status != Status::Seated && !self.change.overrides {
            let too_long = Some(rules.turn_time(after.party.guests.get()));
            return Err(Refusal::Invalid(Faults { too_long, ..Faults::default() }));
        }
        let judged = if retimed {
            self.case.judge_time_and_party()
        } else if after.party.guests > before.guests_count {
            self.case.judge_growth()
        } else {
            Ok(())
        };
        let judged = match judged {
            Ok(()) => self.judge_pacing(connection).await?,
            judged => judged,
        };
        match judged {
            Ok(()) => Ok(()),
            Err(reason @ (Reason::Past | Reason::TooFarAhead)) => Err(Refusal::Time(reason)),
            Err(reason) => {
                let own = hold::own(connection, before.id).await?;
                Err(Refusal::NotBookable(reason, self.alternatives(connection, &own).await?))
            }
        }
    }

    /// Whether the kitchen can take what the change adds to a quarter of an hour.
    async fn judge_pacing(&self, connection: &mut PgConnection) -> Result<Result<(), Reason>, sqlx::Error> {
        if self.house().rules.pacing.is_unlimited() {
            return Ok(Ok(()));
        }
        let raised = self.moves().into_iter().find(|(_, count)| count.covers > 0 || count.parties > 0);
        let Some((bucket, _)) = raised else { return Ok(Ok(())) };
        let begun = store::pacing::counts(connection, Span { start: self.after.start, end: self.after.start }).await?;
        let mut begun = begun.get(&bucket).copied().unwrap_or_default();
        if bucket == house::pacing::bucket(self.before.reservation_time) {
            begun.covers -= self.before.guests_count.get();
            // It is one of the parties, and raises no more than the guests.
            begun.parties = 0;
        }
        Ok(self.case.judge_pacing(begun))
    }

    /// Whether a table must be found for the values after the change. A party that becomes smaller stays where it is.
    fn needs_place(&self) -> bool {
        let (before, after) = (self.before, &self.after);
        let released = before.table_named && !after.table_named;
        released || after.tables != before.table_ids || after.span() != before.span() || after.party.guests > before.guests_count
    }

    /// The stretch of time that the booking may have held before.
    fn whole(&self) -> Span {
        let expected = self.before.span();
        Span { start: expected.start.min(self.now), ..expected }
    }

    /// From when until when it holds its table. A party that sits holds it from when it sat down.
    async fn stretch(&self, connection: &mut PgConnection) -> Result<Stretch, sqlx::Error> {
        let own = hold::own(connection, self.before.id).await?;
        let buffer = SignedDuration::from_mins(self.house().rules.buffer_minutes.into());
        let expected = Span::new(self.after.start, self.after.party.minutes.duration() + buffer);
        if self.before.status != Status::Seated {
            return Ok(Stretch { own, stays: expected, moves: expected });
        }
        // It holds them from when it came to them, be that before its time or, where it has moved, after.
        let since = own.iter().map(|hold| hold.span.start).min().unwrap_or(expected.start);
        let stays = Span { start: since, end: expected.end.max(self.now).max(Span::new(since, MOMENT).end) };
        // At another table it sits from now on, and at least as long as a party over its time does.
        let moves = Span { start: self.now, end: expected.end.max(Span::new(self.now, OVER_TIME).end) };
        Ok(Stretch { own, stays, moves })
    }

    /// Moves the booking to another time or table, or leaves it where it is.
    async fn relocate(&self, connection: &mut PgConnection) -> Result<Outcome, Refusal> {
        let (before, after) = (self.before, &self.after);
        loop {
            let stretch = self.stretch(connection).await?;
            let tables = self.tables(connection, &stretch).await?;
            let mut transaction = connection.begin().await?;
            if let Some(outcome) = self.lock(&mut transaction).await? {
                return Ok(outcome);
            }
            hold::release(&mut transaction, before.id).await?;
            for (tables, table_named) in tables {
                let span = if tables == before.table_ids { stretch.stays } else { stretch.moves };
                let place = hold::Place { tables: &tables, span, seated: before.status == Status::Seated };
                let held = if tables == before.table_ids && self.stays_ahead() {
                    hold::keep(&mut transaction, before.id, place, self.now).await?
                } else {
                    hold::hold(&mut transaction, before.id, place, self.now).await?
                };
                if held {
                    if place.seated && tables != before.table_ids {
                        store::block::fill(&mut transaction, &before.table_ids, self.now).await?;
                    }
                    let values = Values { tables, table_named, ..after.clone() };
                    let changed = store::booking::change(&mut transaction, before, &values, self.author, self.room.remind).await?;
                    transaction.commit().await?;
                    return Ok(Outcome::of(changed));
                }
                // Of a hold in several rows some may have been had.
                hold::release(&mut transaction, before.id).await?;
            }
            // All of them were taken meanwhile: it is judged again as it is now.
            transaction.rollback().await?;
        }
    }

    /// The tables that the booking can have, the best first, each with whether they count as named.
    async fn tables(&self, connection: &mut PgConnection, stretch: &Stretch) -> Result<Vec<(Vec<TableId>, bool)>, Refusal> {
        let (before, after) = (self.before, &self.after);
        let (stays, moves) = (stretch.stays, stretch.moves);
        let whole = Span { start: stays.start.min(moves.start), end: stays.end.max(moves.end) };
        let holds = hold::holds(connection, self.house(), whole, Some(before.id)).await?;
        let openings = Openings::new(&self.house().floor, &holds, whole, self.now);
        // Who stays over their time is in nobody's way who has booked already.
        let booked = Openings::new(&self.house().floor, &holds, whole, Timestamp::MIN);
        let own = if self.stays_ahead() { &booked } else { &openings };
        let is_free = |tables: &[TableId]| {
            let (openings, span) = if tables == before.table_ids { (own, stays) } else { (&openings, moves) };
            table::joined(self.known, tables).is_some_and(|unit| openings.is_free(&unit, span))
        };
        if before.status == Status::Seated && self.change.named.is_none() {
            // Who sits stays where they sit, whatever table the house would give them now.
            let seats =
                after.party.guests <= before.guests_count || table::seats(self.known, &before.table_ids, after.party.guests).is_ok();
            if seats && is_free(&before.table_ids) {
                return Ok(vec![(before.table_ids.clone(), before.table_named)]);
            }
        }
        let free = self.free(is_free);
        if after.table_named {
            let suits = match self.change.named() {
                None => table::seats(self.known, &after.tables, after.party.guests),
                Some(named) => table::suits(&mut Database::At(connection), self.known, &self.case, after.party.guests, named.ids()).await?,
            };
            match suits {
                Ok(tables) if is_free(&tables) => return Ok(vec![(tables, true)]),
                Ok(tables) => {
                    let sitting = if before.status == Status::Seated {
                        hold::sitting(connection, &tables, Some(before.id)).await?
                    } else {
                        Vec::new()
                    };
                    return Err(if sitting.is_empty() { Refusal::TableTaken } else { Refusal::TableOccupied(sitting) });
                }
                // They were named before, and no longer do: the house chooses.
                Err(unsuitable) => match (self.change.named(), unsuitable) {
                    (None, _) => {}
                    (Some(_), Unsuitable::Inactive) => return Err(Refusal::TableInactive),
                    (Some(named), unsuitable) => {
                        let table = Some((named.member(), unsuitable));
                        return Err(Refusal::Invalid(Faults { table, ..Faults::default() }));
                    }
                },
            }
        } else if !before.table_named && free.contains(&before.table_ids) {
            // What the house chose is kept where it does.
            let others = free.iter().filter(|tables| **tables != before.table_ids);
            return Ok(std::iter::once(&before.table_ids).chain(others).map(|tables| (tables.clone(), false)).collect());
        }
        if !free.is_empty() {
            return Ok(free.into_iter().map(|tables| (tables, false)).collect());
        }
        if matches!(self.case.choose_for(&openings, moves).err(), Some(Reason::NoTableFits)) {
            return Err(Refusal::NoTableFits(after.party.guests));
        }
        Err(Refusal::NoTableFree(self.alternatives(connection, &stretch.own).await?))
    }

    /// The tables that the house may choose and that are free, the best first; those at which the party sits before all others.
    fn free(&self, is_free: impl Fn(&[TableId]) -> bool) -> Vec<Vec<TableId>> {
        let fitting = self.house().floor.units().iter().filter(|unit| self.case.fits(unit));
        let mut free: Vec<_> = fitting.map(|unit| table::ids_of(self.known, unit)).filter(|tables| is_free(tables)).collect();
        if self.before.status == Status::Seated {
            free.sort_by_key(|tables| *tables != self.before.table_ids);
        }
        free
    }

    /// Whether it is expected no sooner than before: then nobody who sits at its tables is in its way.
    fn stays_ahead(&self) -> bool {
        self.before.status != Status::Seated && self.after.start >= self.before.reservation_time
    }

    async fn alternatives(&self, connection: &mut PgConnection, own: &[Hold]) -> Result<Vec<Timestamp>, sqlx::Error> {
        let counted = Some((self.before.reservation_time, Count { covers: self.before.guests_count.get(), parties: 1 }));
        let search = Search { wish: self.wish, wanted: self.after.start, own, counted, now: self.now };
        availability::alternatives(&mut Database::At(connection), (self.room, self.known), search).await
    }
}

/// The state after a change. What the staff confirmed is not what the guest wants now, and a party that became larger than the house takes
/// without a look is looked at.
fn status(before: &Reservation, after: &Values, actor: Actor, auto_confirm: bool, house: &House) -> Status {
    let same = (after.party, after.start) == (before.values().party, before.reservation_time);
    let raised = after.party.guests > before.guests_count && house.rules.confirms(after.party.guests.get());
    if actor == Actor::Guest && before.status == Status::Confirmed && (raised || !auto_confirm && !same) {
        Status::Pending
    } else {
        before.status
    }
}
