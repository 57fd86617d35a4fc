//! A message to a guest, as it waits in the database.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::language::Language;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::booking::{By, Reservation, ReservationId};
use crate::status::Status;

chassis::words! {
    /// The occasion of a message.
    pub enum Kind {
        /// The booking was received and is yet to be confirmed.
        Received = "received",
        /// The booking is confirmed.
        Confirmed = "confirmed",
        /// Its time, its party, how long it stays or the e-mail address has changed.
        Changed = "changed",
        /// The booking is cancelled.
        Cancelled = "cancelled",
        /// The visit is near.
        Reminder = "reminder",
        /// The guest asked for the link of the booking.
        Link = "link",
    }
}

chassis::words! {
    /// Where a message is in its life.
    pub enum State {
        /// It waits until it is due, or for the next attempt.
        Waiting = "waiting",
        /// It is being sent.
        Sending = "sending",
        /// The mail server took it.
        Sent = "sent",
        /// The mail server refused it for good.
        Failed = "failed",
        /// It was not sent while somebody needed it.
        Expired = "expired",
    }
}

/// A message that is to be sent.
#[derive(Clone, Debug, FromRow)]
pub struct Message {
    /// The id.
    pub id: i64,
    /// The occasion.
    pub kind: Kind,
    /// The booking that it is about.
    pub reservation_id: ReservationId,
    /// The e-mail address to which it goes.
    pub recipient: String,
    /// The language in which it is written; `None` for the restaurant's.
    pub language: Option<Language>,
    /// The booking, as the message tells of it.
    pub params: Json<Told>,
    /// The key of what is told once.
    pub dedupe_key: String,
    /// When it was written.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// Where it is in its life.
    pub state: State,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

impl Message {
    /// Whether it goes to the address from which the booking was taken.
    pub fn is_to_former(&self) -> bool {
        self.params.before.email.as_ref() == Some(&self.recipient)
    }
}

/// A booking, as a message tells of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Its code.
    pub code: String,
    /// Its version.
    pub version: i32,
    /// The version of its links.
    pub link_version: i32,
    /// Where it is in its life.
    pub status: Status,
    /// As whom it was changed.
    pub by: By,
    /// The name of the guest, where it is known.
    pub name: Option<String>,
    /// The size of the party.
    pub guests: i32,
    /// When the party comes.
    pub time: Timestamp,
    /// For how long, in minutes.
    pub minutes: i32,
    /// The wishes of the guest.
    pub requests: Option<String>,
    /// What it was before, of what has changed.
    pub before: Before,
}

impl From<&Reservation> for Told {
    fn from(booking: &Reservation) -> Self {
        Self {
            code: booking.reservation_code.clone(),
            version: booking.version,
            link_version: booking.link_version,
            status: booking.status,
            by: By::Guest,
            name: booking.contact_name.clone(),
            guests: booking.guests_count.get(),
            time: booking.reservation_time,
            minutes: booking.duration_minutes.get(),
            requests: booking.special_requests.clone(),
            before: Before::default(),
        }
    }
}

/// What a booking was before, of what has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The size of the party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<i32>,
    /// When the party came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// For how long, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i32>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// The last mail about a booking, as the staff see it.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Mail {
    /// Its occasion.
    pub kind: Kind,
    /// Where it is in its life.
    pub state: State,
    /// Why it was not sent, where it was tried.
    #[schema(example = "550 5.1.1 Mailbox unknown")]
    pub last_error: Option<String>,
}
