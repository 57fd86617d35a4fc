//! Cancelling a booking: GET asks, POST does it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::Timestamp;
use site::frame::Frame;
use site::shell::Keep;

use super::Pages;
use super::booking::{Facts, Linked};
use crate::http::action::perform;
use crate::refusal::Refusal;
use crate::status::{Action, Actor};

#[derive(Template)]
#[template(path = "cancel.html")]
struct Cancel<'a> {
    frame: Frame<'a>,
    facts: Facts,
    action: String,
    back: String,
    can_cancel: bool,
}

fn page(pages: &Pages, linked: &Linked, status: StatusCode) -> Result<Response, Problem> {
    let texts = pages.shell.texts(linked.reader.language);
    let page = Cancel {
        facts: Facts::of(pages, texts, &linked.booking),
        action: linked.link("/cancel"),
        back: linked.link(""),
        can_cancel: linked.booking.moment(Timestamp::now()).may(Actor::Guest, Action::Cancel),
        frame: linked.frame(pages, &texts.say("cancel-title")),
    };
    pages.respond(status, &page, Keep::Nothing)
}

/// Asks whether to cancel.
pub(super) async fn show(State(pages): State<Pages>, linked: Linked) -> Result<Response, Problem> {
    page(&pages, &linked, StatusCode::OK)
}

/// Cancels.
pub(super) async fn cancel(State(pages): State<Pages>, linked: Linked) -> Result<Response, Problem> {
    // Whatever was changed meanwhile: it is called off.
    let accepts = |_| true;
    match perform(&pages.app, &linked.acting(&accepts), linked.booking.id, Action::Cancel).await {
        Ok(booking) => Ok(linked.back(&pages, &booking, "")),
        Err(Refusal::InvalidTransition(..)) => page(&pages, &linked, StatusCode::CONFLICT),
        Err(refusal) => Err(pages.app.problem(refusal)),
    }
}
