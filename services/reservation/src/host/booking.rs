//! A booking, for hosts: all that is known of it; moved, extended, called off, and its mail sent again.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{Name, Phone};
use chassis::http::value::{Raw, Value as _};
use house::calendar::Calendar;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use site::frame::{Frame, Here};
use site::shell::see_other;

use super::sheet::{Button, button};
use super::walk_in::{Choice, parties};
use super::{Desk, Host, booking_id, clock, numbers, told, version};
use crate::booking::change::Change;
use crate::booking::{Guests, Minutes, Note, Requests, Reservation, ReservationId};
use crate::memory::Known;
use crate::page::asked::{instant_of, typed};
use crate::refusal::Refusal;
use crate::room::{self, Identity};
use crate::status::{Action, Actor};
use crate::table::{Named, TableId};

#[derive(Template)]
#[template(path = "host_booking.html")]
struct Page<'a> {
    frame: Frame<'a>,
    notice: Option<String>,
    act: String,
    change: String,
    version: i32,
    heading: String,
    facts: Vec<(String, String)>,
    buttons: Vec<Button>,
    can_change: bool,
    can_cancel: bool,
    can_send: bool,
    can_override: bool,
    date: Date,
    time: String,
    parties: Vec<Choice>,
    minutes: i32,
    tables: String,
    name: String,
    phone: String,
    wishes: String,
    note: String,
    back: String,
}

/// Finds the booking.
async fn find(desk: &Desk, host: &Host, id: ReservationId) -> Result<(Reservation, std::sync::Arc<Known>), Problem> {
    let mut connection = desk.app.connection().await?;
    let known = desk.app.room().known(&mut connection).await?;
    let identity = Identity::Account(host.caller.user_id);
    let mut booking = room::find(&mut connection, identity, Actor::Staff, id).await.map_err(|refusal| desk.app.problem(refusal))?;
    if desk.app.sends_mail() {
        let mail = crate::store::message::last_of(&mut connection, &[id]).await?.remove(&id);
        booking = booking.with_mail(mail);
    }
    Ok((booking, known))
}

async fn page(desk: &Desk, host: &Host, id: ReservationId, refused: Option<(String, bool, StatusCode)>) -> Result<Response, Problem> {
    let (booking, known) = find(desk, host, id).await?;
    let (texts, now) = (desk.texts(host), Timestamp::now());
    let start = booking.reservation_time.to_zoned(known.house.time_zone.clone());
    let date = Calendar::around(&known.house, booking.reservation_time).date_of(booking.reservation_time);
    let tables = numbers(&known, booking.table_ids.iter().map(|id| id.get()));
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let heading = booking.contact_name.clone().unwrap_or_else(|| booking.reservation_code.clone());
    let fact = |key: &str, value: Option<String>| value.filter(|value| !value.is_empty()).map(|value| (texts.say(key), value));
    let changed = booking.changed_by().map(|changed| {
        let by = changed.name.clone().unwrap_or_else(|| texts.say(&format!("host-by-{}", changed.by.as_str())));
        texts.tell("host-changed", [("by", by.into()), ("time", clock(texts, &known, changed.at).into())])
    });
    let mail = booking.mail().map(|mail| {
        let state = texts.say(&format!("host-mail-{}", mail.state.as_str()));
        mail.last_error.as_ref().map_or(state.clone(), |error| format!("{state}: {error}"))
    });
    let until = clock(texts, &known, booking.span().end);
    let facts = [
        fact("fact-when", Some(texts.moment(start.date(), start.time()))),
        fact("fact-until", Some(until)),
        fact("fact-guests", Some(texts.tell("guests", [("guests", booking.guests_count.get().into())]))),
        fact("host-tables", Some(tables.clone())),
        fact("host-state", Some(texts.say(&format!("host-{}", booking.status.as_str())))),
        fact("field-phone", booking.contact_phone.clone()),
        fact("field-email", booking.contact_email.clone()),
        fact("host-wishes", booking.special_requests.clone()),
        fact("host-note", booking.note().map(str::to_owned)),
        fact("fact-code", Some(booking.reservation_code.clone())),
        fact("host-mail", mail),
        fact("host-last", changed),
    ];
    let moment = booking.moment(now);
    let actions = Action::ALL.iter().copied().filter(|action| *action != Action::Cancel && moment.may(Actor::Staff, *action));
    let (notice, can_override, status) =
        refused.map_or((None, false, StatusCode::OK), |(notice, can_override, status)| (Some(notice), can_override, status));
    let page = Page {
        frame: desk.shell().staff_frame(&host.reader, &heading, Here::Day, host.caller),
        notice,
        act: host.reader.link(&format!("/host/bookings/{id}/act")),
        change: host.reader.link(&format!("/host/bookings/{id}")),
        version: booking.version,
        heading: heading.clone(),
        facts: facts.into_iter().flatten().collect(),
        buttons: actions.map(|action| button(texts, action)).collect(),
        can_change: moment.may_change(Actor::Staff),
        can_cancel: moment.may(Actor::Staff, Action::Cancel),
        can_send: desk.app.sends_mail() && booking.mail().is_some(),
        can_override,
        date,
        time: texts.time(start.time()),
        parties: parties(booking.guests_count.get()),
        minutes: booking.duration_minutes.get(),
        tables,
        name: text(&booking.contact_name),
        phone: text(&booking.contact_phone),
        wishes: text(&booking.special_requests),
        note: booking.note().unwrap_or_default().to_owned(),
        back: host.day(date, Some(booking.id.get())),
    };
    desk.respond(status, &page)
}

/// Shows the booking.
pub(super) async fn show(State(desk): State<Desk>, host: Host, Path(id): Path<String>) -> Result<Response, Problem> {
    page(&desk, &host, booking_id(&id)?, None).await
}

/// The tables of these numbers, as hosts write them: `3 + 4`, `3, 4` or `3 4`. `None` where there is no such table.
fn tables(known: &Known, typed: &str) -> Option<Vec<TableId>> {
    let numbers = typed.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    let table = |number: &str| {
        let number: i32 = number.parse().ok()?;
        known.house.floor.tables().iter().find(|table| table.number == number).and_then(|table| TableId::new(table.id))
    };
    numbers.map(table).collect::<Option<Vec<_>>>().filter(|tables| tables.len() <= 6)
}

/// What a form changes; as an error the text that says what is wrong.
fn read(input: &Input, booking: &Reservation, known: &Known) -> Result<Change, &'static str> {
    let text = |name| typed(input, Source::Body, name);
    let none = Change { overrides: text("override") == "true", ..Change::default() };
    if let Some(more) = input.peek::<Minutes>(Source::Body, "extend") {
        let minutes = Minutes::new(booking.duration_minutes.get() + more.get()).ok_or("host-too-long")?;
        return Ok(Change { minutes: Some(minutes), ..none });
    }
    let date: Date = input.peek(Source::Body, "date").ok_or("host-time-wrong")?;
    let start = instant_of(&known.house, date, &text("time")).ok_or("host-time-wrong")?;
    let chosen = tables(known, &text("tables")).ok_or("host-tables-wrong")?;
    let named = if chosen.is_empty() { Named::None } else { Named::of(None, chosen.clone()) };
    let given = |value: &str, before: Option<&str>| value != before.unwrap_or_default();
    let name = text("name");
    let name = if given(&name, booking.contact_name.as_deref()) {
        Some(Name::read(Raw::Text(&name)).map_err(|_| "host-name-missing")?)
    } else {
        None
    };
    let phone = text("phone");
    let phone = if given(&phone, booking.contact_phone.as_deref()) {
        Some(Phone::read(Raw::Text(&phone)).map_err(|_| "phone-wrong")?)
    } else {
        None
    };
    let requests = text("wishes");
    let requests = given(&requests, booking.special_requests.as_deref()).then(|| Requests::read(Raw::Text(&requests)).ok());
    let note = text("note");
    let note = given(&note, booking.note()).then(|| Note::read(Raw::Text(&note)).ok());
    let guests: Guests = input.peek(Source::Body, "guests").ok_or("host-guests-wrong")?;
    let minutes: Minutes = input.peek(Source::Body, "minutes").ok_or("host-minutes-wrong")?;
    Ok(Change {
        named: (chosen != booking.table_ids).then_some(named),
        guests: Some(guests).filter(|guests| *guests != booking.guests_count),
        start: Some(start).filter(|start| *start != booking.reservation_time),
        minutes: Some(minutes).filter(|minutes| *minutes != booking.duration_minutes),
        name,
        phone,
        requests,
        note,
        ..none
    })
}

/// Changes the booking, or sends its mail again.
pub(super) async fn change(State(desk): State<Desk>, host: Host, Path(id): Path<String>, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (now, id) = (Timestamp::now(), booking_id(&id)?);
    let (booking, known) = find(&desk, &host, id).await?;
    let texts = desk.texts(&host);
    if !typed(&input, Source::Body, "mail").is_empty() {
        desk.app.send_again(host.caller, id).await?;
        return page(&desk, &host, id, Some((texts.say("host-mail-again-done"), false, StatusCode::OK))).await;
    }
    let change = match read(&input, &booking, &known) {
        Ok(change) => change,
        Err(key) => return page(&desk, &host, id, Some((texts.say(key), false, StatusCode::UNPROCESSABLE_ENTITY))).await,
    };
    let seen = version(&input);
    let accepts = |current| current == seen;
    match crate::http::change::make(&desk.app, &host.acting(&accepts), id, &change, now).await {
        Ok(changed) => {
            let date = Calendar::around(&known.house, changed.reservation_time).date_of(changed.reservation_time);
            Ok(see_other(&host.day(date, Some(changed.id.get()))))
        }
        Err(refusal) => {
            let notice = match &refusal {
                Refusal::OtherVersion(_) => told::meanwhile(&desk, &host, id).await?,
                refusal => told::refusal(&desk, &host, refusal).await?,
            };
            let can_override = matches!(refusal, Refusal::NotBookable(..));
            let problem = desk.app.problem(refusal);
            match notice {
                Some(notice) => page(&desk, &host, id, Some((notice, can_override, problem.status()))).await,
                None => Err(problem),
            }
        }
    }
}
