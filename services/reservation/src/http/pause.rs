//! The pause: for a while no bookings are taken, since the restaurant is full of people.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::Staff;
use chassis::http::input::{Input, Source};
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{AppState, with_content_etag};
use crate::edit::Edit;
use crate::store;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[("get_pause", &[&PRECONDITION_FAILED]), ("start_pause", &[&FORBIDDEN]), ("end_pause", &[&FORBIDDEN])];

/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

chassis::body! {
    /// A pause.
    pub struct PauseBody {
        /// Bookings that begin before are refused. It is ahead, by 24 hours at most.
        #[example = "2030-05-17T00:00:00Z"]
        pub until: required Timestamp,
    }
}

/// Whether bookings are taken for the moment.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PauseView {
    /// Bookings that begin before are refused; null: there is no pause.
    until: Option<Timestamp>,
}

fn etag_of(pause: &PauseView) -> HeaderValue {
    etag::of_content(&serde_json::to_vec(pause).expect("a time is JSON"))
}

/// Get the pause
#[utoipa::path(
    get,
    path = "/reservations/pause",
    operation_id = "get_pause",
    tag = "house",
    params(Conditions),
    responses(
        (status = 200, description = "The pause", body = PauseView, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let conditions = input.conditions();
    let conditions = input.finish(conditions)?;
    let now = Timestamp::now();
    let mut connection = state.connection().await?;
    let known = state.room().known(&mut connection).await?;
    let pause = PauseView { until: known.house.pause_until.filter(|until| *until > now) };
    conditions.read(etag_of(&pause), || Json(&pause).into_response())
}

/// Take no bookings for a while
///
/// Bookings that begin before the end of the pause are refused. Those that were made stay.
#[utoipa::path(
    put,
    path = "/reservations/pause",
    operation_id = "start_pause",
    tag = "house",
    security(("bearer" = [])),
    request_body(content = PauseBody, example = json!({"until": "2030-05-17T00:00:00Z"})),
    responses((status = 200, description = "The pause", body = PauseView, headers(("ETag" = String, description = "The version"))))
)]
pub async fn start(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    match input.peek::<Timestamp>(Source::Body, "until") {
        Some(until) if until <= now => input.refuse_member("until", "in_the_past", "A pause ends in the future."),
        Some(until) if until.duration_since(now) > LONGEST => {
            let detail = "A pause lasts 24 hours at most. Close longer with an exception: POST /reservations/exceptions.";
            input.refuse_member("until", "too_far_ahead", detail);
        }
        _ => {}
    }
    let body = input.read::<PauseBody>();
    let PauseBody { until } = input.finish(body)?;
    set(&state, Some(until)).await?;
    let pause = PauseView { until: Some(until) };
    Ok(with_content_etag(StatusCode::OK, etag_of(&pause), &pause))
}

/// End the pause
#[utoipa::path(
    delete,
    path = "/reservations/pause",
    operation_id = "end_pause",
    tag = "house",
    security(("bearer" = [])),
    responses((status = 204, description = "There is no pause"))
)]
pub async fn end(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    input.finish(())?;
    set(&state, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Has the pause end then, or not be.
///
/// # Errors
/// Where the database fails.
pub(crate) async fn set(state: &AppState, until: Option<Timestamp>) -> Result<(), Problem> {
    let mut connection = state.connection().await?;
    let mut edit = Edit::begin(&mut connection).await.map_err(|refusal| state.problem(refusal))?;
    if edit.house(state.room()).await.map_err(|refusal| state.problem(refusal))?.pause_until != until {
        store::house::set_pause(edit.connection(), until).await?;
        edit.finish(state.room()).await.map_err(|refusal| state.problem(refusal))?;
    }
    Ok(())
}
