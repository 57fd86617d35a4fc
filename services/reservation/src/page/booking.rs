//! A booking, as its guest sees it by its link.

use askama::Template;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse as _, Response};
use chassis::http::problem::Problem;
use http::StatusCode;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::shell::{Keep, see_other};
use site::texts::Catalog;

use super::Pages;
use crate::booking::Reservation;
use crate::link::Token;
use crate::refusal::Refusal;
use crate::room::{self, Acting, Identity};
use crate::status::{Action, Actor, Status};

/// A guest who has opened the link of a booking.
pub(crate) struct Linked {
    /// The booking.
    pub(crate) booking: Reservation,
    /// By what they are known: the link.
    pub(crate) identity: Identity,
    key: String,
    /// What has just been done, as the page says that follows it.
    done: Option<&'static str>,
    pub(crate) reader: Reader,
}

/// What a page may say that has been done.
const DONE: [&str; 2] = ["changed", "saved"];

impl FromRequestParts<Pages> for Linked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let Ok(reader) = Reader::from_request_parts(parts, pages).await;
        let code = Path::<String>::from_request_parts(parts, pages).await.map(|Path(code)| code).unwrap_or_default();
        let of = |name: &str| parts.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix(name));
        let (key, done) =
            (of("k=").unwrap_or_default().to_owned(), of("done=").and_then(|done| DONE.into_iter().find(|word| *word == done)));
        match open(pages, &code, &key).await {
            Ok(Some((booking, identity))) => Ok(Self { booking, identity, key, done, reader }),
            Ok(None) => Err(ended(pages, &reader).unwrap_or_else(Problem::into_response)),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

/// The booking of a link, where the link is good.
async fn open(pages: &Pages, code: &str, key: &str) -> Result<Option<(Reservation, Identity)>, Problem> {
    let Ok(token) = key.parse::<Token>() else { return Ok(None) };
    let Some(version) = pages.app.good_version(&token).await? else { return Ok(None) };
    let identity = Identity::Link(token.id, version);
    let mut connection = pages.app.connection().await?;
    match room::find(&mut connection, identity, Actor::Guest, token.id).await {
        Ok(booking) => Ok(Some((booking, identity)).filter(|(booking, _)| booking.reservation_code.eq_ignore_ascii_case(code))),
        Err(Refusal::NotFound(_) | Refusal::LinkEnded) => Ok(None),
        Err(refusal) => Err(pages.app.problem(refusal)),
    }
}

#[derive(Template)]
#[template(path = "booking_ended.html")]
struct Ended<'a> {
    frame: Frame<'a>,
}

/// The page of a link that is not good, or no more.
pub(super) fn ended(pages: &Pages, reader: &Reader) -> Result<Response, Problem> {
    let title = pages.shell.texts(reader.language).say("link-ended");
    pages.respond(StatusCode::NOT_FOUND, &Ended { frame: pages.shell.frame(reader, &title, Here::Booking) }, Keep::Nothing)
}

impl Linked {
    /// A page of the booking.
    pub(super) fn link(&self, below: &str) -> String {
        self.reader.link(&format!("/b/{}{below}?k={}", self.booking.reservation_code, self.key))
    }

    /// The key of the link.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Leads to the booking, which says there what was done. Where its link has changed, it is the new one.
    pub(super) fn back(&self, pages: &Pages, booking: &Reservation, done: &str) -> Response {
        let key = pages.app.link_of(booking).map_or_else(|| self.key.clone(), |link| link.manage_token);
        let done = if done.is_empty() { String::new() } else { format!("&done={done}") };
        see_other(&self.reader.link(&format!("/b/{}?k={key}{done}", booking.reservation_code)))
    }

    /// The guest, who acts on the version that their form showed.
    pub(super) fn acting<'a>(&self, accepts: &'a (dyn Fn(i32) -> bool + Sync)) -> Acting<'a> {
        Acting { identity: self.identity, actor: Actor::Guest, accepts }
    }

    /// The frame of a page of the booking.
    pub(super) fn frame<'a>(&self, pages: &'a Pages, title: &str) -> Frame<'a> {
        pages.shell.frame(&self.reader, title, Here::Booking)
    }
}

/// The booking, as every page of it tells it.
pub(super) struct Facts {
    pub(super) code: String,
    pub(super) when: String,
    pub(super) until: String,
    pub(super) guests: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) wishes: Option<String>,
}

impl Facts {
    pub(super) fn of(pages: &Pages, texts: &Catalog, booking: &Reservation) -> Self {
        let local = |time: Timestamp| time.to_zoned(pages.app.restaurant().time_zone.clone());
        let (start, end) = (local(booking.span().start), local(booking.span().end));
        Self {
            code: booking.reservation_code.clone(),
            when: texts.moment(start.date(), start.time()),
            until: texts.time(end.time()),
            guests: texts.tell("guests", [("guests", booking.guests_count.get().into())]),
            name: booking.contact_name.clone(),
            email: booking.contact_email.clone(),
            phone: booking.contact_phone.clone(),
            wishes: booking.special_requests.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "booking.html")]
struct Shown<'a> {
    frame: Frame<'a>,
    facts: Facts,
    heading: String,
    more: String,
    done: Option<String>,
    /// Whether the booking is ahead.
    awaited: bool,
    can_change: bool,
    can_cancel: bool,
    /// Whether the guest got the link by mail.
    mailed: bool,
    change: String,
    details: String,
    cancel: String,
    calendar: String,
}

/// The state, as the texts tell it.
fn state(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Confirmed => "confirmed",
        Status::Seated => "seated",
        Status::Completed => "completed",
        Status::Cancelled => "cancelled",
        Status::NoShow => "missed",
    }
}

/// Shows the booking.
pub(super) async fn show(State(pages): State<Pages>, linked: Linked) -> Result<Response, Problem> {
    let (booking, now) = (&linked.booking, Timestamp::now());
    let moment = booking.moment(now);
    let known = pages.app.room().known(&mut *pages.app.connection().await?).await?;
    let until = SignedDuration::from_mins(known.house.rules.change_until_minutes.into());
    let texts = pages.shell.texts(linked.reader.language);
    let key = format!("state-{}", state(booking.status));
    let heading = texts.say(&key);
    let page = Shown {
        facts: Facts::of(&pages, texts, booking),
        more: texts.say(&format!("{key}-more")),
        done: linked.done.map(|done| texts.say(&format!("done-{done}"))),
        awaited: matches!(booking.status, Status::Pending | Status::Confirmed) && now < booking.span().start,
        can_change: moment.may_change(Actor::Guest) && now + until <= booking.span().start,
        can_cancel: moment.may(Actor::Guest, Action::Cancel),
        mailed: pages.app.sends_mail() && booking.contact_email.is_some(),
        change: linked.link("/change"),
        details: linked.link("/details"),
        cancel: linked.link("/cancel"),
        calendar: linked.link("/calendar.ics"),
        frame: linked.frame(&pages, &heading),
        heading,
    };
    pages.respond(StatusCode::OK, &page, Keep::Nothing)
}
