//! The hours of the week, and the days of the next fortnight that are different.

use house::House;
use house::schedule::{Day, Service};
use jiff::ToSpan as _;
use jiff::civil::Date;
use site::texts::Catalog;

/// How far ahead days that are different are told, in days.
const AHEAD: i64 = 14;

/// A date, and what is served on it.
type Dated<'a> = (Date, Vec<&'a Service>);

/// A row: a day or several, and what is served.
pub(crate) struct Row {
    pub(crate) days: String,
    /// The name and the hours of each service; none where it is closed.
    pub(crate) services: Vec<(String, String)>,
}

fn row(texts: &Catalog, days: String, services: &[&Service]) -> Row {
    let service = |service: &&Service| {
        let hours = [("opens", service.opens.to_string().into()), ("closes", service.closes.to_string().into())];
        (service.name.clone(), texts.tell("hours-from-to", hours))
    };
    let mut services = services.to_vec();
    services.sort_by_key(|service| service.opens);
    Row { days, services: services.iter().map(service).collect() }
}

/// What the week has for a date.
fn usual(house: &House, date: Date) -> Vec<&Service> {
    let of = |weekly: &&house::schedule::Weekly| weekly.days.contains(&Day(date.weekday()));
    house.schedule.week().iter().filter(of).map(|weekly| &weekly.service).collect()
}

/// The week, from Monday on; days that follow each other and have the same hours are one row. Nothing where the restaurant has no hours.
pub(crate) fn week(texts: &Catalog, house: &House, today: Date) -> Vec<Row> {
    if house.schedule.week().is_empty() {
        return Vec::new();
    }
    let monday = today.saturating_sub(i64::from(today.weekday().to_monday_zero_offset()).days());
    let days: Vec<_> = (0..7_i64).map(|day| monday.saturating_add(day.days())).map(|date| (date, usual(house, date))).collect();
    rows(texts, &days, |date| texts.weekday(date))
}

/// The days ahead on which the hours are not those of the week.
pub(crate) fn different(texts: &Catalog, house: &House, today: Date) -> Vec<Row> {
    let dates = (0..AHEAD).map(|day| today.saturating_add(day.days()));
    let services = |date| house.schedule.services(date).map(|services| (date, services));
    let days: Vec<_> = dates.filter_map(services).filter(|(date, services)| *services != usual(house, *date)).collect();
    rows(texts, &days, |date| format!("{} {}", texts.short_weekday(date), texts.day(date)))
}

fn rows(texts: &Catalog, days: &[Dated<'_>], say: impl Fn(Date) -> String) -> Vec<Row> {
    let follows = |(one, of_one): &Dated<'_>, (next, of_next): &Dated<'_>| one.saturating_add(1.day()) == *next && of_one == of_next;
    let runs = days.chunk_by(follows).filter_map(|run| Some((run.first()?, run.last()?)));
    let of = |((first, services), (last, _)): (&Dated<'_>, &Dated<'_>)| {
        let days = if first == last {
            say(*first)
        } else {
            texts.tell("days-from-to", [("first", say(*first).into()), ("last", say(*last).into())])
        };
        row(texts, days, services)
    };
    runs.map(of).collect()
}
