//! What every use case has at hand: the house, and who acts.

use std::sync::Arc;

use chassis::http::identity::UserId;
use sqlx::PgConnection;

use crate::availability::Tables;
use crate::booking::together::Together;
use crate::booking::{Author, Reservation, ReservationId};
use crate::config::Restaurant;
use crate::memory::{Known, Memory};
use crate::refusal::{Refusal, Thing};
use crate::status::Actor;
use crate::store;
use crate::store::database::Database;

/// How often a house that changes all the time is judged anew before the request is given up.
pub const ATTEMPTS: usize = 3;

/// The restaurant, and what is known of its house and its days.
#[derive(Debug)]
pub struct Room {
    /// As it is configured.
    pub restaurant: Restaurant,
    /// Its rules, hours and tables.
    pub memory: Memory,
    /// What takes its tables.
    pub tables: Tables,
    /// Bookings that wait for a commit.
    pub together: Together,
    /// How many hours before the visit guests are reminded; `None` where no mail is sent.
    pub remind: Option<i32>,
}

impl Room {
    /// The room of a restaurant.
    pub fn new(restaurant: Restaurant, remind: Option<i32>) -> Self {
        Self { memory: Memory::new(restaurant.clone()), restaurant, tables: Tables::default(), together: Together::default(), remind }
    }

    /// The house as it is known.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn known(&self, connection: &mut PgConnection) -> Result<Arc<Known>, sqlx::Error> {
        self.memory.get(&mut Database::At(connection)).await
    }

    /// Notes a booking that is committed.
    pub fn made(&self, made: &Reservation) {
        if let Some(known) = self.memory.last() {
            self.tables.made(&known, made);
        }
    }
}

/// By what somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// An account.
    Account(UserId),
    /// The link of a booking, of which they know alone, and the version of its links.
    Link(ReservationId, i32),
}

/// Somebody who does something to a booking.
pub struct Acting<'a> {
    /// By what they are known.
    pub identity: Identity,
    /// As whom they act.
    pub actor: Actor,
    /// Whether they act on this version.
    pub accepts: &'a (dyn Fn(i32) -> bool + Sync),
}

impl Acting<'_> {
    /// Who changes the booking.
    pub fn author(&self) -> Author {
        let user_id = match self.identity {
            Identity::Account(user_id) => Some(user_id),
            Identity::Link(..) => None,
        };
        Author { by: self.actor.into(), user_id }
    }

    /// The booking, where they may know of it, in a version that they act on.
    pub(crate) async fn find(&self, connection: &mut PgConnection, id: ReservationId) -> Result<Reservation, Refusal> {
        let reservation = find(connection, self.identity, self.actor, id).await?;
        if (self.accepts)(reservation.version) { Ok(reservation) } else { Err(Refusal::OtherVersion(reservation.version)) }
    }
}

/// The booking, where they may know of it: a guest knows of their own.
///
/// # Errors
/// `NotFound`, `LinkEnded` where its links have ended since the request began, or `Database`.
pub async fn find(connection: &mut PgConnection, identity: Identity, actor: Actor, id: ReservationId) -> Result<Reservation, Refusal> {
    let reservation = store::booking::get(connection, id).await?.ok_or(Refusal::NotFound(Thing::Reservation))?;
    match identity {
        Identity::Account(user_id) if actor == Actor::Staff || reservation.user_id == Some(user_id) => Ok(reservation),
        Identity::Link(booking, version) if reservation.id == booking => {
            if reservation.link_version == version {
                Ok(reservation)
            } else {
                Err(Refusal::LinkEnded)
            }
        }
        Identity::Account(_) | Identity::Link(..) => Err(Refusal::NotFound(Thing::Reservation)),
    }
}
