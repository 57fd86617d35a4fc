//! What all pages of a service have in common: the restaurant, the texts, the files, and the headers of an answer.

use axum::body::Body;
use axum::response::Response;
use chassis::http::identity::Caller;
use chassis::http::problem::Problem;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::assets::Assets;
use crate::frame::{Frame, Here};
use crate::language::Language;
use crate::reader::Reader;
use crate::settings::Site;
use crate::texts::{Catalog, Texts};

/// What the pages of a service have in common.
pub struct Shell {
    /// The restaurant, as it presents itself.
    pub site: Site,
    assets: Assets,
    texts: Texts,
    /// Where browsers reach this service.
    own_url: String,
    policy: HeaderValue,
}

/// What caches may keep of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It may be kept, and is asked for again each time.
    Asking,
    /// Nothing: it is a guest's own, or a form that is sent once.
    Nothing,
}

impl Shell {
    /// The pages of a service, which browsers reach at `own_url`.
    pub fn new(service: &str, site: &Site, own_url: &str, texts: Texts) -> Self {
        let mut policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                          form-action 'self'"
            .to_owned();
        let mut named = vec![own_url];
        for url in [&site.auth_url, &site.menu_url, &site.reservation_url] {
            if !named.contains(&url.as_str()) {
                named.push(url);
                policy.push(' ');
                policy.push_str(url);
            }
        }
        policy.push_str("; base-uri 'none'; frame-ancestors 'none'");
        Self {
            assets: Assets::new(service, site.accent),
            texts,
            own_url: own_url.to_owned(),
            policy: HeaderValue::try_from(policy).expect("the settings take URLs of visible ASCII alone"),
            site: site.clone(),
        }
    }

    /// The pages of a service, some of which have this script.
    #[must_use]
    pub fn with_script(mut self, service: &str, source: &str) -> Self {
        self.assets.add_script(service, source);
        self
    }

    /// Where browsers reach this service.
    pub fn own_url(&self) -> &str {
        &self.own_url
    }

    /// The files that pages load.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The texts of a language.
    pub fn texts(&self, language: Language) -> &Catalog {
        self.texts.of(language)
    }

    /// What stands around the content of a page.
    pub fn frame(&self, reader: &Reader, title: &str, here: Here) -> Frame<'_> {
        Frame::new(self, reader, title, here, None)
    }

    /// What stands around the content of a page for the staff.
    pub fn staff_frame(&self, reader: &Reader, title: &str, here: Here, caller: Caller) -> Frame<'_> {
        Frame::new(self, reader, title, here, Some(caller))
    }

    /// A page of the service that browsers reach at this URL, as a link from this one.
    pub(crate) fn link(&self, reader: &Reader, url: &str, path: &str) -> String {
        // Within one host a link names none, and so works behind whatever name the guest came by.
        reader.link(&format!("{}{path}", if url == self.own_url { "" } else { url }))
    }

    /// A page, as it is sent.
    pub fn respond(&self, status: StatusCode, html: impl Into<Body>, keep: Keep) -> Response {
        let mut response = Response::new(html.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
        if keep == Keep::Nothing {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
        } else {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        response
    }
}

/// A page that says when one may try again has it in its header, too.
pub fn with_retry(mut response: Response, problem: &Problem) -> Response {
    if let Some(seconds) = problem.waits() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Leads a browser to another page, which it asks for by GET.
pub fn see_other(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_to_the_three_services_and_nowhere_else() {
        let site = Site { reservation_url: "https://a.example".to_owned(), menu_url: "https://a.example".to_owned(), ..Site::default() };
        let shell = Shell::new("reservation", &site, &site.reservation_url, Texts::new(["", "", ""]));
        let policy = shell.policy.to_str().expect("ASCII");
        assert!(policy.contains("form-action 'self' http://localhost:8000; base-uri"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
