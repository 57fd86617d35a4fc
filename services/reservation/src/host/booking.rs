//! A booking, for hosts: all that is known of it; moved, extended, called off, and its mail sent again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{Name, Phone};
use chassis::http::value::Value;
use house::calendar::{Calendar, Hours};
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use site::form::typed;
use site::frame::{Frame, Here};
use site::shell::see_other;

use super::sheet::{Button, button};
use super::walk_in::{Choice, optional, parties};
use super::{Desk, Host, Segment, booking_id, clock, numbers, told, version};
use crate::booking::change::Change;
use crate::booking::{Guests, Minutes, Note, Requests, Reservation, ReservationId};
use crate::memory::Known;
use crate::page::asked::instant_of;
use crate::refusal::Refusal;
use crate::room::{self, Identity};
use crate::status::{Action, Actor, Status};
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
    /// The date that it has.
    date: Date,
    parties: Vec<Choice>,
    filled: Filled,
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

/// What the page says of what was sent: a notice, whether the rules of the house stand in the way, the status, and what was typed.
struct Sent {
    notice: String,
    can_override: bool,
    status: StatusCode,
    filled: Option<Filled>,
}

async fn page(desk: &Desk, host: &Host, id: ReservationId, sent: Option<Sent>) -> Result<Response, Problem> {
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
    let hours = Calendar::around(&known.house, booking.reservation_time);
    let is_awaited = matches!(booking.status, Status::Pending | Status::Confirmed) && booking.reservation_time > now;
    let is_outside = is_awaited && hours.hours(booking.reservation_time) == Hours::Closed;
    let state = texts.say(&format!("host-{}", booking.status.as_str()));
    let state = if is_outside { format!("{state} · {}", texts.say("host-outside")) } else { state };
    let facts = [
        fact("fact-when", Some(texts.moment(start.date(), start.time()))),
        fact("fact-until", Some(until)),
        fact("fact-guests", Some(texts.tell("guests", [("guests", booking.guests_count.get().into())]))),
        fact("host-tables", Some(tables.clone())),
        fact("host-state", Some(state)),
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
    let status = sent.as_ref().map_or(StatusCode::OK, |sent| sent.status);
    let can_override = sent.as_ref().is_some_and(|sent| sent.can_override);
    let (notice, filled) = sent.map(|sent| (sent.notice, sent.filled)).unzip();
    let filled = filled.flatten().unwrap_or_else(|| Filled {
        date: date.to_string(),
        time: texts.time(start.time()),
        guests: booking.guests_count.to_string(),
        minutes: booking.duration_minutes.to_string(),
        tables: tables.clone(),
        name: text(&booking.contact_name),
        phone: text(&booking.contact_phone),
        wishes: text(&booking.special_requests),
        note: booking.note().unwrap_or_default().to_owned(),
    });
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
        parties: parties(filled.guests.parse().unwrap_or(booking.guests_count.get())),
        filled,
        back: host.day(date, Some(booking.id.get())),
    };
    desk.respond(status, &page)
}

/// Shows the booking.
pub(super) async fn show(State(desk): State<Desk>, host: Host, Segment(id): Segment) -> Result<Response, Problem> {
    page(&desk, &host, booking_id(&id)?, None).await
}

/// The tables of these numbers, as hosts write them: `3 + 4`, `3, 4` or `3 4`. `None` where it names anything but tables.
fn tables(known: &Known, typed: &str) -> Option<Vec<TableId>> {
    let numbers = typed.split(['+', ',', ';', '&']).flat_map(str::split_whitespace);
    let table = |number: &str| {
        let number: i32 = number.parse().ok()?;
        known.house.floor.tables().iter().find(|table| table.number == number).and_then(|table| TableId::new(table.id))
    };
    let mut tables = numbers.map(table).collect::<Option<Vec<_>>>()?;
    // In the order of their numbers, as a booking has them, and each once.
    tables.sort_by_key(|id| known.house.floor.place(id.get()));
    tables.dedup();
    Some(tables).filter(|tables| tables.len() <= 6)
}

/// The form, as it was filled in.
#[derive(Clone, Default)]
struct Filled {
    date: String,
    time: String,
    guests: String,
    minutes: String,
    tables: String,
    name: String,
    phone: String,
    wishes: String,
    note: String,
}

impl Filled {
    fn of(input: &Input) -> Self {
        let text = |name| typed(input, Source::Body, name);
        Self {
            date: text("date"),
            time: text("time"),
            guests: text("guests"),
            minutes: text("minutes"),
            tables: text("tables"),
            name: text("name"),
            phone: text("phone"),
            wishes: text("wishes"),
            note: text("note"),
        }
    }
}

/// What differs from before: nothing, another value, or none any more; as an error the text that says what is wrong.
fn change_of<T: Value>(typed: &str, before: Option<&str>, wrong: &'static str) -> Result<Option<Option<T>>, &'static str> {
    // What stands there is as a browser would send it back.
    if typed == before.unwrap_or_default().replace("\r\n", "\n").trim() { Ok(None) } else { optional(typed).map(Some).ok_or(wrong) }
}

/// What a form changes; as an error the text that says what is wrong.
fn read(input: &Input, filled: &Filled, booking: &Reservation, known: &Known) -> Result<Change, &'static str> {
    let none = Change { overrides: typed(input, Source::Body, "override") == "true", ..Change::default() };
    if let Some(more) = input.peek::<Minutes>(Source::Body, "extend") {
        let minutes = Minutes::new(booking.duration_minutes.get() + more.get()).ok_or("host-too-long")?;
        return Ok(Change { minutes: Some(minutes), ..none });
    }
    let date: Date = filled.date.parse().map_err(|_| "host-time-wrong")?;
    let start = instant_of(&known.house, date, &filled.time).ok_or("host-time-wrong")?;
    let chosen = tables(known, &filled.tables).ok_or("host-tables-wrong")?;
    let named = if chosen.is_empty() { Named::None } else { Named::of(None, chosen.clone()) };
    let name = change_of::<Name>(&filled.name, booking.contact_name.as_deref(), "name-wrong")?;
    let phone = change_of::<Phone>(&filled.phone, booking.contact_phone.as_deref(), "phone-wrong")?;
    let guests: Guests = input.peek(Source::Body, "guests").ok_or("host-guests-wrong")?;
    let minutes: Minutes = input.peek(Source::Body, "minutes").ok_or("host-minutes-wrong")?;
    Ok(Change {
        named: (chosen != booking.table_ids).then_some(named),
        guests: Some(guests).filter(|guests| *guests != booking.guests_count),
        start: Some(start).filter(|start| *start != booking.reservation_time),
        // The form says how long they stay: where the rules allow it, that holds at another time too.
        minutes: Some(minutes).filter(|minutes| {
            let moves = start != booking.reservation_time || guests != booking.guests_count;
            *minutes != booking.duration_minutes || moves && known.house.rules.may_stay(guests.get(), minutes.get())
        }),
        name: name.map(|name| name.ok_or("host-name-missing")).transpose()?,
        phone: phone.map(|phone| phone.ok_or("phone-wrong")).transpose()?,
        requests: change_of::<Requests>(&filled.wishes, booking.special_requests.as_deref(), "wishes-wrong")?,
        note: change_of::<Note>(&filled.note, booking.note(), "wishes-wrong")?,
        ..none
    })
}

/// Changes the booking, or sends its mail again.
pub(super) async fn change(State(desk): State<Desk>, host: Host, Segment(id): Segment, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (now, id) = (Timestamp::now(), booking_id(&id)?);
    let (booking, known) = find(&desk, &host, id).await?;
    let texts = desk.texts(&host);
    if !typed(&input, Source::Body, "mail").is_empty() {
        desk.app.send_again(host.caller, id).await?;
        let sent = Sent { notice: texts.say("host-mail-again-done"), can_override: false, status: StatusCode::OK, filled: None };
        return page(&desk, &host, id, Some(sent)).await;
    }
    // A button beside the form sends nothing of it.
    let filled = Filled::of(&input);
    let kept = (!filled.date.is_empty()).then(|| filled.clone());
    let refused = |notice: String, can_override, status| Some(Sent { notice, can_override, status, filled: kept.clone() });
    let change = match read(&input, &filled, &booking, &known) {
        Ok(change) => change,
        Err(key) => return page(&desk, &host, id, refused(texts.say(key), false, StatusCode::UNPROCESSABLE_ENTITY)).await,
    };
    let seen = version(&input)?;
    let accepts = |current| current == seen;
    match crate::http::change::make(&desk.app, &host.acting(&accepts), id, &change, now).await {
        Ok(changed) => {
            if changed.duration_minutes != booking.duration_minutes && filled.minutes == booking.duration_minutes.to_string() {
                let length = texts.minutes(changed.duration_minutes.get().into());
                let notice = texts.tell("host-length-now", [("length", length.into())]);
                let told = Sent { notice, can_override: false, status: StatusCode::OK, filled: None };
                return page(&desk, &host, id, Some(told)).await;
            }
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
                Some(notice) => page(&desk, &host, id, refused(notice, can_override, problem.status())).await,
                None => Err(problem),
            }
        }
    }
}
