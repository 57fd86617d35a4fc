//! Why the house refuses something. Each use case lists the problems that it may refuse with, and HTTP words them in one place.

use jiff::Timestamp;

use crate::booking::Brief;
use crate::booking::Guests;
use crate::calendar::Reason;
use crate::floor::Unsuitable;
use crate::status::{Action, Actor, Moment};

/// A thing that may not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A booking.
    Reservation,
    /// A table.
    Table,
}

/// What of the contact is missing, and not known from the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The e-mail address.
    pub email: bool,
    /// The phone number.
    pub phone: bool,
}

chassis::words! {
    /// A limit of what one user may book.
    pub enum Limit {
        /// So many bookings within an hour.
        PerHour = "per_hour",
        /// So many bookings that are not over yet.
        Upcoming = "upcoming",
    }
}

/// What was to be done with a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// An action.
    Act(Action),
    /// A change of its values.
    Change,
    /// A party that sits, to another date.
    Move,
}

/// Why something is refused.
#[derive(Debug)]
pub enum Refusal {
    /// There is none, or none that the caller may know of.
    NotFound(Thing),
    /// The caller's conditions do not hold for the version that there is.
    OtherVersion(i32),
    /// The booking's state does not allow it.
    InvalidTransition(Attempt, Moment, Actor),
    /// A booking cannot begin then.
    Time(Reason),
    /// The table that was named cannot be had, by what it is, or the contact is missing.
    Invalid(Option<Unsuitable>, Missing),
    /// The user has reached a limit, for so many seconds.
    TooMany(Limit, u64),
    /// The table that was named is not in use.
    TableInactive,
    /// The table is taken.
    TableTaken,
    /// A party sits at the table.
    TableOccupied(Vec<Brief>),
    /// No table seats the party.
    NoTableFits(Guests),
    /// Every table that seats the party is taken; these times are free.
    NoTableFree(Vec<Timestamp>),
    /// Another table has the number.
    TableNumberTaken(i32),
    /// Bookings ahead stand in the way.
    TableHasBookings(Vec<Brief>),
    /// The key was used for another request.
    KeyReused,
    /// The database failed.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Refusal {
    /// Whether it is decided for good: the answer is kept for an Idempotency-Key.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Invalid(unsuitable, _) => unsuitable.is_some(),
            Self::TableInactive | Self::TableTaken | Self::NoTableFits(_) | Self::NoTableFree(_) => true,
            _ => false,
        }
    }

    /// Whether the transaction lost a deadlock, or a race that it may win when it is repeated.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Database(error) if chassis::run::database::is_retryable(error))
    }
}
