//! The guest directory: who the users are, as `user.events` tells it.

use chassis::http::identity::{Role, UserId};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::sql;

/// A guest, as the directory knows them.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Guest {
    /// The name, where it was given.
    #[schema(example = "Ada Lovelace")]
    pub full_name: Option<String>,
    /// The e-mail address of the account.
    #[schema(example = "guest@example.com")]
    pub email: String,
    /// The phone number, where it was given.
    #[schema(example = "+44 20 7946 0958")]
    pub phone: Option<String>,
}

/// The guest of this user id, where the directory knows them.
///
/// # Errors
/// Where the database fails.
pub async fn get(connection: &mut PgConnection, user_id: UserId) -> Result<Option<Guest>, sqlx::Error> {
    sqlx::query_as(sql::GUEST).bind(user_id).fetch_optional(connection).await
}

/// The role of a user, where the directory knows them.
///
/// # Errors
/// Where the database fails.
pub async fn role(connection: &mut PgConnection, user_id: UserId) -> Result<Option<Role>, sqlx::Error> {
    sqlx::query_scalar(sql::GUEST_ROLE).bind(user_id).fetch_optional(connection).await
}

/// Notes who a user is; `false` where a later version is known already.
///
/// # Errors
/// Where the database fails.
pub async fn learn(connection: &mut PgConnection, user: &contract::User) -> Result<bool, sqlx::Error> {
    let learnt = sqlx::query(sql::LEARN_GUEST)
        .bind(user.id)
        .bind(&user.email)
        .bind(&user.full_name)
        .bind(&user.phone)
        .bind(user.version)
        .bind(user.role)
        .execute(connection)
        .await?;
    Ok(learnt.rows_affected() > 0)
}
