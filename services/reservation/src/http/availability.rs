//! What can be booked: the tables that are free at a time, and the times of a day.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::http::input::{Input, Source};
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{AppState, refusal};
use crate::availability::{self, Party, Slot, judge};
use crate::booking::{Guests, Minutes};
use crate::store::{self, hold};
use crate::table::{Table, TableId};

chassis::query! {
    /// For whom a table is looked for, and when.
    pub struct Wanted {
        /// When the party comes.
        #[example = "2030-05-17T19:00:00Z"]
        pub reservation_time: required Timestamp,
        /// The size of the party.
        #[example = 4]
        pub guests_count: required Guests,
        /// How long the party stays, in minutes.
        pub duration_minutes: default Minutes = Minutes::DEFAULT,
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
    params(Wanted, Page<(i32, i32)>),
    responses((status = 200, description = "A page of tables", body = Vec<Table>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn tables(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if let Some(start) = input.peek(Source::Query, "reservation_time")
        && let Err(reason) = state.house().may_begin(start, now)
    {
        let fault = refusal::time_fault(reason, state.house());
        input.refuse_parameter("reservation_time", fault.code, fault.detail);
    }
    let (wanted, page) = (input.read::<Wanted>(), Page::<(i32, i32)>::read(&mut input, "available"));
    let (wanted, page) = input.finish((wanted, page))?;
    let party = Party { guests: wanted.guests_count, minutes: wanted.duration_minutes };
    let mut connection = state.connection().await?;
    let openings = hold::openings(&mut connection, party.span(wanted.reservation_time), None, now).await?;
    let free: Vec<TableId> = judge(state.house(), &openings, party, wanted.reservation_time, now).into_iter().flatten().collect();
    let order = |table: &Table| (table.capacity, table.table_number);
    let mut tables = store::table::of(&mut connection, &free).await?;
    tables.retain(|table| page.after().is_none_or(|after| order(table) > *after));
    tables.sort_by_key(order);
    Ok(page.respond(tables, order))
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
        /// How long the party stays, in minutes.
        pub duration_minutes: default Minutes = Minutes::DEFAULT,
    }
}

/// List the times of a day
///
/// Every half hour of the restaurant's local date: whether the party can come then, and if not, why.
#[utoipa::path(
    get,
    path = "/reservations/availability",
    operation_id = "list_slots",
    tag = "availability",
    params(Day),
    responses((status = 200, description = "The times of the day, in order", body = Vec<Slot>))
)]
pub async fn slots(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if let Some(date) = input.peek(Source::Query, "date")
        && state.house().day(date).start > state.house().latest(now)
    {
        let fault = refusal::time_fault(crate::calendar::Reason::TooFarAhead, state.house());
        input.refuse_parameter("date", fault.code, fault.detail);
    }
    let day = input.read::<Day>();
    let day = input.finish(day)?;
    let party = Party { guests: day.guests_count, minutes: day.duration_minutes };
    let mut connection = state.connection().await?;
    Ok(Json(availability::slots(&mut connection, state.house(), day.date, party, now).await?).into_response())
}
