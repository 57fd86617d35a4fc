//! Somebody's account, as administrators see it: giving a role, and taking it away, which is asked once more.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::PRECONDITION_FAILED;
use chassis::http::identity::{Caller, Role, UserId};
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use site::form::Typed;
use site::frame::Frame;
use site::reader::Reader;
use site::shell::see_other;

use super::Pages;
use super::staff::{Choice, Person, choices, person};
use crate::codes::LAST_ADMINISTRATOR;
use crate::http::administrator::Administrator;
use crate::http::users::set_role;
use crate::store::user::{self, Filter, User};

#[derive(Template)]
#[template(path = "person.html")]
struct Shown<'a> {
    frame: Frame<'a>,
    person: Person,
    version: i32,
    /// The roles that they may be given; none where they are the only administrator.
    choices: Vec<Choice>,
    /// Whether they are no staff, and may have made the account themselves.
    guest: bool,
    action: String,
    password: String,
    back: String,
    done: Option<String>,
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "person_confirm.html")]
struct Confirm<'a> {
    frame: Frame<'a>,
    person: Person,
    version: i32,
    role: Role,
    /// What the role is called that they have afterwards, and what it allows.
    after: String,
    after_more: String,
    action: String,
    back: String,
}

/// The user whose id the path has.
pub(super) async fn named(pages: &Pages, input: &mut Input) -> Result<User, Problem> {
    let nobody = || Problem::not_found("user");
    let id = input.id::<UserId>().ok_or_else(nobody)?;
    user::get(&pages.app.pool, id).await?.ok_or_else(nobody)
}

/// How much a role allows: taking some of that away is asked once more.
fn rank(role: Role) -> u8 {
    match role {
        Role::User => 0,
        Role::Host => 1,
        Role::Admin => 2,
    }
}

async fn page<'a>(pages: &'a Pages, reader: &Reader, actor: &Administrator, user: User) -> Result<Shown<'a>, Problem> {
    let texts = pages.texts(reader);
    let filter = Filter { role: Some(Role::Admin), ..Filter::default() };
    let only = user.role == Role::Admin && user::list(&pages.app.pool, &filter, 0, 2).await?.len() == 1;
    let frame = pages.administrators_frame(reader, "person-title", actor);
    let action = frame.link(&format!("/account/staff/{}", user.id));
    let password = if user.id == actor.0 { "/account/password".to_owned() } else { format!("/account/staff/{}/password", user.id) };
    Ok(Shown {
        version: user.version,
        choices: if only { Vec::new() } else { choices(texts, &[Role::Host, Role::Admin, Role::User], user.role) },
        guest: user.role == Role::User,
        action,
        password: frame.link(&password),
        back: frame.link("/account/staff"),
        person: person(texts, user, Some(actor.0)),
        frame,
        done: None,
        refused: None,
    })
}

/// Shows the account.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    let user = named(&pages, &mut input).await?;
    let done = input.has_parameter("saved").then(|| pages.texts(&reader).say("person-saved"));
    pages.respond(StatusCode::OK, &Shown { done, ..page(&pages, &reader, &actor, user).await? })
}

/// Gives somebody a role. One that allows less than theirs is asked for once more.
pub(super) async fn change(
    State(pages): State<Pages>,
    reader: Reader,
    actor: Administrator,
    mut input: Input,
) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let texts = pages.texts(&reader);
    let user = named(&pages, &mut input).await?;
    let role = input.peek::<Role>(Source::Body, "role");
    let version = input.peek::<Typed>(Source::Body, "version").and_then(|typed| typed.0.parse::<i32>().ok());
    let refuse = async |status, user, key: &str| {
        let refused = Some(texts.say(key));
        pages.respond(status, &Shown { refused, ..page(&pages, &reader, &actor, user).await? })
    };
    let (Some(role), Some(version)) = (role, version) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, user, "role-missing").await;
    };
    if version != user.version {
        return refuse(StatusCode::PRECONDITION_FAILED, user, "person-changed").await;
    }
    if rank(role) < rank(user.role) && !input.has_member("sure") {
        let frame = pages.administrators_frame(&reader, "confirm-title", &actor);
        let action = frame.link(&format!("/account/staff/{}", user.id));
        let page = Confirm {
            person: person(texts, user, Some(actor.0)),
            version,
            role,
            after: texts.say(&format!("role-{role}")),
            after_more: texts.say(&format!("role-{role}-more")),
            back: action.clone(),
            action,
            frame,
        };
        return pages.respond(StatusCode::OK, &page);
    }
    let id = user.id;
    let accepts = |current| if current == version { Ok(()) } else { Err(Problem::new(&PRECONDITION_FAILED, "The account has changed.")) };
    match set_role(&pages.app, &actor, id, Some(role), &accepts).await {
        // An administrator who has given the role away goes on as what they are now.
        Ok(_) if id == actor.0 && role != Role::Admin => {
            let caller = Caller { user_id: id, role, password_change_required: false };
            let login = reader.link("/account/login");
            Ok(if caller.is_staff() { pages.enter(caller, &reader.link("/account/logout")) } else { pages.leave(&login) })
        }
        Ok(_) => Ok(see_other(&reader.link(&format!("/account/staff/{id}?saved")))),
        Err(problem) if problem.code().code == PRECONDITION_FAILED.code => {
            let user = user::get(&pages.app.pool, id).await?.unwrap_or(user);
            refuse(problem.status(), user, "person-changed").await
        }
        Err(problem) if problem.code().code == LAST_ADMINISTRATOR.code => refuse(problem.status(), user, "person-last").await,
        Err(problem) => Err(problem),
    }
}
