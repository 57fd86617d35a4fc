//! Why a party cannot come, in a sentence, and whether it should talk to the restaurant instead.

use house::reason::Reason;
use jiff::Timestamp;
use jiff::civil::Date;
use site::texts::Catalog;

use super::Notice;
use super::offer::Open;
use crate::booking::Guests;

/// When a party wanted to come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// At any time of a day.
    Day(Date),
    /// At a time.
    Time(Timestamp),
}

/// Why a party cannot come; no reason: the restaurant is closed.
pub(crate) fn told(texts: &Catalog, open: &Open, guests: Guests, when: When, reason: Option<Reason>) -> Notice {
    let clock = |time: Timestamp| texts.time(time.to_zoned(open.known.house.time_zone.clone()).time());
    let number = |number: i32| [("guests", number.into())];
    match (reason, when) {
        (None | Some(Reason::Closed | Reason::OffStep), When::Day(date)) => {
            Notice::told(texts.tell("why-closed-that-day", [("day", texts.day(date).into())]))
        }
        (None | Some(Reason::Closed | Reason::OffStep), When::Time(time)) => {
            Notice::told(texts.tell("why-no-booking-then", [("time", clock(time).into())]))
        }
        (Some(Reason::PacingFull | Reason::NoTableFree), When::Day(date)) => {
            Notice::to_talk(texts.tell("why-full", [("day", texts.day(date).into()), ("guests", guests.get().into())]))
        }
        (Some(Reason::PacingFull | Reason::NoTableFree), When::Time(time)) => {
            Notice::told(texts.tell("why-taken", [("time", clock(time).into())]))
        }
        (Some(Reason::Past), _) => Notice::told(texts.say("why-past")),
        (Some(Reason::TooFarAhead), _) => Notice::told(texts.tell("why-too-far-ahead", [("date", texts.date(open.last).into())])),
        (Some(Reason::TooSoon), _) => Notice::to_talk(texts.say("why-too-soon")),
        (Some(Reason::Paused), _) => Notice::to_talk(texts.say("why-paused")),
        (Some(Reason::WalkInOnly), _) => Notice::to_talk(texts.say("why-walk-in-only")),
        (Some(Reason::PartyTooSmall), _) => Notice::to_talk(texts.tell("why-party-too-small", number(open.parties.0))),
        // A party that is larger than any that is taken is too large, whatever tables there are.
        (Some(Reason::PartyTooLarge), _) | (Some(Reason::NoTableFits), _) if guests.get() > open.parties.1 => {
            Notice::to_talk(texts.tell("why-party-too-large", number(open.parties.1)))
        }
        (Some(Reason::PartyTooLarge | Reason::NoTableFits), _) => Notice::to_talk(texts.tell("why-no-table-fits", number(guests.get()))),
    }
}
