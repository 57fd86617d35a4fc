//! Booking a table: a party, a day and a time; then the guest's details; then the booking's own page.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::shell::{Keep, see_other};

use super::asked::{Asked, form_key, instant_of};
use super::contact::Contact;
use super::offer::{Offer, Open};
use super::picker::{Picker, TimeLink, Way, named, spoken};
use super::shown::Made;
use super::why::{self, When};
use super::{Notice, Pages, structured};
use crate::availability::{self, Search, Slot, State as SlotState};
use crate::http::create::turn;
use crate::http::guest::{Network, NewGuestReservation};
use crate::http::made::{self, Asked as Wanted, Given};
use crate::refusal::Refusal;
use crate::store::database::Database;
use crate::store::idempotency::{Keyed, Scope};

/// Where the page is, as forms know it.
const PATH: &str = "/book";

/// Choosing a time.
#[derive(Template)]
#[template(path = "book.html")]
struct Book<'a> {
    frame: Frame<'a>,
    picker: Picker,
    /// Why the time that was asked for cannot be had, and the nearest ones that can.
    refused: Option<Notice>,
    others: Vec<TimeLink>,
    structured: String,
}

/// The guest's details.
#[derive(Template)]
#[template(path = "book_details.html")]
struct Details<'a> {
    frame: Frame<'a>,
    contact: Contact,
    phone_required: bool,
    /// What is booked.
    when: String,
    until: String,
    guests: String,
    area: Option<String>,
    /// The names and values of the form that nobody types.
    hidden: Vec<(&'static str, String)>,
    /// The page on which another time is chosen.
    back: String,
    policy: Option<String>,
    pending: bool,
    /// Why the time cannot be had, and the nearest ones that can.
    refused: Option<Notice>,
    others: Vec<TimeLink>,
    /// Whether the form can be sent for the time that was chosen.
    can_book: bool,
}

/// No table can be booked online.
#[derive(Template)]
#[template(path = "book_closed.html")]
struct Closed<'a> {
    frame: Frame<'a>,
    told: String,
}

fn closed(pages: &Pages, reader: &Reader, status: StatusCode, key: &str) -> Result<Response, Problem> {
    let frame = frame(pages, reader);
    let told = frame.say(key);
    pages.respond(status, &Closed { frame, told }, Keep::Asking)
}

fn frame<'a>(pages: &'a Pages, reader: &Reader) -> Frame<'a> {
    let title = pages.shell.texts(reader.language).say("nav-book");
    pages.shell.frame(reader, &title, Here::Book)
}

/// Shows the times of a day, or the form for one of them.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader, input: Input) -> Result<Response, Problem> {
    let asked = Asked::of(&input, Source::Query);
    let (now, room) = (Timestamp::now(), pages.app.room());
    let mut database = Database::of(pages.app.pool());
    let Some(open) = Open::of(&mut database, room, now).await? else {
        return closed(&pages, &reader, StatusCode::OK, "book-no-tables");
    };
    if !pages.app.gives_links() || !open.known.house.rules.guests_without_account {
        return closed(&pages, &reader, StatusCode::OK, "book-by-phone");
    }
    let time = asked.date.zip(asked.time.as_deref()).and_then(|(date, time)| Some((date, instant_of(&open.known.house, date, time)?)));
    let frame = frame(&pages, &reader);
    let (mut refused, mut others) = (None, Vec::new());
    if let Some((date, time)) = time {
        let slot = availability::slot(&mut database, (room, &open.known), time, open.wish(&asked), now).await?;
        if slot.state == SlotState::Available {
            let page = Details::new(&pages, &reader, &open, (&asked, date, slot), Contact::default());
            return pages.respond(StatusCode::OK, &page, Keep::Nothing);
        }
        let search = Search { wish: open.wish(&asked), wanted: time, own: &[], counted: None, now };
        let mut times = availability::alternatives(&mut database, (room, &open.known), search).await?;
        times.sort_unstable();
        refused = slot.reason.map(|reason| why::told(frame.texts, &open, open.guests(&asked), When::Time(time), Some(reason)));
        let link = |time: Timestamp| {
            let (of, name) = named(&open, time);
            let to = page_of(&reader, &open, &asked, Some((of, &name)));
            TimeLink { to, text: spoken(frame.texts, &open, date, time), below: None, now: false }
        };
        others = times.into_iter().map(link).collect();
    }
    let dates = Offer::dates(&mut database, (room, &open), &asked).await?;
    let made = Made::of(open.known.version, (open.today, open.last), &dates);
    // A page that says why a time cannot be had is the guest's who asked for it.
    let address = reader.address.clone().filter(|_| time.is_none()).map(|address| (address, reader.language, reader.chosen().is_some()));
    if let Some(html) = address.as_ref().and_then(|address| pages.shown.get(address, &made)) {
        return Ok(pages.shell.respond(StatusCode::OK, html, Keep::Asking));
    }
    let offer = Offer::of(&open, &asked, &dates);
    let way = Way { path: PATH.to_owned(), keeps: Vec::new(), comes: None, version: None, reader: &reader };
    let picker = Picker::new(&frame, &open, &offer, &asked, &way);
    let structured = structured::restaurant(frame.site, &open.known.house);
    let html = Bytes::from(Book { frame, picker, refused, others, structured }.render().map_err(Problem::internal)?);
    if let Some(address) = address {
        pages.shown.keep(address, made, html.clone());
    }
    Ok(pages.shell.respond(StatusCode::OK, html, Keep::Asking))
}

/// The page with these choices, and perhaps with a time.
fn page_of(reader: &Reader, open: &Open, asked: &Asked, time: Option<(Date, &str)>) -> String {
    let mut query = format!("{PATH}?guests={}", open.guests(asked));
    if let Some(date) = time.map(|(date, _)| date).or(asked.date) {
        query.push_str(&format!("&date={date}"));
    }
    if let Some(area) = open.area(asked) {
        query.push_str(&format!("&area={}", area.id));
    }
    if let Some((_, time)) = time {
        query.push_str(&format!("&time={}", time.replace('+', "%2B")));
    }
    reader.link(&query)
}

impl<'a> Details<'a> {
    fn new(pages: &'a Pages, reader: &Reader, open: &Open, (asked, date, slot): (&Asked, Date, Slot), contact: Contact) -> Self {
        let (frame, rules) = (frame(pages, reader), &open.known.house.rules);
        let texts = frame.texts;
        let guests = open.guests(asked);
        let [start, end] = [slot.time, slot.ends_at].map(|time| time.to_zoned(open.known.house.time_zone.clone()));
        let (_, name) = named(open, slot.time);
        let area = open.area(asked);
        let mut hidden = vec![("guests", guests.to_string()), ("date", date.to_string()), ("time", name)];
        hidden.extend(area.map(|area| ("area", area.id.to_string())));
        hidden.push(("key", fresh_key()));
        let back =
            frame.link(&format!("{PATH}?guests={guests}&date={date}{}", area.map(|area| format!("&area={}", area.id)).unwrap_or_default()));
        Self {
            contact,
            phone_required: rules.phone_required,
            when: texts.moment(start.date(), start.time()),
            until: texts.time(end.time()),
            guests: texts.tell("guests", [("guests", guests.get().into())]),
            area: area.map(|area| area.name.clone()),
            hidden,
            back,
            policy: rules.policy.clone(),
            pending: !pages.app.restaurant().auto_confirm || rules.confirms(guests.get()),
            refused: None,
            others: Vec::new(),
            can_book: true,
            frame,
        }
    }
}

/// A key that no other form has.
pub(crate) fn fresh_key() -> String {
    let mut bytes = [0; 16];
    // Without randomness from the system no link could be signed either; two forms of one key are told apart by what they ask for.
    let _ = getrandom::fill(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes)
}

/// Books a table.
pub(super) async fn book(
    State(pages): State<Pages>,
    reader: Reader,
    Network(network): Network,
    mut input: Input,
) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let (now, asked, mut contact) = (Timestamp::now(), Asked::of(&input, Source::Body), Contact::of(&input));
    let open = Open::of(&mut Database::of(pages.app.pool()), pages.app.room(), now).await?;
    let Some(open) = open else { return closed(&pages, &reader, StatusCode::CONFLICT, "book-no-tables") };
    if !pages.app.gives_links() || !open.known.house.rules.guests_without_account {
        return closed(&pages, &reader, StatusCode::FORBIDDEN, "book-by-phone");
    }
    // A time that was offered in place of the first.
    let instead = input.peek::<Timestamp>(Source::Body, "instead").map(|time| (named(&open, time).0, time));
    let chosen = || asked.date.zip(asked.time.as_deref()).and_then(|(date, time)| Some((date, instant_of(&open.known.house, date, time)?)));
    let Some((date, start)) = instead.or_else(chosen) else { return Ok(see_other(&page_of(&reader, &open, &asked, None))) };
    let attempt = Attempt { pages: &pages, reader: &reader, open: &open, asked: &asked, date, start, now };
    let texts = pages.shell.texts(reader.language);
    let Some(checked) = contact.check(texts, open.known.house.rules.phone_required) else {
        return attempt.back(contact, StatusCode::UNPROCESSABLE_ENTITY, None).await;
    };
    let body = NewGuestReservation {
        table_id: None,
        area_id: open.area(&asked).map(|area| area.id),
        guests_count: open.guests(&asked),
        reservation_time: start,
        duration_minutes: None,
        contact_name: checked.name,
        contact_email: checked.email,
        contact_phone: checked.phone,
        special_requests: checked.wishes,
        language: Some(reader.language),
    };
    let keyed = form_key(&input).map(|key| keyed(key, &body));
    let wish = body.into_wish(&pages.app, network);
    let _turn = turn(&pages.app, &wish, now).await;
    match made::give(&pages.app, &Wanted::Table(wish, now), keyed.as_ref(), &input.request_id).await {
        Ok(given) => Ok(see_other(&reader.link(&booked(&given)))),
        Err(refusal) => attempt.refused(contact, refusal).await,
    }
}

/// The request, as its key knows it.
fn keyed(key: String, body: &NewGuestReservation) -> Keyed {
    let asked = format!("{body:?}");
    Keyed {
        scope: Scope::Email(body.contact_email.as_str().to_owned()),
        key,
        fingerprint: Sha256::new().chain_update(PATH).chain_update(asked).finalize().into(),
    }
}

/// The page of a booking that was made. One whose link went to another address meanwhile is found by its code.
fn booked(given: &Given) -> String {
    #[derive(Deserialize)]
    struct Made {
        reservation_code: String,
        manage_token: String,
    }
    let made = serde_json::from_slice::<Made>(&given.answer.body);
    made.map_or_else(|_| "/b".to_owned(), |made| format!("/b/{}?k={}", made.reservation_code, made.manage_token))
}

/// A form that was sent.
struct Attempt<'a> {
    pages: &'a Pages,
    reader: &'a Reader,
    open: &'a Open,
    asked: &'a Asked,
    date: Date,
    start: Timestamp,
    now: Timestamp,
}

impl Attempt<'_> {
    /// The form again, with what was typed; with the times that are free in place of one that is not.
    async fn back(&self, contact: Contact, status: StatusCode, refused: Option<(Notice, Vec<Timestamp>)>) -> Result<Response, Problem> {
        let Self { pages, reader, open, asked, date, start, now } = self;
        let wish = open.wish(asked);
        let slot = availability::slot(&mut Database::of(pages.app.pool()), (pages.app.room(), &open.known), *start, wish, *now).await?;
        let mut page = Details::new(pages, reader, open, (asked, *date, slot), contact);
        if let Some((notice, mut times)) = refused {
            times.sort_unstable();
            let texts = page.frame.texts;
            let button = |time: Timestamp| TimeLink {
                to: time.to_string(),
                text: texts.tell("book-instead", [("time", spoken(texts, open, *date, time).into())]),
                below: None,
                now: false,
            };
            page.others = times.into_iter().map(button).collect();
            page.refused = Some(notice);
            page.can_book = matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::TOO_MANY_REQUESTS);
        }
        pages.respond(status, &page, Keep::Nothing)
    }

    /// The form again, with why it was refused.
    async fn refused(&self, mut contact: Contact, refusal: Refusal) -> Result<Response, Problem> {
        let texts = self.pages.shell.texts(self.reader.language);
        let guests = self.open.guests(self.asked);
        let told = |reason| why::told(texts, self.open, guests, When::Time(self.start), Some(reason));
        let refused = match &refusal {
            Refusal::Time(reason) => Some((told(*reason), Vec::new())),
            Refusal::NotBookable(reason, times) => Some((told(*reason), times.clone())),
            Refusal::NoTableFree(times) => Some((told(house::reason::Reason::NoTableFree), times.clone())),
            Refusal::NoTableFits(_) => Some((told(house::reason::Reason::NoTableFits), Vec::new())),
            Refusal::TooMany(..) => Some((Notice::to_talk(texts.say("book-too-often")), Vec::new())),
            Refusal::KeyReused => Some((Notice::told(texts.say("book-sent-before")), Vec::new())),
            Refusal::Invalid(faults) if faults.phone_missing => {
                contact.refuse(texts, "phone", "phone-missing");
                None
            }
            _ => return Err(self.pages.app.refused(refusal)),
        };
        let seconds = if let Refusal::TooMany(_, seconds) = &refusal { Some(*seconds) } else { None };
        let status = self.pages.app.refused(refusal).status();
        let mut response = self.back(contact, status, refused).await?;
        if let Some(seconds) = seconds {
            response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
        }
        Ok(response)
    }
}
