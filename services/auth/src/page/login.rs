//! Signing in.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::OVERLOADED;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{SHORT_TEXT, Text};
use http::{HeaderMap, StatusCode};
use site::form::{Faults, Typed};
use site::frame::Frame;
use site::reader::Reader;
use site::session::choose_password;

use super::next::next;
use super::{Pages, minutes, with_retry};
use crate::codes::{INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS};
use crate::http::login::log_in;
use crate::password::Attempt;
use crate::store::user;

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    frame: Frame<'a>,
    action: String,
    /// Where it goes on, where that was asked for.
    next: Option<String>,
    /// The e-mail address, as it was typed. A password stands in no page.
    email: String,
    /// Somebody whose session has not ended, and the page on which they go on.
    signed_in: Option<(String, String)>,
    refused: Option<String>,
    faults: Faults,
}

impl<'a> Login<'a> {
    fn new(pages: &'a Pages, reader: &Reader, next: Option<String>) -> Self {
        let frame = pages.frame(reader, "login-title");
        let action = frame.link("/account/login");
        Self { frame, action, next, email: String::new(), signed_in: None, refused: None, faults: Faults::default() }
    }
}

impl Pages {
    /// The page that was asked for, or the day.
    pub(super) fn onward(&self, reader: &Reader, next: Option<&str>) -> String {
        next.map_or_else(|| reader.link(&format!("{}/host", self.shell().site.reservation_url)), ToOwned::to_owned)
    }
}

/// Shows the form. Somebody who has signed in may go on, or let somebody else sign in.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, headers: HeaderMap, input: Input) -> Result<Response, Problem> {
    let next = next(&pages.shell().site, &input, Source::Query);
    let mut signed_in = None;
    if let Some(session) = pages.door.session(&headers)
        && let Some(user) = user::get(&pages.app.pool, session.caller.user_id).await?
    {
        signed_in = Some((user.full_name.unwrap_or(user.email), pages.onward(&reader, next.as_deref())));
    }
    pages.respond(StatusCode::OK, &Login { signed_in, ..Login::new(&pages, &reader, next) })
}

/// Begins a session for somebody of the staff.
pub(super) async fn sign_in(State(pages): State<Pages>, reader: Reader, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let texts = pages.texts(&reader);
    let next = next(&pages.shell().site, &input, Source::Body);
    let Typed(email) = input.peek(Source::Body, "email").unwrap_or_default();
    let (known, password) = (input.peek::<Text<SHORT_TEXT>>(Source::Body, "email"), input.peek::<Attempt>(Source::Body, "password"));
    let page = Login { email, ..Login::new(&pages, &reader, next.clone()) };
    let (Some(known), Some(password)) = (&known, password.clone()) else {
        let missing =
            [("email", known.is_none().then_some("email-missing")), ("password", password.is_none().then_some("password-missing"))];
        return pages.respond(StatusCode::UNPROCESSABLE_ENTITY, &Login { faults: Faults::of(texts, &missing), ..page });
    };
    let caller = match log_in(&pages.app, known.as_str(), password).await {
        Ok(caller) => caller,
        Err(problem) => {
            let (status, refused) = match problem.code().code {
                code if code == INVALID_CREDENTIALS.code => (StatusCode::UNPROCESSABLE_ENTITY, texts.say("login-wrong")),
                code if code == TOO_MANY_ATTEMPTS.code => {
                    (problem.status(), texts.tell("login-often", [("minutes", minutes(&problem).into())]))
                }
                code if code == OVERLOADED.code => (problem.status(), texts.say("login-busy")),
                _ => return Err(problem),
            };
            return Ok(with_retry(pages.respond(status, &Login { refused: Some(refused), ..page })?, &problem));
        }
    };
    if !caller.is_staff() {
        return pages.respond(StatusCode::FORBIDDEN, &Login { refused: Some(texts.say("login-not-staff")), ..page });
    }
    tracing::info!(user_id = %caller.user_id, "somebody of the staff has signed in");
    let onward = if caller.password_change_required {
        choose_password(pages.shell(), &reader, next.as_deref())
    } else {
        pages.onward(&reader, next.as_deref())
    };
    Ok(pages.enter(caller, &onward))
}
