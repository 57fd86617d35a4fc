//! Why a party cannot come.

use serde::Serialize;

/// Why a party cannot come at a time. Of several reasons the first of this order is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The time is in the past.
    Past,
    /// It is further ahead than bookings are taken.
    TooFarAhead,
    /// It is sooner than bookings are taken.
    TooSoon,
    /// The restaurant is closed, or seats nobody any more.
    Closed,
    /// Bookings begin on the steps of the service, and this time is between two.
    OffStep,
    /// The restaurant takes no bookings for the moment.
    Paused,
    /// The service takes no bookings from guests.
    WalkInOnly,
    /// The party is smaller than those that are taken.
    PartyTooSmall,
    /// The party is larger than those that are taken.
    PartyTooLarge,
    /// As many guests or parties as the kitchen can take begin within that quarter of an hour.
    PacingFull,
    /// No table may seat the party.
    NoTableFits,
    /// Every table that may seat the party is taken.
    NoTableFree,
}

impl Reason {
    /// Every reason, in order.
    pub const ALL: [Self; 12] = [
        Self::Past,
        Self::TooFarAhead,
        Self::TooSoon,
        Self::Closed,
        Self::OffStep,
        Self::Paused,
        Self::WalkInOnly,
        Self::PartyTooSmall,
        Self::PartyTooLarge,
        Self::PacingFull,
        Self::NoTableFits,
        Self::NoTableFree,
    ];

    /// The word of the reason in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::TooFarAhead => "too_far_ahead",
            Self::TooSoon => "too_soon",
            Self::Closed => "closed",
            Self::OffStep => "off_step",
            Self::Paused => "paused",
            Self::WalkInOnly => "walk_in_only",
            Self::PartyTooSmall => "party_too_small",
            Self::PartyTooLarge => "party_too_large",
            Self::PacingFull => "pacing_full",
            Self::NoTableFits => "no_table_fits",
            Self::NoTableFree => "no_table_free",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_its_words_are_those_of_json() {
        assert!(Reason::ALL.is_sorted());
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.as_str());
        }
    }
}
