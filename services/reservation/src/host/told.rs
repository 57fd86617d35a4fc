//! Why something is refused, as hosts are told: what happened, and what to do.

use chassis::http::problem::Problem;
use house::calendar::Calendar;
use jiff::Timestamp;

use super::{Desk, Host, clock};
use crate::booking::ReservationId;
use crate::refusal::Refusal;
use crate::room::{self, Identity};
use crate::status::Actor;

/// What became of a booking meanwhile, and by whom.
pub(super) async fn meanwhile(desk: &Desk, host: &Host, id: ReservationId) -> Result<Option<String>, Problem> {
    let mut connection = desk.app.connection().await?;
    let known = desk.app.room().known(&mut connection).await?;
    let identity = Identity::Account(host.caller.user_id);
    let Ok(booking) = room::find(&mut connection, identity, Actor::Staff, id).await else { return Ok(None) };
    let texts = desk.texts(host);
    let Some(changed) = booking.changed_by() else { return Ok(None) };
    let by = changed.name.clone().unwrap_or_else(|| texts.say(&format!("host-by-{}", changed.by.as_str())));
    let name = booking.contact_name.clone().unwrap_or_else(|| booking.reservation_code.clone());
    let values = [
        ("name", name.into()),
        ("state", texts.say(&format!("host-{}", booking.status.as_str())).into()),
        ("by", by.into()),
        ("time", clock(texts, &known, changed.at).into()),
    ];
    Ok(Some(texts.tell("host-meanwhile", values)))
}

/// Why the house refuses something; `None` where it is no matter of the house.
pub(super) async fn refusal(desk: &Desk, host: &Host, refusal: &Refusal) -> Result<Option<String>, Problem> {
    let known = desk.app.room().known(&mut *desk.app.connection().await?).await?;
    let texts = desk.texts(host);
    let times = |times: &[Timestamp]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        let date = |time: Timestamp| Calendar::around(&known.house, time).date_of(time);
        let today = date(Timestamp::now());
        let named = |time: Timestamp| match date(time) {
            date if date == today => clock(texts, &known, time),
            date => format!("{} {} {}", texts.short_weekday(date), texts.day(date), clock(texts, &known, time)),
        };
        let times: Vec<_> = times.into_iter().map(named).collect();
        if times.is_empty() { String::new() } else { texts.tell("host-others", [("times", times.join(", ").into())]) }
    };
    let text = match refusal {
        Refusal::InvalidTransition(_, moment, _) => {
            texts.tell("host-not-now", [("state", texts.say(&format!("host-{}", moment.status.as_str())).into())])
        }
        Refusal::TableOccupied(_) => texts.say("host-table-occupied"),
        Refusal::TableTaken => texts.say("host-table-taken"),
        Refusal::TableInactive => texts.say("host-table-inactive"),
        Refusal::NoTableFree(others) => format!("{} {}", texts.say("host-no-table-free"), times(others)),
        Refusal::NoTableFits(guests) => texts.tell("host-no-table-fits", [("guests", guests.get().into())]),
        Refusal::NoTableNow => texts.say("host-no-table-now"),
        Refusal::NotBookable(reason, others) => {
            format!("{} {}", texts.say(&format!("host-why-{}", reason.as_str())), times(others))
        }
        Refusal::Time(reason) => texts.say(&format!("host-why-{}", reason.as_str())),
        Refusal::TableHasBookings(bookings) => texts.tell("host-table-has-bookings", [("count", bookings.len().into())]),
        Refusal::TableBlocked(_) => texts.say("host-table-blocked"),
        Refusal::Invalid(_) | Refusal::NoBlock(..) => texts.say("host-invalid-table"),
        Refusal::KeyReused => texts.say("host-sent-before"),
        _ => return Ok(None),
    };
    Ok(Some(text.trim_end().to_owned()))
}
