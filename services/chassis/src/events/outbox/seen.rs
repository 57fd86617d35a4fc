//! Which events need not be looked for any more.
//!
//! An id is allotted before its transaction commits, so a smaller one may appear after a greater one; to look from the greatest id that
//! was seen would lose events. To look from the beginning would find the remains of everything that was published, for as long as some old
//! snapshot keeps PostgreSQL from removing them. So there is a floor: every event below it was seen, for every transaction that could
//! write one has ended.

use std::collections::HashSet;

use super::queue::{Beat, Look};

/// How far below the floor a look goes that is a net only.
const NET: i64 = 1_000_000;

/// What was seen.
#[derive(Debug)]
pub(super) struct Seen {
    floor: i64,
    /// From the floor on, and below it what is being published.
    ids: HashSet<i64>,
    /// The greatest id that was allotted at some time, and the first transaction that had not begun shortly after.
    mark: Option<(i64, Option<i64>)>,
}

impl Seen {
    /// Nothing is seen yet; no event that waits has a smaller id than `floor`.
    pub(super) fn from(floor: i64) -> Self {
        Self { floor, ids: HashSet::new(), mark: None }
    }

    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    /// Notes an event; false where it was noted before.
    pub(super) fn note(&mut self, id: i64) -> bool {
        self.ids.insert(id)
    }

    /// Forgets events that are deleted.
    pub(super) fn forget(&mut self, ids: &[i64]) {
        for id in ids {
            self.ids.remove(id);
        }
    }

    pub(super) fn ids(&self) -> Vec<i64> {
        self.ids.iter().copied().collect()
    }

    /// Where to look, with some ids to leave out; with the net, for what cannot be there.
    pub(super) fn look<'a>(&self, ids: &'a [i64], limit: i64, net: bool) -> Look<'a> {
        Look { from: if net { self.floor.saturating_sub(NET) } else { self.floor }, without: ids, limit }
    }

    /// Raises the floor where that is safe. `complete`: all that the beat could see is noted. `kept`: the ids that are being published.
    pub(super) fn raise(&mut self, beat: &Beat, complete: bool, kept: impl Iterator<Item = i64>) {
        self.mark = match self.mark {
            None => Some((beat.last_id, None)),
            // Read after the id: whoever was allotted one up to it has a transaction before this one, or has ended.
            Some((id, None)) => Some((id, Some(beat.next_transaction))),
            Some((id, Some(transaction))) if complete && beat.oldest_transaction >= transaction => {
                self.floor = self.floor.max(id + 1);
                let kept: HashSet<i64> = kept.collect();
                self.ids.retain(|id| *id >= self.floor || kept.contains(id));
                Some((beat.last_id, None))
            }
            waiting => waiting,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(oldest_transaction: i64, next_transaction: i64, last_id: i64) -> Beat {
        Beat { oldest_transaction, next_transaction, last_id, rows: Vec::new() }
    }

    #[test]
    fn s12_the_floor_waits_for_transactions_that_may_still_write() {
        let mut seen = Seen::from(0);
        for id in [3, 5] {
            assert!(seen.note(id));
        }
        assert!(!seen.note(5));
        // Transaction 100 runs; it may have been allotted id 4.
        seen.raise(&beat(100, 103, 5), true, std::iter::empty());
        seen.raise(&beat(100, 104, 5), true, std::iter::empty());
        for _ in 0..3 {
            seen.raise(&beat(100, 200, 50), true, std::iter::empty());
            assert_eq!(seen.floor(), 0);
        }
        // It has ended, and 102 with it, but not everything was read.
        seen.raise(&beat(104, 200, 50), false, std::iter::empty());
        assert_eq!(seen.floor(), 0);
        seen.raise(&beat(104, 200, 50), true, [3].into_iter());
        assert_eq!((seen.floor(), seen.ids()), (6, vec![3]), "what is being published is not taken again by the net");
        seen.forget(&[3]);
        assert_eq!(seen.ids(), Vec::<i64>::new());
    }
}
