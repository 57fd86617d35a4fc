//! Who administers the restaurant.

use chassis::http::identity::{Role, UserId};
use chassis::http::text::Email;
use chassis::http::value::{Raw, Value as _};
use sqlx::{PgConnection, PgPool};

use super::attempt::{self, Subject};
use super::user::{self, User};
use super::{
    FIND_DECLARATION, FIND_ID_BY_EMAIL, FIND_ROLE, LIST_ADMINISTRATORS, LOCK_ADMINISTRATION, RECORD_DECLARATION, SEED_ADMINISTRATOR,
    SET_PASSWORD_HASH, UPDATE_ROLE,
};

/// The role of a user; `None` where there is no such user.
pub(crate) async fn role(pool: &PgPool, id: UserId) -> Result<Option<Role>, sqlx::Error> {
    sqlx::query_scalar(FIND_ROLE).bind(id).fetch_optional(pool).await
}

/// All administrators in the order of their ids. Nobody else loses that role until the end of the transaction.
pub(crate) async fn lock_all(connection: &mut PgConnection) -> Result<Vec<UserId>, sqlx::Error> {
    // One lock, and then the list as it is. Two that lock the rows of different lists would wait for each other.
    sqlx::query(LOCK_ADMINISTRATION).execute(&mut *connection).await?;
    sqlx::query_scalar(LIST_ADMINISTRATORS).fetch_all(connection).await
}

/// Gives a user a role, as the next version.
pub(crate) async fn set_role(connection: &mut PgConnection, id: UserId, role: Role) -> Result<User, sqlx::Error> {
    sqlx::query_as(UPDATE_ROLE).bind(id).bind(role).fetch_one(connection).await
}

/// Gives a user a one-time password. Their failures to log in are forgotten. `false` where there is no such user.
pub(crate) async fn reset_password(connection: &mut PgConnection, id: UserId, password_hash: &str) -> Result<bool, sqlx::Error> {
    let reset = sqlx::query_scalar(SET_PASSWORD_HASH).bind(id).bind(password_hash).bind(true);
    let Some(email_folded) = reset.fetch_optional(&mut *connection).await? else { return Ok(false) };
    let email_folded: String = email_folded;
    attempt::forget(connection, &[Subject::login(&email_folded), Subject::password_of(id)]).await?;
    Ok(true)
}

/// The user of an e-mail address.
pub(crate) async fn find(connection: &mut PgConnection, email: &Email) -> Result<Option<UserId>, sqlx::Error> {
    sqlx::query_scalar(FIND_ID_BY_EMAIL).bind(email.folded()).fetch_optional(connection).await
}

/// The administrator that the settings named when one was last made: the folded e-mail address, and the hash of the password.
pub(crate) async fn declaration(pool: &PgPool) -> Result<Option<(String, String)>, sqlx::Error> {
    sqlx::query_as(FIND_DECLARATION).fetch_optional(pool).await
}

/// Records the administrator that the settings name, in place of the one whose password's hash was `before`; `false` where another replica
/// did meanwhile.
pub(crate) async fn record_declaration(
    connection: &mut PgConnection,
    email: &Email,
    password_hash: &str,
    before: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let record = sqlx::query(RECORD_DECLARATION).bind(email.folded()).bind(password_hash).bind(before);
    Ok(record.execute(connection).await?.rows_affected() > 0)
}

/// The users that changed so that there is an administrator of an e-mail address.
#[derive(Default)]
pub(crate) struct Seeded {
    /// The new administrator.
    pub(crate) made: Option<User>,
    /// The guest who had the address before, under the address that they have now.
    pub(crate) moved: Option<User>,
}

/// Makes an administrator of an e-mail address with this password, or gives the administrator of that address the password.
///
/// A guest who registered the address first loses it, and is not promoted: addresses are not verified, and the tokens that the guest has would
/// be an administrator's.
pub(crate) async fn seed(connection: &mut PgConnection, email: &Email, password_hash: &str) -> Result<Seeded, sqlx::Error> {
    let mut seeded = Seeded::default();
    if let Some(id) = find(connection, email).await?
        && let Some(user) = user::lock(connection, id).await?
    {
        if user.role == Role::Admin {
            sqlx::query(SET_PASSWORD_HASH).bind(id).bind(password_hash).bind(false).execute(connection).await?;
            return Ok(seeded);
        }
        // No mail is ever delivered there (RFC 2606), and nobody else can have it: an id is given out once.
        let other = Email::read(Raw::Text(&format!("former-{id}@accounts.invalid"))).expect("an address");
        user::take_email(connection, id, &other).await?;
        seeded.moved = Some(user::update_profile(connection, &user).await?);
    }
    let insert = sqlx::query_as(SEED_ADMINISTRATOR).bind(email.as_str()).bind(email.folded()).bind(password_hash);
    seeded.made = Some(insert.fetch_one(connection).await?);
    Ok(seeded)
}
