//! The tables: what they are, and how they change. A table that is booked ahead stays as large as its parties need it.

use chassis::http::code::{self, Code};
use chassis::http::text::Text;
pub use contract::TableId;
use house::floor::Unit;
use house::judge::Case;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::area::AreaId;
use crate::booking::Guests;
use crate::codes;
use crate::edit::{Edit, Section};
use crate::group::Group;
use crate::memory::Known;
use crate::refusal::{Refusal, Thing};
use crate::room::Room;
use crate::store;
use crate::store::database::Database;

chassis::whole! {
    /// The number that stands on a table.
    pub struct TableNumber: 1..=2147483647;
}

chassis::whole! {
    /// How many guests a table seats.
    pub struct Capacity: 1..=12;
}

/// The problems with which a new table may be refused.
pub static ADD_REFUSALS: &[&Code] = &[&codes::MANAGED_BY_RESOURCE, &codes::TABLE_NUMBER_TAKEN];
/// The problems with which a change of a table may be refused.
pub static REPLACE_REFUSALS: &[&Code] = &[
    &codes::MANAGED_BY_RESOURCE,
    &code::PRECONDITION_FAILED,
    &codes::TABLE_NUMBER_TAKEN,
    &codes::TABLE_HAS_BOOKINGS,
    &codes::TABLE_IN_GROUP,
];
/// The problems with which the removal of a table may be refused.
pub static REMOVE_REFUSALS: &[&Code] =
    &[&codes::MANAGED_BY_RESOURCE, &code::PRECONDITION_FAILED, &codes::TABLE_HAS_BOOKINGS, &codes::TABLE_IN_GROUP];

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
    pub(crate) fn are_those_of(&self, table: &Table) -> bool {
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

/// The tables that somebody names for a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// None: the house chooses.
    None,
    /// One, as `table_id`.
    One([TableId; 1]),
    /// Some, each once, as `table_ids`.
    Some(Vec<TableId>),
}

impl Named {
    /// What the members `table_id` and `table_ids` name.
    pub fn of(table_id: Option<TableId>, table_ids: Vec<TableId>) -> Self {
        match table_id {
            Some(table_id) => Self::One([table_id]),
            None if table_ids.is_empty() => Self::None,
            None => Self::Some(table_ids),
        }
    }

    /// Their ids.
    pub fn ids(&self) -> &[TableId] {
        match self {
            Self::None => &[],
            Self::One(one) => one,
            Self::Some(ids) => ids,
        }
    }

    /// Whether the house chooses.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The member that names them.
    pub fn member(&self) -> &'static str {
        if matches!(self, Self::Some(_)) { "table_ids" } else { "table_id" }
    }
}

/// The tables of a unit, by their numbers.
pub(crate) fn ids_of(known: &Known, unit: &Unit) -> Vec<TableId> {
    known.house.floor.ids(unit).into_iter().filter_map(TableId::new).collect()
}

/// What is named, as the house gives it out; `None` where a table of it is not in use.
pub(crate) fn joined(known: &Known, ids: &[TableId]) -> Option<Unit> {
    known.house.floor.joined(&ids.iter().map(|id| id.get()).collect::<Vec<_>>())
}

/// Why tables that were named cannot be had, by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsuitable {
    /// There is no such table.
    Unknown,
    /// They seat fewer guests than the party has.
    TooSmall {
        /// How many guests they seat.
        capacity: i32,
        /// How many guests the party has.
        guests: Guests,
    },
    /// One is not in use.
    Inactive,
    /// The house does not give them to this party.
    NotOffered,
}

/// The tables that a party names, by their numbers, where the house may give it them, taken or not.
///
/// # Errors
/// Where the database fails; and within, why the house may not.
pub(crate) async fn suits(
    database: &mut Database<'_>,
    known: &Known,
    case: &Case<'_>,
    guests: Guests,
    ids: &[TableId],
) -> Result<Result<Vec<TableId>, Unsuitable>, sqlx::Error> {
    if let Some(unit) = joined(known, ids) {
        let too_small = unit.capacity < guests.get();
        return Ok(match (too_small, case.fits(&unit)) {
            (true, _) => Err(Unsuitable::TooSmall { capacity: unit.capacity, guests }),
            (false, false) => Err(Unsuitable::NotOffered),
            (false, true) => Ok(ids_of(known, &unit)),
        });
    }
    let mut tables = store::table::of(database.connection().await?, ids).await?;
    tables.sort_by_key(|table| table.table_number);
    Ok(if tables.len() < ids.len() {
        Err(Unsuitable::Unknown)
    } else if tables.iter().any(|table| !table.is_active) {
        Err(Unsuitable::Inactive)
    } else {
        // One is new: the house has another version by now, which is found out where it is booked.
        Ok(tables.into_iter().map(|table| table.id).collect())
    })
}

/// Whether tables that were named before still seat the party.
///
/// # Errors
/// `Inactive` or `TooSmall`.
pub(crate) fn seats(known: &Known, ids: &[TableId], guests: Guests) -> Result<Vec<TableId>, Unsuitable> {
    match joined(known, ids) {
        None => Err(Unsuitable::Inactive),
        Some(unit) if unit.capacity < guests.get() => Err(Unsuitable::TooSmall { capacity: unit.capacity, guests }),
        Some(_) => Ok(ids.to_vec()),
    }
}

/// Adds a table.
///
/// # Errors
/// One of [`ADD_REFUSALS`], or `Database`.
pub async fn add(connection: &mut PgConnection, room: &Room, values: &TableValues) -> Result<Table, Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    let table = store::table::insert(edit.connection(), values).await.map_err(|error| refused(error, values))?;
    edit.finish(room).await?;
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
    let mut edit = Edit::of(connection, Section::Floor).await?;
    let table = find(&mut edit, accepts, id).await?;
    if values.are_those_of(&table) {
        return Ok(table);
    }
    refuse_groups(&mut edit, id, |group| !values.is_active || values.area_id != table.area_id || values.capacity.get() >= group.capacity)
        .await?;
    if values.seats() < table.capacity {
        refuse_bookings_ahead(&mut edit, id, values.seats()).await?;
    }
    let table = store::table::update(edit.connection(), id, values).await.map_err(|error| refused(error, values))?;
    edit.finish(room).await?;
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
    let mut edit = Edit::of(connection, Section::Floor).await?;
    find(&mut edit, accepts, id).await?;
    refuse_groups(&mut edit, id, |_| true).await?;
    refuse_bookings_ahead(&mut edit, id, 0).await?;
    store::table::remove(edit.connection(), id).await?;
    edit.finish(room).await
}

async fn find(edit: &mut Edit<'_>, accepts: &(dyn Fn(i32) -> bool + Sync), id: TableId) -> Result<Table, Refusal> {
    let table = store::table::get(edit.connection(), id).await?.ok_or(Refusal::NotFound(Thing::Table))?;
    if accepts(table.version) { Ok(table) } else { Err(Refusal::OtherVersion(table.version)) }
}

/// Refuses where the table is part of a group that the edit would break.
async fn refuse_groups(edit: &mut Edit<'_>, id: TableId, breaks: impl Fn(&Group) -> bool) -> Result<(), Refusal> {
    let mut groups = store::group::of_table(edit.connection(), id).await?;
    groups.retain(breaks);
    if groups.is_empty() { Ok(()) } else { Err(Refusal::TableInGroup(groups)) }
}

/// Refuses where a party of more than `guests` is booked ahead.
async fn refuse_bookings_ahead(edit: &mut Edit<'_>, id: TableId, guests: i32) -> Result<(), Refusal> {
    let ahead = store::table::ahead(edit.connection(), id, guests).await?;
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
