//! The menu as guests read it. It works without script, and on paper.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::response::Response;
use axum::routing::get;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{SHORT_TEXT, Text};
use chassis::http::value::{Raw, Value as _};
use http::{HeaderMap, StatusCode, Uri};
use site::form::Typed;
use site::frame::{Frame, Here};
use site::language::Language;
use site::reader::Reader;
use site::settings::Site;
use site::shell::{Keep, Shell, see_other};
use site::texts::Texts;

use crate::Menu;
use crate::memory::selection::{BY_ID, Filter};
use crate::price::Price;

/// The routes of pages.
pub(crate) const ROUTES: &[&str] = &["/", "/menu", "/favicon.ico", "/assets/menu/{file}"];

/// What every page has at hand.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) menu: Arc<Menu>,
    pub(crate) shell: Arc<Shell>,
}

impl FromRef<Pages> for Arc<Shell> {
    fn from_ref(pages: &Pages) -> Self {
        pages.shell.clone()
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
    Router::new()
        .route("/", get(home))
        .route("/menu", get(show))
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

#[derive(Template)]
#[template(path = "menu.html")]
struct Show<'a> {
    frame: Frame<'a>,
    dishes: Vec<Line>,
    /// Whether there is any dish at all.
    any: bool,
    /// What was typed into the form.
    words: String,
    least: Amount,
    most: Amount,
    /// Whether anything was.
    filtered: bool,
}

/// A dish, as it is read.
struct Line {
    name: String,
    description: Option<String>,
    price: String,
}

/// A price, as it was typed.
struct Amount {
    typed: String,
    price: Option<Price>,
}

impl Amount {
    fn of(input: &Input, name: &str) -> Self {
        let Typed(typed) = input.peek(Source::Query, name).unwrap_or_default();
        let price = Price::read(Raw::Text(&typed.replace(',', "."))).ok();
        Self { typed, price }
    }

    /// Whether something was typed that is no price.
    fn is_faulty(&self) -> bool {
        self.price.is_none() && !self.typed.trim().is_empty()
    }
}

/// A price, as people of the language write it.
fn spoken(price: Price, language: Language) -> String {
    match language {
        Language::En => price.to_string(),
        Language::Ru | Language::De => price.to_string().replace('.', ","),
    }
}

/// Shows the menu, or the dishes that a guest looks for.
async fn show(State(pages): State<Pages>, reader: Reader, input: Input) -> Result<Response, Problem> {
    let Typed(words) = input.peek(Source::Query, "q").unwrap_or_default();
    let (least, most) = (Amount::of(&input, "min_price"), Amount::of(&input, "max_price"));
    let text = Text::<SHORT_TEXT>::read(Raw::Text(&words)).ok();
    let filter = Filter::new(text.as_ref(), least.price, most.price);
    let snapshot = pages.menu.cache.snapshot();
    let line = |entry: &Arc<crate::memory::entry::Entry>| Line {
        name: entry.dish.name.as_str().to_owned(),
        description: entry.dish.description.as_ref().map(|text| text.as_str().to_owned()),
        price: spoken(entry.dish.price, reader.language),
    };
    let dishes = BY_ID.select(&snapshot, &filter, None, usize::MAX).iter().map(line).collect();
    let frame = pages.shell.frame(&reader, &pages.shell.texts(reader.language).say("nav-menu"), Here::Menu);
    let filtered = [&words, &least.typed, &most.typed].iter().any(|typed| !typed.trim().is_empty());
    let page = Show { frame, dishes, any: !snapshot.by_id.is_empty(), words, least, most, filtered };
    let html = page.render().map_err(Problem::internal)?;
    Ok(pages.shell.respond(StatusCode::OK, html, Keep::Asking))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_said_and_every_language_says_the_same() {
        site::texts::check(super::OWN, &["src/page.rs", "templates"]);
    }
}
