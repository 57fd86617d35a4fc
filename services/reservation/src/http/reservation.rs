//! Bookings: a guest's own, the restaurant's list, and changes.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::{Admin, Caller};
use chassis::http::old::etag;
use chassis::http::old::input::Input;
use chassis::http::old::page::Page;
use chassis::http::old::rule;
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::Timestamp;
use sqlx::PgConnection;

use super::create::{judge_table, near};
use super::{AppState, refusal, with_etag};
use crate::booking::{self, Change};
use crate::slot;
use crate::status::{Actor, STATUSES, Status};
use crate::store::booking::{self as store, Reservation, Values};
use crate::store::list::{self, Filter, HostReservation, When};
use crate::store::table;

static WHEN: &[(&str, When)] = &[("upcoming", When::Upcoming), ("past", When::Past), ("all", When::All)];

/// List my bookings
#[utoipa::path(get, path = "/reservations/my", operation_id = "list_my_reservations", tag = "reservations", security(("bearer" = [])),
    params(
        ("when" = Option<When>, Query, description = "upcoming (the soonest first), past, or all (the default; both the latest first)"),
        ("limit" = Option<i32>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 100, example = 50),
        ("cursor" = Option<String>, Query, description = "From the Link header of the page before"),
    ),
    responses((status = 200, description = "A page of bookings", body = Vec<Reservation>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one")))))]
pub async fn my(State(state): State<AppState>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let when = input.parameter("when", rule::one_of(WHEN)).unwrap_or_default();
    let page = Page::<list::After>::read(&mut input, when.order());
    input.finish()?;
    let reservations = list::of_user(state.pool(), caller.user_id.get(), when, page.after().copied(), page.fetch()).await?;
    Ok(page.respond(reservations, list::key))
}

/// List the restaurant's bookings
///
/// For an administrator: the soonest first, each with its guest.
#[utoipa::path(get, path = "/reservations/", operation_id = "list_reservations", tag = "reservations", security(("bearer" = [])),
    params(
        ("date" = Option<String>, Query, format = Date, description = "The restaurant's local day, YYYY-MM-DD"),
        ("status" = Option<Vec<Status>>, Query, description = "In this state; may be repeated"),
        ("table_id" = Option<i32>, Query, description = "At this table", minimum = 1),
        ("user_id" = Option<i32>, Query, description = "Of this user", minimum = 1),
        ("limit" = Option<i32>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 100, example = 50),
        ("cursor" = Option<String>, Query, description = "From the Link header of the page before"),
    ),
    responses((status = 200, description = "A page of bookings", body = Vec<HostReservation>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one")))))]
pub async fn list(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let date = input.parameter("date", rule::date);
    let day = date.map(|date| slot::day(date, &state.house().time_zone));
    let statuses = input.repeated("status", rule::one_of(STATUSES));
    let table_id = input.parameter("table_id", rule::id);
    let user_id = input.parameter("user_id", rule::id);
    let page = Page::<list::After>::read(&mut input, "house");
    input.finish()?;
    let filter = Filter { day, statuses, table_id, user_id };
    let reservations = list::of_house(state.pool(), &filter, page.after().copied(), page.fetch()).await?;
    Ok(page.respond(reservations, |row| list::key(&row.reservation)))
}

/// The booking, where the caller may know of it, and as whom he acts on it.
pub(super) async fn find(state: &AppState, caller: Caller, id: i32) -> Result<(Reservation, Actor), Problem> {
    let reservation = store::get(state.pool(), id).await?;
    let known = reservation.filter(|reservation| caller.is_admin() || reservation.user_id == caller.user_id.get());
    let actor = if caller.is_admin() { Actor::Admin } else { Actor::Guest };
    known.map(|reservation| (reservation, actor)).ok_or_else(|| Problem::not_found("booking"))
}

/// Get a booking
#[utoipa::path(get, path = "/reservations/{id}", operation_id = "get_reservation", tag = "reservations", security(("bearer" = [])),
    params(("id" = i32, Path, description = "The id of the booking", minimum = 1, example = 1), ("If-None-Match" = Option<String>, Header, description = "ETags that the caller has", example = "\"1\"")),
    responses(
        (status = 200, description = "The booking", body = Reservation, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    ))]
pub async fn get(State(state): State<AppState>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let id = input.path_id("id");
    let condition = input.if_none_match();
    input.finish()?;
    let (reservation, _) = find(&state, caller, id).await?;
    Ok(etag::conditional(condition.as_ref(), etag::of_version(reservation.version), || axum::Json(&reservation).into_response()))
}

/// What may be changed of a booking: what is left out stays.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it is only described; booking::Change is what is read")]
pub struct ReservationChange {
    /// Another table.
    #[schema(value_type = i32, required = false, example = 2, minimum = 1)]
    table_id: Option<i32>,
    /// How many come. A party that outgrows its table and names no other gets the smallest that is free.
    #[schema(value_type = i32, required = false, example = 5, minimum = 1, maximum = 20)]
    guests_count: Option<i32>,
    /// When they come.
    #[schema(value_type = Timestamp, required = false, example = "2030-05-17T19:30:00+02:00")]
    reservation_time: Option<Timestamp>,
    /// How long they stay.
    #[schema(value_type = i32, required = false, example = 90, minimum = 15, maximum = 480)]
    duration_minutes: Option<i32>,
    /// Where the guest can be called.
    #[schema(value_type = String, required = false, max_length = 50)]
    contact_phone: Option<String>,
    /// Where the guest can be written to.
    #[schema(value_type = String, required = false, max_length = 255)]
    contact_email: Option<String>,
    /// What the guest asks for; null takes it back.
    #[schema(max_length = 2000)]
    special_requests: Option<String>,
}

/// Change a booking
///
/// It gets its new time and table, or keeps the old ones: never neither. A guest may do so until the start.
#[utoipa::path(patch, path = "/reservations/{id}", operation_id = "change_reservation", tag = "reservations", security(("bearer" = [])),
    params(("id" = i32, Path, description = "The id of the booking", minimum = 1, example = 1), ("If-Match" = Option<String>, Header, description = "The version to change", example = "*")),
    request_body(content = ReservationChange, examples(
        ("time" = (summary = "Another time", value = json!({"reservation_time": "2030-05-17T19:30:00+02:00"}))),
        ("party" = (summary = "A larger party, without its request", value = json!({"guests_count": 5, "special_requests": null}))),
    )),
    responses((status = 200, description = "The booking", body = Reservation, headers(("ETag" = String, description = "The version")))))]
pub async fn change(State(state): State<AppState>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let now = Timestamp::now();
    let id = input.path_id("id");
    let condition = input.if_match();
    let change = Change::read(&mut input, state.house(), now);
    input.finish()?;
    let mut deadlocks = 0..3;
    loop {
        let (before, actor) = find(&state, caller, id).await?;
        etag::check(condition.as_ref(), before.version)?;
        let moment = before.moment(now);
        if !moment.may_change(actor) {
            return Err(refusal::invalid_transition("change", &moment, actor));
        }
        let values = change.apply(before.values());
        if values == before.values() {
            return Ok(with_etag(StatusCode::OK, before.version, &before));
        }
        let changed = if booking::moves(&before.values(), &values) {
            relocate(&state, &before, values, change.table_id.is_some(), now).await
        } else {
            let mut connection = state.pool().acquire().await?;
            store::update(&mut connection, id, before.version, &values).await.map(Ok)
        };
        match changed {
            Ok(Ok(Some(after))) => {
                state.count("changed");
                state.service().outbox.wake();
                return Ok(with_etag(StatusCode::OK, after.version, &after));
            }
            // Somebody else changed it meanwhile: it is judged again as it is now.
            Ok(Ok(None)) => {}
            Ok(Err(problem)) => return Err(problem),
            // Two bookings that trade places wait for each other; the database ends one, which tries again.
            Err(error) if chassis::run::database::is_retryable(&error) && deadlocks.next().is_some() => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Moves a booking to another time or table, or leaves it where it is.
async fn relocate(
    state: &AppState,
    before: &Reservation,
    mut values: Values,
    named: bool,
    now: Timestamp,
) -> Result<Result<Option<Reservation>, Problem>, sqlx::Error> {
    let (start, end) = (values.reservation_time, booking::end(values.reservation_time, values.duration_minutes));
    let mut transaction = state.pool().begin().await?;
    // The row first: who changes it at the same time waits here, and the order of locks is the same for all.
    let Some(_) = store::lock(&mut transaction, before.id, before.version).await? else { return Ok(Ok(None)) };
    store::release(&mut transaction, before.id).await?;
    let table_id = values.table_id;
    if !store::hold(&mut transaction, before.id, table_id, values.guests_count, (start, end)).await? {
        let judged = judge_table(&mut transaction, table_id, values.guests_count).await?;
        match judged {
            // The party has outgrown its table, and names no other.
            Some(problem) if !named && *problem.code() == chassis::http::code::VALIDATION_FAILED => {
                match another(state, &mut transaction, before.id, &values, (start, end), now).await? {
                    Ok(table_id) => values.table_id = table_id,
                    Err(problem) => return Ok(Err(problem)),
                }
            }
            judged => return Ok(Err(judged.unwrap_or_else(refusal::table_taken))),
        }
    }
    let changed = store::update(&mut transaction, before.id, before.version, &values).await?;
    transaction.commit().await?;
    Ok(Ok(changed))
}

/// Holds the smallest table that is free for a booking whose own table does not do.
async fn another(
    state: &AppState,
    transaction: &mut PgConnection,
    id: i32,
    values: &Values,
    (start, end): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Result<i32, Problem>, sqlx::Error> {
    let tables = table::fitting(transaction, values.guests_count).await?;
    if tables.is_empty() {
        return Ok(Err(refusal::no_table_fits(values.guests_count)));
    }
    for table_id in &tables {
        if store::hold(transaction, id, *table_id, values.guests_count, (start, end)).await? {
            return Ok(Ok(*table_id));
        }
    }
    let alternatives = near(state, transaction, &tables, (start, end), now).await?;
    Ok(Err(refusal::no_table_free(&alternatives.unwrap_or_default())))
}
