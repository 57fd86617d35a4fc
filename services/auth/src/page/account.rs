//! One's own account: signing out, and the way to the password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::identity::Caller;
use chassis::http::problem::Problem;
use http::{HeaderMap, StatusCode};
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::session::choose_password;
use site::shell::see_other;

use super::Pages;
use super::staff::{Person, person};
use crate::store::user;

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    frame: Frame<'a>,
    person: Person,
    action: String,
    password: String,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct Ready<'a> {
    frame: Frame<'a>,
}

fn sign_in(pages: &Pages, reader: &Reader, path: &str) -> Response {
    see_other(&site::session::sign_in(pages.shell(), reader, &format!("{}{path}", pages.shell().own_url())))
}

/// Shows whose session it is, and the button that ends it.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(session) = pages.door.session(&headers) else { return Ok(sign_in(&pages, &reader, "/account/logout")) };
    // Whose account is not there any more has nothing to sign out of.
    let Some(user) = user::get(&pages.app.pool, session.caller.user_id).await? else {
        return Ok(pages.leave(&reader.link("/account/login")));
    };
    let frame = pages.frame_for(&reader, "account-title", Here::Account, Caller { role: user.role, ..session.caller });
    let page = Account {
        action: frame.link("/account/logout"),
        password: choose_password(pages.shell(), &reader, None),
        person: person(pages.texts(&reader), user, Some(session.caller.user_id)),
        frame,
    };
    pages.respond(StatusCode::OK, &page)
}

/// Ends the session of this browser.
pub(super) async fn sign_out(State(pages): State<Pages>, reader: Reader) -> Response {
    pages.leave(&reader.link("/account/login"))
}

/// Says that another tab may go on: it was left with a form that was sent after the session had ended.
pub(super) async fn signed_in(State(pages): State<Pages>, reader: Reader, headers: HeaderMap) -> Result<Response, Problem> {
    if pages.door.session(&headers).is_none() {
        return Ok(sign_in(&pages, &reader, "/account/signed-in"));
    }
    pages.respond(StatusCode::OK, &Ready { frame: pages.frame(&reader, "signed-in-title") })
}
