//! What happens to bookings. Nothing personal: the contact stays with the reservation service.

use chassis::events::event::TopicEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ReservationId, TableId, UserId};

/// What happened to a booking; the key is the booking's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationEvent {
    /// What happened.
    pub happened: Happened,
    /// The booking, as it is after that.
    pub reservation: Reservation,
}

/// What can happen to a booking: the types of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A table was booked; one that is confirmed at once is told by this event alone.
    Created,
    /// The restaurant has confirmed it.
    Confirmed,
    /// Time, duration, party, table, contact or requests have changed.
    Changed,
    /// The party sits at its table.
    Seated,
    /// The party has gone.
    Completed,
    /// The party did not come.
    NoShow,
    /// It was called off.
    Cancelled,
    /// The staff have undone what happened last: it is in the state before that again.
    Reopened,
}

impl Happened {
    /// Everything that can happen.
    pub const ALL: [Self; 8] =
        [Self::Created, Self::Confirmed, Self::Changed, Self::Seated, Self::Completed, Self::NoShow, Self::Cancelled, Self::Reopened];

    /// The CloudEvents type.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Created => "reservation.created",
            Self::Confirmed => "reservation.confirmed",
            Self::Changed => "reservation.changed",
            Self::Seated => "reservation.seated",
            Self::Completed => "reservation.completed",
            Self::NoShow => "reservation.no_show",
            Self::Cancelled => "reservation.cancelled",
            Self::Reopened => "reservation.reopened",
        }
    }
}

chassis::words! {
    /// Where a booking is in its life.
    pub enum Status {
        /// The restaurant has not confirmed it yet; its table is held.
        Pending = "pending",
        /// The restaurant expects the party; its table is held.
        Confirmed = "confirmed",
        /// The party sits at its table.
        Seated = "seated",
        /// The party has been and gone.
        Completed = "completed",
        /// It was called off by the guest or the restaurant; its table is free.
        Cancelled = "cancelled",
        /// The party did not come; its table is free.
        NoShow = "no_show",
    }
}

chassis::words! {
    /// How a booking came about.
    pub enum Source {
        /// A guest booked with their account.
        Account = "account",
        /// A guest booked without an account.
        Guest = "guest",
        /// The staff booked for a guest who called.
        Phone = "phone",
        /// A party came without a booking.
        WalkIn = "walk_in",
    }
}

impl Status {
    /// Whether a booking in this state holds its table.
    pub fn holds(self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed | Self::Seated)
    }
}

/// A booking, without anything personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The booking's id.
    pub id: ReservationId,
    /// What the guest says at the door: 8 characters of Crockford's base 32.
    pub reservation_code: String,
    /// The user who booked; null where it was not booked with an account.
    pub user_id: Option<UserId>,
    /// How it came about.
    pub source: Source,
    /// The table that is booked; of several the one with the lowest number.
    pub table_id: TableId,
    /// All its tables, by their numbers.
    pub table_ids: Vec<TableId>,
    /// The size of the party, 1 to 20.
    pub guests_count: i32,
    /// When the party comes.
    pub reservation_time: Timestamp,
    /// How long it stays, 15 to 480 minutes.
    pub duration_minutes: i32,
    /// When it is expected to leave.
    pub ends_at: Timestamp,
    /// Where the booking is in its life.
    pub status: Status,
    /// Grows by one with every change, from 1.
    pub version: i32,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl TopicEvent for ReservationEvent {
    const TOPIC: &'static str = "reservation.events";
    const TYPES: &'static [&'static str] = &[
        Happened::Created.kind(),
        Happened::Confirmed.kind(),
        Happened::Changed.kind(),
        Happened::Seated.kind(),
        Happened::Completed.kind(),
        Happened::NoShow.kind(),
        Happened::Cancelled.kind(),
        Happened::Reopened.kind(),
    ];

    fn kind(&self) -> &'static str {
        self.happened.kind()
    }

    fn key(&self) -> String {
        self.reservation.id.to_string()
    }

    fn data(&self) -> Value {
        serde_json::to_value(&self.reservation).expect("event data has string keys and no failing members")
    }

    fn read(kind: &str, data: &Value) -> Result<Option<Self>, serde_json::Error> {
        let Some(happened) = Happened::ALL.into_iter().find(|happened| happened.kind() == kind) else { return Ok(None) };
        Ok(Some(Self { happened, reservation: Reservation::deserialize(data)? }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let data = json!({"id": 3, "reservation_code": "7K3M9QXA", "user_id": 42, "source": "account", "table_id": 1,
            "table_ids": [1, 2], "guests_count": 2, "reservation_time": "2030-05-17T17:30:00Z", "duration_minutes": 120,
            "ends_at": "2030-05-17T19:30:00Z", "status": "no_show", "version": 2,
            "created_at": "2030-05-01T10:00:00.123456Z", "updated_at": "2030-05-01T10:00:00.1Z"});
        assert_eq!(ReservationEvent::TYPES.len(), Happened::ALL.len());
        for kind in ReservationEvent::TYPES {
            let event = ReservationEvent::read(kind, &data).expect("readable").expect("of a known type");
            assert_eq!((event.kind(), event.key().as_str(), event.data()), (*kind, "3", data.clone()));
        }
        let mut later = data.clone();
        later["table_names"] = json!(["Window"]);
        assert!(ReservationEvent::read("reservation.seated", &later).expect("readable").is_some(), "further members are ignored");
        assert_eq!(ReservationEvent::read("reservation.praised", &json!(5)).expect("skipped"), None);
        assert!(ReservationEvent::read("reservation.seated", &json!(5)).is_err());
    }
}
