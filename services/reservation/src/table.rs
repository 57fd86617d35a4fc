//! The tables: what they are, and how they change. A table that is booked ahead stays as large as its parties need it.

use chassis::http::code::{self, Code};
use chassis::http::text::Text;
pub use contract::TableId;
use house::judge::Case;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Connection as _, FromRow, PgConnection};

use crate::area::AreaId;
use crate::booking::Guests;
use crate::codes;
use crate::memory::Known;
use crate::refusal::{Refusal, Thing};
use crate::room::Room;
use crate::store;

chassis::whole! {
    /// The number that stands on a table.
    pub struct TableNumber: 1..=2147483647;
}

chassis::whole! {
    /// How many guests a table seats.
    pub struct Capacity: 1..=12;
}

/// The problems with which a new table may be refused.
pub static ADD_REFUSALS: &[&Code] = &[&codes::TABLE_NUMBER_TAKEN];
/// The problems with which a change of a table may be refused.
pub static REPLACE_REFUSALS: &[&Code] = &[&code::PRECONDITION_FAILED, &codes::TABLE_NUMBER_TAKEN, &codes::TABLE_HAS_BOOKINGS];
/// The problems with which the removal of a table may be refused.
pub static REMOVE_REFUSALS: &[&Code] = &[&code::PRECONDITION_FAILED, &codes::TABLE_HAS_BOOKINGS];

/// A table of the restaurant.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Table {
    /// The id.
    pub id: TableId,
    /// The number that stands on it.
    #[schema(example = 7)]
    pub table_number: i32,
    /// How many guests it seats, 1 to 12.
    #[schema(example = 4)]
    pub capacity: i32,
    /// A description for guests, or null.
    #[schema(example = "By the window")]
    pub description: Option<String>,
    /// Whether it can be booked.
    pub is_active: bool,
    /// The area in which it stands, or null.
    pub area_id: Option<AreaId>,
    /// The smallest party of guests that it is given to; the staff may seat fewer.
    #[schema(example = 2)]
    pub min_party: i32,
    /// Whether guests may book it; the staff always may.
    pub online: bool,
    /// When it was added.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// The version, which is in the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// A table as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableValues {
    /// The number that stands on it.
    pub table_number: TableNumber,
    /// How many guests it seats.
    pub capacity: Capacity,
    /// A description for guests, or null.
    pub description: Option<Text<2000>>,
    /// Whether it can be booked.
    pub is_active: bool,
    /// The area in which it stands, or null.
    pub area_id: Option<AreaId>,
    /// The smallest party of guests that it is given to.
    pub min_party: Capacity,
    /// Whether guests may book it.
    pub online: bool,
}

impl TableValues {
    fn are_those_of(&self, table: &Table) -> bool {
        let description = self.description.as_ref().map(Text::as_str);
        let fixed = (self.table_number.get(), self.capacity.get(), description, self.is_active);
        let given_out = (self.area_id, self.min_party.get(), self.online);
        fixed == (table.table_number, table.capacity, table.description.as_deref(), table.is_active)
            && given_out == (table.area_id, table.min_party, table.online)
    }

    /// The largest party that it seats.
    fn seats(&self) -> i32 {
        if self.is_active { self.capacity.get() } else { 0 }
    }
}

/// Why a table that was named cannot be had, by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsuitable {
    /// There is no such table.
    Unknown,
    /// It seats fewer guests than the party has.
    TooSmall {
        /// How many guests it seats.
        capacity: i32,
        /// How many guests the party has.
        guests: Guests,
    },
    /// It is not in use.
    Inactive,
    /// The house does not give it to this party.
    NotOffered,
}

/// Whether the house may give a party the table that it names, taken or not.
///
/// # Errors
/// Where the database fails; and within, why the house may not.
pub(crate) async fn suits(
    connection: &mut PgConnection,
    known: &Known,
    case: &Case<'_>,
    guests: Guests,
    table_id: TableId,
) -> Result<Result<(), Unsuitable>, sqlx::Error> {
    if let Some(unit) = known.house.floor.single(table_id.get()) {
        let too_small = unit.capacity < guests.get();
        return Ok(match (too_small, case.fits(unit)) {
            (true, _) => Err(Unsuitable::TooSmall { capacity: unit.capacity, guests }),
            (false, false) => Err(Unsuitable::NotOffered),
            (false, true) => Ok(()),
        });
    }
    Ok(match store::table::get(connection, table_id).await? {
        None => Err(Unsuitable::Unknown),
        Some(table) if !table.is_active => Err(Unsuitable::Inactive),
        // It is new: the house has another version by now, which is found out where it is booked.
        Some(_) => Ok(()),
    })
}

/// Whether a table that was named before still seats the party.
///
/// # Errors
/// `Inactive` or `TooSmall`.
pub(crate) fn seats(known: &Known, table_id: TableId, guests: Guests) -> Result<(), Unsuitable> {
    match known.house.floor.single(table_id.get()) {
        None => Err(Unsuitable::Inactive),
        Some(unit) if unit.capacity < guests.get() => Err(Unsuitable::TooSmall { capacity: unit.capacity, guests }),
        Some(_) => Ok(()),
    }
}

/// Adds a table.
///
/// # Errors
/// One of [`ADD_REFUSALS`], or `Database`.
pub async fn add(connection: &mut PgConnection, room: &Room, values: &TableValues) -> Result<Table, Refusal> {
    let mut transaction = connection.begin().await?;
    store::house::lock(&mut transaction).await?;
    let table = store::table::insert(&mut transaction, values).await.map_err(|error| refused(error, values))?;
    transaction.commit().await?;
    room.memory.forget();
    Ok(table)
}

/// Gives a table new values; the ones that it has already are no change.
///
/// # Errors
/// `NotFound`, one of [`REPLACE_REFUSALS`], or `Database`.
pub async fn replace(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: TableId,
    values: &TableValues,
) -> Result<Table, Refusal> {
    let mut transaction = connection.begin().await?;
    let table = lock(&mut transaction, accepts, id).await?;
    if values.are_those_of(&table) {
        return Ok(table);
    }
    if values.seats() < table.capacity {
        refuse_bookings_ahead(&mut transaction, id, values.seats()).await?;
    }
    let table = store::table::update(&mut transaction, id, values).await.map_err(|error| refused(error, values))?;
    transaction.commit().await?;
    room.memory.forget();
    Ok(table)
}

/// Removes a table that never had a booking, and deactivates one that had.
///
/// # Errors
/// `NotFound`, one of [`REMOVE_REFUSALS`], or `Database`.
pub async fn remove(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: TableId,
) -> Result<(), Refusal> {
    let mut transaction = connection.begin().await?;
    lock(&mut transaction, accepts, id).await?;
    refuse_bookings_ahead(&mut transaction, id, 0).await?;
    store::table::remove(&mut transaction, id).await?;
    transaction.commit().await?;
    room.memory.forget();
    Ok(())
}

async fn lock(connection: &mut PgConnection, accepts: &(dyn Fn(i32) -> bool + Sync), id: TableId) -> Result<Table, Refusal> {
    store::house::lock(connection).await?;
    let table = store::table::get(connection, id).await?.ok_or(Refusal::NotFound(Thing::Table))?;
    if accepts(table.version) { Ok(table) } else { Err(Refusal::OtherVersion(table.version)) }
}

/// Refuses where a party of more than `guests` is booked ahead.
async fn refuse_bookings_ahead(connection: &mut PgConnection, id: TableId, guests: i32) -> Result<(), Refusal> {
    let ahead = store::table::ahead(connection, id, guests).await?;
    if ahead.is_empty() { Ok(()) } else { Err(Refusal::TableHasBookings(ahead)) }
}

fn refused(error: sqlx::Error, values: &TableValues) -> Refusal {
    match &error {
        sqlx::Error::Database(violated) if violated.constraint() == Some("table_number_key") => {
            Refusal::TableNumberTaken(values.table_number.get())
        }
        sqlx::Error::Database(violated) if violated.is_foreign_key_violation() => Refusal::UnknownArea,
        _ => error.into(),
    }
}
