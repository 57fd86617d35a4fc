use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::account::Account;
use super::cluster::{self, ROLE};
use super::find::Binaries;
use super::process::Process;
use super::socket::{PORT, Sockets};
use super::{Error, process};
use crate::FileError;
use crate::directory::Directory;

/// PostgreSQL's code for a disk without room.
const DISK_FULL: &str = "53100";

/// How long a start may take: after a crash the log is replayed first.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Between two looks whether it takes connections; a start takes 50 to 100 ms.
const START_POLL: Duration = Duration::from_millis(10);

/// How long an orderly stop may take, which writes what is in memory to the disk.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How long a stop that leaves recovery to the next start may take.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

/// How a server is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether what is committed survives a crash of the machine. Without it `fsync`,
    /// `synchronous_commit` and `full_page_writes` are off: for data that is thrown away.
    pub durable: bool,
    /// Shared buffers in MiB, the memory that the server takes for its cache.
    pub shared_buffers_mib: u32,
    /// How many connections there may be at once.
    pub max_connections: u32,
}

impl Options {
    /// For data that is kept.
    #[must_use]
    pub fn kept() -> Self {
        Self { durable: true, shared_buffers_mib: 64, max_connections: 200 }
    }

    /// For data that is thrown away.
    #[must_use]
    pub fn throw_away() -> Self {
        Self { durable: false, ..Self::kept() }
    }

    /// What the server is told to do when its owner dies: to write everything down, or not to
    /// bother.
    fn farewell(&self) -> Signal {
        if self.durable { Signal::INT } else { Signal::QUIT }
    }
}

/// A running server, reachable through a socket in a private directory only: nothing listens on the
/// network, and whoever can enter the directory is trusted.
///
/// On Linux it ends when our process ends, even when that is killed outright. Elsewhere a server
/// outlives a killed process until the next start on the same data stops it; one whose data is in a
/// temporary directory ends within a minute after a later start has removed that.
#[derive(Debug)]
pub struct Server {
    process: Process,
    sockets: Sockets,
    log: PathBuf,
    options: Options,
    // After the process: the directory is removed when the server has ended.
    home: Option<Directory>,
}

impl Server {
    /// Starts a server on the data in the directory `home`, and makes the data where there is none.
    /// Returns when it takes connections. The caller has claimed the directory and keeps it.
    ///
    /// # Errors
    /// When the data is another version's or incomplete, when the disk is full, or when the server
    /// does not start.
    pub async fn start(binaries: &Binaries, home: &Path, options: &Options) -> Result<Self, Error> {
        let work = {
            let (binaries, home, options) = (binaries.clone(), home.to_path_buf(), options.clone());
            move || Self::launch(&binaries, &home, options)
        };
        let server = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        server.ready().await?;
        Ok(server)
    }

    fn launch(binaries: &Binaries, home: &Path, options: Options) -> Result<Self, Error> {
        let home = &home.canonicalize().map_err(FileError::during("find the directory", home))?;
        let account = Account::of_server()?;
        cluster::outlive_orphan(home)?;
        cluster::initialise(binaries, home, &account, &options)?;
        let sockets = Sockets::make(home, &account)?;
        let log = home.join("postgresql.log");
        let log_file = open_log(&log)?;
        let data = cluster::path_in(home);
        let program = binaries.program("postgres");
        let mut postgres = process::command(&program, &account);
        postgres.current_dir(&data).arg("-D").arg(&data).stdout(Stdio::null()).stderr(log_file);
        for (name, value) in settings(&options) {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        let mut directories = std::ffi::OsString::from("unix_socket_directories=");
        directories.push(sockets.path());
        postgres.arg("-c").arg(directories);
        let process = Process::launch(postgres, options.farewell()).map_err(|source| match source.kind() {
            std::io::ErrorKind::PermissionDenied => Error::Unreachable { path: home.clone(), user: account.describe().to_owned() },
            _ => Error::Launch { program, source },
        })?;
        Ok(Self { process, sockets, log, options, home: None })
    }

    async fn ready(&self) -> Result<(), Error> {
        let started = Instant::now();
        let options = self.connect_options("postgres");
        loop {
            let reason = match options.connect().await {
                Ok(connection) => {
                    // Our answer is had: how the farewell went is of no interest.
                    let _ = connection.close().await;
                    return Ok(());
                }
                Err(error) => error.to_string(),
            };
            if let Some(status) = self.process.exit() {
                let (tail, full) = cluster::tail(&self.log);
                if full {
                    return Err(cluster::disk_full(&self.log));
                }
                return Err(Error::Exited { status, log: self.log.clone(), tail });
            }
            if started.elapsed() > START_LIMIT {
                return Err(Error::NotReady {
                    seconds: START_LIMIT.as_secs(),
                    reason,
                    log: self.log.clone(),
                    tail: cluster::tail(&self.log).0,
                });
            }
            tokio::time::sleep(START_POLL).await;
        }
    }

    /// Lets the server's directory live as long as the server.
    pub(crate) fn keep_home(&mut self, home: Directory) {
        self.home = Some(home);
    }

    /// How to connect to a database, as a URL that sqlx and libpq understand.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{ROLE}@localhost:{PORT}/{}?host={}&sslmode=disable",
            percent_encoded(database),
            percent_encoded(&self.sockets.path().to_string_lossy()),
        )
    }

    /// How to connect to a database, for sqlx.
    #[must_use]
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.sockets.path())
            .port(PORT)
            .username(ROLE)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// The directory of the socket.
    #[must_use]
    pub fn socket_directory(&self) -> &Path {
        self.sockets.path()
    }

    /// The server's log, of this run only; that of the run before lies beside it.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Why it is no longer there, where it ended without having been told to.
    #[must_use]
    pub fn loss(&self) -> Option<Error> {
        let status = self.process.exit()?;
        let (tail, full) = cluster::tail(&self.log);
        Some(if full { cluster::disk_full(&self.log) } else { Error::Lost { status, log: self.log.clone(), tail } })
    }

    /// Makes a database, unless it is there; several callers may do so at once.
    ///
    /// # Errors
    /// When the server refuses, or is gone.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        self.create(name, "").await
    }

    /// Makes a database as a copy of another one, unless it is there. Nobody may be connected to the
    /// other one meanwhile.
    ///
    /// # Errors
    /// When the server refuses, or is gone.
    pub async fn copy_database(&self, template: &str, name: &str) -> Result<(), Error> {
        self.create(name, &format!(" TEMPLATE {}", quoted(template))).await
    }

    async fn create(&self, name: &str, template: &str) -> Result<(), Error> {
        let failed = |source| Error::CreateDatabase { name: name.to_owned(), source };
        let mut connection = self.connect_options("postgres").connect().await.map_err(failed)?;
        let statement = format!("CREATE DATABASE {}{template}", quoted(name));
        // The name is quoted: a database's name cannot be a parameter.
        let outcome = connection.execute(sqlx::AssertSqlSafe(statement)).await;
        let _ = connection.close().await;
        match outcome {
            Ok(_) => Ok(()),
            // Two callers at once meet at the unique index instead of the check before it.
            Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("42P04" | "23505")) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(DISK_FULL) => Err(cluster::disk_full(&self.log)),
            Err(error) => Err(failed(error)),
        }
    }

    /// Stops the server: connections are cut, what is in memory is written to the disk.
    ///
    /// # Errors
    /// When it does not end, even by force, or could not write everything down.
    pub async fn stop(self) -> Result<(), Error> {
        let work = move || {
            self.end(STOP_LIMIT)?;
            match self.process.exit() {
                Some(status) if self.options.durable && !status.success() => {
                    let (tail, full) = cluster::tail(&self.log);
                    Err(if full { cluster::disk_full(&self.log) } else { Error::Unclean { status, log: self.log.clone(), tail } })
                }
                _ => Ok(()),
            }
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn end(&self, limit: Duration) -> Result<(), Error> {
        self.process.signal(self.options.farewell());
        if self.process.wait(limit).is_none() {
            self.process.signal(Signal::QUIT);
            if self.process.wait(QUIT_LIMIT).is_none() {
                return Err(Error::WouldNotStop { pid: self.process.pid() });
            }
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.exit().is_none() {
            // What does not end now ends with our process.
            let _ = self.end(QUIT_LIMIT);
        }
    }
}

/// What differs from PostgreSQL's defaults, or from what a configuration of the distribution says.
fn settings(options: &Options) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("listen_addresses", String::new()),
        ("port", PORT.to_string()),
        ("max_connections", options.max_connections.to_string()),
        ("shared_buffers", format!("{}MB", options.shared_buffers_mib)),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("log_destination", "stderr".to_owned()),
        ("logging_collector", "off".to_owned()),
    ];
    if !options.durable {
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            settings.push((name, "off".to_owned()));
        }
    }
    settings
}

/// A new log; that of the run before is kept, since it may tell how that one ended.
fn open_log(log: &Path) -> Result<File, FileError> {
    // There is none at the first start.
    let _ = fs::rename(log, log.with_extension("previous.log"));
    OpenOptions::new().append(true).create(true).mode(0o600).open(log).map_err(FileError::during("open", log))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{percent_encoded, quoted};

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(quoted("a\"; DROP DATABASE b"), "\"a\"\"; DROP DATABASE b\"");
        assert_eq!(percent_encoded("/tmp/é&"), "%2Ftmp%2F%C3%A9%26");
    }
}
