//! The auth service's command line.

use std::process::ExitCode;

use auth::cli::Cli;
use clap::Parser as _;

fn main() -> ExitCode {
    chassis::run::service::main(Cli::parse().run())
}
