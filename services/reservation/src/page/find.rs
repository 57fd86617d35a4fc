//! Finding a booking again: its link is sent to the guest. The page says the same whether there is such a booking or not.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use site::form::typed;
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::shell::Keep;

use super::Pages;
use crate::http::guest::Network;

#[derive(Template)]
#[template(path = "find.html")]
struct Find<'a> {
    frame: Frame<'a>,
    /// Whether links can be sent.
    mails: bool,
    /// Whether one was asked for just now.
    sent: bool,
    action: String,
}

fn page(pages: &Pages, reader: &Reader, sent: bool) -> Result<Response, Problem> {
    let title = pages.shell.texts(reader.language).say("nav-booking");
    let frame = pages.shell.frame(reader, &title, Here::Booking);
    let page = Find { action: frame.link("/b"), frame, mails: pages.app.sends_mail(), sent };
    pages.respond(StatusCode::OK, &page, Keep::Nothing)
}

/// Shows the form.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader) -> Result<Response, Problem> {
    page(&pages, &reader, false)
}

/// Has the link sent, where there is such a booking. What the page says tells nobody whether there is one.
pub(super) async fn send(
    State(pages): State<Pages>,
    reader: Reader,
    Network(network): Network,
    mut input: Input,
) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    if pages.app.sends_mail() {
        let [code, email] = ["code", "email"].map(|name| typed(&input, Source::Body, name));
        pages.app.send_link(code, email, network).await?;
    }
    page(&pages, &reader, true)
}
