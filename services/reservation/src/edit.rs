//! Edits of the house: one after another, each in a transaction that raises the version. The answer to an edit of hours tells which bookings it
//! strands; nothing is ever cancelled by one.

use std::collections::HashSet;

use house::House;
use house::calendar::{Calendar, Hours};
use house::span::Span;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::booking::{Brief, ReservationId};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::store;
use crate::store::list::Ahead;

/// How many of the bookings that an edit strands are named.
const NAMED: usize = 20;

chassis::words! {
    /// A part of the house that has one owner: the staff, or whoever declares it.
    pub enum Section {
        /// The rules.
        Booking = "booking",
        /// The hours of the week.
        OpeningHours = "openingHours",
        /// Areas, tables and groups.
        Floor = "floor",
    }
}

/// An edit of the house that is under way.
pub struct Edit<'c> {
    transaction: Transaction<'c, Postgres>,
}

/// Whether an edit of the hours is made, once it is known whom it strands. Otherwise it was a trial.
pub type Agrees<'a> = &'a (dyn Fn(&Stranded) -> bool + Sync);

/// The bookings ahead that begin in no service of their night any more, or whose table is out of use.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Stranded {
    /// How many.
    pub count: usize,
    /// The first 20 of them.
    pub reservations: Vec<Brief>,
    /// The ids of all of them.
    #[serde(skip)]
    pub all: Vec<ReservationId>,
}

impl<'c> Edit<'c> {
    /// Waits until nobody else edits the house nor books by it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn begin(connection: &'c mut PgConnection) -> Result<Self, Refusal> {
        let mut transaction = connection.begin().await?;
        store::house::lock(&mut transaction).await?;
        Ok(Self { transaction })
    }

    /// The same, for an edit of a section by the staff.
    ///
    /// # Errors
    /// `ManagedByResource` where the section is declared, or `Database`.
    pub async fn of(connection: &'c mut PgConnection, section: Section) -> Result<Self, Refusal> {
        let mut edit = Self::begin(connection).await?;
        if store::house::declared(edit.connection()).await?.contains(&section) {
            return Err(Refusal::ManagedByResource(section));
        }
        Ok(edit)
    }

    /// The house, as it is now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn house(&mut self, room: &Room) -> Result<House, Refusal> {
        Ok(store::house::read(&mut self.transaction, &room.restaurant).await?.house)
    }

    /// The connection on which the edit is made.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Makes the edit.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish(self, room: &Room) -> Result<(), Refusal> {
        self.transaction.commit().await?;
        room.memory.forget();
        Ok(())
    }

    /// Makes an edit of the hours of these dates, or of all, which were those of `before`, where `agrees` says so. Returns whom it strands.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish_hours(
        mut self,
        room: &Room,
        before: &House,
        dates: Option<(Date, Date)>,
        agrees: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        let after = self.house(room).await?;
        let within = dates.map(|dates| nights(before, dates));
        let ahead = store::list::ahead(&mut self.transaction, within).await?;
        let known: HashSet<_> = stranded(before, &ahead).into_iter().map(|booking| booking.id).collect();
        let stranded = newly(stranded(&after, &ahead), &known);
        if agrees(&stranded) {
            self.finish(room).await?;
        } else {
            self.transaction.rollback().await?;
        }
        Ok(stranded)
    }
}

/// When the nights of some dates can be: none begins before its date, nor ends later than the date after it.
fn nights(house: &House, (from, until): (Date, Date)) -> Span {
    let midnight = |date: Date| date.to_zoned(house.time_zone.clone()).map_or(Timestamp::MAX, |midnight| midnight.timestamp());
    Span { start: midnight(from.saturating_sub(1.day())), end: midnight(until.saturating_add(2.days())) }
}

fn newly(stranded: Vec<&Brief>, before: &HashSet<ReservationId>) -> Stranded {
    let newly: Vec<_> = stranded.into_iter().filter(|booking| !before.contains(&booking.id)).collect();
    Stranded {
        count: newly.len(),
        all: newly.iter().map(|booking| booking.id).collect(),
        reservations: newly.into_iter().take(NAMED).cloned().collect(),
    }
}

/// The bookings that begin in no service of their night, or whose table is out of use. They are in the order of their times.
pub fn stranded<'a>(house: &House, ahead: &'a [Ahead]) -> Vec<&'a Brief> {
    let (Some(first), Some(last)) = (ahead.first(), ahead.last()) else { return Vec::new() };
    let local = |time: Timestamp| time.to_zoned(house.time_zone.clone()).date();
    let calendar = Calendar::new(house, local(first.booking.reservation_time), local(last.booking.reservation_time));
    let is_stranded = |ahead: &&Ahead| ahead.out_of_use || calendar.hours(ahead.booking.reservation_time) == Hours::Closed;
    ahead.iter().filter(is_stranded).map(|ahead| &ahead.booking).collect()
}
