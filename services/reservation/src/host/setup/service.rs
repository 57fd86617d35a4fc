//! The services of a week or of a date, a section of a form each; and one more, which is left empty where there is none to add.

use house::schedule::{Day, Overlap, Service};
use site::texts::Catalog;

use super::form::{Form, Kept};
use crate::booking::Guests;
use crate::http::hours::SlotMinutes;
use crate::http::schedule::SERVICES;

/// A service, as it was filled in.
pub(super) struct Asked {
    /// The section in which it stands.
    pub(super) row: usize,
    /// The days on which it begins; none where it is of a date.
    pub(super) days: Vec<Day>,
    pub(super) service: Service,
}

/// The id of a field of a section.
fn at(name: &str, row: usize) -> String {
    format!("{name}-{row}")
}

/// What the sections of these services have.
pub(super) fn keep<'a>(kept: &mut Kept, services: impl Iterator<Item = (&'a [Day], &'a Service)>) {
    let mut rows = 0;
    for (row, (days, service)) in services.enumerate() {
        let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
        let fields = [
            ("service", service.name.clone()),
            ("opens", service.opens.to_string()),
            ("last", service.last_seating.to_string()),
            ("closes", service.closes.to_string()),
            ("slot", number(service.slot_minutes)),
            ("min", number(service.min_party)),
            ("max", number(service.max_party)),
            ("online", service.online.to_string()),
        ];
        kept.extend(fields.map(|(name, value)| (at(name, row), value)));
        for (day, word) in Day::ALL {
            kept.insert(at(word, row), days.contains(&day).to_string());
        }
        rows = row + 1;
    }
    // Two where there is none yet: lunch and dinner are entered at once.
    let more = if rows == 0 { 2 } else { 1 };
    for row in rows..rows + more {
        kept.insert(at("online", row), "true".to_owned());
    }
    kept.insert("rows".to_owned(), (rows + more).min(SERVICES).to_string());
}

/// How many sections the form has.
fn rows(form: &Form<'_>) -> usize {
    form.value("rows").parse().unwrap_or(1).clamp(1, SERVICES)
}

/// The steps in which bookings begin, and that of the rules.
fn steps(texts: &Catalog) -> Vec<(Option<i32>, String, String)> {
    let none = (None, String::new(), texts.say("setup-slot-of-rules"));
    let step = |minutes: i32| (Some(minutes), minutes.to_string(), texts.minutes(minutes.into()));
    std::iter::once(none).chain(SlotMinutes::ALL.map(step)).collect()
}

/// A service; `Ok(None)` where the section is empty, or is to be removed.
fn one(form: &mut Form<'_>, row: usize, by_day: bool) -> Result<Option<Asked>, ()> {
    let name = form.value(&at("service", row));
    let times = ["opens", "last", "closes"].map(|name| form.value(&at(name, row)));
    let others = ["slot", "min", "max"].map(|name| form.value(&at(name, row)));
    let is_on_a_day = by_day && Day::ALL.iter().any(|(_, word)| form.value(&at(word, row)) == "true");
    let is_empty = name.is_empty() && times.iter().chain(&others).all(String::is_empty) && !is_on_a_day;
    let is_removed = form.value(&at("remove", row)) == "true";
    let faults = form.faults.0.len();
    form.section(if name.is_empty() { form.texts.say("setup-one-more-service") } else { name });
    let name = form.line::<100>(&at("service", row), "setup-service", false);
    let days = if by_day {
        let day = |number: usize, (day, word): (Day, &str)| (day, at(word, row), form.texts.say(&format!("weekday-short-{}", number + 1)));
        let days = Day::ALL.into_iter().enumerate().map(|(number, known)| day(number, known)).collect();
        form.several(&at("days", row), "setup-days", days)
    } else {
        Vec::new()
    };
    let opens = form.clock(&at("opens", row), "setup-opens");
    let last_seating = form.clock(&at("last", row), "setup-last");
    let closes = form.clock(&at("closes", row), "setup-closes");
    form.hint("setup-closes-more");
    let steps = steps(form.texts);
    let slot_minutes = form.choose(&at("slot", row), "setup-slot", steps);
    let min_party = form.whole_or_none::<Guests>(&at("min", row), "setup-min-guests");
    let max_party = form.whole_or_none::<Guests>(&at("max", row), "setup-max-guests");
    let online = form.tick(&at("online", row), "setup-service-online");
    if !is_empty {
        form.tick(&at("remove", row), "setup-remove-service");
    }
    if is_empty || is_removed {
        form.forgive(faults);
        return Ok(None);
    }
    if by_day && days.is_empty() && form.is_sent() {
        form.refuse(&at("days", row), "setup-no-days", []);
    }
    let read = || {
        let service = Service {
            name: name?.into_string(),
            opens: opens?,
            last_seating: last_seating?,
            closes: closes?,
            slot_minutes: slot_minutes?,
            online,
            min_party: min_party?.map(Guests::get),
            max_party: max_party?.map(Guests::get),
        };
        Some(Asked { row, days, service })
    };
    let asked = read().ok_or(())?;
    if !asked.service.is_ordered() {
        let hours = [("opens", asked.service.opens.to_string().into()), ("closes", asked.service.closes.to_string().into())];
        form.refuse(&at("last", row), "setup-last-late", hours);
    }
    if let (Some(min), Some(max)) = (asked.service.min_party, asked.service.max_party)
        && min > max
    {
        form.refuse(&at("max", row), "setup-at-least", [("least", min.into())]);
    }
    if form.faults.0.len() > faults { Err(()) } else { Ok(Some(asked)) }
}

/// The services of a form: of a week, where they say on which days they begin.
pub(super) fn ask(form: &mut Form<'_>, by_day: bool) -> Option<Vec<Asked>> {
    let rows = rows(form);
    form.hidden.push(("rows", rows.to_string()));
    let asked: Vec<_> = (0..rows).map(|row| one(form, row, by_day)).collect();
    asked.into_iter().collect::<Result<Vec<_>, ()>>().ok().map(|asked| asked.into_iter().flatten().collect())
}

/// Notes which services overlap one before them; whether none does.
pub(super) fn follow(form: &mut Form<'_>, asked: &[Asked], overlaps: &[Overlap]) -> bool {
    for overlap in overlaps {
        let other = asked[overlap.other].service.name.clone();
        form.refuse(&at("closes", asked[overlap.index].row), "setup-overlaps", [("other", other.into())]);
    }
    overlaps.is_empty()
}
