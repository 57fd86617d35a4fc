//! What the program can do beside what every service can.

use std::path::PathBuf;

use chassis::http::text::Email;
use chassis::http::value::{Raw, Value as _};
use chassis::run::cli::OwnCommand;
use chassis::run::config::{DatabaseArgs, Problems};
use chassis::run::database;
use chassis::run::service::StartError;
use clap::Subcommand;

use crate::administrator::{self, Appointed};
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
    /// Make the user of an e-mail address an administrator, for a restaurant whose administrators cannot log in any more
    Appoint {
        /// The e-mail address of an account that exists, in any case
        #[arg(value_name = "EMAIL")]
        email: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        database: DatabaseArgs,
    },
}

impl OwnCommand for Command {
    async fn run(self) -> Result<(), StartError> {
        match self {
            Self::Keygen { directory, rotate } => {
                let generated = keys::generate(&directory, rotate).map_err(|error| StartError::Other(error.to_string()))?;
                println!("{}: {generated}", directory.display());
                Ok(())
            }
            Self::Appoint { email, database } => appoint(&email, &database).await,
        }
    }
}

async fn appoint(email: &str, args: &DatabaseArgs) -> Result<(), StartError> {
    let mut problems = Problems::default();
    let (options, _) = args.check(&mut problems);
    let address = Email::read(Raw::Text(email));
    if let Err(fault) = &address {
        problems.add("EMAIL", format!("cannot be used: {}", fault.detail));
    }
    problems.finish()?;
    let address = address.expect("an address that cannot be used is a problem");
    match administrator::appoint(&database::pool(options, 1), &address).await? {
        Appointed::Now => println!("{} is an administrator from now on; the other services learn it at the next login", address.as_str()),
        Appointed::Already => println!("{} is an administrator already", address.as_str()),
        Appointed::NoAccount => {
            return Err(StartError::Other(format!(
                "no account has the e-mail address {}; POST /auth/register makes one",
                address.as_str()
            )));
        }
    }
    Ok(())
}
