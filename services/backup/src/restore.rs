//! A database as it was at a moment.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::{Timestamp, tz::TimeZone};

use crate::report::{Failure, Reason, RestoreReport};
use crate::server::{Counted, Server};
use crate::settings::{Problems, given};
use crate::tool::Tool;

/// In the database's files: which restore they are of.
const RESTORED: &str = "restaurant-booking.restored";

/// To which moment.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TargetArgs {
    /// The moment: everything that was acknowledged until then will be there, such as 2026-11-30T19:45:00.123456Z
    #[arg(long, env = "BACKUP_TARGET", value_name = "TIME")]
    backup_target: Option<String>,
    /// A name of this restore: the same one is done once, and the report is then given again
    #[arg(long, env = "BACKUP_SOURCE", value_name = "TEXT")]
    backup_source: Option<String>,
}

/// To which moment: checked.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    target: Timestamp,
    source: String,
}

impl TargetArgs {
    pub(crate) fn check(&self, problems: &mut Problems) -> Wanted {
        let text = problems.required("BACKUP_TARGET", self.backup_target.as_deref(), "it must be a time such as 2026-11-30T19:45:00Z");
        let target = if text.is_empty() { Ok(Timestamp::MIN) } else { text.parse() };
        let target = target.unwrap_or_else(|_| {
            problems.add("BACKUP_TARGET", format!("is {text:?}; it must be a time such as 2026-11-30T19:45:00Z"));
            Timestamp::MIN
        });
        Wanted { target, source: given(self.backup_source.as_deref()).unwrap_or_default().to_owned() }
    }
}

/// Restores the database to a moment, where there is none. An attempt that was interrupted leaves nothing that the next one does not remove.
///
/// # Errors
/// Where there is a database already, or no backup and log lead to the moment.
pub(crate) async fn restore(tool: &Tool, wanted: &Wanted) -> Result<RestoreReport, Failure> {
    let data = &tool.repository.data;
    if let Some(report) = done(data, &wanted.source) {
        return Ok(report);
    }
    let partial = beside(data, "restore");
    empty(data, &partial)?;
    let started = Instant::now();
    // What is damaged is restored all the same: there may be nothing better.
    let (backup, Counted { rows, .. }) = recover(tool, &partial, wanted.target).await?;
    let report = RestoreReport {
        database: tool.repository.database.clone(),
        source: wanted.source.clone(),
        target: wanted.target,
        at: Timestamp::now(),
        backup,
        rows,
        seconds: started.elapsed().as_secs(),
    };
    put(&report, &partial, data).map_err(|error| Failure::new(Reason::Failed, format!("{} cannot be made: {error}", data.display())))?;
    Ok(report)
}

/// The report of the same restore, where it is done.
fn done(data: &Path, source: &str) -> Option<RestoreReport> {
    let text = fs::read_to_string(data.join(RESTORED)).ok()?;
    serde_json::from_str(&text).ok().filter(|report: &RestoreReport| report.source == source)
}

/// A folder beside the database's files, on the same volume.
pub(crate) fn beside(data: &Path, what: &str) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    data.with_file_name(name)
}

/// Nothing may be on the volume but what a file system has, and what an attempt before left.
fn empty(data: &Path, partial: &Path) -> Result<(), Failure> {
    let volume = data.parent().unwrap_or(data);
    let entries = fs::read_dir(volume).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(|error| {
        Failure::new(Reason::Settings, format!("{} cannot be read: {error}; PGDATA must lie on the volume", volume.display()))
    })?;
    let other = entries.iter().find(|entry| entry.path() != partial && entry.file_name() != "lost+found");
    match other {
        Some(other) => Err(Failure::new(
            Reason::HasData,
            format!(
                "nothing is restored, and nothing was changed: {} is on the volume already; a restore needs an empty one, such as that of a new resource",
                other.path().display()
            ),
        )),
        None => Ok(()),
    }
}

/// Puts the files of a backup into a folder, has a server take them to the moment, and counts: the backup, and what the database has.
///
/// # Errors
/// Where no backup and log lead to the moment.
pub(crate) async fn recover(tool: &Tool, folder: &Path, target: Timestamp) -> Result<(String, Counted), Failure> {
    let stanza = tool.info().await?;
    let backup = stanza.before(target).ok_or_else(|| match stanza.backups().first() {
        Some(first) => Failure::new(
            Reason::TargetNotRestorable,
            format!("{target} lies before {}, the first moment to which {} can be restored", first.first(), tool.repository.database),
        ),
        None => Failure::new(
            Reason::BackupNotFound,
            format!("there is no backup of {} in {}", tool.repository.database, tool.repository.storage.describe()),
        ),
    })?;
    remove(folder).map_err(|error| Failure::new(Reason::Failed, format!("{} cannot be removed: {error}", folder.display())))?;
    // A zone in letters would be looked up in PostgreSQL's list of abbreviations.
    let moment = target.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.6f+00:00").to_string();
    let (path, set, moment) = (format!("--pg1-path={}", folder.display()), format!("--set={}", backup.label), format!("--target={moment}"));
    let arguments = ["restore", &path, &set, "--type=time", &moment, "--target-action=promote", "--archive-mode=off"];
    tool.run(&arguments, &[("PGBACKREST_LOG_LEVEL_STDERR", "info")]).await?;
    let server = Server::recover(tool, folder, target).await?;
    let counted = async {
        server.forget_recovery().await?;
        server.count().await
    };
    let counted = counted.await.map_err(|error| Failure::new(Reason::Failed, format!("the restored database cannot be read: {error}")))?;
    server.stop().await?;
    Ok((backup.label.clone(), counted))
}

/// Removes a folder, where it is there.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the restored files the database's, in one step that also says which restore they are of.
fn put(report: &RestoreReport, partial: &Path, data: &Path) -> io::Result<()> {
    let file = partial.join(RESTORED);
    fs::write(&file, serde_json::to_string(report)?)?;
    File::open(&file)?.sync_all()?;
    File::open(partial)?.sync_all()?;
    fs::rename(partial, data)?;
    File::open(data.parent().unwrap_or(data))?.sync_all()
}
