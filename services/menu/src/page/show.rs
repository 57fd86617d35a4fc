//! The menu as guests read it. It works without script, and on paper.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use chassis::http::text::{SHORT_TEXT, Text};
use chassis::http::value::{Raw, Value as _};
use http::StatusCode;
use site::form::Typed;
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::shell::Keep;

use super::{Pages, spoken, with_point};
use crate::memory::entry::Entry;
use crate::memory::selection::{BY_ID, Filter};
use crate::price::Price;

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
        let price = Price::read(Raw::Text(&with_point(&typed))).ok();
        Self { typed, price }
    }

    /// Whether something was typed that is no price.
    fn is_faulty(&self) -> bool {
        self.price.is_none() && !self.typed.trim().is_empty()
    }
}

/// Shows the menu, or the dishes that a guest looks for.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, input: Input) -> Result<Response, Problem> {
    let Typed(words) = input.peek(Source::Query, "q").unwrap_or_default();
    let (least, most) = (Amount::of(&input, "min_price"), Amount::of(&input, "max_price"));
    let text = Text::<SHORT_TEXT>::read(Raw::Text(&words)).ok();
    let filter = Filter::new(text.as_ref(), least.price, most.price);
    let snapshot = pages.menu.cache.snapshot();
    let line = |entry: &Arc<Entry>| Line {
        name: entry.dish.name.as_str().to_owned(),
        description: entry.dish.description.as_ref().map(|text| text.as_str().to_owned()),
        price: spoken(entry.dish.price, reader.language),
    };
    let dishes = BY_ID.select(&snapshot, &filter, None, usize::MAX).iter().map(line).collect();
    let frame = pages.shell().frame(&reader, &pages.texts(&reader).say("nav-menu"), Here::Menu);
    let filtered = [&words, &least.typed, &most.typed].iter().any(|typed| !typed.trim().is_empty());
    let page = Show { frame, dishes, any: !snapshot.by_id.is_empty(), words, least, most, filtered };
    let html = page.render().map_err(Problem::internal)?;
    Ok(pages.shell().respond(StatusCode::OK, html, Keep::Asking))
}
