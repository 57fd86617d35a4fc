//! Moving a booking to another day or time, or making its party another size.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use house::calendar::Calendar;
use house::reason::Reason;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use site::frame::Frame;
use site::shell::Keep;

use super::asked::{Asked, instant_of};
use super::booking::{Facts, Linked};
use super::details::version;
use super::offer::{Offer, Open};
use super::picker::{Picker, TimeLink, Way, spoken};
use super::why::{self, When};
use super::{Notice, Pages};
use crate::booking::Reservation;
use crate::booking::change::Change;
use crate::http::change::make;
use crate::refusal::Refusal;
use crate::status::Actor;
use crate::store::database::Database;

#[derive(Template)]
#[template(path = "change.html")]
struct Changing<'a> {
    frame: Frame<'a>,
    facts: Facts,
    picker: Picker,
    version: i32,
    action: String,
    back: String,
    refused: Option<Notice>,
    others: Vec<TimeLink>,
    /// That the party may stay at its time, where only its size is another.
    stay: Option<TimeLink>,
    /// Whether the booking is to be moved no more.
    over: bool,
}

/// The choices; with why a change was refused, and the times that are free instead.
async fn page(
    pages: &Pages,
    linked: &Linked,
    mut asked: Asked,
    (status, mut refused, mut times): (StatusCode, Option<Notice>, Vec<Timestamp>),
) -> Result<Response, Problem> {
    let (now, room, booking) = (Timestamp::now(), pages.app.room(), &linked.booking);
    let texts = pages.shell.texts(linked.reader.language);
    let mut database = Database::of(pages.app.pool());
    let Some(open) = Open::of(&mut database, room, now).await? else {
        return Err(Problem::not_found("table"));
    };
    let over = is_over(booking, &open, now);
    if over {
        refused = Some(Notice::to_talk(texts.say("too-late")));
    }
    times.sort_unstable();
    let own = Calendar::around(&open.known.house, booking.reservation_time).date_of(booking.reservation_time);
    asked.guests = asked.guests.or(Some(booking.guests_count));
    let date = asked.date.unwrap_or(own);
    asked.date = Some(date);
    // It is not known in which area a guest wanted to sit.
    asked.area = None;
    let offer = Offer::of_booking(&mut database, (room, &open), (&asked, date), booking).await?;
    let frame = linked.frame(pages, &texts.say("change-title"));
    let way = Way {
        path: format!("/b/{}/change", booking.reservation_code),
        keeps: vec![("k", linked.key().to_owned())],
        comes: Some(booking.reservation_time),
        version: Some(booking.version),
        reader: &linked.reader,
    };
    let picker = Picker::new(&frame, &open, &offer, &asked, &way);
    let of = |time: Timestamp, text: String| TimeLink { to: time.to_string(), text, below: None, now: false };
    let others = times.into_iter().map(|time| of(time, texts.tell("move-to", [("time", spoken(texts, &open, offer.date, time).into())])));
    let listed = picker.services.iter().flat_map(|service| &service.times).any(|time| time.now);
    let resized = asked.guests != Some(booking.guests_count);
    let stay = (resized && refused.is_none() && offer.date == own && !listed).then(|| {
        let time = spoken(texts, &open, own, booking.reservation_time);
        of(booking.reservation_time, texts.tell("stay-at", [("time", time.into())]))
    });
    let page = Changing {
        facts: Facts::of(pages, texts, booking),
        version: booking.version,
        action: linked.link("/change"),
        back: linked.link(""),
        others: others.collect(),
        frame,
        picker,
        refused,
        stay,
        over,
    };
    pages.respond(status, &page, Keep::Nothing)
}

/// Whether a guest moves the booking no more.
fn is_over(booking: &Reservation, open: &Open, now: Timestamp) -> bool {
    let until = SignedDuration::from_mins(open.known.house.rules.change_until_minutes.into());
    !booking.moment(now).may_change(Actor::Guest) || now + until > booking.span().start
}

/// Shows the times of a day.
pub(super) async fn show(State(pages): State<Pages>, linked: Linked, input: Input) -> Result<Response, Problem> {
    page(&pages, &linked, Asked::of(&input, Source::Query), (StatusCode::OK, None, Vec::new())).await
}

/// Moves the booking.
pub(super) async fn change(State(pages): State<Pages>, linked: Linked, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (asked, texts, now) = (Asked::of(&input, Source::Body), pages.shell.texts(linked.reader.language), Timestamp::now());
    let open = Open::of(&mut Database::of(pages.app.pool()), pages.app.room(), now).await?;
    let Some(open) = open else { return Err(Problem::not_found("table")) };
    let instead = input.peek::<Timestamp>(Source::Body, "instead");
    let named = || asked.date.zip(asked.time.as_deref()).and_then(|(date, time)| instant_of(&open.known.house, date, time));
    let Some(start) = instead.or_else(named) else { return page(&pages, &linked, asked, (StatusCode::OK, None, Vec::new())).await };
    let change = Change { guests: asked.guests, start: Some(start), ..Change::default() };
    let version = version(&input);
    let accepts = |current| version.is_none_or(|version| version == current);
    let refusal = match make(&pages.app, &linked.acting(&accepts), linked.booking.id, &change, now).await {
        Ok(booking) => return Ok(linked.back(&pages, &booking, "changed")),
        Err(refusal) => refusal,
    };
    let guests = asked.guests.unwrap_or(linked.booking.guests_count);
    let told = |reason| why::told(texts, &open, guests, When::Time(start), Some(reason));
    let (notice, times) = match &refusal {
        Refusal::Time(reason) => (told(*reason), Vec::new()),
        Refusal::NotBookable(reason, times) => (told(*reason), times.clone()),
        Refusal::NoTableFree(times) => (told(Reason::NoTableFree), times.clone()),
        Refusal::TableTaken => (told(Reason::NoTableFree), Vec::new()),
        Refusal::NoTableFits(_) => (told(Reason::NoTableFits), Vec::new()),
        Refusal::OtherVersion(_) => (Notice::told(texts.say("changed-meanwhile")), Vec::new()),
        Refusal::TooLateToChange(_) | Refusal::InvalidTransition(..) => (Notice::to_talk(texts.say("too-late")), Vec::new()),
        _ => return Err(pages.app.problem(refusal)),
    };
    let status = pages.app.problem(refusal).status();
    page(&pages, &linked, asked, (status, Some(notice), times)).await
}
