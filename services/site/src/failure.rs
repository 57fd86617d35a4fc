//! The page that a browser gets where a request fails.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;
use chassis::http::pages::{Asked, ErrorPages};
use chassis::http::problem::Problem;

use crate::frame::{Frame, Here};
use crate::reader::Reader;
use crate::shell::{Keep, Shell};

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure<'a> {
    frame: Frame<'a>,
    heading: String,
    more: String,
    /// Whether the page is one of the staff's.
    is_staffs: bool,
}

/// How the paths of the staff's pages begin.
const STAFF: [&str; 3] = ["/host", "/account", "/menu/edit"];

/// The kind of failure, as the texts tell it.
fn kind(status: u16) -> &'static str {
    match status {
        403 => "forbidden",
        404 | 410 => "missing",
        405 => "method",
        413 => "large",
        429 => "often",
        503 => "busy",
        500.. => "broken",
        _ => "wrong",
    }
}

fn page(shell: &Shell, asked: &Asked, problem: &Problem) -> Response {
    let reader = Reader::of(&shell.site.languages, &asked.method, &asked.uri, &asked.headers);
    let (texts, kind) = (shell.texts(reader.language), kind(problem.status().as_u16()));
    let (heading, more) = (texts.say(&format!("failed-{kind}")), texts.say(&format!("failed-{kind}-more")));
    let is_staffs = STAFF.iter().any(|begin| asked.uri.path().starts_with(begin));
    let failure = Failure { is_staffs, frame: shell.frame(&reader, &heading, Here::Elsewhere), heading: heading.clone(), more };
    // A page that cannot be made must not hide what went wrong.
    let html = failure.render().unwrap_or(heading);
    shell.respond(problem.status(), html, Keep::Nothing)
}

/// The pages of a service that say what went wrong, for requests to these routes of its pages.
pub fn error_pages(shell: Arc<Shell>, routes: &'static [&'static str]) -> ErrorPages {
    ErrorPages { routes, page: Arc::new(move |asked, problem| page(&shell, asked, problem)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_texts() {
        let shell = Shell::new("reservation", &crate::settings::Site::default(), "", crate::texts::Texts::new(["", "", ""]));
        for status in [400, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503] {
            for language in crate::language::Language::ALL {
                for more in ["", "-more"] {
                    assert!(shell.texts(*language).keys().contains(&format!("failed-{}{more}", kind(status))), "{language}: {status}");
                }
            }
        }
    }
}
