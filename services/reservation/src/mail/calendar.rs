//! A booking as an entry for a calendar (RFC 5545), and as an invitation to it (RFC 5546).

use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use jiff::{SignedDuration, Timestamp};
use site::settings::Site;
use site::texts::Catalog;

use crate::mail::message::Told;
use crate::status::Status;

/// The media type of a calendar.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// For whom the entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For<'a> {
    /// For whoever opens the file.
    Anyone,
    /// For a guest, by mail: a calendar takes a later entry in place of the earlier one.
    Guest {
        /// Their e-mail address.
        attendee: &'a str,
        /// The e-mail address of the restaurant.
        organizer: &'a str,
    },
}

/// The method by which a booking is told to the calendar of a guest.
pub fn method(booking: &Told) -> &'static str {
    if is_off(booking) { "CANCEL" } else { "REQUEST" }
}

/// Whether nobody comes any more.
fn is_off(booking: &Told) -> bool {
    matches!(booking.status, Status::Cancelled | Status::NoShow)
}

/// The entry of a booking. `link` leads to its page; `now` is when the entry is written.
pub fn entry(booking: &Told, target: For<'_>, link: Option<&str>, now: Timestamp, (site, words): (&Site, &Catalog)) -> String {
    let until = booking.time.saturating_add(SignedDuration::from_mins(booking.minutes.into())).unwrap_or(booking.time);
    let mut event = Event::new();
    event
        .uid(&format!("{}@{}", booking.code, site.host()))
        .sequence(u32::try_from(booking.version).unwrap_or_default())
        .add_property("DTSTAMP", utc(now))
        .add_property("DTSTART", utc(booking.time))
        .add_property("DTEND", utc(until))
        .summary(&words.tell("mail-entry", [("restaurant", site.name.as_str().into()), ("guests", booking.guests.into())]))
        .status(match booking.status {
            Status::Pending => EventStatus::Tentative,
            _ if is_off(booking) => EventStatus::Cancelled,
            _ => EventStatus::Confirmed,
        });
    let mut about = vec![words.tell("mail-entry-code", [("code", booking.code.as_str().into())])];
    about.extend(link.map(|link| words.tell("mail-entry-link", [("link", link.into())])));
    about.extend(site.phone.clone());
    event.description(&about.join("\n"));
    if let Some(address) = &site.address {
        event.location(address);
    }
    if let Some(link) = link {
        event.url(link);
    }
    let method = match target {
        For::Anyone => "PUBLISH",
        For::Guest { attendee, organizer } => {
            let organizer = Property::new("ORGANIZER", format!("mailto:{organizer}")).add_parameter("CN", &quotable(&site.name)).done();
            let mut guest = Property::new("ATTENDEE", format!("mailto:{attendee}"));
            guest.add_parameter("ROLE", "REQ-PARTICIPANT").add_parameter("PARTSTAT", "ACCEPTED").add_parameter("RSVP", "FALSE");
            if let Some(name) = &booking.name {
                guest.add_parameter("CN", &quotable(name));
            }
            event.append_property(organizer).append_multi_property(guest.done());
            self::method(booking)
        }
    };
    let properties =
        [("VERSION", "2.0"), ("PRODID", "-//Restaurant Booking//Reservations//EN"), ("CALSCALE", "GREGORIAN"), ("METHOD", method)];
    let mut calendar = Calendar { properties: properties.map(|(key, value)| Property::new(key, value)).to_vec(), components: Vec::new() };
    calendar.push(event.done());
    calendar.to_string()
}

/// An instant in UTC: `20300517T173000Z`.
fn utc(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A name as a parameter can carry it: between quotation marks, of which it has none (RFC 5545, 3.2).
fn quotable(name: &str) -> String {
    format!("\"{}\"", name.replace(|c: char| c == '"' || c.is_control(), " "))
}
