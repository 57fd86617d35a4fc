//! Changing a booking.

use axum::extract::State;
use axum::response::Response;
use chassis::http::etag::Conditions;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name, Phone};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::link::{Link, Who};
use super::table::{judge_names, refuse_no_tables};
use super::{AppState, refuse_for_staff, with_etag};
use crate::booking::change::{self, Change};
use crate::booking::{Guests, Minutes, Note, Requests, Reservation, ReservationId};
use crate::refusal::Refusal;
use crate::room::{Acting, Identity};
use crate::status::Actor;
use crate::table::{Named, TableId};

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[("change_reservation", change::REFUSALS)];

chassis::body! {
    /// A change of a booking. A member that is left out stays as it is.
    pub struct ReservationChange {
        /// Another table; null has the house choose.
        #[example = 2]
        pub table_id: clear TableId,
        /// Other tables, 1 to 6, that the party has together; for the staff alone.
        #[example = [2]]
        pub table_ids: values TableId,
        /// Another size of the party.
        #[example = 5]
        pub guests_count: change Guests,
        /// Another time.
        #[example = "2030-05-17T19:30:00+02:00"]
        pub reservation_time: change Timestamp,
        /// How long the party stays, in minutes.
        #[example = 90]
        pub duration_minutes: change Minutes,
        /// Another name of the guest.
        #[example = "Ada Lovelace"]
        pub contact_name: change Name,
        /// Another phone number of the guest.
        #[example = "+44 20 7946 0321"]
        pub contact_phone: change Phone,
        /// Another e-mail address of the guest.
        #[example = "guest@example.com"]
        pub contact_email: change Email,
        /// The wishes of the guest; null removes them.
        #[example = "A quiet table"]
        pub special_requests: clear Requests,
        /// A note of the staff; null removes it. For the staff alone.
        #[example = "Regulars"]
        pub staff_note: clear Note,
        /// Whether the rules of the house are lifted: its hours, pause, steps, notice, party limits, spare seats, pacing and turn times. For
        /// the staff alone.
        pub r#override: default bool = false,
    }
}

/// A booking after a change.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ChangedReservation {
    /// The booking.
    #[serde(flatten)]
    pub reservation: Reservation,
    /// The token of its new link, where whoever has a link changed the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "rbk_1_4r2mq6a5vdhvnxq2x5x7yjzk3u6wlbcf")]
    pub manage_token: Option<String>,
    /// The page of its new link, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "https://book.example.com/b/7QK2M9XA?k=rbk_1_4r2mq6a5vdhvnxq2x5x7yjzk3u6wlbcf")]
    pub manage_url: Option<String>,
}

impl ChangedReservation {
    fn new(reservation: Reservation, link: Option<Link>) -> Self {
        let (manage_token, manage_url) = link.map(|link| (link.manage_token, link.manage_url)).unzip();
        Self { reservation, manage_token, manage_url }
    }
}

/// The members that are for the staff alone.
const FOR_STAFF: [&str; 3] = ["table_ids", "staff_note", "override"];

/// Change a booking
///
/// The booking gets its new time and table, or keeps the old ones: never neither. A table that was named stays, or the change is refused;
/// one that the house chose becomes another where the change makes it necessary. A guest may change a booking until its start; a new
/// time, party or duration of a confirmed one makes it pending again, unless bookings are confirmed automatically. Another e-mail address ends the
/// links of the booking; whoever changes it by a link gets the new one, as `manage_token` and `manage_url`.
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
    responses((status = 200, description = "The booking", body = ChangedReservation, headers(("ETag" = String, description = "The version"))))
)]
pub async fn change(State(state): State<AppState>, who: Who, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if who.actor == Actor::Guest {
        refuse_for_staff(&mut input, &FOR_STAFF);
    }
    refuse_no_tables(&mut input);
    let (id, conditions, body) = (input.id::<ReservationId>(), input.conditions(), input.read::<ReservationChange>());
    if let Some(body) = &body {
        judge_names(&mut input, body.table_id.is_some(), &body.table_ids, None);
    }
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let change = Change {
        named: match body.table_id {
            Some(None) => Some(Named::None),
            table_id => Some(Named::of(table_id.flatten(), body.table_ids)).filter(|named| !named.is_none()),
        },
        overrides: body.r#override,
        guests: body.guests_count,
        start: body.reservation_time,
        minutes: body.duration_minutes,
        name: body.contact_name,
        phone: body.contact_phone,
        email: body.contact_email,
        requests: body.special_requests,
        note: body.staff_note,
    };
    let accepts = |version| conditions.check_version(version).is_ok();
    let acting = Acting { identity: who.identity, actor: who.actor, accepts: &accepts };
    let reservation = make(&state, &acting, id, &change, now).await.map_err(|refusal| state.problem(refusal))?;
    let by_link = matches!(who.identity, Identity::Link(..)) && change.email.is_some();
    let link = if by_link { state.link_of(&reservation) } else { None };
    Ok(with_etag(StatusCode::OK, reservation.version, &ChangedReservation::new(reservation, link)))
}

/// Changes a booking, and gives it as whoever changed it may see it.
///
/// # Errors
/// Why it is refused.
pub(crate) async fn make(
    state: &AppState,
    acting: &Acting<'_>,
    id: ReservationId,
    change: &Change,
    now: Timestamp,
) -> Result<Reservation, Refusal> {
    let mut connection = state.pool().acquire().await?;
    let mut deadlocks = 0..3;
    loop {
        match change::change(&mut connection, state.room(), acting, id, change, now).await {
            // Two bookings that trade places wait for each other; the database ends one, which tries again.
            Err(refusal) if refusal.is_retryable() && deadlocks.next().is_some() => {}
            done => return done.map(|done| state.settled(done, acting.actor, |_| "changed")),
        }
    }
}
