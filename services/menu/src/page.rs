//! The pages of the menu: as guests read it, and as administrators change it. A file and a template a page; what changes the menu asks the same
//! functions as the API. They work without script, and nothing is changed by GET.

mod delete;
mod dish;
mod dishes;
mod draft;
mod show;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use chassis::http::identity::Caller;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use contract::DishId;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use site::form::typed;
use site::frame::{Frame, Here};
use site::language::Language;
use site::reader::Reader;
use site::session::{Door, SignedIn, admit, forbidden, refuse_foreign};
use site::settings::Site;
use site::shell::{Keep, Shell, see_other};
use site::texts::{Catalog, Texts};

use crate::Menu;
use crate::dish::Dish;
use crate::price::Price;
use crate::store;

/// The routes of pages.
pub(crate) const ROUTES: &[&str] =
    &["/", "/menu", "/menu/edit", "/menu/edit/{id}", "/menu/edit/{id}/delete", "/favicon.ico", "/assets/menu/{file}"];

/// What every page has at hand.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) menu: Arc<Menu>,
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
    Arc::new(Shell::new(crate::NAME, site, &site.menu_url, Texts::new(OWN)))
}

/// The pages.
pub(crate) fn router(pages: Pages) -> Router {
    let door = || pages.door.clone();
    let edit = Router::new()
        .route("/menu/edit", get(dishes::show).post(dishes::add))
        .route("/menu/edit/{id}", get(dish::show).post(dish::change))
        .route("/menu/edit/{id}/delete", get(delete::show).post(delete::delete))
        .route_layer(from_fn_with_state(door(), admit))
        .route_layer(from_fn_with_state(door(), refuse_foreign));
    Router::new()
        .route("/", get(home))
        .route("/menu", get(show::show))
        .merge(edit)
        .route("/favicon.ico", get(async |State(shell): State<Arc<Shell>>| shell.assets().favicon()))
        .route("/assets/menu/{file}", get(asset))
        .with_state(pages)
}

/// The restaurant has its page at the reservation service.
async fn home(State(shell): State<Arc<Shell>>, reader: Reader) -> Response {
    see_other(&reader.link(&format!("{}/", shell.site.reservation_url)))
}

async fn asset(State(shell): State<Arc<Shell>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    shell.assets().get(uri.path(), &headers).ok_or_else(|| Problem::not_found("file"))
}

/// A price, as people of the language write it.
fn spoken(price: Price, language: Language) -> String {
    match language {
        Language::En => price.to_string(),
        Language::Ru | Language::De => price.to_string().replace('.', ","),
    }
}

/// A price, as it was typed: with a point or a comma.
fn with_point(typed: &str) -> String {
    typed.replace(',', ".")
}

/// An administrator, who changes the menu. The role is that of the session: the service knows no accounts.
pub(crate) struct Editor {
    caller: Caller,
    reader: Reader,
}

impl FromRequestParts<Pages> for Editor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Problem> {
        let SignedIn(session) = SignedIn::from_request_parts(parts, pages).await?;
        let Ok(reader) = Reader::from_request_parts(parts, pages).await;
        let caller = session.caller;
        if caller.is_admin() { Ok(Self { caller, reader }) } else { Err(forbidden(caller)) }
    }
}

impl Editor {
    /// The list of the dishes that have these words; of all dishes where there are none.
    fn list(&self, words: &str) -> String {
        self.to("/menu/edit", words)
    }

    /// The page of a dish, which leads back to the list with these words.
    fn dish(&self, id: DishId, words: &str) -> String {
        self.to(&format!("/menu/edit/{id}"), words)
    }

    /// The page on which a dish is deleted.
    fn delete(&self, id: DishId, words: &str) -> String {
        self.to(&format!("/menu/edit/{id}/delete"), words)
    }

    /// The list, which says that a dish is deleted.
    fn deleted(&self, words: &str) -> String {
        let separator = if words.is_empty() { '?' } else { '&' };
        self.reader.link(&format!("/menu/edit{}{separator}deleted", query(words)))
    }

    fn to(&self, path: &str, words: &str) -> String {
        self.reader.link(&format!("{path}{}", query(words)))
    }
}

/// The query of the words by which the list is searched.
fn query(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("?q={}", utf8_percent_encode(words, NON_ALPHANUMERIC)) }
}

impl Pages {
    fn shell(&self) -> &Shell {
        &self.door.shell
    }

    fn texts(&self, reader: &Reader) -> &Catalog {
        self.shell().texts(reader.language)
    }

    /// The frame of a page for administrators.
    fn frame(&self, editor: &Editor, title: &str) -> Frame<'_> {
        self.shell().staff_frame(&editor.reader, &self.texts(&editor.reader).say(title), Here::Dishes, editor.caller)
    }

    /// A page for administrators, as it is sent.
    fn respond(&self, status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
        let html = page.render().map_err(Problem::internal)?;
        Ok(self.shell().respond(status, html, Keep::Nothing))
    }

    /// A dish, as the database has it: also one that another replica has just written. While the database is away it is as it is known.
    async fn find(&self, id: DishId) -> Result<Option<Dish>, Problem> {
        match store::get(&self.menu.pool, id).await.map_err(Problem::from) {
            Err(problem) if is_outage(&problem) => Ok(self.menu.cache.snapshot().get(id).map(|entry| entry.dish.clone())),
            found => found,
        }
    }
}

/// Whether it is the database that is away, or too much at once: nothing that was typed is wrong then.
fn is_outage(problem: &Problem) -> bool {
    problem.status() == StatusCode::SERVICE_UNAVAILABLE
}

/// The dish that the path names.
fn dish_id(input: &mut Input) -> Result<DishId, Problem> {
    input.id::<DishId>().ok_or_else(|| Problem::not_found("dish"))
}

/// The words by which the list was searched.
fn words(input: &Input) -> String {
    typed(input, Source::Query, "q")
}

/// The version of a dish that a form showed. One that names none has shown none, and no dish is of version 0.
fn version(input: &Input) -> i32 {
    typed(input, Source::Body, "version").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_said_and_every_language_says_the_same() {
        site::texts::check(super::OWN, &["src/page.rs", "src/page", "templates"]);
    }
}
