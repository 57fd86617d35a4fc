//! The command line.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::keys::KeysArgs;
use crate::report::{Failure, Outcome};
use crate::restore::TargetArgs;
use crate::retention::RetentionArgs;
use crate::run::ServerArgs;
use crate::settings::{Problems, Repository, RepositoryArgs};
use crate::tool::Tool;
use crate::watch::WatchArgs;
use crate::{install, look, restore, run, verify, wal, watch};

/// Trying again will not help.
const HOPELESS: u8 = 3;
/// The archive of a database is too far behind.
const BEHIND: u8 = 75;

/// Backups of a service's database by pgBackRest
#[derive(Debug, Parser)]
#[command(name = "backup", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy the programs and their libraries into a folder, for containers of other images
    Install {
        /// The folder
        #[arg(value_name = "DIR")]
        target: PathBuf,
    },
    /// Archive or fetch a file of the log: for PostgreSQL
    #[command(subcommand)]
    Wal(Wal),
    /// Back the database up, and remove the backups that are not to be kept
    Run {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        server: ServerArgs,
        #[command(flatten)]
        retention: RetentionArgs,
        #[command(flatten)]
        keys: KeysArgs,
    },
    /// Say to which moments the database can be restored
    Look {
        #[command(flatten)]
        common: Common,
    },
    /// Restore the database to a moment, where there is none
    Restore {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Restore the newest backup into a place that is thrown away, and count
    Verify {
        #[command(flatten)]
        common: Common,
    },
    /// Watch how far behind the archives are, for probes and Prometheus, until one is too far behind
    Watch {
        /// Also write into this file, such as /dev/termination-log of a Pod, how far behind they are
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        #[command(flatten)]
        watch: WatchArgs,
    },
}

#[derive(Debug, Subcommand)]
enum Wal {
    /// Archive a file
    Push {
        /// The file, PostgreSQL's %p
        #[arg(value_name = "PATH")]
        file: String,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
    /// Fetch a file
    Get {
        /// The file's name, PostgreSQL's %f
        #[arg(value_name = "NAME")]
        name: String,
        /// Where to put it, PostgreSQL's %p
        #[arg(value_name = "PATH")]
        to: String,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
}

#[derive(Args, Debug)]
struct Common {
    /// Also write the report into this file, such as /dev/termination-log of a Pod
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Runs the command that this process was given to its end.
pub fn main() -> ExitCode {
    let fetches = std::env::args().skip(1).take(2).eq(["wal", "get"]);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // PostgreSQL would take the code of a wrong command line for a file that is not there.
        Err(error) if fetches && error.use_stderr() => {
            let _ = error.print();
            return ExitCode::from(wal::NOT_TO_BE_HAD);
        }
        Err(error) => error.exit(),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot be started: {error}");
            return if fetches { ExitCode::from(wal::NOT_TO_BE_HAD) } else { ExitCode::FAILURE };
        }
    };
    let code = runtime.block_on(run_command(cli.command));
    runtime.shutdown_background();
    code
}

async fn run_command(command: Command) -> ExitCode {
    let stop = match on_signal() {
        Ok(stop) => stop,
        Err(error) => {
            eprintln!("error: cannot listen for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    match command {
        Command::Install { target } => finish(None, install::install(&target).map(|()| Installed {})),
        Command::Wal(wal) => log(wal, stop).await,
        Command::Run { common, server, retention, keys } => {
            let mut problems = Problems::default();
            let (server, retention) = (server.check(&mut problems), retention.check(&mut problems));
            report(&common, problems, stop, async |tool| run::run(&tool, &server, retention, keys.folder()).await).await
        }
        Command::Look { common } => report(&common, Problems::default(), stop, async |tool| look::look(&tool).await).await,
        Command::Restore { common, target } => {
            let mut problems = Problems::default();
            let wanted = target.check(&mut problems);
            report(&common, problems, stop, async |tool| restore::restore(&tool, &wanted).await).await
        }
        Command::Verify { common } => report(&common, Problems::default(), stop, async |tool| verify::verify(&tool).await).await,
        Command::Watch { report, watch } => {
            let mut problems = Problems::default();
            let watched = watch.check(&mut problems);
            match problems.finish() {
                Err(failure) => finish::<Installed>(None, Err(failure)),
                Ok(()) => match watch::watch(watched, stop).await {
                    Ok(None) => ExitCode::SUCCESS,
                    Ok(Some(behind)) => {
                        finish(report.as_deref(), Ok(behind));
                        ExitCode::from(BEHIND)
                    }
                    Err(failure) => finish::<Installed>(None, Err(failure)),
                },
            }
        }
    }
}

/// A report of nothing.
#[derive(Serialize)]
struct Installed {}

async fn log(command: Wal, stop: CancellationToken) -> ExitCode {
    let tool = |args: &RepositoryArgs| {
        let mut problems = Problems::default();
        let repository = args.check(&mut problems);
        problems.finish().map(|()| Tool::new(repository, stop))
    };
    match command {
        Wal::Push { file, repository } => {
            let pushed = match tool(&repository) {
                Ok(tool) => wal::push(&tool, &file).await,
                Err(failure) => Err(failure),
            };
            // PostgreSQL repeats it, whatever the reason, and writes this into its log.
            pushed.map_or_else(
                |failure| {
                    eprintln!("error: {file} is not archived: {failure}");
                    ExitCode::FAILURE
                },
                |()| ExitCode::SUCCESS,
            )
        }
        Wal::Get { name, to, repository } => {
            let got = match tool(&repository) {
                Ok(tool) => wal::get(&tool, &name, &to).await,
                Err(failure) => Err(failure),
            };
            match got {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(failure) => {
                    eprintln!("error: {name} cannot be fetched: {failure}");
                    ExitCode::from(wal::NOT_TO_BE_HAD)
                }
            }
        }
    }
}

/// Does a command's work with the repository that is set, and reports.
async fn report<T: Serialize, F: Future<Output = Result<T, Failure>>>(
    common: &Common,
    mut problems: Problems,
    stop: CancellationToken,
    work: impl FnOnce(Tool) -> F,
) -> ExitCode {
    let repository: Repository = common.repository.check(&mut problems);
    let done = match problems.finish() {
        Ok(()) => work(Tool::new(repository, stop)).await,
        Err(failure) => Err(failure),
    };
    finish(common.report.as_deref(), done)
}

/// Says how it went: on standard output and in the file of the report, and what went wrong on standard error too.
fn finish<T: Serialize>(file: Option<&Path>, done: Result<T, Failure>) -> ExitCode {
    let (outcome, code) = match done {
        Ok(report) => (Outcome::Done(report), ExitCode::SUCCESS),
        Err(failure) => {
            eprintln!("error: {failure}");
            let code = if failure.retry { ExitCode::FAILURE } else { ExitCode::from(HOPELESS) };
            (Outcome::Failed(failure), code)
        }
    };
    let text = serde_json::to_string(&outcome).expect("a report is JSON");
    println!("{text}");
    match file.map(|file| (file, std::fs::write(file, &text))) {
        Some((file, Err(error))) => {
            eprintln!("error: the report cannot be written into {}: {error}", file.display());
            ExitCode::FAILURE
        }
        _ => code,
    }
}

/// A token that is cancelled by SIGTERM or SIGINT.
fn on_signal() -> std::io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        cancelled.cancel();
    });
    Ok(stop)
}
