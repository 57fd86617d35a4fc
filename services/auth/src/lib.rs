//! Accounts, roles, logins, and the tokens that the other services verify.

use std::sync::{Arc, LazyLock};

use chassis::Shutdown;
use chassis::http::Caching;
use chassis::http::code::Code;
use chassis::run::cli::Program;
use chassis::run::config::Unusable;
use chassis::run::database;
use chassis::run::log::Log;
use chassis::run::restored::Repair;
use chassis::run::service::{Parts, Service, StartError};
use chassis::run::tasks::Task;
use prometheus::IntGauge;
use site::failure::error_pages;
use site::session::Door;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

mod administrator;
pub mod cli;
pub mod codes;
pub mod config;
mod events;
mod hashing;
mod http;
pub mod keys;
mod page;
mod password;
pub mod store;
mod token;

pub use config::Config;
pub use token::TOKEN_LIFETIME;

use crate::hashing::Hasher;
use crate::page::Pages;
use crate::token::Signer;

/// The name of the service.
const NAME: &str = "auth";

/// The schema of the service's database.
pub static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| database::schema(&sqlx::migrate!("../../migrations/auth")));

/// The service's own problem codes.
pub static CODES: &[&Code] = codes::OWN;

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    http::router().1
}

/// The command line, for the documentation.
pub fn command() -> clap::Command {
    chassis::run::cli::command::<Cli>()
}

/// The service, as its command line knows it.
pub struct Cli;

impl Program for Cli {
    const NAME: &'static str = NAME;
    const ABOUT: &'static str = "Accounts, roles and logins of a restaurant's table-booking platform";
    const PORT: u16 = config::PORT;
    type Args = config::ServeArgs;
    type Config = Config;
    type Command = cli::Command;
    const REPAIRS: &'static [Repair] = store::REPAIRS;

    fn migrator() -> &'static Migrator {
        &MIGRATOR
    }

    fn openapi() -> OpenApi {
        openapi()
    }

    fn check(args: &config::ServeArgs) -> Result<(Config, Log), Unusable> {
        args.check()
    }

    fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> impl Future<Output = Result<(), StartError>> {
        serve(config, listener, shutdown)
    }
}

/// Serves until `shutdown`.
///
/// # Errors
/// Where the keys cannot be used, or the database refuses.
pub async fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let service = Service::new(NAME, &config.service)?;
    let depth = service.metrics.register(IntGauge::new("password_hash_queue_depth", "Passwords that wait to be hashed or compared."));
    let hasher = Hasher::new(&config.bcrypt, depth).map_err(|error| StartError::Other(format!("cannot hash passwords: {error}")))?;
    let signer = Arc::new(Signer::read(&config.private_key, &service.verifier, &config.service.issuer, &config.service.audience)?);
    let (router, api) = http::router();
    let app = http::App {
        pool: service.pool.clone(),
        outbox: service.outbox.clone(),
        verifier: service.verifier.clone(),
        hasher: hasher.clone(),
        signer: signer.clone(),
    };
    let mut router = router.with_state(app.clone());
    let shell = config.site.pages.then(|| page::shell(&config.site));
    if let Some(shell) = &shell {
        if let Some(why) = config.site.without_sessions() {
            tracing::warn!("the staff cannot sign in to pages: {why}");
        }
        let door = Door { shell: shell.clone(), sessions: service.sessions.clone() };
        router = router.merge(page::router(Pages { app, door }));
    }
    let parts = Parts {
        router,
        api,
        migrator: &MIGRATOR,
        prepare: prepare(&service, hasher, config.administrator),
        consumers: vec![events::activity()],
        tasks: vec![Task::new("private key", |stop| signer.follow(stop))],
        caching: Caching::NoStore,
        pages: shell.map(|shell| error_pages(shell, page::ROUTES)),
    };
    service.run(parts, listener, shutdown).await
}

fn prepare(
    service: &Service,
    hasher: Hasher,
    administrator: Option<config::Administrator>,
) -> impl Future<Output = Result<(), StartError>> + Send + 'static {
    let (pool, outbox) = (service.pool.clone(), service.outbox.clone());
    async move { administrator::seed(&pool, &outbox, &hasher, administrator.as_ref()).await }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
