//! The events of one aggregate, one after the other.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::queue::Row;

/// The topic and the key of an aggregate.
pub(super) type Key = (String, String);

/// What becomes of the events of an aggregate.
pub(super) enum Lane {
    /// One is on its way to the broker.
    Sending(Sending),
    /// None is: what waits is read again after a while.
    Resting(Resting),
}

/// An event that is on its way, and what follows it.
pub(super) struct Sending {
    /// The id of the event that is on its way.
    pub(super) current: i64,
    /// What follows it.
    pub(super) queue: VecDeque<Row>,
    /// There may be more in the database than in the queue.
    pub(super) more: bool,
    /// The broker did not take it before.
    pub(super) retried: bool,
}

/// Why an aggregate rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There may be more of it in the database.
    More,
    /// The broker did not take its event in time.
    Unavailable,
    /// The broker refuses its event.
    Refused,
}

/// An aggregate of which nothing is on its way.
pub(super) struct Resting {
    /// The id of the first event that waits, or a smaller one.
    pub(super) first: i64,
    pub(super) until: Instant,
    pub(super) why: Why,
}

impl Lane {
    /// The smallest id that an event of it which waits may have.
    pub(super) fn first(&self) -> i64 {
        match self {
            Self::Sending(sending) => sending.current,
            Self::Resting(resting) => resting.first,
        }
    }

    pub(super) fn rests_for(&self, why: Why) -> bool {
        matches!(self, Self::Resting(resting) if resting.why == why)
    }
}

impl Sending {
    /// The ids that are in memory.
    pub(super) fn held(&self) -> impl Iterator<Item = i64> {
        std::iter::once(self.current).chain(self.queue.iter().map(|row| row.id))
    }
}
