//! Edits of the house: one after another, each in a transaction that raises the version. The answer to an edit of hours tells which bookings it
//! strands; nothing is ever cancelled by one.

use std::collections::HashSet;

use house::House;
use house::calendar::{Calendar, Hours};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::booking::{Brief, ReservationId};
use crate::memory::Known;
use crate::refusal::Refusal;
use crate::room::Room;
use crate::store;

/// How many of the bookings that an edit strands are named.
const NAMED: usize = 20;

/// An edit of the house that is under way.
pub struct Edit<'c> {
    transaction: Transaction<'c, Postgres>,
    before: Known,
}

/// The bookings ahead that begin in no service of their night any more.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Stranded {
    /// How many.
    pub count: usize,
    /// The first 20 of them.
    pub reservations: Vec<Brief>,
}

impl<'c> Edit<'c> {
    /// Waits until nobody else edits the house nor books by it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn begin(connection: &'c mut PgConnection, room: &Room) -> Result<Self, Refusal> {
        let mut transaction = connection.begin().await?;
        store::house::lock(&mut transaction).await?;
        let before = store::house::read(&mut transaction, &room.restaurant).await?;
        Ok(Self { transaction, before })
    }

    /// The house before the edit.
    pub fn house(&self) -> &House {
        &self.before.house
    }

    /// The connection on which the edit is made.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Ends the edit: it is made, or, for a dry run, it is not.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish(mut self, room: &Room, dry_run: bool) -> Result<Stranded, Refusal> {
        let after = store::house::read(&mut self.transaction, &room.restaurant).await?;
        let stranded = if after.house.schedule == self.before.house.schedule {
            Stranded::default()
        } else {
            let ahead = store::list::ahead(&mut self.transaction).await?;
            let stranded = stranded(&after.house, &ahead);
            let before: HashSet<_> = self::stranded(&self.before.house, &ahead).into_iter().map(|booking| booking.id).collect();
            newly(stranded, &before)
        };
        if dry_run {
            self.transaction.rollback().await?;
        } else {
            self.transaction.commit().await?;
            room.memory.forget();
        }
        Ok(stranded)
    }
}

fn newly(stranded: Vec<&Brief>, before: &HashSet<ReservationId>) -> Stranded {
    let newly: Vec<_> = stranded.into_iter().filter(|booking| !before.contains(&booking.id)).collect();
    Stranded { count: newly.len(), reservations: newly.into_iter().take(NAMED).cloned().collect() }
}

/// The bookings that begin in no service of their night. They are in the order of their times.
pub fn stranded<'a>(house: &House, ahead: &'a [Brief]) -> Vec<&'a Brief> {
    let (Some(first), Some(last)) = (ahead.first(), ahead.last()) else { return Vec::new() };
    let local = |time: Timestamp| time.to_zoned(house.time_zone.clone()).date();
    let calendar = Calendar::new(house, local(first.reservation_time), local(last.reservation_time));
    ahead.iter().filter(|booking| calendar.hours(booking.reservation_time) == Hours::Closed).collect()
}
