//! The pages on which the staff sign in and out, choose their password, and administrators make accounts for them. A file and a template a
//! page; each asks the same functions as the API. They work without script, and nothing is changed by GET.

mod account;
mod login;
mod next;
mod one_time;
mod password;
mod person;
mod staff;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use chassis::http::identity::{Caller, Role, UserId};
use chassis::http::problem::Problem;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::session::{Door, SignedIn, admit, admit_to_password, refuse_foreign};
use site::settings::Site;
use site::shell::{Keep, Shell, see_other, with_retry};
use site::texts::{Catalog, Texts};

use crate::http::App;
use crate::http::administrator::Administrator;

/// The routes of pages.
pub(crate) const ROUTES: &[&str] = &[
    "/",
    "/account/login",
    "/account/logout",
    "/account/signed-in",
    "/account/password",
    "/account/staff",
    "/account/staff/{id}",
    "/account/staff/{id}/password",
    "/favicon.ico",
    "/assets/auth/{file}",
];

/// What every page has at hand.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) app: App,
    pub(crate) door: Door,
}

impl FromRef<Pages> for Arc<Shell> {
    fn from_ref(pages: &Pages) -> Self {
        pages.door.shell.clone()
    }
}

/// The texts of the pages.
const OWN: [&str; 3] = [include_str!("../languages/en.ftl"), include_str!("../languages/ru.ftl"), include_str!("../languages/de.ftl")];

/// What the pages of the service have in common.
pub(crate) fn shell(site: &Site) -> Arc<Shell> {
    Arc::new(Shell::new(crate::NAME, site, &site.auth_url, Texts::new(OWN)))
}

/// The pages.
pub(crate) fn router(pages: Pages) -> Router {
    let door = || pages.door.clone();
    let staff = Router::new()
        .route("/account/staff", get(staff::show).post(staff::add))
        .route("/account/staff/{id}", get(person::show).post(person::change))
        .route("/account/staff/{id}/password", get(one_time::show).post(one_time::make))
        .route_layer(from_fn_with_state(door(), admit));
    let password = Router::new()
        .route("/account/password", get(password::show).post(password::change))
        .route_layer(from_fn_with_state(door(), admit_to_password));
    Router::new()
        .route("/account/login", get(login::show).post(login::sign_in))
        .route("/account/logout", get(account::show).post(account::sign_out))
        .route("/account/signed-in", get(account::signed_in))
        .merge(staff)
        .merge(password)
        .route_layer(from_fn_with_state(door(), refuse_foreign))
        .route("/", get(home))
        .route("/favicon.ico", get(async |State(shell): State<Arc<Shell>>| shell.assets().favicon()))
        .route("/assets/auth/{file}", get(asset))
        .with_state(pages)
}

/// The restaurant has its page at the reservation service.
async fn home(State(shell): State<Arc<Shell>>, reader: Reader) -> Response {
    see_other(&reader.link(&format!("{}/", shell.site.reservation_url)))
}

async fn asset(State(shell): State<Arc<Shell>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    shell.assets().get(uri.path(), &headers).ok_or_else(|| Problem::not_found("file"))
}

impl Pages {
    fn shell(&self) -> &Shell {
        &self.door.shell
    }

    fn texts(&self, reader: &Reader) -> &Catalog {
        self.shell().texts(reader.language)
    }

    /// The frame of a page for those who have not signed in, or have no right to the staff's pages.
    fn frame(&self, reader: &Reader, title: &str) -> Frame<'_> {
        self.shell().frame(reader, &self.texts(reader).say(title), Here::Elsewhere)
    }

    /// The frame of a page for the staff: for others the one above.
    fn frame_for(&self, reader: &Reader, title: &str, here: Here, caller: Caller) -> Frame<'_> {
        if !caller.is_staff() || caller.password_change_required {
            return self.frame(reader, title);
        }
        self.shell().staff_frame(reader, &self.texts(reader).say(title), here, caller)
    }

    /// The frame of a page for administrators.
    fn administrators_frame(&self, reader: &Reader, title: &str, actor: &Administrator) -> Frame<'_> {
        let caller = Caller { user_id: actor.0, role: Role::Admin, password_change_required: false };
        self.frame_for(reader, title, Here::Staff, caller)
    }

    /// A page, as it is sent. None may be kept, for each is somebody's own.
    fn respond(&self, status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
        let html = page.render().map_err(Problem::internal)?;
        Ok(self.shell().respond(status, html, Keep::Nothing))
    }

    /// Leads somebody to another page, with a session that begins now.
    fn enter(&self, caller: Caller, to: &str) -> Response {
        let token = self.app.signer.session(caller);
        with_cookie(see_other(to), site::session::begin(self.shell().own_url(), &token))
    }

    /// Leads somebody to another page, with no session any more.
    fn leave(&self, to: &str) -> Response {
        with_cookie(see_other(to), site::session::end(self.shell().own_url()))
    }
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// The minutes after which one may try again.
fn minutes(problem: &Problem) -> u64 {
    problem.waits().unwrap_or(0).div_ceil(60).max(1)
}

/// As with the API, the database decides, whatever role the session has.
impl FromRequestParts<Pages> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Problem> {
        let SignedIn(session) = SignedIn::from_request_parts(parts, pages).await?;
        Self::now(&pages.app, session.caller.user_id).await
    }
}

/// The role of a user as it is now; that of a guest where there is no such user any more.
async fn role(app: &App, id: UserId) -> Result<Role, Problem> {
    Ok(crate::store::administrator::role(&app.pool, id).await?.unwrap_or(Role::User))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_said_and_every_language_says_the_same() {
        site::texts::check(super::OWN, &["src/page.rs", "src/page", "templates"]);
    }
}
