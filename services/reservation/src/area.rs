//! Areas: parts of the restaurant, such as a terrace.

use chassis::http::code::{self, Code};
use chassis::http::text::Text;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::codes;
use crate::edit::{Edit, Section};
use crate::refusal::{Refusal, Thing};
use crate::room::Room;
use crate::store;

chassis::id! {
    /// The id of an area.
    pub struct AreaId;
}

chassis::whole! {
    /// Where an area stands among the others.
    pub struct Position: 0..=1000;
}

/// The problems with which a new area may be refused.
pub static ADD_REFUSALS: &[&Code] = &[&codes::MANAGED_BY_RESOURCE, &codes::AREA_NAME_TAKEN];
/// The problems with which a change of an area may be refused.
pub static REPLACE_REFUSALS: &[&Code] = &[&codes::MANAGED_BY_RESOURCE, &code::PRECONDITION_FAILED, &codes::AREA_NAME_TAKEN];
/// The problems with which the removal of an area may be refused.
pub static REMOVE_REFUSALS: &[&Code] = &[&codes::MANAGED_BY_RESOURCE, &code::PRECONDITION_FAILED, &codes::AREA_IN_USE];

/// A part of the restaurant.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Area {
    /// The id.
    pub id: AreaId,
    /// Its name, which no other area has.
    #[schema(example = "Terrace")]
    pub name: String,
    /// Whether guests may book there; the staff always may.
    pub online: bool,
    /// Tables of the area with the lowest position are given out first.
    #[schema(example = 0)]
    pub position: i32,
    /// The version, which is in the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// An area as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaValues {
    /// Its name.
    pub name: Text<100>,
    /// Whether guests may book there.
    pub online: bool,
    /// Where it stands among the others.
    pub position: Position,
}

impl AreaValues {
    pub(crate) fn are_those_of(&self, area: &Area) -> bool {
        (self.name.as_str(), self.online, self.position.get()) == (area.name.as_str(), area.online, area.position)
    }
}

/// Adds an area.
///
/// # Errors
/// One of [`ADD_REFUSALS`], or `Database`.
pub async fn add(connection: &mut PgConnection, room: &Room, values: &AreaValues) -> Result<Area, Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    let area = store::area::insert(edit.connection(), values).await.map_err(name_taken)?;
    edit.finish(room).await?;
    Ok(area)
}

/// Gives an area new values; the ones that it has already are no change.
///
/// # Errors
/// `NotFound`, one of [`REPLACE_REFUSALS`], or `Database`.
pub async fn replace(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: AreaId,
    values: &AreaValues,
) -> Result<Area, Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    let before = find(&mut edit, accepts, id).await?;
    if values.are_those_of(&before) {
        return Ok(before);
    }
    let area = store::area::update(edit.connection(), id, values).await.map_err(name_taken)?;
    edit.finish(room).await?;
    Ok(area)
}

/// Removes an area in which no table stands, in use or not.
///
/// # Errors
/// `NotFound`, one of [`REMOVE_REFUSALS`], or `Database`.
pub async fn remove(connection: &mut PgConnection, room: &Room, accepts: &(dyn Fn(i32) -> bool + Sync), id: AreaId) -> Result<(), Refusal> {
    let mut edit = Edit::of(connection, Section::Floor).await?;
    find(&mut edit, accepts, id).await?;
    if !store::area::remove(edit.connection(), id).await? {
        return Err(Refusal::AreaInUse);
    }
    edit.finish(room).await?;
    Ok(())
}

async fn find(edit: &mut Edit<'_>, accepts: &(dyn Fn(i32) -> bool + Sync), id: AreaId) -> Result<Area, Refusal> {
    let area = store::area::get(edit.connection(), id).await?.ok_or(Refusal::NotFound(Thing::Area))?;
    if accepts(area.version) { Ok(area) } else { Err(Refusal::OtherVersion(area.version)) }
}

fn name_taken(error: sqlx::Error) -> Refusal {
    match &error {
        sqlx::Error::Database(violated) if violated.constraint() == Some("area_name_key") => Refusal::AreaNameTaken,
        _ => error.into(),
    }
}
