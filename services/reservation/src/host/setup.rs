//! Setting up the house: its hours, the dates that are different, its rules and its floor. Every form shows whom an edit strands before it is
//! made, and says which version it saw.

mod area;
mod exception;
mod form;
mod group;
mod hours;
mod overview;
mod rules;
mod service;
mod table;
mod thing;

use askama::Template;
use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::get;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use house::calendar::Calendar;
use http::StatusCode;
use http::request::Parts;
use sha2::{Digest as _, Sha256};
use site::form::{Faults, typed};
use site::frame::{Frame, Here};
use site::session::forbidden;
use site::texts::Catalog;

use self::form::{Control, Form, Section};
use super::sheet::name;
use super::{Desk, Host, clock};
use crate::area::Area;
use crate::booking::Brief;
use crate::edit::Stranded;
use crate::exception::Exception;
use crate::group::Group;
use crate::store::list::HostReservation;
use crate::table::Table;

/// How many areas, tables or groups a page lists: a house has fewer.
const MOST: i64 = 100_000;

/// The pages.
pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/host/setup", get(overview::show))
        .route("/host/setup/hours", get(hours::show).post(hours::set))
        .route("/host/setup/rules", get(rules::show).post(rules::set))
        .merge(thing::routes::<Exception>())
        .merge(thing::routes::<Area>())
        .merge(thing::routes::<Table>())
        .merge(thing::routes::<Group>())
}

/// An administrator, who alone sets up the house.
struct Administrator(Host);

impl FromRequestParts<Desk> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let host = Host::from_request_parts(parts, desk).await?;
        if host.caller.is_admin() { Ok(Self(host)) } else { Err(forbidden(host.caller)) }
    }
}

/// A link.
struct Link {
    to: String,
    text: String,
}

/// What became of an edit that was not made.
#[derive(Default)]
struct Told {
    text: String,
    /// The bookings that it is about.
    bookings: Vec<Link>,
    /// How many more there are.
    more: Option<String>,
    /// Whether the form below can be sent from here.
    sends: bool,
}

impl Told {
    fn new(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    /// Bookings that stand in the way of something, each with whom to call.
    async fn of(desk: &Desk, host: &Host, text: String, bookings: &[Brief]) -> Result<Self, Problem> {
        let texts = desk.texts(host);
        let ids: Vec<_> = bookings.iter().map(|booking| booking.id).collect();
        let mut connection = desk.app.connection().await?;
        let known = desk.app.room().known(&mut connection).await?;
        let found = crate::store::list::of_ids(&mut connection, &ids, None, MOST).await?;
        let line = |found: &HostReservation| {
            let booking = &found.reservation;
            let date = Calendar::around(&known.house, booking.reservation_time).date_of(booking.reservation_time);
            let time = clock(texts, &known, booking.reservation_time);
            let phone = booking.contact_phone.clone().or_else(|| found.guest.as_ref().and_then(|guest| guest.phone.clone()));
            let parts = [
                Some(format!("{} {} {time}", texts.short_weekday(date), texts.day(date))),
                Some(name(texts, found)),
                Some(texts.tell("guests", [("guests", booking.guests_count.get().into())])),
                phone,
                Some(booking.reservation_code.clone()),
            ];
            Link { to: host.reader.link(&format!("/host/bookings/{}", booking.id)), text: joined(parts) }
        };
        Ok(Self { bookings: found.iter().map(line).collect(), ..Self::new(text) })
    }

    /// Whom an edit strands that is made when this button is pressed.
    async fn stranded(desk: &Desk, host: &Host, stranded: &Stranded, button: &str) -> Result<Self, Problem> {
        let texts = desk.texts(host);
        let text = texts.tell("setup-strands", [("count", stranded.count.into()), ("button", button.to_owned().into())]);
        let told = Self { sends: stranded.count > 0, ..Self::of(desk, host, text, &stranded.reservations).await? };
        Ok(told.and_more(texts, stranded))
    }

    /// Says how many there are beside those that are named.
    fn and_more(self, texts: &Catalog, stranded: &Stranded) -> Self {
        let more = stranded.count - stranded.reservations.len();
        Self { more: (more > 0).then(|| texts.tell("setup-more", [("count", more.into())])), ..self }
    }
}

/// How a form says whom it showed to be stranded: it is made where that has not changed since.
fn shown(stranded: &Stranded) -> String {
    let ids: Vec<_> = stranded.all.iter().map(|id| id.to_string()).collect();
    let digest = Sha256::digest(ids.join(","));
    format!("{}-{}", stranded.count, data_encoding::HEXLOWER.encode(&digest[..8]))
}

/// What a refusal that time mends says above a form, which keeps what was typed.
fn busy(desk: &Desk, host: &Host, problem: &Problem) -> Option<Told> {
    (problem.status() == StatusCode::SERVICE_UNAVAILABLE).then(|| Told::new(desk.texts(host).say("setup-busy")))
}

/// What a form says of a thing that somebody else changed meanwhile.
fn meanwhile(texts: &Catalog, differences: &[String]) -> Told {
    Told::new(texts.tell("setup-meanwhile", [("now", differences.join("; ").into())]))
}

/// Whether the edit that a form sends is made: where it was not sent to see whom it strands, and strands nobody whom the form did not show.
fn agrees(input: &Input) -> impl Fn(&Stranded) -> bool + Sync + use<> {
    let (seen, is_trial) = (typed(input, Source::Body, "seen"), typed(input, Source::Body, "action") == "check");
    move |stranded| !is_trial && (stranded.count == 0 || shown(stranded) == seen)
}

/// A page with a form.
#[derive(Template)]
#[template(path = "host_form.html")]
struct Page<'a> {
    frame: Frame<'a>,
    heading: String,
    lead: String,
    told: Option<Told>,
    /// What there is already.
    list: Vec<Link>,
    /// What the form is about, where there is a list above it.
    adds: String,
    sections: Vec<Section>,
    faults: Faults,
    action: String,
    hidden: Vec<(&'static str, String)>,
    /// What the form alone is sent with.
    kept: Vec<(&'static str, String)>,
    submit: String,
    /// Whether it is declared, and changed there only: the form cannot be sent.
    is_declared: bool,
    /// Whether the form can be sent to see whom the edit strands.
    can_check: bool,
    /// What removing is called, and what comes of it.
    removes: Option<(String, String)>,
    /// Whether it was to be removed.
    is_removing: bool,
    back: Link,
}

impl<'a> Page<'a> {
    fn new(desk: &'a Desk, host: &Host, heading: String, form: Form<'_>) -> Self {
        let texts = desk.texts(host);
        let back = if host.caller.is_admin() { ("/host/setup", "setup-back") } else { ("/host", "host-back") };
        Self {
            frame: desk.shell().staff_frame(&host.reader, &heading, Here::Setup, host.caller),
            heading,
            lead: String::new(),
            told: None,
            list: Vec::new(),
            adds: String::new(),
            sections: form.sections,
            faults: form.faults,
            action: String::new(),
            hidden: Vec::new(),
            kept: form.hidden,
            submit: texts.say("host-save"),
            is_declared: false,
            can_check: false,
            removes: None,
            is_removing: false,
            back: Link { to: host.reader.link(back.0), text: texts.say(back.1) },
        }
    }
}

/// What the forms of the floor choose from.
struct Floor {
    areas: Vec<Area>,
    tables: Vec<Table>,
}

impl Floor {
    async fn read(connection: &mut sqlx::PgConnection) -> Result<Self, Problem> {
        let areas = crate::store::area::list(connection, None, MOST).await?;
        Ok(Self { areas, tables: crate::store::table::list(connection, true, None, MOST).await? })
    }

    /// The name of an area.
    fn area(&self, id: crate::area::AreaId) -> Option<&str> {
        self.areas.iter().find(|area| area.id == id).map(|area| area.name.as_str())
    }

    /// The numbers of tables, as people write them.
    fn numbers(&self, ids: &[crate::table::TableId]) -> String {
        let numbers = self.tables.iter().filter(|table| ids.contains(&table.id)).map(|table| table.table_number.to_string());
        numbers.collect::<Vec<_>>().join(" + ")
    }
}

/// Words that are true of something, one after another.
fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A word, where it is true.
fn word(texts: &Catalog, is: bool, key: &str) -> Option<String> {
    is.then(|| texts.say(key))
}
