//! The pages for guests: the restaurant, booking a table, and the booking with its changes. A file and a template a page; each asks the same
//! functions as the API. They work without script, and nothing is changed by GET.

pub(crate) mod asked;
pub(crate) mod book;
pub(crate) mod booking;
mod calendar;
mod cancel;
mod change;
mod contact;
mod details;
mod find;
mod home;
mod hours;
mod offer;
mod picker;
mod shown;
mod structured;
mod why;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::response::Response;
use axum::routing::get;
use chassis::http::problem::Problem;
use http::{HeaderMap, StatusCode, Uri};
use site::settings::Site;
use site::shell::{Keep, Shell};
use site::texts::Texts;

use self::shown::Shown;
use crate::http::AppState;

/// The routes of pages.
pub const ROUTES: &[&str] = &[
    "/",
    "/book",
    "/b",
    "/b/{code}",
    "/b/{code}/change",
    "/b/{code}/details",
    "/b/{code}/cancel",
    "/b/{code}/calendar.ics",
    "/favicon.ico",
    "/assets/reservation/{file}",
];

/// What every page has at hand.
#[derive(Clone)]
pub struct Pages {
    pub(crate) app: AppState,
    pub(crate) shell: Arc<Shell>,
    shown: Arc<Shown>,
}

impl Pages {
    /// The pages of a restaurant.
    pub fn new(app: AppState, shell: Arc<Shell>) -> Self {
        Self { app, shell, shown: Arc::default() }
    }
}

impl FromRef<Pages> for AppState {
    fn from_ref(pages: &Pages) -> Self {
        pages.app.clone()
    }
}

impl FromRef<Pages> for Arc<Shell> {
    fn from_ref(pages: &Pages) -> Self {
        pages.shell.clone()
    }
}

/// The texts of the pages.
const OWN: [&str; 3] = [include_str!("../languages/en.ftl"), include_str!("../languages/ru.ftl"), include_str!("../languages/de.ftl")];

/// What the pages of the service have in common.
pub fn shell(site: &Site) -> Arc<Shell> {
    let shell = Shell::new(crate::NAME, site, &site.reservation_url, Texts::new(OWN));
    Arc::new(shell.with_script(crate::NAME, include_str!("../assets/host.js")))
}

/// The pages.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/", get(home::show))
        .route("/book", get(book::show).post(book::book))
        .route("/b", get(find::show).post(find::send))
        .route("/b/{code}", get(booking::show))
        .route("/b/{code}/change", get(change::show).post(change::change))
        .route("/b/{code}/details", get(details::show).post(details::change))
        .route("/b/{code}/cancel", get(cancel::show).post(cancel::cancel))
        .route("/b/{code}/calendar.ics", get(calendar::download))
        .route("/favicon.ico", get(async |State(shell): State<Arc<Shell>>| shell.assets().favicon()))
        .route("/assets/reservation/{file}", get(asset))
        .with_state(pages)
}

async fn asset(State(shell): State<Arc<Shell>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    shell.assets().get(uri.path(), &headers).ok_or_else(|| Problem::not_found("file"))
}

impl Pages {
    /// A page, as it is sent.
    fn respond(&self, status: StatusCode, page: &impl Template, keep: Keep) -> Result<Response, Problem> {
        let html = page.render().map_err(Problem::internal)?;
        Ok(self.shell.respond(status, html, keep))
    }
}

/// What stands in a page beside its content: what happened, or why something is not so, and what to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notice {
    /// What happened.
    pub(crate) text: String,
    /// Whether guests should talk to the restaurant.
    pub(crate) talk: bool,
}

impl Notice {
    fn told(text: String) -> Self {
        Self { text, talk: false }
    }

    fn to_talk(text: String) -> Self {
        Self { text, talk: true }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_said_and_every_language_says_the_same() {
        let files = std::fs::read_dir("templates").expect("the templates").flatten();
        // What mail says has catalogs of its own.
        let files = files.filter(|file| !file.file_name().to_string_lossy().starts_with("mail."));
        let files: Vec<_> = files.map(|file| file.path().display().to_string()).collect();
        let sources: Vec<&str> = files.iter().map(String::as_str).chain(["src/page", "src/host"]).collect();
        site::texts::check(super::OWN, &sources);
    }
}
