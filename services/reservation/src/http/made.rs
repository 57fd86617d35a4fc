//! Making a booking of whatever a request asks for, and answering with it.

use axum::response::Response;
use chassis::http::problem::Problem;
use chassis::http::{RequestId, etag};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};

use super::AppState;
use super::idempotency::{claim, created, replay, respond, settle};
use crate::booking::make::{Wish, make};
use crate::booking::walk_in::{self, WalkIn};
use crate::booking::{Reservation, Source};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::status::Actor;
use crate::store::booking::is_code_taken;
use crate::store::idempotency::{Answer, Keyed};

/// What is asked for.
pub enum Asked {
    /// A table, as wished for at a moment.
    Table(Wish, Timestamp),
    /// A table for a party at the door.
    WalkIn(WalkIn),
}

impl Asked {
    async fn make(&self, connection: &mut PgConnection, room: &Room) -> Result<Reservation, Refusal> {
        match self {
            Self::Table(wish, now) => make(connection, room, wish, *now).await,
            Self::WalkIn(walk_in) => walk_in::seat(connection, room, walk_in, Timestamp::now()).await,
        }
    }

    /// As whom it is asked for.
    fn actor(&self) -> Actor {
        match self {
            Self::Table(wish, _) => wish.actor,
            Self::WalkIn(_) => Actor::Staff,
        }
    }

    /// The answer, as it is sent: a guest without an account gets the link of the booking with it.
    async fn sent(&self, state: &AppState, connection: &mut PgConnection, answer: Answer) -> Result<Answer, sqlx::Error> {
        match self {
            Self::Table(Wish { source: Source::Guest, email: Some(email), .. }, _) => {
                state.linked_answer(connection, answer, email.as_str()).await
            }
            _ => Ok(answer),
        }
    }
}

/// Makes the booking, once for each key, and answers with it.
///
/// # Errors
/// The problem that its refusal is to the caller.
pub async fn answer(state: &AppState, asked: &Asked, keyed: Option<&Keyed>, request_id: &RequestId) -> Result<Response, Problem> {
    // Repeated are: a code that another booking has, which is as likely as guessing one (one in a million for a million bookings); and a
    // deadlock with bookings that move, of which the database ends one.
    let mut repetitions = 0..3;
    loop {
        match try_once(state, asked, keyed, request_id).await {
            Err(refusal) if is_repeatable(&refusal) && repetitions.next().is_some() => {}
            Err(refusal) => {
                let problem = state.problem(refusal);
                state.count(problem.code().code);
                return Err(problem);
            }
            Ok(response) => return Ok(response),
        }
    }
}

fn is_repeatable(refusal: &Refusal) -> bool {
    refusal.is_retryable() || matches!(refusal, Refusal::Database(error) if is_code_taken(error))
}

async fn try_once(state: &AppState, asked: &Asked, keyed: Option<&Keyed>, request_id: &RequestId) -> Result<Response, Refusal> {
    let mut connection = state.pool().acquire().await?;
    let Some(keyed) = keyed else {
        let made = asked.make(&mut connection, state.room()).await?;
        settled(state, &made);
        return Ok(respond(asked.sent(state, &mut connection, booked(made, asked.actor())).await?));
    };
    let mut transaction = connection.begin().await?;
    if let Some(kept) = claim(state, &mut transaction, keyed).await? {
        return Ok(replay(asked.sent(state, &mut transaction, kept).await?));
    }
    let made = asked.make(&mut transaction, state.room()).await;
    let outcome = made.map(|made| (booked(made.clone(), asked.actor()), made));
    let (answer, made) = settle(state, transaction, keyed, request_id, outcome).await?;
    made.iter().for_each(|made| settled(state, made));
    Ok(respond(asked.sent(state, &mut connection, answer).await?))
}

/// Tells of a booking that is committed.
fn settled(state: &AppState, made: &Reservation) {
    state.room().days.forget(made.span());
    state.count("created");
    state.0.service.outbox.wake();
}

/// The answer with a booking that was made.
fn booked(made: Reservation, actor: Actor) -> Answer {
    let (location, etag) = (format!("/reservations/{}", made.id), etag::of_version(made.version));
    created(location, &etag, &made.shown_to(actor))
}
