//! The command line that every service has: `serve`, `migrate`, `after-restore`, `health`, `openapi`, and what a service adds.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches as _, Parser, Subcommand};
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

use crate::run::config::{DatabaseArgs, LogArgs, Problems, Settings, Unusable};
use crate::run::database;
use crate::run::error::StartError;
use crate::run::listen;
use crate::run::log::Log;
use crate::run::probe::HealthArgs;
use crate::run::restored::{self, Repair};
use crate::run::shutdown::{self, Shutdown};

/// A service, as its command line knows it.
pub trait Program: Sized {
    /// The name of the service and of its program.
    const NAME: &'static str;
    /// What it is, in a sentence.
    const ABOUT: &'static str;
    /// The port that it listens on, where LISTEN_ADDRESS says no other.
    const PORT: u16;
    /// The settings of `serve`, as they are given.
    type Args: Args;
    /// The settings of `serve`, checked.
    type Config: AsRef<Settings>;
    /// What the program can do beside what every service can: [`Nothing`], for most.
    type Command: OwnCommand;

    /// What is to be done in a database that was restored, beside what every service does there.
    const REPAIRS: &'static [Repair] = &[];

    /// The schema of the database.
    fn migrator() -> &'static Migrator;

    /// The OpenAPI document.
    fn openapi() -> OpenApi;

    /// Checks the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    fn check(args: &Self::Args) -> Result<(Self::Config, Log), Unusable>;

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// What time does not mend, and background tasks that end by themselves.
    fn serve(config: Self::Config, listener: TcpListener, shutdown: Shutdown) -> impl Future<Output = Result<(), StartError>>;
}

/// A command of a service's own.
pub trait OwnCommand: Subcommand {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong, in a sentence.
    fn run(self) -> impl Future<Output = Result<(), StartError>>;
}

/// No commands of a service's own.
#[derive(Debug)]
pub struct Nothing(Infallible);

impl clap::FromArgMatches for Nothing {
    fn from_arg_matches(_: &clap::ArgMatches) -> Result<Self, clap::Error> {
        Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand))
    }

    fn update_from_arg_matches(&mut self, _: &clap::ArgMatches) -> Result<(), clap::Error> {
        match self.0 {}
    }
}

impl Subcommand for Nothing {
    fn augment_subcommands(command: Command) -> Command {
        command
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        command
    }

    fn has_subcommand(_: &str) -> bool {
        false
    }
}

impl OwnCommand for Nothing {
    async fn run(self) -> Result<(), StartError> {
        match self.0 {}
    }
}

#[derive(Parser)]
enum Cli<P: Program> {
    /// Answer requests until SIGTERM or SIGINT; those in flight then finish
    Serve(Box<P::Args>),
    /// Bring the database up to date and return
    Migrate {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        log: LogArgs,
    },
    /// Make a database that was restored from a backup fit for use, before the service starts: numbers that may have been given are left out.
    /// It may be done again
    AfterRestore {
        /// Also write what was done into this file, such as /dev/termination-log of a Pod
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        log: LogArgs,
    },
    /// Ask the service of this machine whether it is ready, and fail if it is not: for HEALTHCHECK
    Health(HealthArgs),
    /// Print the OpenAPI document
    Openapi,
    #[command(flatten)]
    Own(P::Command),
}

impl<P: Program> Cli<P> {
    async fn run(self) -> Result<(), StartError> {
        match self {
            Self::Serve(args) => {
                let (config, log) = P::check(&args)?;
                log.start();
                let shutdown = shutdown::on_signal().map_err(|error| StartError::Other(format!("cannot listen for signals: {error}")))?;
                let listener = listen::bind(config.as_ref().listen, P::PORT).await?;
                P::serve(config, listener, shutdown).await
            }
            Self::Migrate { database, log } => migrate(&database, &log, P::migrator()).await,
            Self::AfterRestore { report, database, log } => after_restore::<P>(report, &database, &log).await,
            Self::Health(args) => args.check(P::PORT).await,
            Self::Openapi => {
                println!("{}", P::openapi().to_pretty_json().expect("a document is JSON"));
                Ok(())
            }
            Self::Own(command) => command.run().await,
        }
    }
}

/// The command line of a service, for its documentation too.
pub fn command<P: Program>() -> Command {
    let command = Cli::<P>::augment_subcommands(Command::new(P::NAME));
    // Behind the commands, whose doc comments would be the description.
    command.about(P::ABOUT).long_about(None).version(env!("CARGO_PKG_VERSION")).subcommand_required(true).arg_required_else_help(true)
}

/// Runs the command that this process was given to its end, and says what went wrong on standard error.
pub fn main<P: Program>() -> ExitCode {
    let given = command::<P>().get_matches();
    let cli = Cli::<P>::from_arg_matches(&given).unwrap_or_else(|error| error.format(&mut command::<P>()).exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(cli.run());
    // Everything has ended, but perhaps a thread that asks for the address of a host: nobody waits for it.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Migrates the database and returns: for a job that runs before the service.
async fn migrate(args: &DatabaseArgs, log: &LogArgs, migrator: &Migrator) -> Result<(), StartError> {
    let mut problems = Problems::default();
    let (options, _) = args.check(&mut problems);
    let log = log.check(&mut problems);
    problems.finish()?;
    log.start();
    let pool = database::pool(options, 1);
    database::wait(&pool).await?;
    database::migrate(&pool, migrator).await?;
    tracing::info!("the database is migrated");
    Ok(())
}

/// Does what a restored database needs, and returns: for a job that runs after the migration and before the service.
async fn after_restore<P: Program>(report: Option<PathBuf>, args: &DatabaseArgs, log: &LogArgs) -> Result<(), StartError> {
    let mut problems = Problems::default();
    let (options, _) = args.check(&mut problems);
    let log = log.check(&mut problems);
    problems.finish()?;
    log.start();
    let pool = database::pool(options, 1);
    database::wait(&pool).await?;
    let done = restored::repair(&mut *pool.acquire().await?, P::REPAIRS).await?;
    println!("{done}");
    let written = report.map_or(Ok(()), |report| std::fs::write(report, &done));
    written.map_err(|error| StartError::Other(format!("it is done ({done}), but the report cannot be written: {error}")))
}
