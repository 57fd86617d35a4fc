//! The menu service as a program: `menu serve`, `menu migrate`, `menu openapi`.

use std::process::ExitCode;

use chassis::run::service::StartError;
use clap::Parser as _;
use menu::command::{Command, Menu};

fn main() -> ExitCode {
    let menu = Menu::parse();
    chassis::run::service::main(run(menu.command))
}

async fn run(command: Command) -> Result<(), StartError> {
    match command {
        Command::Serve(args) => {
            let (config, log) = args.check()?;
            log.start();
            let shutdown =
                chassis::run::shutdown::on_signal().map_err(|error| StartError::Other(format!("cannot listen for signals: {error}")))?;
            let listener = chassis::run::service::listen(&config.service).await?;
            menu::serve(config, listener, shutdown).await
        }
        Command::Migrate(args) => chassis::run::service::migrate(&args.database, &args.log, &menu::MIGRATOR).await,
        Command::Health(args) => args.check(menu::config::PORT).await,
        Command::Openapi => {
            let document = menu::openapi().to_pretty_json().map_err(|error| StartError::Other(error.to_string()))?;
            println!("{document}");
            Ok(())
        }
    }
}
