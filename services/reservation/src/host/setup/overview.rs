//! The house on one page: what it has, what is missing before guests can book, and whom the hours strand.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use house::House;
use house::rules::Rules;
use house::schedule::Day;
use http::StatusCode;
use site::frame::{Frame, Here};
use site::texts::Catalog;

use super::exception::hours;
use super::thing::Thing as _;
use super::{Administrator, Floor, Told};
use crate::area::Area;
use crate::edit::{self, Section, Stranded};
use crate::exception::Exception;
use crate::group::Group;
use crate::host::Desk;
use crate::store;
use crate::table::Table;

/// How many lines a part of the house has on the page at most.
const LINES: usize = 8;
/// How many bookings are named.
const NAMED: usize = 20;

/// A part of the house.
struct Part {
    heading: String,
    lines: Vec<String>,
    /// Whether it is declared, and changed there only.
    is_declared: bool,
    to: String,
    change: String,
}

#[derive(Template)]
#[template(path = "host_setup.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// Whether there is no table at all.
    is_empty: bool,
    /// What is missing, or could be next.
    next: Option<String>,
    parts: Vec<Part>,
    stranded: Option<Told>,
    /// Whether a part was just saved.
    is_saved: bool,
    tables: String,
}

fn lines_of_week(texts: &Catalog, house: &House) -> Vec<String> {
    let week = house.schedule.week();
    if week.is_empty() {
        return vec![texts.say("setup-always-open")];
    }
    let line = |weekly: &house::schedule::Weekly| {
        let named = Day::ALL.into_iter().enumerate().filter(|(_, (day, _))| weekly.days.contains(day));
        let days: Vec<_> = named.map(|(number, _)| texts.say(&format!("weekday-short-{}", number + 1))).collect();
        format!("{} · {}", days.join(", "), hours(texts, &weekly.service))
    };
    week.iter().map(line).collect()
}

/// The rules, each with what it is called.
fn facts(texts: &Catalog, rules: &Rules) -> Vec<(String, String)> {
    let number = |number: Option<i32>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    let word = |is: bool| texts.say(if is { "setup-yes" } else { "setup-no" });
    let turn = |turn: &house::rules::TurnTime| {
        texts.tell("setup-turn", [("guests", turn.up_to.into()), ("length", texts.minutes(turn.minutes.into()).into())])
    };
    let facts = [
        ("setup-slot", rules.slot_minutes.map_or_else(|| texts.say("setup-slot-any"), |minutes| texts.minutes(minutes.into()))),
        ("setup-notice", rules.min_notice_minutes.to_string()),
        ("setup-change-until", rules.change_until_minutes.to_string()),
        ("setup-buffer", rules.buffer_minutes.to_string()),
        ("setup-min-guests", rules.min_party.to_string()),
        ("setup-max-guests", rules.max_party.to_string()),
        ("setup-confirm-above", number(rules.confirm_above)),
        ("setup-spare", number(rules.max_spare_seats)),
        ("setup-turns", rules.turn_times.iter().map(turn).collect::<Vec<_>>().join(", ")),
        ("setup-covers", number(rules.pacing.covers)),
        ("setup-parties", number(rules.pacing.parties)),
        ("setup-phone", word(rules.phone_required)),
        ("setup-without-account", word(rules.guests_without_account)),
        ("setup-policy", rules.policy.clone().unwrap_or_default()),
    ];
    // The form has these below a legend, without which they say too little.
    let label = |key: &str| match key {
        "setup-covers" | "setup-parties" => format!("{}, {}", texts.say("setup-pacing"), texts.say(key)),
        _ => texts.say(key),
    };
    facts.into_iter().map(|(key, value)| (label(key), value)).collect()
}

/// The rules that are others than those of `than`.
fn others(texts: &Catalog, than: &Rules, rules: &Rules) -> Vec<String> {
    let both = facts(texts, than).into_iter().zip(facts(texts, rules));
    both.filter(|(one, other)| one != other).map(|(_, (label, value))| format!("{label}: {value}")).collect()
}

/// Shows the house.
pub(super) async fn show(State(desk): State<Desk>, Administrator(host): Administrator, input: Input) -> Result<Response, Problem> {
    let texts = desk.texts(&host);
    let mut connection = desk.app.connection().await?;
    let known = desk.app.room().known(&mut connection).await?;
    let floor = Floor::read(&mut connection).await?;
    let groups = Group::all(&mut connection).await?;
    let exceptions = Exception::all(&mut connection).await?;
    let ahead = store::list::ahead(&mut connection, None).await?;
    drop(connection);
    let stranded = edit::stranded(&known.house, &ahead);
    let stranded = Stranded { count: stranded.len(), all: Vec::new(), reservations: stranded.into_iter().take(NAMED).cloned().collect() };
    let in_use: Vec<_> = floor.tables.iter().filter(|table| table.is_active).collect();
    let is_online = |table: &&&Table| {
        let area = table.area_id.and_then(|id| floor.areas.iter().find(|area| area.id == id));
        table.online && area.is_none_or(|area| area.online)
    };
    let online = in_use.iter().filter(is_online).count();
    let seats: i32 = in_use.iter().map(|table| table.capacity).sum();
    let next = match (in_use.is_empty(), online, known.house.schedule.week().is_empty()) {
        (true, ..) if floor.tables.is_empty() => None,
        (true, ..) | (_, 0, _) => Some(texts.say("setup-none-online")),
        (_, _, true) => Some(texts.say("setup-no-hours")),
        _ => None,
    };
    let tables = texts.tell("setup-tables-count", [("count", in_use.len().into())]);
    let counted = [("tables", tables.into()), ("seats", seats.into()), ("online", online.into())];
    let part = |path: &str, heading: &str, section: Option<Section>, mut lines: Vec<String>| {
        if lines.len() > LINES {
            let more = lines.split_off(LINES).len();
            lines.push(texts.tell("setup-more", [("count", more.into())]));
        }
        if lines.is_empty() {
            lines.push(texts.say("setup-none"));
        }
        let heading = texts.say(heading);
        let change = texts.tell("setup-change", [("part", heading.clone().into())]);
        let is_declared = section.is_some_and(|section| known.declared.contains(&section));
        Part { heading, lines, is_declared, to: host.reader.link(path), change }
    };
    let confirms = (!desk.app.restaurant().auto_confirm).then(|| texts.say("setup-confirms"));
    let rules = confirms.into_iter().chain(others(texts, &Rules::default(), &known.house.rules)).collect();
    let parts = vec![
        part("/host/setup/hours", "setup-hours", Some(Section::OpeningHours), lines_of_week(texts, &known.house)),
        part(Exception::PATH, "setup-exceptions", None, exceptions.iter().map(|exception| exception.say(texts, &floor)).collect()),
        part("/host/setup/rules", "setup-rules", Some(Section::Booking), rules),
        part(
            Table::PATH,
            "setup-tables",
            Some(Section::Floor),
            if in_use.is_empty() { Vec::new() } else { vec![texts.tell("setup-counted", counted)] },
        ),
        part(Area::PATH, "setup-areas", Some(Section::Floor), floor.areas.iter().map(|area| area.say(texts, &floor)).collect()),
        part(Group::PATH, "setup-groups", Some(Section::Floor), groups.iter().map(|group| group.say(texts, &floor)).collect()),
    ];
    let told = match stranded.count {
        0 => None,
        count => {
            let text = texts.tell("setup-stranded", [("count", count.into())]);
            Some(Told::of(&desk, &host, text, &stranded.reservations).await?.and_more(texts, &stranded))
        }
    };
    let title = texts.say("setup-title");
    let page = Page {
        frame: desk.shell().staff_frame(&host.reader, &title, Here::Setup, host.caller),
        is_empty: floor.tables.is_empty(),
        next,
        parts,
        stranded: told,
        is_saved: input.has_parameter("saved"),
        tables: host.reader.link(Table::PATH),
    };
    desk.respond(StatusCode::OK, &page)
}
