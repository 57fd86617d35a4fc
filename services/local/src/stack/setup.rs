use auth::config::Bcrypt;
use http::HeaderValue;
use reservation::config::Restaurant;
use reservation::declared::Checked;
use reservation::mail::settings::MailArgs;
use site::settings::Site;
use sqlx::postgres::PgConnectOptions;

use crate::administrator::Credentials;
use crate::broker::Topics;
use crate::data::Place;
use crate::platform::COUNT;
use crate::ports::Ports;
use crate::resource;

/// What is to run.
#[derive(Clone)]
pub struct Setup {
    /// How the restaurant presents itself to guests.
    pub site: Site,
    /// How mail to guests is written, but for the directory.
    pub mail: MailArgs,
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
    pub bookings: Restaurant,
    /// The house that is declared; what it leaves out is the staff's.
    pub house: Checked,
    /// How passwords are hashed.
    pub bcrypt: Bcrypt,
    /// The topics: of a broker elsewhere, the prefix alone.
    pub topics: Topics,
    /// What is told to each service alone.
    pub services: [Service; COUNT],
}

/// What is told to one service alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Connections that it opens to its database at most.
    pub max_connections: u32,
    /// Origins whose pages may call it, beside those of this machine.
    pub origins: Vec<HeaderValue>,
}

impl Default for Service {
    fn default() -> Self {
        Self { max_connections: 10, origins: Vec::new() }
    }
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
            site: Site { name: resource::RESTAURANT.to_owned(), ..Site::default() },
            mail: MailArgs::default(),
            place: Place::Default,
            reset: false,
            postgres: None,
            kafka: None,
            ports: Ports::default(),
            administrator: Credentials::default(),
            bookings: Restaurant::default(),
            house: Checked::default(),
            bcrypt: Bcrypt::default(),
            topics: Topics::default(),
            services: Default::default(),
        }
    }
}
