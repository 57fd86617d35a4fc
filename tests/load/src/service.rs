//! A service as a process of its own, from the binary that a restaurant would run.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local::process::{Process, Signal};

use crate::client::{Client, request};
use crate::{Result, proc};

/// How long a process may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const POLL: Duration = Duration::from_millis(1);

/// The programs that are measured.
#[derive(Clone)]
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Those beside our own, made anew where they are older than their source.
    pub(crate) fn build(packages: &[&str]) -> Result<Self> {
        let own = std::env::current_exe()?;
        let directory = own.parent().ok_or("this program is in no directory")?.to_path_buf();
        let release = !directory.ends_with("debug");
        if !release {
            eprintln!("This is a debug build: its figures say nothing. cargo run --release -p load");
        }
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")]);
        // What the cargo that runs us has said of this package alone, build scripts would take for a reason to build anew.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                cargo.env_remove(name);
            }
        }
        // With ourselves, so that dependencies have the features that they have been built with already.
        cargo.args(["-p", "load"]).args(packages);
        if release {
            cargo.arg("--release");
        }
        match cargo.status() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("the services cannot be built: cargo {status}").into()),
            Err(error) => eprintln!("cargo cannot be run ({error}); the services are taken as they are."),
        }
        Ok(Self(directory))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// A process that listens on a port. It ends when it is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    process: Process,
}

impl Service {
    /// Starts it; what it says goes to a file. How it is told its address is `listen`'s business.
    pub(crate) fn launch(mut command: Command, log: &Path, listen: impl FnOnce(&mut Command, SocketAddr)) -> Result<Self> {
        // Free now, and nobody else is expected to take it in the next millisecond.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        listen(&mut command, address);
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        // As in the images.
        command.env("MALLOC_ARENA_MAX", "1");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Self { address, process: Process::launch(command, Signal::KILL)? })
    }

    /// Waits until it answers this path with a success.
    pub(crate) async fn ready(&self, path: &str) -> Result<()> {
        let (request, started) = (request("GET", path, None, None), Instant::now());
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.process.exit() {
                return Err(format!("a service ended: {status}").into());
            }
            if let Ok(mut client) = Client::connect(self.address).await
                && client.send(&request).await.is_ok_and(|reply| reply.status == 200)
            {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err("a service was not ready in time".into())
    }

    pub(crate) async fn client(&self) -> Result<Client> {
        Ok(Client::connect(self.address).await?)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The time that it has spent on the cores, in seconds.
    pub(crate) fn time(&self) -> f64 {
        proc::time(self.pid())
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) -> Result<()> {
        tokio::task::spawn_blocking(move || {
            self.process.signal(Signal::TERM);
            match self.process.wait(PATIENCE) {
                Some(status) if status.success() => Ok(()),
                Some(status) => Err(format!("a service ended: {status}").into()),
                None => Err("a service did not end in time".into()),
            }
        })
        .await?
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.process.signal(Signal::KILL);
    }
}

/// Starts a program and waits until it has said something; how long that took. Then it is stopped.
pub(crate) async fn time_until_said(mut command: Command, said: &str, output: &Path) -> Result<Duration> {
    let (file, started) = (File::create(output)?, Instant::now());
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let process = Process::launch(command, Signal::INT)?;
    let took = loop {
        if fs::read_to_string(output)?.contains(said) {
            break started.elapsed();
        }
        if started.elapsed() > PATIENCE || process.exit().is_some() {
            process.signal(Signal::KILL);
            return Err(format!("{said:?} was not said, but: {}", fs::read_to_string(output)?).into());
        }
        tokio::time::sleep(POLL).await;
    };
    tokio::task::spawn_blocking(move || {
        process.signal(Signal::INT);
        process.wait(PATIENCE);
    })
    .await?;
    Ok(took)
}
