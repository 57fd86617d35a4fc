//! What the house has several of: areas, tables, groups, exceptions. They differ in their fields; how one is added, changed and removed is the
//! same.

use std::future::Future;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use site::form::typed;
use site::session::forbidden;
use site::shell::see_other;
use site::texts::Catalog;
use sqlx::PgConnection;

use super::form::{Filled, Form, Kept};
use super::{Floor, Link, Page, Told, agrees, shown};
use crate::edit::{Agrees, Section, Stranded};
use crate::host::{Desk, Host};
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
    let form = Form::new(texts, Filled::Kept(T::fresh(&floor)));
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
    let agrees = agrees(&input);
    let added = T::add(&mut connection, desk.app.room(), &values, &agrees).await;
    drop(connection);
    let (outcome, status) = match added {
        Ok((id, stranded)) if agrees(&stranded) => {
            let first = typed(&input, Source::Body, "then") == "setup";
            let to = if first { "/host/setup".to_owned() } else { format!("{}?added={id}", T::PATH) };
            return Ok(see_other(&host.reader.link(&to)));
        }
        Ok((_, stranded)) => (effect(&desk, &host, &stranded, false).await?, StatusCode::OK),
        Err(refusal) => refused(&desk, &host, &mut form, &floor, refusal).await?,
    };
    page_of_all::<T>(&desk, &host, form, outcome, status).await
}

/// Whom an edit strands, which was not made.
async fn effect(desk: &Desk, host: &Host, stranded: &Stranded, is_removing: bool) -> Result<Outcome, Problem> {
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    Ok(Outcome { told: Some(Told::stranded(desk, host, &known, stranded)), seen: shown(stranded), is_removing })
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
            let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
            told = Some(Told::of(desk, host, &known, texts.say("setup-has-bookings"), bookings));
        }
        Refusal::ExceptionExists(id) => {
            let to = host.reader.link(&format!("/host/setup/exceptions/{id}"));
            let link = Link { to, text: texts.say("setup-other-exception") };
            told = Some(Told { bookings: vec![link], ..Told::new(texts.say("setup-exception-exists")) });
        }
        _ => return Err(desk.app.problem(refusal)),
    }
    let status = desk.app.problem(refusal).status();
    Ok((Outcome { told, ..Outcome::default() }, status))
}

/// The page of one.
async fn page_of_one<T: Thing>(
    desk: &Desk,
    host: &Host,
    thing: &T,
    (form, floor): (Form<'_>, &Floor),
    (outcome, status): (Outcome, StatusCode),
) -> Result<Response, Problem> {
    let (texts, (id, version)) = (desk.texts(host), thing.identity());
    let (removes, more) = T::TEXTS.removes;
    let is_declared = is_declared::<T>(desk, &mut *desk.app.connection().await?).await?;
    let page = Page {
        told: outcome.told,
        action: host.reader.link(&format!("{}/{id}", T::PATH)),
        hidden: vec![("version", version.to_string()), ("seen", outcome.seen)],
        is_declared,
        can_check: T::STRANDS,
        removes: (!is_declared).then(|| (texts.say(removes), texts.say(more))),
        is_removing: outcome.is_removing,
        back: Link { to: host.reader.link(T::PATH), text: texts.say(T::TEXTS.title) },
        ..Page::new(desk, host, thing.say(texts, floor), form)
    };
    desk.respond(status, &page)
}

/// One, and what the forms choose from.
async fn found<T: Thing>(desk: &Desk, path: &str) -> Result<(T, Floor), Problem> {
    let missing = || Problem::not_found("page");
    let id = path.parse().map_err(|_| missing())?;
    let mut connection = desk.app.connection().await?;
    let thing = T::find(&mut connection, id).await?.ok_or_else(missing)?;
    Ok((thing, Floor::read(&mut connection).await?))
}

/// Shows one.
async fn show<T: Thing>(State(desk): State<Desk>, host: Host, Path(id): Path<String>) -> Result<Response, Problem> {
    let host = admit::<T>(host)?;
    let (thing, floor) = found::<T>(&desk, &id).await?;
    let mut form = Form::new(desk.texts(&host), Filled::Kept(thing.kept()));
    T::ask(&mut form, &floor);
    page_of_one(&desk, &host, &thing, (form, &floor), (Outcome::default(), StatusCode::OK)).await
}

/// Changes one, or removes it.
async fn change<T: Thing>(State(desk): State<Desk>, host: Host, Path(path): Path<String>, mut input: Input) -> Result<Response, Problem> {
    let host = admit::<T>(host)?;
    input.sent_by_browser()?;
    let is_removing = typed(&input, Source::Body, "action") == "remove";
    let (thing, floor) = match found::<T>(&desk, &path).await {
        // Gone is gone, whoever removed it.
        Err(problem) if is_removing && problem.status() == StatusCode::NOT_FOUND => return Ok(see_other(&host.reader.link(T::PATH))),
        found => found?,
    };
    let mut form = Form::new(desk.texts(&host), if is_removing { Filled::Kept(thing.kept()) } else { Filled::Sent(&input) });
    let values = T::ask(&mut form, &floor);
    let version = typed(&input, Source::Body, "version");
    let accepts = |current: i32| current.to_string() == version;
    let (agrees, edited) = (agrees(&input), (thing.identity().0, &accepts as Accepts<'_>));
    let mut connection = desk.app.connection().await?;
    let edit = match values {
        _ if is_removing => T::remove(&mut connection, desk.app.room(), edited, &agrees).await,
        Some(values) => T::replace(&mut connection, desk.app.room(), edited, &values, &agrees).await,
        None => {
            drop(connection);
            let outcome = (Outcome::default(), StatusCode::UNPROCESSABLE_ENTITY);
            return page_of_one(&desk, &host, &thing, (form, &floor), outcome).await;
        }
    };
    drop(connection);
    let outcome = match edit {
        Ok(stranded) if agrees(&stranded) => return Ok(see_other(&host.reader.link(T::PATH))),
        Ok(stranded) => (effect(&desk, &host, &stranded, is_removing).await?, StatusCode::OK),
        Err(Refusal::OtherVersion(_)) => {
            let texts = desk.texts(&host);
            let told = Told::new(texts.tell("setup-meanwhile", [("now", thing.say(texts, &floor).into())]));
            (Outcome { told: Some(told), is_removing, ..Outcome::default() }, StatusCode::PRECONDITION_FAILED)
        }
        Err(refusal) => {
            let (outcome, status) = refused(&desk, &host, &mut form, &floor, refusal).await?;
            (Outcome { is_removing, ..outcome }, status)
        }
    };
    page_of_one(&desk, &host, &thing, (form, &floor), outcome).await
}
