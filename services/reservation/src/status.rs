//! The life of a booking: which states there are, and what leads from one to another.

pub use contract::Status;
use contract::{Happened, Source};
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// For how long the staff may undo what happened to a booking.
const UNDO_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// How long before its start a party may be seated.
const SEAT_BEFORE: SignedDuration = SignedDuration::from_hours(4);

chassis::words! {
    /// What can be done with a booking.
    pub enum Action {
        /// The restaurant accepts it.
        Confirm = "confirm",
        /// The party is shown to its table.
        Seat = "seat",
        /// The party leaves.
        Complete = "complete",
        /// The party did not come.
        NoShow = "no-show",
        /// It is called off.
        Cancel = "cancel",
        /// What happened last is undone.
        Reopen = "reopen",
    }
}

/// The state to which reopening leads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Undo {
    /// The state that the booking was in.
    pub status: Status,
    /// When it left that state.
    pub at: Timestamp,
}

impl Action {
    /// The state that the action leads to; reopening leads to the one before.
    pub fn leads_to(self) -> Option<Status> {
        match self {
            Self::Confirm => Some(Status::Confirmed),
            Self::Seat => Some(Status::Seated),
            Self::Complete => Some(Status::Completed),
            Self::NoShow => Some(Status::NoShow),
            Self::Cancel => Some(Status::Cancelled),
            Self::Reopen => None,
        }
    }

    /// Whether the staff may undo it.
    pub fn can_be_undone(self) -> bool {
        matches!(self, Self::Seat | Self::Complete | Self::NoShow | Self::Cancel)
    }

    /// The event that tells of it.
    pub fn event(self) -> Happened {
        match self {
            Self::Confirm => Happened::Confirmed,
            Self::Seat => Happened::Seated,
            Self::Complete => Happened::Completed,
            Self::NoShow => Happened::NoShow,
            Self::Cancel => Happened::Cancelled,
            Self::Reopen => Happened::Reopened,
        }
    }
}

/// As whom somebody acts on a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// As the guest who booked.
    Guest,
    /// For the restaurant, as a host or an administrator.
    Staff,
}

/// As much of a booking as its life depends on, at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The state it is in.
    pub status: Status,
    /// How it came about.
    pub source: Source,
    /// What can be undone.
    pub undo: Option<Undo>,
    /// From when until when the party is expected.
    pub span: Span,
    /// The moment.
    pub now: Timestamp,
}

impl Moment {
    /// Whether the actor may do this now.
    pub fn may(&self, actor: Actor, action: Action) -> bool {
        let awaited = matches!(self.status, Status::Pending | Status::Confirmed);
        let allowed = match action {
            Action::Confirm => self.status == Status::Pending,
            Action::Seat => awaited && self.now >= self.span.start - SEAT_BEFORE && self.now < self.span.end,
            Action::Complete => self.status == Status::Seated,
            Action::NoShow => awaited && self.now >= self.span.start,
            Action::Cancel => awaited && (actor == Actor::Staff || self.now < self.span.start) || self.is_slip(),
            Action::Reopen => self.undo.is_some_and(|undo| self.now.duration_since(undo.at) < UNDO_WITHIN),
        };
        allowed && (actor == Actor::Staff || action == Action::Cancel)
    }

    /// Whether it was seated without a booking, which may have been a slip of the thumb.
    fn is_slip(&self) -> bool {
        self.source == Source::WalkIn && self.status == Status::Seated
    }

    /// Everything that the actor may do now.
    pub fn allowed(&self, actor: Actor) -> Vec<Action> {
        Action::ALL.iter().copied().filter(|action| self.may(actor, *action)).collect()
    }

    /// Whether the actor may change time, party, table, contact and requests now.
    pub fn may_change(&self, actor: Actor) -> bool {
        match actor {
            Actor::Guest => matches!(self.status, Status::Pending | Status::Confirmed) && self.now < self.span.start,
            Actor::Staff => self.status.holds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(status: Status, minutes_after_start: i64) -> Moment {
        let start: Timestamp = "2030-05-17T19:00:00Z".parse().expect("a time");
        let span = Span::new(start, SignedDuration::from_hours(2));
        Moment { status, source: Source::Account, undo: None, span, now: start + SignedDuration::from_mins(minutes_after_start) }
    }

    #[test]
    fn what_happened_last_can_be_undone_for_a_day() {
        let left = moment(Status::Completed, 0);
        let undo = Some(Undo { status: Status::Seated, at: left.now });
        let after = |minutes| Moment { undo, ..moment(Status::Completed, minutes) };
        assert_eq!(after(1439).allowed(Actor::Staff), [Action::Reopen]);
        assert_eq!(after(1440).allowed(Actor::Staff), []);
        assert_eq!(after(1).allowed(Actor::Guest), []);
    }

    #[test]
    fn a_walk_in_that_sits_can_be_called_off() {
        let walk_in = Moment { source: Source::WalkIn, ..moment(Status::Seated, 1) };
        assert_eq!(walk_in.allowed(Actor::Staff), [Action::Complete, Action::Cancel]);
        assert_eq!(moment(Status::Seated, 1).allowed(Actor::Staff), [Action::Complete]);
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
            assert_eq!(moment.allowed(Actor::Staff), *admin, "{status:?} {minutes}");
            assert_eq!(moment.allowed(Actor::Guest), *guest, "{status:?} {minutes}");
        }
    }

    #[test]
    fn the_states_are_those_of_the_events() {
        use contract::Status::{Cancelled, Completed, Confirmed, NoShow, Pending, Seated};
        let told = [Pending, Confirmed, Seated, Completed, Cancelled, NoShow].map(contract::Status::as_str);
        assert!(Status::ALL.iter().map(|status| status.as_str()).eq(told));
    }

    #[test]
    fn a_guest_changes_until_the_start_and_the_restaurant_until_the_end_of_the_booking() {
        assert!(moment(Status::Confirmed, -1).may_change(Actor::Guest));
        assert!(!moment(Status::Confirmed, 0).may_change(Actor::Guest));
        assert!(!moment(Status::Seated, -1).may_change(Actor::Guest));
        assert!(moment(Status::Seated, 60).may_change(Actor::Staff));
        for over in [Status::Completed, Status::Cancelled, Status::NoShow] {
            assert!(!moment(over, -60).may_change(Actor::Staff), "{over:?}");
        }
    }
}
