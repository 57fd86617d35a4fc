//! What every use case has at hand: the house, and who acts.

use chassis::http::identity::UserId;
use sqlx::PgConnection;

use crate::availability::Days;
use crate::booking::{Reservation, ReservationId};
use crate::config::House;
use crate::refusal::{Refusal, Thing};
use crate::status::Actor;
use crate::store;

/// The house, and what is known of its days.
#[derive(Debug)]
pub struct Room {
    /// Its rules.
    pub house: House,
    /// When its tables are free.
    pub days: Days,
}

/// Somebody who does something to a booking.
pub struct Acting<'a> {
    /// The user.
    pub user_id: UserId,
    /// As whom they act.
    pub actor: Actor,
    /// Whether they act on this version.
    pub accepts: &'a (dyn Fn(i32) -> bool + Sync),
}

impl Acting<'_> {
    /// The booking, where they may know of it, in a version that they act on.
    pub(crate) async fn find(&self, connection: &mut PgConnection, id: ReservationId) -> Result<Reservation, Refusal> {
        let reservation = find(connection, self.user_id, self.actor, id).await?;
        if (self.accepts)(reservation.version) { Ok(reservation) } else { Err(Refusal::OtherVersion(reservation.version)) }
    }
}

/// The booking, where the user may know of it: a guest knows of their own.
///
/// # Errors
/// `NotFound` or `Database`.
pub async fn find(connection: &mut PgConnection, user_id: UserId, actor: Actor, id: ReservationId) -> Result<Reservation, Refusal> {
    let reservation = store::booking::get(connection, id).await?;
    let known = reservation.filter(|reservation| actor == Actor::Admin || reservation.user_id == user_id);
    known.ok_or(Refusal::NotFound(Thing::Reservation))
}
