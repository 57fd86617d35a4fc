//! What may be booked: the rules of the house over plain values.

use chassis::http::old::input::Input;
use chassis::http::old::rule;
use jiff::{SignedDuration, Timestamp};

use crate::config::House;
use crate::slot::Window;
use crate::store::booking::Values;

/// The largest party.
pub const MAX_GUESTS: i32 = 20;
/// The shortest booking, in minutes.
pub const MIN_MINUTES: i32 = 15;
/// The longest booking, in minutes.
pub const MAX_MINUTES: i32 = 480;
/// How long a booking is where nothing is said, in minutes.
pub const DEFAULT_MINUTES: i32 = 120;

/// When a booking ends, exclusive.
pub fn end(start: Timestamp, minutes: i32) -> Timestamp {
    start.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
}

impl House {
    /// The times between which bookings begin.
    pub fn window(&self, now: Timestamp) -> Window {
        Window { now, latest: now.saturating_add(self.max_ahead).unwrap_or(Timestamp::MAX) }
    }

    /// Says what is wrong with a time to begin at, if anything is.
    pub fn refuse_time(&self, start: Timestamp, now: Timestamp) -> Option<(&'static str, String)> {
        let window = self.window(now);
        if start < window.now {
            Some(("in_the_past", "This has gone by; bookings begin from now on.".to_owned()))
        } else if start > window.latest {
            let days = self.max_ahead.as_hours() / 24;
            Some(("too_far_ahead", format!("Bookings are taken {days} days ahead at most, until {}.", window.latest)))
        } else {
            None
        }
    }
}

/// A request to book.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The table, where the guest names one.
    pub table_id: Option<i32>,
    /// How many come.
    pub guests_count: i32,
    /// When they come.
    pub reservation_time: Timestamp,
    /// How long they stay, in minutes.
    pub duration_minutes: i32,
    /// Where the guest can be called, where it is another number than the account's.
    pub contact_phone: Option<String>,
    /// Where the guest can be written to, where it is another address than the account's.
    pub contact_email: Option<String>,
    /// What the guest asks for.
    pub special_requests: Option<String>,
}

impl Wanted {
    /// Reads the body of a request to book.
    pub fn read(input: &mut Input, house: &House, now: Timestamp) -> Self {
        let wanted = Self {
            table_id: input.patch("table_id", rule::id).flatten(),
            guests_count: input.required("guests_count", rule::integer(1, MAX_GUESTS)),
            reservation_time: input.required("reservation_time", rule::instant),
            duration_minutes: input.or_default("duration_minutes", DEFAULT_MINUTES, rule::integer(MIN_MINUTES, MAX_MINUTES)),
            contact_phone: input.optional("contact_phone", rule::optional_phone),
            contact_email: input.optional("contact_email", rule::optional_email),
            special_requests: input.optional("special_requests", rule::optional_text(rule::LONG_TEXT)),
        };
        judge_time(input, house, wanted.reservation_time, now);
        wanted
    }

    /// When the booking would end.
    pub fn end(&self) -> Timestamp {
        end(self.reservation_time, self.duration_minutes)
    }
}

fn judge_time(input: &mut Input, house: &House, start: Timestamp, now: Timestamp) {
    if input.member_is_sound("reservation_time")
        && let Some((code, detail)) = house.refuse_time(start, now)
    {
        input.refuse_member("reservation_time", code, detail);
    }
}

/// A request to change a booking: what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another table.
    pub table_id: Option<i32>,
    /// How many come.
    pub guests_count: Option<i32>,
    /// When they come.
    pub reservation_time: Option<Timestamp>,
    /// How long they stay, in minutes.
    pub duration_minutes: Option<i32>,
    /// Where the guest can be called.
    pub contact_phone: Option<String>,
    /// Where the guest can be written to.
    pub contact_email: Option<String>,
    /// What the guest asks for; `Some(None)` takes it back.
    pub special_requests: Option<Option<String>>,
}

impl Change {
    /// Reads the body of a request to change.
    pub fn read(input: &mut Input, house: &House, now: Timestamp) -> Self {
        let needed = |input: &mut Input, name: &str, text: Option<Option<String>>| {
            if text == Some(None) {
                input.refuse_member(name, "blank", "This must not be blank.");
            }
            text.flatten()
        };
        let phone = input.patch_required("contact_phone", rule::optional_phone);
        let email = input.patch_required("contact_email", rule::optional_email);
        let change = Self {
            table_id: input.patch_required("table_id", rule::id),
            guests_count: input.patch_required("guests_count", rule::integer(1, MAX_GUESTS)),
            reservation_time: input.patch_required("reservation_time", rule::instant),
            duration_minutes: input.patch_required("duration_minutes", rule::integer(MIN_MINUTES, MAX_MINUTES)),
            contact_phone: needed(input, "contact_phone", phone),
            contact_email: needed(input, "contact_email", email),
            special_requests: input.patch("special_requests", rule::optional_text(rule::LONG_TEXT)).map(Option::flatten),
        };
        if let Some(start) = change.reservation_time {
            judge_time(input, house, start, now);
        }
        change
    }

    /// The values after the change.
    pub fn apply(&self, mut values: Values) -> Values {
        values.table_id = self.table_id.unwrap_or(values.table_id);
        values.guests_count = self.guests_count.unwrap_or(values.guests_count);
        values.reservation_time = self.reservation_time.unwrap_or(values.reservation_time);
        values.duration_minutes = self.duration_minutes.unwrap_or(values.duration_minutes);
        values.contact_phone = self.contact_phone.clone().unwrap_or(values.contact_phone);
        values.contact_email = self.contact_email.clone().unwrap_or(values.contact_email);
        values.special_requests = self.special_requests.clone().unwrap_or(values.special_requests);
        values
    }
}

/// Whether the tables of a booking must be chosen again for these values: another place, time, or size of party.
pub fn moves(before: &Values, after: &Values) -> bool {
    let place = |values: &Values| (values.table_id, values.guests_count, values.reservation_time, values.duration_minutes);
    place(before) != place(after)
}
