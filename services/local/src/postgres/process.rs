//! The commands of PostgreSQL.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::account::Account;
pub(crate) use crate::process::{Process, tie};

/// A command of PostgreSQL's, shielded from what surrounds us: no variable of a client's (`PGPORT`,
/// `PGDATA`, ...) reaches it, its messages are English because we look for some of them, the
/// terminal's Ctrl-C does not reach it because it is stopped only after requests were finished, and
/// it starts in a directory that any user can read.
pub(crate) fn command(program: &Path, account: &Account) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG")) {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").env_remove("LANGUAGE").current_dir("/").stdin(Stdio::null()).process_group(0);
    account.run(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::{Account, Path, Process, command};
    use crate::process::Signal;
    use std::time::Duration;

    #[test]
    fn a_child_ends_with_the_signal_and_later_signals_go_nowhere() {
        let mut sleep = command(Path::new("sleep"), &Account::Own);
        sleep.arg("60");
        let process = Process::launch(sleep, Signal::KILL).expect("sleep starts");
        assert_eq!(process.exit(), None);
        assert_eq!(process.wait(Duration::from_millis(20)), None);
        process.signal(Signal::TERM);
        let status = process.wait(Duration::from_secs(10)).expect("it ends");
        assert!(!status.success());
        process.signal(Signal::TERM);
        assert_eq!(process.exit(), Some(status));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let missing = command(Path::new("/nonexistent/program"), &Account::Own);
        assert!(Process::launch(missing, Signal::KILL).is_err());
    }
}
