//! What the house has several of: areas, tables, groups, exceptions. They differ in their fields; how one is added, changed and removed is the
//! same.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::civil::Date;
use site::form::typed;
use site::session::forbidden;
use site::shell::see_other;
use site::texts::Catalog;
use sqlx::PgConnection;

use super::form::{Filled, Form, Kept};
use super::{Floor, Link, Page, Told, agrees, busy, meanwhile, shown};
use crate::edit::{Agrees, Section, Stranded};
use crate::host::{Desk, Host, Segment};
use crate::refusal::Refusal;
use crate::room::Room;

/// The keys of the texts that say what a thing is.
pub(super) struct Texts {
    /// All of them.
    pub(super) title: &'static str,
    /// What they are for.
    pub(super) lead: &'static str,
    /// To add one.
    pub(super) adds: &'static str,
    /// To remove one, and what comes of it.
    pub(super) removes: (&'static str, &'static str),
}

/// The versions on which an edit is made.
pub(super) type Accepts<'a> = &'a (dyn Fn(i32) -> bool + Sync);

/// One of several things of the house.
pub(super) trait Thing: Sized + Send + Sync + 'static {
    /// The path of the page of all.
    const PATH: &'static str;
    /// What it is called.
    const TEXTS: Texts;
    /// Whether hosts may edit it, too.
    const FOR_HOSTS: bool = false;
    /// Whether an edit can strand bookings.
    const STRANDS: bool = false;
    /// The section of the house that it is of, where that can be declared.
    const SECTION: Option<Section> = Some(Section::Floor);
    /// It, as it is to be.
    type Values: Send + Sync;

    /// All of them.
    fn all(connection: &mut PgConnection) -> impl Future<Output = Result<Vec<Self>, sqlx::Error>> + Send;
    /// One.
    fn find(connection: &mut PgConnection, id: i32) -> impl Future<Output = Result<Option<Self>, sqlx::Error>> + Send;
    /// Its id and its version.
    fn identity(&self) -> (i32, i32);
    /// What it is, in a line.
    fn say(&self, texts: &Catalog, floor: &Floor) -> String;
    /// What its form has before anybody has typed.
    fn kept(&self) -> Kept;
    /// What the form of a new one has.
    fn fresh(floor: &Floor) -> Kept;
    /// The fields of its form, and what was sent in them.
    fn ask(form: &mut Form<'_>, floor: &Floor) -> Option<Self::Values>;
    /// Adds one.
    fn add(
        connection: &mut PgConnection,
        room: &Room,
        values: &Self::Values,
        agrees: Agrees<'_>,
    ) -> impl Future<Output = Result<(i32, Stranded), Refusal>> + Send;
    /// Gives one new values.
    fn replace(
        connection: &mut PgConnection,
        room: &Room,
        edited: (i32, Accepts<'_>),
        values: &Self::Values,
        agrees: Agrees<'_>,
    ) -> impl Future<Output = Result<Stranded, Refusal>> + Send;
    /// Removes one.
    fn remove(
        connection: &mut PgConnection,
        room: &Room,
        edited: (i32, Accepts<'_>),
        agrees: Agrees<'_>,
    ) -> impl Future<Output = Result<Stranded, Refusal>> + Send;
}

/// The pages of a kind of things.
pub(super) fn routes<T: Thing>() -> Router<Desk> {
    let one = format!("{}/{{id}}", T::PATH);
    Router::new().route(T::PATH, get(all::<T>).post(add::<T>)).route(&one, get(show::<T>).post(change::<T>))
}

fn admit<T: Thing>(host: Host) -> Result<Host, Problem> {
    if T::FOR_HOSTS || host.caller.is_admin() { Ok(host) } else { Err(forbidden(host.caller)) }
}

/// Whether its section is declared.
async fn is_declared<T: Thing>(desk: &Desk, connection: &mut PgConnection) -> Result<bool, Problem> {
    let known = desk.app.room().known(connection).await?;
    Ok(T::SECTION.is_some_and(|section| known.declared.contains(&section)))
}

/// What a form says beside its fields, once it was sent.
#[derive(Default)]
struct Outcome {
    told: Option<Told>,
    /// The version that the form is sent on from now on.
    version: String,
    seen: String,
    is_removing: bool,
}

/// The page of all things, and the form of a new one.
async fn page_of_all<T: Thing>(
    desk: &Desk,
    host: &Host,
    mut form: Form<'_>,
    outcome: Outcome,
    status: StatusCode,
) -> Result<Response, Problem> {
    let texts = desk.texts(host);
    let mut connection = desk.app.connection().await?;
    let (floor, all) = (Floor::read(&mut connection).await?, T::all(&mut connection).await?);
    let is_declared = is_declared::<T>(desk, &mut connection).await?;
    drop(connection);
    if form.sections.iter().all(|section| section.fields.is_empty()) {
        T::ask(&mut form, &floor);
    }
    let line = |thing: &T| Link { to: host.reader.link(&format!("{}/{}", T::PATH, thing.identity().0)), text: thing.say(texts, &floor) };
    let page = Page {
        lead: texts.say(T::TEXTS.lead),
        told: outcome.told,
        list: all.iter().map(line).collect(),
        adds: texts.say(T::TEXTS.adds),
        action: host.reader.link(T::PATH),
        hidden: vec![("seen", outcome.seen)],
        submit: texts.say("setup-add"),
        is_declared,
        can_check: T::STRANDS,
        ..Page::new(desk, host, texts.say(T::TEXTS.title), form)
    };
    desk.respond(status, &page)
}

/// Shows all, and the form of a new one.
async fn all<T: Thing>(State(desk): State<Desk>, host: Host, input: Input) -> Result<Response, Problem> {
    let host = admit::<T>(host)?;
    let mut connection = desk.app.connection().await?;
    let floor = Floor::read(&mut connection).await?;
    let added = match input.peek(Source::Query, "added") {
        Some(site::form::Typed(id)) => T::find(&mut connection, id.parse().unwrap_or_default()).await?,
        None => None,
    };
    drop(connection);
    let texts = desk.texts(&host);
    let told = added.map(|thing| Told::new(texts.tell("setup-added", [("thing", thing.say(texts, &floor).into())])));
    let told = told.or_else(|| input.has_parameter("saved").then(|| Told::new(texts.say("setup-saved"))));
    let mut kept = T::fresh(&floor);
    if let Some(date) = input.peek::<Date>(Source::Query, "date") {
        kept.extend(["from", "until"].map(|id| (id.to_owned(), date.to_string())));
    }
    let form = Form::new(texts, Filled::Kept(kept));
    page_of_all::<T>(&desk, &host, form, Outcome { told, ..Outcome::default() }, StatusCode::OK).await
}

/// Adds one.
async fn add<T: Thing>(State(desk): State<Desk>, host: Host, mut input: Input) -> Result<Response, Problem> {
    let host = admit::<T>(host)?;
    input.sent_by_browser()?;
    let mut connection = desk.app.connection().await?;
    let floor = Floor::read(&mut connection).await?;
    let mut form = Form::new(desk.texts(&host), Filled::Sent(&input));
    let Some(values) = T::ask(&mut form, &floor) else {
        drop(connection);
        return page_of_all::<T>(&desk, &host, form, Outcome::default(), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    // A thumb that taps twice has added it once.
    if let Some(same) = T::all(&mut connection).await?.iter().find(|thing| differences(*thing, &form, &floor).is_empty()) {
        return Ok(see_other(&host.reader.link(&format!("{}?added={}", T::PATH, same.identity().0))));
    }
    let agrees = agrees(&input);
    let added = T::add(&mut connection, desk.app.room(), &values, &agrees).await;
    drop(connection);
    let (outcome, status) = match added {
        Ok((id, stranded)) if agrees(&stranded) => {
            let first = typed(&input, Source::Body, "then") == "setup";
            let to = if first { "/host/setup".to_owned() } else { format!("{}?added={id}", T::PATH) };
            return Ok(see_other(&host.reader.link(&to)));
        }
        Ok((_, stranded)) => (effect(&desk, &host, &stranded, "setup-add").await?, StatusCode::OK),
        Err(refusal) => refused(&desk, &host, &mut form, &floor, refusal).await?,
    };
    page_of_all::<T>(&desk, &host, form, outcome, status).await
}

/// What a thing has where the form has something else.
fn differences<T: Thing>(thing: &T, form: &Form<'_>, floor: &Floor) -> Vec<String> {
    let mut now = Form::new(form.texts, Filled::Kept(thing.kept()));
    T::ask(&mut now, floor);
    form.differences(&now)
}

/// Whom an edit strands, which was not made.
async fn effect(desk: &Desk, host: &Host, stranded: &Stranded, button: &str) -> Result<Outcome, Problem> {
    let told = Some(Told::stranded(desk, host, stranded, &desk.texts(host).say(button)).await?);
    let is_removing = !matches!(button, "setup-add" | "host-save");
    Ok(Outcome { told, seen: shown(stranded), is_removing, ..Outcome::default() })
}

/// Why an edit is refused: beside the field that is at fault, or above the form.
async fn refused(desk: &Desk, host: &Host, form: &mut Form<'_>, floor: &Floor, refusal: Refusal) -> Result<(Outcome, StatusCode), Problem> {
    let texts = desk.texts(host);
    let mut told = None;
    match &refusal {
        Refusal::TableNumberTaken(number) => form.refuse("number", "setup-number-taken", [("number", (*number).into())]),
        Refusal::AreaNameTaken => form.refuse("name", "setup-area-taken", []),
        Refusal::UnknownArea => form.refuse("area", "setup-choice", []),
        Refusal::NoGroup(why) => super::group::refuse(form, *why),
        Refusal::ManagedByResource(_) => told = Some(Told::new(texts.say("setup-managed"))),
        Refusal::AreaInUse => told = Some(Told::new(texts.say("setup-area-in-use"))),
        Refusal::TableInGroup(groups) => {
            let names: Vec<_> = groups.iter().map(|group| format!("{} ({})", group.name, floor.numbers(&group.table_ids))).collect();
            told = Some(Told::new(texts.tell("setup-in-group", [("groups", names.join(", ").into())])));
        }
        Refusal::TableHasBookings(bookings) => {
            told = Some(Told::of(desk, host, texts.say("setup-has-bookings"), bookings).await?);
        }
        Refusal::ExceptionExists(id) => {
            let to = host.reader.link(&format!("/host/setup/exceptions/{id}"));
            let link = Link { to, text: texts.say("setup-other-exception") };
            told = Some(Told { bookings: vec![link], ..Told::new(texts.say("setup-exception-exists")) });
        }
        _ => {}
    }
    let problem = desk.app.problem(refusal);
    let told = told.or_else(|| busy(desk, host, &problem));
    if told.is_none() && form.faults.is_empty() {
        return Err(problem);
    }
    Ok((Outcome { told, ..Outcome::default() }, problem.status()))
}

/// The page of one.
async fn page_of_one<T: Thing>(
    desk: &Desk,
    host: &Host,
    thing: &T,
    (form, floor): (Form<'_>, &Floor),
    (outcome, status): (Outcome, StatusCode),
) -> Result<Response, Problem> {
    let (texts, (id, _)) = (desk.texts(host), thing.identity());
    let (removes, more) = T::TEXTS.removes;
    let is_declared = is_declared::<T>(desk, &mut *desk.app.connection().await?).await?;
    let page = Page {
        told: outcome.told,
        action: host.reader.link(&format!("{}/{id}", T::PATH)),
        hidden: vec![("version", outcome.version), ("seen", outcome.seen)],
        is_declared,
        can_check: T::STRANDS,
        removes: (!is_declared).then(|| (texts.say(removes), texts.say(more))),
        is_removing: outcome.is_removing,
        back: Link { to: host.reader.link(T::PATH), text: texts.say(T::TEXTS.title) },
        ..Page::new(desk, host, thing.say(texts, floor), form)
    };
    desk.respond(status, &page)
}

/// The thing of a path, where there is one.
async fn found<T: Thing>(connection: &mut PgConnection, path: &str) -> Result<Option<T>, Problem> {
    let Ok(id) = path.parse() else { return Ok(None) };
    Ok(T::find(connection, id).await?)
}

/// Shows one.
async fn show<T: Thing>(State(desk): State<Desk>, host: Host, Segment(path): Segment) -> Result<Response, Problem> {
    let host = admit::<T>(host)?;
    let mut connection = desk.app.connection().await?;
    let thing = found::<T>(&mut connection, &path).await?.ok_or_else(|| Problem::not_found("page"))?;
    let floor = Floor::read(&mut connection).await?;
    drop(connection);
    let mut form = Form::new(desk.texts(&host), Filled::Kept(thing.kept()));
    T::ask(&mut form, &floor);
    let outcome = Outcome { version: thing.identity().1.to_string(), ..Outcome::default() };
    page_of_one(&desk, &host, &thing, (form, &floor), (outcome, StatusCode::OK)).await
}

/// Changes one, or removes it.
async fn change<T: Thing>(State(desk): State<Desk>, host: Host, Segment(path): Segment, mut input: Input) -> Result<Response, Problem> {
    let host = admit::<T>(host)?;
    input.sent_by_browser()?;
    let texts = desk.texts(&host);
    let is_removing = typed(&input, Source::Body, "action") == "remove";
    let done = || see_other(&host.reader.link(&format!("{}?saved", T::PATH)));
    let mut connection = desk.app.connection().await?;
    let floor = Floor::read(&mut connection).await?;
    let Some(thing) = found::<T>(&mut connection, &path).await? else {
        drop(connection);
        return if is_removing { Ok(done()) } else { gone::<T>(&desk, &host, &input, &floor).await };
    };
    let mut form = Form::new(texts, if is_removing { Filled::Kept(thing.kept()) } else { Filled::Sent(&input) });
    let values = T::ask(&mut form, &floor);
    let version = typed(&input, Source::Body, "version");
    let accepts = |current: i32| current.to_string() == version;
    let (agrees, edited) = (agrees(&input), (thing.identity().0, &accepts as Accepts<'_>));
    let edit = match values {
        _ if is_removing => Some(T::remove(&mut connection, desk.app.room(), edited, &agrees).await),
        Some(values) => Some(T::replace(&mut connection, desk.app.room(), edited, &values, &agrees).await),
        None => None,
    };
    let now = match &edit {
        Some(Err(Refusal::OtherVersion(_))) => found::<T>(&mut connection, &path).await?,
        _ => None,
    };
    // The page takes a connection of its own: holding this one while it waits could starve the pool.
    drop(connection);
    let (outcome, status) = match edit {
        None => (Outcome::default(), StatusCode::UNPROCESSABLE_ENTITY),
        Some(Ok(stranded)) if agrees(&stranded) => return Ok(done()),
        Some(Ok(stranded)) => {
            (effect(&desk, &host, &stranded, if is_removing { T::TEXTS.removes.0 } else { "host-save" }).await?, StatusCode::OK)
        }
        Some(Err(Refusal::OtherVersion(_))) => {
            let Some(now) = now else { return gone::<T>(&desk, &host, &input, &floor).await };
            let differences = differences(&now, &form, &floor);
            let told = match is_removing {
                true => Told::new(texts.tell("setup-meanwhile-removing", [("now", now.say(texts, &floor).into())])),
                // It is as it was to be: a thumb tapped twice, or two had the same in mind.
                false if differences.is_empty() => return Ok(done()),
                false => meanwhile(texts, &differences),
            };
            let outcome = Outcome { told: Some(told), version: now.identity().1.to_string(), is_removing, ..Outcome::default() };
            return page_of_one(&desk, &host, &now, (form, &floor), (outcome, StatusCode::PRECONDITION_FAILED)).await;
        }
        Some(Err(refusal)) => {
            let (outcome, status) = refused(&desk, &host, &mut form, &floor, refusal).await?;
            (Outcome { is_removing, ..outcome }, status)
        }
    };
    page_of_one(&desk, &host, &thing, (form, &floor), (Outcome { version, ..outcome }, status)).await
}

/// Somebody removed it meanwhile: what was typed is in the form of a new one.
async fn gone<T: Thing>(desk: &Desk, host: &Host, input: &Input, floor: &Floor) -> Result<Response, Problem> {
    let texts = desk.texts(host);
    let mut form = Form::new(texts, Filled::Sent(input));
    T::ask(&mut form, floor);
    let told = Some(Told::new(texts.say("setup-gone")));
    page_of_all::<T>(desk, host, form, Outcome { told, ..Outcome::default() }, StatusCode::NOT_FOUND).await
}
