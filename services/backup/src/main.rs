//! Backups as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    backup::cli::main()
}
