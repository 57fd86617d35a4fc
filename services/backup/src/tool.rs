//! pgBackRest: how it is started, and what its errors mean.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::child::{self, Ended};
use crate::info::Stanza;
use crate::report::{Failure, Reason};
use crate::settings::{Repository, Storage};

/// How long a backup waits for its log to arrive in the archive, in seconds.
const ARCHIVE_TIMEOUT: &str = "600";

/// How long pgBackRest waits for a storage that does not answer, in seconds. It does so for each of some four files, so that its default,
/// 60, would be minutes until anybody learns of it.
const IO_TIMEOUT: &str = "20";

/// What `archive-get` says where there is no such file.
const NOT_THERE: i32 = 1;

/// pgBackRest with a repository.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) repository: Repository,
    stop: CancellationToken,
}

impl Tool {
    pub(crate) fn new(repository: Repository, stop: CancellationToken) -> Self {
        Self { repository, stop }
    }

    /// When we are told to stop.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// pgBackRest with everything that is the same for all its commands. Secrets are in its environment, which nobody else reads.
    fn command(&self, arguments: &[&str]) -> Command {
        let repository = &self.repository;
        // It starts itself again by the name that it was started by.
        let mut command = Command::new(&repository.pgbackrest);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PGBACKREST_")) {
            command.env_remove(name);
        }
        let mut set = |name: &str, value: &str| {
            command.env(format!("PGBACKREST_{name}"), value);
        };
        set("STANZA", &repository.database);
        set("PG1_PATH", &repository.data.to_string_lossy());
        set("LOCK_PATH", &lock_path().to_string_lossy());
        set("IO_TIMEOUT", IO_TIMEOUT);
        set("LOG_LEVEL_FILE", "off");
        set("LOG_LEVEL_CONSOLE", "off");
        set("LOG_LEVEL_STDERR", "warn");
        // The log is read by `look`, too, which knows this one.
        set("COMPRESS_TYPE", if arguments.first() == Some(&"archive-push") { "gz" } else { "zst" });
        set("ARCHIVE_TIMEOUT", ARCHIVE_TIMEOUT);
        if let Some(key) = &repository.key {
            set("REPO1_CIPHER_TYPE", "aes-256-cbc");
            set("REPO1_CIPHER_PASS", key);
        }
        match &repository.storage {
            Storage::Folder(folder) => set("REPO1_PATH", &folder.to_string_lossy()),
            Storage::S3(s3) => {
                set("REPO1_TYPE", "s3");
                set("REPO1_PATH", &s3.path);
                set("REPO1_S3_ENDPOINT", &s3.host);
                set("REPO1_STORAGE_HOST", &s3.host);
                set("REPO1_STORAGE_PORT", &s3.port.to_string());
                set("REPO1_S3_BUCKET", &s3.bucket);
                set("REPO1_S3_REGION", &s3.region);
                set("REPO1_S3_URI_STYLE", if s3.path_style { "path" } else { "host" });
                set("REPO1_S3_KEY", &s3.key);
                set("REPO1_S3_KEY_SECRET", &s3.secret);
                if let Some(file) = s3.ca_file.clone().or_else(|| public_authorities(&repository.pgbackrest)) {
                    set("REPO1_STORAGE_CA_FILE", &file.to_string_lossy());
                }
            }
        }
        command.arg("--no-config").args(arguments);
        command
    }

    async fn ended(&self, command: Command, deadline: Duration) -> Result<(Option<i32>, Vec<u8>, String), Failure> {
        let program = self.repository.pgbackrest.display().to_string();
        match child::run(command, deadline, &self.stop).await {
            Ok(Ended::Itself(code, output, said)) => Ok((code, output, said)),
            Ok(Ended::Late) => Err(Failure::new(
                Reason::TimedOut,
                format!(
                    "pgBackRest took longer than {} s and was ended; the storage is {}",
                    deadline.as_secs(),
                    self.repository.storage.describe()
                ),
            )),
            Ok(Ended::Stopped) => Err(Failure::new(Reason::Interrupted, "told to stop; start the command again")),
            Err(error) => {
                Err(Failure::new(Reason::Settings, format!("{program} cannot be started: {error}; BACKUP_PGBACKREST says where it is")))
            }
        }
    }

    /// Runs a command of pgBackRest.
    ///
    /// # Errors
    /// What pgBackRest says, and what to do about it.
    pub(crate) async fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        let mut command = self.command(arguments);
        command.envs(more.iter().copied());
        match self.ended(command, self.repository.deadline).await? {
            (Some(0), output, _) => Ok(output),
            (code, _, said) => Err(self.failure(code, &said)),
        }
    }

    /// What the repository has of the database.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) async fn info(&self) -> Result<Stanza, Failure> {
        let text = self.run(&["info", "--output=json"], &[]).await?;
        // pgBackRest repeats what it could not read, also where JSON wants it escaped.
        let stanza = Stanza::parse(&String::from_utf8_lossy(&text).replace(char::is_control, " "))?;
        match stanza.fault() {
            Some(fault) => Err(self.failure(None, fault)),
            None => Ok(stanza),
        }
    }

    /// Archives a file of the log.
    ///
    /// # Errors
    /// What pgBackRest says.
    pub(crate) async fn push(&self, file: &str, deadline: Duration) -> Result<(), Failure> {
        match self.ended(self.command(&["archive-push", file]), deadline).await? {
            (Some(0), ..) => Ok(()),
            (code, _, said) => Err(self.failure(code, &said)),
        }
    }

    /// Fetches a file of the log; false: there is none of that name.
    ///
    /// # Errors
    /// Where it may be there, but cannot be had.
    pub(crate) async fn get(&self, name: &str, to: &str, deadline: Duration) -> Result<bool, Failure> {
        match self.ended(self.command(&["archive-get", name, to]), deadline).await? {
            (Some(0), ..) => Ok(true),
            (Some(NOT_THERE), ..) => Ok(false),
            (code, _, said) => Err(self.failure(code, &said)),
        }
    }

    /// A file of the log, without the database's own files, by which `archive-get` tells whose it is. `None`: there is none of that name.
    ///
    /// # Errors
    /// Where it may be there, but cannot be had or read.
    pub(crate) async fn read(&self, archive: &str, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let folder = format!("archive/{}/{archive}/{}", self.repository.database, name.get(..16).unwrap_or(name));
        let filter = format!("--filter=^{name}-[0-9a-f]{{40}}\\.gz$");
        let listed = self.run(&["repo-ls", &filter, &folder], &[]).await?;
        let listed = String::from_utf8_lossy(&listed);
        let Some(file) = listed.split_whitespace().next() else { return Ok(None) };
        let packed = self.run(&["repo-get", &format!("{folder}/{file}")], &[]).await?;
        let mut bytes = Vec::new();
        let read = flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes);
        read.map_err(|error| Failure::new(Reason::Failed, format!("the file {file} of the archived log cannot be read: {error}")))?;
        Ok(Some(bytes))
    }

    /// What an error of pgBackRest means.
    fn failure(&self, code: Option<i32>, said: &str) -> Failure {
        let reason = reason(code.or_else(|| number(said)), said);
        let storage = self.repository.storage.describe();
        let what_to_do = match reason {
            Reason::StorageRefused => {
                "check the credentials, the bucket and the authority (BACKUP_S3_CREDENTIALS, BACKUP_S3_BUCKET, BACKUP_S3_CA_FILE)"
            }
            Reason::StorageUnreachable => "check that it runs, and that this Pod may reach it",
            Reason::StorageFull => "make room there, or keep fewer backups",
            Reason::EncryptionKey => {
                "give the key that the backups were encrypted with (BACKUP_ENCRYPTION_KEY_FILE); without it nobody can read them"
            }
            Reason::OtherDatabase => "it is another database's; choose another path",
            Reason::VersionNotSupported => "use a version of PostgreSQL that this pgBackRest knows",
            Reason::DatabaseUnreachable => "wait until the database runs",
            Reason::DatabaseRefused => {
                "check the role and its password (BACKUP_USER, BACKUP_PASSWORD_FILE), which the database takes when its Pod starts"
            }
            Reason::ArchivingFails => "the database's log says why its archive_command fails",
            Reason::AlreadyRunning => "wait until it is done",
            _ => "see pgBackRest's message",
        };
        // What a wrong key made of a file is no message.
        let message = if reason == Reason::EncryptionKey { "they cannot be decrypted".to_owned() } else { message(said) };
        Failure::new(reason, format!("backups of {} in {storage}: {message}; {what_to_do}", self.repository.database))
    }
}

/// Where pgBackRest keeps its locks.
fn lock_path() -> PathBuf {
    std::env::temp_dir().join("pgbackrest")
}

/// The public authorities that lie beside the programs in our image; elsewhere the system's are used.
fn public_authorities(pgbackrest: &Path) -> Option<PathBuf> {
    let file = pgbackrest.parent()?.parent()?.join("ca-certificates.crt");
    file.is_file().then_some(file)
}

/// The code in a message such as `ERROR: [056]: unable to find primary cluster`, or `[CryptoError] ...`.
fn number(said: &str) -> Option<i32> {
    said.rsplit_once("ERROR: [")?.1.get(..3)?.parse().ok()
}

/// The last error that pgBackRest tells, with its hints, in one line.
fn message(said: &str) -> String {
    let from = said.rfind("ERROR: [").map_or(said, |at| &said[at..]);
    let text = from.split_once("]: ").filter(|_| from.starts_with("ERROR: [")).map_or(from, |(_, text)| text);
    // What follows the error is what pgBackRest did about it.
    let lines = text.lines().take_while(|line| !["INFO:", "WARN:", "DETAIL:"].iter().any(|level| line.starts_with(level)));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER).collect();
    // A termination message has 4 kB, and an answer of a storage may be long.
    match line.char_indices().nth(1000) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None if line.is_empty() => "pgBackRest ended without a message".to_owned(),
        None => line,
    }
}

/// What kind of failure an error of pgBackRest is: by its code, and where that says little, by its words.
fn reason(code: Option<i32>, said: &str) -> Reason {
    let has = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    if has(&["No space left on device", "507 (", "[507]", "QuotaExceeded", "Disk quota exceeded", "XMinioStorageFull"]) {
        return Reason::StorageFull;
    }
    if has(&[
        "403 (",
        "404 (",
        "AccessDenied",
        "NoSuchBucket",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "301 (",
        "unable to verify certificate",
        "certificate verify failed",
        "unable to find hostname",
    ]) {
        return Reason::StorageRefused;
    }
    // By a wrong key a file is decrypted to something that is none.
    if has(&["CryptoError", "cipher header", "was the repo encrypted", "key/value found outside of section"]) {
        return Reason::EncryptionKey;
    }
    // What `info` tells of a repository has no code, but a name.
    if has(&["[HostConnectError]", "[ServiceError]", "[ProtocolError]", "[FileReadError]"]) {
        return Reason::StorageUnreachable;
    }
    match code {
        Some(95) => Reason::EncryptionKey,
        Some(28 | 44 | 51 | 58) => Reason::OtherDatabase,
        Some(46) => Reason::VersionNotSupported,
        Some(56) if has(&["password authentication failed", "no pg_hba.conf entry", "does not exist"]) => Reason::DatabaseRefused,
        Some(56) => Reason::DatabaseUnreachable,
        Some(57) if has(&["permission denied"]) => Reason::DatabaseRefused,
        Some(50) => Reason::AlreadyRunning,
        Some(82) => Reason::ArchivingFails,
        Some(49 | 101 | 42 | 39) => Reason::StorageUnreachable,
        Some(63) => Reason::Interrupted,
        Some(31 | 32 | 37) => Reason::Settings,
        Some(75) => Reason::BackupNotFound,
        _ => Reason::Failed,
    }
}
