//! The life of a booking: confirm, seat, complete, no-show, cancel.

use axum::extract::State;
use axum::response::Response;
use chassis::http::code::FORBIDDEN;
use chassis::http::etag::Conditions;
use chassis::http::identity::Staff;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use http::StatusCode;

use super::link::Who;
use super::{AppState, with_etag};
use crate::booking::act::{self, REFUSALS, SEAT_REFUSALS};
use crate::booking::{Reservation, ReservationId, reopen};
use crate::refusal::Refusal;
use crate::room::Acting;
use crate::status::Action;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("confirm_reservation", &[&FORBIDDEN]),
    ("confirm_reservation", REFUSALS),
    ("seat_reservation", &[&FORBIDDEN]),
    ("seat_reservation", SEAT_REFUSALS),
    ("complete_reservation", &[&FORBIDDEN]),
    ("complete_reservation", REFUSALS),
    ("mark_no_show", &[&FORBIDDEN]),
    ("mark_no_show", REFUSALS),
    ("cancel_reservation", REFUSALS),
    ("reopen_reservation", &[&FORBIDDEN]),
    ("reopen_reservation", reopen::REFUSALS),
];

async fn act(state: AppState, who: Who, mut input: Input, action: Action) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<ReservationId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let acting = Acting { identity: who.identity, actor: who.actor, accepts: &accepts };
    let reservation = perform(&state, &acting, id, action).await.map_err(|refusal| state.problem(refusal))?;
    Ok(with_etag(StatusCode::OK, reservation.version, &reservation))
}

/// Acts on a booking, and gives it as whoever acts may see it.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn perform(state: &AppState, acting: &Acting<'_>, id: ReservationId, action: Action) -> Result<Reservation, Refusal> {
    let mut connection = state.pool().acquire().await?;
    let mut deadlocks = 0..3;
    let outcome = |reservation: &Reservation| if action == Action::Reopen { "reopened" } else { reservation.status.as_str() };
    loop {
        match act::act(&mut connection, state.room(), acting, id, action).await {
            // Two parties that are seated at once may wait for each other; the database ends one, which tries again.
            Err(refusal) if refusal.is_retryable() && deadlocks.next().is_some() => {}
            done => return done.map(|done| state.settled(done, acting.actor, outcome)),
        }
    }
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident, $path:literal, $id:literal, $caller:pat => $who:expr, $type:ty, $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            operation_id = $id,
            tag = "reservations",
            security(("bearer" = [])),
            params(ReservationId, Conditions),
            responses((status = 200, description = "The booking", body = Reservation, headers(("ETag" = String, description = "The version"))))
        )]
        pub async fn $name(State(state): State<AppState>, $caller: $type, input: Input) -> Result<Response, Problem> {
            act(state, $who, input, $action).await
        }
    };
}

action!(
    /// Confirm a booking
    ///
    /// From pending.
    confirm, "/reservations/{id}/confirm", "confirm_reservation", Staff(caller) => caller.into(), Staff, Action::Confirm
);
action!(
    /// Seat a party
    ///
    /// From pending or confirmed, from 4 hours before the start until the end. A party that is seated early holds its table from then on.
    /// One party sits at a table.
    seat, "/reservations/{id}/seat", "seat_reservation", Staff(caller) => caller.into(), Staff, Action::Seat
);
action!(
    /// Complete a booking
    ///
    /// From seated. Its table is free at once.
    complete, "/reservations/{id}/complete", "complete_reservation", Staff(caller) => caller.into(), Staff, Action::Complete
);
action!(
    /// Mark a booking as a no-show
    ///
    /// From pending or confirmed, after the start. Its table is free at once.
    no_show, "/reservations/{id}/no-show", "mark_no_show", Staff(caller) => caller.into(), Staff, Action::NoShow
);
action!(
    /// Cancel a booking
    ///
    /// From pending or confirmed: by the guest until the start, by the staff at any time. One that came without a booking also while the party
    /// sits. Its table is free at once.
    cancel, "/reservations/{id}/cancel", "cancel_reservation", who => who, Who, Action::Cancel
);
action!(
    /// Reopen a booking
    ///
    /// Undoes what happened last, once and within 24 hours: that the party was seated, that it left, that it did not come, or that the booking
    /// was cancelled. The booking takes its tables again; no rule of the house is asked.
    reopen, "/reservations/{id}/reopen", "reopen_reservation", Staff(caller) => caller.into(), Staff, Action::Reopen
);
