//! The first administrator: made once in the life of a database, by whichever replica comes first.

use std::time::Duration;

use chassis::events::outbox::Outbox;
use chassis::http::problem::Problem;
use chassis::run::database::is_outage;
use chassis::run::service::StartError;
use sqlx::PgPool;

use crate::config::Administrator;
use crate::event;
use crate::hashing::Hasher;
use crate::store::user::{self, Appointed};

/// How long to wait before the attempt is made again after an outage.
const PAUSE: Duration = Duration::from_millis(500);

/// Makes the administrator, where none was ever made in this database. Ten replicas that start at once make one.
pub(crate) async fn seed(pool: &PgPool, outbox: &Outbox, hasher: &Hasher, administrator: Option<&Administrator>) -> Result<(), StartError> {
    loop {
        match attempt(pool, outbox, hasher, administrator).await {
            Err(StartError::Database(error)) if is_outage(&error) => {
                tracing::debug!(%error, "the administrator could not be made yet");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

async fn attempt(pool: &PgPool, outbox: &Outbox, hasher: &Hasher, administrator: Option<&Administrator>) -> Result<(), StartError> {
    if sqlx::query_scalar("SELECT EXISTS (SELECT FROM administrator_seed)").fetch_one(pool).await? {
        return Ok(());
    }
    let Some(administrator) = administrator else {
        tracing::warn!("no administrator is made, since neither ADMIN_PASSWORD nor ADMIN_PASSWORD_FILE is given");
        return Ok(());
    };
    // Before the transaction: the other replicas wait for its end.
    let hash = hasher.hash(administrator.password().clone()).await.map_err(|problem: Problem| StartError::Other(format!("{problem:?}")))?;
    let mut transaction = pool.begin().await?;
    let first = sqlx::query("INSERT INTO administrator_seed DEFAULT VALUES ON CONFLICT DO NOTHING").execute(&mut *transaction).await?;
    if first.rows_affected() == 0 {
        return Ok(());
    }
    let event = match user::appoint(&mut transaction, administrator.email(), &hash).await? {
        Appointed::New(user) => Some(event::registered(&user)),
        Appointed::Promoted(user) => Some(event::updated(&user)),
        Appointed::Already => None,
    };
    if let Some(event) = &event {
        outbox.write(&mut transaction, event).await?;
    }
    transaction.commit().await?;
    outbox.wake();
    tracing::info!("the administrator is made");
    Ok(())
}
