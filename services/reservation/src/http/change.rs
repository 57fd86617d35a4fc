//! Changing a booking.

use axum::extract::State;
use axum::response::Response;
use chassis::http::etag::Conditions;
use chassis::http::identity::Caller;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Phone};
use jiff::Timestamp;

use super::{AppState, actor};
use crate::booking::change::{self, Change};
use crate::booking::{Guests, Minutes, Requests, Reservation, ReservationId};
use crate::room::Acting;
use crate::table::TableId;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[("change_reservation", change::REFUSALS)];

chassis::body! {
    /// A change of a booking. A member that is left out stays as it is.
    pub struct ReservationChange {
        /// Another table; null has the house choose.
        #[example = 2]
        pub table_id: clear TableId,
        /// Another size of the party.
        #[example = 5]
        pub guests_count: change Guests,
        /// Another time.
        #[example = "2030-05-17T19:30:00+02:00"]
        pub reservation_time: change Timestamp,
        /// How long the party stays, in minutes.
        #[example = 90]
        pub duration_minutes: change Minutes,
        /// Another phone number of the guest.
        #[example = "+44 20 7946 0321"]
        pub contact_phone: change Phone,
        /// Another e-mail address of the guest.
        #[example = "guest@example.com"]
        pub contact_email: change Email,
        /// The wishes of the guest; null removes them.
        #[example = "A quiet table"]
        pub special_requests: clear Requests,
    }
}

/// Change a booking
///
/// The booking gets its new time and table, or keeps the old ones: never neither. A table that was named stays, or the change is refused;
/// one that the house chose becomes another where the change makes it necessary. A guest may change a booking until its start; a new
/// time, party or duration of a confirmed one makes it pending again, unless bookings are confirmed automatically.
#[utoipa::path(
    patch,
    path = "/reservations/{id}",
    operation_id = "change_reservation",
    tag = "reservations",
    security(("bearer" = [])),
    params(ReservationId, Conditions),
    request_body(content = ReservationChange, examples(
        ("requests" = (summary = "Other requests", value = json!({"special_requests": "A quiet table"}))),
        ("time" = (summary = "Another time", value = json!({"reservation_time": "2030-05-17T19:30:00+02:00"}))),
        ("party" = (summary = "A larger party, at a table that the house chooses", value = json!({"guests_count": 5, "table_id": null}))),
    )),
    responses((status = 200, description = "The booking", body = Reservation, headers(("ETag" = String, description = "The version"))))
)]
pub async fn change(State(state): State<AppState>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let (id, conditions, body) = (input.id::<ReservationId>(), input.conditions(), input.read::<ReservationChange>());
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let change = Change {
        table_id: body.table_id,
        guests: body.guests_count,
        start: body.reservation_time,
        minutes: body.duration_minutes,
        phone: body.contact_phone,
        email: body.contact_email,
        requests: body.special_requests,
    };
    let accepts = |version| conditions.check_version(version).is_ok();
    let acting = Acting { user_id: caller.user_id, actor: actor(caller), accepts: &accepts };
    let mut connection = state.connection().await?;
    let mut deadlocks = 0..3;
    loop {
        match change::change(&mut connection, state.room(), &acting, id, &change, now).await {
            Ok(done) => return Ok(state.done(done, |_| "changed")),
            // Two bookings that trade places wait for each other; the database ends one, which tries again.
            Err(refusal) if refusal.is_retryable() && deadlocks.next().is_some() => {}
            Err(refusal) => return Err(state.problem(refusal)),
        }
    }
}
