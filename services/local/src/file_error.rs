use std::io;
use std::path::{Path, PathBuf};

/// Why a file or directory of the platform could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system has no room left.
    #[error("The disk that holds {} is full: free some space there, or choose another disk with --data DIR.", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// A file is where a directory has to be.
    #[error("{} is not a directory: choose another place with --data DIR.", path.display())]
    NotADirectory {
        /// The file, or what was to be in it.
        path: PathBuf,
    },
    /// Anything else the operating system refused.
    #[error("Cannot {action} {}: {source}. Check its owner and permissions, or choose another place with --data DIR.", path.display())]
    Refused {
        /// What was attempted, as the words that follow "cannot".
        action: &'static str,
        /// What it was attempted on.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl FileError {
    /// Turns the operating system's answer into an error that names the file, for `map_err`.
    pub(crate) fn during(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let path = path.as_ref().to_path_buf();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Self::NotADirectory { path },
                _ => Self::Refused { action, path, source },
            }
        }
    }
}
