//! Making a booking of whatever a request asks for, and answering with it.

use axum::response::Response;
use chassis::http::problem::Problem;
use chassis::http::text::Email;
use chassis::http::{RequestId, etag};
use jiff::Timestamp;
use sqlx::Connection as _;

use super::AppState;
use super::idempotency::{claim, created, replay, respond, settle};
use super::link::with_link;
use crate::booking::make::{Wish, make};
use crate::booking::walk_in::{self, WalkIn};
use crate::booking::{Reservation, Source};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::status::Actor;
use crate::store::booking::is_code_taken;
use crate::store::database::Database;
use crate::store::idempotency::{Answer, Keyed};

/// What is asked for.
pub enum Asked {
    /// A table, as wished for at a moment.
    Table(Wish, Timestamp),
    /// A table for a party at the door.
    WalkIn(WalkIn),
}

impl Asked {
    async fn make(&self, database: &mut Database<'_>, room: &Room) -> Result<Reservation, Refusal> {
        match self {
            Self::Table(wish, now) => make(database, room, wish, *now).await,
            Self::WalkIn(walk_in) => walk_in::seat(database.connection().await?, room, walk_in, Timestamp::now()).await,
        }
    }

    /// As whom it is asked for.
    fn actor(&self) -> Actor {
        match self {
            Self::Table(wish, _) => wish.actor,
            Self::WalkIn(_) => Actor::Staff,
        }
    }

    /// The e-mail address of a guest without an account, who gets the link of the booking with the answer.
    fn linked_to(&self) -> Option<&str> {
        match self {
            Self::Table(Wish { source: Source::Guest, email, .. }, _) => email.as_ref().map(Email::as_str),
            _ => None,
        }
    }

    /// The answer with a booking that is committed, as it is sent. It asks for nothing that could fail.
    fn sent(&self, state: &AppState, answer: Answer, made: &Reservation) -> Answer {
        let link = self.linked_to().and_then(|_| state.link_of(made));
        with_link(answer, link)
    }
}

/// What a request is given.
pub struct Given {
    /// The answer, with the link of the booking where its guest gets one.
    pub answer: Answer,
    /// Whether it was given before.
    pub replayed: bool,
}

/// Makes the booking, once for each key, and answers with it.
///
/// # Errors
/// The problem that its refusal is to the caller.
pub async fn answer(state: &AppState, asked: &Asked, keyed: Option<&Keyed>, request_id: &RequestId) -> Result<Response, Problem> {
    match give(state, asked, keyed, request_id).await {
        Ok(Given { answer, replayed: true }) => Ok(replay(answer)),
        Ok(Given { answer, replayed: false }) => Ok(respond(answer)),
        Err(refusal) => Err(state.refused(refusal)),
    }
}

/// Makes the booking, once for each key.
///
/// # Errors
/// Why it is refused.
pub async fn give(state: &AppState, asked: &Asked, keyed: Option<&Keyed>, request_id: &RequestId) -> Result<Given, Refusal> {
    // Repeated are: a code that another booking has, which is as likely as guessing one (one in a million for a million bookings); and a
    // deadlock with bookings that move, of which the database ends one.
    let mut repetitions = 0..3;
    loop {
        match try_once(state, asked, keyed, request_id).await {
            Err(refusal) if is_repeatable(&refusal) && repetitions.next().is_some() => {}
            outcome => return outcome,
        }
    }
}

fn is_repeatable(refusal: &Refusal) -> bool {
    refusal.is_retryable() || matches!(refusal, Refusal::Database(error) if is_code_taken(error))
}

async fn try_once(state: &AppState, asked: &Asked, keyed: Option<&Keyed>, request_id: &RequestId) -> Result<Given, Refusal> {
    let new = |answer| Given { answer, replayed: false };
    let Some(keyed) = keyed else {
        let made = asked.make(&mut Database::of(state.pool()), state.room()).await?;
        settled(state, &made);
        return Ok(new(asked.sent(state, booked(made.clone(), asked.actor()), &made)));
    };
    let mut connection = state.pool().acquire().await?;
    let mut transaction = connection.begin().await?;
    if let Some(kept) = claim(state, &mut transaction, keyed).await? {
        let answer = match asked.linked_to() {
            Some(email) => state.relinked(&mut transaction, kept, email).await?,
            None => kept,
        };
        return Ok(Given { answer, replayed: true });
    }
    let made = asked.make(&mut Database::At(&mut transaction), state.room()).await;
    let outcome = made.map(|made| (booked(made.clone(), asked.actor()), made));
    let (answer, made) = settle(state, transaction, keyed, request_id, outcome).await?;
    let Some(made) = made else { return Ok(new(answer)) };
    settled(state, &made);
    Ok(new(asked.sent(state, answer, &made)))
}

/// Tells of a booking that is committed.
fn settled(state: &AppState, made: &Reservation) {
    state.room().made(made);
    state.count("created");
    state.tell();
}

/// The answer with a booking that was made.
fn booked(made: Reservation, actor: Actor) -> Answer {
    let (location, etag) = (format!("/reservations/{}", made.id), etag::of_version(made.version));
    created(location, &etag, &made.shown_to(actor))
}
