//! A dish, as administrators change it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::code::{NOT_FOUND, PRECONDITION_FAILED};
use chassis::http::etag::Conditions;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;
use site::frame::Frame;
use site::language::Language;
use site::shell::with_retry;

use super::dishes::{back_to, gone};
use super::draft::{Draft, shown};
use super::{Editor, Pages, dish_id, is_outage, spoken, version, words};
use crate::dish::{Dish, MenuItemChange};

/// A dish as it is on the menu, to be read.
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) price: String,
    pub(super) description: Option<String>,
}

impl Facts {
    pub(super) fn of(dish: &Dish, language: Language) -> Self {
        let description = dish.description.as_ref().map(|text| text.as_str().to_owned());
        Self { name: dish.name.as_str().to_owned(), price: spoken(dish.price, language), description }
    }
}

#[derive(Template)]
#[template(path = "dish.html")]
struct Form<'a> {
    frame: Frame<'a>,
    dish: Facts,
    version: i32,
    draft: Draft,
    /// Whether somebody has changed the dish since the form was shown.
    changed: bool,
    refused: Option<String>,
    action: String,
    delete: String,
    back: String,
}

/// The form of a dish, with what was typed into it.
fn form<'a>(pages: &'a Pages, editor: &Editor, dish: &Dish, words: &str, draft: Draft) -> Form<'a> {
    Form {
        frame: pages.frame(editor, "dish-title"),
        dish: Facts::of(dish, editor.reader.language),
        version: dish.version,
        draft,
        changed: false,
        refused: None,
        action: editor.dish(dish.id, words),
        delete: editor.delete(dish.id, words),
        back: editor.list(words),
    }
}

/// Shows the form.
pub(super) async fn show(State(pages): State<Pages>, editor: Editor, mut input: Input) -> Result<Response, Problem> {
    let Some(dish) = pages.find(dish_id(&mut input)?).await? else { return gone(&pages, &editor, None).await };
    let draft = Draft::from(&dish, editor.reader.language);
    pages.respond(StatusCode::OK, &form(&pages, &editor, &dish, &words(&input), draft))
}

/// Changes the dish, where it is still as the form showed it.
pub(super) async fn change(State(pages): State<Pages>, editor: Editor, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let id = dish_id(&mut input)?;
    let (seen, words, mut draft) = (version(&input), words(&input), Draft::of(&input));
    let texts = pages.texts(&editor.reader);
    let Some(dish) = pages.find(id).await? else { return gone(&pages, &editor, Some(draft)).await };
    let Some(wanted) = draft.judge(texts) else {
        let changed = dish.version != seen;
        let status = if changed { StatusCode::PRECONDITION_FAILED } else { StatusCode::UNPROCESSABLE_ENTITY };
        return pages.respond(status, &Form { changed, ..form(&pages, &editor, &dish, &words, draft) });
    };
    let mut change = MenuItemChange::from(wanted);
    // Browsers have line breaks of their own: who types nothing else leaves the description as it is.
    if draft.description == shown(dish.description.as_ref()) {
        change.description = None;
    }
    // Sent twice, or by two who want the same: it is done.
    let is_done = |dish: &Dish| change.clone().applied_to(dish).is_none();
    if is_done(&dish) {
        return Ok(back_to(&editor, &dish, &words));
    }
    match pages.menu.change(id, &Conditions::on_version(seen), change.clone()).await {
        Ok(dish) => Ok(back_to(&editor, &dish, &words)),
        Err(problem) if problem.code().code == PRECONDITION_FAILED.code => match pages.find(id).await? {
            Some(dish) if is_done(&dish) => Ok(back_to(&editor, &dish, &words)),
            Some(dish) => pages.respond(problem.status(), &Form { changed: true, ..form(&pages, &editor, &dish, &words, draft) }),
            None => gone(&pages, &editor, Some(draft)).await,
        },
        Err(problem) if problem.code().code == NOT_FOUND.code => gone(&pages, &editor, Some(draft)).await,
        Err(problem) if is_outage(&problem) => {
            // The dish is as it is known, which may be of another version; what the form showed is what counts.
            let page = Form { version: seen, refused: Some(texts.say("dish-busy")), ..form(&pages, &editor, &dish, &words, draft) };
            Ok(with_retry(pages.respond(problem.status(), &page)?, &problem))
        }
        Err(problem) => Err(problem),
    }
}
