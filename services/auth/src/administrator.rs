//! Who becomes an administrator without another one's doing: the first administrator of a database, and whoever the operator of the
//! service appoints.

use std::time::Duration;

use chassis::events::outbox::Outbox;
use chassis::http::identity::Role;
use chassis::http::text::Email;
use chassis::run::database::is_outage;
use chassis::run::service::StartError;
use sqlx::PgPool;

use crate::config::Administrator;
use crate::events;
use crate::hashing::Hasher;
use crate::store::administrator::{self, Seeded};
use crate::store::user;

/// How long to wait before the attempt is made again after an outage.
const PAUSE: Duration = Duration::from_millis(500);

/// Makes the administrator, where none was ever made in this database. Ten replicas that start at once make one.
///
/// # Errors
/// Where the database refuses, or the password cannot be hashed.
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
    if administrator::is_seeded(pool).await? {
        return Ok(());
    }
    let Some(administrator) = administrator else {
        tracing::warn!("no administrator is made, since neither ADMIN_PASSWORD nor ADMIN_PASSWORD_FILE is given");
        return Ok(());
    };
    // Before the transaction: the other replicas wait for its end.
    let hash = hasher.hash(administrator.password().clone()).await;
    let hash = hash.map_err(|error| StartError::Other(format!("the administrator cannot be made: {error}")))?;
    let mut transaction = pool.begin().await?;
    if !administrator::record_seed(&mut transaction).await? {
        return Ok(());
    }
    let event = match administrator::seed(&mut transaction, administrator.email(), &hash).await? {
        Seeded::New(user) => Some(events::registered(&user)),
        Seeded::Promoted(user) => Some(events::updated(&user)),
        Seeded::Already => None,
    };
    if let Some(event) = &event {
        outbox.write(&mut transaction, event).await?;
    }
    transaction.commit().await?;
    outbox.wake();
    tracing::info!("the administrator is made");
    Ok(())
}

/// What became of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appointed {
    /// The user is an administrator from now on, with the password that they had.
    Now,
    /// The user was an administrator before.
    Already,
    /// No account has the e-mail address.
    NoAccount,
}

/// Makes the user of an e-mail address an administrator: the way back in for a restaurant whose administrators cannot log in any more.
///
/// # Errors
/// What the database says.
pub(crate) async fn appoint(pool: &PgPool, email: &Email) -> Result<Appointed, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let Some(id) = administrator::find(&mut transaction, email).await? else { return Ok(Appointed::NoAccount) };
    let Some(user) = user::lock(&mut transaction, id).await? else { return Ok(Appointed::NoAccount) };
    if user.role == Role::Admin {
        return Ok(Appointed::Already);
    }
    let user = administrator::set_role(&mut transaction, id, Role::Admin).await?;
    // A replica that runs publishes it.
    Outbox::default().write(&mut transaction, &events::updated(&user)).await?;
    transaction.commit().await?;
    Ok(Appointed::Now)
}
