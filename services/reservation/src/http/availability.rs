//! What can be booked: the tables that are free at a time, and the times of a day.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::http::identity::Visitor;
use chassis::http::input::{Input, Source};
use chassis::http::page::Page;
use chassis::http::problem::{FieldError, Place, Problem};
use house::judge::Wish;
use house::reason::Reason;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{AppState, refusal};
use crate::area::AreaId;
use crate::availability::{self, Slot};
use crate::booking::{Guests, Minutes};
use crate::memory::Known;
use crate::status::Actor;
use crate::store::database::Database;
use crate::table::Table;

chassis::query! {
    /// For whom a table is looked for, and when.
    pub struct Wanted {
        /// When the party comes.
        #[example = "2030-05-17T19:00:00Z"]
        pub reservation_time: required Timestamp,
        /// The size of the party.
        #[example = 4]
        pub guests_count: required Guests,
        /// How long the party stays, in minutes. Left out, as long as the restaurant reckons for its size.
        #[example = 90]
        pub duration_minutes: optional Minutes,
        /// The area in which the party wants to sit.
        pub area_id: optional AreaId,
    }
}

/// List the tables that are free
///
/// The tables that seat the party and are free for the whole of its stay, the smallest first.
#[utoipa::path(
    get,
    path = "/reservations/tables/available",
    operation_id = "list_available_tables",
    tag = "availability",
    security((), ("bearer" = [])),
    params(Wanted, Page<(i32, i32)>),
    responses((status = 200, description = "A page of tables", body = Vec<Table>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn tables(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if let Some(start) = input.peek(Source::Query, "reservation_time")
        && let Some(fault) = refusal::start_fault(start, now, state.restaurant())
    {
        input.refuse_parameter("reservation_time", fault.code, fault.detail);
    }
    let (wanted, page) = (input.read::<Wanted>(), Page::<(i32, i32)>::read(&mut input, "available"));
    let (wanted, page) = input.finish((wanted, page))?;
    let wish = wish(&visitor, wanted.guests_count, wanted.duration_minutes, wanted.area_id);
    let mut database = Database::of(state.pool());
    let known = state.room().memory.get(&mut database).await?;
    judge_stay(&known, wanted.guests_count, wanted.duration_minutes)?;
    let places = availability::free(&mut database, (state.room(), &known), wanted.reservation_time, wish, now).await?;
    let order = |table: &&Table| (table.capacity, table.table_number);
    // The tables of the floor are in the order of these.
    let mut tables: Vec<_> = places.into_iter().map(|place| &known.tables[place]).collect();
    tables.retain(|table| page.after().is_none_or(|after| order(table) > *after));
    tables.sort_by_key(order);
    Ok(page.respond(tables, order))
}

/// Refuses a party that asks to stay longer than the house lets it, by the house as it is now.
fn judge_stay(known: &Known, guests: Guests, minutes: Option<Minutes>) -> Result<(), Problem> {
    let fault = refusal::stay_fault((Some(guests), minutes), Some(known));
    let error =
        fault.map(|fault| FieldError { place: Place::Parameter("duration_minutes".to_owned()), code: fault.code, detail: fault.detail });
    error.map_or(Ok(()), |error| Err(Problem::validation(vec![error])))
}

/// What is judged for a visitor: staff are answered as staff.
fn wish(visitor: &Visitor, guests: Guests, minutes: Option<Minutes>, area: Option<AreaId>) -> Wish {
    let actor = if visitor.is_staff() { Actor::Staff } else { Actor::Guest };
    Wish { guests: guests.get(), minutes: minutes.map(Minutes::get), area: area.map(AreaId::get), by: availability::by(actor) }
}

chassis::query! {
    /// For whom the times of a day are listed.
    pub struct Day {
        /// The restaurant's local date.
        #[example = "2030-05-17"]
        pub date: required Date,
        /// The size of the party.
        #[example = 4]
        pub guests_count: required Guests,
        /// How long the party stays, in minutes. Left out, as long as the restaurant reckons for its size.
        #[example = 90]
        pub duration_minutes: optional Minutes,
        /// The area in which the party wants to sit.
        pub area_id: optional AreaId,
    }
}

/// List the times of a day
///
/// The times of the services of a local date, each with whether the party can come then, and if not, why; without hours every step of the
/// date. A staff token is answered as staff may book.
#[utoipa::path(
    get,
    path = "/reservations/availability",
    operation_id = "list_slots",
    tag = "availability",
    security((), ("bearer" = [])),
    params(Day),
    responses((status = 200, description = "The times of the day, in order", body = Vec<Slot>))
)]
pub async fn slots(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if let Some(date) = input.peek::<Date>(Source::Query, "date")
        && state.restaurant().midnight(date) > state.restaurant().latest(now)
    {
        let fault = refusal::time_fault(Reason::TooFarAhead, state.restaurant());
        input.refuse_parameter("date", fault.code, fault.detail);
    }
    let day = input.read::<Day>();
    let day = input.finish(day)?;
    let wish = wish(&visitor, day.guests_count, day.duration_minutes, day.area_id);
    let mut database = Database::of(state.pool());
    let known = state.room().memory.get(&mut database).await?;
    judge_stay(&known, day.guests_count, day.duration_minutes)?;
    let dates = availability::dates(&mut database, (state.room(), &known), (day.date, day.date), wish, now).await?;
    let body = dates.first().map_or_else(|| Bytes::from_static(b"[]"), |date| date.json());
    Ok(json(body))
}

/// An answer that is JSON already.
fn json(body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

/// How many days a calendar has at most.
const DAYS: i32 = 62;

chassis::query! {
    /// For whom the dates of a calendar are listed.
    pub struct Calendars {
        /// The first of the restaurant's local dates.
        #[example = "2030-05-17"]
        pub from: required Date,
        /// The last of them: 62 in all at most.
        #[example = "2030-05-17"]
        pub to: required Date,
        /// The size of the party.
        #[example = 4]
        pub guests_count: required Guests,
        /// The area in which the party wants to sit.
        pub area_id: optional AreaId,
    }
}

/// List the dates of a calendar
///
/// Every date from one to another: whether the party can come at any time, the first of those, and if there is none, why.
#[utoipa::path(
    get,
    path = "/reservations/availability/days",
    operation_id = "list_days",
    tag = "availability",
    security((), ("bearer" = [])),
    params(Calendars),
    responses((status = 200, description = "The dates, in order", body = Vec<availability::Day>))
)]
pub async fn days(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if let (Some(from), Some(to)) = (input.peek::<Date>(Source::Query, "from"), input.peek::<Date>(Source::Query, "to")) {
        let days = (to - from).get_days();
        if days < 0 {
            input.refuse_parameter("to", "out_of_range", format!("This must not be before `from`, {from}."));
        } else if days >= DAYS {
            input.refuse_parameter("to", "out_of_range", format!("A calendar has at most {DAYS} dates."));
        }
    }
    let calendar = input.read::<Calendars>();
    let Calendars { from, to, guests_count, area_id } = input.finish(calendar)?;
    let wish = wish(&visitor, guests_count, None, area_id);
    let mut database = Database::of(state.pool());
    let known = state.room().memory.get(&mut database).await?;
    let dates = availability::dates(&mut database, (state.room(), &known), (from, to), wish, now).await?;
    let days: Vec<_> = dates.iter().map(|date| date.day_json()).collect();
    Ok(json([b"[".as_slice(), &days.join(b",".as_slice()), b"]"].concat().into()))
}
