//! Bookings, and the tables they hold. Each change is one statement that writes the row and its event together, and is made only
//! to the version that was read: of two changes at once, the second reads again.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::status::{Action, Moment, Status};

/// A booking.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Reservation {
    /// The id.
    #[schema(example = 42)]
    pub id: i32,
    /// What the guest says at the door: 8 characters of Crockford's base 32.
    #[schema(example = "7QK2M9XA")]
    pub reservation_code: String,
    /// Who booked.
    #[schema(example = 5)]
    pub user_id: i32,
    /// The table that is booked.
    #[schema(example = 1)]
    pub table_id: i32,
    /// How many come, 1 to 20.
    #[schema(example = 4)]
    pub guests_count: i32,
    /// When they come.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub reservation_time: Timestamp,
    /// How long they stay, 15 to 480 minutes.
    #[schema(example = 120)]
    pub duration_minutes: i32,
    /// Where the booking is in its life.
    pub status: Status,
    /// Where the guest can be called.
    #[schema(example = "+44 20 7946 0958")]
    pub contact_phone: String,
    /// Where the guest can be written to.
    #[schema(example = "guest@example.com")]
    pub contact_email: String,
    /// What the guest asks for.
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

impl Reservation {
    /// The values that can be changed.
    pub fn values(&self) -> Values {
        Values {
            table_id: self.table_id,
            guests_count: self.guests_count,
            reservation_time: self.reservation_time,
            duration_minutes: self.duration_minutes,
            contact_phone: self.contact_phone.clone(),
            contact_email: self.contact_email.clone(),
            special_requests: self.special_requests.clone(),
        }
    }

    /// What its life depends on, at this moment.
    pub fn moment(&self, now: Timestamp) -> Moment {
        let end = crate::booking::end(self.reservation_time, self.duration_minutes);
        Moment { status: self.status, start: self.reservation_time, end, now }
    }
}

/// A booking's values as they are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The table that is booked.
    pub table_id: i32,
    /// How many come.
    pub guests_count: i32,
    /// When they come.
    pub reservation_time: Timestamp,
    /// How long they stay, in minutes.
    pub duration_minutes: i32,
    /// Where the guest can be called.
    pub contact_phone: String,
    /// Where the guest can be written to.
    pub contact_email: String,
    /// What the guest asks for.
    pub special_requests: Option<String>,
}

/// A booking that is to be made.
#[derive(Clone, Debug)]
pub struct NewBooking {
    /// Who books.
    pub user_id: i32,
    /// Its code.
    pub code: String,
    /// The state it begins in.
    pub status: Status,
    /// Its values; the table is chosen by the database where `table_id` is `None`.
    pub table_id: Option<i32>,
    /// How many come.
    pub guests_count: i32,
    /// When they come.
    pub reservation_time: Timestamp,
    /// How long they stay, in minutes.
    pub duration_minutes: i32,
    /// Where the guest can be called.
    pub contact_phone: String,
    /// Where the guest can be written to.
    pub contact_email: String,
    /// What the guest asks for.
    pub special_requests: Option<String>,
}

/// What became of an attempt to book.
#[derive(Clone, Debug)]
pub enum Booked {
    /// It is made.
    Made(Box<Reservation>),
    /// The table was taken: by another booking at the same moment, where the database had chosen it.
    Taken,
    /// There was no table to try: none that is active, seats the party and (where the database chooses) is free.
    NoTable,
}

/// The outbox row of the booking `changed`; its data has nothing personal, since events are read by many.
macro_rules! told {
    ($kind:literal) => {
        concat!(
            "told AS (INSERT INTO outbox (topic, key, type, data) SELECT 'reservation.events', id::text, ",
            $kind,
            ", jsonb_build_object('id', id, 'reservation_code', reservation_code, 'user_id', user_id, 'table_id', table_id,
               'guests_count', guests_count, 'reservation_time', reservation_time, 'duration_minutes', duration_minutes,
               'status', status, 'version', version, 'created_at', created_at, 'updated_at', updated_at) FROM changed) "
        )
    };
}

/// Makes a booking at the table that the row `target` names, if it is free.
macro_rules! book {
    ($target:literal) => {
        concat!(
            "WITH target AS (",
            $target,
            " FOR SHARE),
             held AS (INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at)
               SELECT nextval('reservation_id_seq'), id, $3, $4 FROM target ON CONFLICT DO NOTHING RETURNING reservation_id, table_id),
             changed AS (INSERT INTO reservation (id, reservation_code, user_id, table_id, guests_count, reservation_time,
                 duration_minutes, status, contact_phone, contact_email, special_requests)
               SELECT reservation_id, $5, $6, table_id, $1, $3, $7, $8, $9, $10, $11 FROM held RETURNING *), ",
            told!("'reservation.created'"),
            "SELECT (SELECT count(*) FROM target) AS targets, changed.* FROM (SELECT) AS one LEFT JOIN changed ON true"
        )
    };
}

/// Books the table that is named. `FOR SHARE` waits for who is changing it, and has who wants to change it wait.
pub const BOOK_NAMED: &str = book!(r#"SELECT id FROM "table" WHERE id = $2 AND is_active AND capacity >= $1"#);

/// Books the smallest table that seats the party and looks free; whether it is, the constraint says.
pub const BOOK_SMALLEST: &str = book!(
    r#"SELECT id FROM "table" t WHERE is_active AND capacity >= $1 AND NOT EXISTS (
         SELECT FROM reservation_table h WHERE h.table_id = t.id AND h.start_at > $2 AND h.start_at < $4 AND h.end_at > $3)
       ORDER BY capacity, table_number LIMIT 1"#
);

#[derive(FromRow)]
struct Attempt {
    targets: i64,
    id: Option<i32>,
}

/// Tries to book, once, in one statement.
///
/// # Errors
/// What the database says, such as the constraint `reservation_code_key`.
pub async fn book(connection: &mut PgConnection, new: &NewBooking) -> Result<Booked, sqlx::Error> {
    let end = crate::booking::end(new.reservation_time, new.duration_minutes);
    let query = match new.table_id {
        Some(table_id) => sqlx::query(BOOK_NAMED).bind(new.guests_count).bind(table_id),
        None => {
            let earliest = new.reservation_time.saturating_sub(super::table::LONGEST).unwrap_or(new.reservation_time);
            sqlx::query(BOOK_SMALLEST).bind(new.guests_count).bind(earliest.to_sqlx())
        }
    };
    let row = query
        .bind(new.reservation_time.to_sqlx())
        .bind(end.to_sqlx())
        .bind(&new.code)
        .bind(new.user_id)
        .bind(new.duration_minutes)
        .bind(new.status)
        .bind(&new.contact_phone)
        .bind(&new.contact_email)
        .bind(&new.special_requests)
        .fetch_one(connection)
        .await?;
    let attempt = Attempt::from_row(&row)?;
    Ok(match attempt {
        Attempt { id: Some(_), .. } => Booked::Made(Box::new(Reservation::from_row(&row)?)),
        Attempt { targets: 0, .. } => Booked::NoTable,
        Attempt { .. } => Booked::Taken,
    })
}

/// The booking of this id.
///
/// # Errors
/// What the database says.
pub async fn get(pool: &PgPool, id: i32) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM reservation WHERE id = $1").bind(id).fetch_optional(pool).await
}

/// Takes an action, if the booking still has this version; frees its table where it no longer holds one.
///
/// # Errors
/// What the database says.
pub async fn act(pool: &PgPool, id: i32, version: i32, action: Action) -> Result<Option<Reservation>, sqlx::Error> {
    const ACT: &str = concat!(
        "WITH changed AS (UPDATE reservation SET status = $3, version = version + 1, updated_at = now()
           WHERE id = $1 AND version = $2 RETURNING *),
         freed AS (DELETE FROM reservation_table USING changed WHERE reservation_id = changed.id AND NOT $5), ",
        told!("$4"),
        "SELECT * FROM changed"
    );
    sqlx::query_as(ACT)
        .bind(id)
        .bind(version)
        .bind(action.leads_to())
        .bind(action.event())
        .bind(action.leads_to().holds())
        .fetch_optional(pool)
        .await
}

/// Gives a booking new values, if it still has this version. Its tables are the business of [`release`] and [`hold`].
///
/// # Errors
/// What the database says.
pub async fn update(connection: &mut PgConnection, id: i32, version: i32, values: &Values) -> Result<Option<Reservation>, sqlx::Error> {
    const UPDATE: &str = concat!(
        "WITH changed AS (UPDATE reservation SET table_id = $3, guests_count = $4, reservation_time = $5, duration_minutes = $6,
             contact_phone = $7, contact_email = $8, special_requests = $9, version = version + 1, updated_at = now()
           WHERE id = $1 AND version = $2 RETURNING *), ",
        told!("'reservation.changed'"),
        "SELECT * FROM changed"
    );
    sqlx::query_as(UPDATE)
        .bind(id)
        .bind(version)
        .bind(values.table_id)
        .bind(values.guests_count)
        .bind(values.reservation_time.to_sqlx())
        .bind(values.duration_minutes)
        .bind(&values.contact_phone)
        .bind(&values.contact_email)
        .bind(&values.special_requests)
        .fetch_optional(connection)
        .await
}

/// Takes the tables of a booking away, until the transaction ends or [`hold`] gives it others.
///
/// # Errors
/// What the database says.
pub async fn release(transaction: &mut PgConnection, id: i32) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM reservation_table WHERE reservation_id = $1").bind(id).execute(transaction).await?;
    Ok(())
}

/// Holds a table for a booking, if it is active, seats the party, and is free for the whole of `[start, end)`.
///
/// # Errors
/// What the database says.
pub async fn hold(
    transaction: &mut PgConnection,
    id: i32,
    table_id: i32,
    guests: i32,
    (start, end): (Timestamp, Timestamp),
) -> Result<bool, sqlx::Error> {
    let held = sqlx::query(
        r#"WITH target AS (SELECT id FROM "table" WHERE id = $2 AND is_active AND capacity >= $3 FOR SHARE)
           INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at) SELECT $1, id, $4, $5 FROM target
           ON CONFLICT DO NOTHING"#,
    )
    .bind(id)
    .bind(table_id)
    .bind(guests)
    .bind(start.to_sqlx())
    .bind(end.to_sqlx())
    .execute(transaction)
    .await?;
    Ok(held.rows_affected() == 1)
}

/// Locks the booking, if it still has this version.
///
/// # Errors
/// What the database says.
pub async fn lock(transaction: &mut PgConnection, id: i32, version: i32) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM reservation WHERE id = $1 AND version = $2 FOR UPDATE")
        .bind(id)
        .bind(version)
        .fetch_optional(transaction)
        .await
}
