//! The command line.

use chassis::run::config::{DatabaseArgs, LogArgs};
use chassis::run::probe::HealthArgs;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::ServeArgs;

/// The menu of the restaurant: read by everyone, changed by the administrator
#[derive(Debug, Parser)]
#[command(name = "menu", version)]
pub struct Menu {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or Ctrl-C; requests in flight are finished
    Serve(Box<ServeArgs>),
    /// Bring the database up to date and exit
    Migrate(MigrateArgs),
    /// Ask the service of this machine whether it is ready, and fail if it is not: for HEALTHCHECK
    Health(HealthArgs),
    /// Print the OpenAPI document
    Openapi,
}

/// The settings of `menu migrate`.
#[derive(Args, Clone, Debug)]
pub struct MigrateArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: LogArgs,
}

/// The command line, for the documentation of every setting.
pub fn command() -> clap::Command {
    Menu::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
