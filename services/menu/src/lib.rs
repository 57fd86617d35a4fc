//! The menu of the restaurant: kept in PostgreSQL, read by everyone from memory, changed by the administrator.

mod api;
mod cache;
pub mod command;
pub mod config;
mod contents;
mod entry;
mod event;
mod follow;
mod item;
mod price;
mod read;
mod selection;
mod snapshot;
mod store;
mod write;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chassis::Shutdown;
use chassis::events::event::TopicEvent as _;
use chassis::events::kafka::Tail;
use chassis::events::outbox::Outbox;
use chassis::http::Caching;
use chassis::http::code::Code;
use chassis::run::database;
use chassis::run::service::{Parts, Service, StartError};
use contract::MenuEvent;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

pub use crate::command::command;
pub use crate::config::{Config, ServeArgs};

use crate::cache::Cache;
use crate::follow::Follower;

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
    api::routes().1
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
    let prepare = prepare(service.pool.clone(), follower, shutdown.clone());
    let state = Arc::new(Menu { pool: service.pool.clone(), outbox: service.outbox.clone(), cache });
    let (router, api) = api::routes();
    let router = router.with_state(state);
    let parts = Parts { router, api, migrator: &MIGRATOR, prepare, consumers: Vec::new(), caching: Caching::ByHandler };
    service.run(parts, listener, shutdown).await
}

/// Reads the menu, and begins to follow its events.
async fn prepare(pool: PgPool, follower: Follower, stop: Shutdown) -> Result<(), StartError> {
    while let Err(error) = follower.cache.reload().await {
        if !database::is_outage(&error) {
            return Err(error.into());
        }
        tokio::time::sleep(PAUSE).await;
        database::wait(&pool).await?;
    }
    tokio::spawn(follower.run(stop));
    Ok(())
}
