//! The service's own PostgreSQL: the pool, the migrations, and waiting for a server that is not there yet.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor};

/// How long a request waits for a connection before it is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that was idle for longer is tried before it is used; on a busy one that would be a wasted round trip.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How long [`observer`] waits for its connection, and for an answer.
const OBSERVATION: Duration = Duration::from_secs(1);

/// A pool that connects when it is first used. Statements end after 10 s, waits for a lock after 5 s, so that no request hangs.
pub fn pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    lazy(options, "10s", max_connections, ACQUIRE_TIMEOUT)
}

/// One more connection, for whoever asks how the database is: it answers also while requests use every connection of theirs.
pub(crate) fn observer(options: PgConnectOptions) -> PgPool {
    lazy(options, "1s", 1, OBSERVATION)
}

/// What holds for every connection of ours.
pub(crate) fn session(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("TimeZone", "UTC"),
        // Compiling a plan takes 100 ms, and no statement of ours takes as long. PostgreSQL compiles where it expects great costs, as it
        // does of each statement that a setting steers around a kind of scan.
        ("jit", "off"),
    ])
}

fn lazy(options: PgConnectOptions, statement_timeout: &str, max_connections: u32, acquire_timeout: Duration) -> PgPool {
    let options = session(options).options([
        ("statement_timeout", statement_timeout),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "15s"),
        // What is written here relies on each statement seeing what was committed before it, whatever the server's default is.
        ("default_transaction_isolation", "read committed"),
    ]);
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(Duration::from_secs(10 * 60))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < TRUSTED_IDLE {
                    return Ok(true);
                }
                Ok(connection.ping().await.is_ok())
            })
        })
        .connect_lazy_with(options)
}

/// Whether the error says that the database is out of reach or overtaxed, rather than that a statement is wrong.
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL, appendix A. 08: connection; 53: resources (too many connections, disk full); 57: operator intervention
        // (shutdown, timeout); 55P03: lock timeout; 40: deadlock or serialization, after our own retries; 25006: a standby;
        // 3D000: the database is not created yet.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))
                || ["55P03", "25006", "25P03", "3D000"].contains(&code.as_ref())
        }),
        _ => false,
    }
}

/// Whether an outage is that of a database that answers, but not in time, or in vain: a statement (57014) or a wait for a lock (55P03) took
/// too long, or others were in the way.
pub fn is_busy(error: &sqlx::Error) -> bool {
    is_retryable(error)
        || matches!(error, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "57014" || code == "55P03"))
}

/// Whether the statement lost a deadlock, or a race that a repetition of its transaction may win.
pub fn is_retryable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "40P01" || code == "40001"))
}

/// Waits until the database answers: with growing pauses of at most 5 s, and one line in the log when it begins and one when it ends.
///
/// # Errors
/// What time does not mend: a wrong password, a role or a host name that is malformed.
pub async fn wait(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut pause = Duration::from_millis(50);
    let mut said = false;
    loop {
        let error = match pool.acquire().await {
            Ok(_) => {
                if said {
                    tracing::info!("the database answers");
                }
                return Ok(());
            }
            Err(error) if !is_outage(&error) => return Err(error),
            Err(error) => error,
        };
        if !said {
            tracing::warn!(%error, "the database does not answer yet; waiting for it");
            said = true;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// What every service has for its events.
static EVENTS: Migrator = sqlx::migrate!("../../migrations/events");

/// The schema of a service's database: the tables of events, and what is the service's own.
///
/// # Panics
/// Where two migrations have the same number, which is a fault of the program.
pub fn schema(own: &Migrator) -> Migrator {
    let mut migrations: Vec<_> = EVENTS.iter().chain(own.iter()).cloned().collect();
    migrations.sort_by_key(|migration| migration.version);
    let distinct = migrations.windows(2).all(|pair| pair[0].version != pair[1].version);
    assert!(distinct, "two migrations have the same number: those of events share their numbers with each service's own");
    Migrator::with_migrations(migrations)
}

/// Brings the schema up to date, under an advisory lock: of replicas that start at once, one does it and the others wait.
///
/// A database that a newer version migrated is left as it is, so that a version can be taken back: no migration may break the version
/// before it, which serves while it runs.
///
/// # Errors
/// Where a migration fails, or one that was applied is not the one of the same number here.
pub async fn migrate(pool: &PgPool, migrator: &Migrator) -> Result<(), MigrateError> {
    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrator.set_ignore_missing(true);
    let mut connection = pool.acquire().await?;
    // A migration may take longer than a request, and so may waiting for a replica that runs one.
    connection.execute("SET statement_timeout = 0; SET lock_timeout = 0").await?;
    // What `run` does once it has its connection; with `run` itself rustc does not see that a service's future is Send.
    let migrated = migrator.run_direct(None, &mut *connection, false).await;
    connection.execute("RESET statement_timeout; RESET lock_timeout").await?;
    migrated
}

/// Whether every migration of this version of the service has been applied; further ones, of a newer version, do not matter.
///
/// # Errors
/// Where the database cannot be asked.
pub async fn is_migrated(pool: &PgPool, migrator: &Migrator) -> Result<bool, sqlx::Error> {
    let needed: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
    let applied =
        sqlx::query_scalar("SELECT count(*) = cardinality($1::bigint[]) FROM _sqlx_migrations WHERE version = ANY($1) AND success");
    match applied.bind(&needed).fetch_one(pool).await {
        // 42P01: the table of migrations is not there yet.
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "42P01") => Ok(false),
        answered => answered,
    }
}
