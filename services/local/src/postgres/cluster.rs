//! PostgreSQL's data directory: making it, and telling in what state an earlier run left it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::account::Account;
use super::find::Binaries;
use super::{Error, Options, process};
use crate::{FileError, directory};

/// The superuser, who owns every database.
pub const ROLE: &str = "restaurant";

/// PostgreSQL's data directory inside the one that is given to the server.
const NAME: &str = "postgresql";

/// How the names of data directories begin that are being made or removed.
const PARTIAL_PREFIX: &str = "postgresql.partial-";

/// How long a server of a killed run may take to end. It was told so when its owner died.
const ORPHAN_LIMIT: Duration = Duration::from_secs(10);

/// What PostgreSQL and its tools write where the disk is full: of a write that was refused, and of
/// one that was cut short.
const DISK_FULL: [&str; 2] = ["No space left on device", "Check free disk space"];

pub(crate) fn path_in(home: &Path) -> PathBuf {
    home.join(NAME)
}

/// The major version of the data in `home`, or nothing where there is no data yet.
///
/// # Errors
/// When there is something, but not a database.
pub fn major(home: &Path) -> Result<Option<u32>, Error> {
    let data = path_in(home);
    let entries = match fs::read_dir(&data) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(FileError::during("read the directory", &data)(error).into()),
    };
    if !entries {
        return Ok(None);
    }
    let incomplete = |missing| Error::HalfInitialised { path: data.clone(), missing };
    let version = fs::read_to_string(data.join("PG_VERSION"))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| incomplete("PG_VERSION"))?;
    // The last file that initdb's first step leaves, without which no server starts.
    if !data.join("global/pg_control").is_file() {
        return Err(incomplete("global/pg_control"));
    }
    Ok(Some(version))
}

/// Makes the data directory in `home`, unless it is there.
///
/// It is made under another name and renamed when it is whole, so that being killed half-way leaves
/// nothing that could be taken for data.
pub(crate) fn initialise(binaries: &Binaries, home: &Path, account: &Account, options: &Options) -> Result<(), Error> {
    sweep(home);
    match major(home)? {
        None => {}
        Some(major) if major == binaries.major() => return Ok(()),
        Some(major) => {
            return Err(Error::OtherMajor { major, others: format!("the programs at hand are {}'s", binaries.major()) });
        }
    }
    let partial =
        tempfile::Builder::new().prefix(PARTIAL_PREFIX).tempdir_in(home).map_err(FileError::during("make a directory in", home))?;
    account.own(partial.path())?;
    // C.UTF-8 knows the case of all letters; a system without it has C, which knows ASCII's only.
    run_initdb(binaries, partial.path(), account, options, "C.UTF-8").or_else(|error| match error {
        Error::Initdb { output, .. } if output.contains("invalid locale name") => {
            run_initdb(binaries, partial.path(), account, options, "C")
        }
        error => Err(error),
    })?;
    let data = path_in(home);
    let partial = partial.keep();
    fs::rename(&partial, &data).map_err(FileError::during("make", &data))?;
    if options.durable {
        File::open(home).and_then(|directory| directory.sync_all()).map_err(FileError::during("write", home))?;
    }
    Ok(())
}

fn run_initdb(binaries: &Binaries, target: &Path, account: &Account, options: &Options, locale: &str) -> Result<(), Error> {
    let program = binaries.program("initdb");
    let mut initdb = process::command(&program, account);
    initdb
        .current_dir(target)
        .arg("-D")
        .arg(target)
        .args(["--username", ROLE, "--auth", "trust", "--encoding", "UTF8"])
        .args(["--locale", locale]);
    if binaries.major() >= 17 {
        // PostgreSQL's own rules for letters, the same on every operating system.
        initdb.args(["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]);
    }
    if !options.durable {
        initdb.arg("--no-sync");
    }
    // On this signal it removes what it made. (SIGINT would be lost while it runs a program: system(3)
    // ignores that one.)
    process::tie(&mut initdb, Signal::TERM);
    let output = initdb.output().map_err(|source| match source.kind() {
        // The programs were tried before: what this user cannot enter is the data directory.
        io::ErrorKind::PermissionDenied => {
            Error::Unreachable { path: target.parent().unwrap_or(target).to_path_buf(), user: account.describe().to_owned() }
        }
        _ => Error::Launch { program, source },
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if tells_of_full_disk(&said) {
        return Err(disk_full(target.parent().unwrap_or(target)));
    }
    Err(Error::Initdb { path: target.to_path_buf(), output: last_lines(&said, 4) })
}

fn tells_of_full_disk(text: &str) -> bool {
    DISK_FULL.iter().any(|sentence| text.contains(sentence))
}

pub(crate) fn disk_full(path: &Path) -> Error {
    let path = path.to_path_buf();
    FileError::DiskFull { path }.into()
}

/// The end of a server's log, and whether it says that the disk is full.
pub(crate) fn tail(log: &Path) -> (String, bool) {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let tail = last_lines(&text, 12);
    let full = tells_of_full_disk(&tail);
    (tail, full)
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Waits until no server of an earlier run works on the data in `home`. Who calls it has claimed
/// the directory, so that whatever runs there has lost its owner.
pub(crate) fn outlive_orphan(home: &Path) -> Result<(), Error> {
    let data = path_in(home);
    let record = data.join("postmaster.pid");
    let deadline = Instant::now() + ORPHAN_LIMIT;
    let mut told = false;
    loop {
        let Some(pid) = recorded_pid(&record) else {
            return Ok(());
        };
        if !is_server_of(pid, &data) {
            // After a crash of the machine the number can be any process's, and PostgreSQL would
            // refuse to start for as long as that one lives.
            if Path::new("/proc").join(pid.to_string()).exists() || !cfg!(target_os = "linux") {
                let _ = fs::remove_file(&record);
            }
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Error::StillRunning { pid, path: data });
        }
        if !told && !cfg!(target_os = "linux") {
            // Nobody told it that its owner died.
            if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, Signal::INT);
            }
            told = true;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn recorded_pid(record: &Path) -> Option<u32> {
    let text = fs::read_to_string(record).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// Whether the process is a server that works on `data`: that is its working directory.
#[cfg(target_os = "linux")]
fn is_server_of(pid: u32, data: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|directory| directory == data)
}

/// Whether the process is a server that works on `data`: it is started with `-D` and that path.
#[cfg(not(target_os = "linux"))]
fn is_server_of(pid: u32, data: &Path) -> bool {
    process::command(Path::new("ps"), &Account::Own).args(["-o", "command=", "-p", &pid.to_string()]).output().is_ok_and(|output| {
        let command = String::from_utf8_lossy(&output.stdout);
        command.contains(&format!("-D {}", data.display()))
    })
}

/// Deletes the data in `home`, as one step: what is left when it is interrupted is no longer taken
/// for data.
pub(crate) fn discard(home: &Path) -> Result<(), Error> {
    outlive_orphan(home)?;
    let data = path_in(home);
    let doomed = home.join(format!("{PARTIAL_PREFIX}discarded"));
    directory::remove_tree(&doomed)?;
    match fs::rename(&data, &doomed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::during("remove", &data)(error).into()),
        Ok(()) => Ok(directory::remove_tree(&doomed)?),
    }
}

/// Removes data directories that were never finished, or half removed.
fn sweep(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL_PREFIX) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{last_lines, recorded_pid};

    #[test]
    fn the_last_lines_are_those_that_say_something() {
        assert_eq!(last_lines("a\n\nb\n c\n\n", 2), "b\n c");
        assert_eq!(last_lines("", 3), "");
    }

    #[test]
    fn a_record_that_cannot_be_read_names_nobody() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "4711\n/data\n").expect("written");
        assert_eq!(recorded_pid(file.path()), Some(4711));
        std::fs::write(file.path(), "").expect("written");
        assert_eq!(recorded_pid(file.path()), None);
    }
}
