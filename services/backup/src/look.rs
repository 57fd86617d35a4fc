//! To which moments a database can be restored.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::process::Command;

use crate::child::{self, Ended};
use crate::info::{Backup, Stanza};
use crate::keys::ANNOTATION;
use crate::report::{Failure, LookReport, Reason};
use crate::sealed::MOST;
use crate::tool::Tool;

/// How long reading one file of the log may take.
const READING: Duration = Duration::from_secs(120);
/// How many files are read at most to find a commit. Each minute has one, since the watcher writes into each database.
const FILES: u32 = 64;

/// Looks into the repository and into the end of its log.
///
/// # Errors
/// Where there is no backup, or the repository cannot be read.
pub(crate) async fn look(tool: &Tool) -> Result<LookReport, Failure> {
    let stanza = tool.info().await?;
    let newest = stanza.backups().last().ok_or_else(|| none(tool))?;
    let oldest = stanza.backups().first().map_or_else(|| newest.first(), Backup::first);
    let major = stanza.major().ok_or_else(|| Failure::new(Reason::Failed, "pgBackRest does not say which version the backups are of"))?;
    let report = |moment| LookReport {
        database: tool.repository.database.clone(),
        major,
        oldest,
        newest: moment,
        backup: newest.label.clone(),
        encrypted: stanza.cipher != "none",
        size: stanza.size(),
        // Nothing of this length is ours, and the report has no room for it.
        keys: stanza.annotation(ANNOTATION).filter(|sealed| sealed.len() <= MOST).map(str::to_owned),
    };
    // Whoever asked learns the version, and can look with that one.
    if own_major(tool).await? != major {
        return Ok(report(None));
    }
    let last = last_commit(tool, &stanza, newest).await?;
    // Recovery ends before the first commit that is later than the moment, and fails where there is none: so the last one is the bound.
    let newest_moment = last.saturating_sub(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MIN);
    if newest_moment < oldest {
        return Err(Failure {
            retry: true,
            ..Failure::new(
                Reason::BackupNotFound,
                format!(
                    "the log of {} ends at {last}, before the first backup can be used; wait until a minute more of it is archived",
                    tool.repository.database
                ),
            )
        });
    }
    Ok(report(Some(newest_moment)))
}

fn none(tool: &Tool) -> Failure {
    let (database, storage) = (&tool.repository.database, tool.repository.storage.describe());
    Failure::new(
        Reason::BackupNotFound,
        format!("there is no backup of {database} in {storage}; check the path, and that its database was backed up there"),
    )
}

/// When the last transaction of the archived log was committed.
async fn last_commit(tool: &Tool, stanza: &Stanza, backup: &Backup) -> Result<Timestamp, Failure> {
    let no_room = |error| Failure::new(Reason::Failed, format!("there is no room for a file of the log: {error}"));
    let folder = tempfile::tempdir().map_err(no_room)?;
    let first = backup.archive.stop.as_deref().and_then(Segment::parse);
    let (archive, newest) = stanza.newest_segment().unwrap_or_default();
    let mut segment = Segment::parse(newest);
    for _ in 0..FILES {
        let Some(at) = segment.filter(|at| first.is_none_or(|first| at.number >= first.number)) else { break };
        let name = at.name();
        let file = folder.path().join(&name);
        if let Some(bytes) = tool.read(archive, &name).await? {
            std::fs::write(&file, bytes).map_err(no_room)?;
            if let Some(commit) = commits(&file, tool).await? {
                return Ok(commit);
            }
            let _ = std::fs::remove_file(&file);
            segment = at.before();
        } else {
            // Where a timeline began, the files before it are the former one's.
            segment = (at.timeline > 1).then(|| Segment { timeline: at.timeline - 1, ..at });
        }
    }
    // Nothing was committed since: then the backup can be restored, but to no moment after it.
    Err(Failure {
        retry: true,
        ..Failure::new(
            Reason::BackupNotFound,
            format!("no transaction was archived since the backup {}; wait until a minute more of the log is archived", backup.label),
        )
    })
}

/// The last commit in a file of the log.
async fn commits(file: &Path, tool: &Tool) -> Result<Option<Timestamp>, Failure> {
    // It ends with an error where a file is not full, as most are not.
    let output = dump(tool, &["--rmgr=Transaction".as_ref(), file.as_os_str()]).await?;
    Ok(output.lines().filter_map(commit).max())
}

/// The major version of the PostgreSQL that reads the log here.
async fn own_major(tool: &Tool) -> Result<u32, Failure> {
    let output = dump(tool, &["--version".as_ref()]).await?;
    version(&output).ok_or_else(|| Failure::new(Reason::Failed, format!("pg_waldump does not say its version: {output:?}")))
}

/// The major version in a text such as `pg_waldump (PostgreSQL) 17.6 (Debian 17.6-1.pgdg12+1)`.
fn version(text: &str) -> Option<u32> {
    let rest = text.split_once("(PostgreSQL) ")?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What `pg_waldump` writes.
async fn dump(tool: &Tool, arguments: &[&OsStr]) -> Result<String, Failure> {
    let mut command = Command::new("pg_waldump");
    command.env("TZ", "UTC").args(arguments);
    match child::run(command, READING, tool.stop()).await {
        Ok(Ended::Itself(_, output, _)) => Ok(String::from_utf8_lossy(&output).into_owned()),
        Ok(Ended::Late) => Err(Failure::new(Reason::TimedOut, "pg_waldump took too long")),
        Ok(Ended::Stopped) => Err(Failure::new(Reason::Interrupted, "told to stop; start the command again")),
        Err(error) => Err(Failure::new(
            Reason::Settings,
            format!("pg_waldump cannot be started: {error}; it comes with PostgreSQL's server, and is looked for in PATH"),
        )),
    }
}

/// The time in a line such as `rmgr: Transaction ... desc: COMMIT 2026-11-30 07:14:36.756453 UTC`.
fn commit(line: &str) -> Option<Timestamp> {
    let text = line.split_once("desc: COMMIT ")?.1;
    let time = text.split(" UTC").next()?;
    format!("{}Z", time.replacen(' ', "T", 1)).parse().ok()
}

/// A file of the log, of 16 MiB, which is what `initdb` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    timeline: u32,
    number: u64,
}

impl Segment {
    /// How many there are of the 4 GiB that have one number in the name.
    const OF_LOG: u64 = 256;

    fn parse(name: &str) -> Option<Self> {
        let part = |from: usize| u32::from_str_radix(name.get(from..from + 8)?, 16).ok();
        let number = u64::from(part(8)?) * Self::OF_LOG + u64::from(part(16)?);
        (name.len() == 24).then_some(Self { timeline: part(0)?, number })
    }

    fn name(self) -> String {
        format!("{:08X}{:08X}{:08X}", self.timeline, self.number / Self::OF_LOG, self.number % Self::OF_LOG)
    }

    fn before(self) -> Option<Self> {
        Some(Self { number: self.number.checked_sub(1)?, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_with_its_microseconds() {
        let line = "rmgr: Transaction len (rec/tot): 34/ 34, tx: 746, lsn: 0/04016810, prev 0/040167C0, desc: COMMIT 2026-11-30 07:14:36.756453 UTC; inval msgs: x";
        assert_eq!(commit(line), "2026-11-30T07:14:36.756453Z".parse().ok());
        assert_eq!(commit("rmgr: Transaction desc: ABORT 2026-11-30 07:14:36.756453 UTC"), None);
    }

    #[test]
    fn a_major_version_is_read_of_releases_and_of_others() {
        for (text, major) in [
            ("pg_waldump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("pg_waldump (PostgreSQL) 18beta1\n", Some(18)),
            ("", None),
        ] {
            assert_eq!(version(text), major, "{text:?}");
        }
    }

    #[test]
    fn the_file_before_is_found_across_the_name() {
        let segment = Segment::parse("000000020000000100000000").expect("a name");
        assert_eq!(segment.before().map(Segment::name).as_deref(), Some("0000000200000000000000FF"));
        assert_eq!(Segment::parse("00000002.history"), None);
        assert_eq!(Segment { timeline: 1, number: 0 }.before(), None);
    }
}
