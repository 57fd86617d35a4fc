//! The settings that every service has: environment variables and flags alike, secrets also from files.

mod kafka;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use http::HeaderValue;
use sqlx::postgres::PgConnectOptions;

use crate::http::identity::PAGES_AUDIENCE;

pub use self::kafka::{ClientCertificate, Kafka, KafkaArgs, Mechanism, Sasl, Security, Tls};

/// All that is wrong with the settings, told at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

/// Settings that cannot be used: every one, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n  {}", .0.join("\n  "))]
pub struct Unusable(Vec<String>);

impl Problems {
    /// Notes what is wrong with a setting, by the name of its environment variable.
    pub fn add(&mut self, name: &str, what: impl Display) {
        self.0.push(format!("{name} (--{}): {what}", name.to_ascii_lowercase().replace('_', "-")));
    }

    /// A setting that must be there.
    pub fn required(&mut self, name: &str, value: Option<&str>, what: &str) -> String {
        match value.map(str::trim).filter(|value| !value.is_empty()) {
            Some(value) => value.to_owned(),
            None => {
                self.add(name, format!("is missing; {what}"));
                String::new()
            }
        }
    }

    /// A setting with a default, which must be what `expected` says.
    pub fn parse<T: FromStr>(&mut self, name: &str, value: Option<&str>, default: T, expected: &str) -> T {
        match value.map(str::trim).filter(|value| !value.is_empty()) {
            None => default,
            Some(text) => text.parse().unwrap_or_else(|_| {
                self.add(name, format!("is {text:?}; it must be {expected}"));
                default
            }),
        }
    }

    /// A whole number with a default, from `min` to `max`.
    pub fn number(&mut self, name: &str, value: Option<&str>, default: u32, min: u32, max: u32) -> u32 {
        let expected = format!("a whole number from {min} to {max}");
        let number = self.parse(name, value, default, &expected);
        if !(min..=max).contains(&number) {
            self.add(name, format!("is {number}; it must be {expected}"));
        }
        number
    }

    /// Where browsers reach a service: scheme, host and perhaps a port; on this machine, where nothing is given.
    pub fn public_url(&mut self, name: &str, value: Option<&str>, port: u16) -> String {
        let given = value.map(str::trim).filter(|value| !value.is_empty());
        let url = given.map_or_else(|| format!("http://localhost:{port}"), |url| url.trim_end_matches('/').to_owned());
        if !is_origin(&url) {
            self.add(name, format!("is {url:?}; it must be scheme://host or scheme://host:port, such as https://book.example.com"));
        }
        url
    }

    /// A secret, given as such or as the name of a file that holds it (whose trailing line break does not count).
    pub fn secret(&mut self, name: &str, value: Option<&str>, file: Option<&PathBuf>) -> Option<String> {
        match (value.filter(|value| !value.is_empty()), file) {
            (Some(_), Some(_)) => {
                self.add(name, format!("is given, and {name}_FILE too; give one of them"));
                None
            }
            (Some(value), None) => Some(value.to_owned()),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => {
                    self.add(&format!("{name}_FILE"), format!("{} cannot be read: {error}", file.display()));
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// Ends the check.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn finish(self) -> Result<(), Unusable> {
        if self.0.is_empty() { Ok(()) } else { Err(Unusable(self.0)) }
    }
}

/// Where the database is.
#[derive(Args, Clone, Debug, Default)]
pub struct DatabaseArgs {
    /// URL of the service's own PostgreSQL database (15 or newer), such as postgres://user:password@host:5432/auth_db?sslmode=require
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// File that holds DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// Connections that the service opens at most, 1 to 1000 [default: 10]
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", value_name = "N")]
    pub database_max_connections: Option<String>,
}

impl DatabaseArgs {
    /// Where to connect, and how many times at most.
    pub fn check(&self, problems: &mut Problems) -> (PgConnectOptions, u32) {
        let url = problems.secret("DATABASE_URL", self.database_url.as_deref(), self.database_url_file.as_ref());
        let file_is_at_fault = url.is_none() && self.database_url_file.is_some();
        let options = match url {
            _ if file_is_at_fault => PgConnectOptions::new_without_pgpass(),
            None => {
                problems.add("DATABASE_URL", "is missing; it must be a URL such as postgres://user:password@host:5432/database");
                PgConnectOptions::new_without_pgpass()
            }
            // The URL is not repeated: it may hold a password.
            Some(url) => url.parse().unwrap_or_else(|error| {
                problems.add("DATABASE_URL", format!("is not a URL such as postgres://user:password@host:5432/database: {error}"));
                PgConnectOptions::new_without_pgpass()
            }),
        };
        let connections = problems.number("DATABASE_MAX_CONNECTIONS", self.database_max_connections.as_deref(), 10, 1, 1000);
        (options, connections)
    }
}

/// How the log is written.
#[derive(Args, Clone, Debug, Default)]
pub struct LogArgs {
    /// How the log is written: json or human [default: json]
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Level of the log: error, warn, info, debug or trace, also by module, such as info,sqlx=debug [default: info]
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// Where a service listens.
#[derive(Args, Clone, Debug, Default)]
pub struct ListenArgs {
    /// Address to listen on [default: every address, and the port of the service]
    #[arg(long, env = "LISTEN_ADDRESS", value_name = "IP:PORT")]
    pub listen_address: Option<String>,
}

impl ListenArgs {
    /// The address; `None` where none is given.
    pub fn check(&self, problems: &mut Problems) -> Option<SocketAddr> {
        let given = self.listen_address.as_deref().map(str::trim).filter(|given| !given.is_empty())?;
        let anywhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Some(problems.parse("LISTEN_ADDRESS", Some(given), anywhere, "an address such as 0.0.0.0:8000 or [::]:8000"))
    }
}

/// The settings of a service as they were given.
#[derive(Args, Clone, Debug, Default)]
pub struct ServiceArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listen: ListenArgs,
    /// Connections of clients that are open at once, at most, 1 to 100000; further ones wait until one ends [default: 4096]
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<String>,
    /// Requests that are answered at once, at most, 1 to 100000; further ones are answered 503 [default: 512]
    #[arg(long, env = "MAX_REQUESTS", value_name = "N")]
    pub max_requests: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub database: DatabaseArgs,
    /// Do not migrate the database at start; wait until `migrate` has [default: false]
    #[arg(long, env = "NO_MIGRATE", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub no_migrate: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub kafka: KafkaArgs,
    /// JWK set with the public keys that verify tokens, as `keygen` makes it; read again when it changes
    #[arg(long, env = "JWT_PUBLIC_KEYS_FILE", value_name = "FILE")]
    pub jwt_public_keys_file: Option<PathBuf>,
    /// Issuer (iss) of tokens [default: restaurant-booking]
    #[arg(long, env = "JWT_ISSUER", value_name = "NAME")]
    pub jwt_issuer: Option<String>,
    /// Audience (aud) of tokens [default: restaurant-booking]
    #[arg(long, env = "JWT_AUDIENCE", value_name = "NAME")]
    pub jwt_audience: Option<String>,
    /// Origins whose pages may call the service, separated by commas, such as https://book.example.com [default: none]
    #[arg(long, env = "CORS_ALLOWED_ORIGINS", value_name = "ORIGIN,...")]
    pub cors_allowed_origins: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: LogArgs,
}

/// The settings of a service, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; `None` for every address, at the service's own port.
    pub listen: Option<SocketAddr>,
    /// How much is done at once.
    pub limits: Limits,
    /// Where the database is.
    pub database: PgConnectOptions,
    /// How many connections to open at most.
    pub max_connections: u32,
    /// Whether to migrate the database at start.
    pub migrate: bool,
    /// The broker.
    pub kafka: Kafka,
    /// The public key set.
    pub public_keys: PathBuf,
    /// The issuer of tokens.
    pub issuer: String,
    /// The audience of tokens.
    pub audience: String,
    /// The origins whose pages may call.
    pub cors_origins: Vec<HeaderValue>,
}

/// How much a service does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of clients that are open, at most.
    pub connections: usize,
    /// Requests that are answered, at most; probes and documents do not count.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4096, requests: 512 }
    }
}

/// Issuer and audience of tokens, where nothing else is configured.
pub const ISSUER: &str = "restaurant-booking";

impl ServiceArgs {
    /// Checks the settings.
    pub fn check(&self, problems: &mut Problems) -> Settings {
        let listen = self.listen.check(problems);
        let mut limit = |name, value: &Option<String>, default: usize| {
            let default = u32::try_from(default).expect("a default is within its bounds");
            problems.number(name, value.as_deref(), default, 1, 100_000) as usize
        };
        let defaults = Limits::default();
        let limits = Limits {
            connections: limit("MAX_CONNECTIONS", &self.max_connections, defaults.connections),
            requests: limit("MAX_REQUESTS", &self.max_requests, defaults.requests),
        };
        let (database, max_connections) = self.database.check(problems);
        let no_migrate = problems.parse("NO_MIGRATE", self.no_migrate.as_deref(), false, "true or false");
        let kafka = self.kafka.check(problems);
        let public_keys = self.jwt_public_keys_file.clone().unwrap_or_default();
        if public_keys.as_os_str().is_empty() {
            problems.add("JWT_PUBLIC_KEYS_FILE", "is missing; it must be a JWK set, which `keygen` makes");
        }
        let cors_origins = self.cors_allowed_origins.as_deref().unwrap_or("").split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let cors_origins = cors_origins.filter_map(|origin| {
            let valid = is_origin(origin).then(|| HeaderValue::from_str(origin).ok()).flatten();
            if valid.is_none() {
                problems.add(
                    "CORS_ALLOWED_ORIGINS",
                    format!("has {origin:?}; an origin is scheme://host or scheme://host:port, with no path and no *"),
                );
            }
            valid
        });
        let cors_origins = cors_origins.collect();
        if self.jwt_audience.as_deref() == Some(PAGES_AUDIENCE) {
            problems.add("JWT_AUDIENCE", format!("is {PAGES_AUDIENCE}, which is that of sessions on pages; it must be another one"));
        }
        Settings {
            listen,
            limits,
            database,
            max_connections,
            migrate: !no_migrate,
            kafka,
            public_keys,
            issuer: self.jwt_issuer.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| ISSUER.to_owned()),
            audience: self.jwt_audience.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| ISSUER.to_owned()),
            cors_origins,
        }
    }
}

/// RFC 6454, 6.1: scheme, host and perhaps a port, and nothing after them.
fn is_origin(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && !origin.ends_with('/')
        && uri.path() == "/"
        && uri.query().is_none()
        && !origin.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let args = ServiceArgs {
            listen: ListenArgs { listen_address: Some("nowhere".into()) },
            kafka: KafkaArgs { kafka_bootstrap_servers: Some("broker".into()), ..Default::default() },
            cors_allowed_origins: Some("https://ok.example, *, https://no.example/path".into()),
            no_migrate: Some("maybe".into()),
            max_connections: Some("0".into()),
            max_requests: Some("many".into()),
            ..Default::default()
        };
        let mut problems = Problems::default();
        args.check(&mut problems);
        let message = problems.finish().expect_err("unusable").to_string();
        for part in [
            "LISTEN_ADDRESS (--listen-address): is \"nowhere\"",
            "DATABASE_URL (--database-url): is missing",
            "KAFKA_BOOTSTRAP_SERVERS",
            "JWT_PUBLIC_KEYS_FILE",
            "\"*\"",
            "no.example/path",
            "NO_MIGRATE",
            "MAX_CONNECTIONS (--max-connections): is 0",
            "MAX_REQUESTS (--max-requests): is \"many\"",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(!message.contains("ok.example"), "{message}");
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        let args = DatabaseArgs { database_url: Some("postgres://user:hunter2@host:notaport/db".into()), ..Default::default() };
        let mut problems = Problems::default();
        args.check(&mut problems);
        let message = problems.finish().expect_err("unusable").to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
