//! `cargo run --release`: the whole platform on this machine.

use std::io::Write as _;
use std::process::ExitCode;

use chassis::Shutdown;
use clap::Parser as _;
use local::options::{Checked, Options};
use local::stack::{Error, Setup, Stack};
use local::{signals, table::Table};

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(said) => {
            // Help and the version are no errors. Where they cannot be written, nobody reads them.
            let _ = said.print();
            return if said.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let Checked { setup, log, resource, print_resource } = match options.check() {
        Ok(checked) => checked,
        Err(error) => return failure(&error),
    };
    if print_resource {
        return match resource.to_yaml() {
            Ok(text) => {
                let _ = write!(std::io::stdout(), "{text}");
                ExitCode::SUCCESS
            }
            Err(error) => failure(&error),
        };
    }
    let unused = resource.unused(setup.kafka.is_some());
    if !unused.is_empty() {
        eprintln!("Of no use on this machine, only in a cluster: {}.", unused.join(", "));
    }
    log.start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&format_args!("the runtime cannot be started: {error}")),
    };
    let outcome = runtime.block_on(async {
        match signals::stop() {
            Ok(stop) => run(setup, &stop).await.map_err(|error| error.to_string()),
            Err(error) => Err(format!("signals cannot be listened for: {error}")),
        }
    });
    // Everything has ended, but perhaps a thread that waits for a download of another process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn failure(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

/// Runs the platform until it is told to stop, or until a part of it cannot go on.
async fn run(setup: Setup, stop: &Shutdown) -> Result<(), Error> {
    let mut stack = match Stack::start(setup, stop).await {
        Ok(stack) => stack,
        Err(Error::Interrupted) => return Ok(()),
        Err(error) => return Err(error),
    };
    // Who started it may not be listening.
    let _ = writeln!(std::io::stdout(), "{}", Table(&stack));
    let lost = tokio::select! {
        () = stop.cancelled() => {
            eprintln!("Stopping: requests in flight finish, events are published, PostgreSQL writes everything down ...");
            Ok(())
        }
        error = stack.failure() => Err(error),
    };
    let stopped = stack.stop().await;
    lost.and(stopped)
}
