//! The life of a booking: confirm, seat, complete, no-show, cancel.

use axum::extract::State;
use axum::response::Response;
use chassis::http::identity::{Admin, Caller};
use chassis::http::old::etag;
use chassis::http::old::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::Timestamp;

use super::reservation::find;
use super::{AppState, refusal, with_etag};
use crate::status::{Action, Status};
use crate::store::booking::{self, Reservation};

async fn act(state: AppState, caller: Caller, mut input: Input, action: Action) -> Result<Response, Problem> {
    let id = input.path_id("id");
    let condition = input.if_match();
    input.finish()?;
    loop {
        let (before, actor) = find(&state, caller, id).await?;
        etag::check(condition.as_ref(), before.version)?;
        if action == Action::Cancel && before.status == Status::Cancelled {
            return Ok(with_etag(StatusCode::OK, before.version, &before));
        }
        let moment = before.moment(Timestamp::now());
        if !moment.may(actor, action) {
            return Err(refusal::invalid_transition(action.as_str(), &moment, actor));
        }
        // Where somebody else changed it meanwhile, it is judged again as it is now.
        if let Some(after) = booking::act(state.pool(), id, before.version, action).await? {
            state.count(after.status.as_str());
            state.service().outbox.wake();
            return Ok(with_etag(StatusCode::OK, after.version, &after));
        }
    }
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident, $path:literal, $id:literal, $caller:pat => $who:expr, $type:ty, $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, operation_id = $id, tag = "reservations", security(("bearer" = [])),
            params(
                ("id" = i32, Path, description = "The id of the booking", minimum = 1, example = 1),
                ("If-Match" = Option<String>, Header, description = "The version to act on", example = "*"),
            ),
            responses((status = 200, description = "The booking", body = Reservation, headers(("ETag" = String, description = "The version")))))]
        pub async fn $name(State(state): State<AppState>, $caller: $type, input: Input) -> Result<Response, Problem> {
            act(state, $who, input, $action).await
        }
    };
}

action!(
    /// Confirm a booking
    ///
    /// From pending.
    confirm, "/reservations/{id}/confirm", "confirm_reservation", Admin(caller) => caller, Admin, Action::Confirm
);
action!(
    /// Seat a party
    ///
    /// From pending or confirmed, from 4 hours before the start until the end.
    seat, "/reservations/{id}/seat", "seat_reservation", Admin(caller) => caller, Admin, Action::Seat
);
action!(
    /// Complete a booking
    ///
    /// From seated.
    complete, "/reservations/{id}/complete", "complete_reservation", Admin(caller) => caller, Admin, Action::Complete
);
action!(
    /// Note that a party did not come
    ///
    /// From pending or confirmed, after the start. Its table is free at once.
    no_show, "/reservations/{id}/no-show", "mark_no_show", Admin(caller) => caller, Admin, Action::NoShow
);
action!(
    /// Cancel a booking
    ///
    /// From pending or confirmed, by the guest until the start, by an administrator at any time. Its table is free at once.
    cancel, "/reservations/{id}/cancel", "cancel_reservation", caller => caller, Caller, Action::Cancel
);
