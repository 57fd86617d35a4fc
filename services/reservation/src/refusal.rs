//! Why the house refuses something. Each use case lists the problems that it may refuse with, and HTTP words them in one place.

use house::reason::Reason;
use jiff::Timestamp;

use crate::block::{BlockId, Unblockable};
use crate::booking::{Brief, Guests};
use crate::edit::Section;
use crate::exception::ExceptionId;
use crate::group::{Group, Unjoinable};
use crate::status::{Action, Actor, Moment};
use crate::table::Unsuitable;

/// A thing that may not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A booking.
    Reservation,
    /// A table.
    Table,
    /// An exception from the week.
    Exception,
    /// An area.
    Area,
    /// A group of tables.
    Group,
    /// A block.
    Block,
}

/// What is wrong with a request to book that cannot be seen in the request alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// There is no e-mail address, neither in the request nor in the account.
    pub email_missing: bool,
    /// There is no phone number, neither in the request nor in the account.
    pub phone_missing: bool,
    /// The party wants to stay longer than this, in minutes.
    pub too_long: Option<i32>,
    /// The tables that this member names cannot be had, by what they are.
    pub table: Option<(&'static str, Unsuitable)>,
}

chassis::words! {
    /// A limit of what may be booked.
    pub enum Limit {
        /// So many bookings of a user within an hour.
        PerHour = "per_hour",
        /// So many bookings of a user that are not over yet.
        Upcoming = "upcoming",
        /// So many bookings without an account from a network within an hour.
        Network = "network",
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
    /// So many minutes before its start, a guest no longer changes a booking.
    TooLateToChange(i32),
    /// A booking cannot begin then, in the past or too far ahead.
    Time(Reason),
    /// The house does not take it; these times are free.
    NotBookable(Reason, Vec<Timestamp>),
    /// Something is wrong with the request.
    Invalid(Faults),
    /// Guests need an account.
    AccountRequired,
    /// The links of the booking that were good when the request began have ended.
    LinkEnded,
    /// A limit is reached, for so many seconds.
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
    /// No table that seats the party at the door is free for half an hour.
    NoTableNow,
    /// Somebody else has changed it since the caller read it.
    OtherContent,
    /// The section is declared, and changed there only.
    ManagedByResource(Section),
    /// This exception has one of the dates.
    ExceptionExists(ExceptionId),
    /// Another area has the name.
    AreaNameTaken,
    /// Tables stand in the area.
    AreaInUse,
    /// There is no such area.
    UnknownArea,
    /// The table is part of groups that the edit would break.
    TableInGroup(Vec<Group>),
    /// Tables cannot be a group.
    NoGroup(Unjoinable),
    /// Tables cannot be blocked, by what they are: the member that names them.
    NoBlock(&'static str, Unblockable),
    /// Tables are blocked already, by these blocks.
    TableBlocked(Vec<BlockId>),
    /// Another table has the number.
    TableNumberTaken(i32),
    /// Bookings ahead stand in the way.
    TableHasBookings(Vec<Brief>),
    /// The key was used for another request.
    KeyReused,
    /// The house changes faster than it is judged.
    Overloaded,
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
            Self::Invalid(faults) => faults.table.is_some(),
            Self::NotBookable(..) | Self::TableInactive | Self::TableTaken | Self::NoTableFits(_) | Self::NoTableFree(_) => true,
            Self::TableOccupied(_) | Self::NoTableNow | Self::TableHasBookings(_) | Self::TableBlocked(_) => true,
            _ => false,
        }
    }

    /// Whether the transaction lost a deadlock, or a race that it may win when it is repeated.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Database(error) if chassis::run::database::is_retryable(error))
    }
}
