//! How far behind the archives of the databases are.

mod database;
mod page;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::database::Database;
use self::page::Page;
use crate::report::{Failure, Reason, WatchReport};
use crate::settings::{DATABASES, Problems, file, given};

/// How many times the loss that is allowed an archive may be behind before it is told.
const LATE: u32 = 5;
/// The longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(15);

/// What is watched.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct WatchArgs {
    /// Where the databases are: auth=HOST:PORT,menu=HOST:PORT,reservation=HOST:PORT
    #[arg(long, env = "BACKUP_HOSTS", value_name = "LIST")]
    backup_hosts: Option<String>,
    /// The role that backs them up [default: backup]
    #[arg(long, env = "BACKUP_USER", value_name = "NAME")]
    backup_user: Option<String>,
    /// Folder with the role's passwords, a file for each database by its name [default: /etc/restaurant-booking/backup]
    #[arg(long, env = "BACKUP_PASSWORDS", value_name = "DIR")]
    backup_passwords: Option<PathBuf>,
    /// How long after it was written the log is archived at the latest [default: 1m]
    #[arg(long, env = "BACKUP_MAX_LOSS", value_name = "DURATION")]
    backup_max_loss: Option<String>,
    /// Where to listen [default: [::]:8080]
    #[arg(long, env = "LISTEN_ADDRESS", value_name = "ADDRESS")]
    listen_address: Option<String>,
}

/// What is watched: checked.
#[derive(Debug)]
pub(crate) struct Watched {
    databases: Vec<Database>,
    max_loss: Duration,
    listen: SocketAddr,
}

impl WatchArgs {
    pub(crate) fn check(&self, problems: &mut Problems) -> Watched {
        let hosts =
            problems.required("BACKUP_HOSTS", self.backup_hosts.as_deref(), "it must be a list such as auth=HOST:5432,menu=HOST:5432");
        let passwords = file(&self.backup_passwords).cloned().unwrap_or_else(|| "/etc/restaurant-booking/backup".into());
        let user = given(self.backup_user.as_deref()).unwrap_or("backup");
        let mut databases = Vec::new();
        for entry in hosts.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let parts = entry.split_once('=').filter(|(name, _)| DATABASES.contains(name));
            let address = parts.and_then(|(name, at)| at.rsplit_once(':').map(|(host, port)| (name, host, port.parse().ok())));
            match address {
                Some((name, host, Some(port))) if !host.is_empty() => {
                    databases.push(Database::new(name, host.trim_matches(['[', ']']), port, user, passwords.join(name)));
                }
                _ => problems.add("BACKUP_HOSTS", format!("has {entry:?}; it must be auth, menu or reservation, =, a host, : and a port")),
            }
        }
        let listen = given(self.listen_address.as_deref()).unwrap_or("[::]:8080");
        Watched {
            databases,
            max_loss: problems.duration("BACKUP_MAX_LOSS", self.backup_max_loss.as_deref(), Duration::from_secs(60)),
            listen: listen.parse().unwrap_or_else(|_| {
                problems.add("LISTEN_ADDRESS", format!("is {listen:?}; it must be an address and a port such as [::]:8080"));
                ([127, 0, 0, 1], 0).into()
            }),
        }
    }
}

/// Watches until it is told to stop (`None`), or until an archive is too far behind: how far.
///
/// # Errors
/// Where it cannot listen.
pub(crate) async fn watch(mut watched: Watched, stop: CancellationToken) -> Result<Option<WatchReport>, Failure> {
    let listen = watched.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(Reason::Settings, format!("cannot listen on {listen}: {error}; LISTEN_ADDRESS chooses another address"))
    })?;
    let address = listener.local_addr().unwrap_or(listen);
    eprintln!("listening on address {address}");
    let page = Page::new().map_err(|error| Failure::new(Reason::Failed, error))?;
    let server = tokio::spawn(page::serve(listener, page.clone(), stop.clone()));
    let late_after = watched.max_loss * LATE;
    let pause = PAUSE.min(watched.max_loss / 4);
    let started = Timestamp::now();
    loop {
        for database in &mut watched.databases {
            database.look(pause, watched.max_loss * 3 / 4).await;
        }
        let now = Timestamp::now();
        let mut late = false;
        let mut known = true;
        for database in &watched.databases {
            page.show(&database.name, &database.behind, database.failures);
            known &= database.behind.newest.is_some();
            // What was archived before our own start is not known: it is given as long to show itself.
            let since = database.behind.newest.unwrap_or(started);
            late |= now.duration_since(since).unsigned_abs() > late_after;
        }
        if late {
            let databases = watched.databases.iter().map(|database| (database.name.clone(), database.behind.clone()));
            return Ok(Some(WatchReport { databases: databases.collect() }));
        }
        page.set_ready(known);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => break,
        }
    }
    let _ = server.await;
    Ok(None)
}
