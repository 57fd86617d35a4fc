//! What is measured: the three services, each a process, on one PostgreSQL whose commits are durable, and the broker of this process.

use std::path::{Path, PathBuf};
use std::process::Command;

use auth::{TOKEN_LIFETIME, keys};
use chassis::http::identity::{Claims, PAGES_AUDIENCE, Role};
use chassis::run::config::ISSUER;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use local::broker::{Broker, Topics};
use local::postgres::{Binaries, Options, Search, Server};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use crate::Result;
use crate::client::Client;
use crate::service::{Programs, Service};

/// How far ahead the restaurant takes bookings, in days: so far that there is room for all that are made.
pub(crate) const DAYS_AHEAD: i64 = 3650;
/// The cost of a hash: the services' default.
pub(crate) const BCRYPT_COST: u32 = 12;
/// The connections that a service opens at most: as many as pgbench has clients, at the most.
const CONNECTIONS: u32 = 32;
/// The administrator.
pub(crate) const ADMIN: (&str, &str) = ("admin@restaurant.com", "Admin123!");

/// The file of the keys that sign links, among the keys.
const LINK_KEYS: &str = "link-keys";

/// Everything that runs, in the order in which it ends.
pub(crate) struct Platform {
    pub(crate) broker: Broker,
    pub(crate) postgres: Server,
    pub(crate) binaries: Binaries,
    pub(crate) programs: Programs,
    keys: PathBuf,
    signing_key: EncodingKey,
    header: Header,
    // After the server, whose data is in it.
    home: tempfile::TempDir,
}

impl Platform {
    /// PostgreSQL with empty databases, and the broker.
    pub(crate) async fn prepare(programs: Programs) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("load-").tempdir()?;
        open(home.path())?;
        let keys = home.path().join("keys");
        keys::generate(&keys, false)?;
        reservation::link::generate(&keys.join(LINK_KEYS), false)?;
        let set: serde_json::Value = serde_json::from_slice(&std::fs::read(keys.join(keys::KEY_SET))?)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = set["keys"][0]["kid"].as_str().map(str::to_owned);
        let signing_key = EncodingKey::from_ed_pem(&std::fs::read(keys.join(keys::PRIVATE_KEY))?)?;

        let binaries = Search::from_environment().find(None).await?;
        let postgres = Server::start(&binaries, home.path(), &Options::kept()).await?;
        for database in ["auth", "menu", "reservation", "pgbench"] {
            postgres.create_database(database).await?;
        }
        let broker = Broker::embedded(&Topics::default())?;
        Ok(Self { broker, postgres, binaries, programs, keys, signing_key, header, home })
    }

    /// Where files may be put.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts a service on a database and with an environment of its own, without waiting for it.
    fn launch(&self, name: &str, database: &str, environment: &[(&str, String)]) -> Result<Service> {
        let mut command = Command::new(self.programs.path(name));
        command
            .arg("serve")
            .env("DATABASE_URL", self.postgres.url(database))
            .env("DATABASE_MAX_CONNECTIONS", CONNECTIONS.to_string())
            .env("KAFKA_BOOTSTRAP_SERVERS", self.broker.bootstrap_servers())
            .env("JWT_PUBLIC_KEYS_FILE", self.keys.join(keys::KEY_SET))
            .env("LINK_KEY_FILE", self.keys.join(LINK_KEYS))
            .env("GUEST_BOOKINGS_PER_HOUR", "0")
            .env("JWT_PRIVATE_KEY_FILE", self.keys.join(keys::PRIVATE_KEY))
            .env("ADMIN_EMAIL", ADMIN.0)
            .env("ADMIN_PASSWORD", ADMIN.1)
            .env("BCRYPT_COST", BCRYPT_COST.to_string())
            .env("MAX_DAYS_AHEAD", DAYS_AHEAD.to_string());
        for (variable, value) in environment {
            command.env(variable, value);
        }
        Service::launch(command, &self.home().join(format!("{name}.log")), |command, address| {
            command.env("LISTEN_ADDRESS", address.to_string());
        })
    }

    /// Starts a service and waits until it is ready.
    pub(crate) async fn start(&self, name: &str) -> Result<Service> {
        self.start_with(name, name, &[]).await
    }

    /// The same, on a database and with an environment of its own.
    pub(crate) async fn start_with(&self, name: &str, database: &str, environment: &[(&str, String)]) -> Result<Service> {
        let service = self.launch(name, database, environment)?;
        service.ready("/readyz").await.map_err(|error| format!("{name}: {error}"))?;
        Ok(service)
    }

    /// A token of a user.
    pub(crate) fn token(&self, user_id: usize, role: Role) -> Result<String> {
        self.sign(user_id, role, ISSUER)
    }

    /// A session of a user on pages.
    pub(crate) fn session(&self, user_id: usize, role: Role) -> Result<String> {
        self.sign(user_id, role, PAGES_AUDIENCE)
    }

    fn sign(&self, user_id: usize, role: Role, audience: &str) -> Result<String> {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            sub: user_id.to_string(),
            role,
            iss: ISSUER.to_owned(),
            aud: audience.to_owned(),
            iat: now,
            exp: now + TOKEN_LIFETIME,
            password_change_required: false,
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.signing_key)?)
    }

    /// How to connect to a database.
    pub(crate) fn database(&self, name: &str) -> PgConnectOptions {
        self.postgres.connect_options(name)
    }

    /// A connection to a database, on which statements may take their time.
    pub(crate) async fn connect(&self, name: &str) -> Result<PgConnection> {
        Ok(self.database(name).disable_statement_logging().connect().await?)
    }

    /// A client that has logged in by nothing but its token, for what must succeed.
    pub(crate) async fn post(&self, client: &mut Client, path: &str, token: Option<&str>, body: &str) -> Result<Vec<u8>> {
        client.expect(&crate::client::request("POST", path, token, Some(body))).await
    }
}

/// Lets the account that the server runs as, which may be another one, reach what is in the directory.
fn open(directory: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o711))?;
    Ok(())
}
