//! Booking for a guest who calls: a name, and a number or an address to reach them by.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name, Phone};
use house::House;
use house::calendar::Calendar;
use house::judge;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use site::form::typed;
use site::frame::{Frame, Here};
use site::shell::see_other;

use super::walk_in::{Choice, keyed, made_id, optional, parties, tables};
use super::{Desk, Host, clock, told};
use crate::availability::{self, State as SlotState};
use crate::booking::make::{Counted, Wish};
use crate::booking::{Guests, Note, Requests, Source as Came};
use crate::http::create::turn;
use crate::http::made::{self, Asked};
use crate::page::asked::{form_key, instant_of};
use crate::page::book::fresh_key;
use crate::status::Actor;
use crate::store::database::Database;
use crate::table::{Named, TableId};

/// A time that the house would give to the party.
struct Time {
    to: String,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "host_phone.html")]
struct Page<'a> {
    frame: Frame<'a>,
    notice: Option<String>,
    date: Date,
    parties: Vec<Choice>,
    times: Vec<Time>,
    tables: Vec<Choice>,
    filled: Filled,
    /// Whether the rules of the house stand in the way, which the host may lift.
    can_override: bool,
    back: String,
}

/// A form, as it was filled in.
#[derive(Clone, Default)]
struct Filled {
    guests: Option<Guests>,
    date: Option<Date>,
    table: Option<TableId>,
    time: String,
    name: String,
    phone: String,
    email: String,
    wishes: String,
    note: String,
    overrides: bool,
    key: String,
}

impl Filled {
    fn of(input: &Input, source: Source) -> Self {
        let text = |name| typed(input, source, name);
        Self {
            guests: input.peek(source, "guests"),
            date: input.peek(source, "date"),
            table: input.peek(source, "table"),
            time: text("time"),
            name: text("name"),
            phone: text("phone"),
            email: text("email"),
            wishes: text("wishes"),
            note: text("note"),
            overrides: text("override") == "true",
            key: form_key(input).unwrap_or_else(fresh_key),
        }
    }

    fn party(&self) -> Guests {
        self.guests.unwrap_or_else(|| Guests::new(2).expect("two guests are a party"))
    }
}

async fn page(
    desk: &Desk,
    host: &Host,
    filled: Filled,
    (notice, can_override, status): (Option<String>, bool, StatusCode),
) -> Result<Response, Problem> {
    let (texts, now) = (desk.texts(host), Timestamp::now());
    let (mut database, room) = (Database::of(desk.app.pool()), desk.app.room());
    let known = room.memory.get(&mut database).await?;
    let date = filled.date.unwrap_or_else(|| Calendar::around(&known.house, now).date_of(now));
    let wish = judge::Wish { guests: filled.party().get(), minutes: None, area: None, by: availability::by(Actor::Staff) };
    let slots = availability::slots(&mut database, (room, &known), date, wish, now).await?;
    drop(database);
    let time = |slot: &availability::Slot| {
        let text = clock(texts, &known, slot.time);
        let to = host.reader.link(&format!("/host/book?guests={}&date={date}&time={text}", filled.party()));
        Time { to, chosen: text == filled.time, text }
    };
    let title = texts.say("host-phone");
    let page = Page {
        frame: desk.shell().staff_frame(&host.reader, &title, Here::Day, host.caller),
        notice,
        date,
        parties: parties(filled.party().get()),
        times: slots.iter().filter(|slot| slot.state == SlotState::Available).map(time).collect(),
        tables: tables(desk, host, filled.table.map(TableId::get)).await?,
        filled,
        can_override,
        back: host.day(date, None),
    };
    desk.respond(status, &page)
}

/// Asks for the booking.
pub(super) async fn show(State(desk): State<Desk>, host: Host, input: Input) -> Result<Response, Problem> {
    page(&desk, &host, Filled::of(&input, Source::Query), (None, false, StatusCode::OK)).await
}

/// Books.
pub(super) async fn book(State(desk): State<Desk>, host: Host, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (now, filled) = (Timestamp::now(), Filled::of(&input, Source::Body));
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    let wish = match super::table(&input).map_err(|()| "host-tables-wrong").and_then(|_| wish(&host, &known.house, &filled)) {
        Ok(wish) => wish,
        Err(key) => {
            let notice = desk.texts(&host).say(key);
            return page(&desk, &host, filled, (Some(notice), false, StatusCode::UNPROCESSABLE_ENTITY)).await;
        }
    };
    let keyed = keyed(&host, &filled.key, &format!("{wish:?}"));
    let date = Calendar::around(&known.house, wish.start).date_of(wish.start);
    let _turn = turn(&desk.app, &wish, now).await;
    match made::give(&desk.app, &Asked::Table(wish, now), Some(&keyed), &input.request_id).await {
        Ok(given) => Ok(see_other(&host.day(date, made_id(&given)))),
        Err(refusal) => {
            let Some(notice) = told::refusal(&desk, &host, &refusal).await? else { return Err(desk.app.refused(refusal)) };
            let can_override = matches!(refusal, crate::refusal::Refusal::NotBookable(..));
            let status = desk.app.refused(refusal).status();
            // What was refused is kept under the key; what is asked for next is another thing.
            let filled = Filled { key: fresh_key(), ..filled };
            page(&desk, &host, filled, (Some(notice), can_override, status)).await
        }
    }
}

/// What is asked for; as an error the text that says what is wrong.
fn wish(host: &Host, house: &House, filled: &Filled) -> Result<Wish, &'static str> {
    let start = filled.date.and_then(|date| instant_of(house, date, &filled.time)).ok_or("host-time-wrong")?;
    let name = optional::<Name>(&filled.name).ok_or("name-wrong")?.ok_or("host-name-missing")?;
    let phone: Option<Phone> = optional(&filled.phone).ok_or("phone-wrong")?;
    let email: Option<Email> = optional(&filled.email).ok_or("email-wrong")?;
    if phone.is_none() && email.is_none() {
        return Err("host-contact-missing");
    }
    Ok(Wish {
        user_id: Some(host.caller.user_id),
        actor: Actor::Staff,
        counted: Counted::Not,
        source: Came::Phone,
        overrides: filled.overrides,
        named: Named::of(None, filled.table.into_iter().collect()),
        area_id: None,
        guests: filled.guests.ok_or("host-guests-wrong")?,
        minutes: None,
        start,
        name: Some(name),
        phone,
        email,
        requests: optional::<Requests>(&filled.wishes).ok_or("wishes-wrong")?,
        note: optional::<Note>(&filled.note).ok_or("wishes-wrong")?,
        language: Some(host.reader.language),
    })
}
