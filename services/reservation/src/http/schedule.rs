//! The hours of the week.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::Admin;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::{Place, Problem};
use chassis::http::value::Fault;
use house::schedule::{Weekly, overlaps_of_week};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::hours::{self, WeeklyService};
use super::{AppState, with_content_etag};
use crate::codes::MANAGED_BY_RESOURCE;
use crate::edit::Stranded;
use crate::schedule;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] =
    &[("get_schedule", &[&PRECONDITION_FAILED]), ("replace_schedule", &[&FORBIDDEN, &MANAGED_BY_RESOURCE, &PRECONDITION_FAILED])];

/// How many services there may be.
pub(crate) const SERVICES: usize = 50;

chassis::body! {
    /// The services of the week. Without any, the restaurant is open around the clock.
    pub struct ScheduleBody {
        /// At most 50, none of which overlaps another.
        pub services: objects WeeklyService,
    }
}

chassis::query! {
    /// How an edit is made.
    pub struct Trial {
        /// Whether the edit is only tried: the answer is the same, and nothing changes.
        pub dry_run: default bool = false,
    }
}

/// The services of the week.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScheduleView<'a> {
    /// In the order in which they were given.
    #[schema(value_type = Vec<WeeklyService>)]
    services: &'a [Weekly],
}

/// The services of the week, and whom the edit strands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScheduleEdited<'a> {
    /// In the order in which they were given.
    #[schema(value_type = Vec<WeeklyService>)]
    services: &'a [Weekly],
    /// The bookings ahead that the edit strands: they begin in no service any more. None is cancelled.
    stranded: Stranded,
}

/// The version of a week.
pub(crate) fn etag_of(week: &[Weekly]) -> HeaderValue {
    etag::of_content(&serde_json::to_vec(week).expect("services have string keys and no failing members"))
}

/// Notes what is wrong with a week that follows the schema.
fn judge(input: &mut Input, body: &ScheduleBody) {
    if body.services.len() > SERVICES {
        input.refuse_member("services", "too_many", format!("There may be at most {SERVICES} services."));
        return;
    }
    for (index, service) in body.services.iter().enumerate() {
        let repeated = service.days.iter().enumerate().any(|(at, day)| service.days[..at].contains(day));
        let place = || Place::Pointer(format!("#/services/{index}/days"));
        if service.days.is_empty() {
            input.refuse(place(), Fault::new("required", "A service begins on one day of the week at least."));
        } else if repeated {
            input.refuse(place(), Fault::new("repeated", "Each day must be given once."));
        }
    }
    let week: Vec<_> = body.services.iter().cloned().map(WeeklyService::into_weekly).collect();
    hours::judge(input, &week.iter().map(|weekly| &weekly.service).collect::<Vec<_>>(), &overlaps_of_week(&week));
}

/// Get the hours
///
/// The services of the week.
#[utoipa::path(
    get,
    path = "/reservations/schedule",
    operation_id = "get_schedule",
    tag = "house",
    params(Conditions),
    responses(
        (status = 200, description = "The services", body = ScheduleView<'_>, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let conditions = input.conditions();
    let conditions = input.finish(conditions)?;
    let mut connection = state.connection().await?;
    let known = state.room().known(&mut connection).await?;
    let services = known.house.schedule.week();
    conditions.read(etag_of(services), || Json(ScheduleView { services }).into_response())
}

/// Replace the hours
///
/// Bookings that were made before stay; the answer tells which of them begin in no service any more.
#[utoipa::path(
    put,
    path = "/reservations/schedule",
    operation_id = "replace_schedule",
    tag = "house",
    security(("bearer" = [])),
    params(Trial, Conditions),
    request_body(content = ScheduleBody, examples(
        ("week" = (summary = "Dinner from Tuesday to Saturday, lunch on Sunday", value = json!({"services": [
            {"name": "Dinner", "days": ["tuesday", "wednesday", "thursday", "friday", "saturday"],
             "opens": "18:00", "last_seating": "21:30", "closes": "23:30"},
            {"name": "Lunch", "days": ["sunday"], "opens": "12:00", "last_seating": "14:00", "closes": "16:00", "slot_minutes": 15}]}))),
        ("none" = (summary = "Open around the clock", value = json!({"services": []}))),
    )),
    responses((status = 200, description = "The services", body = ScheduleEdited<'_>,
        headers(("ETag" = String, description = "The version"))))
)]
pub async fn replace(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (conditions, trial, body) = (input.conditions(), input.read::<Trial>(), input.read::<ScheduleBody>());
    if let Some(body) = &body {
        judge(&mut input, body);
    }
    let (conditions, trial, body) = input.finish((conditions, trial, body))?;
    let week: Vec<_> = body.services.into_iter().map(WeeklyService::into_weekly).collect();
    let mut connection = state.connection().await?;
    let accepts = |before: &[Weekly]| conditions.check(&etag_of(before)).is_ok();
    let replaced = schedule::replace(&mut connection, state.room(), &accepts, &week, &|_| !trial.dry_run).await;
    let stranded = replaced.map_err(|refusal| state.problem(refusal))?;
    Ok(with_content_etag(StatusCode::OK, etag_of(&week), &ScheduleEdited { services: &week, stranded }))
}
