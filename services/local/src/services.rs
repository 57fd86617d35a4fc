//! The services in this process: their start, their readiness, and their end.

use std::time::Duration;

use chassis::Shutdown;
use chassis::run::config::Settings;
use chassis::run::probe::is_ready;
use chassis::run::service::StartError;
use futures_util::future::join_all;
use sqlx::migrate::MigrateError;
use tokio::task::{Id, JoinError, JoinSet};

use crate::platform::{COUNT, Given, SERVICES};
use crate::ports::{Listeners, Ports};

/// Between two looks whether a service is ready.
const POLL: Duration = Duration::from_millis(5);

/// A service that ended without having been told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It said why.
    #[error("The service {service} could not go on: {}", told(source))]
    Failed {
        /// Its name.
        service: &'static str,
        /// What it said.
        source: StartError,
    },
    /// It did not say why.
    #[error("The service {service} ended by itself, which is a mistake of ours: please report it, with what the log says above.")]
    Ended {
        /// Its name.
        service: &'static str,
    },
}

/// Whether the database was made by another version of the platform.
fn is_of_another_version(error: &StartError) -> bool {
    matches!(
        error,
        StartError::Migration(MigrateError::VersionMismatch(_) | MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..))
    )
}

/// What a service says of its database is meant for a server that somebody configured.
fn told(error: &StartError) -> String {
    let database = match error {
        StartError::Database(error) => Some(error),
        StartError::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Some(error),
        _ => None,
    };
    // 53100: disk full.
    match database.and_then(sqlx::Error::as_database_error) {
        Some(said) if said.code().as_deref() == Some("53100") => {
            format!("the disk of its database is full ({said}); free some space there, and start again.")
        }
        Some(said) if matches!(error, StartError::Database(_)) => format!("its database refuses ({said})."),
        _ if is_of_another_version(error) => {
            format!(
                "{error}. The data is another version's of the platform: run that one, or start over with --reset, which deletes the data."
            )
        }
        _ => format!("{error}."),
    }
}

/// The running services. They are cut off when the value is dropped, and end in order with
/// [`Services::stop`].
#[derive(Debug)]
pub(crate) struct Services {
    running: JoinSet<Result<(), StartError>>,
    names: Vec<(Id, &'static str)>,
    ports: Ports,
    shutdown: Shutdown,
}

impl Services {
    /// Starts them, each with its settings.
    pub(crate) fn start(given: &Given, settings: [Settings; COUNT], listeners: Listeners) -> Self {
        let (mut running, mut names, shutdown) = (JoinSet::new(), Vec::with_capacity(COUNT), Shutdown::new());
        for ((service, settings), listener) in SERVICES.iter().zip(settings).zip(listeners.all) {
            let started = running.spawn((service.serve)(given, settings, listener, shutdown.clone()));
            names.push((started.id(), service.name));
        }
        Self { running, names, ports: listeners.ports, shutdown }
    }

    /// Waits until all are ready.
    pub(crate) async fn ready(&mut self) -> Result<(), Error> {
        let ports = self.ports;
        tokio::select! {
            error = self.failure() => Err(error),
            _ = join_all(ports.0.map(ready)) => Ok(()),
        }
    }

    /// Waits until one ends that was not told to.
    pub(crate) async fn failure(&mut self) -> Error {
        match self.running.join_next_with_id().await {
            Some(ended) => self.why(ended),
            None => std::future::pending().await,
        }
    }

    fn why(&self, ended: Result<(Id, Result<(), StartError>), JoinError>) -> Error {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome.err()),
            // It panicked, and said so itself.
            Err(error) => (error.id(), None),
        };
        let service = self.names.iter().find(|(other, _)| *other == id).map(|(_, name)| *name).expect("a service is named when it begins");
        match outcome {
            Some(source) => Error::Failed { service, source },
            None => Error::Ended { service },
        }
    }

    /// Stops them side by side: requests in flight finish, then what is in each outbox goes to the
    /// broker, then the databases are let go.
    ///
    /// # Errors
    /// The first that did not end in order; the others did, or are given up too.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.shutdown.cancel();
        let mut outcome = Ok(());
        while let Some(ended) = self.running.join_next_with_id().await {
            if !matches!(ended, Ok((_, Ok(())))) {
                outcome = outcome.and(Err(self.why(ended)));
            }
        }
        outcome
    }
}

/// Asks a service until it says that it is ready.
async fn ready(port: u16) {
    while is_ready(&format!("http://127.0.0.1:{port}/readyz")).await.is_err() {
        tokio::time::sleep(POLL).await;
    }
}
