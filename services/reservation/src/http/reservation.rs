//! Bookings, as they are read: one, a guest's own, and the restaurant's list.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::{Staff, UserId};
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use chassis::http::text::Text;
use house::calendar::Calendar;
use jiff::civil::Date;
use sqlx::PgConnection;

use super::AppState;
use super::link::Who;
use crate::booking::{Reservation, ReservationId};
use crate::edit;
use crate::room::{self, Identity};
use crate::status::{Actor, Status};
use crate::store;
use crate::store::list::{self, Filter, HostReservation, Position, When};
use crate::table::TableId;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[("list_reservations", &[&FORBIDDEN]), ("get_reservation", &[&PRECONDITION_FAILED])];

chassis::query! {
    /// Which of the caller's bookings.
    pub struct Mine {
        /// Which of the bookings: those that are not over yet, the soonest first; all others; or all, both the latest first.
        #[example = "upcoming"]
        pub when: default When = When::All,
    }
}

/// List my bookings
///
/// With the token of a link, the one booking that it is for.
#[utoipa::path(
    get,
    path = "/reservations/my",
    operation_id = "list_my_reservations",
    tag = "reservations",
    security(("bearer" = [])),
    params(Mine, Page<Position>),
    responses((status = 200, description = "A page of bookings", body = Vec<Reservation>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn my(State(state): State<AppState>, who: Who, mut input: Input) -> Result<Response, Problem> {
    let mine = input.read::<Mine>();
    let page = Page::<Position>::read(&mut input, order(mine.as_ref().map_or(When::All, |mine| mine.when)));
    let (mine, page) = input.finish((mine, page))?;
    let mut connection = state.connection().await?;
    let (after, limit) = (page.after().copied(), page.fetch());
    let reservations = match who.identity {
        Identity::Account(user_id) => list::of_user(&mut connection, user_id, mine.when, after, limit).await?,
        Identity::Link(id, version) => list::of_link(&mut connection, (id, version), mine.when, after, limit).await?,
    };
    let reservations = reservations.into_iter().map(|reservation| reservation.shown_to(Actor::Guest)).collect();
    Ok(page.respond(reservations, Position::after))
}

/// The name of a list's order: a cursor is good for one of them.
fn order(when: When) -> &'static str {
    match when {
        When::Upcoming => "my-upcoming",
        When::Past => "my-past",
        When::All => "my-all",
    }
}

chassis::query! {
    /// Which of the restaurant's bookings.
    pub struct Which {
        /// The restaurant's local date: bookings that begin in it, and those of the evening before that still hold a table in it.
        #[example = "2030-05-17"]
        pub date: optional Date,
        /// In this state; may be repeated.
        pub status: repeated Status,
        /// At this table.
        pub table_id: optional TableId,
        /// Of this user.
        pub user_id: optional UserId,
        /// Only those ahead that begin in no service any more, since the hours were changed. It cannot be given together with others.
        pub stranded: default bool = false,
        /// Only those whose code, or whose guest's name, e-mail address or phone number contains this text of 3 characters or more, the latest
        /// first. It cannot be given together with others.
        pub q: optional Text<100>,
    }
}

impl Which {
    /// The parameter that must be given alone, where it is not.
    fn mixed(&self) -> Option<&'static str> {
        let others = self.date.is_some() || !self.status.is_empty() || self.table_id.is_some() || self.user_id.is_some();
        match (&self.q, self.stranded) {
            (Some(_), stranded) if others || stranded => Some("q"),
            (None, true) if others => Some("stranded"),
            _ => None,
        }
    }

    /// The name of the list's order: a cursor is good for one of them.
    fn order(&self) -> &'static str {
        if self.q.is_some() { "found" } else { "house" }
    }
}

/// The fewest characters that are searched for.
const SEARCHED: usize = 3;

/// List the restaurant's bookings
///
/// The soonest first, each with its guest.
#[utoipa::path(
    get,
    path = "/reservations/",
    operation_id = "list_reservations",
    tag = "reservations",
    security(("bearer" = [])),
    params(Which, Page<Position>),
    responses((status = 200, description = "A page of bookings", body = Vec<HostReservation>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn list(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let searches = input.has_parameter("q");
    let which = input.read::<Which>();
    let page = Page::<Position>::read(&mut input, which.as_ref().map_or("house", Which::order));
    if let Some(name) = which.as_ref().and_then(Which::mixed) {
        input.refuse_parameter(name, "alone", format!("Give `{name}` alone, without other parameters but those of the page."));
    }
    let text = which.as_ref().and_then(|which| which.q.as_ref()).map_or("", Text::as_str);
    if searches && which.is_some() && text.chars().count() < SEARCHED {
        input.refuse_parameter("q", "too_short", format!("Give at least {SEARCHED} characters."));
    }
    let (which, page) = input.finish((which, page))?;
    let mut connection = state.connection().await?;
    if let Some(text) = &which.q {
        let reservations = list::search(&mut connection, text.as_str(), page.after().copied(), page.fetch()).await?;
        let reservations = state.mailed(&mut connection, reservations).await?;
        return Ok(page.respond(reservations, |row: &HostReservation| Position::after(&row.reservation)));
    }
    let known = state.room().known(&mut connection).await?;
    if which.stranded {
        let ahead = list::ahead(&mut connection, None).await?;
        let ids: Vec<_> = edit::stranded(&known.house, &ahead).into_iter().map(|booking| booking.id).collect();
        let reservations = list::of_ids(&mut connection, &ids, page.after().copied(), page.fetch()).await?;
        let reservations = state.mailed(&mut connection, reservations).await?;
        return Ok(page.respond(reservations, |row: &HostReservation| Position::after(&row.reservation)));
    }
    let day = which.date.map(|date| Calendar::new(&known.house, date, date).night(date));
    let filter = Filter { day, statuses: which.status, table_id: which.table_id, user_id: which.user_id };
    let reservations = list::of_house(&mut connection, &filter, page.after().copied(), page.fetch()).await?;
    let reservations = state.mailed(&mut connection, reservations).await?;
    Ok(page.respond(reservations, |row| Position::after(&row.reservation)))
}

impl AppState {
    /// Bookings of the restaurant, each with the last mail about it.
    pub(crate) async fn mailed(
        &self,
        connection: &mut PgConnection,
        found: Vec<HostReservation>,
    ) -> Result<Vec<HostReservation>, sqlx::Error> {
        if !self.sends_mail() || found.is_empty() {
            return Ok(found);
        }
        let ids: Vec<_> = found.iter().map(|found| found.reservation.id).collect();
        let mut mails = store::message::last_of(connection, &ids).await?;
        let with_mail = |HostReservation { reservation, guest }: HostReservation| {
            let mail = mails.remove(&reservation.id);
            HostReservation { reservation: reservation.with_mail(mail), guest }
        };
        Ok(found.into_iter().map(with_mail).collect())
    }
}

/// Get a booking
#[utoipa::path(
    get,
    path = "/reservations/{id}",
    operation_id = "get_reservation",
    tag = "reservations",
    security(("bearer" = [])),
    params(ReservationId, Conditions),
    responses(
        (status = 200, description = "The booking", body = Reservation, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, who: Who, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<ReservationId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let mut connection = state.connection().await?;
    let found = room::find(&mut connection, who.identity, who.actor, id).await;
    let mut reservation = found.map_err(|refusal| state.problem(refusal))?;
    if who.actor == Actor::Staff && state.sends_mail() {
        let mail = store::message::last_of(&mut connection, &[id]).await?.remove(&id);
        reservation = reservation.with_mail(mail);
    }
    let version = reservation.version;
    conditions.read(etag::of_version(version), || Json(reservation.shown_to(who.actor)).into_response())
}
