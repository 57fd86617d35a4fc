//! The bookings of a day, as the sheet lists them.

use std::collections::BTreeMap;

use contract::Source;
use jiff::Timestamp;
use site::reader::Reader;
use site::texts::Catalog;

use super::{clock, numbers};
use crate::block::Block;
use crate::mail::message::State;
use crate::memory::Known;
use crate::status::{Action, Actor, Status};
use crate::store::list::HostReservation;
use crate::table::TableId;

/// A button of a row.
pub(super) struct Button {
    pub(super) action: &'static str,
    pub(super) text: String,
}

/// A booking in the sheet.
pub(super) struct Row {
    pub(super) id: i32,
    pub(super) version: i32,
    /// Where its page is, and where its buttons lead.
    pub(super) open: String,
    pub(super) act: String,
    pub(super) class: &'static str,
    pub(super) time: String,
    pub(super) guests: i32,
    pub(super) name: String,
    /// The tables, and the state where it is not plain.
    pub(super) chips: Vec<String>,
    /// What must not be overlooked: the wishes of the guest, and the note of the staff.
    pub(super) wishes: Option<String>,
    pub(super) note: Option<String>,
    /// All else.
    pub(super) facts: Vec<String>,
    pub(super) buttons: Vec<Button>,
}

/// Bookings that are in the same place.
pub(super) struct Group {
    pub(super) key: &'static str,
    pub(super) heading: String,
    pub(super) rows: Vec<Row>,
}

/// The numbers above the sheet.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) booked: i32,
    pub(super) here: i32,
    pub(super) free: Option<usize>,
    /// The guests who are expected, by the hour in which they come.
    pub(super) hours: Vec<(String, i32)>,
    pub(super) failed_mail: usize,
    pub(super) stranded: usize,
}

/// What a booking is called on the floor.
pub(super) fn name(texts: &Catalog, found: &HostReservation) -> String {
    let given = found.reservation.contact_name.clone();
    let known = || found.guest.as_ref().and_then(|guest| guest.full_name.clone());
    let walk_in = || (found.reservation.source == Source::WalkIn).then(|| texts.say("host-walk-in"));
    given.or_else(known).or_else(walk_in).or_else(|| found.reservation.contact_email.clone()).unwrap_or_else(|| texts.say("host-no-name"))
}

/// The text of an action's button.
pub(super) fn button(texts: &Catalog, action: Action) -> Button {
    Button { action: action.as_str(), text: texts.say(&format!("host-do-{}", action.as_str())) }
}

/// Those of a day, of which some may be left out since they are looked for.
pub(super) struct Sheet<'a> {
    pub(super) reader: &'a Reader,
    pub(super) texts: &'a Catalog,
    pub(super) known: &'a Known,
    pub(super) found: &'a [HostReservation],
    pub(super) now: Timestamp,
    /// Bookings that begin when the house is closed, or whose table is out of use.
    pub(super) stranded: &'a [i32],
}

impl Sheet<'_> {
    fn clock(&self, time: Timestamp) -> String {
        clock(self.texts, self.known, time)
    }

    /// When the next party comes to a table of this one.
    fn next_at(&self, of: &HostReservation) -> Option<Timestamp> {
        let shares = |other: &&HostReservation| {
            let (mine, theirs) = (&of.reservation, &other.reservation);
            mine.id != theirs.id && is_awaited(theirs.status) && theirs.table_ids.iter().any(|id| mine.table_ids.contains(id))
        };
        self.found.iter().filter(shares).map(|other| other.reservation.reservation_time).filter(|time| *time > self.now).min()
    }

    fn row(&self, found: &HostReservation) -> Row {
        let (texts, booking) = (self.texts, &found.reservation);
        let (status, span) = (booking.status, booking.span());
        let late = is_awaited(status) && span.start < self.now;
        let over = status == Status::Seated && span.end < self.now;
        let mut chips =
            vec![texts.tell("host-table", [("table", numbers(self.known, booking.table_ids.iter().map(|id| id.get())).into())])];
        if status == Status::Pending {
            chips.push(texts.say("host-to-confirm"));
        }
        if matches!(status, Status::Cancelled | Status::NoShow) {
            chips.push(texts.say(&format!("host-{}", status.as_str())));
        }
        if self.stranded.contains(&booking.id.get()) {
            chips.push(texts.say("host-stranded"));
        }
        if booking.mail().is_some_and(|mail| mail.state == State::Failed) {
            chips.push(texts.say("host-mail-failed"));
        }
        let mut facts = Vec::new();
        if over {
            let minutes = self.now.duration_since(span.end).as_mins();
            facts.push(texts.tell("host-over", [("length", texts.minutes(minutes).into())]));
        } else if status.holds() {
            facts.push(texts.tell("host-until", [("time", self.clock(span.end).into())]));
        }
        if status == Status::Seated
            && let Some(next) = self.next_at(found)
        {
            facts.push(texts.tell("host-next-here", [("time", self.clock(next).into())]));
        }
        let phone = booking.contact_phone.clone().or_else(|| found.guest.as_ref().and_then(|guest| guest.phone.clone()));
        facts.extend(phone.filter(|_| is_awaited(status)));
        let moment = booking.moment(self.now);
        // One tap is for what happens at the door; to cancel takes two, at the booking.
        let buttons = Action::ALL.iter().copied().filter(|action| *action != Action::Cancel && moment.may(Actor::Staff, *action));
        Row {
            id: booking.id.get(),
            version: booking.version,
            open: self.reader.link(&format!("/host/bookings/{}", booking.id)),
            act: self.reader.link(&format!("/host/bookings/{}/act", booking.id)),
            class: match status {
                _ if late => "late",
                _ if over => "sits over",
                Status::Seated => "sits",
                _ => "",
            },
            time: self.clock(span.start),
            guests: booking.guests_count.get(),
            name: name(texts, found),
            chips,
            wishes: booking.special_requests.clone(),
            note: booking.note().map(str::to_owned),
            facts,
            buttons: buttons.map(|action| button(texts, action)).collect(),
        }
    }

    /// The groups of the sheet, those without a booking left out: late, next, here, done.
    pub(super) fn groups(&self) -> Vec<Group> {
        let late = |found: &HostReservation| is_awaited(found.reservation.status) && found.reservation.reservation_time < self.now;
        let place = |found: &HostReservation| match found.reservation.status {
            Status::Seated => 2,
            status if is_awaited(status) => usize::from(!late(found)),
            _ => 3,
        };
        let keys = ["late", "next", "here", "done"];
        let mut rows: [Vec<Row>; 4] = Default::default();
        for found in self.found {
            rows[place(found)].push(self.row(found));
        }
        let group = |(key, rows): (&'static str, Vec<Row>)| Group {
            key,
            heading: self.texts.tell(&format!("host-{key}"), [("count", rows.len().into())]),
            rows,
        };
        keys.into_iter().zip(rows).filter(|(_, rows)| !rows.is_empty()).map(group).collect()
    }

    /// The numbers of the day: those who begin in it count, and those who are there.
    pub(super) fn counts(&self, night: house::span::Span, blocks: &[Block], is_now: bool) -> Counts {
        let mut counts = Counts { stranded: self.stranded.len(), ..Counts::default() };
        let mut hours: BTreeMap<String, (Timestamp, i32)> = BTreeMap::new();
        let blocked = blocks.iter().filter(|block| block.from <= self.now && self.now < block.until);
        let mut held: Vec<TableId> = blocked.flat_map(|block| block.table_ids.iter().copied()).collect();
        for booking in self.found.iter().map(|found| &found.reservation) {
            let (guests, begins) = (booking.guests_count.get(), night.start <= booking.reservation_time);
            if begins && !matches!(booking.status, Status::Cancelled | Status::NoShow) {
                counts.booked += guests;
            }
            if booking.status == Status::Seated {
                counts.here += guests;
            }
            if begins && is_awaited(booking.status) {
                let hour = booking.reservation_time.to_zoned(self.known.house.time_zone.clone()).strftime("%H:00").to_string();
                let sum = hours.entry(hour).or_insert((booking.reservation_time, 0));
                *sum = (sum.0.min(booking.reservation_time), sum.1 + guests);
            }
            if booking.status == Status::Seated
                || is_awaited(booking.status) && booking.reservation_time <= self.now && self.now < booking.span().end
            {
                held.extend(&booking.table_ids);
            }
            counts.failed_mail += usize::from(booking.mail().is_some_and(|mail| mail.state == State::Failed));
        }
        let mut hours: Vec<_> = hours.into_iter().collect();
        hours.sort_by_key(|(_, (first, _))| *first);
        counts.hours = hours.into_iter().map(|(hour, (_, guests))| (hour, guests)).collect();
        let free = || self.known.house.floor.tables().iter().filter(|table| held.iter().all(|id| id.get() != table.id)).count();
        counts.free = is_now.then(free);
        counts
    }
}

fn is_awaited(status: Status) -> bool {
    matches!(status, Status::Pending | Status::Confirmed)
}
