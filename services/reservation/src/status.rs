//! The life of a booking: which states there are, and what leads from one to another.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long before its start a party may be seated.
const SEAT_BEFORE: SignedDuration = SignedDuration::from_hours(4);

/// Where a booking is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "varchar", rename_all = "snake_case")]
pub enum Status {
    /// The restaurant has not confirmed it yet; its table is held.
    #[default]
    Pending,
    /// The restaurant expects the party; its table is held.
    Confirmed,
    /// The party sits at its table.
    Seated,
    /// The party has been and gone.
    Completed,
    /// Called off by the guest or the restaurant; its table is free.
    Cancelled,
    /// The party did not come; its table is free.
    NoShow,
}

/// The words for the states, as they stand in JSON and in the database.
pub static STATUSES: &[(&str, Status)] = &[
    ("pending", Status::Pending),
    ("confirmed", Status::Confirmed),
    ("seated", Status::Seated),
    ("completed", Status::Completed),
    ("cancelled", Status::Cancelled),
    ("no_show", Status::NoShow),
];

impl Status {
    /// The word for the state.
    pub fn as_str(self) -> &'static str {
        STATUSES.iter().find(|(_, status)| *status == self).map_or("", |(word, _)| word)
    }

    /// Whether a booking in this state holds its table.
    pub fn holds(self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed | Self::Seated)
    }
}

/// What can be done to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The restaurant accepts it.
    Confirm,
    /// The party is shown to its table.
    Seat,
    /// The party leaves.
    Complete,
    /// The party did not come.
    NoShow,
    /// It is called off.
    Cancel,
}

const ACTIONS: [Action; 5] = [Action::Confirm, Action::Seat, Action::Complete, Action::NoShow, Action::Cancel];

impl Action {
    /// The word for the action, as it stands in the path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Seat => "seat",
            Self::Complete => "complete",
            Self::NoShow => "no-show",
            Self::Cancel => "cancel",
        }
    }

    /// The state that the action leads to.
    pub fn leads_to(self) -> Status {
        match self {
            Self::Confirm => Status::Confirmed,
            Self::Seat => Status::Seated,
            Self::Complete => Status::Completed,
            Self::NoShow => Status::NoShow,
            Self::Cancel => Status::Cancelled,
        }
    }

    /// The type of the event that tells of it.
    pub fn event(self) -> &'static str {
        match self {
            Self::Confirm => "reservation.confirmed",
            Self::Seat => "reservation.seated",
            Self::Complete => "reservation.completed",
            Self::NoShow => "reservation.no_show",
            Self::Cancel => "reservation.cancelled",
        }
    }
}

/// Who acts on a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The one who booked.
    Guest,
    /// The restaurant.
    Admin,
}

/// As much of a booking as its life depends on, at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The state it is in.
    pub status: Status,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends, exclusive.
    pub end: Timestamp,
    /// The moment.
    pub now: Timestamp,
}

impl Moment {
    /// Whether the actor may do this now.
    pub fn may(&self, actor: Actor, action: Action) -> bool {
        let awaited = matches!(self.status, Status::Pending | Status::Confirmed);
        let allowed = match action {
            Action::Confirm => self.status == Status::Pending,
            Action::Seat => awaited && self.now >= self.start - SEAT_BEFORE && self.now < self.end,
            Action::Complete => self.status == Status::Seated,
            Action::NoShow => awaited && self.now >= self.start,
            Action::Cancel => awaited && (actor == Actor::Admin || self.now < self.start),
        };
        allowed && (actor == Actor::Admin || action == Action::Cancel)
    }

    /// Everything that the actor may do now.
    pub fn allowed(&self, actor: Actor) -> Vec<Action> {
        ACTIONS.into_iter().filter(|action| self.may(actor, *action)).collect()
    }

    /// Whether the actor may change time, party, table, contact and requests now.
    pub fn may_change(&self, actor: Actor) -> bool {
        match actor {
            Actor::Guest => matches!(self.status, Status::Pending | Status::Confirmed) && self.now < self.start,
            Actor::Admin => self.status.holds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(status: Status, minutes_after_start: i64) -> Moment {
        let start: Timestamp = "2030-05-17T19:00:00Z".parse().expect("a time");
        let end = start + SignedDuration::from_hours(2);
        Moment { status, start, end, now: start + SignedDuration::from_mins(minutes_after_start) }
    }

    #[test]
    fn the_table_of_transitions() {
        use Action::{Cancel, Complete, Confirm, NoShow, Seat};
        use Status::{Cancelled, Completed, Confirmed, NoShow as Missed, Pending, Seated};
        // State, minutes after the start, what the restaurant may do, what the guest may do.
        let table: &[(Status, i64, &[Action], &[Action])] = &[
            (Pending, -300, &[Confirm, Cancel], &[Cancel]),
            (Pending, -240, &[Confirm, Seat, Cancel], &[Cancel]),
            (Pending, -1, &[Confirm, Seat, Cancel], &[Cancel]),
            (Pending, 0, &[Confirm, Seat, NoShow, Cancel], &[]),
            (Pending, 119, &[Confirm, Seat, NoShow, Cancel], &[]),
            (Pending, 120, &[Confirm, NoShow, Cancel], &[]),
            (Confirmed, -300, &[Cancel], &[Cancel]),
            (Confirmed, -60, &[Seat, Cancel], &[Cancel]),
            (Confirmed, 60, &[Seat, NoShow, Cancel], &[]),
            (Confirmed, 180, &[NoShow, Cancel], &[]),
            (Seated, -60, &[Complete], &[]),
            (Seated, 500, &[Complete], &[]),
            (Completed, 60, &[], &[]),
            (Cancelled, -60, &[], &[]),
            (Missed, 60, &[], &[]),
        ];
        for (status, minutes, admin, guest) in table {
            let moment = moment(*status, *minutes);
            assert_eq!(moment.allowed(Actor::Admin), *admin, "{status:?} {minutes}");
            assert_eq!(moment.allowed(Actor::Guest), *guest, "{status:?} {minutes}");
        }
    }

    #[test]
    fn a_guest_changes_until_the_start_and_the_restaurant_until_the_end_of_the_booking() {
        assert!(moment(Status::Confirmed, -1).may_change(Actor::Guest));
        assert!(!moment(Status::Confirmed, 0).may_change(Actor::Guest));
        assert!(!moment(Status::Seated, -1).may_change(Actor::Guest));
        assert!(moment(Status::Seated, 60).may_change(Actor::Admin));
        for over in [Status::Completed, Status::Cancelled, Status::NoShow] {
            assert!(!moment(over, -60).may_change(Actor::Admin), "{over:?}");
        }
    }
}
