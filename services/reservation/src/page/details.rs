//! Changing the contact and the wishes of a booking.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::Timestamp;
use site::frame::Frame;
use site::shell::Keep;

use super::booking::Linked;
use super::contact::Contact;
use super::{Notice, Pages};
use crate::booking::change::Change;
use crate::http::change::make;
use crate::refusal::Refusal;

#[derive(Template)]
#[template(path = "details.html")]
struct Details<'a> {
    frame: Frame<'a>,
    contact: Contact,
    phone_required: bool,
    version: i32,
    action: String,
    back: String,
    refused: Option<Notice>,
}

fn page(pages: &Pages, linked: &Linked, status: StatusCode, contact: Contact, refused: Option<Notice>) -> Result<Response, Problem> {
    let page = Details {
        // A number that the booking has is not taken back: the restaurant may have asked for it.
        phone_required: linked.booking.contact_phone.is_some(),
        version: linked.booking.version,
        action: linked.link("/details"),
        back: linked.link(""),
        frame: linked.frame(pages, &pages.shell.texts(linked.reader.language).say("details-title")),
        contact,
        refused,
    };
    pages.respond(status, &page, Keep::Nothing)
}

/// Shows the form.
pub(super) async fn show(State(pages): State<Pages>, linked: Linked) -> Result<Response, Problem> {
    let contact = Contact::from(&linked.booking);
    page(&pages, &linked, StatusCode::OK, contact, None)
}

/// Changes the contact.
pub(super) async fn change(State(pages): State<Pages>, linked: Linked, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (texts, mut contact) = (pages.shell.texts(linked.reader.language), Contact::of(&input));
    let Some(checked) = contact.check(texts, linked.booking.contact_phone.is_some()) else {
        return page(&pages, &linked, StatusCode::UNPROCESSABLE_ENTITY, contact, None);
    };
    let change = Change {
        name: Some(checked.name),
        email: Some(checked.email),
        phone: checked.phone,
        requests: Some(checked.wishes),
        ..Change::default()
    };
    let version = version(&input);
    let accepts = |current| version.is_none_or(|version| version == current);
    match make(&pages.app, &linked.acting(&accepts), linked.booking.id, &change, Timestamp::now()).await {
        Ok(booking) => Ok(linked.back(&pages, &booking, "saved")),
        Err(Refusal::OtherVersion(_)) => {
            page(&pages, &linked, StatusCode::PRECONDITION_FAILED, contact, Some(Notice::told(texts.say("changed-meanwhile"))))
        }
        Err(Refusal::InvalidTransition(..)) => {
            page(&pages, &linked, StatusCode::CONFLICT, contact, Some(Notice::to_talk(texts.say("too-late"))))
        }
        Err(refusal) => Err(pages.app.problem(refusal)),
    }
}

/// The version that the form showed.
pub(super) fn version(input: &Input) -> Option<i32> {
    site::form::typed(input, Source::Body, "version").parse().ok()
}
