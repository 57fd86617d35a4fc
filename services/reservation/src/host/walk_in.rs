//! Seating a party at the door.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::Name;
use chassis::http::value::{Raw, Value};
use http::StatusCode;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use site::form::typed;
use site::frame::{Frame, Here};
use site::shell::see_other;

use super::{Desk, Host, told};
use crate::booking::walk_in::WalkIn;
use crate::booking::{Guests, Requests};
use crate::http::made::{self, Asked, Given};
use crate::page::asked::form_key;
use crate::page::book::fresh_key;
use crate::store::idempotency::{Keyed, Scope};
use crate::table::{Named, TableId};

/// A choice of a form.
pub(super) struct Choice {
    pub(super) value: i32,
    pub(super) text: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "host_walk_in.html")]
struct Page<'a> {
    frame: Frame<'a>,
    notice: Option<String>,
    parties: Vec<Choice>,
    tables: Vec<Choice>,
    name: String,
    wishes: String,
    key: String,
}

/// A form, as it was filled in.
#[derive(Default)]
struct Filled {
    guests: Option<Guests>,
    table: Option<TableId>,
    name: String,
    wishes: String,
    key: String,
}

/// A field that may be left empty; `None` where what was typed cannot be used.
pub(super) fn optional<T: Value>(typed: &str) -> Option<Option<T>> {
    let raw = Raw::Text(typed);
    if raw.is_blank() { Some(None) } else { T::read(raw).ok().map(Some) }
}

/// The sizes of parties.
pub(super) fn parties(chosen: i32) -> Vec<Choice> {
    (1..=20).map(|value| Choice { value, text: value.to_string(), chosen: value == chosen }).collect()
}

/// The tables in use.
pub(super) async fn tables(desk: &Desk, host: &Host, chosen: Option<i32>) -> Result<Vec<Choice>, Problem> {
    let mut connection = desk.app.connection().await?;
    let known = desk.app.room().known(&mut connection).await?;
    let areas = crate::store::area::list(&mut connection, None, 1000).await?;
    let texts = desk.texts(host);
    let area = |table: &house::floor::Table| {
        let name = areas.iter().find(|area| Some(area.id.get()) == table.area).map(|area| area.name.as_str());
        name.map(|name| format!(" · {name}")).unwrap_or_default()
    };
    let seats = |table: &house::floor::Table| {
        texts.tell("host-table-seats", [("table", table.number.to_string().into()), ("seats", table.capacity.into())])
    };
    let choice = |table: &house::floor::Table| Choice {
        value: table.id,
        text: format!("{}{}", seats(table), area(table)),
        chosen: chosen == Some(table.id),
    };
    Ok(known.house.floor.tables().iter().map(choice).collect())
}

async fn page(desk: &Desk, host: &Host, filled: Filled, (notice, status): (Option<String>, StatusCode)) -> Result<Response, Problem> {
    let title = desk.texts(host).say("host-walk-in");
    let page = Page {
        frame: desk.shell().staff_frame(&host.reader, &title, Here::Day, host.caller),
        notice,
        parties: parties(filled.guests.map_or(2, Guests::get)),
        tables: tables(desk, host, filled.table.map(TableId::get)).await?,
        name: filled.name,
        wishes: filled.wishes,
        key: filled.key,
    };
    desk.respond(status, &page)
}

/// Asks for the party.
pub(super) async fn show(State(desk): State<Desk>, host: Host) -> Result<Response, Problem> {
    page(&desk, &host, Filled { key: fresh_key(), ..Filled::default() }, (None, StatusCode::OK)).await
}

/// Seats it.
pub(super) async fn seat(State(desk): State<Desk>, host: Host, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let filled = Filled {
        guests: input.peek(Source::Body, "guests"),
        table: input.peek(Source::Body, "table"),
        name: typed(&input, Source::Body, "name"),
        wishes: typed(&input, Source::Body, "wishes"),
        key: form_key(&input).unwrap_or_else(fresh_key),
    };
    let wrong = |key: &str| (Some(desk.texts(&host).say(key)), StatusCode::UNPROCESSABLE_ENTITY);
    let Some(guests) = filled.guests else { return page(&desk, &host, filled, wrong("host-guests-wrong")).await };
    let Ok(table) = super::table(&input) else { return page(&desk, &host, filled, wrong("host-tables-wrong")).await };
    let Some(name) = optional::<Name>(&filled.name) else { return page(&desk, &host, filled, wrong("name-wrong")).await };
    let Some(requests) = optional::<Requests>(&filled.wishes) else { return page(&desk, &host, filled, wrong("wishes-wrong")).await };
    let walk_in = WalkIn {
        user_id: host.caller.user_id,
        named: Named::of(None, table.into_iter().collect()),
        area_id: None,
        guests,
        minutes: None,
        name,
        requests,
        note: None,
    };
    let keyed = keyed(&host, &filled.key, &format!("{walk_in:?}"));
    match made::give(&desk.app, &Asked::WalkIn(walk_in), Some(&keyed), &input.request_id).await {
        Ok(given) => Ok(see_other(&host.reader.link(&seated(&given)))),
        Err(refusal) => {
            let Some(notice) = told::refusal(&desk, &host, &refusal).await? else { return Err(desk.app.refused(refusal)) };
            let status = desk.app.refused(refusal).status();
            page(&desk, &host, filled, (Some(notice), status)).await
        }
    }
}

/// A form that is sent again is known by its key.
pub(super) fn keyed(host: &Host, key: &str, asked: &str) -> Keyed {
    let fingerprint = Sha256::new().chain_update("/host").chain_update(asked).finalize().into();
    Keyed { scope: Scope::Forms(host.caller.user_id), key: key.to_owned(), fingerprint }
}

/// The day, at the booking that was made.
fn seated(given: &Given) -> String {
    made_id(given).map_or_else(|| "/host".to_owned(), |id| format!("/host#b{id}"))
}

/// The id of the booking that was made.
pub(super) fn made_id(given: &Given) -> Option<i32> {
    #[derive(Deserialize)]
    struct Made {
        id: i32,
    }
    serde_json::from_slice::<Made>(&given.answer.body).ok().map(|made| made.id)
}
