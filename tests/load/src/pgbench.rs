//! pgbench, which comes with PostgreSQL: how many bookings the database itself can make with the very statements of the service.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use local::postgres::{Binaries, ROLE};

use crate::Result;
use crate::stats::Latencies;

/// The program, and what it is to connect to.
pub(crate) struct Pgbench {
    program: PathBuf,
    sockets: PathBuf,
    directory: PathBuf,
}

/// What a run told.
pub(crate) struct Run {
    pub(crate) latencies: Latencies,
    pub(crate) elapsed: Duration,
}

impl Pgbench {
    /// Looks beside the server's programs and in `PATH`.
    pub(crate) fn find(binaries: &Binaries, sockets: &Path, directory: &Path) -> Option<Self> {
        let beside = binaries.directory().join("pgbench");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::iter::once(beside).chain(std::env::split_paths(&path).map(|directory| directory.join("pgbench")));
        let program = places.into_iter().find(|program| program.is_file())?;
        Some(Self { program, sockets: sockets.to_path_buf(), directory: directory.to_path_buf() })
    }

    /// Runs a script with so many clients, each on a connection of its own.
    pub(crate) fn run(&self, script: &str, variables: &[(&str, String)], clients: usize, seconds: u64) -> Result<Run> {
        let (file, log) = (self.directory.join("script.sql"), self.directory.join("pgbench-log"));
        std::fs::write(&file, script)?;
        let mut command = Command::new(&self.program);
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--log"]);
        command.arg(format!("--client={clients}")).arg(format!("--time={seconds}"));
        for (name, value) in variables {
            command.arg(format!("--define={name}={value}"));
        }
        command.arg("--log-prefix").arg(&log).arg("--file").arg(&file).arg("--host").arg(&self.sockets).args([
            "--username",
            ROLE,
            "pgbench",
        ]);
        let output = command.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = || format!("pgbench failed: {said}{}", String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(failed().into());
        }
        // "tps = 4012.34 (without initial connection time)"
        let rate: f64 = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok()).ok_or_else(failed)?;
        let mut latencies = Latencies::default();
        for entry in std::fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("pgbench-log.")) {
                for line in std::fs::read_to_string(&path)?.lines() {
                    // The third field is how long the transaction took, in microseconds.
                    let microseconds = line.split(' ').nth(2).and_then(|field| field.parse().ok()).ok_or_else(failed)?;
                    latencies.push(Duration::from_micros(microseconds));
                }
                std::fs::remove_file(path)?;
            }
        }
        let elapsed = Duration::from_secs_f64(latencies.len() as f64 / rate);
        Ok(Run { latencies, elapsed })
    }
}
