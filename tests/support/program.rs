//! A service as a program of its own, as people and clusters start it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use local::process::{Process, Signal};
use serde_json::Value;

use crate::api::Api;
use crate::platform;

/// A program with no settings from the environment of the tests.
fn command(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.envs(variables.iter().copied());
    command
}

/// Runs a program to its end.
pub fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(Path::new(program), arguments, variables).output().expect("a program")
}

/// A service that runs, and ends with the test.
pub struct Program {
    process: Process,
    log: Arc<Mutex<Vec<String>>>,
    /// Where it listens, `127.0.0.1:port`.
    pub address: String,
    /// A client of it.
    pub api: Api,
}

impl Program {
    /// Starts `serve` on a free port and waits until it is ready.
    pub async fn serve(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(Path::new(program), &[&["serve", "--listen-address", "127.0.0.1:0"], arguments].concat(), variables);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let process = Process::launch(command, Signal::KILL).expect("a program");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                lines.lock().expect("the log").push(line);
            }
        });
        let started = Instant::now();
        let address = loop {
            let listening = log.lock().expect("the log").iter().find_map(|line| {
                let after = line.split("address").nth(1)?;
                let address: String =
                    after.chars().skip_while(|c| !c.is_ascii_digit()).take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
                line.contains("listening").then_some(address)
            });
            if let Some(address) = listening {
                break address;
            }
            assert!(process.exit().is_none() && started.elapsed() < Duration::from_secs(10), "{:#?}", log.lock().expect("the log"));
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let api = Api::new(&format!("http://{address}"));
        platform::ready(&format!("http://{address}")).await;
        Self { process, log, address, api }
    }

    /// What it has written so far, a line each.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("the log").clone()
    }

    /// What it has written so far, where it is JSON.
    pub fn json_log(&self) -> Vec<Value> {
        self.log().iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("a line that is not JSON: {line}"))).collect()
    }

    /// Freezes it in the middle of whatever it does.
    pub fn freeze(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on after it was frozen.
    pub fn go_on(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Tells it to stop, as a cluster does, and waits until it has.
    pub fn terminate(&self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.wait(Duration::from_secs(30)).expect("an end")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(Duration::from_secs(5));
    }
}
