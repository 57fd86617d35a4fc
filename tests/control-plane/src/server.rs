//! A server of the control plane: a child process with a log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use local::process::{Process, Signal};

use crate::Error;
use crate::binaries::{self, Program};

/// How long a killed process may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// How many lines of a log an error shows.
const TAIL: usize = 8;

/// A running server. It ends when the value is dropped, and when our process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Server {
    program: Program,
    process: Process,
    log: PathBuf,
}

impl Server {
    /// Starts a program in the folder `home`, where its log is, with nothing of our own environment.
    pub(crate) async fn start(program: Program, arguments: &[String], home: &Path) -> Result<Self, Error> {
        let path = binaries::find(program).await?;
        let log = home.join(format!("{}.log", program.name()));
        let output = File::options().create(true).append(true).open(&log).map_err(Error::system("open", &log))?;
        let errors = output.try_clone().map_err(Error::system("open", &log))?;
        let mut command = Command::new(&path);
        // No configuration of the user's is to reach it.
        command.args(arguments).env_clear().env("HOME", home).current_dir(home);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        // Nothing that it holds is to outlive us, so that there is nothing to bring to an end in order.
        let process = Process::launch(command, Signal::KILL).map_err(Error::system("start", &path))?;
        Ok(Self { program, process, log })
    }

    /// The server's program.
    pub(crate) fn name(&self) -> &'static str {
        self.program.name()
    }

    /// An error where it has ended.
    pub(crate) fn alive(&self) -> Result<(), Error> {
        match self.process.exit() {
            None => Ok(()),
            Some(status) => Err(Error::Ended { program: self.name(), status, tail: self.tail() }),
        }
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        tail(&self.log)
    }

    /// Kills it and waits for its end.
    pub(crate) fn kill(&self) {
        self.process.signal(Signal::KILL);
        let _ = self.process.wait(END_LIMIT);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a file, or nothing where it cannot be read.
pub(crate) fn tail(path: &Path) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
