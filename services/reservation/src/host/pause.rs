//! The pause: no bookings for a while.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use site::form::typed;
use site::frame::{Frame, Here};
use site::shell::see_other;

use super::{Desk, Host, clock};
use crate::booking::Minutes;
use crate::http::pause;

/// How long a pause may be, in minutes.
const LENGTHS: [i32; 4] = [30, 60, 120, 240];

#[derive(Template)]
#[template(path = "host_pause.html")]
struct Page<'a> {
    frame: Frame<'a>,
    until: Option<String>,
    lengths: Vec<(i32, String)>,
}

/// Asks for how long.
pub(super) async fn show(State(desk): State<Desk>, host: Host) -> Result<Response, Problem> {
    let (texts, now) = (desk.texts(&host), Timestamp::now());
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    let title = texts.say("host-pause");
    let page = Page {
        frame: desk.shell().staff_frame(&host.reader, &title, Here::Day, host.caller),
        until: known
            .house
            .pause_until
            .filter(|until| *until > now)
            .map(|until| texts.tell("host-paused", [("time", clock(texts, &known, until).into())])),
        lengths: LENGTHS.into_iter().map(|minutes| (minutes, texts.minutes(minutes.into()))).collect(),
    };
    desk.respond(StatusCode::OK, &page)
}

/// Begins a pause, or ends it.
pub(super) async fn set(State(desk): State<Desk>, host: Host, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let until = match input.peek::<Minutes>(Source::Body, "minutes") {
        Some(minutes) => Some(Timestamp::now() + SignedDuration::from_mins(minutes.get().into())),
        None if typed(&input, Source::Body, "end").is_empty() => {
            return Err(Problem::member("minutes", "required", "Say for how many minutes, 15 to 480, or that the pause ends."));
        }
        None => None,
    };
    pause::set(&desk.app, until).await?;
    Ok(see_other(&host.reader.link("/host")))
}
