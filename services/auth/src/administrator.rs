//! Administrators whom no other administrator appoints: the one that the settings name, and those of the command `appoint`.

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

/// Makes the administrator that the settings name, or gives that account the password of the settings, where they are others than when that
/// was last done in this database. Nothing else changes an account: a password that its owner changed stays, and an administrator who was
/// dismissed is not appointed again, as long as the settings are the same. Of ten replicas that start at once one does it.
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
            // Another replica, whose settings may be others, was faster: what it declared is looked at.
            Ok(false) => {}
            Ok(true) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Whether what the settings name is what was declared last.
async fn attempt(pool: &PgPool, outbox: &Outbox, hasher: &Hasher, administrator: Option<&Administrator>) -> Result<bool, StartError> {
    let before = administrator::declaration(pool).await?;
    let Some(administrator) = administrator else {
        if before.is_none() {
            tracing::warn!("no administrator is made, since neither ADMIN_PASSWORD nor ADMIN_PASSWORD_FILE is given");
        }
        return Ok(true);
    };
    let failed = |error| StartError::Other(format!("the administrator cannot be made: {error}"));
    // Before the transaction: the other replicas wait for its end.
    if let Some((email, hash)) = &before
        && *email == administrator.email().folded()
        && hasher.is_of(administrator.password().clone(), hash.clone()).await.map_err(failed)?
    {
        return Ok(true);
    }
    let hash = hasher.hash(administrator.password().clone()).await.map_err(failed)?;
    let before = before.as_ref().map(|(_, hash)| hash.as_str());
    let mut transaction = pool.begin().await?;
    if !administrator::record_declaration(&mut transaction, administrator.email(), &hash, before).await? {
        return Ok(false);
    }
    let Seeded { made, moved } = administrator::seed(&mut transaction, administrator.email(), &hash).await?;
    if let Some(guest) = &moved {
        outbox.write(&mut transaction, &events::updated(guest)).await?;
        tracing::warn!(user_id = %guest.id, "a guest had the administrator's e-mail address, and has another one now");
    }
    if let Some(user) = &made {
        outbox.write(&mut transaction, &events::registered(user)).await?;
    }
    transaction.commit().await?;
    outbox.wake();
    tracing::info!("the administrator has the e-mail address and the password of the settings");
    Ok(true)
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
