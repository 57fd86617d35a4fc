use auth::keys::KeysError;
use reservation::link::LinkKeyError;

use crate::{broker, data, databases, ports, postgres, services};

/// Why the platform does not run. Every message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// A port.
    #[error(transparent)]
    Ports(#[from] ports::Error),
    /// The PostgreSQL server of our own.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    /// The databases.
    #[error(transparent)]
    Databases(#[from] databases::Error),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// The keys of tokens.
    #[error("The keys of the tokens: {0}. Start over with --reset, which deletes the data, if they cannot be mended.")]
    Keys(#[from] KeysError),
    /// The keys of links.
    #[error("The keys of the links of bookings: {0}. Start over with --reset, which deletes the data, if they cannot be mended.")]
    LinkKeys(#[from] LinkKeyError),
    /// The administrator.
    #[error(
        "The administrator's e-mail address or password cannot be used ({0}): give others with --admin-email and --admin-password; what the first start has kept is deleted by --reset."
    )]
    Administrator(String),
    /// A service.
    #[error(transparent)]
    Services(#[from] services::Error),
    /// It was told to stop before it ran.
    #[error("The platform was stopped before it had started.")]
    Interrupted,
}
