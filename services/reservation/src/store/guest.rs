//! The guest directory: who the users are, as `user.events` tells it.

use chassis::events::event::{Received, USER_TOPIC};
use chassis::events::inbox::{Consumer, HandleError};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgPool};

/// A guest as the directory knows him.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Guest {
    /// The name, where it was given.
    #[schema(example = "Ada Lovelace")]
    pub full_name: Option<String>,
    /// The e-mail address of the account.
    #[schema(example = "guest@example.com")]
    pub email: String,
    /// The telephone number, where it was given.
    #[schema(example = "+44 20 7946 0958")]
    pub phone: Option<String>,
}

/// The guest of this user id, where the directory knows him.
///
/// # Errors
/// What the database says.
pub async fn get(pool: &PgPool, user_id: i32) -> Result<Option<Guest>, sqlx::Error> {
    sqlx::query_as("SELECT full_name, email, phone FROM guest WHERE user_id = $1").bind(user_id).fetch_optional(pool).await
}

/// What keeps the directory up to date.
pub fn consumer() -> Consumer {
    Consumer { group: "reservation", topic: USER_TOPIC, handler: handle }
}

/// The data of `user.registered` and `user.updated`, as far as it matters here.
#[derive(Deserialize)]
struct User {
    id: i32,
    email: String,
    full_name: Option<String>,
    phone: Option<String>,
    version: i32,
}

fn handle<'a>(transaction: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
    async move {
        if !matches!(event.kind.as_str(), "user.registered" | "user.updated") {
            return Ok(false);
        }
        let user = User::deserialize(&event.data)?;
        sqlx::query(
            "INSERT INTO guest (user_id, email, full_name, phone, version) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, full_name = excluded.full_name,
               phone = excluded.phone, version = excluded.version WHERE guest.version < excluded.version",
        )
        .bind(user.id)
        .bind(&user.email)
        .bind(&user.full_name)
        .bind(&user.phone)
        .bind(user.version)
        .execute(transaction)
        .await?;
        Ok(true)
    }
    .boxed()
}
