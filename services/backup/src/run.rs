//! A backup of a running database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::keys;
use crate::report::{Failure, Reason, RunReport};
use crate::retention::Retention;
use crate::settings::{Problems, file, given};
use crate::tool::Tool;

/// pgBackRest wants a number, and warns without one.
const ALL: &str = "9999999";

/// Between two tries while another backup of the database is under way.
const AGAIN: Duration = Duration::from_secs(5);

/// Where the running database is.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServerArgs {
    /// The host of the running database
    #[arg(long, env = "BACKUP_HOST", value_name = "HOST")]
    backup_host: Option<String>,
    /// Its port [default: 5432]
    #[arg(long, env = "BACKUP_PORT", value_name = "PORT")]
    backup_port: Option<String>,
    /// The role that backs it up [default: backup]
    #[arg(long, env = "BACKUP_USER", value_name = "NAME")]
    backup_user: Option<String>,
    /// File with the role's password
    #[arg(long, env = "BACKUP_PASSWORD_FILE", value_name = "FILE")]
    backup_password_file: Option<PathBuf>,
}

/// Where the running database is: checked.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    host: String,
    port: u16,
    user: String,
    password: String,
}

impl ServerArgs {
    pub(crate) fn check(&self, problems: &mut Problems) -> Running {
        let port = given(self.backup_port.as_deref()).map_or(Some(5432), |text| text.parse().ok()).unwrap_or_else(|| {
            problems.add("BACKUP_PORT", "is no port");
            5432
        });
        let password = match file(&self.backup_password_file) {
            Some(file) => problems.secret("BACKUP_PASSWORD_FILE", file),
            None => problems.required("BACKUP_PASSWORD_FILE", None, "it must be a file with the password of the role"),
        };
        Running {
            host: problems.required("BACKUP_HOST", self.backup_host.as_deref(), "it must be the host of the running database"),
            port,
            user: given(self.backup_user.as_deref()).unwrap_or("backup").to_owned(),
            password,
        }
    }
}

/// Makes a backup, waits until its log is archived, removes what retention does not want any more, and keeps the keys of a folder in it.
///
/// # Errors
/// What hinders it. A backup that was interrupted leaves nothing that counts as one.
pub(crate) async fn run(tool: &Tool, running: &Running, retention: Retention, keys: Option<&Path>) -> Result<RunReport, Failure> {
    let port = running.port.to_string();
    // pgBackRest gives libpq no host: libpq takes this one.
    let connection = [
        ("PGHOST", running.host.as_str()),
        ("PGPASSWORD", &running.password),
        ("PGCONNECT_TIMEOUT", "10"),
        ("PGBACKREST_PG1_USER", &running.user),
        ("PGBACKREST_PG1_PORT", &port),
        ("PGBACKREST_LOG_LEVEL_STDERR", "info"),
    ];
    let until = Instant::now() + tool.repository.deadline;
    // Where it is there already, it is left as it is.
    in_turn(tool, &["stanza-create"], &connection, until).await?;
    let all = format!("--repo1-retention-full={ALL}");
    let arguments = ["backup", "--type=full", "--start-fast", "--repo1-bundle", "--process-max=1", "--no-expire-auto", &all];
    in_turn(tool, &arguments, &connection, until).await?;
    let ends: Vec<Timestamp> = tool.info().await?.backups().iter().map(crate::info::Backup::stop).collect();
    if let Some(kept) = retention.kept(&ends, Timestamp::now()).filter(|kept| *kept < ends.len()) {
        let kept = format!("--repo1-retention-full={kept}");
        let arguments = ["expire", "--repo1-retention-full-type=count", &kept];
        in_turn(tool, &arguments, &[("PGBACKREST_LOG_LEVEL_STDERR", "info")], until).await?;
    }
    let stanza = tool.info().await?;
    let (Some(oldest), Some(newest)) = (stanza.backups().first(), stanza.backups().last()) else {
        return Err(Failure::new(Reason::Failed, "pgBackRest made a backup, and then lists none; look into the storage"));
    };
    if let Some(folder) = keys {
        keys::keep(tool, folder, &newest.label, until).await?;
    }
    Ok(RunReport {
        database: tool.repository.database.clone(),
        backup: newest.label.clone(),
        start: newest.start(),
        stop: newest.stop(),
        oldest: oldest.first(),
        size: stanza.size(),
        kept: u32::try_from(stanza.backups().len()).unwrap_or(u32::MAX),
    })
}

/// Runs a command of pgBackRest, after that of another backup of the same database, such as the one of the schedule.
pub(crate) async fn in_turn(tool: &Tool, arguments: &[&str], more: &[(&str, &str)], until: Instant) -> Result<(), Failure> {
    while let Err(failure) = tool.run(arguments, more).await {
        if failure.reason != Reason::AlreadyRunning || Instant::now() > until {
            return Err(failure);
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = tool.stop().cancelled() => return Err(failure),
        }
    }
    Ok(())
}
