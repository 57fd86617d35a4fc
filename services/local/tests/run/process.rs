//! The platform as a process of its own, as a user starts it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// For a start, or an end: long, since every test starts a platform of its own at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// The last line of the table.
const LAST_LINE: &str = "Ctrl-C stops it.";

/// On whatever ports are free, and with the least work for a password.
const FREE_PORTS: [&str; 4] = ["--auth-port=0", "--menu-port=0", "--reservation-port=0", "--bcrypt-cost=10"];

/// A platform that has printed its table.
pub(crate) struct Running {
    child: Child,
    table: Vec<String>,
    rest: Receiver<String>,
    errors: Receiver<String>,
}

/// How a platform ended, and what it said.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it printed after the table: its log.
    pub(crate) log: Vec<String>,
    pub(crate) errors: String,
}

/// The command, on free ports and with none of the variables that it reads.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restaurant-booking"));
    for name in [
        "ADMIN_EMAIL",
        "ADMIN_PASSWORD",
        "AUTO_CONFIRM",
        "BCRYPT_COST",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "MAX_DAYS_AHEAD",
        "RESTAURANT_TIME_ZONE",
    ] {
        command.env_remove(name);
    }
    command.args(FREE_PORTS).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a platform that does not come to its table: what it said on its error output.
#[track_caller]
pub(crate) fn refused(arguments: &[&str]) -> String {
    let ended = Running::starting(arguments, &[]).end();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
    assert_eq!(ended.log, [""; 0], "{}", ended.errors);
    ended.errors
}

impl Running {
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::starting(arguments, &[]).ready()
    }

    /// One that may not have come to its table yet.
    pub(crate) fn starting(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = command(arguments).envs(variables.iter().copied()).spawn().expect("it starts");
        let (rest, errors) = (lines(child.stdout.take().expect("piped")), lines(child.stderr.take().expect("piped")));
        Self { child, table: Vec::new(), rest, errors }
    }

    /// Waits for the table.
    #[track_caller]
    pub(crate) fn ready(mut self) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while self.table.last().is_none_or(|line| line != LAST_LINE) {
            match self.rest.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.table.push(line),
                Err(error) => {
                    let _ = self.child.kill();
                    panic!("no table ({error}): {:?} {:?}", self.table, self.errors.iter().collect::<Vec<_>>());
                }
            }
        }
        self
    }

    /// The first line of the table, before which may stand what was logged.
    #[track_caller]
    pub(crate) fn title(&self) -> &str {
        self.table.iter().find(|line| line.ends_with(" is open.")).expect("a table")
    }

    /// What stands in a row of the table.
    #[track_caller]
    pub(crate) fn row(&self, name: &str) -> &str {
        let value = self.table.iter().find_map(|line| line.strip_prefix(&format!("  {name:<13}  ")));
        value.unwrap_or_else(|| panic!("no {name} in {:?}", self.table))
    }

    /// The base URL of the service that a row of the table names.
    #[track_caller]
    pub(crate) fn base(&self, name: &str) -> String {
        let page = self.row(name).strip_suffix("/docs").expect("the page of its documentation");
        page.replace("localhost", "127.0.0.1")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it runs");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        // Dropped where it does not end, and so killed.
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(5));
        };
        Ended { status, log: self.rest.iter().collect(), errors: self.errors.iter().collect::<Vec<_>>().join("\n") }
    }

    /// Asks it to stop, which has to go well and quietly.
    #[track_caller]
    pub(crate) fn stop(self) {
        self.signal(Signal::INT);
        let ended = self.end();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
        assert_eq!(ended.log, [""; 0], "nothing was worth a warning");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines as they come; none is lost while nobody listens.
fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    receive
}
