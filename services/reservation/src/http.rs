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
pub mod mail;
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
use site::settings::Site;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::sync::Notify;

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
        mail::PROBLEMS,
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
    /// How the restaurant presents itself to guests.
    site: Arc<Site>,
    /// Tells that there is mail to send.
    mailed: Arc<Notify>,
    /// How many proxies there are that say from where a request comes.
    hops: usize,
    outcomes: IntCounterVec,
}

impl AppState {
    /// The state of the service.
    pub fn new(service: Service, config: Config, links: Option<Arc<LinkKeys>>, site: Arc<Site>, mailed: Arc<Notify>) -> Self {
        let outcomes = service.metrics.register(IntCounterVec::new(
            prometheus::Opts::new("reservations_total", "What became of bookings and of requests to book, by outcome."),
            &["outcome"],
        ));
        let Config { restaurant, mail, hops, .. } = config;
        let remind = mail.map(|mail| i32::try_from(mail.remind_before).expect("the configuration bounds it"));
        Self(Arc::new(Inner { service, room: Room::new(restaurant, remind), links, site, mailed, hops, outcomes }))
    }

    pub(crate) fn pool(&self) -> &sqlx::PgPool {
        &self.0.service.pool
    }

    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, Problem> {
        Ok(self.pool().acquire().await?)
    }

    pub(crate) fn room(&self) -> &Room {
        &self.0.room
    }

    pub(crate) fn restaurant(&self) -> &Restaurant {
        &self.0.room.restaurant
    }

    /// How the restaurant presents itself to guests.
    pub(crate) fn site(&self) -> &Site {
        &self.0.site
    }

    /// Whether mail is sent to guests.
    pub(crate) fn sends_mail(&self) -> bool {
        self.0.room.remind.is_some()
    }

    /// Has what was committed be told: events to the broker, mail to the guest.
    pub(crate) fn tell(&self) {
        self.0.service.outbox.wake();
        self.0.mailed.notify_one();
    }

    fn count(&self, outcome: &str) {
        self.0.outcomes.with_label_values(&[outcome]).inc();
    }

    /// Whether guests can have the link of a booking, and so book without an account.
    pub(crate) fn gives_links(&self) -> bool {
        self.0.links.is_some()
    }

    /// The problem that the refusal of a new booking is to the caller. It is counted.
    pub(crate) fn refused(&self, refusal: Refusal) -> Problem {
        let problem = self.problem(refusal);
        self.count(problem.code().code);
        problem
    }

    /// The problem that a refusal is to the caller.
    pub(crate) fn problem(&self, refusal: Refusal) -> Problem {
        refusal::problem(refusal, self.restaurant())
    }

    /// The booking, as this actor may see it, once its change is committed.
    pub(crate) fn settled(&self, done: Done, actor: Actor, outcome: impl FnOnce(&Reservation) -> &'static str) -> Reservation {
        if let Done::Changed(reservation) = &done {
            self.count(outcome(reservation));
            self.tell();
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
