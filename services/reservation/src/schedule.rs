//! The hours of the week, and how they change. Bookings that were made before stay.

use house::schedule::Weekly;
use sqlx::PgConnection;

use crate::edit::{Agrees, Edit, Section, Stranded};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::store;

/// Gives the week other services; the ones that it has already are no change. Returns whom the edit strands, made or not.
///
/// # Errors
/// `ManagedByResource`; `OtherContent` where the week is not one that the caller `accepts`, or `Database`.
pub async fn replace(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(&[Weekly]) -> bool + Sync),
    week: &[Weekly],
    agrees: Agrees<'_>,
) -> Result<Stranded, Refusal> {
    let mut edit = Edit::of(connection, Section::OpeningHours).await?;
    let before = edit.house(room).await?;
    if !accepts(before.schedule.week()) {
        return Err(Refusal::OtherContent);
    }
    if before.schedule.week() == week {
        return Ok(Stranded::default());
    }
    store::house::set_schedule(edit.connection(), week).await?;
    edit.finish_hours(room, &before, None, agrees).await
}
