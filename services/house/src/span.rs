//! A stretch of time, half-open: what ends at 20:00 and what begins at 20:00 do not overlap.

use jiff::{SignedDuration, Timestamp};

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends, exclusive.
    pub end: Timestamp,
}

impl Span {
    /// From `start`, for so long; the end of time cuts it.
    pub fn new(start: Timestamp, length: SignedDuration) -> Self {
        Self { start, end: start.saturating_add(length).unwrap_or(Timestamp::MAX) }
    }

    /// How long it is.
    pub fn length(self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    /// Whether the other one lies within this one.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two have a moment in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The same stretch in pieces of at most `length`, back to back.
    pub fn pieces(self, length: SignedDuration) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let end = Self::new(start, length).end.min(self.end);
            pieces.push(Self { start, end });
            start = end;
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_to_back_is_no_overlap() {
        let hour = |start: &str| Span::new(start.parse().expect("a time"), SignedDuration::from_hours(1));
        let (first, second, between) = (hour("2030-05-17T19:00:00Z"), hour("2030-05-17T20:00:00Z"), hour("2030-05-17T19:30:00Z"));
        assert!(!first.overlaps(second) && !second.overlaps(first));
        assert!(first.overlaps(between) && between.overlaps(first) && first.overlaps(first));
    }

    #[test]
    fn pieces_are_back_to_back_and_none_is_too_long() {
        let start: Timestamp = "2030-05-17T19:00:00Z".parse().expect("a time");
        let hours = SignedDuration::from_hours;
        let lengths = |length| Span::new(start, length).pieces(hours(8)).into_iter().map(Span::length).collect::<Vec<_>>();
        assert_eq!(lengths(hours(2)), [hours(2)]);
        assert_eq!(lengths(hours(8)), [hours(8)]);
        assert_eq!(lengths(hours(12)), [hours(8), hours(4)]);
        let pieces = Span::new(start, hours(20)).pieces(hours(8));
        assert!(pieces.windows(2).all(|two| two[0].end == two[1].start && !two[0].overlaps(two[1])));
        assert_eq!(pieces.last().map(|last| last.end), Some(start + hours(20)));
    }
}
