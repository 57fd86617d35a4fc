//! The rules by which the house takes bookings.

use axum::extract::State;
use axum::response::Response;
use chassis::http::input::{Input, Source};
use chassis::http::problem::Problem;
use house::rules::{Pacing, Rules, TurnTime};
use http::{HeaderValue, StatusCode};
use site::form::typed;
use site::shell::see_other;
use site::texts::Catalog;

use super::form::{Filled, Form, Kept};
use super::{Administrator, Page, Told, busy, meanwhile};
use crate::booking::{Guests, Minutes};
use crate::edit::Section;
use crate::host::{Desk, Host};
use crate::http::hours::SlotMinutes;
use crate::http::rules::{Buffer, Notice, PerQuarter, SpareSeats, etag_of};
use crate::refusal::Refusal;
use crate::rules;

/// How many sizes of parties the form has at least.
const TURNS: usize = 3;
/// How many it has at most: each is for a larger party.
const MOST_TURNS: usize = 20;

fn version(rules: &Rules) -> String {
    HeaderValue::to_str(&etag_of(rules)).unwrap_or_default().to_owned()
}

fn keep(rules: &Rules) -> Kept {
    let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
    let fields = [
        ("slot", number(rules.slot_minutes)),
        ("notice", rules.min_notice_minutes.to_string()),
        ("change-until", rules.change_until_minutes.to_string()),
        ("buffer", rules.buffer_minutes.to_string()),
        ("min", rules.min_party.to_string()),
        ("max", rules.max_party.to_string()),
        ("confirm", number(rules.confirm_above)),
        ("spare", number(rules.max_spare_seats)),
        ("covers", number(rules.pacing.covers)),
        ("parties", number(rules.pacing.parties)),
        ("phone", rules.phone_required.to_string()),
        ("without-account", rules.guests_without_account.to_string()),
        ("policy", rules.policy.clone().unwrap_or_default()),
        ("turns", (rules.turn_times.len() + 1).clamp(TURNS, MOST_TURNS).to_string()),
    ];
    let mut kept: Kept = fields.into_iter().map(|(id, value)| (id.to_owned(), value)).collect();
    for (row, turn) in rules.turn_times.iter().enumerate() {
        kept.insert(format!("up-to-{row}"), turn.up_to.to_string());
        kept.insert(format!("minutes-{row}"), turn.minutes.to_string());
    }
    kept
}

/// The steps in which bookings begin; none: any minute.
fn steps(texts: &Catalog) -> Vec<(Option<i32>, String, String)> {
    let any = (None, String::new(), texts.say("setup-slot-any"));
    let step = |minutes: i32| (Some(minutes), minutes.to_string(), texts.minutes(minutes.into()));
    std::iter::once(any).chain(SlotMinutes::ALL.map(step)).collect()
}

/// How long parties stay. Rows that are empty are left out.
fn turns(form: &mut Form<'_>) -> Option<Vec<TurnTime>> {
    let rows = form.value("turns").parse().unwrap_or(TURNS).clamp(1, MOST_TURNS);
    form.hidden.push(("turns", rows.to_string()));
    let (mut turns, mut is_sound): (Vec<TurnTime>, bool) = (Vec::new(), true);
    for row in 0..rows {
        let (up_to_id, minutes_id) = (format!("up-to-{row}"), format!("minutes-{row}"));
        let up_to = form.whole_or_none::<Guests>(&up_to_id, "setup-up-to");
        let minutes = form.whole_or_none::<Minutes>(&minutes_id, "setup-minutes");
        match (up_to, minutes) {
            (Some(None), Some(None)) => {}
            (Some(Some(up_to)), Some(Some(minutes))) => {
                if let Some(before) = turns.last().map(|turn| turn.up_to).filter(|before| up_to.get() <= *before) {
                    form.refuse(&up_to_id, "setup-rising", [("before", before.into())]);
                    is_sound = false;
                }
                turns.push(TurnTime { up_to: up_to.get(), minutes: minutes.get() });
            }
            (up_to, minutes) => {
                is_sound = false;
                if up_to == Some(None) {
                    form.refuse(&up_to_id, "setup-missing", []);
                }
                if minutes == Some(None) {
                    form.refuse(&minutes_id, "setup-missing", []);
                }
            }
        }
    }
    is_sound.then_some(turns)
}

/// The fields; where the staff confirm every booking, the form says so.
fn ask(form: &mut Form<'_>, confirms_all: bool) -> Option<Rules> {
    let texts = form.texts;
    form.section(texts.say("setup-when"));
    let slot_minutes = form.choose("slot", "setup-slot", steps(texts));
    let notice = form.whole::<Notice>("notice", "setup-notice");
    let change_until = form.whole::<Notice>("change-until", "setup-change-until");
    let buffer = form.whole::<Buffer>("buffer", "setup-buffer");
    form.section(texts.say("setup-who"));
    let min_party = form.whole::<Guests>("min", "setup-min-guests");
    let max_party = form.whole::<Guests>("max", "setup-max-guests");
    let confirm_above = form.whole_or_none::<Guests>("confirm", "setup-confirm-above");
    form.hint(if confirms_all { "setup-confirms-all" } else { "setup-confirm-above-more" });
    let max_spare_seats = form.whole_or_none::<SpareSeats>("spare", "setup-spare");
    form.hint("setup-spare-more");
    form.section_of_pairs(texts.say("setup-turns"), texts.say("setup-turns-more"));
    let turn_times = turns(form);
    form.section(texts.say("setup-pacing"));
    let covers = form.whole_or_none::<PerQuarter>("covers", "setup-covers");
    let parties = form.whole_or_none::<PerQuarter>("parties", "setup-parties");
    form.section(texts.say("setup-guests"));
    let phone_required = form.tick("phone", "setup-phone");
    let guests_without_account = form.tick("without-account", "setup-without-account");
    let policy = form.lines_or_none::<2000>("policy", "setup-policy");
    form.hint("setup-policy-more");
    let (min_party, max_party) = (min_party?, max_party?);
    if min_party > max_party {
        form.refuse("max", "setup-at-least", [("least", min_party.get().into())]);
        return None;
    }
    Some(Rules {
        slot_minutes: slot_minutes?,
        min_notice_minutes: notice?.get(),
        min_party: min_party.get(),
        max_party: max_party.get(),
        confirm_above: confirm_above?.map(Guests::get),
        max_spare_seats: max_spare_seats?.map(SpareSeats::get),
        buffer_minutes: buffer?.get(),
        turn_times: turn_times?,
        pacing: Pacing { covers: covers?.map(PerQuarter::get), parties: parties?.map(PerQuarter::get) },
        change_until_minutes: change_until?.get(),
        guests_without_account,
        phone_required,
        policy: policy?.map(chassis::http::text::Text::into_string),
    })
}

fn page(
    desk: &Desk,
    host: &Host,
    form: Form<'_>,
    (told, version, is_declared): (Option<Told>, String, bool),
    status: StatusCode,
) -> Result<Response, Problem> {
    let texts = desk.texts(host);
    let page = Page {
        lead: texts.say("setup-rules-more"),
        told,
        action: host.reader.link("/host/setup/rules"),
        hidden: vec![("version", version)],
        is_declared,
        ..Page::new(desk, host, texts.say("setup-rules"), form)
    };
    desk.respond(status, &page)
}

/// Shows the rules.
pub(super) async fn show(State(desk): State<Desk>, Administrator(host): Administrator) -> Result<Response, Problem> {
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    let mut form = Form::new(desk.texts(&host), Filled::Kept(keep(&known.house.rules)));
    ask(&mut form, !desk.app.restaurant().auto_confirm);
    page(&desk, &host, form, (None, version(&known.house.rules), known.declared.contains(&Section::Booking)), StatusCode::OK)
}

/// Sets them.
pub(super) async fn set(State(desk): State<Desk>, Administrator(host): Administrator, mut input: Input) -> Result<Response, Problem> {
    input.sent_by_browser()?;
    let mut form = Form::new(desk.texts(&host), Filled::Sent(&input));
    let seen = typed(&input, Source::Body, "version");
    let Some(wanted) = ask(&mut form, !desk.app.restaurant().auto_confirm) else {
        return page(&desk, &host, form, (None, seen, false), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let mut connection = desk.app.connection().await?;
    let edit = rules::replace(&mut connection, desk.app.room(), &|before| version(before) == seen, &wanted).await;
    match edit {
        Ok(()) => Ok(see_other(&host.reader.link("/host/setup?saved"))),
        Err(Refusal::OtherContent) => {
            let known = desk.app.room().known(&mut connection).await?;
            let mut now = Form::new(form.texts, Filled::Kept(keep(&known.house.rules)));
            ask(&mut now, false);
            let differences = form.differences(&now);
            if differences.is_empty() {
                return Ok(see_other(&host.reader.link("/host/setup?saved")));
            }
            let told = Some(meanwhile(form.texts, &differences));
            page(&desk, &host, form, (told, version(&known.house.rules), false), StatusCode::PRECONDITION_FAILED)
        }
        Err(Refusal::ManagedByResource(_)) => {
            let told = Told::new(desk.texts(&host).say("setup-managed"));
            page(&desk, &host, form, (Some(told), seen, true), StatusCode::CONFLICT)
        }
        Err(refusal) => {
            let problem = desk.app.problem(refusal);
            let Some(told) = busy(&desk, &host, &problem) else { return Err(problem) };
            page(&desk, &host, form, (Some(told), seen, false), problem.status())
        }
    }
}
