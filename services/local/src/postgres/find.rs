//! Where PostgreSQL's programs are on this machine.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::download::{self, Cache};
use super::{Error, process};

/// The environment variable that names the directory of PostgreSQL's programs.
pub const BIN_VARIABLE: &str = "RESTAURANT_POSTGRES_BIN";

/// The oldest major version the platform runs on.
pub const OLDEST_MAJOR: u32 = 15;

/// The contrib module without which a table cannot be kept from being sold twice.
const NEEDED_EXTENSION: &str = "btree_gist";

/// Where distributions and package managers put the versions they install beside each other, and
/// under which name: what stands for the star is the version.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];

/// PostgreSQL's programs: `initdb` and `postgres` of one version, in one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
    version: String,
    major: u32,
}

impl Binaries {
    /// The directory they are in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The version as the programs tell it, `17.6` for example.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The major version, which the data directory's has to equal.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Looks whether a directory holds programs that can be used; if not, says why as a sentence's
    /// second half.
    ///
    /// `initdb --show` tells the version and where the extensions are, without guessing how a
    /// distribution lays its files out. It runs as the server's user, and runs `postgres` itself:
    /// that both can be executed is tried with it.
    fn probe(directory: &Path, account: &Account) -> Result<Self, String> {
        let initdb = directory.join("initdb");
        if !initdb.is_file() {
            return Err("it holds no `initdb`".to_owned());
        }
        let output = process::command(&initdb, account).args(["--show", "-D", "/nonexistent"]).output().map_err(|error| {
            let user = account.describe();
            format!("its `initdb` cannot be started as {user} ({error})")
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        let setting = |name: &str| {
            let value = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
            Some(value.trim())
        };
        let (Some(version), Some(share)) = (setting("VERSION"), setting("share_path")) else {
            let last = said.lines().last().unwrap_or("nothing").trim();
            return Err(format!("its `initdb` says: {last}"));
        };
        let Some(major) = major_of(version) else {
            return Err(format!("its version `{version}` cannot be read"));
        };
        if major < OLDEST_MAJOR {
            return Err(format!("it is version {major}, where {OLDEST_MAJOR} is the oldest that will do"));
        }
        let control = Path::new(share).join(format!("extension/{NEEDED_EXTENSION}.control"));
        if !control.is_file() {
            return Err(format!("it lacks the extension {NEEDED_EXTENSION}, which the contrib package of the same version brings"));
        }
        // Links in PATH lead to it: what is named in messages and started is the thing itself.
        let directory = setting("PGPATH").map_or_else(|| directory.to_path_buf(), PathBuf::from);
        let version = version.split_whitespace().next().unwrap_or(version);
        Ok(Self { directory, version: version.to_owned(), major })
    }
}

/// The leading number of a version: 17 of `17.6`, of `18beta1` the 18.
fn major_of(version: &str) -> Option<u32> {
    let digits = version.len() - version.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    version[..digits].parse().ok()
}

/// Where to look for PostgreSQL's programs, in the order of the fields.
#[derive(Debug, Clone)]
pub struct Search {
    /// The one directory to use; nothing else is looked at when it is set.
    pub configured: Option<PathBuf>,
    /// Directories whose programs may be PostgreSQL's.
    pub directories: Vec<PathBuf>,
    /// Where downloaded versions are kept; without it nothing is downloaded.
    pub cache: Option<PathBuf>,
}

impl Search {
    /// What the environment and the customs of operating systems say: the variable
    /// [`BIN_VARIABLE`], `PATH`, the directories of packages with the newest version first, and a
    /// cache of our own.
    #[must_use]
    pub fn from_environment() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut directories: Vec<_> = env::split_paths(&path).filter(|directory| directory.is_absolute()).collect();
        for (parent, prefix, suffix) in VERSIONED {
            directories.extend(versioned(Path::new(parent), prefix, suffix));
        }
        Self {
            configured: env::var_os(BIN_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from),
            directories,
            cache: cache_directory(env::var_os("XDG_CACHE_HOME"), env::home_dir()),
        }
    }

    /// Finds the programs, and downloads them where there are none.
    ///
    /// `major` is that of the data they are for. Where it is given, no other version will do.
    ///
    /// # Errors
    /// When what is configured cannot be used, or when nothing is installed and nothing could be
    /// downloaded.
    pub async fn find(&self, major: Option<u32>) -> Result<Binaries, Error> {
        let account = Account::of_server()?;
        if let Some(directory) = &self.configured {
            return match Binaries::probe(directory, &account) {
                Ok(found) if fits(&found, major) => Ok(found),
                Ok(found) => Err(Error::OtherMajor {
                    major: major.unwrap_or_default(),
                    others: format!("{BIN_VARIABLE} names the programs of {}", found.major),
                }),
                Err(reason) => Err(Error::Configured { directory: directory.clone(), reason }),
            };
        }

        let mut passed_over = Vec::new();
        let cache = self.cache.as_ref().map(|path| Cache::new(path, &account));
        let cached = cache.iter().flat_map(Cache::installed);
        for directory in self.directories.iter().cloned().chain(cached) {
            if !directory.join("initdb").exists() {
                continue;
            }
            match Binaries::probe(&directory, &account) {
                Ok(found) if fits(&found, major) => return Ok(found),
                Ok(found) => passed_over.push((directory, format!("it is version {}", found.major))),
                Err(reason) => passed_over.push((directory, reason)),
            }
        }
        let failure = match &cache {
            None => "nothing is downloaded".to_owned(),
            Some(cache) => match cache.download(major).await {
                Ok(directory) => match Binaries::probe(&directory, &account) {
                    Ok(found) => return Ok(found),
                    Err(reason) => format!("what was downloaded cannot be used ({reason})"),
                },
                Err(download::Error::File(error)) => return Err(error.into()),
                Err(error) => format!("it could not be downloaded ({error})"),
            },
        };
        let looked_at: Vec<_> = passed_over.iter().map(|(directory, reason)| format!("{}: {reason}", directory.display())).collect();
        let looked_at = if looked_at.is_empty() { String::new() } else { format!(" ({})", looked_at.join("; ")) };
        Err(match major {
            Some(major) => {
                Error::OtherMajor { major, others: format!("no programs of that version are installed{looked_at}, and {failure}") }
            }
            None => Error::NotFound { looked_at, download: failure },
        })
    }
}

fn fits(found: &Binaries, major: Option<u32>) -> bool {
    major.is_none_or(|major| major == found.major)
}

/// The directories `PARENT/PREFIX<version>/SUFFIX`, the newest version first.
fn versioned(parent: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let major = major_of(name.to_str()?.strip_prefix(prefix)?)?;
            Some((major, entry.path().join(suffix)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Root's home is closed to the user that its server runs as, hence another place for root.
fn cache_directory(xdg: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let root = rustix::process::geteuid().is_root();
    let base = match xdg.map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(path) => path,
        None if root => PathBuf::from("/var/cache"),
        None => home?.join(".cache"),
    };
    Some(base.join("restaurant-booking/postgresql"))
}

#[cfg(test)]
mod tests {
    use super::{Search, major_of, versioned};
    use crate::postgres::Error;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    #[test]
    fn a_version_begins_with_its_major() {
        assert_eq!(major_of("15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_of("18beta1"), Some(18));
        assert_eq!(major_of("devel"), None);
        assert_eq!(major_of(""), None);
    }

    #[test]
    fn the_newest_of_several_versions_comes_first() {
        let parent = tempfile::tempdir().expect("a directory");
        for name in ["pg-9", "pg-17", "pg-16", "other-18"] {
            fs::create_dir(parent.path().join(name)).expect("a directory");
        }
        let found = versioned(parent.path(), "pg-", "bin");
        let expected: Vec<_> = ["pg-17/bin", "pg-16/bin", "pg-9/bin"].iter().map(|name| parent.path().join(name)).collect();
        assert_eq!(found, expected);
    }

    /// A stand-in for an installation, with the answer its `initdb --show` gives.
    fn installation(version: &str, contrib: bool) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a directory");
        let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755));
        open(place.path()).expect("permissions");
        let extensions = place.path().join("extension");
        fs::create_dir(&extensions).expect("a directory");
        if contrib {
            fs::write(extensions.join("btree_gist.control"), "").expect("a file");
        }
        let initdb = place.path().join("initdb");
        let here = place.path().display();
        let script = format!("#!/bin/sh\nprintf 'VERSION={version}\\nshare_path={here}\\nPGPATH={here}\\n' >&2\n");
        fs::write(&initdb, script).expect("a file");
        open(&initdb).expect("permissions");
        place
    }

    fn search(places: &[&tempfile::TempDir]) -> Search {
        Search { configured: None, directories: places.iter().map(|place| place.path().to_path_buf()).collect(), cache: None }
    }

    #[tokio::test]
    async fn what_is_too_old_or_lacks_contrib_is_passed_over_and_said() {
        let old = installation("14.9", true);
        let bare = installation("16.2", false);
        let error = search(&[&old, &bare]).find(None).await.expect_err("none will do");
        let message = error.to_string();
        assert!(matches!(error, Error::NotFound { .. }), "{message}");
        assert!(message.contains("it is version 14, where 15 is the oldest"), "{message}");
        assert!(message.contains("lacks the extension btree_gist"), "{message}");

        let good = installation("16.4 (Vendor 16.4-1)", true);
        let found = search(&[&old, &bare, &good]).find(None).await.expect("one will do");
        assert_eq!((found.version(), found.major()), ("16.4", 16));
        assert_eq!(found.directory(), good.path());
    }

    #[tokio::test]
    async fn the_data_decides_between_versions() {
        let (newer, older) = (installation("17.6", true), installation("15.1", true));
        let search = search(&[&newer, &older]);
        assert_eq!(search.find(None).await.expect("the first").major(), 17);
        assert_eq!(search.find(Some(15)).await.expect("the other").major(), 15);
        let message = search.find(Some(16)).await.expect_err("neither").to_string();
        assert!(message.contains("made by PostgreSQL 16"), "{message}");
        assert!(message.contains("it is version 17"), "{message}");
    }

    #[tokio::test]
    async fn a_configured_directory_is_the_only_one_looked_at() {
        let good = installation("17.6", true);
        let mut search = search(&[&good]);
        let empty = tempfile::tempdir().expect("a directory");
        search.configured = Some(empty.path().to_path_buf());
        let error = search.find(None).await.expect_err("it is empty");
        assert!(matches!(error, Error::Configured { .. }), "{error}");
        assert!(error.to_string().contains("it holds no `initdb`"), "{error}");
        search.configured = Some(good.path().to_path_buf());
        assert_eq!(search.find(None).await.expect("it is good").major(), 17);
        let error = search.find(Some(15)).await.expect_err("another version");
        assert!(matches!(error, Error::OtherMajor { .. }), "{error}");
    }
}
