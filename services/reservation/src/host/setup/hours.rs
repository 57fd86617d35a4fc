//! The hours of the week.

use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use house::schedule::{Weekly, overlaps_of_week};
use http::{HeaderValue, StatusCode};
use site::form::typed;
use site::shell::see_other;

use super::form::{Filled, Form, Kept};
use super::service::{self, Asked};
use super::{Administrator, Page, Told, agrees, busy, meanwhile, shown};
use crate::edit::Section;
use crate::host::{Desk, Host};
use crate::http::schedule::etag_of;
use crate::refusal::Refusal;
use crate::schedule;

/// What `seen` has once the form has said that a house without services is always open.
const ALWAYS: &str = "always";

/// The services of the form.
fn ask(form: &mut Form<'_>) -> Option<Vec<Weekly>> {
    let asked = service::ask(form, true)?;
    let week: Vec<Weekly> =
        asked.iter().map(|Asked { days, service, .. }| Weekly { days: days.clone(), service: service.clone() }).collect();
    service::follow(form, &asked, &overlaps_of_week(&week)).then_some(week)
}

/// What the form has of a week.
fn keep(week: &[Weekly]) -> Kept {
    let mut kept = Kept::new();
    service::keep(&mut kept, week.iter().map(|weekly| (weekly.days.as_slice(), &weekly.service)));
    kept
}

fn version(week: &[Weekly]) -> String {
    HeaderValue::to_str(&etag_of(week)).unwrap_or_default().to_owned()
}

/// What the form says beside its fields.
#[derive(Default)]
struct Said {
    told: Option<Told>,
    version: String,
    seen: String,
    is_declared: bool,
}

fn page(desk: &Desk, host: &Host, form: Form<'_>, said: Said, status: StatusCode) -> Result<Response, Problem> {
    let texts = desk.texts(host);
    let page = Page {
        lead: texts.say("setup-hours-more"),
        told: said.told,
        action: host.reader.link("/host/setup/hours"),
        hidden: vec![("version", said.version), ("seen", said.seen)],
        is_declared: said.is_declared,
        can_check: true,
        ..Page::new(desk, host, texts.say("setup-hours"), form)
    };
    desk.respond(status, &page)
}

/// Shows the week.
pub(super) async fn show(State(desk): State<Desk>, Administrator(host): Administrator) -> Result<Response, Problem> {
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    let week = known.house.schedule.week();
    let mut form = Form::new(desk.texts(&host), Filled::Kept(keep(week)));
    ask(&mut form);
    page(
        &desk,
        &host,
        form,
        Said { version: version(week), is_declared: known.declared.contains(&Section::OpeningHours), ..Said::default() },
        StatusCode::OK,
    )
}

/// Sets it, or shows whom that strands.
pub(super) async fn set(State(desk): State<Desk>, Administrator(host): Administrator, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let mut form = Form::new(desk.texts(&host), Filled::Sent(&input));
    let said = Said { version: typed(&input, Source::Body, "version"), ..Said::default() };
    let Some(week) = ask(&mut form) else { return page(&desk, &host, form, said, StatusCode::UNPROCESSABLE_ENTITY) };
    let mut connection = desk.app.connection().await?;
    if week.is_empty() && typed(&input, Source::Body, "seen") != ALWAYS {
        let known = desk.app.room().known(&mut connection).await?;
        if !known.house.schedule.week().is_empty() {
            let told = Told::new(desk.texts(&host).say("setup-opens-always"));
            return page(&desk, &host, form, Said { told: Some(told), seen: ALWAYS.to_owned(), ..said }, StatusCode::OK);
        }
    }
    let (agrees, accepts) = (agrees(&input), |before: &[Weekly]| version(before) == said.version);
    let edit = schedule::replace(&mut connection, desk.app.room(), &accepts, &week, &agrees).await;
    let known = desk.app.room().known(&mut connection).await?;
    drop(connection);
    match edit {
        Ok(stranded) if agrees(&stranded) => Ok(see_other(&host.reader.link("/host/setup?saved"))),
        Ok(stranded) => {
            let told = Told::stranded(&desk, &host, &stranded, &desk.texts(&host).say("host-save")).await?;
            page(&desk, &host, form, Said { told: Some(told), seen: shown(&stranded), ..said }, StatusCode::OK)
        }
        Err(Refusal::OtherContent) => {
            let mut now = Form::new(form.texts, Filled::Kept(keep(known.house.schedule.week())));
            ask(&mut now);
            let differences = form.differences(&now);
            if differences.is_empty() {
                return Ok(see_other(&host.reader.link("/host/setup?saved")));
            }
            let told = Some(meanwhile(form.texts, &differences));
            let said = Said { told, version: version(known.house.schedule.week()), ..said };
            page(&desk, &host, form, said, StatusCode::PRECONDITION_FAILED)
        }
        Err(Refusal::ManagedByResource(_)) => {
            let told = Told::new(desk.texts(&host).say("setup-managed"));
            page(&desk, &host, form, Said { told: Some(told), is_declared: true, ..said }, StatusCode::CONFLICT)
        }
        Err(refusal) => {
            let problem = desk.app.problem(refusal);
            let Some(told) = busy(&desk, &host, &problem) else { return Err(problem) };
            page(&desk, &host, form, Said { told: Some(told), ..said }, problem.status())
        }
    }
}
