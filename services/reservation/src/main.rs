//! The reservation service's command line.

use std::process::ExitCode;

use chassis::run::config::{DatabaseArgs, LogArgs};
use chassis::run::probe::HealthArgs;
use chassis::run::service::StartError;
use clap::Parser;
use reservation::config::ServeArgs;

/// Tables and bookings of a restaurant.
#[derive(Parser)]
#[command(name = "reservation", version)]
enum Cli {
    /// Answer requests until SIGTERM or SIGINT; those in flight then finish
    Serve(Box<ServeArgs>),
    /// Bring the database up to date and return
    Migrate {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        log: LogArgs,
    },
    /// Ask the service of this machine whether it is ready, and fail if it is not: for HEALTHCHECK
    Health(HealthArgs),
    /// Print the OpenAPI document
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    chassis::run::service::main(async move {
        match cli {
            Cli::Serve(args) => {
                let (config, log) = args.check()?;
                log.start();
                let shutdown = chassis::run::shutdown::on_signal().map_err(|error| StartError::Other(format!("no signals: {error}")))?;
                let listener = chassis::run::service::listen(&config.service).await?;
                reservation::serve(config, listener, shutdown).await
            }
            Cli::Migrate { database, log } => chassis::run::service::migrate(&database, &log, &reservation::MIGRATOR).await,
            Cli::Health(args) => args.check(reservation::config::PORT).await,
            Cli::Openapi => {
                println!("{}", reservation::openapi().to_pretty_json().map_err(|error| StartError::Other(error.to_string()))?);
                Ok(())
            }
        }
    })
}
