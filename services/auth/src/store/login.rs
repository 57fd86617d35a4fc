//! Logins and their failures. Ten failures for an e-mail address within 15 minutes close it, whether it belongs to an account or not.
//!
//! The database decides: requests that compare passwords at the same time get no more than ten answers between them.

use chassis::http::identity::Role;
use sqlx::{FromRow, PgPool};

/// The key under which failures are counted: an address that may belong to nobody is not kept in the clear.
macro_rules! email_hash {
    () => {
        "sha256(convert_to(lower($1), 'UTF8'))"
    };
}

/// The failures of a row `f` that still count.
macro_rules! recent {
    () => {
        "unnest(f.failed_at) AS failure WHERE failure > now() - interval '15 minutes'"
    };
}

/// For how many seconds more a row `f` closes its address; null where it does not.
macro_rules! closed_for {
    () => {
        concat!(
            "(SELECT CASE WHEN count(*) >= 10 THEN ceil(extract(epoch FROM min(failure) + interval '15 minutes' - now()))::bigint END FROM ",
            recent!(),
            ")"
        )
    };
}

/// What a login is held against.
#[derive(FromRow)]
pub(crate) struct Account {
    /// The user of the address, if there is one.
    pub(crate) id: Option<i32>,
    pub(crate) password_hash: Option<String>,
    pub(crate) role: Option<Role>,
    /// For how many seconds more the address is closed.
    pub(crate) closed_for: Option<i64>,
}

/// Finds what a login is held against.
pub(crate) async fn account(pool: &PgPool, email: &str) -> Result<Account, sqlx::Error> {
    const SQL: &str = concat!(
        "SELECT u.id, u.password_hash, u.role::text AS role, ",
        closed_for!(),
        " AS closed_for FROM (SELECT ",
        email_hash!(),
        " AS email_hash) AS address LEFT JOIN login_failure f USING (email_hash) LEFT JOIN \"user\" u ON lower(u.email) = lower($1)"
    );
    sqlx::query_as(SQL).bind(email).fetch_one(pool).await
}

/// Records a failed login. `false`: the address is closed, and what the login was answered must not be told.
pub(crate) async fn fail(pool: &PgPool, email: &str) -> Result<bool, sqlx::Error> {
    const SQL: &str = concat!(
        "INSERT INTO login_failure AS f (email_hash, failed_at, last_failed_at) VALUES (",
        email_hash!(),
        ", ARRAY[now()], now()) ON CONFLICT (email_hash) DO UPDATE SET last_failed_at = now(), failed_at = ARRAY(SELECT failure FROM ",
        recent!(),
        ") || now() WHERE (SELECT count(*) FROM ",
        recent!(),
        ") < 10"
    );
    let recorded = sqlx::query(SQL).bind(email).execute(pool).await?.rows_affected() > 0;
    // A few at a time, so that what is forgotten keeps pace with what is recorded and no login waits for it.
    sqlx::query(
        "DELETE FROM login_failure WHERE email_hash IN (
             SELECT email_hash FROM login_failure WHERE last_failed_at < now() - interval '15 minutes'
             ORDER BY last_failed_at LIMIT 10 FOR UPDATE SKIP LOCKED)",
    )
    .execute(pool)
    .await?;
    Ok(recorded)
}

/// Accepts a login with the right password and forgets the failures before it, unless the address is closed: then for how many
/// seconds more.
pub(crate) async fn succeed(pool: &PgPool, email: &str) -> Result<Option<i64>, sqlx::Error> {
    const SQL: &str = concat!(
        "WITH failures AS (SELECT f.email_hash, ",
        closed_for!(),
        " AS closed_for FROM login_failure f WHERE f.email_hash = ",
        email_hash!(),
        " FOR UPDATE), forgotten AS (DELETE FROM login_failure WHERE email_hash IN (SELECT email_hash FROM failures WHERE closed_for IS NULL))
         SELECT closed_for FROM failures WHERE closed_for IS NOT NULL"
    );
    sqlx::query_scalar(SQL).bind(email).fetch_optional(pool).await
}

/// For how many seconds more an address is closed.
pub(crate) async fn closed_for(pool: &PgPool, email: &str) -> Result<Option<i64>, sqlx::Error> {
    const SQL: &str = concat!("SELECT ", closed_for!(), " FROM login_failure f WHERE f.email_hash = ", email_hash!());
    sqlx::query_scalar(SQL).bind(email).fetch_optional(pool).await.map(Option::flatten)
}
