//! The rules by which the house takes bookings, and how they change. Bookings that were made before stay as they are.

use house::rules::Rules;
use sqlx::PgConnection;

use crate::edit::{Edit, Section};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::store;

/// Gives the house other rules; the ones that it has already are no change.
///
/// # Errors
/// `ManagedByResource`; `OtherContent` where the rules are not ones that the caller `accepts`, or `Database`.
pub async fn replace(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(&Rules) -> bool + Sync),
    rules: &Rules,
) -> Result<(), Refusal> {
    let mut edit = Edit::of(connection, Section::Booking).await?;
    let before = edit.house(room).await?.rules;
    if !accepts(&before) {
        return Err(Refusal::OtherContent);
    }
    if before == *rules {
        return Ok(());
    }
    store::house::set_rules(edit.connection(), rules).await?;
    if before.pacing != rules.pacing {
        store::pacing::recount(edit.connection(), rules.pacing).await?;
    }
    edit.finish(room).await
}
