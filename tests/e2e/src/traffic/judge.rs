//! What must hold of bookings and of their events. Pure: what was read in, sentences of what is wrong out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ledger::Acknowledged;
use crate::topic::Event;

/// How many wrong bookings are told one by one.
const TOLD: usize = 5;

/// A booking as the API shows it after the load.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub(crate) id: i64,
    /// Its number among the bookings of this run.
    pub(crate) number: Option<u64>,
    pub(crate) user: i64,
    pub(crate) table: i64,
    pub(crate) guests: i64,
    pub(crate) start: Timestamp,
    pub(crate) minutes: i64,
    pub(crate) status: String,
    pub(crate) version: u64,
}

impl Booking {
    /// Whether its table is held for it.
    pub(crate) fn is_on(&self) -> bool {
        self.status != "cancelled"
    }

    fn end(&self) -> Timestamp {
        self.start + SignedDuration::from_mins(self.minutes)
    }
}

/// Every acknowledged booking is there, with every acknowledged change, and none is there twice or unasked.
pub(crate) fn bookings(bookings: &[Booking], acknowledged: &[Acknowledged], in_doubt: &[u64]) -> Vec<String> {
    let mut wrong = Wrong::default();
    let mut by_number: BTreeMap<u64, Vec<&Booking>> = BTreeMap::new();
    for booking in bookings {
        match booking.number {
            Some(number) => by_number.entry(number).or_default().push(booking),
            None => wrong.push("of somebody else", format!("booking {}", booking.id)),
        }
    }
    let mut known: BTreeSet<u64> = in_doubt.iter().copied().collect();
    for one in acknowledged {
        known.insert(one.number);
        let found = by_number.get(&one.number).and_then(|found| found.iter().find(|booking| booking.id == one.id));
        match found {
            None => wrong.push("lost", format!("booking {} (number {})", one.id, one.number)),
            // The first version is the booking itself.
            Some(found) if !(1 + one.changes..=1 + one.changes + one.in_doubt).contains(&found.version) => {
                wrong.push(
                    "of another version than was acknowledged",
                    format!("booking {}: {} after {} changes", one.id, found.version, one.changes),
                );
            }
            Some(_) => {}
        }
    }
    for (number, found) in by_number {
        if found.len() > 1 {
            wrong.push("doubled", format!("number {number}: {:?}", found.iter().map(|booking| booking.id).collect::<Vec<_>>()));
        }
        if !known.contains(&number) {
            wrong.push("made, and never acknowledged", format!("number {number}"));
        }
    }
    wrong.told("bookings")
}

/// No table is held for two at once.
pub(crate) fn overlaps(bookings: &[Booking]) -> Vec<String> {
    let mut wrong = Wrong::default();
    let mut by_table: BTreeMap<i64, Vec<&Booking>> = BTreeMap::new();
    for booking in bookings.iter().filter(|booking| booking.is_on()) {
        by_table.entry(booking.table).or_default().push(booking);
    }
    for (table, mut held) in by_table {
        held.sort_by_key(|booking| booking.start);
        for pair in held.windows(2).filter(|pair| pair[1].start < pair[0].end()) {
            wrong.push("overlapping", format!("{} and {} at table {table}", pair[0].id, pair[1].id));
        }
    }
    wrong.told("bookings")
}

/// What the topic tells of the bookings.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// Each event counted once.
    pub(crate) events: u64,
    /// Deliveries beyond the first.
    pub(crate) redelivered: u64,
    pub(crate) problems: Vec<String>,
}

/// Each change of each booking is one event, in the order of the changes, and the last tells of the booking as it is. An event may be
/// delivered again, with the same id.
pub(crate) fn events(bookings: &[Booking], events: &[Event]) -> Told {
    let (mut told, mut wrong) = (Told::default(), Wrong::default());
    let mut by_booking: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for event in events.iter().filter(|event| bookings.iter().any(|booking| booking.id == event.booking)) {
        if seen.insert(&event.id) {
            told.events += 1;
            by_booking.entry(event.booking).or_default().push(event);
        } else {
            told.redelivered += 1;
        }
    }
    for booking in bookings {
        let of_booking = by_booking.remove(&booking.id).unwrap_or_default();
        let versions: Vec<u64> = of_booking.iter().map(|event| event.version).collect();
        let expected: Vec<u64> = (1..=booking.version).collect();
        if versions != expected {
            let (once, all): (BTreeSet<_>, BTreeSet<_>) = (versions.iter().collect(), expected.iter().collect());
            let how = match () {
                () if !all.is_subset(&once) => "lost",
                () if versions.len() > expected.len() => "doubled",
                () => "out of order",
            };
            wrong.push(how, format!("booking {}: {versions:?}, not {expected:?}", booking.id));
        } else if let Some(last) = of_booking.last()
            && !is_told(booking, last)
        {
            wrong.push("of another booking than the API shows", format!("{}: {}", booking.id, last.data));
        }
    }
    told.problems = wrong.told("bookings with events");
    told
}

fn is_told(booking: &Booking, event: &Event) -> bool {
    let start = event.data["reservation_time"].as_str().and_then(|time| time.parse().ok());
    event.data["status"] == *booking.status
        && event.data["guests_count"] == booking.guests
        && event.data["table_id"] == booking.table
        && start == Some(booking.start)
}

/// What is wrong, by how it is.
#[derive(Default)]
struct Wrong(BTreeMap<&'static str, Vec<String>>);

impl Wrong {
    fn push(&mut self, how: &'static str, what: String) {
        self.0.entry(how).or_default().push(what);
    }

    fn told(self, what: &str) -> Vec<String> {
        let tell = |(how, all): (&str, Vec<String>)| {
            let more = if all.len() > TOLD { ", ..." } else { "" };
            format!("{} {what} {how}: {}{more}", all.len(), all[..all.len().min(TOLD)].join(", "))
        };
        self.0.into_iter().map(tell).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn booking(id: i64, version: u64) -> Booking {
        Booking {
            id,
            number: Some(id as u64),
            user: 1,
            table: 1,
            guests: 2,
            start: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(2 * id),
            minutes: 120,
            status: "pending".to_owned(),
            version,
        }
    }

    fn acknowledged(id: i64, changes: u64) -> Acknowledged {
        Acknowledged { number: id as u64, id, changes, in_doubt: 0 }
    }

    fn event(of: &Booking, version: u64) -> Event {
        let data = json!({"status": of.status, "guests_count": of.guests, "table_id": of.table, "reservation_time": of.start.to_string()});
        Event { id: format!("{}-{version}", of.id), booking: of.id, version, data }
    }

    #[test]
    fn what_was_acknowledged_is_there_once() {
        let there = [booking(1, 1), booking(2, 2)];
        assert_eq!(bookings(&there, &[acknowledged(1, 0), acknowledged(2, 1)], &[]), [""; 0]);
        assert_eq!(bookings(&there, &[acknowledged(1, 0)], &[2]), [""; 0]);
        let wrong = |all: &[Acknowledged]| bookings(&there, all, &[]).join("; ");
        assert!(wrong(&[acknowledged(1, 0), acknowledged(2, 1), acknowledged(3, 0)]).contains("lost: booking 3"));
        assert!(wrong(&[acknowledged(1, 0)]).contains("never acknowledged: number 2"));
        assert!(wrong(&[acknowledged(1, 1), acknowledged(2, 1)]).contains("of another version"));
        let twice = [booking(1, 1), Booking { id: 9, ..booking(1, 1) }];
        assert!(bookings(&twice, &[acknowledged(1, 0)], &[]).join("; ").contains("doubled: number 1"));
    }

    #[test]
    fn a_table_is_held_for_one() {
        let there = [booking(1, 1), booking(2, 1)];
        assert_eq!(overlaps(&there), [""; 0]);
        let late = Booking { start: there[0].start + SignedDuration::from_mins(60), ..booking(3, 1) };
        assert_eq!(overlaps(&[there[0].clone(), late.clone()]), ["1 bookings overlapping: 1 and 3 at table 1"]);
        let cancelled = Booking { status: "cancelled".to_owned(), ..late };
        assert_eq!(overlaps(&[there[0].clone(), cancelled]), [""; 0]);
    }

    #[test]
    fn each_change_is_one_event_in_order() {
        let one = booking(1, 3);
        let all = [event(&one, 1), event(&one, 2), event(&one, 3)];
        let told = |order: &[usize]| events(std::slice::from_ref(&one), &order.iter().map(|&at| all[at].clone()).collect::<Vec<_>>());
        assert_eq!(told(&[0, 1, 2]), Told { events: 3, ..Told::default() });
        assert_eq!(told(&[0, 1, 0, 1, 2]), Told { events: 3, redelivered: 2, problems: vec![] });
        assert!(told(&[0, 2]).problems[0].contains("lost"));
        assert!(told(&[0, 2, 1]).problems[0].contains("out of order"));
        let mut twice = all.to_vec();
        twice.push(Event { id: "another".to_owned(), ..all[2].clone() });
        assert!(events(std::slice::from_ref(&one), &twice).problems[0].contains("doubled"));
        let other = Booking { guests: 3, ..one.clone() };
        assert!(events(&[other], &all).problems[0].contains("of another booking"));
    }
}
