//! What the program can do beside what every service can.

use std::path::PathBuf;

use chassis::run::cli::OwnCommand;
use chassis::run::service::StartError;
use clap::Subcommand;

use crate::link;

/// The commands of reservation alone.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the key that signs the links of bookings, for LINK_KEY_FILE
    Keygen {
        /// Where to put it; a file that is there already is kept
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Sign with a new key from now on; those before stay in the file, so that their links stay good
        #[arg(long)]
        rotate: bool,
    },
}

impl OwnCommand for Command {
    async fn run(self) -> Result<(), StartError> {
        let Self::Keygen { file, rotate } = self;
        let generated = link::generate(&file, rotate).map_err(|error| StartError::Other(error.to_string()))?;
        println!("{}: {generated}", file.display());
        Ok(())
    }
}
