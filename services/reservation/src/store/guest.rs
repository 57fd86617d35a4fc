//! The guest directory: who the users are, as `user.events` tells it.

use std::sync::Arc;

use chassis::events::event::{Received, TopicEvent as _};
use chassis::events::inbox::{Consumer, HandleError, Handler};
use contract::UserEvent;
use futures_util::future::BoxFuture;
use serde::Serialize;
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
    Consumer { name: "reservation", topic: UserEvent::TOPIC, handler: Arc::new(Directory) }
}

struct Directory;

impl Handler for Directory {
    fn types(&self) -> &[&'static str] {
        UserEvent::TYPES
    }

    fn handle<'a>(&'a self, transaction: &'a mut PgConnection, event: &'a Received) -> BoxFuture<'a, Result<bool, HandleError>> {
        Box::pin(async move {
            let Some(event) = event.read::<UserEvent>()? else { return Ok(false) };
            let user = event.into_user();
            // An event that arrives late tells nothing new.
            let upserted = sqlx::query(
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
            Ok(upserted.rows_affected() > 0)
        })
    }
}
