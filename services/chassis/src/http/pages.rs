//! Pages for people, beside the paths for programs: a browser reads of a failure in a page of its own.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::{HeaderMap, Method, Uri, header};

use super::openapi::is_document;
use super::problem::Problem;

/// As much of a request as the page of a failure takes.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The path and the query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

/// The page of a failure.
type Page = dyn Fn(&Asked, &Problem) -> Response + Send + Sync;

/// What a browser reads where a request for a page fails.
#[derive(Clone)]
pub struct ErrorPages {
    /// The routes of pages.
    pub routes: &'static [&'static str],
    /// Makes the page. Its status, and what the problem says in headers, is added.
    pub page: Arc<Page>,
}

/// The error pages, and the paths of programs.
pub(crate) struct Browsers {
    pages: ErrorPages,
    /// The first steps of the paths that are for programs: what is missing there, no person has mistyped.
    programs: HashSet<String>,
}

impl Browsers {
    pub(crate) fn new<'a>(pages: ErrorPages, documented: impl Iterator<Item = &'a String>) -> Self {
        Self { pages, programs: documented.map(|path| first_step(path).to_owned()).collect() }
    }

    /// The request, where a browser asks for a page, or for nothing that there is.
    pub(crate) fn asked(&self, request: &Request) -> Option<Asked> {
        let (path, headers) = (request.uri().path(), request.headers());
        let is_page = match request.extensions().get::<MatchedPath>() {
            Some(route) => self.pages.routes.contains(&route.as_str()),
            None => !is_document(path) && !self.programs.contains(first_step(path)),
        };
        (is_page && takes_html(headers)).then(|| Asked {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: headers.clone(),
        })
    }

    pub(crate) fn page(&self, asked: &Asked, problem: &Problem) -> Response {
        (self.pages.page)(asked, problem)
    }
}

fn first_step(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Whether the client names HTML among what it takes, as browsers do. Programs take anything, which names nothing.
fn takes_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| range.split(';').next().unwrap_or_default().trim() == "text/html")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asks(path: &str, accepted: &str) -> bool {
        let pages = ErrorPages { routes: &["/book"], page: Arc::new(|_, problem| problem.respond("")) };
        let documented = ["/reservations/".to_owned(), "/api/v1/menu".to_owned()];
        let request = Request::builder().uri(path).header(header::ACCEPT, accepted).body(Body::empty()).expect("a request");
        Browsers::new(pages, documented.iter()).asked(&request).is_some()
    }

    #[test]
    fn a_browser_reads_pages_and_a_program_problems() {
        assert!(asks("/bok", "text/html,application/xhtml+xml;q=0.9") && asks("/", "text/html"));
        assert!(!asks("/bok", "*/*") && !asks("/bok", "application/json"));
        for program in ["/reservations/1/nothing", "/api/v2", "/docs/nothing", "/openapi.json"] {
            assert!(!asks(program, "text/html"), "{program}");
        }
    }
}
