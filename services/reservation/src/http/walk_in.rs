//! Seating parties that come without a booking.

use axum::extract::State;
use axum::response::Response;
use chassis::http::code::FORBIDDEN;
use chassis::http::identity::Staff;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use chassis::http::text::Name;

use super::AppState;
use super::idempotency::{Key, keyed};
use super::made::{self, Asked};
use super::table::{judge_names, refuse_no_tables};
use crate::area::AreaId;
use crate::booking::walk_in::{self, WalkIn};
use crate::booking::{Guests, Minutes, Note, Requests, Reservation};
use crate::codes;
use crate::store::idempotency::Scope;
use crate::table::{Named, TableId};

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] =
    &[("create_walk_in", &[&FORBIDDEN]), ("create_walk_in", walk_in::REFUSALS), ("create_walk_in", &[&codes::IDEMPOTENCY_KEY_REUSED])];

const PATH: &str = "/reservations/walk-ins";

chassis::body! {
    /// A party at the door.
    pub struct NewWalkIn {
        /// The size of the party.
        #[example = 2]
        pub guests_count: required Guests,
        /// Tables, 1 to 6. Left out, the house chooses.
        #[example = [1]]
        pub table_ids: values TableId,
        /// The area in which the house chooses the table. It cannot be given together with `table_ids`.
        pub area_id: optional AreaId,
        /// How long the party stays, in minutes. Left out, as long as the restaurant reckons for its size.
        #[example = 90]
        pub duration_minutes: optional Minutes,
        /// The name of the guest.
        #[example = "Ada Lovelace"]
        pub contact_name: optional Name,
        /// The wishes of the guests.
        #[example = "A high chair, please"]
        pub special_requests: optional Requests,
        /// A note of the staff.
        #[example = "Regulars"]
        pub staff_note: optional Note,
    }
}

/// Seat a walk-in
///
/// The party sits from this minute on. The rules of the house are not asked: a table that is free, in use and large enough is theirs. Where none
/// is free for as long as they would stay, they get the one that is free longest, for half an hour at least: `ends_at` says until when. With an
/// Idempotency-Key the request can be repeated safely.
#[utoipa::path(
    post,
    path = "/reservations/walk-ins",
    operation_id = "create_walk_in",
    tag = "reservations",
    security(("bearer" = [])),
    params(Key),
    request_body(content = NewWalkIn, example = json!({"guests_count": 2, "contact_name": "Ada Lovelace"})),
    responses((status = 201, description = "The booking", body = Reservation, headers(
        ("Location" = String, description = "Where the booking is"),
        ("ETag" = String, description = "The version"),
        ("Idempotency-Replayed" = Option<String>, description = "`true` where the answer was given before"))))
)]
pub async fn create(State(state): State<AppState>, Staff(caller): Staff, mut input: Input) -> Result<Response, Problem> {
    let key = input.header::<Key>(Key::HEADER);
    let keyed = keyed(&input, key.as_ref(), Scope::User(caller.user_id), PATH);
    refuse_no_tables(&mut input);
    let body = input.read::<NewWalkIn>();
    if let Some(body) = &body {
        judge_names(&mut input, false, &body.table_ids, body.area_id);
    }
    let (_, body) = input.finish((key, body))?;
    let walk_in = WalkIn {
        user_id: caller.user_id,
        named: Named::of(None, body.table_ids),
        area_id: body.area_id,
        guests: body.guests_count,
        minutes: body.duration_minutes,
        name: body.contact_name,
        requests: body.special_requests,
        note: body.staff_note,
    };
    made::answer(&state, &Asked::WalkIn(walk_in), keyed.as_ref(), &input.request_id).await
}
