//! The rules of the house, and the restaurant as it is configured.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::Admin;
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::{Place, Problem};
use chassis::http::text::Text;
use chassis::http::value::Fault;
use house::rules::{Pacing, Rules, TurnTime};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::hours::SlotMinutes;
use super::{AppState, with_content_etag};
use crate::booking::{Guests, Minutes};
use crate::codes::MANAGED_BY_RESOURCE;
use crate::rules;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] =
    &[("get_rules", &[&PRECONDITION_FAILED]), ("replace_rules", &[&FORBIDDEN, &MANAGED_BY_RESOURCE, &PRECONDITION_FAILED])];

chassis::whole! {
    /// Minutes of a month.
    pub struct Notice: 0..=43200;
}

chassis::whole! {
    /// Minutes until a table is given out again.
    pub struct Buffer: 0..=120;
}

chassis::whole! {
    /// Seats that stay empty.
    pub struct SpareSeats: 0..=19;
}

chassis::whole! {
    /// A number within a quarter of an hour.
    pub struct PerQuarter: 1..=1000;
}

chassis::body! {
    /// How much may begin within a quarter of an hour.
    pub struct PacingBody {
        /// How many guests; null: any number.
        #[example = 24]
        pub covers: optional PerQuarter,
        /// How many parties; null: any number.
        #[example = 8]
        pub parties: optional PerQuarter,
    }
}

chassis::body! {
    /// How long a party of up to a size stays.
    pub struct TurnTimeBody {
        /// The largest party; it rises from one to the next.
        #[example = 2]
        pub up_to: required Guests,
        /// How long it stays, in minutes.
        #[example = 90]
        pub minutes: required Minutes,
    }
}

chassis::body! {
    /// The rules by which the restaurant takes bookings. A member that is left out has its default.
    pub struct RulesBody {
        /// Bookings begin on these steps, in minutes, counted from the opening of a service (without hours from midnight). Null: any minute is
        /// taken, and half hours are listed.
        pub slot_minutes: optional SlotMinutes,
        /// A booking begins no sooner than this from now, in minutes.
        pub min_notice_minutes: default Notice = Notice::MIN,
        /// The smallest party that is taken.
        pub min_party: default Guests = Guests::MIN,
        /// The largest party that is taken.
        pub max_party: default Guests = Guests::MAX,
        /// A larger party is pending even where bookings are confirmed at once; so is one that a guest raises above it.
        pub confirm_above: optional Guests,
        /// How many seats a table that is given out may leave empty.
        pub max_spare_seats: optional SpareSeats,
        /// How long the table stays taken after a booking, in minutes.
        pub buffer_minutes: default Buffer = Buffer::MIN,
        /// How long parties stay, by their size, at most 20. A party that is larger than the last stays as long as the last.
        pub turn_times: objects TurnTimeBody,
        /// How much may begin within a quarter of an hour, so that the kitchen is not asked for everything at once.
        pub pacing: object PacingBody,
        /// A guest changes time, party, duration or table no later than this before the start, in minutes.
        pub change_until_minutes: default Notice = Notice::MIN,
        /// Whether an online booking must have a phone number.
        pub phone_required: default bool = true,
        /// Whether guests may book without an account.
        pub guests_without_account: default bool = true,
        /// A text that a guest is shown before they book.
        #[example = "We keep your table for a quarter of an hour."]
        pub policy: optional Text<2000>,
    }
}

impl RulesBody {
    fn into_rules(self) -> Rules {
        let turn = |turn: TurnTimeBody| TurnTime { up_to: turn.up_to.get(), minutes: turn.minutes.get() };
        Rules {
            slot_minutes: self.slot_minutes.map(SlotMinutes::get),
            min_notice_minutes: self.min_notice_minutes.get(),
            min_party: self.min_party.get(),
            max_party: self.max_party.get(),
            confirm_above: self.confirm_above.map(Guests::get),
            max_spare_seats: self.max_spare_seats.map(SpareSeats::get),
            buffer_minutes: self.buffer_minutes.get(),
            turn_times: self.turn_times.into_iter().map(turn).collect(),
            pacing: self.pacing.map_or_else(Pacing::default, |pacing| Pacing {
                covers: pacing.covers.map(PerQuarter::get),
                parties: pacing.parties.map(PerQuarter::get),
            }),
            change_until_minutes: self.change_until_minutes.get(),
            phone_required: self.phone_required,
            guests_without_account: self.guests_without_account,
            policy: self.policy.map(Text::into_string),
        }
    }
}

/// Notes what is wrong with rules that follow the schema.
fn judge(input: &mut Input, body: &RulesBody) {
    if body.min_party > body.max_party {
        input.refuse_member("max_party", "out_of_range", format!("This must be at least min_party, {}.", body.min_party));
    }
    for (index, two) in body.turn_times.windows(2).enumerate() {
        if two[0].up_to >= two[1].up_to {
            let place = Place::Pointer(format!("#/turn_times/{}/up_to", index + 1));
            let detail = format!("This must be greater than that of the turn time before, {}.", two[0].up_to);
            input.refuse(place, Fault::new("not_rising", detail));
        }
    }
}

/// The version of rules.
pub(crate) fn etag_of(rules: &Rules) -> HeaderValue {
    etag::of_content(&serde_json::to_vec(rules).expect("rules have string keys and no failing members"))
}

/// Get the rules
///
/// The rules by which the restaurant takes bookings.
#[utoipa::path(
    get,
    path = "/reservations/rules",
    operation_id = "get_rules",
    tag = "house",
    params(Conditions),
    responses(
        (status = 200, description = "The rules", body = RulesBody, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    let conditions = input.conditions();
    let conditions = input.finish(conditions)?;
    let mut connection = state.connection().await?;
    let known = state.room().known(&mut connection).await?;
    conditions.read(etag_of(&known.house.rules), || Json(&known.house.rules).into_response())
}

/// Replace the rules
///
/// Bookings that were made before stay as they are.
#[utoipa::path(
    put,
    path = "/reservations/rules",
    operation_id = "replace_rules",
    tag = "house",
    security(("bearer" = [])),
    params(Conditions),
    request_body(content = RulesBody, examples(
        ("whole" = (summary = "A small restaurant", value = json!({
            "slot_minutes": 15, "min_notice_minutes": 60, "max_party": 8, "confirm_above": 6, "max_spare_seats": 2,
            "buffer_minutes": 10, "turn_times": [{"up_to": 2, "minutes": 90}, {"up_to": 8, "minutes": 120}],
            "change_until_minutes": 120, "policy": "We keep your table for a quarter of an hour."}))),
        ("none" = (summary = "No rules", value = json!({}))),
    )),
    responses((status = 200, description = "The rules", body = RulesBody, headers(("ETag" = String, description = "The version"))))
)]
pub async fn replace(State(state): State<AppState>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let (conditions, body) = (input.conditions(), input.read::<RulesBody>());
    if let Some(body) = &body {
        judge(&mut input, body);
    }
    let (conditions, body) = input.finish((conditions, body))?;
    let wanted = body.into_rules();
    let mut connection = state.connection().await?;
    let accepts = |before: &Rules| conditions.check(&etag_of(before)).is_ok();
    rules::replace(&mut connection, state.room(), &accepts, &wanted).await.map_err(|refusal| state.problem(refusal))?;
    Ok(with_content_etag(StatusCode::OK, etag_of(&wanted), &wanted))
}

/// The restaurant as it is configured.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RestaurantView {
    /// The IANA time zone in which its local times are.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Whether bookings are confirmed automatically.
    auto_confirm: bool,
    /// How many days ahead bookings are taken.
    #[schema(example = 180)]
    max_days_ahead: i64,
}

/// Get the restaurant
///
/// As the service is configured.
#[utoipa::path(
    get,
    path = "/reservations/restaurant",
    operation_id = "get_restaurant",
    tag = "house",
    responses((status = 200, description = "The restaurant", body = RestaurantView))
)]
pub async fn restaurant(State(state): State<AppState>, mut input: Input) -> Result<Response, Problem> {
    input.finish(())?;
    let restaurant = state.restaurant();
    let time_zone = restaurant.time_zone.iana_name().unwrap_or("UTC").to_owned();
    let max_days_ahead = restaurant.max_ahead.as_hours() / 24;
    Ok(Json(RestaurantView { time_zone, auto_confirm: restaurant.auto_confirm, max_days_ahead }).into_response())
}
