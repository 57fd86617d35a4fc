//! The whole platform in this process, started and stopped as one.

mod error;
mod setup;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::keys;
use chassis::Shutdown;
use chassis::run::config::{ISSUER, Kafka, Limits, Problems, Security, Settings};
use http::HeaderValue;
use reservation::mail::settings::{MailArgs, MailSettings};
use site::settings::Site;
use sqlx::postgres::PgConnectOptions;

pub use error::Error;
pub use setup::{Service, Setup};

use crate::administrator::{Administrator, Credentials};
use crate::broker::Broker;
use crate::data::{self, Data};
use crate::databases;
use crate::platform::{self, COUNT, Given, SERVICES};
use crate::ports::{Listeners, Ports};
use crate::postgres::{self, Options, Search, Server};
use crate::services::Services;

/// The file of the keys that sign the links of bookings, among the secrets.
const LINK_KEYS: &str = "link-keys";

/// Connections that PostgreSQL of our own has beside those of the services, for whoever looks into the databases.
const SPARE_CONNECTIONS: u32 = 20;

/// Between two looks whether our server still runs.
const WATCH: Duration = Duration::from_secs(1);

/// The running platform. [`Stack::stop`] ends it in order; dropping it cuts requests off.
pub struct Stack {
    // In the order in which they end.
    services: Services,
    broker: Broker,
    server: Option<Server>,
    data: Data,
    postgres: PgConnectOptions,
    administrator: Administrator,
    ports: Ports,
    restaurant: String,
}

impl Stack {
    /// Starts everything, and waits until all services are ready. Where `stop` is cancelled
    /// meanwhile, what has started is stopped again.
    ///
    /// # Errors
    /// Why it does not run, and what to do about it; [`Error::Interrupted`] where it was stopped.
    pub async fn start(setup: Setup, stop: &Shutdown) -> Result<Self, Error> {
        let mut step = Step::first();
        // Before anything is deleted or made; that another instance has the data is told first,
        // since it has the ports too.
        let listeners = Listeners::bind(setup.ports).await;
        let (place, reset) = (setup.place.clone(), setup.reset && listeners.is_ok());
        let data = blocking(move || if reset { Data::open_anew(&place) } else { Data::open(&place) }).await?;
        let listeners = listeners?;
        keys::generate(&data.secrets()?, false)?;
        reservation::link::generate(&data.secrets()?.join(LINK_KEYS), false)?;
        let fresh = match setup.postgres {
            None => postgres::major(data.path())?.is_none(),
            Some(_) => data.is_ephemeral(),
        };
        let administrator = Administrator::of(&data, fresh, &setup.administrator)?;
        if administrator.credentials != setup.administrator && setup.administrator != Credentials::default() {
            eprintln!("The administrator was made at an earlier start: another e-mail address or password is of no effect now.");
        }
        step.done("ports, data directory and keys");

        // Both to their end, since dropping the start of a server would leave it to its own devices.
        let (broker, database) = tokio::join!(broker(&setup), database(&setup, &data, stop));
        let (broker, (server, postgres)) = (broker?, database?);
        step.done("broker, PostgreSQL and its databases");

        let ports = listeners.ports;
        let (given, settings) = told(&setup, &administrator, &data, &postgres, &broker, ports)?;
        let services = Services::start(&given, settings, listeners);
        let mut stack = Self { services, broker, server, data, postgres, administrator, ports, restaurant: setup.site.name };
        let ready = tokio::select! {
            ready = stack.services.ready() => ready.map_err(Error::from),
            () = stop.cancelled() => Err(Error::Interrupted),
        };
        if let Err(error) = ready {
            // What went wrong first is what is told.
            let _ = stack.stop().await;
            return Err(error);
        }
        step.done("services");
        Ok(stack)
    }

    /// Waits until a part of it ends by itself, which is a reason to stop the others.
    pub async fn failure(&mut self) -> Error {
        let server = &self.server;
        let lost = async {
            loop {
                tokio::time::sleep(WATCH).await;
                if let Some(error) = server.as_ref().and_then(Server::loss) {
                    return error;
                }
            }
        };
        tokio::select! {
            error = self.services.failure() => error.into(),
            error = lost => error.into(),
        }
    }

    /// Stops in order: requests in flight finish and each outbox is emptied, all services side by
    /// side; then the broker ends, and then PostgreSQL, which writes everything down.
    ///
    /// # Errors
    /// The first part that did not end in order. The others are stopped all the same.
    pub async fn stop(self) -> Result<(), Error> {
        let mut step = Step::first();
        let Self { services, broker, server, data, .. } = self;
        let services = services.stop().await;
        step.done("services are stopped");
        blocking(move || drop(broker)).await;
        step.done("broker is stopped");
        let server = match server {
            Some(server) => server.stop().await,
            None => Ok(()),
        };
        step.done("PostgreSQL is stopped");
        // It may be a temporary one, which is removed.
        blocking(move || drop(data)).await;
        services?;
        Ok(server?)
    }

    /// The restaurant's name.
    #[must_use]
    pub fn restaurant(&self) -> &str {
        &self.restaurant
    }

    /// The ports of the services, as they are.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The administrator who was made at the first start.
    #[must_use]
    pub fn administrator(&self) -> &Administrator {
        &self.administrator
    }

    /// Where data is kept.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The directory in which mail to guests is written.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.data.path().join(data::MAIL)
    }

    /// The broker.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The PostgreSQL server, where it is ours.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// How to connect to one of the [`databases`](databases::names), or to another one on their server.
    #[must_use]
    pub fn database(&self, name: &str) -> PgConnectOptions {
        self.postgres.clone().database(name)
    }
}

/// Runs what blocks its thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn broker(setup: &Setup) -> Result<Broker, Error> {
    if let Some(servers) = &setup.kafka {
        return Ok(Broker::external(servers));
    }
    let topics = setup.topics.clone();
    Ok(blocking(move || Broker::embedded(&topics)).await?)
}

/// The server with the services' databases, ours or the one elsewhere, and how to connect to it.
async fn database(setup: &Setup, data: &Data, stop: &Shutdown) -> Result<(Option<Server>, PgConnectOptions), Error> {
    if let Some(options) = &setup.postgres {
        tokio::select! {
            created = databases::create_elsewhere(options) => created?,
            () = stop.cancelled() => return Err(Error::Interrupted),
        }
        return Ok((None, options.clone()));
    }
    let mut step = Step::first();
    let major = postgres::major(data.path())?;
    let search = Search::from_environment();
    let binaries = tokio::select! {
        found = search.find(major) => found?,
        () = stop.cancelled() => return Err(Error::Interrupted),
    };
    step.done("PostgreSQL's programs are found");
    if major.is_none() {
        let version = binaries.version();
        eprintln!("First start: making a PostgreSQL {version} database in {} (once, about a second) ...", data.path().display());
    }
    let mut options = if data.is_ephemeral() { Options::throw_away() } else { Options::kept() };
    let wanted: u32 = setup.services.iter().map(|service| service.max_connections).sum();
    options.max_connections = options.max_connections.max(wanted + SPARE_CONNECTIONS);
    let server = Server::start(&binaries, data.path(), &options).await?;
    step.done("PostgreSQL takes connections");
    let options = server.connect_options("postgres");
    databases::create(&options).await?;
    step.done("databases are there");
    Ok((Some(server), options))
}

/// What the services are told: all of them, and each.
fn told(
    setup: &Setup,
    administrator: &Administrator,
    data: &Data,
    postgres: &PgConnectOptions,
    broker: &Broker,
    ports: Ports,
) -> Result<(Given, [Settings; COUNT]), Error> {
    let secrets = data.secrets()?;
    let kafka = Kafka {
        bootstrap_servers: broker.bootstrap_servers().to_owned(),
        prefix: setup.topics.prefix.clone(),
        security: Security::default(),
        in_process: broker.is_embedded(),
    };
    let origins: Vec<HeaderValue> = ports.origins().filter_map(|origin| HeaderValue::try_from(origin).ok()).collect();
    let settings = SERVICES.each_ref().map(|service| {
        let own = &setup.services[platform::index(service.name)];
        Settings {
            listen: Some(([127, 0, 0, 1], ports.of(service.name)).into()),
            limits: Limits::default(),
            database: postgres.clone().database(service.database),
            max_connections: own.max_connections,
            migrate: true,
            kafka: kafka.clone(),
            public_keys: secrets.join(keys::KEY_SET),
            issuer: ISSUER.to_owned(),
            audience: ISSUER.to_owned(),
            cors_origins: origins.iter().chain(&own.origins).cloned().collect(),
        }
    });
    let Credentials { email, password } = &administrator.credentials;
    let site = Arc::new(site(setup, ports));
    let given = Given {
        private_key: secrets.join(keys::PRIVATE_KEY),
        administrator: auth::config::Administrator::new(email, password).map_err(|fault| Error::Administrator(fault.detail))?,
        bcrypt: setup.bcrypt.clone(),
        restaurant: setup.bookings.clone(),
        house: setup.house.clone(),
        link_keys: secrets.join(LINK_KEYS),
        mail: mail(setup, data.mail()?, &site),
        site,
    };
    Ok((given, settings))
}

/// How the restaurant presents itself to guests.
fn site(setup: &Setup, ports: Ports) -> Site {
    let url = |service: &str| format!("http://localhost:{}", ports.of(service));
    Site { auth_url: url("auth"), menu_url: url("menu"), reservation_url: url("reservation"), ..setup.site.clone() }
}

/// How mail to guests is written: into files of this directory.
fn mail(setup: &Setup, directory: PathBuf, site: &Site) -> MailSettings {
    // What cannot be used was told when the settings were checked.
    let args = MailArgs { mail_directory: Some(directory.clone()), ..setup.mail.clone() };
    args.check(site, &mut Problems::default()).unwrap_or_else(|| MailSettings::to_directory(directory, site))
}

/// Tells the log how long each step took.
struct Step(Instant);

impl Step {
    fn first() -> Self {
        Self(Instant::now())
    }

    fn done(&mut self, step: &str) {
        let now = Instant::now();
        let milliseconds = now.duration_since(std::mem::replace(&mut self.0, now)).as_millis();
        tracing::debug!(milliseconds, "{step}");
    }
}
