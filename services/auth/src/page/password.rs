//! Choosing one's own password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::{OVERLOADED, VALIDATION_FAILED};
use chassis::http::identity::Caller;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::value::{Raw, Value as _};
use http::StatusCode;
use site::form::{Faults, Typed};
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::session::SignedIn;

use super::next::next;
use super::{Pages, minutes, role, with_retry};
use crate::codes::{TOO_MANY_ATTEMPTS, WRONG_PASSWORD};
use crate::http::password;
use crate::password::{Attempt, MIN_CHARACTERS, Password};
use crate::store::user;

#[derive(Template)]
#[template(path = "password.html")]
struct Choose<'a> {
    frame: Frame<'a>,
    action: String,
    /// Where it goes on, where that was asked for.
    next: Option<String>,
    /// Whose password it is, for programs that keep passwords.
    email: String,
    /// Whether a one-time password is what they have.
    one_time: bool,
    min: usize,
    hint: String,
    refused: Option<String>,
    faults: Faults,
}

impl<'a> Choose<'a> {
    async fn new(pages: &'a Pages, reader: &Reader, caller: Caller, next: Option<String>) -> Result<Self, Problem> {
        let one_time = caller.password_change_required;
        let title = if one_time { "password-first-title" } else { "password-title" };
        let frame = pages.frame_for(reader, title, Here::Account, caller);
        let user = user::get(&pages.app.pool, caller.user_id).await?;
        Ok(Self {
            action: frame.link("/account/password"),
            next,
            email: user.map(|user| user.email).unwrap_or_default(),
            one_time,
            min: MIN_CHARACTERS,
            hint: frame.texts.tell("password-hint", [("characters", MIN_CHARACTERS.into())]),
            frame,
            refused: None,
            faults: Faults::default(),
        })
    }
}

/// Shows the form.
pub(super) async fn show(
    State(pages): State<Pages>,
    reader: Reader,
    SignedIn(session): SignedIn,
    input: Input,
) -> Result<Response, Problem> {
    let next = next(&pages.shell().site, &input, Source::Query);
    pages.respond(StatusCode::OK, &Choose::new(&pages, &reader, session.caller, next).await?)
}

/// Changes the password, and goes on with a session that is good for everything.
pub(super) async fn change(
    State(pages): State<Pages>,
    reader: Reader,
    SignedIn(session): SignedIn,
    mut input: Input,
) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (texts, caller) = (pages.texts(&reader), session.caller);
    let next = next(&pages.shell().site, &input, Source::Body);
    let current = input.peek::<Attempt>(Source::Body, "current_password");
    let Typed(new) = input.peek(Source::Body, "new_password").unwrap_or_default();
    let new = Password::read(Raw::Text(&new)).map_err(|fault| match fault.code {
        "too_long" => "password-too-long",
        "nul" => "password-not-allowed",
        _ => "password-too-short",
    });
    let (current, new) = match (current, new) {
        (Some(current), Ok(new)) => (current, new),
        (current, new) => {
            let missing = [("current_password", current.is_none().then_some("password-missing")), ("new_password", new.err())];
            let page = Choose::new(&pages, &reader, caller, next).await?;
            return pages.respond(StatusCode::UNPROCESSABLE_ENTITY, &Choose { faults: Faults::of(texts, &missing), ..page });
        }
    };
    if let Err(problem) = password::change(&pages.app, caller.user_id, current, new).await {
        let page = Choose::new(&pages, &reader, caller, next).await?;
        let page = match problem.code().code {
            code if code == WRONG_PASSWORD.code => Choose { faults: Faults::one(texts, "current_password", "password-wrong"), ..page },
            code if code == VALIDATION_FAILED.code => Choose { faults: Faults::one(texts, "new_password", "password-one-time"), ..page },
            code if code == TOO_MANY_ATTEMPTS.code => {
                Choose { refused: Some(texts.tell("login-often", [("minutes", minutes(&problem).into())])), ..page }
            }
            code if code == OVERLOADED.code => Choose { refused: Some(texts.say("login-busy")), ..page },
            _ => return Err(problem),
        };
        // What is wrong in the form is no matter of rights, as it is for a program.
        let status = if page.faults.is_empty() { problem.status() } else { StatusCode::UNPROCESSABLE_ENTITY };
        return Ok(with_retry(pages.respond(status, &page)?, &problem));
    }
    let caller = Caller { role: role(&pages.app, caller.user_id).await?, password_change_required: false, ..caller };
    // The role may have been taken away meanwhile.
    if !caller.is_staff() {
        return Ok(pages.leave(&reader.link("/account/login")));
    }
    Ok(pages.enter(caller, &pages.onward(&reader, next.as_deref())))
}
