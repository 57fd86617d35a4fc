//! What the service answers to requests.

pub mod action;
pub mod area;
pub mod availability;
pub mod block;
pub mod change;
pub mod create;
pub mod exception;
pub mod group;
pub mod guest;
pub mod hours;
pub mod idempotency;
pub mod link;
pub mod made;
pub mod pause;
pub mod refusal;
pub mod reservation;
pub mod rules;
pub mod schedule;
pub mod table;
pub mod walk_in;

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use chassis::http::etag;
use chassis::http::identity::Caller;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use chassis::run::service::Service;
use http::{HeaderValue, StatusCode, header};
use prometheus::IntCounterVec;
use serde::Serialize;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use crate::booking::{Done, Reservation};
use crate::config::{Config, Restaurant};
use crate::link::LinkKeys;
use crate::refusal::Refusal;
use crate::room::Room;
use crate::status::Actor;

/// What may go wrong with each operation, beside what follows from its body, parameters and security.
pub fn problems() -> Vec<Problems> {
    [
        create::PROBLEMS,
        guest::PROBLEMS,
        change::PROBLEMS,
        action::PROBLEMS,
        reservation::PROBLEMS,
        table::PROBLEMS,
        area::PROBLEMS,
        group::PROBLEMS,
        block::PROBLEMS,
        walk_in::PROBLEMS,
        rules::PROBLEMS,
        schedule::PROBLEMS,
        exception::PROBLEMS,
        pause::PROBLEMS,
    ]
    .concat()
}

/// What every handler has at hand.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    service: Service,
    room: Room,
    /// The keys of the links of bookings; without, guests need an account.
    links: Option<Arc<LinkKeys>>,
    /// Where browsers reach the service.
    public_url: String,
    /// How many proxies there are that say from where a request comes.
    hops: usize,
    outcomes: IntCounterVec,
}

impl AppState {
    /// The state of the service.
    pub fn new(service: Service, config: Config, links: Option<Arc<LinkKeys>>) -> Self {
        let outcomes = service.metrics.register(IntCounterVec::new(
            prometheus::Opts::new("reservations_total", "What became of bookings and of requests to book, by outcome."),
            &["outcome"],
        ));
        let Config { restaurant, public_url, hops, .. } = config;
        Self(Arc::new(Inner { service, room: Room::new(restaurant), links, public_url, hops, outcomes }))
    }

    fn pool(&self) -> &sqlx::PgPool {
        &self.0.service.pool
    }

    async fn connection(&self) -> Result<PoolConnection<Postgres>, Problem> {
        Ok(self.pool().acquire().await?)
    }

    fn room(&self) -> &Room {
        &self.0.room
    }

    fn restaurant(&self) -> &Restaurant {
        &self.0.room.restaurant
    }

    fn count(&self, outcome: &str) {
        self.0.outcomes.with_label_values(&[outcome]).inc();
    }

    /// The problem that a refusal is to the caller.
    fn problem(&self, refusal: Refusal) -> Problem {
        refusal::problem(refusal, self.restaurant())
    }

    /// Answers with a booking, once its change is committed.
    fn done(&self, done: Done, actor: Actor, outcome: impl FnOnce(&Reservation) -> &'static str) -> Response {
        let reservation = self.settled(done, actor, outcome);
        with_etag(StatusCode::OK, reservation.version, &reservation)
    }

    /// The booking, as this actor may see it, once its change is committed.
    fn settled(&self, done: Done, actor: Actor, outcome: impl FnOnce(&Reservation) -> &'static str) -> Reservation {
        if let Done::Changed(reservation) = &done {
            self.count(outcome(reservation));
            self.0.service.outbox.wake();
        }
        done.into_reservation().shown_to(actor)
    }
}

/// As whom the caller acts.
fn actor(caller: Caller) -> Actor {
    if caller.is_staff() { Actor::Staff } else { Actor::Guest }
}

/// Refuses members of the body that are for the staff alone, as if they were unknown.
fn refuse_for_staff(input: &mut Input, members: &[&str]) {
    for name in members {
        if input.has_member(name) {
            input.refuse_member(name, "unknown", format!("Unknown field {name:?}."));
        }
    }
}

/// A new thing, where it is, and its ETag.
fn with_location(location: &str, etag: HeaderValue, thing: &impl Serialize) -> Response {
    let mut response = with_content_etag(StatusCode::CREATED, etag, thing);
    response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(location).expect("a path of digits is a header value"));
    response
}

/// A thing with the ETag of its version.
fn with_etag(status: StatusCode, version: i32, thing: &impl Serialize) -> Response {
    with_content_etag(status, etag::of_version(version), thing)
}

/// A thing with its ETag.
fn with_content_etag(status: StatusCode, etag: HeaderValue, thing: &impl Serialize) -> Response {
    let mut response = (status, Json(thing)).into_response();
    response.headers_mut().insert(header::ETAG, etag);
    response
}

/// Says that an answer is a guest's own, which no cache may keep.
pub async fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
