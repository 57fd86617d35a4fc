//! Exceptions from the week.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::{FORBIDDEN, PRECONDITION_FAILED};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::{Staff, Visitor};
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use chassis::http::text::Text;
use house::schedule::{Service, overlaps_of_date};
use http::StatusCode;
use jiff::civil::Date;
use serde::Serialize;

use super::hours::{self, DatedService};
use super::schedule::Trial;
use super::{AppState, with_etag, with_location};
use crate::edit::Stranded;
use crate::exception::{self, Exception, ExceptionId, ExceptionValues};
use crate::refusal::{Refusal, Thing};
use crate::store;

/// The problems of the operations here.
pub const PROBLEMS: &[Problems] = &[
    ("get_exception", &[&PRECONDITION_FAILED]),
    ("create_exception", &[&FORBIDDEN]),
    ("create_exception", exception::ADD_REFUSALS),
    ("replace_exception", &[&FORBIDDEN]),
    ("replace_exception", exception::REPLACE_REFUSALS),
    ("delete_exception", &[&FORBIDDEN, &PRECONDITION_FAILED]),
];

/// How many services a date may have.
const SERVICES: usize = 50;
/// How many dates an exception may have.
pub(crate) const DATES: i32 = 366;

chassis::body! {
    /// Dates with hours of their own.
    pub struct ExceptionBody {
        /// The first of the dates.
        #[example = "2030-12-24"]
        pub from: required Date,
        /// The last of the dates: 366 in all at most.
        #[example = "2030-12-26"]
        pub until: required Date,
        /// Whether the restaurant is closed; then there are no services.
        pub closed: default bool = false,
        /// The services of these dates, in place of the week's.
        pub services: objects DatedService,
        /// A note for the staff.
        #[example = "Christmas"]
        pub note: optional Text<2000>,
    }
}

/// Dates with hours of their own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExceptionView {
    /// The id.
    id: ExceptionId,
    /// The first of the dates.
    from: Date,
    /// The last of the dates.
    until: Date,
    /// Whether the restaurant is closed.
    closed: bool,
    /// The services of these dates, in place of the week's.
    #[schema(value_type = Vec<DatedService>)]
    services: Vec<Service>,
    /// A note; only the staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Christmas")]
    note: Option<String>,
}

/// An exception, and whom the edit strands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExceptionEdited {
    /// The exception.
    #[serde(flatten)]
    exception: ExceptionView,
    /// The bookings ahead that the edit strands: they begin in no service any more. None is cancelled.
    stranded: Stranded,
}

impl ExceptionView {
    fn new(exception: Exception, for_staff: bool) -> Self {
        let Exception { id, from_date: from, until_date: until, services, note, .. } = exception;
        Self { id, from, until, closed: services.is_empty(), services, note: note.filter(|_| for_staff) }
    }
}

impl ExceptionBody {
    fn into_values(self) -> ExceptionValues {
        let services = self.services.into_iter().map(DatedService::into_service).collect();
        ExceptionValues { from: self.from, until: self.until, services, note: self.note }
    }
}

/// Notes what is wrong with an exception that follows the schema.
fn judge(input: &mut Input, body: &ExceptionBody) {
    let days = (body.until - body.from).get_days();
    if days < 0 {
        input.refuse_member("until", "out_of_range", format!("This must not be before `from`, {}.", body.from));
    } else if days >= DATES {
        input.refuse_member("until", "out_of_range", format!("An exception has at most {DATES} dates."));
    }
    if body.closed != body.services.is_empty() {
        let detail = if body.closed {
            "A restaurant that is closed serves nothing: leave the services out, or `closed`."
        } else {
            "Give the services of these dates, or `\"closed\": true`."
        };
        input.refuse_member("services", "closed_or_services", detail);
    }
    if body.services.len() > SERVICES {
        input.refuse_member("services", "too_many", format!("There may be at most {SERVICES} services."));
        return;
    }
    let services: Vec<_> = body.services.iter().cloned().map(DatedService::into_service).collect();
    hours::judge(input, &services.iter().collect::<Vec<_>>(), &overlaps_of_date(&services));
}

chassis::query! {
    /// Which exceptions.
    pub struct Which {
        /// Those that end on this date or later.
        #[example = "2030-12-01"]
        pub from: optional Date,
        /// Those that begin on this date or before.
        #[example = "2030-12-31"]
        pub until: optional Date,
    }
}

/// List the exceptions
///
/// Those of some dates, or all, in the order of the dates.
#[utoipa::path(
    get,
    path = "/reservations/exceptions",
    operation_id = "list_exceptions",
    tag = "house",
    security((), ("bearer" = [])),
    params(Which, Page<Date>),
    responses((status = 200, description = "A page of exceptions", body = Vec<ExceptionView>,
        headers(("Link" = String, description = "The next page, as rel=\"next\", while there is one"))))
)]
pub async fn list(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let (which, page) = (input.read::<Which>(), Page::<Date>::read(&mut input, "exceptions"));
    let (which, page) = input.finish((which, page))?;
    let mut connection = state.connection().await?;
    let found = store::exception::list(&mut connection, (which.from, which.until), page.after().copied(), page.fetch()).await?;
    let for_staff = visitor.is_staff();
    let views = found.into_iter().map(|exception| ExceptionView::new(exception, for_staff)).collect();
    Ok(page.respond(views, |view: &ExceptionView| view.from))
}

/// Get an exception
#[utoipa::path(
    get,
    path = "/reservations/exceptions/{id}",
    operation_id = "get_exception",
    tag = "house",
    security((), ("bearer" = [])),
    params(ExceptionId, Conditions),
    responses(
        (status = 200, description = "The exception", body = ExceptionView, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "The caller has this version"),
    )
)]
pub async fn get(State(state): State<AppState>, visitor: Visitor, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<ExceptionId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let mut connection = state.connection().await?;
    let exception = store::exception::get(&mut connection, id).await?;
    let exception = exception.ok_or_else(|| state.problem(Refusal::NotFound(Thing::Exception)))?;
    let version = exception.version;
    conditions.read(etag::of_version(version), || Json(ExceptionView::new(exception, visitor.is_staff())).into_response())
}

/// Add an exception
///
/// On these dates the restaurant has other hours than in the week, or is closed. Bookings that were made before stay; the answer tells which
/// of them begin in no service any more.
#[utoipa::path(
    post,
    path = "/reservations/exceptions",
    operation_id = "create_exception",
    tag = "house",
    security(("bearer" = [])),
    params(Trial),
    request_body(content = ExceptionBody, examples(
        ("closed" = (summary = "Closed for Christmas", value = json!({"from": "2030-12-24", "until": "2030-12-26", "closed": true, "note": "Christmas"}))),
        ("hours" = (summary = "Other hours on New Year's Eve", value = json!({"from": "2030-12-31", "until": "2030-12-31", "services": [
            {"name": "Gala", "opens": "18:00", "last_seating": "19:00", "closes": "03:00"}]}))),
    )),
    responses((status = 201, description = "The exception", body = ExceptionEdited,
        headers(("Location" = String, description = "Where the exception is"), ("ETag" = String, description = "The version"))))
)]
pub async fn create(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let (trial, body) = (input.read::<Trial>(), input.read::<ExceptionBody>());
    if let Some(body) = &body {
        judge(&mut input, body);
    }
    let (trial, body) = input.finish((trial, body))?;
    let mut connection = state.connection().await?;
    let added = exception::add(&mut connection, state.room(), &body.into_values(), &|_| !trial.dry_run).await;
    let (exception, stranded) = added.map_err(|refusal| state.problem(refusal))?;
    let (id, version) = (exception.id, exception.version);
    let edited = ExceptionEdited { exception: ExceptionView::new(exception, true), stranded };
    Ok(with_location(&format!("/reservations/exceptions/{id}"), etag::of_version(version), &edited))
}

/// Replace an exception
#[utoipa::path(
    put,
    path = "/reservations/exceptions/{id}",
    operation_id = "replace_exception",
    tag = "house",
    security(("bearer" = [])),
    params(ExceptionId, Trial, Conditions),
    request_body(content = ExceptionBody, example = json!({"from": "2031-01-01", "until": "2031-01-02", "closed": true})),
    responses((status = 200, description = "The exception", body = ExceptionEdited, headers(("ETag" = String, description = "The version"))))
)]
pub async fn replace(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<ExceptionId>(), input.conditions());
    let (trial, body) = (input.read::<Trial>(), input.read::<ExceptionBody>());
    if let Some(body) = &body {
        judge(&mut input, body);
    }
    let (id, conditions, trial, body) = input.finish((id, conditions, trial, body))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let replaced = exception::replace(&mut connection, state.room(), &accepts, id, &body.into_values(), &|_| !trial.dry_run).await;
    let (exception, stranded) = replaced.map_err(|refusal| state.problem(refusal))?;
    let version = exception.version;
    Ok(with_etag(StatusCode::OK, version, &ExceptionEdited { exception: ExceptionView::new(exception, true), stranded }))
}

/// Remove an exception
///
/// The week holds again. A dry run answers with the bookings that would be stranded.
#[utoipa::path(
    delete,
    path = "/reservations/exceptions/{id}",
    operation_id = "delete_exception",
    tag = "house",
    security(("bearer" = [])),
    params(ExceptionId, Trial, Conditions),
    responses((status = 200, description = "The bookings ahead that begin in no service any more", body = Stranded))
)]
pub async fn remove(State(state): State<AppState>, _: Staff, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions, trial) = (input.id::<ExceptionId>(), input.conditions(), input.read::<Trial>());
    let (id, conditions, trial) = input.finish((id, conditions, trial))?;
    let accepts = |version| conditions.check_version(version).is_ok();
    let mut connection = state.connection().await?;
    let removed = exception::remove(&mut connection, state.room(), &accepts, id, &|_| !trial.dry_run).await;
    let stranded = removed.map_err(|refusal| state.problem(refusal))?;
    Ok(Json(stranded).into_response())
}
