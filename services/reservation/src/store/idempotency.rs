//! Answers that are given again to who asks again: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
//!
//! The row is inserted in the transaction that books, so that a duplicate which arrives meanwhile waits for its end, and then
//! finds the answer, or, where the transaction was undone, does the work itself.

use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};

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
    /// Nobody has used it within 24 hours: this request answers.
    New,
    /// It was answered.
    Answered(Answer),
    /// It was used with another body.
    Reused,
}

/// Claims a key for a request, waiting for one that is under way.
///
/// # Errors
/// What the database says.
pub async fn claim(transaction: &mut PgConnection, user_id: i32, key: &str, fingerprint: &[u8]) -> Result<Claim, sqlx::Error> {
    let claimed = sqlx::query(
        "INSERT INTO idempotency_key AS kept (user_id, key, fingerprint) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = $3, status = NULL, headers = NULL, body = NULL, created_at = now()
           WHERE kept.created_at < now() - interval '24 hours'",
    )
    .bind(user_id)
    .bind(key)
    .bind(fingerprint)
    .execute(&mut *transaction)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let kept = find(transaction, user_id, key, fingerprint).await?;
    Ok(kept.map_or(Claim::Reused, Claim::Answered))
}

/// The answer that was given to this very request within 24 hours.
///
/// # Errors
/// What the database says.
pub async fn find(executor: impl PgExecutor<'_>, user_id: i32, key: &str, fingerprint: &[u8]) -> Result<Option<Answer>, sqlx::Error> {
    sqlx::query_as(
        "SELECT status, headers, body FROM idempotency_key WHERE user_id = $1 AND key = $2 AND fingerprint = $3
           AND status IS NOT NULL AND created_at >= now() - interval '24 hours'",
    )
    .bind(user_id)
    .bind(key)
    .bind(fingerprint)
    .fetch_optional(executor)
    .await
}

/// Keeps the answer to a claimed key.
///
/// # Errors
/// What the database says.
pub async fn keep(transaction: &mut PgConnection, user_id: i32, key: &str, answer: &Answer) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE idempotency_key SET status = $3, headers = $4, body = $5 WHERE user_id = $1 AND key = $2")
        .bind(user_id)
        .bind(key)
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
/// What the database says.
pub async fn forget(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query("DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'").execute(pool).await?;
    Ok(forgotten.rows_affected())
}
