//! A server that nobody but us can reach, on files that were restored.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::child;
use crate::report::{Failure, Reason};
use crate::tool::Tool;

/// Between two looks whether it takes connections.
const LOOK: Duration = Duration::from_millis(200);
/// The superuser of each managed database.
const SUPERUSER: &str = "postgres";
const PORT: u16 = 5432;
/// What a restore sets in the files, and what must not stay there.
const RECOVERY: [&str; 5] =
    ["restore_command", "recovery_target_time", "recovery_target_action", "recovery_target_timeline", "archive_mode"];

/// What a database has.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// The rows of each table.
    pub(crate) rows: BTreeMap<String, i64>,
    /// The tables whose files are shorter than the database's own catalogue has it.
    pub(crate) cut: Vec<String>,
}

/// The running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: JoinHandle<String>,
    /// Where its socket is, which nobody else may enter.
    home: TempDir,
}

impl Server {
    /// Starts a server that fetches the log from the archive, and waits until it has come to the moment that its files name.
    ///
    /// # Errors
    /// Where the log does not lead there, or cannot be had.
    pub(crate) async fn recover(tool: &Tool, data: &Path, target: Timestamp) -> Result<Self, Failure> {
        let failed = |what: &dyn std::fmt::Display| Failure::new(Reason::Failed, format!("PostgreSQL cannot be started: {what}"));
        let home = tempfile::tempdir().map_err(|error| failed(&error))?;
        let access = home.path().join("pg_hba.conf");
        std::fs::write(&access, "local all all trust\n").map_err(|error| failed(&error))?;
        let own = std::env::current_exe().map_err(|error| failed(&error))?;
        let mut command = Command::new("postgres");
        // What fetches the log finds its place by this.
        command
            .env("PGDATA", data)
            .arg("-D")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let settings = [
            ("listen_addresses", String::new()),
            ("port", PORT.to_string()),
            ("unix_socket_directories", home.path().display().to_string()),
            ("hba_file", access.display().to_string()),
            // Until it is there, nobody reads: so it need not have as many connections as the server that was backed up.
            ("hot_standby", "off".to_owned()),
            ("archive_mode", "off".to_owned()),
            ("ssl", "off".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("log_destination", "stderr".to_owned()),
            ("restore_command", format!("{} wal get %f %p", quoted(&own.to_string_lossy()))),
        ];
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut child = command.spawn().map_err(|error| {
            Failure::new(
                Reason::Settings,
                format!("postgres cannot be started: {error}; it comes with PostgreSQL's server, and is looked for in PATH"),
            )
        })?;
        let log = tokio::spawn(child::pass_on(child.stderr.take().expect("a pipe")));
        let mut server = Self { child, log, home };
        let deadline = Instant::now() + tool.repository.deadline;
        loop {
            if let Ok(Some(_)) = server.child.try_wait() {
                return Err(why(&server.log.await.unwrap_or_default(), target));
            }
            if is_ready(data) {
                return Ok(server);
            }
            let cut = tokio::select! {
                () = tokio::time::sleep(LOOK) => (Instant::now() > deadline).then(|| Failure::new(Reason::TimedOut, "recovery took too long")),
                () = tool.stop().cancelled() => Some(Failure::new(Reason::Interrupted, "told to stop; the restore begins anew when the command is started again")),
            };
            if let Some(failure) = cut {
                child::end(&mut server.child, Signal::INT).await;
                return Err(failure);
            }
        }
    }

    async fn connect(&self, database: &str) -> sqlx::Result<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass().socket(self.home.path()).port(PORT).username(SUPERUSER).database(database);
        // An index alone would tell the number of rows, whatever has become of the rows.
        options.options([("enable_indexonlyscan", "off")]).ssl_mode(PgSslMode::Disable).connect().await
    }

    /// Takes out of the files what recovery needed.
    ///
    /// # Errors
    /// Where the server refuses.
    pub(crate) async fn forget_recovery(&self) -> sqlx::Result<()> {
        let mut connection = self.connect("postgres").await?;
        for setting in RECOVERY {
            // The names are our own.
            connection.execute(AssertSqlSafe(format!("ALTER SYSTEM RESET {setting}"))).await?;
        }
        connection.close().await
    }

    /// Counts the rows of each table that belongs to a service, by reading all of it.
    ///
    /// # Errors
    /// Where a table cannot be read.
    pub(crate) async fn count(&self) -> sqlx::Result<Counted> {
        let mut connection = self.connect("postgres").await?;
        let databases = "SELECT datname::text FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres'";
        let databases: Vec<String> = sqlx::query_scalar(databases).fetch_all(&mut connection).await?;
        connection.close().await?;
        let mut counted = Counted::default();
        for database in databases {
            let mut connection = self.connect(&database).await?;
            // PostgreSQL takes pages that are missing at the end of a file for pages that never were.
            let tables = "SELECT relname::text, format('%I.%I', nspname, relname),
                    pg_relation_size(c.oid) < relpages::bigint * current_setting('block_size')::bigint
                FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r' ORDER BY relname";
            let tables: Vec<(String, String, bool)> = sqlx::query_as(tables).fetch_all(&mut connection).await?;
            for (name, quoted, is_cut) in tables {
                let count: i64 =
                    sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {quoted}"))).fetch_one(&mut connection).await?;
                counted.cut.extend(is_cut.then(|| name.clone()));
                counted.rows.insert(name, count);
            }
            connection.close().await?;
        }
        Ok(counted)
    }

    /// Stops it: what is in memory is written to the disk.
    ///
    /// # Errors
    /// Where it could not write everything.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        child::end(&mut self.child, Signal::INT).await;
        match self.child.wait().await {
            Ok(status) if status.success() => Ok(()),
            _ => Err(Failure::new(
                Reason::Failed,
                format!("PostgreSQL did not stop in order: {}", fatal(&self.log.await.unwrap_or_default())),
            )),
        }
    }
}

/// Whether the server takes connections: it says so in the file that `pg_ctl` looks into, too. Whoever tries to connect earlier fills its log.
fn is_ready(data: &Path) -> bool {
    /// The line with the state.
    const STATE: usize = 7;
    let file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    file.lines().nth(STATE).is_some_and(|state| state.trim() == "ready")
}

/// Why recovery ended.
fn why(log: &str, target: Timestamp) -> Failure {
    if log.contains("before configured recovery target was reached") {
        let what = format!("the archived log ends before {target}; choose an earlier moment, or wait until more of it is archived");
        return Failure::new(Reason::TargetNotRestorable, what);
    }
    if log.contains("before consistent recovery point") {
        return Failure::new(Reason::TargetNotRestorable, format!("{target} lies before the end of the backup; choose a later moment"));
    }
    if log.contains("command not executable") {
        // What fetches the log says why in the server's log.
        let said = log.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("see the messages above");
        return Failure::new(Reason::StorageUnreachable, format!("a file of the log could not be fetched: {said}"));
    }
    if log.contains("No space left on device") {
        return Failure::new(Reason::Failed, "the volume of the database is full; make it larger");
    }
    Failure::new(Reason::Failed, format!("PostgreSQL ended during recovery: {}", fatal(log)))
}

/// The last lines of a log that say why the server ended.
fn fatal(log: &str) -> String {
    let said: Vec<&str> = log.lines().filter(|line| ["FATAL:", "PANIC:", "ERROR:"].iter().any(|word| line.contains(word))).collect();
    let from = said.len().saturating_sub(3);
    if said.is_empty() { log.lines().last().unwrap_or("it said nothing").to_owned() } else { said[from..].join(" / ") }
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
