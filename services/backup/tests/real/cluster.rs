//! A database as the operator makes it: prepared by the same script, its log archived by our program.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backup::report::Outcome;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, PgConnection};
use tempfile::TempDir;

use crate::programs::Programs;
use crate::repository::Repository;

/// How the operator prepares the volume of a database.
const PREPARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../operator/src/reconcile/backend/database/prepare.sh");
/// A bound that only a fault reaches.
const LIMIT: Duration = Duration::from_secs(300);

/// A volume with a database's files, and what runs on it.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: Arc<Programs>,
    pub(crate) repository: Repository,
    pub(crate) database: &'static str,
    pub(crate) port: u16,
    home: TempDir,
    server: Option<Child>,
}

/// How a command ended: its code, and its report.
pub(crate) type Answer<T> = (i32, Outcome<T>);

impl Cluster {
    /// An empty volume.
    pub(crate) fn empty(programs: &Arc<Programs>, database: &'static str, repository: &Repository) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        programs.own(home.path());
        for folder in ["volume", "tmp"] {
            fs::create_dir(home.path().join(folder)).expect("a folder");
            programs.own(&home.path().join(folder));
        }
        for (file, text) in [("password", "owner's\n"), ("backup-password", "it's a secret\n")] {
            fs::write(home.path().join(file), text).expect("a file");
            programs.own(&home.path().join(file));
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        Self { programs: Arc::clone(programs), repository: repository.clone(), database, port, home, server: None }
    }

    /// A database that runs.
    pub(crate) async fn start(programs: &Arc<Programs>, database: &'static str, repository: &Repository) -> Self {
        let mut cluster = Self::empty(programs, database, repository);
        cluster.serve().await;
        cluster
    }

    /// The files of the database.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("volume/pgdata")
    }

    pub(crate) fn volume(&self) -> PathBuf {
        self.home.path().join("volume")
    }

    /// The name of the service's database.
    fn name(&self) -> &'static str {
        match self.database {
            "auth" => "auth_db",
            "menu" => "menu_db",
            _ => "res_db",
        }
    }

    /// Prepares the volume and starts the server, as the Pod of a database does.
    pub(crate) async fn serve(&mut self) {
        self.prepare();
        self.run().await;
    }

    fn prepare(&self) {
        let file = |name: &str| self.home.path().join(name);
        // By standard input: the tests' folder may be closed to the user that PostgreSQL accepts.
        let mut prepare = self.programs.command("/bin/sh");
        prepare.arg("-s").stdin(fs::File::open(PREPARE).expect("the script"));
        prepare.env("PGDATA", self.data()).env("PGUSER", self.name()).env("PGDATABASE", self.name()).env("CLAIM", "claim");
        prepare.env("LOCALE_PROVIDER", "libc").env("PASSWORD_FILE", file("password")).env("BACKUP_PASSWORD_FILE", file("backup-password"));
        let output = prepare.output().expect("a shell");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes the files of a database of a version that the operator does not run.
    pub(crate) fn prepare_former(&self) {
        let mut initdb = self.programs.command("initdb");
        initdb.arg("--pgdata").arg(self.data()).args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]);
        let output = initdb.output().expect("initdb");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let statements = self.home.path().join("statements");
        fs::write(&statements, format!("CREATE ROLE backup SUPERUSER LOGIN;\nCREATE DATABASE {};\n", self.name())).expect("a file");
        let mut postgres = self.programs.command("postgres");
        postgres.args(["--single", "-c", "exit_on_error=on", "-D"]).arg(self.data()).arg("postgres");
        let output = postgres.stdin(fs::File::open(&statements).expect("the file")).output().expect("postgres");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts the server.
    pub(crate) async fn run(&mut self) {
        let file = |name: &str| self.home.path().join(name);
        let log = fs::File::create(file("log")).expect("a file");
        let mut postgres = self.programs.command("postgres");
        postgres.arg("-D").arg(self.data()).stdout(log.try_clone().expect("a file")).stderr(log).process_group(0);
        let archive = format!("{} wal push %p", self.programs.backup().display());
        let settings = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            ("unix_socket_directories", file("tmp").display().to_string()),
            ("archive_mode", "on".to_owned()),
            ("archive_command", archive),
            ("archive_timeout", "2s".to_owned()),
            ("fsync", "off".to_owned()),
        ];
        for (name, value) in settings {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        postgres.envs(self.variables());
        self.server = Some(postgres.spawn().expect("postgres"));
        let started = Instant::now();
        while self.try_connect().await.is_err() {
            assert!(started.elapsed() < LIMIT, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the server and its archive_command have said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// The environment of our program in this database's Pods.
    fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.repository.variables();
        let tmp = self.home.path().join("tmp").display().to_string();
        let password = self.home.path().join("backup-password").display().to_string();
        for (name, value) in [
            ("BACKUP_DATABASE", self.database.to_owned()),
            ("BACKUP_PGBACKREST", self.programs.pgbackrest.display().to_string()),
            ("PGDATA", self.data().display().to_string()),
            ("TMPDIR", tmp),
            ("BACKUP_HOST", "127.0.0.1".to_owned()),
            ("BACKUP_PORT", self.port.to_string()),
            ("BACKUP_PASSWORD_FILE", password),
        ] {
            variables.push((name.to_owned(), value));
        }
        variables
    }

    async fn try_connect(&self) -> sqlx::Result<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass().socket(self.home.path().join("tmp")).port(self.port).username("postgres");
        options.database(self.name()).ssl_mode(PgSslMode::Disable).connect().await
    }

    /// A connection as the superuser, to the service's database.
    pub(crate) async fn connect(&self) -> PgConnection {
        self.try_connect().await.expect("a connection")
    }

    /// Our program, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.programs.command(self.programs.backup());
        command.args(arguments).envs(self.variables()).process_group(0);
        command
    }

    /// Runs our program to its end: its code, and what it left as its report, which is also on standard output.
    pub(crate) fn backup<T: DeserializeOwned + PartialEq + std::fmt::Debug>(&self, arguments: &[&str], more: &[(&str, &str)]) -> Answer<T> {
        let report = self.home.path().join("tmp/report");
        let _ = fs::remove_file(&report);
        let mut command = self.command(arguments);
        command.arg("--report").arg(&report).envs(more.iter().copied());
        let output = command.output().expect("our program");
        let said = || format!("{}\n{}", String::from_utf8_lossy(&output.stderr), self.log());
        let text = fs::read_to_string(&report).unwrap_or_else(|_| panic!("no report: {}", said()));
        let outcome = Outcome::read(&text).unwrap_or_else(|| panic!("a report: {text}"));
        assert_eq!(Outcome::read(&String::from_utf8_lossy(&output.stdout)).as_ref(), Some(&outcome));
        if let Outcome::Failed(failure) = &outcome {
            eprintln!("{arguments:?}: {failure}");
        }
        (output.status.code().unwrap_or(-1), outcome)
    }

    /// Stops the server in order.
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal(&server, Signal::INT);
            server.wait().expect("an end");
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    let _ = kill_process(Pid::from_child(child), signal);
}

/// Kills a program and all that it started, as the end of a container does.
pub(crate) fn kill_group(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    child.wait().expect("an end");
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal(&server, Signal::QUIT);
            let _ = server.wait();
        }
    }
}

/// The report of a command that did its work.
#[track_caller]
pub(crate) fn done<T: std::fmt::Debug>(answer: Answer<T>) -> T {
    match answer {
        (0, Outcome::Done(report)) => report,
        other => panic!("not done: {other:?}"),
    }
}

/// The failure of a command that did not: nobody need try again where its code is 3.
#[track_caller]
pub(crate) fn failed<T: std::fmt::Debug>(answer: Answer<T>) -> backup::report::Failure {
    match answer {
        (code, Outcome::Failed(failure)) => {
            assert_eq!(code, if failure.retry { 1 } else { 3 }, "{failure:?}");
            failure
        }
        other => panic!("done: {other:?}"),
    }
}

/// Waits until something is so, and says what.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < LIMIT, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
