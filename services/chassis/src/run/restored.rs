//! A database that was restored to an earlier moment: what has happened since then is unknown to it, and known to others.

use sqlx::{Connection as _, PgConnection};

/// Something to be done in a restored database. It may be done again.
#[derive(Clone, Copy, Debug)]
pub struct Repair {
    /// What its number counts, such as `messages expired`.
    pub what: &'static str,
    /// A statement that changes rows.
    pub statement: &'static str,
}

/// Numbers that were given after the moment are in guests' links, in tokens and in other services: nobody new gets one of them. Where a
/// sequence nears its end, it is not moved beyond what leaves a million numbers.
const AHEAD: &str = "SELECT count(setval(format('%I.%I', schemaname, sequencename)::regclass,
        greatest(coalesce(last_value, 1), least(coalesce(last_value, 0) + 10000, max_value - 1000000))))
    FROM pg_sequences WHERE schemaname = 'public'";

/// Moves every sequence ahead, and does a service's own repairs, in one transaction: what was done, in a line.
///
/// # Errors
/// Where the database fails; then nothing is done.
pub async fn repair(connection: &mut PgConnection, repairs: &[Repair]) -> Result<String, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let moved: i64 = sqlx::query_scalar(AHEAD).fetch_one(&mut *transaction).await?;
    let mut done = format!("sequences moved ahead: {moved}");
    for repair in repairs {
        let changed = sqlx::query(repair.statement).execute(&mut *transaction).await?.rows_affected();
        done.push_str(&format!("; {}: {changed}", repair.what));
    }
    transaction.commit().await?;
    Ok(done)
}
