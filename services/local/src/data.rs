//! The platform's data directory: the database, and the secrets and the mail that are kept with it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::directory::{self, Directory};
use crate::{FileError, postgres};

/// The directory of the kept secrets inside the data directory.
const SECRETS: &str = "secrets";
/// The directory of the mail inside the data directory.
pub(crate) const MAIL: &str = "mail";

/// Why there is no data directory. Every message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No variable says where this user keeps data.
    #[error(
        "Neither XDG_DATA_HOME nor HOME is set, so that there is no place to keep data: choose one with --data DIR, or keep none with --ephemeral."
    )]
    NoHome,
    /// The directory that is to be deleted is not there, or not ours.
    #[error(
        "{} is not a data directory of the platform, so nothing was deleted: give --reset with the --data DIR that was given before.",
        path.display(),
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
    },
    /// The directory could not be claimed.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The database could not be deleted.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the user's directory of application data; see [`default_path`].
    Default,
    /// Beside it, in a directory of the resource of that name.
    Of(String),
    /// In a directory of choice.
    At(PathBuf),
    /// Nowhere: in a temporary directory that is removed at the end.
    Ephemeral,
}

impl Place {
    /// The directory, unless it is made up anew each time.
    fn path(&self) -> Result<Option<PathBuf>, Error> {
        match self {
            Self::Default => default_path(None).map(Some),
            Self::Of(name) => default_path(Some(name)).map(Some),
            Self::At(path) => Ok(Some(path.clone())),
            Self::Ephemeral => Ok(None),
        }
    }
}

/// The data directory of this run, ours alone until the value is dropped or the process ends.
#[derive(Debug)]
pub struct Data {
    directory: Directory,
}

impl Data {
    /// Claims the data directory, and makes it if it is missing.
    ///
    /// # Errors
    /// When another instance uses it, when it holds another program's files, or when it cannot be
    /// written.
    pub fn open(place: &Place) -> Result<Self, Error> {
        let directory = match place.path()? {
            Some(path) => Directory::claim(&path)?,
            None => Directory::temporary()?,
        };
        Ok(Self { directory })
    }

    /// As [`Data::open`], after deleting what is kept there: the database, the mail and the secrets, and
    /// nothing else.
    ///
    /// # Errors
    /// As [`Data::open`], and when the directory never was ours: it is left as it is.
    pub fn open_anew(place: &Place) -> Result<Self, Error> {
        if let Some(path) = place.path()?
            && path.exists()
            && !Directory::is_ours(&path)
        {
            return Err(Error::NotOurs { path });
        }
        let data = Self::open(place)?;
        postgres::discard(data.path())?;
        directory::remove_tree(&data.path().join(MAIL))?;
        // The secrets last: a database without them would not know its administrator's password.
        directory::remove_tree(&data.path().join(SECRETS))?;
        Ok(data)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether it is removed at the end.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.directory.is_temporary()
    }

    /// The secret of that name: what an earlier run kept, or what `make` gives, which is kept from
    /// now on. Only this user can read its file.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn secret(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Error> {
        let secrets = self.secrets()?;
        let path = secrets.join(name);
        match fs::read(&path) {
            Ok(kept) => Ok(kept),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = make();
                keep(&secrets, &path, &made)?;
                Ok(made)
            }
            Err(error) => Err(FileError::during("read", &path)(error).into()),
        }
    }

    /// Keeps a secret from now on, whatever was kept before under that name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace_secret(&self, name: &str, secret: &[u8]) -> Result<(), Error> {
        let secrets = self.secrets()?;
        Ok(keep(&secrets, &secrets.join(name), secret)?)
    }

    /// The directory of the secrets, made if it is missing: only this user can enter it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn secrets(&self) -> Result<PathBuf, Error> {
        self.private(SECRETS)
    }

    /// The directory of the mail to guests, made if it is missing: only this user can enter it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn mail(&self) -> Result<PathBuf, Error> {
        self.private(MAIL)
    }

    fn private(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path().join(name);
        if !path.is_dir() {
            directory::make_private(&path)?;
        }
        Ok(path)
    }
}

/// Writes a file that is there whole or not at all, also after a crash.
fn keep(directory: &Path, path: &Path, content: &[u8]) -> Result<(), FileError> {
    let write = || {
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(FileError::during("write", path))
}

/// Where data is kept unless told otherwise: `restaurant-booking` in the user's directory of
/// application data, or `restaurant-booking-NAME` for the resource of that name. Root's is under
/// `/var/lib`, since the user that root's server runs as cannot enter root's home.
///
/// # Errors
/// When the environment names no such directory.
pub fn default_path(name: Option<&str>) -> Result<PathBuf, Error> {
    let root = rustix::process::geteuid().is_root();
    let home = default_home(root, env::var_os("XDG_DATA_HOME"), env::home_dir()).ok_or(Error::NoHome)?;
    Ok(home.join(name.map_or_else(|| "restaurant-booking".to_owned(), |name| format!("restaurant-booking-{name}"))))
}

fn default_home(root: bool, xdg: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    Some(match xdg.map(PathBuf::from).filter(|path| path.is_absolute()) {
        _ if root => PathBuf::from("/var/lib"),
        Some(path) => path,
        None => home.filter(|path| path.is_absolute())?.join(".local/share"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Data, Error, Place, default_home, default_path};
    use crate::directory;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    #[test]
    fn the_default_follows_the_environment_and_never_leads_into_roots_home() {
        let path = |root, xdg: Option<&str>, home: Option<&str>| default_home(root, xdg.map(Into::into), home.map(PathBuf::from));
        let expected = |path: &str| Some(PathBuf::from(path));
        let home = Some("/home/me");
        assert_eq!(path(false, None, home), expected("/home/me/.local/share"));
        assert_eq!(path(false, Some("/data"), home), expected("/data"));
        assert_eq!(path(false, Some("relative"), home), expected("/home/me/.local/share"));
        assert_eq!(path(true, Some("/data"), Some("/root")), expected("/var/lib"));
        assert_eq!(path(false, None, None), None);
        let [default, other] = [None, Some("trattoria")].map(|name| default_path(name).expect("a home"));
        assert_eq!(default.file_name().expect("a name"), "restaurant-booking");
        assert_eq!(other, default.with_file_name("restaurant-booking-trattoria"));
    }

    #[test]
    fn a_foreign_directory_is_neither_used_nor_reset() {
        let home = tempfile::tempdir().expect("a directory");
        fs::write(home.path().join("thesis.tex"), "years of work").expect("written");
        fs::create_dir(home.path().join("postgresql")).expect("a directory");
        let place = Place::At(home.path().to_path_buf());
        let error = Data::open(&place).expect_err("it is foreign");
        assert!(matches!(error, Error::Directory(directory::Error::Foreign { .. })), "{error}");
        let error = Data::open_anew(&place).expect_err("it is foreign");
        assert!(matches!(error, Error::NotOurs { .. }), "{error}");
        let mut names: Vec<_> = fs::read_dir(home.path()).expect("read").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(names, ["postgresql", "thesis.tex"]);
    }

    #[test]
    fn a_reset_deletes_the_database_the_mail_and_the_secrets_and_nothing_else() {
        let home = tempfile::tempdir().expect("a directory");
        let place = Place::At(home.path().join("new/data"));
        let path = {
            let data = Data::open(&place).expect("it is made");
            data.secret("password", || b"first".to_vec()).expect("kept");
            fs::create_dir(data.path().join("postgresql")).expect("a directory");
            fs::write(data.path().join("postgresql/PG_VERSION"), "15\n").expect("written");
            fs::write(data.path().join("note"), "the user's own").expect("written");
            fs::write(data.mail().expect("a directory").join("1.eml"), "Dear Ada").expect("written");
            data.path().to_path_buf()
        };
        let data = Data::open_anew(&place).expect("it is ours");
        assert!(!path.join("postgresql").exists() && !path.join("mail").exists());
        assert!(path.join("note").exists());
        let password = data.secret("password", || b"second".to_vec()).expect("kept");
        assert_eq!(password, b"second");
    }

    #[test]
    fn two_instances_are_told_apart_and_secrets_are_private() {
        let home = tempfile::tempdir().expect("a directory");
        let place = Place::At(home.path().to_path_buf());
        let data = Data::open(&place).expect("it is free");
        for second in [Data::open(&place), Data::open_anew(&place)] {
            let message = second.expect_err("it is taken").to_string();
            let owner = format!("is in use by another instance (process {})", std::process::id());
            assert!(message.contains(&owner), "{message}");
        }
        data.secret("key", || b"k".to_vec()).expect("kept");
        let again = data.secret("key", || unreachable!("it is kept")).expect("read");
        assert_eq!(again, b"k");
        let mode = |path: PathBuf| {
            let metadata = fs::metadata(path).expect("it is there");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode(data.path().join("secrets/key")), 0o600);
        assert_eq!(mode(data.path().join("secrets")), 0o700);
        drop(data);
        Data::open(&place).expect("it is free again");
    }

    #[test]
    fn an_ephemeral_directory_goes_with_its_owner() {
        let data = Data::open(&Place::Ephemeral).expect("a directory");
        assert!(data.is_ephemeral());
        let path = data.path().to_path_buf();
        data.secret("key", Vec::new).expect("kept");
        drop(data);
        assert!(!path.exists());
    }
}
