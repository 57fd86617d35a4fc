//! What can be booked: the tables that are free at a time, and the slots of a day.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chassis::http::old::input::Input;
use chassis::http::old::page::Page;
use chassis::http::old::rule;
use chassis::http::problem::Problem;
use jiff::{SignedDuration, Timestamp};

use super::AppState;
use crate::booking::{self, DEFAULT_MINUTES, MAX_GUESTS, MAX_MINUTES, MIN_MINUTES};
use crate::slot::{self, Slot};
use crate::store::table::{self, Table};

fn party(input: &mut Input) -> (i32, i32) {
    let guests = input.required_parameter("guests_count", rule::integer(1, MAX_GUESTS));
    let minutes = input.parameter("duration_minutes", rule::integer(MIN_MINUTES, MAX_MINUTES)).unwrap_or(DEFAULT_MINUTES);
    (guests, minutes)
}

/// List the tables that are free
///
/// Those that seat the party and are free for the whole of its stay, the smallest first.
#[utoipa::path(get, path = "/reservations/tables/available", operation_id = "list_available_tables", tag = "availability",
    params(
        ("reservation_time" = String, Query, format = DateTime, description = "When the party comes, RFC 3339 with an offset", example = "2030-05-17T19:00:00Z"),
        ("guests_count" = i32, Query, description = "How many come", minimum = 1, maximum = 20, example = 4),
        ("duration_minutes" = Option<i32>, Query, description = "How long they stay; 120 if it is left out", minimum = 15, maximum = 480, example = 120),
        ("limit" = Option<i32>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 100, example = 50),
        ("cursor" = Option<String>, Query, description = "From the Link header of the page before"),
    ),
    responses((status = 200, description = "A page of tables", body = Vec<Table>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one")))))]
pub async fn tables(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let start = input.required_parameter("reservation_time", rule::instant);
    let (guests, minutes) = party(&mut input);
    let page = Page::<(i32, i32)>::read(&mut input, "available");
    if input.parameter_is_sound("reservation_time")
        && let Some((code, detail)) = state.house().refuse_time(start, Timestamp::now())
    {
        input.refuse_parameter("reservation_time", code, detail);
    }
    input.finish()?;
    let tables = table::free(state.pool(), guests, (start, booking::end(start, minutes)), page.after().copied(), page.fetch()).await?;
    Ok(page.respond(tables, |table| (table.capacity, table.table_number)))
}

/// List the slots of a day
///
/// Every half hour of the restaurant's local day: whether a party of this size can come then, and why not.
#[utoipa::path(get, path = "/reservations/availability", operation_id = "list_slots", tag = "availability",
    params(
        ("date" = String, Query, format = Date, description = "The local date, YYYY-MM-DD", example = "2030-05-17"),
        ("guests_count" = i32, Query, description = "How many come", minimum = 1, maximum = 20, example = 4),
        ("duration_minutes" = Option<i32>, Query, description = "How long they stay; 120 if it is left out", minimum = 15, maximum = 480, example = 120),
    ),
    responses((status = 200, description = "The slots of the day, in order", body = Vec<Slot>)))]
pub async fn slots(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let date = input.required_parameter("date", rule::date);
    let (guests, minutes) = party(&mut input);
    let window = state.house().window(Timestamp::now());
    let day = slot::day(date, &state.house().time_zone);
    if input.parameter_is_sound("date") && day.0 > window.latest {
        let days = state.house().max_ahead.as_hours() / 24;
        input.refuse_parameter("date", "too_far_ahead", format!("Bookings are taken {days} days ahead at most."));
    }
    input.finish()?;
    let mut connection = state.pool().acquire().await?;
    let tables = table::fitting(&mut connection, guests).await?;
    let holds = table::holds(&mut connection, &tables, day.0, booking::end(day.1, minutes)).await?;
    let duration = SignedDuration::from_mins(i64::from(minutes));
    Ok(Json(slot::slots(day, duration, window, &tables, &holds)).into_response())
}
