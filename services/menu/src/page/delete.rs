//! Taking a dish off the menu, which is asked first.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::{NOT_FOUND, PRECONDITION_FAILED};
use chassis::http::etag::Conditions;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;
use site::frame::Frame;
use site::shell::{see_other, with_retry};

use super::dish::Facts;
use super::dishes::gone;
use super::{Editor, Pages, dish_id, is_outage, version, words};
use crate::dish::Dish;

#[derive(Template)]
#[template(path = "dish_delete.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    dish: Facts,
    version: i32,
    refused: Option<String>,
    action: String,
    back: String,
}

fn ask<'a>(pages: &'a Pages, editor: &Editor, dish: &Dish, words: &str) -> Ask<'a> {
    Ask {
        frame: pages.frame(editor, "delete-title"),
        dish: Facts::of(dish, editor.reader.language),
        version: dish.version,
        refused: None,
        action: editor.delete(dish.id, words),
        back: editor.dish(dish.id, words),
    }
}

/// Says what is deleted, with the button that does it.
pub(super) async fn show(State(pages): State<Pages>, editor: Editor, mut input: Input) -> Result<Response, Problem> {
    let Some(dish) = pages.find(dish_id(&mut input)?).await? else { return gone(&pages, &editor, None).await };
    pages.respond(StatusCode::OK, &ask(&pages, &editor, &dish, &words(&input)))
}

/// Deletes the dish, where it is still as the page showed it. One that is gone already is as it was to be.
pub(super) async fn delete(State(pages): State<Pages>, editor: Editor, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (id, seen, words) = (dish_id(&mut input)?, version(&input), words(&input));
    let texts = pages.texts(&editor.reader);
    let deleted = || see_other(&editor.deleted(&words));
    let problem = match pages.menu.delete(id, &Conditions::on_version(seen)).await {
        Ok(()) => return Ok(deleted()),
        Err(problem) if problem.code().code == NOT_FOUND.code => return Ok(deleted()),
        Err(problem) => problem,
    };
    let (key, seen) = match problem.code().code {
        code if code == PRECONDITION_FAILED.code => ("delete-changed", None),
        // The dish is as it is known, which may be of another version; what the page showed is what counts.
        _ if is_outage(&problem) => ("dish-busy", Some(seen)),
        _ => return Err(problem),
    };
    let Some(dish) = pages.find(id).await? else { return Ok(deleted()) };
    let page = Ask { refused: Some(texts.say(key)), ..ask(&pages, &editor, &dish, &words) };
    let page = Ask { version: seen.unwrap_or(page.version), ..page };
    Ok(with_retry(pages.respond(problem.status(), &page)?, &problem))
}
