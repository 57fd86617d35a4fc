//! What the program can do beside what every service can.

use std::path::{Path, PathBuf};

use chassis::run::cli::OwnCommand;
use chassis::run::config::{DatabaseArgs, Problems};
use chassis::run::database;
use chassis::run::service::StartError;
use clap::Subcommand;

use crate::config::{self, Restaurant};
use crate::declared::Applied;
use crate::room::Room;
use crate::{declared, link};

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
    /// Make the house what a file declares, and say what that changed: rules, hours and floor; a section that is left out is the staff's
    ApplyHouse {
        /// YAML or JSON: a resource of kind RestaurantBooking, or booking, openingHours and floor alone
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Also write what that changed into this file, such as /dev/termination-log of a Pod
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// IANA time zone of the restaurant, in which its days are reckoned, such as Europe/Berlin [default: UTC]
        #[arg(long, env = "RESTAURANT_TIME_ZONE", value_name = "ZONE")]
        restaurant_time_zone: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        database: DatabaseArgs,
    },
}

impl OwnCommand for Command {
    async fn run(self) -> Result<(), StartError> {
        match self {
            Self::Keygen { file, rotate } => {
                let generated = link::generate(&file, rotate).map_err(|error| StartError::Other(error.to_string()))?;
                println!("{}: {generated}", file.display());
                Ok(())
            }
            Self::ApplyHouse { file, report, restaurant_time_zone, database } => {
                let applied = apply_house(&file, restaurant_time_zone.as_deref(), &database).await?.to_string();
                println!("{applied}");
                let written = report.map_or(Ok(()), |report| std::fs::write(report, &applied));
                written.map_err(|error| StartError::Other(format!("the house is applied, but the report cannot be written: {error}")))
            }
        }
    }
}

async fn apply_house(path: &Path, time_zone: Option<&str>, args: &DatabaseArgs) -> Result<Applied, StartError> {
    let mut problems = Problems::default();
    let (options, _) = args.check(&mut problems);
    let time_zone = config::time_zone(time_zone, &mut problems);
    let declared = config::house(path, &mut problems);
    problems.finish()?;
    let room = Room::new(Restaurant { time_zone, ..Restaurant::default() }, None);
    let pool = database::pool(options, 1);
    database::wait(&pool).await?;
    declared::apply(&mut *pool.acquire().await?, &room, &declared).await
}
