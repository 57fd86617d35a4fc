//! Bookings. Each change is one statement that writes the row and its event together, and is made only to the version that was read: of
//! two changes at once, the second reads again.

use chassis::http::identity::UserId;
use chassis::http::text::Name;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Connection as _, FromRow, PgConnection, Row as _};

use super::hold::{is_one_row, pieces};
use super::sql;
use crate::booking::make::NewBooking;
use crate::booking::{Author, Language, Note, Requests, Reservation, ReservationId, Values};
use crate::refusal::Limit;
use crate::status::{Action, Status};
use crate::table::TableId;

/// What became of an attempt to book a table.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The booking is made.
    Made(Box<Reservation>),
    /// The table is taken.
    Taken,
    /// The house has another version by now.
    Outdated,
    /// A limit is reached.
    Limited(Limit),
}

/// A booking that is to be made at these tables, as it was judged.
#[derive(Clone, Debug)]
pub struct Wished {
    /// The booking.
    pub new: NewBooking,
    /// Its tables.
    pub tables: Vec<TableId>,
    /// The version of the house by which it was judged.
    pub version: i32,
    /// When.
    pub now: Timestamp,
}

impl Wished {
    /// Whether its hold is one row, which can be had or not; of several, one might and another not.
    pub fn is_one_row(&self) -> bool {
        self.tables.len() == 1 && is_one_row(self.new.hold)
    }
}

/// Tries to book tables, in one statement. What is refused is not written, and draws no id where it is seen to be taken.
///
/// # Errors
/// Where the database fails; the constraint `reservation_code_key` where another booking has the code.
pub async fn book(connection: &mut PgConnection, wished: &Wished) -> Result<Attempted, sqlx::Error> {
    let one = |attempted: Vec<Attempted>| attempted.into_iter().next().ok_or(sqlx::Error::RowNotFound);
    let all = std::slice::from_ref(wished);
    if wished.is_one_row() {
        return one(book_all(connection, all).await?);
    }
    // Of a hold in several rows one may be had and another not. Then the statement fails, since no booking has that row, and no more than the
    // statement is undone.
    let mut transaction = connection.begin().await?;
    match book_all(&mut transaction, all).await {
        Ok(attempted) => {
            transaction.commit().await?;
            one(attempted)
        }
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            transaction.rollback().await?;
            Ok(Attempted::Taken)
        }
        Err(error) => Err(error),
    }
}

/// Tries to book tables for several, none of whom counts against a limit of another, in one statement: each may be refused by itself. The hold of
/// each is one row, or there is only one.
///
/// # Errors
/// As [`book`]; nothing is written then.
pub async fn book_all(connection: &mut PgConnection, wished: &[Wished]) -> Result<Vec<Attempted>, sqlx::Error> {
    // Users and networks are locked in one order by all; so are tables, by the statement.
    let mut order: Vec<_> = (0..wished.len()).collect();
    order.sort_by_cached_key(|place| {
        let new = &wished[*place].new;
        (new.user_id.map(UserId::get), super::limit::parameters(new.counted).2)
    });
    let each = || order.iter().map(|place| &wished[*place]);
    let new = || each().map(|one| &one.new);
    let limits: Vec<_> = new().map(|new| super::limit::parameters(new.counted)).collect();
    let rows: Vec<_> = (1_i32..)
        .zip(each())
        .flat_map(|(number, one)| {
            let (starts, ends) = pieces(one.new.hold);
            let last = starts.len();
            let seated = one.new.status == Status::Seated;
            let piece = move |table: TableId| {
                let pieces = starts.clone().into_iter().zip(ends.clone()).zip(1..);
                pieces.map(move |((start, end), piece)| (number, table.get(), start, end, seated && piece == last))
            };
            one.tables.clone().into_iter().flat_map(piece)
        })
        .collect();
    let now = wished.iter().map(|one| one.now).max().unwrap_or(Timestamp::MIN);
    let remind = new().next().and_then(|new| new.remind);
    let made = sqlx::query(sql::BOOK)
        .bind(new().map(|new| new.user_id.map(UserId::get)).collect::<Vec<_>>())
        .bind(each().map(|one| array(&one.tables)).collect::<Vec<_>>())
        .bind(new().map(|new| new.party.guests.get()).collect::<Vec<_>>())
        .bind(new().map(|new| new.start.to_sqlx()).collect::<Vec<_>>())
        .bind(new().map(|new| new.party.minutes.get()).collect::<Vec<_>>())
        .bind(new().map(|new| new.code.as_str()).collect::<Vec<_>>())
        .bind(new().map(|new| new.status).collect::<Vec<_>>())
        .bind(new().map(|new| new.phone.as_deref()).collect::<Vec<_>>())
        .bind(new().map(|new| new.email.as_deref()).collect::<Vec<_>>())
        .bind(new().map(|new| new.requests.as_ref().map(Requests::as_str)).collect::<Vec<_>>())
        .bind(new().map(|new| new.table_named).collect::<Vec<_>>())
        .bind(limits.iter().map(|(per_hour, ..)| *per_hour).collect::<Vec<_>>())
        .bind(limits.iter().map(|(_, upcoming, ..)| *upcoming).collect::<Vec<_>>())
        .bind(each().map(|one| one.version).collect::<Vec<_>>())
        .bind(new().map(|new| new.hold.end.to_sqlx()).collect::<Vec<_>>())
        .bind(new().map(|new| new.source).collect::<Vec<_>>())
        .bind(new().map(|new| new.name.as_ref().map(Name::as_str)).collect::<Vec<_>>())
        .bind(new().map(|new| new.note.as_ref().map(Note::as_str)).collect::<Vec<_>>())
        .bind(new().map(|new| new.overridden).collect::<Vec<_>>())
        .bind(new().map(|new| new.author.by).collect::<Vec<_>>())
        .bind(new().map(|new| new.author.user_id.map(UserId::get)).collect::<Vec<_>>())
        .bind(limits.iter().map(|(_, _, network, _)| network.as_deref()).collect::<Vec<_>>())
        .bind(limits.iter().map(|(.., per_network)| *per_network).collect::<Vec<_>>())
        .bind(new().map(|new| new.language.map(Language::as_str)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(number, ..)| *number).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, table, ..)| *table).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, start, ..)| *start).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, _, end, _)| *end).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., seated)| *seated).collect::<Vec<_>>())
        .bind(now.to_sqlx())
        .bind(remind)
        .fetch_all(connection)
        .await?;
    let mut attempted = made.iter().map(attempted).zip(order).collect::<Vec<_>>();
    attempted.sort_by_key(|(_, place)| *place);
    attempted.into_iter().map(|(attempted, _)| attempted).collect()
}

/// An array of ids, as text.
fn array(ids: &[TableId]) -> String {
    let ids: Vec<_> = ids.iter().map(TableId::to_string).collect();
    format!("{{{}}}", ids.join(","))
}

fn attempted(row: &PgRow) -> Result<Attempted, sqlx::Error> {
    if row.try_get::<Option<ReservationId>, _>("id")?.is_some() {
        return Ok(Attempted::Made(Box::new(Reservation::from_row(row)?)));
    }
    if let Some(limit) = row.try_get("reached")? {
        return Ok(Attempted::Limited(limit));
    }
    Ok(if row.try_get("current")? { Attempted::Taken } else { Attempted::Outdated })
}

/// Whether another booking has the code that was drawn.
pub fn is_code_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.constraint() == Some("reservation_code_key"))
}

/// The booking of this id.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, id: ReservationId) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::GET).bind(id).fetch_optional(connection).await
}

/// The version of a booking's links, unless its visit is more than 30 days over.
///
/// # Errors
/// Where the database fails.
pub async fn link_version(connection: &mut PgConnection, id: ReservationId) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(sql::LINK_VERSION).bind(id).fetch_optional(connection).await
}

/// The version of a booking's links, as long as the booking has this e-mail address.
///
/// # Errors
/// Where the database fails.
pub async fn link_version_for(connection: &mut PgConnection, id: ReservationId, email: &str) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(sql::LINK_VERSION_FOR).bind(id).bind(email).fetch_optional(connection).await
}

/// Locks the booking; `false` where it has another version by now.
///
/// # Errors
/// Where the database fails.
pub async fn lock(transaction: &mut PgConnection, id: ReservationId, version: i32) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(sql::LOCK).bind(id).bind(version).fetch_optional(transaction).await?.is_some())
}

/// Brings a booking to another state by an action, and frees the tables where it no longer holds any; `remind` is how many hours before the
/// visit its guest is reminded, where mail is sent. `None`: it has another version by now.
///
/// # Errors
/// Where the database fails.
pub async fn act(
    connection: &mut PgConnection,
    before: &Reservation,
    (action, to): (Action, Status),
    author: Author,
    remind: Option<i32>,
) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::ACT)
        .bind(before.id)
        .bind(before.version)
        .bind(to)
        .bind(action.event().kind())
        .bind(to.holds())
        .bind(author.by)
        .bind(author.user_id)
        .bind(action.can_be_undone())
        .bind(before.told_by(action, to))
        .bind(remind)
        .fetch_optional(connection)
        .await
}

/// Gives a booking new values; `remind` is how many hours before the visit its guest is reminded, where mail is sent. Its tables are the
/// business of [`super::hold`]. `None`: it has another version by now.
///
/// # Errors
/// Where the database fails.
pub async fn change(
    connection: &mut PgConnection,
    before: &Reservation,
    values: &Values,
    author: Author,
    remind: Option<i32>,
) -> Result<Option<Reservation>, sqlx::Error> {
    sqlx::query_as(sql::CHANGE)
        .bind(before.id)
        .bind(before.version)
        .bind(&values.tables)
        .bind(values.table_named)
        .bind(values.party.guests)
        .bind(values.start.to_sqlx())
        .bind(values.party.minutes)
        .bind(values.status)
        .bind(&values.phone)
        .bind(&values.email)
        .bind(&values.requests)
        .bind(&values.name)
        .bind(&values.note)
        .bind(values.overridden)
        .bind(author.by)
        .bind(author.user_id)
        .bind(before.told_before(values).map(Json))
        .bind(remind)
        .fetch_optional(connection)
        .await
}
