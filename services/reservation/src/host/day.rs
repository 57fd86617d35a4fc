//! The day on one page: who comes when, who sits where.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::Text;
use chassis::http::value::{Raw, Value as _};
use house::calendar::Calendar;
use house::span::Span;
use http::StatusCode;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use site::form::typed;
use site::frame::{Frame, Here};

use super::sheet::{Counts, Group, Sheet, name};
use super::{Desk, Host, clock, numbers};
use crate::block::BlockId;
use crate::edit;
use crate::status::Status;
use crate::store::list::{self, Filter, HostReservation};

/// How many bookings a sheet has at most: no house has more in a day.
const MOST: i64 = 2000;
/// How many characters are looked for at least, in all bookings.
const SEARCHED: usize = 3;
/// How many bookings are found at most.
const FOUND: i64 = 50;
/// How many requests of other days are named at most.
const REQUESTS: usize = 4;

/// A block of the day.
pub(super) struct Blocked {
    pub(super) id: BlockId,
    pub(super) text: String,
    pub(super) end: String,
}

#[derive(Template)]
#[template(path = "host_day.html")]
struct Day<'a> {
    frame: Frame<'a>,
    heading: String,
    date: Date,
    /// The days before and after.
    beside: [(String, String); 2],
    today: Option<String>,
    counts: Counts,
    groups: Vec<Group>,
    blocks: Vec<Blocked>,
    paused: Option<String>,
    /// That the day is closed, and why.
    closed: Option<String>,
    /// Whether there is no table that could be given out.
    has_no_tables: bool,
    is_admin: bool,
    /// Requests of other days that wait for an answer.
    requests: Vec<Found>,
    notice: Option<String>,
    /// What is looked for.
    words: String,
    found: Vec<Found>,
    count_of_found: String,
    as_of: String,
    said_as_of: String,
    phone: String,
    block: String,
    exceptions: String,
    script: &'a str,
}

/// A booking that was looked for.
struct Found {
    to: String,
    text: String,
}

/// A day that is shown.
pub(super) struct Shown {
    /// `None`: the day that it is.
    pub(super) date: Option<Date>,
    /// What was just refused.
    pub(super) notice: Option<String>,
    pub(super) words: String,
}

/// Shows a day.
pub(super) async fn show(State(desk): State<Desk>, host: Host, input: Input) -> Result<Response, Problem> {
    let shown = Shown { date: input.peek(Source::Query, "date"), notice: None, words: typed(&input, Source::Query, "q") };
    page(&desk, &host, shown, StatusCode::OK).await
}

/// The page of a day.
pub(super) async fn page(desk: &Desk, host: &Host, shown: Shown, status: StatusCode) -> Result<Response, Problem> {
    let (texts, now) = (desk.texts(host), Timestamp::now());
    let mut connection = desk.app.connection().await?;
    let known = desk.app.room().known(&mut connection).await?;
    let current = Calendar::around(&known.house, now).date_of(now);
    let date = shown.date.unwrap_or(current);
    let night = Calendar::new(&known.house, date, date).night(date);
    let filter = Filter { day: Some(night), ..Filter::default() };
    let bookings = list::of_house(&mut connection, &filter, None, MOST).await?;
    let bookings = desk.app.mailed(&mut connection, bookings).await?;
    let ahead = list::ahead(&mut connection, Some(night)).await?;
    let stranded: Vec<i32> = edit::stranded(&known.house, &ahead).into_iter().map(|booking| booking.id.get()).collect();
    let blocks = crate::store::block::list(&mut connection, (Some(night.start), Some(night.end)), None, MOST).await?;
    let pending = Filter { day: Some(Span { start: now, end: Timestamp::MAX }), statuses: vec![Status::Pending], ..Filter::default() };
    // Those of the day that is shown are read as well, and must not take the place of the others.
    let own = bookings.iter().filter(|found| found.reservation.status == Status::Pending).count();
    let mut pending = list::of_house(&mut connection, &pending, None, REQUESTS as i64 + own as i64).await?;
    pending.retain(|found| !(night.start..night.end).contains(&found.reservation.reservation_time));
    pending.truncate(REQUESTS);
    let is_closed = known.house.schedule.services(date).is_some_and(|services| services.is_empty());
    let exception = match is_closed {
        true => crate::store::exception::list(&mut connection, (Some(date), Some(date)), None, 1).await?.pop(),
        false => None,
    };
    let words = Text::<100>::read(Raw::Text(&shown.words)).ok().filter(|words| words.as_str().chars().count() >= SEARCHED);
    let found = match &words {
        Some(words) => list::search(&mut connection, words.as_str(), None, FOUND).await?,
        None => Vec::new(),
    };
    drop(connection);

    let sheet = Sheet { reader: &host.reader, texts, known: &known, found: &bookings, now, stranded: &stranded };
    let clock = |time| clock(texts, &known, time);
    let beside = |days: i64| {
        let date = date.saturating_add(days.days());
        (host.day(date, None), format!("{} {}", texts.short_weekday(date), texts.day(date)))
    };
    let found_line = |found: &HostReservation| {
        let booking = &found.reservation;
        let of = Calendar::around(&known.house, booking.reservation_time).date_of(booking.reservation_time);
        Found {
            to: host.day(of, Some(booking.id.get())),
            text: format!(
                "{} {} · {} · {} · {}",
                texts.day(of),
                clock(booking.reservation_time),
                name(texts, found),
                texts.tell("guests", [("guests", booking.guests_count.get().into())]),
                texts.say(&format!("host-{}", booking.status.as_str())),
            ),
        }
    };
    let block = |block: &crate::block::Block| {
        let tables = numbers(&known, block.table_ids.iter().map(|id| id.get()));
        let values = [("table", tables.into()), ("from", clock(block.from).into()), ("until", clock(block.until).into())];
        let reason = block.reason.as_ref().map(|reason| format!(" · {reason}")).unwrap_or_default();
        let end = host.reader.link(&format!("/host/blocks/{}/end", block.id));
        Blocked { id: block.id, text: format!("{}{reason}", texts.tell("host-blocked", values)), end }
    };
    let heading = texts.date(date);
    let page = Day {
        date,
        beside: [beside(-1), beside(1)],
        today: (date != current).then(|| host.reader.link("/host")),
        counts: sheet.counts(night, &blocks, date == current),
        groups: sheet.groups(),
        blocks: blocks.iter().map(block).collect(),
        paused: known
            .house
            .pause_until
            .filter(|until| *until > now)
            .map(|until| texts.tell("host-paused", [("time", clock(until).into())])),
        closed: is_closed.then(|| {
            let note = exception.and_then(|exception| exception.note).map(|note| format!(" · {note}")).unwrap_or_default();
            format!("{}{note}", texts.say("host-closed"))
        }),
        has_no_tables: known.house.floor.tables().is_empty(),
        is_admin: host.caller.is_admin(),
        requests: pending.iter().map(found_line).collect(),
        notice: shown.notice,
        found: found.iter().map(found_line).collect(),
        words: shown.words,
        count_of_found: texts.tell("host-found", [("count", found.len().into())]),
        said_as_of: texts.tell("host-as-of", [("time", clock(now).into())]),
        as_of: clock(now),
        phone: host.reader.link(&format!("/host/book?date={date}")),
        block: host.reader.link(&format!("/host/block?date={date}")),
        exceptions: host.reader.link(&format!("/host/setup/exceptions?date={date}")),
        frame: desk.shell().staff_frame(&host.reader, &heading, Here::Day, host.caller),
        heading,
        script: desk.shell().assets().script().unwrap_or_default(),
    };
    desk.respond(status, &page)
}
