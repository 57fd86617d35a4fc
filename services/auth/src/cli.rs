//! What the program can do beside what every service can.

use std::path::PathBuf;

use chassis::run::cli::OwnCommand;
use chassis::run::service::StartError;
use clap::Subcommand;

use crate::keys;

/// The commands of auth alone.
#[derive(Debug, Subcommand)]
pub enum Command {
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

impl OwnCommand for Command {
    fn run(self) -> Result<(), StartError> {
        let Self::Keygen { directory, rotate } = self;
        let generated = keys::generate(&directory, rotate).map_err(|error| StartError::Other(error.to_string()))?;
        println!("{}: {generated}", directory.display());
        Ok(())
    }
}
