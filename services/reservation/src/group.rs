//! Groups: tables that are joined for a larger party.

use chassis::http::code::{self, Code};
use chassis::http::text::Text;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::booking::Guests;
use crate::codes;
use crate::edit::{Edit, Section};
use crate::refusal::{Refusal, Thing};
use crate::room::Room;
use crate::store;
use crate::table::TableId;

chassis::id! {
    /// The id of a group of tables.
    pub struct GroupId;
}

chassis::whole! {
    /// How many guests a group seats.
    pub struct GroupCapacity: 2..=20;
}

/// The problems with which a change of a group may be refused.
pub static REPLACE_REFUSALS: &[&Code] = &[&codes::MANAGED_BY_RESOURCE, &code::PRECONDITION_FAILED];

/// A group of tables, which is given out as one.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Group {
    /// The id.
    pub id: GroupId,
    /// Its name.
    #[schema(example = "Window")]
    pub name: String,
    /// Its tables.
    pub table_ids: Vec<TableId>,
    /// How many guests they seat together.
    #[schema(example = 7)]
    pub capacity: i32,
    /// The smallest party of guests that it is given to; the staff may seat fewer.
    #[schema(example = 5)]
    pub min_party: i32,
    /// The version, which is in the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// A group as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupValues {
    /// Its name.
    pub name: Text<100>,
    /// Its tables, each once.
    pub table_ids: Vec<TableId>,
    /// How many guests they seat together.
    pub capacity: GroupCapacity,
    /// The smallest party of guests that it is given to.
    pub min_party: Guests,
}

impl GroupValues {
    pub(crate) fn are_those_of(&self, group: &Group) -> bool {
        (self.name.as_str(), &self.table_ids, self.capacity.get(), self.min_party.get())
            == (group.name.as_str(), &group.table_ids, group.capacity, group.min_party)
    }
}

/// Why tables cannot be a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjoinable {
    /// There is no such table.
    Unknown,
    /// One is not in use.
    Inactive,
    /// They do not stand in one area.
    Areas,
    /// One of them seats as many guests alone.
    Small(i32),
}

/// Adds a group.
///
/// # Errors
/// `ManagedByResource`, `NoGroup` or `Database`.
pub async fn add(connection: &mut PgConnection, room: &Room, values: &GroupValues) -> Result<Group, Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    judge(&mut edit, values).await?;
    let group = store::group::insert(edit.connection(), values).await?;
    edit.finish(room).await?;
    Ok(group)
}

/// Gives a group new values; the ones that it has already are no change. Bookings that have its tables keep them.
///
/// # Errors
/// `ManagedByResource`, `NotFound`, `NoGroup`, one of [`REPLACE_REFUSALS`], or `Database`.
pub async fn replace(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: GroupId,
    values: &GroupValues,
) -> Result<Group, Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    let before = find(&mut edit, accepts, id).await?;
    if values.are_those_of(&before) {
        return Ok(before);
    }
    judge(&mut edit, values).await?;
    let group = store::group::update(edit.connection(), id, values).await?;
    edit.finish(room).await?;
    Ok(group)
}

/// Removes a group. Bookings that have its tables keep them.
///
/// # Errors
/// `NotFound`, one of [`REPLACE_REFUSALS`], or `Database`.
pub async fn remove(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: GroupId,
) -> Result<(), Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    find(&mut edit, accepts, id).await?;
    store::group::remove(edit.connection(), id).await?;
    edit.finish(room).await
}

async fn find(edit: &mut Edit<'_>, accepts: &(dyn Fn(i32) -> bool + Sync), id: GroupId) -> Result<Group, Refusal> {
    let group = store::group::get(edit.connection(), id).await?.ok_or(Refusal::NotFound(Thing::Group))?;
    if accepts(group.version) { Ok(group) } else { Err(Refusal::OtherVersion(group.version)) }
}

/// Refuses tables that cannot be a group.
async fn judge(edit: &mut Edit<'_>, values: &GroupValues) -> Result<(), Refusal> {
    let tables = store::table::of(edit.connection(), &values.table_ids).await?;
    let largest = tables.iter().map(|table| table.capacity).max().unwrap_or(0);
    let why = if tables.len() < values.table_ids.len() {
        Unjoinable::Unknown
    } else if tables.iter().any(|table| !table.is_active) {
        Unjoinable::Inactive
    } else if tables.iter().any(|table| table.area_id != tables[0].area_id) {
        Unjoinable::Areas
    } else if values.capacity.get() <= largest {
        Unjoinable::Small(largest)
    } else {
        return Ok(());
    };
    Err(Refusal::NoGroup(why))
}
