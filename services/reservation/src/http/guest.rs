//! Booking a table without an account.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRef, FromRequestParts, State};
use axum::response::Response;
use chassis::http::client;
use chassis::http::input::{Input, Source};
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name, Phone};
use http::request::Parts;
use jiff::Timestamp;

use super::AppState;
use super::create::{answer, finish, refuse_start, refuse_stay};
use super::idempotency::{Key, keyed, replay};
use super::link::LinkedReservation;
use super::table::judge_names;
use crate::area::AreaId;
use crate::booking::make::{self, Counted, Wish};
use crate::booking::{self, Guests, Language, Minutes, Requests};
use crate::codes;
use crate::refusal::Refusal;
use crate::status::Actor;
use crate::store::idempotency::Scope;
use crate::table::{Named, TableId};

/// The problems of the operation here.
pub const PROBLEMS: &[Problems] = &[
    ("create_guest_reservation", make::REFUSALS),
    ("create_guest_reservation", &[&codes::ACCOUNT_REQUIRED, &codes::IDEMPOTENCY_KEY_REUSED]),
];

/// The path of the operation.
pub const PATH: &str = "/reservations/guest";

chassis::body! {
    /// A request to book without an account.
    pub struct NewGuestReservation {
        /// The table. Left out, the house chooses the smallest one that is free, or tables that are joined.
        #[example = 1]
        pub table_id: optional TableId,
        /// The area in which the house chooses the table. It cannot be given together with `table_id`.
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
        /// The name of the guest.
        #[example = "Ada Lovelace"]
        pub contact_name: required Name,
        /// The e-mail address of the guest.
        #[example = "guest@example.com"]
        pub contact_email: required Email,
        /// The phone number of the guest; some restaurants need it.
        #[example = "+44 20 7946 0958"]
        pub contact_phone: optional Phone,
        /// The wishes of the guest.
        #[example = "A high chair, please"]
        pub special_requests: optional Requests,
        /// The language in which the restaurant writes to the guest. Left out, it is the restaurant's.
        #[example = "en"]
        pub language: optional Language,
    }
}

/// The network from which a request comes.
pub struct Network(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Network
where
    AppState: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let address = client::address(&parts.extensions, &parts.headers, AppState::from_ref(state).0.hops);
        Ok(Self(client::network(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))))
    }
}

/// Book a table without an account
///
/// The answer has the link by which the guest sees, changes and cancels the booking; its token is a bearer token for that booking alone. With an
/// Idempotency-Key the request can be repeated safely: for 24 hours, the same key and e-mail address get the first answer again.
#[utoipa::path(
    post,
    path = "/reservations/guest",
    operation_id = "create_guest_reservation",
    tag = "reservations",
    params(Key),
    request_body(content = NewGuestReservation, example = json!({
        "guests_count": 2, "reservation_time": "2030-05-17T19:30:00+02:00", "contact_name": "Ada Lovelace",
        "contact_email": "guest@example.com", "contact_phone": "+44 20 7946 0958", "language": "en"})),
    responses((status = 201, description = "The booking, and its link", body = LinkedReservation, headers(
        ("Location" = String, description = "Where the booking is"),
        ("ETag" = String, description = "The version"),
        ("Idempotency-Replayed" = Option<String>, description = "`true` where the answer was given before"))))
)]
pub async fn create(State(state): State<AppState>, Network(network): Network, mut input: Input) -> Result<Response, Problem> {
    let now = Timestamp::now();
    if state.0.links.is_none() {
        return Err(state.problem(Refusal::AccountRequired));
    }
    let key = input.header::<Key>(Key::HEADER);
    let email = input.peek::<Email>(Source::Body, "contact_email");
    let keyed = email.clone().and_then(|email| keyed(&input, key.as_ref(), Scope::Email(email.into_string()), PATH));
    refuse_start(&mut input, now, &state);
    let stay = (input.peek::<Guests>(Source::Body, "guests_count"), input.peek::<Minutes>(Source::Body, "duration_minutes"));
    let body = input.read::<NewGuestReservation>();
    if let Some(body) = &body {
        judge_names(&mut input, body.table_id.is_some(), &[], body.area_id);
    }
    refuse_stay(&mut input, stay, &state);
    let body = match finish(&state, &mut input, (key, body), keyed.as_ref()).await? {
        Ok(body) => body,
        Err(kept) => {
            let email = email.map(Email::into_string).unwrap_or_default();
            return Ok(replay(state.relinked(&mut *state.connection().await?, kept, &email).await?));
        }
    };
    answer(&state, body.into_wish(&state, network), now, keyed.as_ref(), &input.request_id).await
}

impl NewGuestReservation {
    /// The wish of a guest whose request comes from this network.
    pub(crate) fn into_wish(self, state: &AppState, network: IpAddr) -> Wish {
        Wish {
            user_id: None,
            actor: Actor::Guest,
            source: booking::Source::Guest,
            counted: Counted::Network(network, state.restaurant().guests_per_hour),
            overrides: false,
            named: Named::of(self.table_id, Vec::new()),
            area_id: self.area_id,
            guests: self.guests_count,
            minutes: self.duration_minutes,
            start: self.reservation_time,
            name: Some(self.contact_name),
            phone: self.contact_phone,
            email: Some(self.contact_email),
            requests: self.special_requests,
            note: None,
            language: self.language,
        }
    }
}
