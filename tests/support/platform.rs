//! The services in this process, each on a database of its own.

use std::time::Duration;

use auth::config::{Administrator, Bcrypt};
use chassis::Shutdown;
use chassis::http::identity::Role;
use chassis::run::config::{ISSUER, Kafka, Limits, Security, Settings};
use reservation::config::Restaurant;
use reservation::mail::settings::{MailSettings, Server, Way};
use site::settings::Site;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::broker::Broker;
use crate::{database, token};

/// The e-mail address of the first administrator.
pub const ADMIN_EMAIL: &str = "admin@restaurant.com";
/// The password of the first administrator.
pub const ADMIN_PASSWORD: &str = "Admin123!";

/// What a test wants to run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which of `auth`, `menu` and `reservation`.
    pub services: Vec<&'static str>,
    /// The rules of the house.
    pub restaurant: Restaurant,
    /// The broker, where it is not one of the test's own.
    pub kafka: Option<Kafka>,
    /// The origins whose pages may call.
    pub origins: Vec<http::HeaderValue>,
    /// How many replicas of each service.
    pub replicas: usize,
    /// How mail is sent, where it is.
    pub mail: Option<MailSettings>,
    /// How the restaurant presents itself; browsers then reach each service where its first replica listens.
    pub site: Option<Site>,
}

impl Setup {
    /// One service.
    pub fn only(service: &'static str) -> Self {
        Self { services: vec![service], ..Self::default() }
    }
}

impl Default for Setup {
    fn default() -> Self {
        // Most tests book as one user, and more than a guest may.
        let restaurant = Restaurant { limits: reservation::config::Limits::NONE, guests_per_hour: 0, ..Restaurant::default() };
        Self {
            services: vec!["auth", "menu", "reservation"],
            restaurant,
            kafka: None,
            origins: Vec::new(),
            replicas: 1,
            mail: None,
            site: None,
        }
    }
}

/// A running platform. It ends when it is dropped, or in order with [`Platform::stop`].
pub struct Platform {
    /// The broker, where it is the test's own.
    pub broker: Option<Broker>,
    /// The broker, as clients are told of it.
    pub kafka: Kafka,
    databases: Vec<(&'static str, PgConnectOptions)>,
    replicas: Vec<(&'static str, String)>,
    mail: Option<MailSettings>,
    site: Site,
    /// Where services are to listen that do not run yet.
    listeners: Vec<(&'static str, TcpListener)>,
    client: Api,
    shutdown: Shutdown,
    running: JoinSet<()>,
}

/// The broker of a test's own, as the services are told of it.
pub fn kafka(bootstrap_servers: &str) -> Kafka {
    Kafka { bootstrap_servers: bootstrap_servers.to_owned(), prefix: String::new(), security: Security::default(), in_process: true }
}

/// Settings of a service for a test, on this database and broker.
pub fn settings(database: PgConnectOptions, kafka: Kafka) -> Settings {
    Settings {
        listen: Some(([127, 0, 0, 1], 0).into()),
        database,
        limits: Limits::default(),
        max_connections: 8,
        migrate: true,
        kafka,
        public_keys: token::public_keys_file(),
        issuer: ISSUER.to_owned(),
        audience: ISSUER.to_owned(),
        cors_origins: Vec::new(),
    }
}

impl Platform {
    /// Starts what the test wants, and waits until it is ready.
    pub async fn start(setup: Setup) -> Self {
        let broker = setup.kafka.is_none().then(Broker::start);
        let kafka = setup.kafka.clone().unwrap_or_else(|| kafka(&broker.as_ref().expect("a broker").bootstrap_servers));
        let mut databases = Vec::new();
        for service in &setup.services {
            databases.push((*service, database::migrated(service).await));
        }
        let mut platform = Self {
            broker,
            kafka,
            databases,
            replicas: Vec::new(),
            mail: setup.mail.clone(),
            site: Site::default(),
            listeners: Vec::new(),
            client: Api::new(""),
            shutdown: Shutdown::new(),
            running: JoinSet::new(),
        };
        if let Some(site) = setup.site.clone() {
            platform.site = site;
            for service in &setup.services {
                platform.reserve(service).await;
            }
        }
        for (service, options) in platform.databases.clone() {
            for _ in 0..setup.replicas {
                let settings = Settings { cors_origins: setup.origins.clone(), ..settings(options.clone(), platform.kafka.clone()) };
                platform.add(service, settings, &setup.restaurant).await;
            }
        }
        for (_, base) in &platform.replicas {
            ready(base).await;
        }
        platform
    }

    /// Finds a port for the first replica of a service, and has all of them know it.
    async fn reserve(&mut self, service: &'static str) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        match service {
            "auth" => self.site.auth_url = base,
            "menu" => self.site.menu_url = base,
            _ => self.site.reservation_url = base,
        }
        self.listeners.push((service, listener));
    }

    /// Adds a replica of a service, without waiting until it is ready; its base URL.
    pub async fn add(&mut self, service: &'static str, settings: Settings, restaurant: &Restaurant) -> String {
        let listener = match self.listeners.iter().position(|(name, _)| *name == service) {
            Some(place) => self.listeners.remove(place).1,
            None => TcpListener::bind(settings.listen.expect("an address")).await.expect("a port"),
        };
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (restaurant, mail, site, shutdown) = (restaurant.clone(), self.mail.clone(), self.site.clone(), self.shutdown.clone());
        self.running.spawn(async move {
            let ended = match service {
                "auth" => auth::serve(auth::Config { site, ..auth_config(settings) }, listener, shutdown).await,
                "menu" => menu::serve(menu::Config { service: settings, site }, listener, shutdown).await,
                _ => {
                    let config = reservation::config::Config { mail, site, ..reservation_config(settings, restaurant) };
                    reservation::serve(config, listener, shutdown).await
                }
            };
            ended.unwrap_or_else(|error| panic!("{service}: {error}"));
        });
        self.replicas.push((service, base.clone()));
        base
    }

    /// Adds a service on this database that presents itself in this way, and waits until it is ready; its base URL.
    pub async fn add_with(&mut self, service: &'static str, site: Site, database: PgConnectOptions) -> String {
        let site = std::mem::replace(&mut self.site, site);
        let base = self.add(service, settings(database, self.kafka.clone()), &Restaurant::default()).await;
        self.site = site;
        ready(&base).await;
        base
    }

    /// The base URL of a service.
    pub fn base(&self, service: &str) -> &str {
        self.bases(service)[0]
    }

    /// The base URLs of a service's replicas.
    pub fn bases(&self, service: &str) -> Vec<&str> {
        self.replicas.iter().filter(|(name, _)| *name == service).map(|(_, base)| base.as_str()).collect()
    }

    /// A client without a token.
    pub fn anyone(&self, service: &str) -> Api {
        self.client.at(self.base(service))
    }

    /// A client with the token of a user.
    pub fn user(&self, service: &str, user_id: i32) -> Api {
        self.anyone(service).with_token(token::token(user_id, Role::User))
    }

    /// A client with the token of an administrator.
    pub fn admin(&self, service: &str) -> Api {
        self.anyone(service).with_token(token::token(1, Role::Admin))
    }

    /// How to connect to the database of a service.
    pub fn database(&self, service: &str) -> PgConnectOptions {
        self.databases.iter().find(|(name, _)| *name == service).map(|(_, options)| options.clone()).expect("the service's database")
    }

    /// Connections to the database of a service.
    pub fn pool(&self, service: &str) -> PgPool {
        database::pool(self.database(service))
    }

    /// Stops in order: requests finish, events are published, the databases are let go.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.expect("a service that ends in order");
        }
    }
}

/// Mail that is written and waits: nobody listens at the port of its server.
pub fn mail_that_waits() -> MailSettings {
    let way = Way::Smtp(Server::new("smtp://127.0.0.1:9"));
    MailSettings { way, ..MailSettings::to_directory(std::path::PathBuf::new(), &Site::default()) }
}

/// Settings of reservation for a test: behind one proxy.
pub fn reservation_config(service: Settings, restaurant: Restaurant) -> reservation::config::Config {
    let site = Site::default();
    reservation::config::Config { service, restaurant, house: None, link_keys: Some(token::link_key_file()), site, mail: None, hops: 1 }
}

/// Settings of auth for a test: the least cost, so that hashing takes no longer than it must.
pub fn auth_config(settings: Settings) -> auth::Config {
    auth::Config {
        service: settings,
        private_key: token::private_key_file(),
        administrator: Some(Administrator::new(ADMIN_EMAIL, ADMIN_PASSWORD).expect("an administrator")),
        bcrypt: Bcrypt { cost: 10, ..Bcrypt::default() },
        site: Site::default(),
    }
}

/// Waits until the service at this base URL is ready.
pub async fn ready(base: &str) {
    let api = Api::new(base);
    eventually("a service that is ready", async || api.get("/readyz").await.status == 200).await;
}

/// Waits until something holds, for 20 s at most.
#[track_caller]
pub fn eventually(what: &str, holds: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let what = what.to_owned();
    async move {
        for _ in 0..2000 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited 20 s in vain for {what}");
    }
}
