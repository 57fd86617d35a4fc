//! The accounts of the staff: who has one, and adding somebody.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::OVERLOADED;
use chassis::http::identity::{Role, UserId};
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name};
use chassis::http::value::{Raw, Value};
use http::StatusCode;
use jiff::tz::TimeZone;
use site::form::{Faults, Typed};
use site::frame::Frame;
use site::reader::Reader;
use site::texts::Catalog;

use super::one_time;
use super::{Pages, with_retry};
use crate::codes::EMAIL_TAKEN;
use crate::http::administrator::Administrator;
use crate::http::staff::{CreateUserRequest, StaffRole, make};
use crate::store::user::{self, Filter, User};

/// Somebody, as the pages show them.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: String,
    pub(super) since: String,
    /// Whether it is the reader.
    pub(super) own: bool,
    /// Their page.
    pub(super) to: String,
}

/// Somebody as the pages show them to the user `reader`.
pub(super) fn person(texts: &Catalog, user: User, reader: Option<UserId>) -> Person {
    // The service knows no zone of the restaurant; it is the day on which the account was made in Greenwich.
    let since = user.created_at.to_zoned(TimeZone::UTC).date();
    Person {
        since: texts.tell(
            "date-alone",
            [
                ("day", since.day().into()),
                ("month", texts.say(&format!("month-{}", since.month())).into()),
                ("year", since.year().to_string().into()),
            ],
        ),
        role: texts.say(&format!("role-{}", user.role)),
        own: reader == Some(user.id),
        to: format!("/account/staff/{}", user.id),
        name: user.full_name.unwrap_or_else(|| user.email.clone()),
        email: user.email,
    }
}

/// A role that can be given: its word, what it is called, what it allows, and whether it is chosen.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) name: String,
    pub(super) more: String,
    pub(super) chosen: bool,
}

pub(super) fn choices(texts: &Catalog, roles: &[Role], chosen: Role) -> Vec<Choice> {
    let choice = |role: &Role| Choice {
        word: role.as_str(),
        name: texts.say(&format!("role-{role}")),
        more: texts.say(&format!("role-{role}-more")),
        chosen: *role == chosen,
    };
    roles.iter().map(choice).collect()
}

#[derive(Template)]
#[template(path = "staff.html")]
struct Staff<'a> {
    frame: Frame<'a>,
    people: Vec<Person>,
    action: String,
    name: String,
    email: String,
    choices: Vec<Choice>,
    refused: Option<String>,
    faults: Faults,
}

impl<'a> Staff<'a> {
    async fn new(pages: &'a Pages, reader: &Reader, actor: &Administrator, chosen: Role) -> Result<Self, Problem> {
        let (texts, mut people) = (pages.texts(reader), Vec::new());
        for role in [Role::Admin, Role::Host] {
            let filter = Filter { role: Some(role), ..Filter::default() };
            // All of them: a restaurant has few, and a page of them would hide the rest.
            people.extend(user::list(&pages.app.pool, &filter, 0, i64::MAX).await?);
        }
        let frame = pages.administrators_frame(reader, "staff-title", actor);
        Ok(Self {
            people: people.into_iter().map(|user| person(texts, user, Some(actor.0))).collect(),
            action: frame.link("/account/staff"),
            choices: choices(texts, &[Role::Host, Role::Admin], chosen),
            frame,
            name: String::new(),
            email: String::new(),
            refused: None,
            faults: Faults::default(),
        })
    }
}

/// Shows the list and the form.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, actor: Administrator) -> Result<Response, Problem> {
    pages.respond(StatusCode::OK, &Staff::new(&pages, &reader, &actor, Role::Host).await?)
}

/// The value of a field; else the text that says what is wrong.
fn judge<T: Value>(typed: &str, missing: &'static str, wrong: &'static str) -> Result<T, &'static str> {
    let raw = Raw::Text(typed);
    if raw.is_blank() { Err(missing) } else { T::read(raw).map_err(|_| wrong) }
}

/// Makes an account, and shows its one-time password.
pub(super) async fn add(State(pages): State<Pages>, reader: Reader, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let texts = pages.texts(&reader);
    let [name, email] = ["name", "email"].map(|field| input.peek::<Typed>(Source::Body, field).unwrap_or_default().0);
    let role = input.peek::<StaffRole>(Source::Body, "role");
    let again = async |faults, refused| {
        let page = Staff::new(&pages, &reader, &actor, role.map_or(Role::Host, Role::from)).await?;
        Ok::<_, Problem>(Staff { name: name.clone(), email: email.clone(), faults, refused, ..page })
    };
    let judged = (judge::<Name>(&name, "name-missing", "name-wrong"), judge::<Email>(&email, "email-missing", "email-wrong"), role);
    let (Ok(full_name), Ok(address), Some(role)) = judged else {
        let found = [("name", judged.0.err()), ("email", judged.1.err()), ("role-host", judged.2.is_none().then_some("role-missing"))];
        return pages.respond(StatusCode::UNPROCESSABLE_ENTITY, &again(Faults::of(texts, &found), None).await?);
    };
    match make(&pages.app, &actor, &CreateUserRequest { email: address, full_name, role }).await {
        Ok((user, password)) => one_time::told(&pages, &reader, &actor, StatusCode::CREATED, (user, password)),
        Err(problem) if problem.code().code == EMAIL_TAKEN.code => {
            pages.respond(problem.status(), &again(Faults::one(texts, "email", "email-taken"), None).await?)
        }
        Err(problem) if problem.code().code == OVERLOADED.code => {
            let page = again(Faults::default(), Some(texts.say("login-busy"))).await?;
            Ok(with_retry(pages.respond(problem.status(), &page)?, &problem))
        }
        Err(problem) => Err(problem),
    }
}
