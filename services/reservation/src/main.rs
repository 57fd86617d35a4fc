//! The reservation service as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run::cli::main::<reservation::Cli>()
}
