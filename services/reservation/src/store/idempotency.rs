//! Answers that are given again when the same request comes again: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
//!
//! The row is inserted in the transaction that books, so that a duplicate which arrives meanwhile waits for its end, and then finds the
//! answer, or, where the transaction was undone, does the work itself.

use std::fmt;

use chassis::http::identity::UserId;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::sql;

/// Whose keys are apart from those of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A user's.
    User(UserId),
    /// Those of whoever books without an account, by the e-mail address.
    Email(String),
    /// Those of the forms of somebody's pages, who may send a form again that was refused.
    Forms(UserId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Email(address) => write!(f, "email:{address}"),
            Self::Forms(id) => write!(f, "forms:{id}"),
        }
    }
}

/// A request that names a key.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Whose key it is.
    pub scope: Scope,
    /// The key.
    pub key: String,
    /// What the request asks for.
    pub fingerprint: [u8; 32],
}

/// An answer that was given.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: i16,
    /// Headers of the answer that are part of it, as pairs of name and value.
    #[sqlx(json)]
    pub headers: Vec<(String, String)>,
    /// The body, to the byte.
    pub body: Vec<u8>,
}

/// What a key stands for.
#[derive(Debug)]
pub enum Claim {
    /// It was not used within 24 hours: this request answers.
    New,
    /// It was answered.
    Answered(Answer),
    /// It was used with another body.
    Reused,
}

/// Claims a key for a request, waiting for one that is under way.
///
/// # Errors
/// Where the database fails.
pub async fn claim(transaction: &mut PgConnection, keyed: &Keyed) -> Result<Claim, sqlx::Error> {
    let claim = sqlx::query(sql::CLAIM_KEY).bind(keyed.scope.to_string()).bind(&keyed.key).bind(&keyed.fingerprint[..]);
    if claim.execute(&mut *transaction).await?.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let kept = find(transaction, keyed).await?;
    Ok(kept.map_or(Claim::Reused, Claim::Answered))
}

/// The answer that was given to this very request within 24 hours.
///
/// # Errors
/// Where the database fails.
pub async fn find(executor: impl PgExecutor<'_>, keyed: &Keyed) -> Result<Option<Answer>, sqlx::Error> {
    let find = sqlx::query_as(sql::KEPT_ANSWER).bind(keyed.scope.to_string()).bind(&keyed.key).bind(&keyed.fingerprint[..]);
    find.fetch_optional(executor).await
}

/// Keeps the answer to a claimed key.
///
/// # Errors
/// Where the database fails.
pub async fn keep(transaction: &mut PgConnection, keyed: &Keyed, answer: &Answer) -> Result<(), sqlx::Error> {
    sqlx::query(sql::KEEP_ANSWER)
        .bind(keyed.scope.to_string())
        .bind(&keyed.key)
        .bind(answer.status)
        .bind(sqlx::types::Json(&answer.headers))
        .bind(&answer.body)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Forgets answers that are older than 24 hours.
///
/// # Errors
/// Where the database fails.
pub async fn forget(executor: impl PgExecutor<'_>) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(sql::FORGET_ANSWERS).execute(executor).await?.rows_affected())
}
