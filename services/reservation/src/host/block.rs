//! Tables out of use for a while, such as a terrace in the rain.

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
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use site::form::typed;
use site::frame::{Frame, Here};
use site::shell::see_other;

use super::walk_in::{Choice, tables};
use super::{Desk, Host, Segment, clock, told};
use crate::area::AreaId;
use crate::block::{BlockId, BlockValues, Blocked};
use crate::http::block as api;
use crate::page::asked::instant_of;
use crate::refusal::{Refusal, Thing};
use crate::store;
use crate::table::TableId;

#[derive(Template)]
#[template(path = "host_block.html")]
struct Page<'a> {
    frame: Frame<'a>,
    notice: Option<String>,
    date: Date,
    areas: Vec<Choice>,
    tables: Vec<Choice>,
    from: String,
    until: String,
    reason: String,
}

/// A form, as it was filled in.
#[derive(Default)]
struct Filled {
    area: Option<AreaId>,
    table: Option<TableId>,
    date: Option<Date>,
    from: String,
    until: String,
    reason: String,
}

async fn page(desk: &Desk, host: &Host, filled: Filled, (notice, status): (Option<String>, StatusCode)) -> Result<Response, Problem> {
    let (texts, now) = (desk.texts(host), Timestamp::now());
    let mut connection = desk.app.connection().await?;
    let known = desk.app.room().known(&mut connection).await?;
    let areas = store::area::list(&mut connection, None, 500).await?;
    drop(connection);
    let choice = |area: crate::area::Area| Choice { value: area.id.get(), chosen: filled.area == Some(area.id), text: area.name };
    let title = texts.say("host-block");
    let page = Page {
        frame: desk.shell().staff_frame(&host.reader, &title, Here::Day, host.caller),
        notice,
        date: filled.date.unwrap_or_else(|| Calendar::around(&known.house, now).date_of(now)),
        tables: tables(desk, host, filled.table.map(TableId::get)).await?,
        areas: areas.into_iter().map(choice).collect(),
        from: if filled.from.is_empty() { clock(texts, &known, now) } else { filled.from },
        until: if filled.until.is_empty() { clock(texts, &known, now + SignedDuration::from_hours(3)) } else { filled.until },
        reason: filled.reason,
    };
    desk.respond(status, &page)
}

/// Asks for what is to be blocked.
pub(super) async fn show(State(desk): State<Desk>, host: Host, input: Input) -> Result<Response, Problem> {
    let filled = Filled { date: input.peek(Source::Query, "date"), ..Filled::default() };
    page(&desk, &host, filled, (None, StatusCode::OK)).await
}

/// Blocks it.
pub(super) async fn block(State(desk): State<Desk>, host: Host, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let text = |name| typed(&input, Source::Body, name);
    let filled = Filled {
        area: input.peek(Source::Body, "area"),
        table: input.peek(Source::Body, "table"),
        date: input.peek(Source::Body, "date"),
        from: text("from"),
        until: text("until"),
        reason: text("reason"),
    };
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    let blocked = match (filled.area, filled.table) {
        (Some(area), None) => Some(Blocked::Area(area)),
        (None, Some(table)) => Some(Blocked::Tables(vec![table])),
        _ => None,
    };
    let span = || {
        let date = filled.date?;
        let start = instant_of(&known.house, date, &filled.from)?;
        // Until a time that is not later is until that of the next day.
        let end = [date, date.checked_add(1.day()).ok()?].into_iter().filter_map(|date| instant_of(&known.house, date, &filled.until));
        let end = end.into_iter().find(|end| *end > start)?;
        (end > Timestamp::now()).then_some(Span { start, end })
    };
    let blocked = blocked.filter(|_| super::table(&input).is_ok());
    let (Some(blocked), Some(span)) = (blocked, span()) else {
        let notice = desk.texts(&host).say("host-block-wrong");
        return page(&desk, &host, filled, (Some(notice), StatusCode::UNPROCESSABLE_ENTITY)).await;
    };
    let values = BlockValues { blocked, span, reason: Text::read(Raw::Text(&filled.reason)).ok() };
    let date = filled.date.unwrap_or_default();
    let mut connection = desk.app.connection().await?;
    match api::make(&desk.app, &mut connection, &values).await {
        Ok(_) => Ok(see_other(&host.day(date, None))),
        Err(refusal) => {
            drop(connection);
            let Some(notice) = told::refusal(&desk, &host, &refusal).await? else { return Err(desk.app.problem(refusal)) };
            let status = desk.app.problem(refusal).status();
            page(&desk, &host, filled, (Some(notice), status)).await
        }
    }
}

/// Ends a block. One that is gone already is no fault.
pub(super) async fn end(State(desk): State<Desk>, host: Host, Segment(id): Segment, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let id = id.parse().ok().and_then(BlockId::new).ok_or_else(|| Problem::not_found("block"))?;
    let date = input.peek::<Date>(Source::Body, "date");
    match api::unmake(&desk.app, &|_| true, id).await {
        Ok(()) | Err(Refusal::NotFound(Thing::Block)) => {}
        Err(refusal) => return Err(desk.app.problem(refusal)),
    }
    Ok(see_other(&date.map_or_else(|| host.reader.link("/host"), |date| host.day(date, None))))
}
