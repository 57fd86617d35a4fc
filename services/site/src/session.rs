//! The staff's sessions on pages: a cookie with a token that is good for pages alone, and requests that no other site can have a browser send.

use std::sync::Arc;

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code;
use chassis::http::identity::{Caller, Session, Verifier};
use chassis::http::problem::Problem;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::frame::{Frame, Here};
use crate::reader::Reader;
use crate::shell::{Keep, Shell, see_other};

/// How long a session lasts, in seconds: 12 hours, a shift with what is before and after it.
pub const LIFETIME: u64 = 12 * 60 * 60;
/// No form is larger; a request that is longer is refused where it is read, too.
const LARGEST: usize = 64 * 1024;

/// The door to the staff's pages of a service.
#[derive(Clone)]
pub struct Door {
    /// What the pages of the service have in common.
    pub shell: Arc<Shell>,
    /// Verifies sessions.
    pub sessions: Verifier,
}

/// The page of somebody whose session has ended while they filled in a form: what they asked for is in it, to be sent again.
#[derive(Template)]
#[template(path = "session_ended.html")]
struct Ended<'a> {
    frame: Frame<'a>,
    sign_in: String,
    action: String,
    fields: Vec<(String, String)>,
}

/// The name of the cookie. Where browsers come by TLS, its name has them keep other hosts from setting it (RFC 6265bis, 4.1.3.2).
fn name(own_url: &str) -> &'static str {
    if own_url.starts_with("https://") { "__Host-session" } else { "session" }
}

/// The header that gives a browser a session.
pub fn begin(own_url: &str, token: &str) -> HeaderValue {
    cookie(own_url, token, LIFETIME)
}

/// The header that ends the session of a browser.
pub fn end(own_url: &str) -> HeaderValue {
    cookie(own_url, "", 0)
}

fn cookie(own_url: &str, token: &str, seconds: u64) -> HeaderValue {
    let secure = if own_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(own_url));
    HeaderValue::try_from(cookie).expect("a token is ASCII")
}

/// The page on which the staff sign in, which leads them to this address afterwards.
pub fn sign_in(shell: &Shell, reader: &Reader, next: &str) -> String {
    let next = utf8_percent_encode(next, NON_ALPHANUMERIC);
    shell.link(reader, &shell.site.auth_url, &format!("/account/login?next={next}"))
}

/// The page on which the staff choose a password of their own, which leads them to this address afterwards.
pub fn choose_password(shell: &Shell, reader: &Reader, next: Option<&str>) -> String {
    let next = next.map(|next| format!("?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC))).unwrap_or_default();
    shell.link(reader, &shell.site.auth_url, &format!("/account/password{next}"))
}

/// Whether a request comes from a page of this service, as the browser tells (Fetch Metadata); older ones tell the origin.
fn is_own(headers: &HeaderMap, own_url: &str) -> bool {
    let says = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (says("sec-fetch-site"), says("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, origin) => origin == Some(own_url),
    }
}

impl Door {
    /// The session of a request, if there is one that is valid.
    pub fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let name = name(self.shell.own_url());
        let cookies =
            headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
        let mut named = cookies.filter_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='));
        named.find_map(|token| self.sessions.session(token))
    }
}

/// Refuses what another site has a browser send: a layer of every page that changes something for the staff.
pub async fn refuse_foreign(State(door): State<Door>, request: Request, next: Next) -> Response {
    if is_safe(request.method()) || is_own(request.headers(), door.shell.own_url()) {
        return next.run(request).await;
    }
    let detail = "This form was sent by a page of another site. Open the page itself, and send it from there.";
    Problem::new(&code::FORBIDDEN, detail).into_response()
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Lets in who has a session, and has others sign in first: a layer of the staff's pages. Nothing that was filled in is lost.
pub async fn admit(State(door): State<Door>, request: Request, next: Next) -> Response {
    enter(&door, request, next, false).await
}

/// The same for the page on which a password is chosen: it alone is open to somebody who signed in with a one-time password.
pub async fn admit_to_password(State(door): State<Door>, request: Request, next: Next) -> Response {
    enter(&door, request, next, true).await
}

async fn enter(door: &Door, mut request: Request, next: Next, with_one_time: bool) -> Response {
    let (shell, session) = (&door.shell, door.session(request.headers()));
    let reader = Reader::of(&shell.site.languages, request.method(), request.uri(), request.headers());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    // What is asked for by GET can be asked for again.
    let here = is_safe(request.method()).then(|| format!("{}{path}", shell.own_url()));
    match (session, here) {
        (Some(session), here) if session.caller.password_change_required && !with_one_time => {
            see_other(&choose_password(shell, &reader, here.as_deref()))
        }
        (Some(session), _) => {
            request.extensions_mut().insert(session);
            next.run(request).await
        }
        (None, Some(here)) => see_other(&sign_in(shell, &reader, &here)),
        (None, None) => ended(shell, &reader, request).await,
    }
}

async fn ended(shell: &Shell, reader: &Reader, request: Request) -> Response {
    let action = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let body = to_bytes(request.into_body(), LARGEST).await.unwrap_or_default();
    let texts = shell.texts(reader.language);
    let frame = shell.frame(reader, &texts.say("session-ended"), Here::Elsewhere);
    let sign_in = sign_in(shell, reader, &format!("{}/account/signed-in", shell.site.auth_url));
    let page = Ended { frame, sign_in, action, fields: fields(&String::from_utf8_lossy(&body)) };
    match page.render() {
        Ok(html) => shell.respond(StatusCode::UNAUTHORIZED, html, Keep::Nothing),
        Err(error) => Problem::internal(error).into_response(),
    }
}

/// The fields of a form that a browser has sent, but for passwords, which stand in no page.
fn fields(body: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value)));
    pairs.filter(|(name, _)| !name.contains("password")).collect()
}

/// Somebody who has a session: behind [`admit`].
#[derive(Clone, Copy, Debug)]
pub struct SignedIn(pub Session);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let session = parts.extensions.get::<Session>().copied();
        session.map(Self).ok_or_else(|| Problem::internal("a page of the staff is not behind its door"))
    }
}

/// The 403 of somebody whose role is not enough for a page.
pub fn forbidden(caller: Caller) -> Problem {
    let detail = if caller.is_staff() { "This page is for administrators." } else { "This page is for the restaurant's staff." };
    Problem::new(&code::FORBIDDEN, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_form_of_another_site_is_told_from_ones_own() {
        let own = "http://localhost:8002";
        let own_pages =
            [&[("sec-fetch-site", "same-origin")][..], &[("origin", own)], &[("sec-fetch-site", "same-origin"), ("origin", "null")]];
        assert!(own_pages.iter().all(|pairs| is_own(&headers(pairs), own)));
        let foreign = [
            &[][..],
            &[("sec-fetch-site", "same-site"), ("origin", own)],
            &[("sec-fetch-site", "cross-site"), ("origin", own)],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://localhost:8000")],
            &[("origin", "null")],
            &[("origin", "http://localhost:8002.evil.example")],
        ];
        assert!(foreign.iter().all(|pairs| !is_own(&headers(pairs), own)));
    }

    #[test]
    fn a_cookie_is_the_hosts_own_behind_tls_and_works_without() {
        let plain = begin("http://localhost:8002", "a.b.c");
        assert_eq!(plain, "session=a.b.c; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
        let secure = end("https://book.example.com");
        assert_eq!(secure, "__Host-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn what_was_filled_in_is_read_as_a_browser_writes_it() {
        let fields = fields("name=Ada+King&new_password=secret&wishes=a%26b%3D%C3%A9&empty=");
        let expected = [("name", "Ada King"), ("wishes", "a&b=é"), ("empty", "")];
        assert!(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected));
    }
}
