//! The reservation service: tables and bookings. No table is ever sold twice; the database decides.

pub mod area;
pub mod availability;
pub mod block;
pub mod booking;
pub mod cli;
pub mod codes;
pub mod config;
pub mod declared;
pub mod edit;
pub mod events;
pub mod exception;
pub mod group;
pub mod host;
pub mod http;
pub mod link;
pub mod mail;
pub mod memory;
pub mod page;
pub mod refusal;
pub mod room;
pub mod rules;
pub mod schedule;
pub mod status;
pub mod store;
pub mod table;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use chassis::Shutdown;
use chassis::events::event::TopicEvent as _;
use chassis::events::kafka::Tail;
use chassis::http::Caching;
use chassis::run::cli::Program;
use chassis::run::config::Unusable;
use chassis::run::database;
use chassis::run::log::Log;
use chassis::run::restored::Repair;
use chassis::run::service::{Parts, Service, StartError};
use chassis::run::tasks::Task;
use contract::ReservationEvent;
use site::failure::error_pages;
use site::session::Door;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::codes::CODES;
use crate::config::Config;
use crate::host::{Desk, Follower, News};
use crate::http::AppState;
use crate::link::LinkKeys;
use crate::mail::letter::Letters;
use crate::mail::relay::{Counters, Relay};
use crate::mail::way::Post;
use crate::page::Pages;

/// The name of the service.
const NAME: &str = "reservation";
/// The routes of all pages.
static ROUTES: LazyLock<Vec<&str>> = LazyLock::new(|| [page::ROUTES, host::ROUTES].concat());

/// The schema of the service's database.
pub static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| database::schema(&sqlx::migrate!("../../migrations/reservation")));

/// How often answers that are no longer kept are removed.
const SWEEP: Duration = Duration::from_secs(10 * 60);

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Reservations",
        description = "Tables and bookings of a restaurant. Log in at the auth service (`POST /auth/login`) and paste the access token under Authorize.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "availability", description = "The times and tables that can be booked"),
        (name = "tables", description = "The tables of the restaurant, the areas in which they stand, groups of tables that are joined, and blocks"),
        (name = "house", description = "The rules by which the restaurant takes bookings, its hours, exceptions and pauses"),
        (name = "reservations", description = "Bookings and their life"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<AppState> {
    use crate::http::{
        action, area, availability, block, change, create, exception, group, guest, mail, pause, reservation, rules, schedule, table,
        walk_in,
    };

    // What is a guest's own is for no cache to keep.
    let own = OpenApiRouter::new()
        .routes(routes!(create::create, reservation::list))
        .routes(routes!(guest::create))
        .routes(routes!(reservation::my))
        .routes(routes!(reservation::get, change::change))
        .routes(routes!(action::confirm))
        .routes(routes!(action::seat))
        .routes(routes!(action::complete))
        .routes(routes!(action::no_show))
        .routes(routes!(action::reopen))
        .routes(routes!(action::cancel))
        .routes(routes!(mail::again))
        .routes(routes!(walk_in::create))
        .routes(routes!(block::list, block::create))
        .routes(routes!(block::get, block::remove))
        .layer(axum::middleware::map_response(http::private));
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(own)
        .routes(routes!(availability::tables))
        .routes(routes!(availability::slots))
        .routes(routes!(availability::days))
        .routes(routes!(table::list, table::create))
        .routes(routes!(table::get, table::replace, table::remove))
        .routes(routes!(area::list, area::create))
        .routes(routes!(area::get, area::replace, area::remove))
        .routes(routes!(group::list, group::create))
        .routes(routes!(group::get, group::replace, group::remove))
        .routes(routes!(rules::restaurant))
        .routes(routes!(rules::get, rules::replace))
        .routes(routes!(schedule::get, schedule::replace))
        .routes(routes!(exception::list, exception::create))
        .routes(routes!(exception::get, exception::replace, exception::remove))
        .routes(routes!(pause::get, pause::start, pause::end))
}

fn complete(mut api: OpenApi) -> OpenApi {
    chassis::http::openapi::complete(&mut api, None, &http::problems());
    api
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    complete(routes().into_openapi())
}

fn router(state: AppState) -> (Router, OpenApi) {
    let (router, api) = routes().split_for_parts();
    let router = router.layer(axum::middleware::from_fn_with_state(state.clone(), http::link::recognise));
    (router.with_state(state), complete(api))
}

/// Runs the service until `shutdown`.
///
/// # Errors
/// Where the key set cannot be used, the database refuses, or a migration fails.
pub async fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let service = Service::new(NAME, &config.service)?;
    let links =
        config.link_keys.clone().map(LinkKeys::new).transpose().map_err(|error| StartError::Other(error.to_string()))?.map(Arc::new);
    let (site, mailed) = (Arc::new(config.site.clone()), Arc::new(Notify::new()));
    let (time_zone, kafka) = (config.restaurant.time_zone.clone(), config.service.kafka.clone());
    let relay = config.mail.clone().map(|settings| -> Result<Relay, StartError> {
        let post = Post::open(&settings).map_err(StartError::Other)?;
        let letters = Letters { site: site.clone(), time_zone, settings, links: links.clone() };
        let counters = Counters::new(&service.metrics);
        Ok(Relay { pool: service.pool.clone(), letters, post, wake: mailed.clone(), counters })
    });
    let relay = relay.transpose()?.map(|relay| Task::new("relay of mail", |stop| relay.run(stop)));
    let house = config.house.clone();
    let state = AppState::new(service.clone(), config, links.clone(), site.clone(), mailed);
    let (mut router, api) = router(state.clone());
    let applier = state.clone();
    let shell = site.pages.then(|| page::shell(&site));
    let mut follower = None;
    if let Some(shell) = &shell {
        router = router.merge(page::router(Pages::new(state.clone(), shell.clone())));
        let door = Door { shell: shell.clone(), sessions: service.sessions.clone() };
        let news = News::new(shutdown.clone());
        let tail = Tail::new(&kafka, NAME, ReservationEvent::TOPIC, &service.metrics).map_err(|error| {
            StartError::Other(format!("the events of bookings cannot be followed: {error}; check KAFKA_BOOTSTRAP_SERVERS"))
        })?;
        let following = Follower { tail, news: news.clone(), app: state.clone(), metrics: service.metrics.clone() };
        follower = Some(Task::new("follower of bookings", |stop| following.run(stop)));
        router = router.merge(host::router(Desk { app: state, door, news }));
    }
    let pool = service.pool.clone();
    let sweep = Task::every("sweep of answers and networks", SWEEP, move || {
        let pool = pool.clone();
        async move {
            if let Err(error) = store::idempotency::forget(&pool).await {
                tracing::debug!(%error, "old answers were not removed");
            }
            if let Err(error) = store::limit::forget(&pool).await {
                tracing::debug!(%error, "networks from which guests booked were not removed");
            }
            if let Err(error) = store::message::forget(&pool).await {
                tracing::debug!(%error, "old messages were not removed");
            }
        }
    });
    let consumers = vec![events::guest_directory()];
    let prepare = async move {
        if let Some(house) = &house {
            let mut connection = applier.pool().acquire().await?;
            let applied = declared::apply(&mut connection, applier.room(), house).await?;
            tracing::info!(%applied, "the declared house is applied");
        }
        Ok(())
    };
    let parts = Parts {
        router,
        api,
        migrator: &MIGRATOR,
        prepare,
        consumers,
        tasks: [Some(sweep), links.map(follow), relay, follower].into_iter().flatten().collect(),
        caching: Caching::ByHandler,
        pages: shell.map(|shell| error_pages(shell, ROUTES.as_slice())),
    };
    service.run(parts, listener, shutdown).await
}

/// Follows the file of the link keys, so that a key that is taken out of it is not trusted for longer than a few seconds.
fn follow(keys: Arc<LinkKeys>) -> Task {
    Task::every("link keys", link::LOOK, move || {
        keys.refresh();
        std::future::ready(())
    })
}

/// The command line, for the documentation.
pub fn command() -> clap::Command {
    chassis::run::cli::command::<Cli>()
}

/// The service, as its command line knows it.
pub struct Cli;

impl Program for Cli {
    const NAME: &'static str = NAME;
    const ABOUT: &'static str = "Tables and bookings of a restaurant";
    const PORT: u16 = config::PORT;
    type Args = config::ServeArgs;
    type Config = Config;
    type Command = cli::Command;
    const REPAIRS: &'static [Repair] = store::restored::REPAIRS;

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

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
