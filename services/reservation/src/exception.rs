//! Exceptions: dates on which the restaurant is open at other times than in the week, or closed.

use chassis::http::code::{self, Code};
use chassis::http::text::Text;
use house::schedule::Service;
use jiff::civil::Date;
use sqlx::{FromRow, PgConnection};

use crate::codes;
use crate::edit::{Agrees, Edit, Stranded};
use crate::refusal::{Refusal, Thing};
use crate::room::Room;
use crate::store;

chassis::id! {
    /// The id of an exception.
    pub struct ExceptionId;
}

/// The problems with which a new exception may be refused.
pub static ADD_REFUSALS: &[&Code] = &[&codes::EXCEPTION_EXISTS];
/// The problems with which a change of an exception may be refused.
pub static REPLACE_REFUSALS: &[&Code] = &[&code::PRECONDITION_FAILED, &codes::EXCEPTION_EXISTS];

/// Dates with hours of their own.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct Exception {
    /// The id.
    pub id: ExceptionId,
    /// The first of the dates.
    #[sqlx(try_from = "jiff_sqlx::Date")]
    pub from_date: Date,
    /// The last of the dates.
    #[sqlx(try_from = "jiff_sqlx::Date")]
    pub until_date: Date,
    /// What is served then; nothing where it is closed.
    #[sqlx(json)]
    pub services: Vec<Service>,
    /// A note for the staff.
    pub note: Option<String>,
    /// The version, which is in the ETag.
    pub version: i32,
}

/// An exception as it is to be.
#[derive(Clone, Debug)]
pub struct ExceptionValues {
    /// The first of the dates.
    pub from: Date,
    /// The last of the dates.
    pub until: Date,
    /// What is served then; nothing where it is closed.
    pub services: Vec<Service>,
    /// A note for the staff.
    pub note: Option<Text<2000>>,
}

impl ExceptionValues {
    fn are_those_of(&self, exception: &Exception) -> bool {
        (self.from, self.until, &self.services, self.note.as_ref().map(Text::as_str))
            == (exception.from_date, exception.until_date, &exception.services, exception.note.as_deref())
    }
}

/// Adds an exception, where `agrees` says so.
///
/// # Errors
/// One of [`ADD_REFUSALS`], or `Database`.
pub async fn add(
    connection: &mut PgConnection,
    room: &Room,
    values: &ExceptionValues,
    agrees: Agrees<'_>,
) -> Result<(Exception, Stranded), Refusal> {
    let mut edit = Edit::begin(connection).await?;
    refuse_others(&mut edit, values, None).await?;
    let before = edit.house(room).await?;
    let exception = store::exception::insert(edit.connection(), values).await?;
    let stranded = edit.finish_hours(room, &before, Some((values.from, values.until)), agrees).await?;
    Ok((exception, stranded))
}

/// Gives an exception new values; the ones that it has already are no change. Others it gets where `agrees` says so.
///
/// # Errors
/// `NotFound`, one of [`REPLACE_REFUSALS`], or `Database`.
pub async fn replace(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: ExceptionId,
    values: &ExceptionValues,
    agrees: Agrees<'_>,
) -> Result<(Exception, Stranded), Refusal> {
    let mut edit = Edit::begin(connection).await?;
    let found = find(&mut edit, accepts, id).await?;
    if values.are_those_of(&found) {
        return Ok((found, Stranded::default()));
    }
    refuse_others(&mut edit, values, Some(id)).await?;
    let before = edit.house(room).await?;
    let exception = store::exception::update(edit.connection(), id, values).await?;
    let dates = (values.from.min(found.from_date), values.until.max(found.until_date));
    let stranded = edit.finish_hours(room, &before, Some(dates), agrees).await?;
    Ok((exception, stranded))
}

/// Removes an exception, where `agrees` says so: the week holds again.
///
/// # Errors
/// `NotFound`, `OtherVersion`, or `Database`.
pub async fn remove(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: ExceptionId,
    agrees: Agrees<'_>,
) -> Result<Stranded, Refusal> {
    let mut edit = Edit::begin(connection).await?;
    let found = find(&mut edit, accepts, id).await?;
    let before = edit.house(room).await?;
    store::exception::remove(edit.connection(), id).await?;
    edit.finish_hours(room, &before, Some((found.from_date, found.until_date)), agrees).await
}

async fn find(edit: &mut Edit<'_>, accepts: &(dyn Fn(i32) -> bool + Sync), id: ExceptionId) -> Result<Exception, Refusal> {
    let exception = store::exception::get(edit.connection(), id).await?.ok_or(Refusal::NotFound(Thing::Exception))?;
    if accepts(exception.version) { Ok(exception) } else { Err(Refusal::OtherVersion(exception.version)) }
}

/// Refuses a second exception of one date.
async fn refuse_others(edit: &mut Edit<'_>, values: &ExceptionValues, but: Option<ExceptionId>) -> Result<(), Refusal> {
    match store::exception::of_dates(edit.connection(), (values.from, values.until), but).await? {
        Some(other) => Err(Refusal::ExceptionExists(other)),
        None => Ok(()),
    }
}
