//! What a command leaves behind for whoever started it: one line of JSON, such as the termination message of a Pod.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome<T> {
    /// It is done.
    Done(T),
    /// It is not.
    Failed(Failure),
}

impl<T: DeserializeOwned> Outcome<T> {
    /// Reads a report: the last line that is one, since a log may stand before it.
    ///
    /// `None`: there is none, as of a command that was killed.
    pub fn read(text: &str) -> Option<Self> {
        text.lines().rev().find_map(|line| serde_json::from_str(line.trim()).ok())
    }
}

/// Why a command did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind of failure.
    pub reason: Reason,
    /// What happened and what to do, in a sentence or two.
    pub message: String,
    /// Whether another attempt may succeed, without anybody's help.
    pub retry: bool,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// A setting is missing or wrong.
    Settings,
    /// The storage refuses: the credentials, the bucket or its certificate.
    StorageRefused,
    /// The storage does not answer.
    StorageUnreachable,
    /// The storage has no room.
    StorageFull,
    /// The key of the encryption is wrong, or there is none where one is needed.
    EncryptionKey,
    /// The repository is another database's.
    OtherDatabase,
    /// pgBackRest does not know this version of PostgreSQL.
    VersionNotSupported,
    /// The database does not answer.
    DatabaseUnreachable,
    /// The database refuses.
    DatabaseRefused,
    /// The log that a backup needs does not arrive in the archive.
    ArchivingFails,
    /// Another backup of the same database is under way.
    AlreadyRunning,
    /// There is no backup.
    BackupNotFound,
    /// There is a database where one is to be restored.
    HasData,
    /// No backup and log lead to the wanted moment.
    TargetNotRestorable,
    /// A restored database lacks what it must have.
    Damaged,
    /// The command was told to stop.
    Interrupted,
    /// The command took longer than it may.
    TimedOut,
    /// Anything else.
    Failed,
}

impl Reason {
    /// Whether time may mend it.
    pub fn may_pass(self) -> bool {
        match self {
            Self::StorageUnreachable
            | Self::StorageFull
            | Self::DatabaseUnreachable
            | Self::ArchivingFails
            | Self::AlreadyRunning
            | Self::Interrupted
            | Self::TimedOut
            | Self::Failed => true,
            Self::Settings
            | Self::StorageRefused
            | Self::EncryptionKey
            | Self::OtherDatabase
            | Self::VersionNotSupported
            | Self::DatabaseRefused
            | Self::BackupNotFound
            | Self::HasData
            | Self::TargetNotRestorable
            | Self::Damaged => false,
        }
    }
}

impl Failure {
    /// A failure of this kind.
    pub fn new(reason: Reason, message: impl fmt::Display) -> Self {
        Self { reason, message: message.to_string(), retry: reason.may_pass() }
    }
}

/// A backup was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Whose database: `auth`, `menu` or `reservation`.
    pub database: String,
    /// The backup, as pgBackRest calls it, such as `20261130-040003F`.
    pub backup: String,
    /// When it began, to the second.
    pub start: Timestamp,
    /// When it ended, to the second: the first moment to which it can be restored.
    pub stop: Timestamp,
    /// The first moment to which any kept backup can be restored.
    pub oldest: Timestamp,
    /// All backups that are kept, in bytes as they are stored; the archived log is not counted.
    pub size: u64,
    /// How many backups are kept.
    pub kept: u32,
}

/// To which moments a database can be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookReport {
    /// Whose database.
    pub database: String,
    /// The major version of PostgreSQL that can read it.
    pub major: u32,
    /// The first moment.
    pub oldest: Timestamp,
    /// The last moment; `None`: the log is of another major version than the PostgreSQL that looked, which cannot read it.
    pub newest: Option<Timestamp>,
    /// The newest backup, as pgBackRest calls it.
    pub backup: String,
    /// Whether the repository is encrypted.
    pub encrypted: bool,
    /// All backups that are kept, in bytes as they are stored.
    pub size: u64,
    /// The keys that the newest backup holds which has any, as [`seal`](crate::sealed::seal) made them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
}

/// A database was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreReport {
    /// Whose database.
    pub database: String,
    /// The source, as the command was given it.
    pub source: String,
    /// The moment: everything that was acknowledged until then is there.
    pub target: Timestamp,
    /// When it was restored.
    pub at: Timestamp,
    /// The backup that it began with.
    pub backup: String,
    /// The rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// How long it took, in seconds.
    pub seconds: u64,
}

/// The newest backup was restored into a throw-away database and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    /// Whose database.
    pub database: String,
    /// The backup that it began with.
    pub backup: String,
    /// The moment to which it was restored: the newest.
    pub newest: Timestamp,
    /// The rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// How long it took, in seconds.
    pub seconds: u64,
}

/// How far behind the archives are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchReport {
    /// By the names of the databases.
    pub databases: BTreeMap<String, Behind>,
}

/// How far behind an archive is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behind {
    /// The newest moment to which the database can be restored, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
    /// When archiving failed last, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Timestamp>,
    /// The file of the log that cannot be archived, where one cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
    /// How many files of the log wait to be archived.
    pub waiting: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Why the database does not answer, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_found_behind_a_log() {
        let outcome = Outcome::<WatchReport>::Failed(Failure::new(Reason::HasData, "there is a database"));
        let text = format!("INFO: something\n{}\n", serde_json::to_string(&outcome).expect("JSON"));
        assert_eq!(Outcome::read(&text), Some(outcome));
        assert_eq!(Outcome::<WatchReport>::read("killed"), None);
    }

    #[test]
    fn a_report_is_flat() {
        let report = RunReport {
            database: "auth".into(),
            backup: "20261130-040003F".into(),
            start: Timestamp::UNIX_EPOCH,
            stop: Timestamp::UNIX_EPOCH,
            oldest: Timestamp::UNIX_EPOCH,
            size: 1,
            kept: 7,
        };
        let text = serde_json::to_string(&Outcome::Done(report.clone())).expect("JSON");
        assert!(
            text.starts_with(r#"{"outcome":"done","database":"auth","backup":"20261130-040003F","start":"1970-01-01T00:00:00Z""#),
            "{text}"
        );
        assert_eq!(Outcome::read(&text), Some(Outcome::Done(report)));
    }
}
