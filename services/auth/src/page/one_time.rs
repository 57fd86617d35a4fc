//! A one-time password for somebody who has none that they know.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::OVERLOADED;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;
use site::frame::Frame;
use site::reader::Reader;

use super::person::named;
use super::staff::{Person, person};
use super::{Pages, with_retry};
use crate::http::administrator::Administrator;
use crate::http::staff::reset;
use crate::store::user::User;

#[derive(Template)]
#[template(path = "one_time_ask.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    person: Person,
    action: String,
    back: String,
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "one_time.html")]
struct Told<'a> {
    frame: Frame<'a>,
    heading: String,
    person: Person,
    password: String,
    /// Where they sign in.
    login: String,
    back: String,
}

fn ask<'a>(pages: &'a Pages, reader: &Reader, actor: &Administrator, user: User) -> Ask<'a> {
    let frame = pages.administrators_frame(reader, "one-time-title", actor);
    let back = frame.link(&format!("/account/staff/{}", user.id));
    let action = frame.link(&format!("/account/staff/{}/password", user.id));
    Ask { person: person(pages.texts(reader), user, Some(actor.0)), action, back, frame, refused: None }
}

/// Says what a one-time password does, with the button that makes it.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    let user = named(&pages, &mut input).await?;
    pages.respond(StatusCode::OK, &ask(&pages, &reader, &actor, user))
}

/// Makes it, and shows it this once.
pub(super) async fn make(State(pages): State<Pages>, reader: Reader, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let user = named(&pages, &mut input).await?;
    match reset(&pages.app, &actor, user.id).await {
        Ok(password) => told(&pages, &reader, &actor, StatusCode::OK, (user, password)),
        Err(problem) if problem.code().code == OVERLOADED.code => {
            let refused = Some(pages.texts(&reader).say("login-busy"));
            Ok(with_retry(pages.respond(problem.status(), &Ask { refused, ..ask(&pages, &reader, &actor, user) })?, &problem))
        }
        Err(problem) => Err(problem),
    }
}

/// The page with a one-time password, which is shown this once.
pub(super) fn told(
    pages: &Pages,
    reader: &Reader,
    actor: &Administrator,
    status: StatusCode,
    (user, password): (User, String),
) -> Result<Response, Problem> {
    let title = if status == StatusCode::CREATED { "added-title" } else { "one-time-made-title" };
    let frame = pages.administrators_frame(reader, title, actor);
    let page = Told {
        person: person(pages.texts(reader), user, Some(actor.0)),
        password,
        heading: frame.say(title),
        login: format!("{}/account/login", pages.shell().own_url()),
        back: frame.link("/account/staff"),
        frame,
    };
    pages.respond(status, &page)
}
