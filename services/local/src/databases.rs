//! The services' databases on a server, ours or one elsewhere.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::time::Instant;

use crate::platform::{COUNT, SERVICES};
use crate::postgres::OLDEST_MAJOR;

/// The names of all of them.
pub fn names() -> [&'static str; COUNT] {
    SERVICES.each_ref().map(|service| service.database)
}

/// How long a server elsewhere may take to answer: it may be starting, too.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// Why there are no databases. Every message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server elsewhere does not answer.
    #[error(
        "The PostgreSQL server of --postgres, {server}, did not answer within {} seconds ({reason}): start it, or correct the URL. Without --postgres the platform starts a server of its own.",
        PATIENCE.as_secs(),
    )]
    Unreachable {
        /// Where it should be.
        server: String,
        /// What the last attempt said.
        reason: String,
    },
    /// The server elsewhere lets nobody in.
    #[error(
        "The PostgreSQL server of --postgres, {server}, refuses ({source}): correct the user, the password or the database in the URL."
    )]
    Refused {
        /// Where it is.
        server: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The server elsewhere is too old.
    #[error(
        "The PostgreSQL server of --postgres, {server}, is version {version}, where {OLDEST_MAJOR} is the oldest that will do: upgrade it, or leave --postgres out, and the platform starts a server of its own."
    )]
    TooOld {
        /// Where it is.
        server: String,
        /// Its version.
        version: String,
    },
    /// A database cannot be created.
    #[error(
        "The database {name} cannot be created on {server} by {user} ({source}): create the databases {} there for that user, or let the user create them (ALTER ROLE ... CREATEDB).",
        names().join(", "),
    )]
    Create {
        /// The database.
        name: &'static str,
        /// Where the server is.
        server: String,
        /// Who we are there.
        user: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The server's disk is full.
    #[error("The disk of the PostgreSQL server {server} is full ({source}): free some space there, and start again.")]
    DiskFull {
        /// Where the server is.
        server: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The server was lost again.
    #[error("The PostgreSQL server {server} was lost ({source}): look into its log, and start again.")]
    Lost {
        /// Where it is.
        server: String,
        /// What is known of it.
        source: sqlx::Error,
    },
}

/// Creates the databases that are missing on our own server.
pub(crate) async fn create(server: &PgConnectOptions) -> Result<(), Error> {
    let lost = |source| Error::Lost { server: describe(server), source };
    let connection = server.connect().await.map_err(lost)?;
    create_with(connection, server).await
}

/// Creates the databases that are missing on a server elsewhere, once it answers.
///
/// # Errors
/// When it does not answer in time, refuses, is too old, or does not let us create them.
pub(crate) async fn create_elsewhere(server: &PgConnectOptions) -> Result<(), Error> {
    let mut connection = reach(server).await?;
    let query = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version')";
    let (major, version): (i32, String) =
        sqlx::query_as(query).fetch_one(&mut connection).await.map_err(|source| Error::Lost { server: describe(server), source })?;
    if u32::try_from(major).unwrap_or_default() < OLDEST_MAJOR {
        return Err(Error::TooOld { server: describe(server), version });
    }
    create_with(connection, server).await
}

/// Connects, for as long as the server may just be starting.
async fn reach(server: &PgConnectOptions) -> Result<PgConnection, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut reason = None;
    // Asked of the clock: an attempt that fails at once is never too late for a timeout.
    while Instant::now() < deadline {
        match tokio::time::timeout_at(deadline, server.connect()).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(source)) if !may_pass(&source) => return Err(Error::Refused { server: describe(server), source }),
            Ok(Err(error)) => {
                if reason.replace(error.to_string()).is_none() {
                    eprintln!("PostgreSQL at {} does not answer yet ({error}). Waiting for it ...", describe(server));
                }
            }
            Err(_) => break,
        }
        tokio::time::sleep(PAUSE).await;
    }
    let reason = reason.unwrap_or_else(|| "no answer at all".to_owned());
    Err(Error::Unreachable { server: describe(server), reason })
}

/// Whether a later attempt may succeed. A database that is missing is not made by waiting for it.
fn may_pass(error: &sqlx::Error) -> bool {
    chassis::run::database::is_outage(error) && code(error).as_deref() != Some("3D000")
}

async fn create_with(mut connection: PgConnection, server: &PgConnectOptions) -> Result<(), Error> {
    // Asked first, since a user who may not create databases gets no other answer where they are.
    let there: Vec<String> = sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname = ANY($1)")
        .bind(names())
        .fetch_all(&mut connection)
        .await
        .map_err(|source| Error::Lost { server: describe(server), source })?;
    for name in names().into_iter().filter(|name| !there.iter().any(|other| other == name)) {
        // The names are our own: a database's name cannot be a parameter.
        if let Err(source) = connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await {
            match code(&source).as_deref() {
                // Another instance has made it meanwhile.
                Some("42P04" | "23505") => {}
                Some("53100") => return Err(Error::DiskFull { server: describe(server), source }),
                _ => return Err(Error::Create { name, server: describe(server), user: server.get_username().to_owned(), source }),
            }
        }
    }
    // All is done: how the farewell went is of no interest.
    let _ = connection.close().await;
    Ok(())
}

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Where the server is, without the password.
pub(crate) fn describe(server: &PgConnectOptions) -> String {
    match (server.get_socket(), server.get_host()) {
        (Some(directory), _) => directory.display().to_string(),
        (None, host) if Path::new(host).is_absolute() => host.to_owned(),
        (None, host) => format!("{host}:{}", server.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn a_server_is_described_without_its_password() {
        let describe = |url: &str| describe(&url.parse().expect("a URL"));
        assert_eq!(describe("postgres://me:hunter2@db.example:5433/postgres"), "db.example:5433");
        assert_eq!(describe("postgres://me@localhost/postgres?host=/run/postgresql"), "/run/postgresql");
    }
}
