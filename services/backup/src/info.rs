//! What pgBackRest says of a repository: `info --output=json`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::report::{Failure, Reason};

/// A database's part of a repository.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Stanza {
    #[serde(default)]
    archive: Vec<Archive>,
    #[serde(default)]
    backup: Vec<Backup>,
    #[serde(default)]
    pub(crate) cipher: String,
    #[serde(default)]
    db: Vec<Database>,
    status: Status,
    #[serde(default)]
    repo: Vec<Repo>,
}

#[derive(Clone, Debug, Deserialize)]
struct Repo {
    status: Status,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    code: u32,
    message: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Database {
    version: String,
}

/// The archived log of one cluster and version.
#[derive(Clone, Debug, Deserialize)]
struct Archive {
    id: String,
    max: Option<String>,
}

/// A backup.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Backup {
    pub(crate) label: String,
    pub(crate) archive: Needed,
    info: Sizes,
    timestamp: Times,
    #[serde(default)]
    annotation: BTreeMap<String, String>,
}

/// The log that a backup needs.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Needed {
    /// The last file, without which the backup cannot be used.
    pub(crate) stop: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Sizes {
    repository: Stored,
}

#[derive(Clone, Debug, Deserialize)]
struct Stored {
    delta: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct Times {
    start: i64,
    stop: i64,
}

impl Backup {
    /// When it began.
    pub(crate) fn start(&self) -> Timestamp {
        Timestamp::from_second(self.timestamp.start).unwrap_or_default()
    }

    /// When it ended.
    pub(crate) fn stop(&self) -> Timestamp {
        Timestamp::from_second(self.timestamp.stop).unwrap_or_default()
    }

    /// The first moment to which it can be restored. Its end is known to the second, and rounded down.
    pub(crate) fn first(&self) -> Timestamp {
        self.stop().saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
    }
}

impl Stanza {
    /// Reads what pgBackRest writes for one stanza.
    ///
    /// # Errors
    /// Where it is no such JSON; where pgBackRest could not read the repository, what it says of it.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let strange = |error: &dyn std::fmt::Display| Failure::new(Reason::Failed, format!("pgBackRest's `info` cannot be read: {error}"));
        let mut stanzas: Vec<Self> = serde_json::from_str(text).map_err(|error| strange(&error))?;
        stanzas.pop().ok_or_else(|| strange(&"it has no stanza"))
    }

    /// What hinders pgBackRest from reading the repository, if anything does.
    pub(crate) fn fault(&self) -> Option<&str> {
        /// The code of what is no state of the repository, but an error on the way there.
        const OTHER: u32 = 99;
        let of_repo = self.repo.iter().map(|repo| &repo.status).find(|status| status.code == OTHER);
        of_repo.or(Some(&self.status).filter(|status| status.code == OTHER)).map(|status| status.message.as_str())
    }

    /// The backups, the oldest first.
    pub(crate) fn backups(&self) -> &[Backup] {
        &self.backup
    }

    /// All that is stored for backups, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.backup.iter().map(|backup| backup.info.repository.delta).sum()
    }

    /// The newest annotation of a name: that of the newest backup that has it.
    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.backup.iter().rev().find_map(|backup| backup.annotation.get(name)).map(String::as_str)
    }

    /// The major version of PostgreSQL.
    pub(crate) fn major(&self) -> Option<u32> {
        self.db.last()?.version.split('.').next()?.parse().ok()
    }

    /// The archive of the newest cluster and version, and the newest file of its log.
    pub(crate) fn newest_segment(&self) -> Option<(&str, &str)> {
        let archive = self.archive.last()?;
        Some((&archive.id, archive.max.as_deref()?))
    }

    /// The newest backup that ended before a moment.
    pub(crate) fn before(&self, moment: Timestamp) -> Option<&Backup> {
        self.backup.iter().rev().find(|backup| backup.first() <= moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = r#"[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000004","min":"000000010000000000000001"}],
        "backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"error":false,
            "info":{"delta":30488787,"repository":{"delta":3743042,"size":3743042},"size":30488787},"label":"20261130-071237F",
            "timestamp":{"start":1796022757,"stop":1796022758},"type":"full"}],
        "cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7713858992272791690,"version":"15"}],"name":"auth",
        "repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"message":"ok"}}]"#;

    #[test]
    fn a_repository_is_read() {
        let stanza = Stanza::parse(INFO).expect("info");
        assert_eq!((stanza.major(), stanza.size(), stanza.fault()), (Some(15), 3_743_042, None));
        assert_eq!(stanza.newest_segment(), Some(("15-1", "000000010000000000000004")));
        let stop = stanza.backups()[0].stop();
        assert!(stanza.before(stop).is_none() && stanza.before(stanza.backups()[0].first()).is_some());
    }
}
