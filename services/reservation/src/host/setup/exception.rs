//! Dates that are different. Hosts may edit them, too: they are of the day.

use house::schedule::{Service, overlaps_of_date};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use site::texts::Catalog;
use sqlx::PgConnection;

use super::form::{Form, Kept};
use super::service::{self, Asked};
use super::thing::{Accepts, Texts, Thing};
use super::{Floor, MOST, joined};
use crate::edit::{Agrees, Section, Stranded};
use crate::exception::{self, Exception, ExceptionId, ExceptionValues};
use crate::http::exception::DATES;
use crate::refusal::{Refusal, Thing as Missing};
use crate::room::Room;
use crate::store;

fn id(id: i32) -> Result<ExceptionId, Refusal> {
    ExceptionId::new(id).ok_or(Refusal::NotFound(Missing::Exception))
}

/// The dates, as people say them.
fn dates(texts: &Catalog, from: Date, until: Date) -> String {
    let date = |date: Date| format!("{} {} {}", texts.short_weekday(date), texts.day(date), date.year());
    if from == until { date(from) } else { texts.tell("days-from-to", [("first", date(from).into()), ("last", date(until).into())]) }
}

/// What is served, and when.
pub(super) fn hours(texts: &Catalog, service: &Service) -> String {
    let hours = [("opens", service.opens.to_string().into()), ("closes", service.closes.to_string().into())];
    format!("{} {}", service.name, texts.tell("hours-from-to", hours))
}

impl Thing for Exception {
    const PATH: &'static str = "/host/setup/exceptions";
    const TEXTS: Texts = Texts {
        title: "setup-exceptions",
        lead: "setup-exceptions-more",
        adds: "setup-add-exception",
        removes: ("setup-remove-exception", "setup-remove-exception-more"),
    };
    const FOR_HOSTS: bool = true;
    const STRANDS: bool = true;
    const SECTION: Option<Section> = None;
    type Values = ExceptionValues;

    async fn all(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        // Those that are over are of no use any more; the restaurant's date is yesterday's at the earliest.
        let since = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_sub(1.day());
        store::exception::list(connection, (Some(since), None), None, MOST).await
    }

    async fn find(connection: &mut PgConnection, id: i32) -> Result<Option<Self>, sqlx::Error> {
        let Some(id) = ExceptionId::new(id) else { return Ok(None) };
        store::exception::get(connection, id).await
    }

    fn identity(&self) -> (i32, i32) {
        (self.id.get(), self.version)
    }

    fn say(&self, texts: &Catalog, _: &Floor) -> String {
        let closed = self.services.is_empty().then(|| texts.say("closed"));
        let services: Vec<_> = self.services.iter().map(|service| Some(hours(texts, service))).collect();
        joined([Some(dates(texts, self.from_date, self.until_date)), closed].into_iter().chain(services).chain([self.note.clone()]))
    }

    fn kept(&self) -> Kept {
        let mut kept = Kept::from([
            ("from".to_owned(), self.from_date.to_string()),
            ("until".to_owned(), self.until_date.to_string()),
            ("note".to_owned(), self.note.clone().unwrap_or_default()),
            ("closed".to_owned(), self.services.is_empty().to_string()),
        ]);
        service::keep(&mut kept, self.services.iter().map(|service| (&[][..], service)));
        kept
    }

    fn fresh(_: &Floor) -> Kept {
        let mut kept = Kept::new();
        service::keep(&mut kept, std::iter::empty());
        kept
    }

    fn ask(form: &mut Form<'_>, _: &Floor) -> Option<ExceptionValues> {
        let (from, until) = (form.date("from", "setup-first-date"), form.date("until", "setup-last-date"));
        let note = form.lines_or_none("note", "setup-note");
        let closed = form.tick("closed", "setup-closed");
        form.hint("setup-closed-more");
        let asked = service::ask(form, false);
        let (from, until) = (from?, until?);
        let days = (until - from).get_days();
        if days < 0 {
            form.refuse("until", "setup-before-first", []);
        } else if days >= DATES {
            form.refuse("until", "setup-many-dates", [("most", DATES.into())]);
        }
        let asked = asked?;
        if form.is_sent() && closed != asked.is_empty() {
            form.refuse("closed", if closed { "setup-closed-and-open" } else { "setup-closed-or-open" }, []);
        }
        let services: Vec<Service> = asked.iter().map(|Asked { service, .. }| service.clone()).collect();
        let follow = service::follow(form, &asked, &overlaps_of_date(&services));
        let note = note?;
        (follow && form.faults.is_empty()).then_some(ExceptionValues { from, until, services, note })
    }

    async fn add(
        connection: &mut PgConnection,
        room: &Room,
        values: &ExceptionValues,
        agrees: Agrees<'_>,
    ) -> Result<(i32, Stranded), Refusal> {
        let (exception, stranded) = exception::add(connection, room, values, agrees).await?;
        Ok((exception.id.get(), stranded))
    }

    async fn replace(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        values: &ExceptionValues,
        agrees: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        Ok(exception::replace(connection, room, accepts, id(number)?, values, agrees).await?.1)
    }

    async fn remove(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        agrees: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        exception::remove(connection, room, accepts, id(number)?, agrees).await
    }
}
