//! The menu of the restaurant: kept in PostgreSQL, read by everyone from memory, changed by the administrator.

pub mod config;
mod dish;
mod edit;
mod events;

mod http;
mod memory;
mod page;
mod price;
mod store;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chassis::Shutdown;
use chassis::events::event::TopicEvent as _;
use chassis::events::kafka::Tail;
use chassis::events::outbox::Outbox;
use chassis::http::Caching;
use chassis::http::code::Code;
use chassis::run::cli::{Nothing, Program};
use chassis::run::config::Unusable;
use chassis::run::database;
use chassis::run::log::Log;
use chassis::run::service::{Parts, Service, StartError};
use chassis::run::tasks::Task;
use contract::MenuEvent;
use site::failure::error_pages;
use site::session::Door;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

pub use crate::config::{Config, ServeArgs};

use crate::memory::cache::Cache;
use crate::memory::follow::Follower;
use crate::page::Pages;

/// The name of the service.
const NAME: &str = "menu";
/// How long to wait before the menu is read again where the database went away at start.
const PAUSE: Duration = Duration::from_millis(200);

/// The schema of the database.
pub static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| database::schema(&sqlx::migrate!("../../migrations/menu")));

/// The problems that only this service answers with: none.
pub static CODES: &[&Code] = &[];

/// What the handlers work with.
struct Menu {
    pool: PgPool,
    outbox: Outbox,
    cache: Arc<Cache>,
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    crate::http::routes().1
}

/// The command line, for the documentation.
pub fn command() -> clap::Command {
    chassis::run::cli::command::<Cli>()
}

/// The service, as its command line knows it.
pub struct Cli;

impl Program for Cli {
    const NAME: &'static str = NAME;
    const ABOUT: &'static str = "The menu of the restaurant: read by everyone, changed by the administrator";
    const PORT: u16 = config::PORT;
    type Args = config::ServeArgs;
    type Config = Config;
    type Command = Nothing;

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
/// What time does not mend: settings that cannot be used, a database that refuses, a migration that fails.
pub async fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let service = Service::new(NAME, &config.service)?;
    let cache = Arc::new(Cache::new(service.pool.clone()));
    let tail = Tail::new(&config.service.kafka, NAME, MenuEvent::TOPIC, &service.metrics)
        .map_err(|error| StartError::Other(format!("the events of the menu cannot be followed: {error}; check KAFKA_BOOTSTRAP_SERVERS")))?;
    let follower = Follower { cache: cache.clone(), tail, metrics: service.metrics.clone() };
    let prepare = prepare(service.pool.clone(), cache.clone());
    let tasks = vec![Task::new("follower of the menu", |stop| follower.run(stop))];
    let state = Arc::new(Menu { pool: service.pool.clone(), outbox: service.outbox.clone(), cache });
    let (router, api) = crate::http::routes();
    let mut router = router.with_state(state.clone());
    let shell = config.site.pages.then(|| page::shell(&config.site));
    if let Some(shell) = &shell {
        let door = Door { shell: shell.clone(), sessions: service.sessions.clone() };
        router = router.merge(page::router(Pages { menu: state, door }));
    }
    let pages = shell.map(|shell| error_pages(shell, page::ROUTES));
    let parts = Parts { router, api, migrator: &MIGRATOR, prepare, consumers: Vec::new(), tasks, caching: Caching::ByHandler, pages };
    service.run(parts, listener, shutdown).await
}

/// Reads the menu.
async fn prepare(pool: PgPool, cache: Arc<Cache>) -> Result<(), StartError> {
    while let Err(error) = cache.reload().await {
        if !database::is_outage(&error) {
            return Err(error.into());
        }
        tokio::time::sleep(PAUSE).await;
        database::wait(&pool).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
