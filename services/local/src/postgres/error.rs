use std::path::PathBuf;

use crate::{FileError, directory};

/// Why there is no PostgreSQL server. Every message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Root has no user to run the server as.
    #[error(
        "PostgreSQL does not run as root, and neither user `postgres` nor `nobody` exists to run it as: start the platform as an ordinary user, or add a user `postgres`."
    )]
    NoAccount,
    /// The directory that `RESTAURANT_POSTGRES_BIN` names cannot be used.
    #[error(
        "RESTAURANT_POSTGRES_BIN is {}, and {reason}: let it name the directory that holds PostgreSQL's `initdb` and `postgres`, or unset it.",
        directory.display(),
    )]
    Configured {
        /// What the variable holds.
        directory: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Nothing usable is installed, and a download did not help.
    #[error(
        "No usable PostgreSQL was found{looked_at}, and {download}: install PostgreSQL 15 or newer with its contrib modules (Debian, Ubuntu: `apt install postgresql`; Fedora: `dnf install postgresql-server postgresql-contrib`; macOS: `brew install postgresql@17`), or name its directory of programs in RESTAURANT_POSTGRES_BIN."
    )]
    NotFound {
        /// What was found and why it was passed over; empty when nothing was.
        looked_at: String,
        /// Why there is no download.
        download: String,
    },
    /// The data is another major version's, of which no programs are at hand.
    #[error(
        "The data directory was made by PostgreSQL {major}, and {others}: install PostgreSQL {major} and name its directory of programs in RESTAURANT_POSTGRES_BIN, or start over with --reset, which deletes the data."
    )]
    OtherMajor {
        /// The data's version.
        major: u32,
        /// What there is instead.
        others: String,
    },
    /// A data directory that holds something, but not a database.
    #[error(
        "{} is not a complete PostgreSQL data directory ({missing} is missing in it), so that no data can be read from it: start over with --reset, or move it away.",
        path.display(),
    )]
    HalfInitialised {
        /// The directory.
        path: PathBuf,
        /// The first file that is missing.
        missing: &'static str,
    },
    /// `initdb` failed.
    #[error("PostgreSQL's initdb could not make {}: {output}", path.display())]
    Initdb {
        /// The directory it was to make.
        path: PathBuf,
        /// The end of what it said.
        output: String,
    },
    /// The user that the server runs as cannot enter the data directory.
    #[error(
        "PostgreSQL runs as user {user}, who cannot enter {}: choose a directory that this user can reach, such as one under /var/lib, with --data DIR, or start the platform as an ordinary user.",
        path.display(),
    )]
    Unreachable {
        /// The directory.
        path: PathBuf,
        /// The user.
        user: String,
    },
    /// A program of PostgreSQL's could not be started.
    #[error("Cannot start {}: {source}.", program.display())]
    Launch {
        /// The program.
        program: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The server ended before it took a connection.
    #[error("PostgreSQL did not start ({status}). The end of its log, {}:\n{tail}", log.display())]
    Exited {
        /// How it ended.
        status: std::process::ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// The server ended while it was needed.
    #[error("PostgreSQL ended by itself ({status}): start again, and it recovers. The end of its log, {}:\n{tail}", log.display())]
    Lost {
        /// How it ended.
        status: std::process::ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// The server runs and takes no connection.
    #[error(
        "PostgreSQL took no connection within {seconds} seconds ({reason}). The end of its log, {}:\n{tail}",
        log.display(),
    )]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// What the last attempt said.
        reason: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A server of an earlier run still works on the data.
    #[error(
        "A PostgreSQL of an earlier run (process {pid}) still works on {}: wait for it to end, or stop it with `kill -INT {pid}`.",
        path.display(),
    )]
    StillRunning {
        /// That server.
        pid: u32,
        /// The data directory.
        path: PathBuf,
    },
    /// The server ended before it had written everything down.
    #[error(
        "PostgreSQL could not write everything down before it ended ({status}); what was committed is in its log, from which the next start recovers. The end of its messages, {}:\n{tail}",
        log.display(),
    )]
    Unclean {
        /// How it ended.
        status: std::process::ExitStatus,
        /// Its messages.
        log: PathBuf,
        /// Their last lines.
        tail: String,
    },
    /// The server did not end, by request or by force.
    #[error("PostgreSQL (process {pid}) does not stop: end it with `kill -KILL {pid}`; it recovers at the next start.")]
    WouldNotStop {
        /// The server.
        pid: u32,
    },
    /// A database could not be made.
    #[error("Cannot create the database `{name}`: {source}")]
    CreateDatabase {
        /// Its name.
        name: String,
        /// The server's answer.
        source: sqlx::Error,
    },
    /// A directory could not be claimed.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}
