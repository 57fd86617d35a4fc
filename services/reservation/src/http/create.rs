//! Booking a table.

use axum::extract::State;
use axum::response::Response;
use chassis::http::RequestId;
use chassis::http::code::FORBIDDEN;
use chassis::http::identity::Caller;
use chassis::http::input::{Input, Source};
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name, Phone};
use jiff::Timestamp;

use super::idempotency::{Key, keyed, replay};
use super::made::{self, Asked};
use super::table::{judge_names, refuse_no_tables};
use super::{AppState, actor, refusal, refuse_for_staff};
use crate::area::AreaId;
use crate::availability::Turn;
use crate::booking::make::{self, Counted, Wish};
use crate::booking::{self, Guests, Minutes, Note, Requests, Reservation};
use crate::codes;
use crate::status::Actor;
use crate::store::idempotency::{self, Answer, Keyed, Scope};
use crate::table::{Named, TableId};

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("create_reservation", &[&FORBIDDEN]),
    ("create_reservation", make::REFUSALS),
    ("create_reservation", &[&codes::IDEMPOTENCY_KEY_REUSED]),
];

chassis::words! {
    /// How a booking comes about.
    pub enum Way {
        /// The caller books with their account.
        Account = "account",
        /// The staff book for a guest who called.
        Phone = "phone",
    }
}

chassis::body! {
    /// A request to book.
    pub struct NewReservation {
        /// The table. Left out, the house chooses the smallest one that is free, or tables that are joined.
        #[example = 1]
        pub table_id: optional TableId,
        /// Tables, 1 to 6, that the party has together; for the staff alone.
        #[example = [1]]
        pub table_ids: values TableId,
        /// The area in which the house chooses the table. It cannot be given together with `table_id` or `table_ids`.
        pub area_id: optional AreaId,
        /// The size of the party.
        #[example = 4]
        pub guests_count: required Guests,
        /// When the party comes: from now on.
        #[example = "2030-05-17T19:00:00+02:00"]
        pub reservation_time: required Timestamp,
        /// How long the party stays, in minutes.
        /// Left out, as long as the restaurant reckons for its size.
        #[example = 90]
        pub duration_minutes: optional Minutes,
        /// How the booking comes about: `phone`, for a guest who called. Then it needs `contact_name` and a phone number or an e-mail address, and
        /// it is confirmed at once. For the staff alone.
        pub source: default Way = Way::Account,
        /// The name of the guest.
        #[example = "Ada Lovelace"]
        pub contact_name: optional Name,
        /// The phone number of the guest. Left out, it is the account's.
        #[example = "+44 20 7946 0958"]
        pub contact_phone: optional Phone,
        /// The e-mail address of the guest. Left out, it is the account's.
        #[example = "guest@example.com"]
        pub contact_email: optional Email,
        /// The wishes of the guest.
        #[example = "A high chair, please"]
        pub special_requests: optional Requests,
        /// A note of the staff, for themselves alone.
        #[example = "Regulars"]
        pub staff_note: optional Note,
        /// Whether the rules of the house are lifted: its hours, pause, steps, notice, party limits, spare seats, pacing and turn times. For
        /// the staff alone.
        pub r#override: default bool = false,
    }
}

/// The members that are for the staff alone.
const FOR_STAFF: [&str; 4] = ["table_ids", "source", "staff_note", "override"];

/// Book a table
///
/// With an Idempotency-Key the request can be repeated safely: for 24 hours, the same key gets the first answer again.
#[utoipa::path(
    post,
    path = "/reservations/",
    operation_id = "create_reservation",
    tag = "reservations",
    security(("bearer" = [])),
    params(Key),
    request_body(content = NewReservation, examples(
        ("any" = (summary = "The smallest table that is free", value = json!({
            "guests_count": 4, "reservation_time": "2030-05-17T19:00:00+02:00",
            "contact_phone": "+44 20 7946 0958", "contact_email": "guest@example.com"}))),
        ("account" = (summary = "With the account's phone number and e-mail address", value = json!({
            "guests_count": 2, "reservation_time": "2030-05-17T20:00:00+02:00"}))),
        ("whole" = (summary = "A table of the guest's choice", value = json!({
            "table_id": 1, "guests_count": 4, "reservation_time": "2030-05-17T19:00:00+02:00", "duration_minutes": 90,
            "contact_phone": "+44 20 7946 0958", "contact_email": "guest@example.com", "special_requests": "A high chair, please"}))),
        ("phone" = (summary = "For a guest who called, by the staff", value = json!({
            "source": "phone", "guests_count": 2, "reservation_time": "2030-05-17T20:30:00+02:00", "contact_name": "Ada Lovelace",
            "contact_phone": "+44 20 7946 0958"}))),
    )),
    responses((status = 201, description = "The booking", body = Reservation, headers(
        ("Location" = String, description = "Where the booking is"),
        ("ETag" = String, description = "The version"),
        ("Idempotency-Replayed" = Option<String>, description = "`true` where the answer was given before"))))
)]
pub async fn create(State(state): State<AppState>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let key = input.header::<Key>(Key::HEADER);
    let keyed = keyed(&input, key.as_ref(), Scope::User(caller.user_id), "/reservations/");
    if actor(caller) == Actor::Guest {
        refuse_for_staff(&mut input, &FOR_STAFF);
    }
    refuse_start(&mut input, now, &state);
    refuse_no_tables(&mut input);
    let stay = (input.peek::<Guests>(Source::Body, "guests_count"), input.peek::<Minutes>(Source::Body, "duration_minutes"));
    let body = input.read::<NewReservation>();
    if let Some(body) = &body {
        judge_names(&mut input, body.table_id.is_some(), &body.table_ids, body.area_id);
        if body.source == Way::Phone && actor(caller) == Actor::Staff {
            if body.contact_name.is_none() {
                input.refuse_member("contact_name", "required", "Required for a guest who called.");
            }
            if body.contact_phone.is_none() && body.contact_email.is_none() {
                let detail = "Required, or an e-mail address: the restaurant must be able to reach the guest.";
                input.refuse_member("contact_phone", "required", detail);
            }
        }
    }
    if body.as_ref().is_none_or(|body| !body.r#override) {
        refuse_stay(&mut input, stay, &state);
    }
    let body = match finish(&state, &mut input, (key, body), keyed.as_ref()).await? {
        Ok(body) => body,
        Err(kept) => return Ok(replay(kept)),
    };
    let wish = Wish {
        user_id: Some(caller.user_id),
        actor: actor(caller),
        counted: match actor(caller) {
            Actor::Guest => Counted::User(caller.user_id, state.restaurant().limits),
            Actor::Staff => Counted::Not,
        },
        source: match body.source {
            Way::Account => booking::Source::Account,
            Way::Phone => booking::Source::Phone,
        },
        overrides: body.r#override,
        named: Named::of(body.table_id, body.table_ids),
        area_id: body.area_id,
        guests: body.guests_count,
        minutes: body.duration_minutes,
        start: body.reservation_time,
        name: body.contact_name,
        phone: body.contact_phone,
        email: body.contact_email,
        requests: body.special_requests,
        note: body.staff_note,
        language: None,
    };
    answer(&state, wish, now, keyed.as_ref(), &input.request_id).await
}

/// Notes a time in the past, or too far ahead.
pub(super) fn refuse_start(input: &mut Input, now: Timestamp, state: &AppState) {
    if let Some(start) = input.peek(Source::Body, "reservation_time")
        && let Some(fault) = refusal::start_fault(start, now, state.restaurant())
    {
        input.refuse_member("reservation_time", fault.code, fault.detail);
    }
}

/// Notes a stay that is too long, among other faults, by what is known of the house. Alone it refuses nobody: the house may say something else
/// by now.
pub(super) fn refuse_stay(input: &mut Input, stay: (Option<Guests>, Option<Minutes>), state: &AppState) {
    if !input.is_sound()
        && let Some(fault) = refusal::stay_fault(stay, state.room().memory.last().as_deref())
    {
        input.refuse_member("duration_minutes", fault.code, fault.detail);
    }
}

/// The body. Where there are faults, but the request was answered before, that answer: even where the time that was booked has meanwhile gone
/// by.
///
/// # Errors
/// All faults.
pub(super) async fn finish<T>(
    state: &AppState,
    input: &mut Input,
    (key, body): (Option<Option<Key>>, Option<T>),
    keyed: Option<&Keyed>,
) -> Result<Result<T, Answer>, Problem> {
    match (input.finish((key, body)), keyed) {
        (Ok((_, body)), _) => Ok(Ok(body)),
        (Err(problem), Some(keyed)) => idempotency::find(state.pool(), keyed).await?.map(Err).ok_or(problem),
        (Err(problem), None) => Err(problem),
    }
}

/// Makes the booking, and answers with it.
///
/// # Errors
/// The problem that its refusal is to the caller.
pub(super) async fn answer(
    state: &AppState,
    wish: Wish,
    now: Timestamp,
    keyed: Option<&Keyed>,
    request_id: &RequestId,
) -> Result<Response, Problem> {
    let _turn = turn(state, &wish, now).await;
    made::answer(state, &Asked::Table(wish, now), keyed, request_id).await
}

/// Waits for the turn of a party that is likely to be refused. A table that is named is free or not, at once: no other time is searched for.
pub(crate) async fn turn(state: &AppState, wish: &Wish, now: Timestamp) -> Option<Turn> {
    let occupancy = &state.room().tables.occupancy;
    if wish.named.is_none() {
        Some(occupancy.turn(state.room().memory.last().as_deref(), wish.judged(), wish.start, now).await)
    } else {
        None
    }
}
