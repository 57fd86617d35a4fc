//! Changing a user.

use chassis::http::old::etag::{self, Condition};
use chassis::http::problem::Problem;

use super::App;
use crate::event;
use crate::store::user::{self, User};

/// Changes a user, where `If-Match` names the current version: row and event together. Where nothing becomes different there is neither a new version nor an event.
///
/// # Errors
/// `missing` where there is no such user, 412, and 409 where the e-mail address is taken.
pub(super) async fn change(
    app: &App,
    id: i32,
    condition: Option<&Condition>,
    missing: impl FnOnce() -> Problem,
    apply: impl FnOnce(&mut User),
) -> Result<User, Problem> {
    let mut transaction = app.pool.begin().await?;
    let current = user::lock(&mut transaction, id).await?.ok_or_else(missing)?;
    etag::check(condition, current.version)?;
    let mut wanted = current.clone();
    apply(&mut wanted);
    if wanted == current {
        return Ok(current);
    }
    let user = user::update(&mut transaction, &wanted).await?;
    app.outbox.write(&mut transaction, &event::updated(&user)).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(user)
}
