//! The pages for hosts: the day on one page, and what is done on the floor. They ask the same functions as the API, work without script, and
//! every change is a form that says which version it saw.

mod act;
mod block;
mod booking;
mod day;
mod events;
mod pause;
mod phone;
mod setup;
mod sheet;
mod told;
mod walk_in;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRef, FromRequestParts, Path};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use chassis::http::identity::Caller;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::Date;
use site::form::typed;
use site::reader::Reader;
use site::session::{Door, SignedIn, admit, forbidden, refuse_foreign};
use site::shell::{Keep, Shell};
use site::texts::Catalog;

pub use self::events::{Follower, News};

use crate::booking::ReservationId;
use crate::http::AppState;
use crate::memory::Known;
use crate::room::{Acting, Identity};
use crate::status::Actor;
use crate::store;
use crate::table::TableId;

/// The routes of pages.
pub const ROUTES: &[&str] = &[
    "/host",
    "/host/bookings/{id}",
    "/host/bookings/{id}/act",
    "/host/walk-in",
    "/host/book",
    "/host/block",
    "/host/blocks/{id}/end",
    "/host/pause",
    "/host/setup",
    "/host/setup/hours",
    "/host/setup/rules",
    "/host/setup/exceptions",
    "/host/setup/exceptions/{id}",
    "/host/setup/areas",
    "/host/setup/areas/{id}",
    "/host/setup/tables",
    "/host/setup/tables/{id}",
    "/host/setup/groups",
    "/host/setup/groups/{id}",
];

/// What every page for hosts has at hand.
#[derive(Clone)]
pub struct Desk {
    pub(crate) app: AppState,
    pub(crate) door: Door,
    pub(crate) news: News,
}

impl FromRef<Desk> for Arc<Shell> {
    fn from_ref(desk: &Desk) -> Self {
        desk.door.shell.clone()
    }
}

/// The pages.
pub fn router(desk: Desk) -> Router {
    let door = desk.door.clone();
    let pages = Router::new()
        .route("/host", get(day::show))
        .route("/host/bookings/{id}", get(booking::show).post(booking::change))
        .route("/host/bookings/{id}/act", post(act::act))
        .route("/host/walk-in", get(walk_in::show).post(walk_in::seat))
        .route("/host/book", get(phone::show).post(phone::book))
        .route("/host/block", get(block::show).post(block::block))
        .route("/host/blocks/{id}/end", post(block::end))
        .route("/host/pause", get(pause::show).post(pause::set))
        .merge(setup::router())
        .route_layer(from_fn_with_state(door.clone(), admit))
        .route_layer(from_fn_with_state(door, refuse_foreign));
    // A stream that ends with the session is asked for by a script, which is no place to sign in.
    pages.route("/host/events", get(events::stream)).with_state(desk)
}

/// Somebody who works on the floor.
pub(crate) struct Host {
    pub(crate) caller: Caller,
    pub(crate) reader: Reader,
}

/// The last part of a path that names something. One that is no text names nothing.
pub(crate) struct Segment(pub(crate) String);

impl FromRequestParts<Desk> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, desk).await;
        path.map(|Path(text)| Self(text)).map_err(|_| Problem::not_found("page"))
    }
}

/// The role counts that the guest directory knows: what is taken away is gone as soon as the event of it has come. Somebody of whom it has not
/// heard yet is who their session says.
async fn current(app: &AppState, caller: Caller) -> Result<Caller, Problem> {
    let mut connection = app.connection().await?;
    let role = store::guest::role(&mut connection, caller.user_id).await?.unwrap_or(caller.role);
    let caller = Caller { role, ..caller };
    if caller.is_staff() { Ok(caller) } else { Err(forbidden(caller)) }
}

impl FromRequestParts<Desk> for Host {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let SignedIn(session) = SignedIn::from_request_parts(parts, desk).await?;
        let Ok(reader) = Reader::from_request_parts(parts, desk).await;
        Ok(Self { caller: current(&desk.app, session.caller).await?, reader })
    }
}

impl Host {
    /// The host, who acts on the version that their form showed.
    fn acting<'a>(&self, accepts: &'a (dyn Fn(i32) -> bool + Sync)) -> Acting<'a> {
        Acting { identity: Identity::Account(self.caller.user_id), actor: Actor::Staff, accepts }
    }

    /// The day of a date, at a booking where one is named.
    fn day(&self, date: Date, at: Option<i32>) -> String {
        let at = at.map(|id| format!("#b{id}")).unwrap_or_default();
        format!("{}{at}", self.reader.link(&format!("/host?date={date}")))
    }
}

impl Desk {
    fn shell(&self) -> &Shell {
        &self.door.shell
    }

    fn texts(&self, host: &Host) -> &Catalog {
        self.shell().texts(host.reader.language)
    }

    /// A page, as it is sent.
    fn respond(&self, status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
        let html = page.render().map_err(Problem::internal)?;
        Ok(self.shell().respond(status, html, Keep::Nothing))
    }
}

/// The booking of a path.
fn booking_id(path: &str) -> Result<ReservationId, Problem> {
    path.parse().ok().and_then(ReservationId::new).ok_or_else(|| Problem::not_found("booking"))
}

/// The version that a form showed.
fn version(input: &Input) -> Result<i32, Problem> {
    let missing = |_| Problem::member("version", "required", "Say which version of the booking you saw.");
    typed(input, Source::Body, "version").parse().map_err(missing)
}

/// The table that a form names; `Err` where it names none that could be.
fn table(input: &Input) -> Result<Option<TableId>, ()> {
    let text = typed(input, Source::Body, "table");
    if text.is_empty() { Ok(None) } else { text.parse().ok().and_then(TableId::new).map(Some).ok_or(()) }
}

/// A time of day, as the restaurant's clocks show it.
fn clock(texts: &Catalog, known: &Known, time: Timestamp) -> String {
    texts.time(time.to_zoned(known.house.time_zone.clone()).time())
}

/// The numbers of tables, as people write them.
fn numbers(known: &Known, ids: impl IntoIterator<Item = i32>) -> String {
    let floor = &known.house.floor;
    let number = |id: i32| floor.place(id).map_or_else(|| "?".to_owned(), |place| floor.tables()[place].number.to_string());
    ids.into_iter().map(number).collect::<Vec<_>>().join(" + ")
}
