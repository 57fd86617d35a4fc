//! Attempts with a password, and those that failed. Ten failures within 15 minutes close what they were for.
//!
//! The database decides: requests that compare passwords at the same time get no more than ten answers between them.

use chassis::http::identity::{Role, UserId};
use sha2::{Digest as _, Sha256};
use sqlx::{FromRow, PgConnection, PgPool};

use super::{CLOSED_FOR, FIND_LOGIN, FORGET_FAILURES, FORGET_OLD_FAILURES, FORGIVE_FAILURES, RECORD_FAILURE};

/// What failures are counted for. An e-mail address that may belong to nobody is not kept in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject([u8; 32]);

impl Subject {
    /// Logins with an e-mail address, which is folded, whether it belongs to an account or not.
    pub(crate) fn login(email_folded: &str) -> Self {
        Self(Sha256::digest(format!("login {email_folded}")).into())
    }

    /// Changes of a user's password.
    pub(crate) fn password_of(user: UserId) -> Self {
        Self(Sha256::digest(format!("password {user}")).into())
    }
}

/// What a login is held against.
#[derive(FromRow)]
pub(crate) struct Login {
    /// The user of the address, if there is one.
    pub(crate) id: Option<UserId>,
    pub(crate) password_hash: Option<String>,
    /// Whether the password is a one-time password.
    pub(crate) password_change_required: Option<bool>,
    pub(crate) role: Option<Role>,
    /// For how many seconds more the address is closed.
    pub(crate) closed_for: Option<i64>,
}

/// Finds what a login with a folded e-mail address is held against.
pub(crate) async fn login(pool: &PgPool, email_folded: &str) -> Result<Login, sqlx::Error> {
    sqlx::query_as(FIND_LOGIN).bind(email_folded).bind(&Subject::login(email_folded).0[..]).fetch_one(pool).await
}

/// Records a failure. `false`: the subject is closed, and whether the password was right must not be told.
pub(crate) async fn fail(pool: &PgPool, subject: Subject) -> Result<bool, sqlx::Error> {
    let recorded = sqlx::query(RECORD_FAILURE).bind(&subject.0[..]).execute(pool).await?.rows_affected() > 0;
    sqlx::query(FORGET_OLD_FAILURES).execute(pool).await?;
    Ok(recorded)
}

/// Accepts the right password and forgets the failures before it, unless the subject is closed: then for how many seconds more.
pub(crate) async fn succeed(pool: &PgPool, subject: Subject) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(FORGIVE_FAILURES).bind(&subject.0[..]).fetch_optional(pool).await
}

/// For how many seconds more a subject is closed.
pub(crate) async fn closed_for(pool: &PgPool, subject: Subject) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(CLOSED_FOR).bind(&subject.0[..]).fetch_one(pool).await
}

/// Forgets the failures of subjects, also of those that they have closed.
pub(crate) async fn forget(connection: &mut PgConnection, subjects: &[Subject]) -> Result<(), sqlx::Error> {
    let subjects: Vec<&[u8]> = subjects.iter().map(|subject| &subject.0[..]).collect();
    sqlx::query(FORGET_FAILURES).bind(subjects).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_at_a_login_closes_the_change_of_a_password() {
        let user: UserId = serde_json::from_str("42").expect("an id");
        assert_ne!(Subject::login("password 42"), Subject::password_of(user));
        assert_ne!(Subject::login("42"), Subject::password_of(user));
    }
}
