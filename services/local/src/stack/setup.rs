use auth::config::Bcrypt;
use reservation::config::House;
use sqlx::postgres::PgConnectOptions;

use crate::administrator::Credentials;
use crate::data::Place;
use crate::ports::Ports;

/// What is to run.
#[derive(Clone)]
pub struct Setup {
    /// Where data is kept: the secrets, and the database unless that is on a server elsewhere.
    pub place: Place,
    /// Whether to delete first what is kept there.
    pub reset: bool,
    /// A PostgreSQL server elsewhere. Without it, one of our own is started.
    pub postgres: Option<PgConnectOptions>,
    /// A broker elsewhere, as `HOST:PORT,...`. Without it, there is one in this process.
    pub kafka: Option<String>,
    /// The ports of the services.
    pub ports: Ports,
    /// Who is made administrator at the first start.
    pub administrator: Credentials,
    /// The rules of the restaurant.
    pub house: House,
    /// How passwords are hashed.
    pub bcrypt: Bcrypt,
}

impl Setup {
    /// What is thrown away at the end, on whatever ports are free.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self { place: Place::Ephemeral, ports: Ports::FREE, ..Self::default() }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            place: Place::Default,
            reset: false,
            postgres: None,
            kafka: None,
            ports: Ports::default(),
            administrator: Credentials::default(),
            house: House::default(),
            bcrypt: Bcrypt::default(),
        }
    }
}
