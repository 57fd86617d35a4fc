//! A directory that one process at a time holds: a file in it is both our mark that the directory
//! is ours and the lock.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::FileError;

/// The file that marks a directory as ours and carries the lock; it holds the owner's process id.
const MARK: &str = "restaurant-booking.lock";

/// How the names of our directories in the system's temporary directory begin.
const TEMPORARY_PREFIX: &str = "restaurant-booking-";

/// Why a directory could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds it.
    #[error(
        "{} is in use by {}: stop that one first, or give this one a directory of its own with --data DIR or --ephemeral.",
        path.display(),
        owner.map_or_else(|| "another instance".to_owned(), |pid| format!("another instance (process {pid})")),
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other process, once it has written its id down.
        owner: Option<u32>,
    },
    /// It holds files, and none of them is our mark.
    #[error(
        "{} holds files that are not the platform's, so nothing was changed there: choose an empty or a new directory with --data DIR.",
        path.display(),
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A directory that is ours for as long as this value lives, or until the process ends in whatever
/// way.
///
/// The lock is advisory and local to this machine, as `flock` is.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    temporary: bool,
    // Held for its lock.
    _mark: File,
}

impl Directory {
    /// Claims the directory at `path`, and makes it if it is missing.
    ///
    /// # Errors
    /// When another process holds it, when it holds files but never was ours, or when it cannot be
    /// made or written.
    pub fn claim(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(FileError::during("make the directory", path))?;
        // Absolute and without links, so that what is derived from it stays true wherever it is
        // used from: the server compares its working directory, and runs in another one.
        let path = path.canonicalize().map_err(FileError::during("find the directory", path))?;
        let mark = path.join(MARK);
        if !mark.exists() {
            let mut entries = fs::read_dir(&path).map_err(FileError::during("read the directory", &path))?;
            // Asked again: another instance may have marked the directory between the two looks.
            if entries.next().is_some() && !mark.exists() {
                return Err(Error::Foreign { path });
            }
            fs::set_permissions(&path, Permissions::from_mode(directory_mode()))
                .map_err(FileError::during("set the permissions of", &path))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&mark)
            .map_err(FileError::during("open", &mark))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who it is is a courtesy: the refusal stands without it.
                let _ = file.read_to_string(&mut owner);
                return Err(Error::InUse { path, owner: owner.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => {
                return Err(FileError::during("lock", &mark)(error).into());
            }
        }
        // A sweeper may have removed the mark after it was opened here: then the lock is on nothing.
        let same = fs::metadata(&mark).and_then(|there| Ok(there.ino() == file.metadata()?.ino())).unwrap_or(false);
        if !same {
            return Err(Error::InUse { path, owner: None });
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(FileError::during("write", &mark))?;
        Ok(Self { path, temporary: false, _mark: file })
    }

    /// Makes a new directory in the system's temporary one, removed when the value is dropped. What
    /// killed processes left behind there is removed first.
    ///
    /// # Errors
    /// When the temporary directory cannot be written.
    pub fn temporary() -> Result<Self, Error> {
        Self::temporary_in(&std::env::temp_dir())
    }

    /// As [`Directory::temporary`], in a directory of choice.
    ///
    /// # Errors
    /// When `parent` cannot be written.
    pub fn temporary_in(parent: &Path) -> Result<Self, Error> {
        sweep(parent);
        loop {
            let path = tempfile::Builder::new()
                .prefix(TEMPORARY_PREFIX)
                .tempdir_in(parent)
                .map_err(FileError::during("make a directory in", parent))?
                .keep();
            match Self::claim(&path) {
                Ok(mut directory) => {
                    directory.temporary = true;
                    return Ok(directory);
                }
                // Another process swept it between its making and its locking: take a new name.
                Err(Error::InUse { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the directory at `path` bears our mark: whether it is, or was, somebody's claim.
    #[must_use]
    pub fn is_ours(path: &Path) -> bool {
        path.join(MARK).is_file()
    }

    /// Where it is: absolute, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is removed when this value is dropped.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed now is swept by the next start.
            let _ = remove(&self.path);
        }
    }
}

/// Root's server runs as another user, who has to pass through the directory to reach its own.
fn directory_mode() -> u32 {
    if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 }
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_private(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().mode(0o700).create(path).map_err(FileError::during("make the directory", path))
}

/// Removes a tree that may not be there.
pub(crate) fn remove_tree(path: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::during("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes the temporary directories whose owners are gone. Whatever cannot be removed is left: it
/// is another user's, or a server that is just ending still writes there.
fn sweep(parent: &Path) {
    let user = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(TEMPORARY_PREFIX))
            // Not followed where it is a link: anyone can put one into a shared directory.
            && entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == user);
        if !ours {
            continue;
        }
        let path = entry.path();
        let Ok(mark) = File::open(path.join(MARK)) else {
            continue;
        };
        if mark.try_lock().is_ok() {
            let _ = remove(&path);
        }
    }
}

/// Removes the directory with its mark last, so that one that could not be emptied is still known
/// as ours.
fn remove(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == MARK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(path.join(MARK))?;
    fs::remove_dir(path)
}
