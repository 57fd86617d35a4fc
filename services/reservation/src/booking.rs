//! Bookings: what they are, and what is done with them.

pub mod act;
pub mod change;
pub mod code;
pub mod make;
pub mod reopen;
pub mod together;
pub mod walk_in;

use chassis::http::identity::UserId;
use chassis::http::text::Text;
pub use contract::{ReservationId, Source};
use house::span::Span;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
pub use site::language::Language;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};

use crate::availability::Party;
use crate::mail::message::{Before, Kind, Mail};
use crate::status::{Action, Actor, Moment, Status, Undo};
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
/// What the staff note for themselves.
pub type Note = Text<2000>;

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
    /// The user who booked; null where it was not booked with an account.
    pub user_id: Option<UserId>,
    /// How it came about.
    pub source: Source,
    /// The table that is booked; of several the one with the lowest number.
    pub table_id: TableId,
    /// All tables that are booked, by their numbers.
    pub table_ids: Vec<TableId>,
    /// Whether the tables were named. Those that the house chose may become others when the booking changes.
    pub table_named: bool,
    /// The size of the party.
    pub guests_count: Guests,
    /// When the party comes.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub reservation_time: Timestamp,
    /// How long the party stays, in minutes.
    pub duration_minutes: Minutes,
    /// When the party is expected to leave.
    #[sqlx(flatten)]
    #[schema(value_type = Timestamp)]
    pub ends_at: End,
    /// Where the booking is in its life.
    pub status: Status,
    /// The name of the guest, where it was given.
    #[schema(example = "Ada Lovelace")]
    pub contact_name: Option<String>,
    /// The phone number of the guest; null where the restaurant asks for none and the guest gave none.
    #[schema(example = "+44 20 7946 0958")]
    pub contact_phone: Option<String>,
    /// The e-mail address of the guest; null where the staff booked without one.
    #[schema(example = "guest@example.com")]
    pub contact_email: Option<String>,
    /// The wishes of the guest.
    #[schema(example = "A high chair, please")]
    pub special_requests: Option<String>,
    /// When it was booked.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub updated_at: Timestamp,
    #[serde(flatten)]
    #[sqlx(flatten)]
    #[schema(value_type = Inside)]
    inside: ForStaff,
    /// The version, which is in the ETag.
    #[serde(skip)]
    pub version: i32,
    /// The version of its links.
    #[serde(skip)]
    pub link_version: i32,
}

/// When a booking ends.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct End(Timestamp);

impl<'r> FromRow<'r, PgRow> for End {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let start: jiff_sqlx::Timestamp = row.try_get("reservation_time")?;
        let minutes: Minutes = row.try_get("duration_minutes")?;
        Ok(Self(Span::new(start.to_jiff(), minutes.duration()).end))
    }
}

/// As much of a booking as is for the staff alone.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Inside {
    /// A note of the staff, for themselves alone.
    #[schema(required = false, example = "Regulars; table 4 if they can")]
    pub staff_note: Option<String>,
    /// Whether the staff booked or moved it against the rules of the house; for the staff alone.
    #[schema(required = false)]
    pub overridden: bool,
    /// By whom it was last changed; for the staff alone.
    #[sqlx(flatten)]
    #[schema(required = false)]
    pub changed_by: ChangedBy,
    /// The state that reopening leads back to, and when it was left; null where there is nothing to undo. For the staff alone.
    #[sqlx(flatten)]
    #[schema(required = false, value_type = Option<Undo>)]
    pub undo: Undoable,
    /// The last mail to the guest, where a list or the booking is asked for; null where there is none. For the staff alone.
    #[sqlx(skip)]
    #[schema(required = false)]
    pub mail: Option<Mail>,
}

/// The part for the staff; nothing, once the booking is shown to a guest.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
struct ForStaff(Option<Inside>);

impl<'r> FromRow<'r, PgRow> for ForStaff {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Inside::from_row(row).map(|inside| Self(Some(inside)))
    }
}

/// What can be undone, if anything.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Undoable(pub Option<Undo>);

impl<'r> FromRow<'r, PgRow> for Undoable {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let (status, at): (Option<Status>, Option<jiff_sqlx::Timestamp>) = (row.try_get("undo_status")?, row.try_get("undo_at")?);
        Ok(Self(status.zip(at).map(|(status, at)| Undo { status, at: at.to_jiff() })))
    }
}

chassis::words! {
    /// As whom somebody changed a booking.
    pub enum By {
        /// As the guest who booked.
        Guest = "guest",
        /// For the restaurant.
        Staff = "staff",
        /// Nobody did: the service itself.
        System = "system",
    }
}

impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Guest => Self::Guest,
            Actor::Staff => Self::Staff,
        }
    }
}

/// By whom a booking was last changed.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct ChangedBy {
    /// As whom.
    #[sqlx(rename = "changed_by")]
    pub by: By,
    /// By which user; null for the service itself, and for a guest without an account.
    #[sqlx(rename = "changed_by_user")]
    pub user_id: Option<UserId>,
    /// The user's name, where it is known.
    #[sqlx(default, rename = "changed_by_name")]
    #[schema(example = "Ada Lovelace")]
    pub name: Option<String>,
    /// When.
    #[sqlx(rename = "updated_at", try_from = "jiff_sqlx::Timestamp")]
    pub at: Timestamp,
}

/// Who changes a booking.
#[derive(Clone, Copy, Debug)]
pub struct Author {
    /// As whom.
    pub by: By,
    /// Which user; nobody knows where they have no account.
    pub user_id: Option<UserId>,
}

/// The values of a booking that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The tables, by their numbers.
    pub tables: Vec<TableId>,
    /// Whether they were named.
    pub table_named: bool,
    /// The party, and for how long it comes.
    pub party: Party,
    /// When it comes.
    pub start: Timestamp,
    /// The state: a guest's change may need to be confirmed again.
    pub status: Status,
    /// The name of the guest, where there is one.
    pub name: Option<String>,
    /// The phone number of the guest, where there is one.
    pub phone: Option<String>,
    /// The e-mail address of the guest, where there is one.
    pub email: Option<String>,
    /// The wishes of the guest.
    pub requests: Option<String>,
    /// A note of the staff.
    pub note: Option<String>,
    /// Whether rules were overridden for it.
    pub overridden: bool,
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
            tables: self.table_ids.clone(),
            table_named: self.table_named,
            party: Party { guests: self.guests_count, minutes: self.duration_minutes },
            start: self.reservation_time,
            status: self.status,
            name: self.contact_name.clone(),
            phone: self.contact_phone.clone(),
            email: self.contact_email.clone(),
            requests: self.special_requests.clone(),
            note: self.inside.0.as_ref().and_then(|inside| inside.staff_note.clone()),
            overridden: self.inside.0.as_ref().is_some_and(|inside| inside.overridden),
        }
    }

    /// What it was, of what the guest is told, where a change of it is told at all: before the party sits.
    pub fn told_before(&self, after: &Values) -> Option<Before> {
        let differs = |differs: bool| differs && matches!(self.status, Status::Pending | Status::Confirmed);
        let before = Before {
            guests: Some(self.guests_count.get()).filter(|guests| differs(*guests != after.party.guests.get())),
            time: Some(self.reservation_time).filter(|time| differs(*time != after.start)),
            minutes: Some(self.duration_minutes.get()).filter(|minutes| differs(*minutes != after.party.minutes.get())),
            email: self.contact_email.clone().filter(|email| differs(Some(email) != after.email.as_ref())),
        };
        let newly_reached = differs(self.contact_email.is_none() && after.email.is_some());
        (newly_reached || before != Before::default()).then_some(before)
    }

    /// The message that tells the guest that the booking came to another state by an action.
    pub fn told_by(&self, action: Action, to: Status) -> Option<Kind> {
        match (action, self.status, to) {
            (Action::Confirm, ..) => Some(Kind::Confirmed),
            (Action::Cancel, Status::Pending | Status::Confirmed, _) => Some(Kind::Cancelled),
            (Action::Reopen, Status::Cancelled, Status::Pending) => Some(Kind::Received),
            (Action::Reopen, Status::Cancelled, Status::Confirmed) => Some(Kind::Confirmed),
            _ => None,
        }
    }

    /// The booking with the last mail about it, for the staff.
    #[must_use]
    pub fn with_mail(mut self, mail: Option<Mail>) -> Self {
        if let Some(inside) = &mut self.inside.0 {
            inside.mail = mail;
        }
        self
    }

    /// The last mail about it, where a list or the booking was asked for by the staff.
    pub fn mail(&self) -> Option<&Mail> {
        self.inside.0.as_ref().and_then(|inside| inside.mail.as_ref())
    }

    /// The note of the staff, where it is shown to them.
    pub fn note(&self) -> Option<&str> {
        self.inside.0.as_ref().and_then(|inside| inside.staff_note.as_deref())
    }

    /// By whom it was last changed, where it is shown to the staff.
    pub fn changed_by(&self) -> Option<&ChangedBy> {
        self.inside.0.as_ref().map(|inside| &inside.changed_by)
    }

    /// The booking, as this actor may see it.
    #[must_use]
    pub fn shown_to(self, actor: Actor) -> Self {
        let inside = if actor == Actor::Staff { self.inside } else { ForStaff(None) };
        Self { inside, ..self }
    }

    /// What reopening undoes, if there is anything.
    pub fn undo(&self) -> Option<Undo> {
        self.inside.0.as_ref().and_then(|inside| inside.undo.0)
    }

    /// From when until when the party is expected.
    pub fn span(&self) -> Span {
        Span::new(self.reservation_time, self.duration_minutes.duration())
    }

    /// What its life depends on, at this moment.
    pub fn moment(&self, now: Timestamp) -> Moment {
        Moment { status: self.status, source: self.source, span: self.span(), undo: self.undo(), now }
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
