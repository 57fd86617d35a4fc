//! All dishes, for administrators: finding one, and adding one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{SHORT_TEXT, Text};
use chassis::http::value::{Raw, Value as _};
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use site::form::typed;
use site::frame::Frame;
use site::shell::{see_other, with_retry};

use super::draft::Draft;
use super::{Editor, Pages, is_outage, spoken, words};
use crate::dish::Dish;
use crate::memory::entry::Entry;
use crate::memory::selection::{BY_ID, Filter};

#[derive(Template)]
#[template(path = "dishes.html")]
struct Dishes<'a> {
    frame: Frame<'a>,
    /// What has happened.
    told: Option<String>,
    /// What has not, and why.
    refused: Option<String>,
    /// Whether there is any dish at all.
    any: bool,
    words: String,
    /// How many dishes are shown.
    count: String,
    rows: Vec<Row>,
    /// The list of all dishes.
    all: String,
    draft: Draft,
    /// Tells this form from every other one.
    key: String,
}

/// A dish in the list.
struct Row {
    id: i32,
    to: String,
    name: String,
    price: String,
    description: Option<String>,
}

/// The dishes that these words find.
pub(super) fn filter(words: &str) -> Filter {
    Filter::new(Text::<SHORT_TEXT>::read(Raw::Text(words)).ok().as_ref(), None, None)
}

fn list<'a>(pages: &'a Pages, editor: &Editor, words: String) -> Dishes<'a> {
    let snapshot = pages.menu.cache.snapshot();
    let row = |entry: &Arc<Entry>| Row {
        id: entry.dish.id.get(),
        to: editor.dish(entry.dish.id, &words),
        name: entry.dish.name.as_str().to_owned(),
        price: spoken(entry.dish.price, editor.reader.language),
        description: entry.dish.description.as_ref().map(|text| text.as_str().to_owned()),
    };
    let rows: Vec<_> = BY_ID.select(&snapshot, &filter(&words), None, usize::MAX).iter().map(row).collect();
    Dishes {
        frame: pages.frame(editor, "nav-dishes"),
        told: None,
        refused: None,
        any: !snapshot.by_id.is_empty(),
        count: pages.texts(&editor.reader).tell("dishes-count", [("count", rows.len().into())]),
        words,
        rows,
        all: editor.list(""),
        draft: Draft::default(),
        key: fresh_key(),
    }
}

/// A key that no other form has.
fn fresh_key() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes.iter().fold(String::with_capacity(32), |key, byte| format!("{key}{byte:02x}"))
}

/// What a form adds, as it is told from all others: another dish in the same form is another one. `None` for a form without a key.
fn digest(key: &str, draft: &Draft) -> Option<[u8; 32]> {
    let parts = [key, &draft.name, &draft.price, &draft.description];
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part).chain_update([0]));
    (!key.is_empty()).then(|| digest.finalize().into())
}

impl Pages {
    /// Reads the menu anew: another replica may have changed it a moment ago. While the database is away it is shown as it is known.
    async fn refresh(&self) {
        if let Err(error) = self.menu.cache.reload().await {
            tracing::warn!(%error, "the menu could not be read for its editor");
        }
    }
}

/// Shows the list and the form.
pub(super) async fn show(State(pages): State<Pages>, editor: Editor, input: Input) -> Result<Response, Problem> {
    pages.refresh().await;
    let told = input.has_parameter("deleted").then(|| pages.texts(&editor.reader).say("deleted"));
    pages.respond(StatusCode::OK, &Dishes { told, ..list(&pages, &editor, words(&input)) })
}

/// Adds a dish, once however often the form is sent.
pub(super) async fn add(State(pages): State<Pages>, editor: Editor, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (mut draft, key) = (Draft::of(&input), typed(&input, Source::Body, "key"));
    let texts = pages.texts(&editor.reader);
    let digest = digest(&key, &draft);
    let again = |draft, refused| Dishes { draft, refused, key: key.clone(), ..list(&pages, &editor, String::new()) };
    let Some(wanted) = draft.judge(texts) else {
        pages.refresh().await;
        return pages.respond(StatusCode::UNPROCESSABLE_ENTITY, &again(draft, None));
    };
    let added = match digest {
        Some(digest) => pages.menu.add_by_form(&wanted, &digest).await,
        None => pages.menu.add(&wanted).await.map(|dish| Some(dish.id)),
    };
    match added {
        Ok(id) => Ok(see_other(&at(&editor.list(""), id.map(|id| id.get())))),
        Err(problem) if is_outage(&problem) => {
            let page = again(draft, Some(texts.say("dish-busy")));
            Ok(with_retry(pages.respond(problem.status(), &page)?, &problem))
        }
        Err(problem) => Err(problem),
    }
}

/// The list, at a dish.
fn at(list: &str, id: Option<i32>) -> String {
    id.map_or_else(|| list.to_owned(), |id| format!("{list}#d{id}"))
}

/// Leads to the list at a dish that was changed: as it was searched, where the dish is still found.
pub(super) fn back_to(editor: &Editor, dish: &Dish, words: &str) -> Response {
    let words = if filter(words).admits(&Entry::new(dish.clone())) { words } else { "" };
    see_other(&at(&editor.list(words), Some(dish.id.get())))
}

/// The list, for somebody whose dish is gone. What they typed is in the form, to be added anew.
pub(super) async fn gone(pages: &Pages, editor: &Editor, draft: Option<Draft>) -> Result<Response, Problem> {
    pages.refresh().await;
    let key = if draft.is_some() { "dish-gone-typed" } else { "dish-gone" };
    let refused = Some(pages.texts(&editor.reader).say(key));
    let page = Dishes { refused, draft: draft.unwrap_or_default(), ..list(pages, editor, String::new()) };
    pages.respond(StatusCode::NOT_FOUND, &page)
}
