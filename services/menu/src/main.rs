//! The menu service as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::run::cli::main::<menu::Cli>()
}
