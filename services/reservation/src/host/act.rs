//! One tap: confirm, seat, leave, no-show, undo.

use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use http::StatusCode;
use jiff::Timestamp;
use site::form::typed;
use site::shell::see_other;

use super::day::{self, Shown};
use super::{Desk, Host, Segment, booking_id, told, version};
use crate::booking::ReservationId;
use crate::http::action::perform;
use crate::refusal::Refusal;
use crate::room::{self, Identity};
use crate::status::{Action, Actor};

/// Does what was tapped.
pub(super) async fn act(State(desk): State<Desk>, host: Host, Segment(id): Segment, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let id = booking_id(&id)?;
    let (date, action) = (input.peek(Source::Body, "date"), typed(&input, Source::Body, "action"));
    let version = version(&input)?;
    let Some(action) = Action::ALL.iter().copied().find(|known| known.as_str() == action) else {
        return Err(Problem::member("action", "unknown", "There is no such action."));
    };
    let accepts = |current| current == version;
    match perform(&desk.app, &host.acting(&accepts), id, action).await {
        Ok(booking) => {
            let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
            let calendar = house::calendar::Calendar::around(&known.house, Timestamp::now());
            let date = date.unwrap_or_else(|| calendar.date_of(Timestamp::now()));
            Ok(see_other(&host.day(date, Some(booking.id.get()))))
        }
        // A thumb that taps twice has done it once.
        Err(Refusal::OtherVersion(_)) if has_done(&desk, &host, id, action).await? => {
            Ok(see_other(&date.map_or_else(|| host.reader.link("/host"), |date| host.day(date, Some(id.get())))))
        }
        Err(refusal) => refused(&desk, &host, (id, refusal), date).await,
    }
}

/// Whether this host did this last.
async fn has_done(desk: &Desk, host: &Host, id: ReservationId, action: Action) -> Result<bool, Problem> {
    let identity = Identity::Account(host.caller.user_id);
    let found = room::find(&mut *desk.app.connection().await?, identity, Actor::Staff, id).await;
    Ok(found.is_ok_and(|booking| {
        let own = booking.changed_by().is_some_and(|changed| changed.user_id == Some(host.caller.user_id));
        own && action.leads_to() == Some(booking.status)
    }))
}

/// The day, with why something was refused.
pub(super) async fn refused(
    desk: &Desk,
    host: &Host,
    (id, refusal): (ReservationId, Refusal),
    date: Option<jiff::civil::Date>,
) -> Result<Response, Problem> {
    let notice = match &refusal {
        Refusal::OtherVersion(_) => told::meanwhile(desk, host, id).await?,
        refusal => told::refusal(desk, host, refusal).await?,
    };
    let Some(notice) = notice else { return Err(desk.app.problem(refusal)) };
    let status = desk.app.problem(refusal).status();
    let status = if status.is_client_error() { status } else { StatusCode::CONFLICT };
    day::page(desk, host, Shown { date, notice: Some(notice), words: String::new() }, status).await
}
