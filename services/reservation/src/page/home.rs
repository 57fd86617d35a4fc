//! The page of the restaurant: its hours, and the ways to a table, to the menu and to a booking.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::problem::Problem;
use house::calendar::Calendar;
use http::StatusCode;
use jiff::Timestamp;
use site::frame::{Frame, Here};
use site::reader::Reader;
use site::shell::Keep;

use super::hours::{self, Row};
use super::{Pages, structured};

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    frame: Frame<'a>,
    week: Vec<Row>,
    different: Vec<Row>,
    structured: String,
}

/// Shows the restaurant.
pub(super) async fn show(State(pages): State<Pages>, reader: Reader) -> Result<Response, Problem> {
    let known = pages.app.room().known(&mut *pages.app.connection().await?).await?;
    let house = &known.house;
    let now = Timestamp::now();
    let today = Calendar::around(house, now).date_of(now);
    let frame = pages.shell.frame(&reader, &pages.shell.site.name, Here::Elsewhere);
    let (week, different) = (hours::week(frame.texts, house, today), hours::different(frame.texts, house, today));
    let structured = structured::restaurant(frame.site, house);
    pages.respond(StatusCode::OK, &Home { frame, week, different, structured }, Keep::Asking)
}
