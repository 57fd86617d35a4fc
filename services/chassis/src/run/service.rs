//! A service from start to end: its parts, in the order in which they begin and end.

use std::future::IntoFuture as _;
use std::process::ExitCode;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, ServiceExt};
use http::{StatusCode, header};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use utoipa::openapi::OpenApi;

use crate::events::inbox::{Consumer, forget_processed_events};
use crate::events::outbox::{Outbox, Relay};
use crate::http::identity::{KeySetError, Verifier};
use crate::http::{Caching, Readiness, Surroundings, TrailingSlash, surround};
use crate::run::config::{Settings, Unusable};
use crate::run::database;
use crate::run::metrics::Metrics;
use crate::run::shutdown::Shutdown;

/// How long requests in flight may take to finish once the service is told to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// How much longer the in-process broker is read: what the other services of the process publish as they stop is gone with it.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often what is no longer needed is removed from the database.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// Why a service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that are missing or malformed.
    #[error(transparent)]
    Configuration(#[from] Unusable),
    /// The public key set.
    #[error(transparent)]
    Keys(#[from] KeySetError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}; LISTEN_ADDRESS (--listen-address) chooses another address")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// The database refuses.
    #[error("the database refuses: {0}; check DATABASE_URL")]
    Database(#[from] sqlx::Error),
    /// A migration failed.
    #[error("the database cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Something else, in a sentence.
    #[error("{0}")]
    Other(String),
}

/// The parts that every service has.
#[derive(Clone)]
pub struct Service {
    /// The service's name: `auth`, `menu` or `reservation`.
    pub name: &'static str,
    /// Its database.
    pub pool: PgPool,
    /// Who verifies tokens.
    pub verifier: Verifier,
    /// Where it counts.
    pub metrics: Metrics,
    /// The way out for events.
    pub outbox: Outbox,
    readiness: Readiness,
    settings: Settings,
}

/// What is the service's own.
pub struct Parts<P> {
    /// The routes.
    pub router: Router,
    /// Their description.
    pub api: OpenApi,
    /// The schema of the database.
    pub migrator: &'static Migrator,
    /// What must be done, once the database is there, before requests are answered.
    pub prepare: P,
    /// What it hears from other services.
    pub consumers: Vec<Consumer>,
    /// What caches may keep.
    pub caching: Caching,
}

impl Service {
    /// The parts, none of which has connected to anything yet.
    ///
    /// # Errors
    /// Where the public key set cannot be used.
    pub fn new(name: &'static str, settings: &Settings) -> Result<Self, StartError> {
        let verifier = Verifier::new(settings.public_keys.clone(), &settings.issuer, &settings.audience)?;
        Ok(Self {
            name,
            pool: database::pool(settings.database.clone().application_name(name), settings.max_connections),
            verifier,
            metrics: Metrics::new(name),
            outbox: Outbox::default(),
            readiness: Readiness::default(),
            settings: settings.clone(),
        })
    }

    /// Runs until `shutdown`: answers probes from the first moment, requests once the database is there and migrated.
    /// At the end requests in flight finish, then the relay publishes what is left, then the consumers stop, then the database is let
    /// go.
    ///
    /// # Errors
    /// What time does not mend: a database that refuses, a migration that fails.
    pub async fn run<P>(self, parts: Parts<P>, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError>
    where
        P: Future<Output = Result<(), StartError>> + Send + 'static,
    {
        let slashes = TrailingSlash::new(parts.api.paths.paths.keys());
        let router = parts.router.merge(crate::http::openapi::routes(parts.api)).merge(probes(self.clone(), parts.migrator));
        let surroundings = Surroundings {
            metrics: self.metrics.clone(),
            verifier: self.verifier.clone(),
            readiness: self.readiness.clone(),
            caching: parts.caching,
        };
        let router = surround(router, surroundings, &self.settings.cors_origins);
        let app = tower::util::MapRequest::new(router, move |request: Request| slashes.normalize(request));

        if let Ok(address) = listener.local_addr() {
            tracing::info!(service = self.name, %address, "listening");
        }
        let end_of_requests = shutdown.child_token();
        let server = axum::serve(
            axum::serve::ListenerExt::tap_io(listener, |stream| {
                // Responses are small and whole; Nagle's algorithm would only delay them.
                let _ = stream.set_nodelay(true);
            }),
            ServiceExt::<Request>::into_make_service(app),
        );
        let server = tokio::spawn(server.with_graceful_shutdown(end_of_requests.clone().cancelled_owned()).into_future());

        let (end_of_relay, end_of_consumers, mut relay, mut consumers) = (Shutdown::new(), Shutdown::new(), JoinSet::new(), JoinSet::new());
        let started = self.start(parts.migrator, parts.prepare);
        let outcome = tokio::select! {
            started = started => started,
            () = shutdown.cancelled() => Ok(()),
        };
        if outcome.is_ok() && !shutdown.is_cancelled() {
            self.readiness.set();
            tracing::info!(service = self.name, "ready");
            for consumer in parts.consumers {
                consumers.spawn(consumer.run(
                    self.settings.kafka.clone(),
                    self.pool.clone(),
                    self.metrics.clone(),
                    end_of_consumers.clone(),
                ));
            }
            consumers.spawn(sweep(self.pool.clone(), end_of_consumers.clone()));
            relay.spawn(self.relay().run(end_of_relay.clone()));
            shutdown.cancelled().await;
        }
        end_of_requests.cancel();
        if tokio::time::timeout(DRAIN, server).await.is_err() {
            tracing::warn!(service = self.name, "requests in flight did not finish within {} s and are cut off", DRAIN.as_secs());
        }
        end_of_relay.cancel();
        while relay.join_next().await.is_some() {}
        if self.settings.kafka.in_process && !consumers.is_empty() {
            tokio::time::sleep(LAST_WORDS).await;
        }
        end_of_consumers.cancel();
        while consumers.join_next().await.is_some() {}
        self.pool.close().await;
        outcome
    }

    async fn start(&self, migrator: &Migrator, prepare: impl Future<Output = Result<(), StartError>>) -> Result<(), StartError> {
        database::wait(&self.pool).await?;
        if self.settings.migrate {
            database::migrate(&self.pool, migrator).await?;
        } else {
            let mut said = false;
            while !database::is_migrated(&self.pool, migrator).await? {
                if !std::mem::replace(&mut said, true) {
                    tracing::info!(service = self.name, "waiting for `{} migrate`", self.name);
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        prepare.await
    }

    fn relay(&self) -> Relay {
        Relay {
            service: self.name,
            database: self.settings.database.clone(),
            kafka: self.settings.kafka.clone(),
            outbox: self.outbox.clone(),
            metrics: self.metrics.clone(),
        }
    }
}

/// `/healthz`, `/readyz` and `/metrics`. The broker's absence does not make a service unready: events wait in the outbox.
fn probes(service: Service, migrator: &'static Migrator) -> Router {
    let readyz = move |State(service): State<Service>| async move {
        let ready = service.readiness.get()
            && matches!(tokio::time::timeout(Duration::from_secs(1), database::is_migrated(&service.pool, migrator)).await, Ok(Ok(true)));
        if ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
    };
    let metrics = |State(service): State<Service>| async move {
        let text = tokio::time::timeout(Duration::from_secs(5), service.metrics.render(&service.pool)).await;
        match text {
            Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response() as Response,
        }
    };
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(service)
}

async fn sweep(pool: PgPool, stop: Shutdown) {
    loop {
        if let Err(error) = forget_processed_events(&pool).await {
            tracing::debug!(%error, "old events were not removed from the inbox");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// Listens on the configured address.
///
/// # Errors
/// Where it is taken or not allowed, with what to do about it.
pub async fn listen(settings: &Settings) -> Result<TcpListener, StartError> {
    TcpListener::bind(settings.listen).await.map_err(|error| StartError::Listen(settings.listen, error))
}

/// Migrates the database and returns: for a job that runs before the service.
///
/// # Errors
/// Where the database refuses or a migration fails.
pub async fn migrate(
    args: &crate::run::config::DatabaseArgs,
    log: &crate::run::config::LogArgs,
    migrator: &Migrator,
) -> Result<(), StartError> {
    let mut problems = crate::run::config::Problems::default();
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

/// Runs a command of a service to its end, and says what went wrong on standard error.
pub fn main(command: impl Future<Output = Result<(), StartError>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
