//! The floor: which tables a party can have at a time. This is the one chooser: whatever offers, lists or gives out tables asks it.

use jiff::{SignedDuration, Timestamp};

use crate::booking::Guests;
use crate::calendar::Reason;
use crate::span::Span;
use crate::table::{Table, TableId};

/// How long a party that stays over its time counts as there, from the moment of asking.
pub const OVER_TIME: SignedDuration = SignedDuration::from_mins(15);

/// What holds a table for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// From when until when.
    pub span: Span,
    /// Whether the party sits there.
    pub seated: bool,
}

impl Hold {
    /// For how long the table cannot be had, as seen now.
    fn taken(self, now: Timestamp) -> Span {
        let stays = Span::new(now, OVER_TIME).end;
        Span { end: if self.seated { self.span.end.max(stays) } else { self.span.end }, ..self.span }
    }
}

/// An active table, and what holds it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The table.
    pub table_id: TableId,
    /// The number that stands on it.
    pub table_number: i32,
    /// How many guests it seats.
    pub capacity: i32,
    /// What holds it, in any order.
    pub holds: Vec<Hold>,
}

/// A table, and when it is free.
#[derive(Clone, Debug)]
struct Unit {
    table_id: TableId,
    table_number: i32,
    capacity: i32,
    /// In order, and apart from each other.
    free: Vec<Span>,
}

/// When the tables of the floor are free within a stretch of time.
#[derive(Clone, Debug)]
pub struct Openings {
    /// In the order in which the house gives them out.
    units: Vec<Unit>,
}

impl Openings {
    /// What is left of `within`, as seen now.
    pub fn new(tables: &[Held], within: Span, now: Timestamp) -> Self {
        let unit = |table: &Held| Unit {
            table_id: table.table_id,
            table_number: table.table_number,
            capacity: table.capacity,
            free: gaps(table.holds.iter().map(|hold| hold.taken(now)).filter(|taken| taken.overlaps(within)).collect(), within),
        };
        let mut units: Vec<_> = tables.iter().map(unit).collect();
        units.sort_by_key(|unit| (unit.capacity, unit.table_number));
        Self { units }
    }

    /// What is left of `within`, a part of the stretch of time of these.
    pub fn clipped(&self, within: Span) -> Self {
        let clipped = |unit: &Unit| {
            let first = unit.free.partition_point(|free| free.end <= within.start);
            let free = unit.free[first..].iter().take_while(|free| free.start < within.end);
            let clip = |free: &Span| Span { start: free.start.max(within.start), end: free.end.min(within.end) };
            Unit { free: free.map(clip).collect(), ..*unit }
        };
        Self { units: self.units.iter().map(clipped).collect() }
    }

    /// The tables that the party can have for the whole of `span`, which lies within that of the openings: the first is the best.
    ///
    /// # Errors
    /// Why there is none.
    pub fn choose(&self, guests: Guests, span: Span) -> Result<impl Iterator<Item = TableId> + '_, Reason> {
        let fitting = &self.units[self.units.partition_point(|unit| unit.capacity < guests.get())..];
        if fitting.is_empty() {
            return Err(Reason::NoTableFits);
        }
        let mut free = fitting.iter().filter(move |unit| unit.is_free(span)).map(|unit| unit.table_id).peekable();
        if free.peek().is_none() { Err(Reason::NoTableFree) } else { Ok(free) }
    }

    /// The same, but that the table is free for this stretch of time, too.
    pub fn without(&self, table_id: TableId, span: Span) -> Self {
        let mut openings = self.clone();
        if let Some(unit) = openings.units.iter_mut().find(|unit| unit.table_id == table_id) {
            let (touching, mut apart): (Vec<_>, Vec<_>) =
                unit.free.iter().partition(|free| free.start <= span.end && span.start <= free.end);
            let merge = |whole: Span, free: Span| Span { start: whole.start.min(free.start), end: whole.end.max(free.end) };
            apart.push(touching.into_iter().fold(span, merge));
            apart.sort_unstable();
            unit.free = apart;
        }
        openings
    }
}

impl Unit {
    fn is_free(&self, span: Span) -> bool {
        let before = self.free.partition_point(|free| free.end < span.end);
        self.free.get(before).is_some_and(|free| free.contains(span))
    }
}

/// What the taken stretches leave of `within`.
fn gaps(mut taken: Vec<Span>, within: Span) -> Vec<Span> {
    taken.sort_unstable();
    let (mut gaps, mut from) = (Vec::new(), within.start);
    for span in taken {
        if span.start > from {
            gaps.push(Span { start: from, end: span.start });
        }
        from = from.max(span.end);
    }
    if from < within.end {
        gaps.push(Span { start: from, end: within.end });
    }
    gaps
}

/// Why a table that was named cannot be had, by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsuitable {
    /// There is no such table.
    Unknown,
    /// It seats fewer guests than the party has.
    TooSmall {
        /// How many guests it seats.
        capacity: i32,
        /// How many guests the party has.
        guests: Guests,
    },
    /// It is not in use.
    Inactive,
}

/// Whether the party can have the table, by what the table is.
///
/// # Errors
/// Why it cannot.
pub fn suits(table: Option<&Table>, guests: Guests) -> Result<(), Unsuitable> {
    match table {
        None => Err(Unsuitable::Unknown),
        Some(table) if !table.is_active => Err(Unsuitable::Inactive),
        Some(table) if table.capacity < guests.get() => Err(Unsuitable::TooSmall { capacity: table.capacity, guests }),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2030-05-17T{text}:00Z").parse().expect("a time")
    }

    fn span(start: &str, end: &str) -> Span {
        Span { start: at(start), end: at(end) }
    }

    fn table(number: i32, capacity: i32, holds: &[(&str, &str, bool)]) -> Held {
        let holds = holds.iter().map(|(start, end, seated)| Hold { span: span(start, end), seated: *seated });
        Held { table_id: TableId::new(number).expect("an id"), table_number: number, capacity, holds: holds.collect() }
    }

    fn chosen(tables: &[Held], guests: i32, wanted: Span, now: &str) -> Result<Vec<i32>, Reason> {
        let openings = Openings::new(tables, span("00:00", "23:59"), at(now));
        openings.choose(Guests::new(guests).expect("a party"), wanted).map(|tables| tables.map(TableId::get).collect())
    }

    #[test]
    fn the_smallest_first_and_of_two_as_small_the_lower_number() {
        let tables = [table(1, 6, &[]), table(3, 2, &[]), table(2, 2, &[]), table(4, 4, &[("19:00", "21:00", false)])];
        let chosen = |guests, start, end| chosen(&tables, guests, span(start, end), "00:00");
        assert_eq!(chosen(2, "19:00", "21:00"), Ok(vec![2, 3, 1]));
        assert_eq!(chosen(3, "19:00", "21:00"), Ok(vec![1]));
        assert_eq!(chosen(3, "17:00", "19:00"), Ok(vec![4, 1]));
        assert_eq!(chosen(3, "21:00", "23:00"), Ok(vec![4, 1]));
        assert_eq!(chosen(7, "19:00", "21:00"), Err(Reason::NoTableFits));
    }

    #[test]
    fn a_short_booking_inside_a_long_one_is_seen() {
        let inside = [table(1, 2, &[("20:00", "20:15", false)])];
        let chosen = |start, end| chosen(&inside, 2, span(start, end), "00:00");
        assert_eq!(chosen("18:00", "22:00"), Err(Reason::NoTableFree));
        assert_eq!(chosen("20:15", "22:15"), Ok(vec![1]));
        assert_eq!(chosen("18:00", "20:00"), Ok(vec![1]));
    }

    #[test]
    fn a_part_of_the_openings_is_what_is_left_of_that_part() {
        let held = [table(1, 2, &[("03:00", "05:00", false), ("09:00", "11:00", false), ("20:00", "21:00", true)]), table(2, 4, &[])];
        let openings = |within| Openings::new(&held, within, at("00:00"));
        let whole = openings(span("00:00", "23:59"));
        let free = |openings: &Openings| openings.units.iter().map(|unit| unit.free.clone()).collect::<Vec<_>>();
        for (start, end) in
            [("00:00", "23:59"), ("04:00", "10:00"), ("05:00", "09:00"), ("03:00", "05:00"), ("03:30", "04:00"), ("21:00", "22:00")]
        {
            let within = span(start, end);
            assert_eq!(free(&whole.clipped(within)), free(&openings(within)), "{start} to {end}");
        }
    }

    #[test]
    fn what_a_booking_holds_itself_can_be_taken_away() {
        let held = [table(1, 2, &[("17:00", "19:00", false), ("19:00", "21:00", false), ("22:00", "23:00", false)])];
        let openings = Openings::new(&held, span("00:00", "23:59"), at("00:00"));
        let guests = Guests::new(2).expect("a party");
        let free = |openings: &Openings, start, end| openings.choose(guests, span(start, end)).is_ok();
        let without = openings.without(TableId::new(1).expect("an id"), span("19:00", "21:00"));
        assert!(free(&without, "19:00", "22:00") && !free(&openings, "19:00", "22:00"));
        assert!(!free(&without, "18:59", "20:00") && !free(&without, "20:00", "22:01") && free(&without, "15:00", "17:00"));
    }

    #[test]
    fn f04_a_party_over_its_time_is_there_for_15_minutes_more() {
        let chosen = |seated, now| chosen(&[table(1, 2, &[("17:00", "19:00", seated)])], 2, span("20:00", "21:00"), now);
        assert_eq!(chosen(true, "19:46"), Err(Reason::NoTableFree));
        assert_eq!(chosen(true, "19:45"), Ok(vec![1]));
        assert_eq!(chosen(true, "17:30"), Ok(vec![1]));
        assert_eq!(chosen(false, "19:59"), Ok(vec![1]));
    }
}
