//! The outbox and its lease as SQL.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgExecutor, Row as _};

use crate::events::outbox::lead::LEASE;

/// The statement that finds events which wait: from an id on, without some ids, so many at most.
pub const LOOK: &str = include_str!("look.sql");

/// An event that waits.
#[derive(Debug, FromRow)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) event_id: String,
    pub(super) topic: String,
    pub(super) key: String,
    pub(super) r#type: String,
    pub(super) data: String,
    pub(super) time: String,
}

/// The lease, renewed, and what was seen on the way.
pub(super) struct Beat {
    /// Every transaction before this one has ended.
    pub(super) oldest_transaction: i64,
    /// The transactions from this one on had not begun.
    pub(super) next_transaction: i64,
    /// The id that was allotted last.
    pub(super) last_id: i64,
    /// Events that wait.
    pub(super) rows: Vec<Row>,
}

/// What to look for.
pub(super) struct Look<'a> {
    /// From this id on.
    pub(super) from: i64,
    /// Without these ids.
    pub(super) without: &'a [i64],
    /// So many at most.
    pub(super) limit: i64,
}

/// Takes the lease where it is nobody's, or this holder's own: the smallest id that an event which waits may have.
pub(super) async fn take_lease(executor: impl PgExecutor<'_>, holder: i64) -> Result<Option<i64>, sqlx::Error> {
    // A plain UPDATE, which locks nothing and writes nothing where the lease is another's.
    sqlx::query_scalar(
        "UPDATE outbox_lease SET holder = $1, until = clock_timestamp() + make_interval(secs => $2)
         WHERE until < clock_timestamp() OR holder = $1 RETURNING oldest",
    )
    .bind(holder)
    .bind(LEASE.as_secs_f64())
    .fetch_optional(executor)
    .await
}

/// Gives the lease back, and tells the others.
pub(super) async fn give_lease_back(executor: impl PgExecutor<'_>, holder: i64) -> Result<(), sqlx::Error> {
    let given = "WITH given AS (UPDATE outbox_lease SET until = '-infinity' WHERE holder = $1 RETURNING holder)
                 SELECT pg_notify($2, '') FROM given";
    sqlx::query(given).bind(holder).bind(VACANT).execute(executor).await.map(drop)
}

/// The channel on which a follower tells the leader that there is something to publish.
pub(super) const WAITING: &str = "outbox_waiting";
/// The channel on which a leader that leaves tells the followers.
pub(super) const VACANT: &str = "outbox_vacant";

/// Wakes the leader, in a transaction of its own: NOTIFY takes a lock on the whole database while its transaction commits.
pub(super) async fn wake_leader(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, '')").bind(WAITING).execute(executor).await.map(drop)
}

/// Renews the lease and looks what waits; `None` where the lease is another's.
pub(super) async fn beat(executor: impl PgExecutor<'_>, holder: i64, oldest: i64, look: Look<'_>) -> Result<Option<Beat>, sqlx::Error> {
    let rows: Vec<PgRow> = sqlx::query(include_str!("beat.sql"))
        .bind(holder)
        .bind(LEASE.as_secs_f64())
        .bind(oldest)
        .bind(look.from)
        .bind(look.without)
        .bind(look.limit)
        .fetch_all(executor)
        .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut beat = Beat {
        oldest_transaction: first.try_get("oldest_transaction")?,
        next_transaction: first.try_get("next_transaction")?,
        last_id: first.try_get("last_id")?,
        rows: Vec::new(),
    };
    for row in &rows {
        if row.try_get::<Option<i64>, _>("id")?.is_some() {
            beat.rows.push(Row::from_row(row)?);
        }
    }
    Ok(Some(beat))
}

/// Looks what waits.
pub(super) async fn look(executor: impl PgExecutor<'_>, look: Look<'_>) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(LOOK).bind(look.from).bind(look.without).bind(look.limit).fetch_all(executor).await
}

/// Looks what waits of these keys, from an id on.
pub(super) async fn again(
    executor: impl PgExecutor<'_>,
    from: i64,
    (topics, keys): (Vec<&String>, Vec<&String>),
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(include_str!("again.sql")).bind(from).bind(topics).bind(keys).bind(limit).fetch_all(executor).await
}

/// Deletes events that the broker has acknowledged. There is nothing to fence: what was acknowledged is published, whoever leads now.
pub(super) async fn delete(executor: impl PgExecutor<'_>, ids: &[i64]) -> Result<(), sqlx::Error> {
    // Were this lost with the server, the events would be published once more; to wait for its disk would hold up what commits beside it.
    let deleted = "DELETE FROM outbox USING (SELECT set_config('synchronous_commit', 'off', true)) AS at_leisure WHERE id = ANY($1)";
    sqlx::query(deleted).bind(ids).execute(executor).await.map(drop)
}

/// Notes that the broker refuses an event.
pub(super) async fn refused(executor: impl PgExecutor<'_>, id: i64, error: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE outbox SET attempts = attempts + 1, last_error = $2 WHERE id = $1")
        .bind(id)
        .bind(error)
        .execute(executor)
        .await
        .map(drop)
}

/// How long the database may take to answer the relay: a leader whose database is out of reach must find out while it still leads.
const ANSWER: Duration = Duration::from_secs(5);

/// Waits for an answer of the database, for 5 s at most.
pub(super) async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = |_| sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer within 5 s"));
    tokio::time::timeout(ANSWER, answer).await.map_err(late)?
}
