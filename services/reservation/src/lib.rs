//! The reservation service: tables and bookings. No table is ever sold twice; the database decides.

pub mod availability;
pub mod booking;
pub mod calendar;
pub mod codes;
pub mod config;
pub mod events;
pub mod floor;
pub mod house;
pub mod http;
pub mod refusal;
pub mod span;
pub mod status;
pub mod store;
pub mod table;

use std::time::Duration;

use axum::Router;
use chassis::Shutdown;
use chassis::http::Caching;
use chassis::run::service::{Parts, Service, StartError};
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::codes::CODES;
use crate::config::Config;
use crate::http::AppState;

/// The schema of the service's database.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations/reservation");

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
        (name = "availability", description = "What can be booked"),
        (name = "tables", description = "The tables of the restaurant"),
        (name = "reservations", description = "Bookings and their life"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<AppState> {
    use crate::http::{action, availability, change, create, reservation, table};

    // What is a guest's own is for no cache to keep.
    let own = OpenApiRouter::new()
        .routes(routes!(create::create, reservation::list))
        .routes(routes!(reservation::my))
        .routes(routes!(reservation::get, change::change))
        .routes(routes!(action::confirm))
        .routes(routes!(action::seat))
        .routes(routes!(action::complete))
        .routes(routes!(action::no_show))
        .routes(routes!(action::cancel))
        .layer(axum::middleware::map_response(http::private));
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(own)
        .routes(routes!(availability::tables))
        .routes(routes!(availability::slots))
        .routes(routes!(table::list, table::create))
        .routes(routes!(table::get, table::replace, table::remove))
}

fn complete(mut api: OpenApi) -> OpenApi {
    chassis::http::openapi::complete(&mut api, None, &http::problems());
    http::example::add(&mut api);
    api
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    complete(routes().into_openapi())
}

fn router(state: AppState) -> (Router, OpenApi) {
    let (router, api) = routes().split_for_parts();
    (router.with_state(state), complete(api))
}

/// Runs the service until `shutdown`.
///
/// # Errors
/// Where the key set cannot be used, the database refuses, or a migration fails.
pub async fn serve(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let service = Service::new("reservation", &config.service)?;
    let (router, api) = router(AppState::new(service.clone(), config.house));
    let (pool, stop) = (service.pool.clone(), shutdown.clone());
    let prepare = async move {
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                if let Err(error) = store::idempotency::forget(&pool).await {
                    tracing::debug!(%error, "old answers were not removed");
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(SWEEP) => {}
                }
            }
        });
        Ok(())
    };
    let consumers = vec![events::guest_directory()];
    let parts = Parts { router, api, migrator: &MIGRATOR, prepare, consumers, caching: Caching::ByHandler };
    service.run(parts, listener, shutdown).await
}

/// The command line's settings, for the documentation.
pub fn command() -> clap::Command {
    use clap::Args as _;
    config::ServeArgs::augment_args(clap::Command::new("reservation"))
}
