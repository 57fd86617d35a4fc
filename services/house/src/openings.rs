//! When tables are free.

use jiff::{SignedDuration, Timestamp};

use crate::floor::{Floor, Unit};
use crate::span::Span;

/// How long a party that stays over its time counts as there, from the moment of asking.
pub const OVER_TIME: SignedDuration = SignedDuration::from_mins(15);

/// What holds a table for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The table.
    pub table_id: i32,
    /// From when until when.
    pub span: Span,
    /// Whether a party sits there.
    pub seated: bool,
}

impl Hold {
    /// For how long the table cannot be had, as seen now.
    pub fn taken(self, now: Timestamp) -> Span {
        let stays = Span::new(now, OVER_TIME).end;
        Span { end: if self.seated { self.span.end.max(stays) } else { self.span.end }, ..self.span }
    }
}

/// When the tables of a floor are free within a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Openings {
    /// Of each table of the floor, in its order; each in order, and apart from each other.
    free: Vec<Vec<Span>>,
}

impl Openings {
    /// What the holds leave of `within`, as seen now. Holds of tables that are not in use do not count.
    pub fn new(floor: &Floor, holds: &[Hold], within: Span, now: Timestamp) -> Self {
        let mut taken = vec![Vec::new(); floor.tables().len()];
        for holds in holds.chunk_by(|one, next| one.table_id == next.table_id) {
            if let Some(place) = holds.first().and_then(|hold| floor.place(hold.table_id)) {
                taken[place].extend(holds.iter().map(|hold| hold.taken(now)).filter(|span| span.overlaps(within)));
            }
        }
        Self { free: taken.into_iter().map(|taken| gaps(taken, within)).collect() }
    }

    /// The same, but that tables are free for these stretches of time, too.
    #[must_use]
    pub fn without(&self, floor: &Floor, own: &[Hold]) -> Self {
        let mut openings = self.clone();
        for hold in own {
            let Some(place) = floor.place(hold.table_id) else { continue };
            let (touching, mut apart): (Vec<_>, Vec<_>) =
                openings.free[place].iter().partition(|free| free.start <= hold.span.end && hold.span.start <= free.end);
            let merge = |whole: Span, free: Span| Span { start: whole.start.min(free.start), end: whole.end.max(free.end) };
            apart.push(touching.into_iter().fold(hold.span, merge));
            apart.sort_unstable();
            openings.free[place] = apart;
        }
        openings
    }

    /// Takes a table for a stretch of time. One that is not in use is not there.
    pub fn take(&mut self, floor: &Floor, table_id: i32, span: Span) {
        let Some(place) = floor.place(table_id) else { return };
        let pieces = |free: &Span| {
            let (before, after) = (Span { end: span.start.min(free.end), ..*free }, Span { start: span.end.max(free.start), ..*free });
            if free.overlaps(span) { [before, after] } else { [*free, Span { start: free.end, ..*free }] }
        };
        self.free[place] = self.free[place].iter().flat_map(pieces).filter(|free| free.start < free.end).collect();
    }

    /// Until when all tables of a unit are free from a moment on; `None` where one is taken then.
    pub fn free_until(&self, unit: &Unit, from: Timestamp) -> Option<Timestamp> {
        let until = |place: &usize| self.free[*place].iter().find(|free| free.start <= from && from < free.end).map(|free| free.end);
        unit.tables.iter().map(until).collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// Whether every table of a unit is free for the whole of `span`, which lies within the stretch of time of these.
    pub fn is_free(&self, unit: &Unit, span: Span) -> bool {
        unit.tables.iter().all(|place| {
            let free = &self.free[*place];
            let first = free.partition_point(|free| free.end < span.end);
            free.get(first).is_some_and(|free| free.contains(span))
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::floor::Group;
    use crate::floor::tests::table;

    fn at(text: &str) -> Timestamp {
        format!("2030-05-17T{text}:00Z").parse().expect("a time")
    }

    fn span(start: &str, end: &str) -> Span {
        Span { start: at(start), end: at(end) }
    }

    fn hold(table_id: i32, start: &str, end: &str, seated: bool) -> Hold {
        Hold { table_id, span: span(start, end), seated }
    }

    fn day() -> Span {
        span("00:00", "23:59")
    }

    fn floor() -> Floor {
        let group = Group { id: 1, tables: vec![1, 2], capacity: 6, min_party: 1 };
        Floor::new(&[], vec![table(1, 2), table(2, 4)], &[group])
    }

    /// The numbers of the tables that are free.
    fn free(holds: &[Hold], wanted: Span, now: &str) -> Vec<Vec<i32>> {
        let floor = floor();
        let openings = Openings::new(&floor, holds, day(), at(now));
        floor.units().iter().filter(|unit| openings.is_free(unit, wanted)).map(|unit| floor.ids(unit)).collect()
    }

    #[test]
    fn a_short_booking_inside_a_long_one_is_seen() {
        let free = |start, end| free(&[hold(1, "20:00", "20:15", false)], span(start, end), "00:00");
        assert_eq!(free("18:00", "22:00"), [[2]]);
        assert_eq!(free("20:15", "22:15"), [vec![1], vec![2], vec![1, 2]]);
        assert_eq!(free("18:00", "20:00"), [vec![1], vec![2], vec![1, 2]]);
    }

    #[test]
    fn a_group_is_free_where_all_its_tables_are() {
        let free = |start, end| free(&[hold(1, "18:00", "19:00", false), hold(2, "20:00", "21:00", false)], span(start, end), "00:00");
        assert_eq!(free("18:30", "19:30"), [[2]]);
        assert_eq!(free("19:00", "20:00"), [vec![1], vec![2], vec![1, 2]]);
        assert_eq!(free("19:30", "20:30"), [[1]]);
        assert_eq!(free("18:30", "20:30"), Vec::<Vec<i32>>::new());
    }

    #[test]
    fn what_a_booking_holds_itself_can_be_taken_away() {
        let (floor, own) = (floor(), hold(1, "19:00", "21:00", false));
        let others = [hold(1, "17:00", "19:00", false), hold(1, "22:00", "23:00", false)];
        let all = Openings::new(&floor, &[others[0], own, others[1]], day(), at("00:00"));
        assert_eq!(all.without(&floor, &[own]), Openings::new(&floor, &others, day(), at("00:00")));
        assert_eq!(all.without(&floor, &[hold(9, "19:00", "21:00", false)]), all);
    }

    #[test]
    fn a_table_that_is_taken_is_as_if_its_hold_had_been_there() {
        let floor = floor();
        let holds = [
            hold(1, "17:00", "19:00", false),
            hold(1, "19:00", "21:00", false),
            hold(1, "22:00", "23:00", false),
            hold(1, "00:00", "02:00", false),
        ];
        let mut openings = Openings::new(&floor, &[], day(), at("00:00"));
        for (count, hold) in (1..).zip(&holds) {
            openings.take(&floor, hold.table_id, hold.span);
            assert_eq!(openings, Openings::new(&floor, &holds[..count], day(), at("00:00")));
        }
        let before = openings.clone();
        openings.take(&floor, 1, span("18:00", "20:00"));
        openings.take(&floor, 9, span("10:00", "11:00"));
        assert_eq!(openings, before, "what is taken is not taken again, and a table that is not in use is none");
    }

    #[test]
    fn tables_are_free_until_the_first_of_them_is_taken() {
        let floor = floor();
        let holds = [hold(1, "12:00", "14:00", false), hold(2, "13:00", "13:30", false)];
        let openings = Openings::new(&floor, &holds, day(), at("00:00"));
        let until = |ids: &[i32], from| openings.free_until(&floor.joined(ids).expect("tables"), at(from));
        assert_eq!((until(&[1], "10:00"), until(&[1, 2], "10:00")), (Some(at("12:00")), Some(at("12:00"))));
        assert_eq!((until(&[2], "10:00"), until(&[2], "13:30")), (Some(at("13:00")), Some(at("23:59"))));
        assert_eq!((until(&[1], "12:00"), until(&[1], "13:59"), until(&[1, 2], "13:30")), (None, None, None));
        assert_eq!((until(&[1], "14:00"), until(&[1], "23:58")), (Some(at("23:59")), Some(at("23:59"))));
    }

    #[test]
    fn f04_a_party_over_its_time_is_there_for_15_minutes_more() {
        let free = |seated, now| free(&[hold(1, "17:00", "19:00", seated)], span("20:00", "21:00"), now).contains(&vec![1]);
        assert!(!free(true, "19:46"));
        assert!(free(true, "19:45") && free(true, "17:30") && free(false, "19:59"));
    }
}
