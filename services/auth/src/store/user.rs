//! Users.

use chassis::http::identity::{Role, UserId};
use chassis::http::text::{Email, Name, Phone};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgPool};
use utoipa::ToSchema;

use super::{
    CHANGE_PASSWORD_HASH, FIND_PASSWORD, FIND_USER, INSERT_USER, LIST_STAFF, LIST_USERS, LOCK_USER, REPLACE_PASSWORD_HASH, SEARCH_USERS,
    TAKE_EMAIL, UPDATE_PROFILE,
};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize, ToSchema)]
#[schema(as = UserResponse)]
pub(crate) struct User {
    /// The user's id, which is also the `sub` of their tokens.
    #[schema(example = 42, minimum = 1)]
    pub(crate) id: UserId,
    /// As it was given. Addresses that differ in case only are the same.
    #[schema(example = "guest@example.com", format = Email)]
    pub(crate) email: String,
    /// The user's name.
    #[schema(example = "Ada Lovelace", required)]
    pub(crate) full_name: Option<String>,
    /// The user's phone number.
    #[schema(example = "+44 20 7946 0958", required)]
    pub(crate) phone: Option<String>,
    /// The role, which decides what the user may do.
    #[schema(example = "user")]
    pub(crate) role: Role,
    /// Grows by one with every change.
    #[serde(skip)]
    pub(crate) version: i32,
    /// When the account was made.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(example = "2030-05-01T10:00:00Z")]
    pub(crate) created_at: Timestamp,
    /// When the account was last changed. A later version has no earlier time.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(example = "2030-05-01T10:00:00Z")]
    pub(crate) updated_at: Timestamp,
}

/// An account that is to be made.
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a Email,
    pub(crate) password_hash: &'a str,
    pub(crate) full_name: Option<&'a Name>,
    pub(crate) phone: Option<&'a Phone>,
    pub(crate) role: Role,
    /// Whether the password is a one-time password.
    pub(crate) password_change_required: bool,
}

/// Adds a user; `None` where the e-mail address belongs to an account.
pub(crate) async fn insert(connection: &mut PgConnection, user: &NewUser<'_>) -> Result<Option<User>, sqlx::Error> {
    let insert = sqlx::query_as(INSERT_USER).bind(user.email.as_str()).bind(user.email.folded()).bind(user.password_hash);
    let insert = insert.bind(user.full_name.map(Name::as_str)).bind(user.phone.map(Phone::as_str));
    insert.bind(user.role).bind(user.password_change_required).fetch_optional(connection).await
}

/// A user by id.
pub(crate) async fn get(pool: &PgPool, id: UserId) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(FIND_USER).bind(id).fetch_optional(pool).await
}

/// A user by id, whom nobody else changes until the end of the transaction.
pub(crate) async fn lock(connection: &mut PgConnection, id: UserId) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(LOCK_USER).bind(id).fetch_optional(connection).await
}

/// Gives a user another e-mail address, as part of a change that [`update_profile`] completes; `false` where it belongs to another user.
pub(crate) async fn take_email(connection: &mut PgConnection, id: UserId, email: &Email) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(TAKE_EMAIL).bind(id).bind(email.as_str()).bind(email.folded()).fetch_one(connection).await
}

/// Stores a user's name and phone as the next version.
pub(crate) async fn update_profile(connection: &mut PgConnection, user: &User) -> Result<User, sqlx::Error> {
    sqlx::query_as(UPDATE_PROFILE).bind(user.id).bind(&user.full_name).bind(&user.phone).fetch_one(connection).await
}

/// The hash of a user's password, and whether it is a one-time password.
pub(crate) async fn password(pool: &PgPool, id: UserId) -> Result<Option<(String, bool)>, sqlx::Error> {
    sqlx::query_as(FIND_PASSWORD).bind(id).fetch_optional(pool).await
}

/// Gives a user the password that they chose; `false` where the hash is another one by now. That is no new version: nobody sees it.
pub(crate) async fn change_password(pool: &PgPool, id: UserId, old: &str, new: &str) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(CHANGE_PASSWORD_HASH).bind(id).bind(old).bind(new).execute(pool).await?.rows_affected() > 0)
}

/// Replaces the hash of a user's password by another one of it; `false` where it is another one by now.
pub(crate) async fn replace_password_hash(pool: &PgPool, id: UserId, old: &str, new: &str) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(REPLACE_PASSWORD_HASH).bind(id).bind(old).bind(new).execute(pool).await?.rows_affected() > 0)
}

/// Which users to list.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Part of the e-mail address, folded.
    pub(crate) email: Option<String>,
    /// The role.
    pub(crate) role: Option<Role>,
}

/// Users in the order of their ids: `limit` of them at most, after the id `after`, from 0.
pub(crate) async fn list(pool: &PgPool, filter: &Filter, after: i32, limit: i64) -> Result<Vec<User>, sqlx::Error> {
    let of = |sql| sqlx::query_as(sql).bind(after).bind(filter.role).bind(limit);
    match (filter.role, &filter.email) {
        (None | Some(Role::User), None) => of(LIST_USERS).fetch_all(pool).await,
        (None | Some(Role::User), Some(part)) => of(SEARCH_USERS).bind(part).fetch_all(pool).await,
        (Some(_), part) => of(LIST_STAFF).bind(part).fetch_all(pool).await,
    }
}
