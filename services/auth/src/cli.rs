//! What the program can be told to do.

use std::path::PathBuf;

use chassis::run::config::{DatabaseArgs, LogArgs};
use chassis::run::probe::HealthArgs;
use chassis::run::service::StartError;
use clap::Parser;

use crate::config::ServeArgs;
use crate::keys;

/// Accounts, roles and logins of a restaurant's table-booking platform.
#[derive(Debug, Parser)]
#[command(name = "auth", version)]
pub enum Cli {
    /// Answer requests until SIGTERM or SIGINT; those in flight then finish
    Serve(Box<ServeArgs>),
    /// Bring the database up to date and return
    Migrate {
        #[command(flatten)]
        #[allow(missing_docs)]
        database: DatabaseArgs,
        #[command(flatten)]
        #[allow(missing_docs)]
        log: LogArgs,
    },
    /// Ask the service of this machine whether it is ready, and fail if it is not: for HEALTHCHECK
    Health(HealthArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Make the keys of tokens: private.pem, which signs and is for auth alone, and jwks.json, which verifies and is for every service
    Keygen {
        /// Where to put them; what is there already is kept
        #[arg(long, value_name = "DIR")]
        directory: PathBuf,
        /// Sign with a new key from now on; the previous one stays in jwks.json, so that nobody is logged out
        #[arg(long)]
        rotate: bool,
    },
}

impl Cli {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong, in a sentence.
    pub async fn run(self) -> Result<(), StartError> {
        match self {
            Self::Serve(args) => {
                let (config, log) = args.check()?;
                log.start();
                let shutdown = chassis::run::shutdown::on_signal().map_err(|error| StartError::Other(format!("no signals: {error}")))?;
                let listener = chassis::run::service::listen(&config.service).await?;
                crate::serve(config, listener, shutdown).await
            }
            Self::Migrate { database, log } => chassis::run::service::migrate(&database, &log, &crate::MIGRATOR).await,
            Self::Health(args) => args.check(crate::config::PORT).await,
            Self::Openapi => {
                println!("{}", crate::openapi().to_pretty_json().map_err(|error| StartError::Other(error.to_string()))?);
                Ok(())
            }
            Self::Keygen { directory, rotate } => {
                let generated = keys::generate(&directory, rotate).map_err(|error| StartError::Other(error.to_string()))?;
                println!("{}: {generated}", directory.display());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        crate::command().debug_assert();
    }
}
