//! Bookings: what they are, and what is done with them.

pub mod act;
pub mod change;
pub mod code;
pub mod make;

use chassis::http::identity::UserId;
use chassis::http::text::Text;
pub use contract::ReservationId;
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::FromRow;

use crate::availability::Party;
use crate::status::{Moment, Status};
use crate::table::TableId;

chassis::whole! {
    /// The number of guests of a party.
    pub struct Guests: 1..=20;
}

chassis::whole! {
    /// How long a party stays, in minutes.
    pub struct Minutes: 15..=480;
}

/// What a guest asks for.
pub type Requests = Text<2000>;

impl Minutes {
    /// How long a party stays where nothing is said: two hours.
    pub const DEFAULT: Self = Self(120);

    /// The same as a length of time.
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.0))
    }
}

/// A booking.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Reservation {
    /// The id.
    pub id: ReservationId,
    /// The code that the guest says at the door: 8 characters of Crockford's base 32.
    #[schema(example = "7QK2M9XA")]
    pub reservation_code: String,
    /// The user who booked.
    pub user_id: UserId,
    /// The table that is booked.
    pub table_id: TableId,
    /// Whether the guest named the table. One that the house chose may become another when the booking changes.
    pub table_named: bool,
    /// The size of the party.
    pub guests_count: Guests,
    /// When the party comes.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub reservation_time: Timestamp,
    /// How long the party stays, in minutes.
    pub duration_minutes: Minutes,
    /// Where the booking is in its life.
    pub status: Status,
    /// The phone number of the guest; null where the restaurant asks for none and the guest gave none.
    #[schema(example = "+44 20 7946 0958")]
    pub contact_phone: Option<String>,
    /// The e-mail address of the guest.
    #[schema(example = "guest@example.com")]
    pub contact_email: String,
    /// The wishes of the guest.
    #[schema(example = "A high chair, please")]
    pub special_requests: Option<String>,
    /// When it was booked.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub updated_at: Timestamp,
    /// The version, which is in the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// The values of a booking that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The table.
    pub table_id: TableId,
    /// Whether the guest named it.
    pub table_named: bool,
    /// The party, and for how long it comes.
    pub party: Party,
    /// When it comes.
    pub start: Timestamp,
    /// The state: a guest's change may need to be confirmed again.
    pub status: Status,
    /// The phone number of the guest, where there is one.
    pub phone: Option<String>,
    /// The e-mail address of the guest.
    pub email: String,
    /// The wishes of the guest.
    pub requests: Option<String>,
}

impl Values {
    /// From when until when the party is expected.
    pub fn span(&self) -> Span {
        self.party.span(self.start)
    }
}

impl Reservation {
    /// The values that can be changed.
    pub fn values(&self) -> Values {
        Values {
            table_id: self.table_id,
            table_named: self.table_named,
            party: Party { guests: self.guests_count, minutes: self.duration_minutes },
            start: self.reservation_time,
            status: self.status,
            phone: self.contact_phone.clone(),
            email: self.contact_email.clone(),
            requests: self.special_requests.clone(),
        }
    }

    /// From when until when the party is expected.
    pub fn span(&self) -> Span {
        Span::new(self.reservation_time, self.duration_minutes.duration())
    }

    /// What its life depends on, at this moment.
    pub fn moment(&self, now: Timestamp) -> Moment {
        Moment { status: self.status, span: self.span(), now }
    }
}

/// As much of a booking as others may know: what stands in the way of something.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Brief {
    /// The id.
    pub id: ReservationId,
    /// The code.
    #[schema(example = "7QK2M9XA")]
    pub reservation_code: String,
    /// When it begins.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub reservation_time: Timestamp,
}

/// What became of a request to change something.
#[derive(Clone, Debug)]
pub enum Done {
    /// The booking has changed.
    Changed(Reservation),
    /// The booking was so already.
    Same(Reservation),
}

impl Done {
    /// The booking as it is now.
    pub fn into_reservation(self) -> Reservation {
        match self {
            Self::Changed(reservation) | Self::Same(reservation) => reservation,
        }
    }
}
