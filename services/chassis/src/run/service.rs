//! A service from start to end: its parts, in the order in which they begin and end.

use std::time::Duration;

use axum::Router;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

use crate::events::inbox::{Consumer, forget_processed_events};
use crate::events::outbox::{Outbox, Relay};
use crate::http::identity::{PAGES_AUDIENCE, Verifier};
use crate::http::pages::{Browsers, ErrorPages};
use crate::http::path::Paths;
use crate::http::{Caching, Surroundings, openapi, surround};
use crate::run::config::Settings;
use crate::run::database;
use crate::run::metrics::Metrics;
use crate::run::readiness::{Probes, Readiness};
use crate::run::server::{DRAIN, Server};
use crate::run::shutdown::Shutdown;
use crate::run::tasks::{Task, Tasks};

pub use crate::run::error::StartError;

/// How much longer than it takes to drain the server may take to end.
const SERVER: Duration = DRAIN.saturating_add(Duration::from_secs(2));
/// How long the relay may take to publish what is left, and to end.
const RELAY: Duration = Duration::from_secs(7);
/// How much longer the in-process broker is read: what the other services of the process publish as they stop is gone with it.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long the other tasks may take to end.
const BACKGROUND: Duration = Duration::from_secs(5);
/// How long the database may take to let its connections go.
const FAREWELL: Duration = Duration::from_secs(3);
/// How often what is no longer needed is removed from the database.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// The parts that every service has.
#[derive(Clone)]
pub struct Service {
    /// The service's name.
    pub name: &'static str,
    /// Its database.
    pub pool: PgPool,
    /// Who verifies tokens.
    pub verifier: Verifier,
    /// Who verifies sessions on pages.
    pub sessions: Verifier,
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
    /// What must be done, once the database is there, before requests are answered. It begins nothing that goes on afterwards.
    pub prepare: P,
    /// What it hears from other services.
    pub consumers: Vec<Consumer>,
    /// What it does in the background from when it is prepared until it stops.
    pub tasks: Vec<Task>,
    /// What caches may keep.
    pub caching: Caching,
    /// What browsers read of failures, where the service has pages.
    pub pages: Option<ErrorPages>,
}

impl Service {
    /// The parts, none of which has connected to anything yet.
    ///
    /// # Errors
    /// Where the public key set cannot be used.
    pub fn new(name: &'static str, settings: &Settings) -> Result<Self, StartError> {
        let verify = |audience| Verifier::new(settings.public_keys.clone(), &settings.issuer, audience);
        let (verifier, sessions) = (verify(&settings.audience)?, verify(PAGES_AUDIENCE)?);
        Ok(Self {
            name,
            pool: database::pool(settings.database.clone().application_name(name), settings.max_connections),
            verifier,
            sessions,
            metrics: Metrics::new(name),
            outbox: Outbox::default(),
            readiness: Readiness::default(),
            settings: settings.clone(),
        })
    }

    /// Runs until `shutdown`: answers probes from the first moment, requests once the database is there and migrated.
    /// At the end requests in flight finish, then the relay publishes what is left, then the other tasks stop, then the database is let
    /// go. Each of these has a bound.
    ///
    /// # Errors
    /// What time does not mend: a database that refuses, a migration that fails, a background task that ends by itself.
    pub async fn run<P>(self, parts: Parts<P>, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError>
    where
        P: Future<Output = Result<(), StartError>> + Send + 'static,
    {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(service = self.name, %address, "listening");
        }
        let observer = database::observer(self.settings.database.clone().application_name("observer"));
        let server = self.server((parts.router, parts.api), parts.caching, parts.pages, observer.clone());
        let (mut requests, mut relay, mut background) = (Tasks::default(), Tasks::default(), Tasks::default());
        requests.spawn(Task::new("server", |stop| server.run(listener, stop)));

        let mut outcome = tokio::select! {
            started = self.start(parts.migrator, parts.prepare) => started,
            error = requests.failure() => Err(error),
            () = shutdown.cancelled() => Ok(()),
        };
        if outcome.is_ok() && !shutdown.is_cancelled() {
            relay.spawn(Task::new("relay", {
                let relay = self.relay();
                |stop| relay.run(stop)
            }));
            for task in self.tasks(parts.consumers).chain(parts.tasks) {
                background.spawn(task);
            }
            self.readiness.begin();
            tracing::info!(service = self.name, "ready");
            outcome = tokio::select! {
                () = shutdown.cancelled() => Ok(()),
                error = requests.failure() => Err(error),
                error = relay.failure() => Err(error),
                error = background.failure() => Err(error),
            };
        }

        self.readiness.drain();
        if let Err(error) = &outcome {
            tracing::error!(service = self.name, %error, "the service ends");
        }
        let consumed = !background.is_empty();
        outcome = outcome.and(requests.stop(SERVER).await);
        outcome = outcome.and(relay.stop(RELAY).await);
        if self.settings.kafka.in_process && consumed {
            tokio::time::sleep(LAST_WORDS).await;
        }
        outcome = outcome.and(background.stop(BACKGROUND).await);
        let farewell = async { tokio::join!(self.pool.close(), observer.close()) };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!(service = self.name, "the database did not let its connections go within {} s", FAREWELL.as_secs());
        }
        outcome
    }

    fn server(&self, (router, api): (Router, OpenApi), caching: Caching, pages: Option<ErrorPages>, observer: PgPool) -> Server {
        let browsers = pages.map(|pages| Browsers::new(pages, api.paths.paths.keys()));
        let paths = Paths::new(api.paths.paths.keys());
        let probes =
            Probes { readiness: self.readiness.clone(), metrics: self.metrics.clone(), pool: observer, requests: self.pool.clone() };
        let surroundings = Surroundings {
            metrics: self.metrics.clone(),
            verifier: self.verifier.clone(),
            readiness: self.readiness.clone(),
            caching,
            max_requests: self.settings.limits.requests,
            origins: &self.settings.cors_origins,
            browsers,
        };
        let router = surround(router.merge(openapi::routes(api)).merge(probes.routes()), surroundings);
        Server { router, paths, max_connections: self.settings.limits.connections }
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

    /// What every service does in the background.
    fn tasks(&self, consumers: Vec<Consumer>) -> impl Iterator<Item = Task> {
        let (kafka, pool, metrics) = (self.settings.kafka.clone(), self.pool.clone(), self.metrics.clone());
        let consumers = consumers.into_iter().map(move |consumer| {
            let (kafka, pool, metrics) = (kafka.clone(), pool.clone(), metrics.clone());
            Task::new(format!("consumer of {}", consumer.topic), |stop| consumer.run(kafka, pool, metrics, stop))
        });
        let pool = self.pool.clone();
        let inbox = Task::every("sweep of the inbox", SWEEP, move || {
            let pool = pool.clone();
            async move {
                if let Err(error) = forget_processed_events(&pool).await {
                    tracing::debug!(%error, "old events were not removed from the inbox");
                }
            }
        });
        let [keys, of_sessions] = [&self.verifier, &self.sessions].map(|verifier| {
            let verifier = verifier.clone();
            Task::new("public keys", |stop| verifier.follow(stop))
        });
        consumers.chain([inbox, keys, of_sessions])
    }
}
