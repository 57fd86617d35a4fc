//! Who may administer accounts.

use axum::extract::FromRequestParts;
use chassis::http::identity::{Caller, Role, UserId, forbidden};
use chassis::http::problem::Problem;
use http::request::Parts;
use sqlx::{Postgres, Transaction};

use super::App;
use super::refusal::nobody;
use crate::store::administrator;

/// A caller who is an administrator now. The database decides, whatever role the token carries: otherwise a token would let its bearer
/// give away rights, or take them back, for as long as it is valid.
pub(crate) struct Administrator(pub(crate) UserId);

impl Administrator {
    /// A user who is an administrator now.
    ///
    /// # Errors
    /// 401 where there is no such user any more, 403 where they are none.
    pub(crate) async fn now(app: &App, user_id: UserId) -> Result<Self, Problem> {
        match administrator::role(&app.pool, user_id).await?.ok_or_else(nobody)? {
            Role::Admin => Ok(Self(user_id)),
            Role::User | Role::Host => Err(forbidden()),
        }
    }

    /// A transaction in which they stay one, and all administrators in the order of their ids: nobody else gives or takes that role until its
    /// end, so that of two who dismiss each other at once one remains.
    ///
    /// # Errors
    /// 403 where they are none any more.
    pub(crate) async fn begin(&self, app: &App) -> Result<(Transaction<'static, Postgres>, Vec<UserId>), Problem> {
        let mut transaction = app.pool.begin().await?;
        let administrators = administrator::lock_all(&mut transaction).await?;
        if administrators.contains(&self.0) { Ok((transaction, administrators)) } else { Err(forbidden()) }
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        Self::now(app, caller.user_id).await
    }
}
