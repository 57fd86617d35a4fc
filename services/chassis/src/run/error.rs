//! Why a service did not start, or ended.

use crate::http::identity::KeySetError;
use crate::run::config::Unusable;

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
    /// A background task ended, which none does before the service stops: its name, and how.
    #[error("the task {0:?} {1}")]
    Task(String, String),
    /// Something else, in a sentence.
    #[error("{0}")]
    Other(String),
}
