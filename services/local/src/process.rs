//! Child processes whose life is tied to ours.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
pub use rustix::process::Signal;
use rustix::process::{Pid, WaitId, WaitIdOptions, kill_process, waitid};

/// Has the kernel send `signal` to the command's process as soon as the *thread* that spawns it
/// ends, which it also does when our process is killed outright.
///
/// Only Linux has this. Elsewhere a server outlives a process that was killed outright, until the
/// next start stops it, or until it notices that its files were removed.
#[allow(unsafe_code)]
pub(crate) fn tie(command: &mut Command, signal: Signal) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpid, getppid, set_parent_process_death_signal};

        let parent = getpid();
        let arm = move || {
            set_parent_process_death_signal(Some(signal))?;
            // A parent that died before the line above will never be reported.
            if getppid() != Some(parent) {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            Ok(())
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed. `arm` makes two
        // bare system calls and compares integers: it allocates nothing and takes no lock. It runs
        // after the change of user, which would clear the signal again.
        unsafe { command.pre_exec(arm) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (command, signal);
}

/// A running child, watched by a thread of its own.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    end: Arc<End>,
}

#[derive(Debug, Default)]
struct End {
    status: Mutex<Option<ExitStatus>>,
    changed: Condvar,
}

impl End {
    fn status(&self) -> MutexGuard<'_, Option<ExitStatus>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    /// Starts `command`; `signal` reaches it when we die.
    ///
    /// It is started by a thread that waits for its end, because the kernel takes the death of the
    /// starting thread for that of the parent: a runtime's worker may end long before the process.
    ///
    /// # Errors
    /// Where the operating system refuses a thread or the process.
    pub fn launch(mut command: Command, signal: Signal) -> io::Result<Self> {
        tie(&mut command, signal);
        let end = Arc::new(End::default());
        let watched = Arc::clone(&end);
        let (started, start) = mpsc::sync_channel(1);
        thread::Builder::new().name("child".to_owned()).spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            };
            let pid = Pid::from_child(&child);
            let _ = started.send(Ok(pid));
            // Until it is reaped, its process id cannot become another process's. So it is
            // reaped under the lock that signals are sent under.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
            let mut status = watched.status();
            *status = Some(child.wait().unwrap_or_default());
            watched.changed.notify_all();
        })?;
        let pid = start.recv().map_err(|_| io::Error::other("the thread that starts it ended"))??;
        Ok(Self { pid, end })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// How it ended, once it has.
    pub fn exit(&self) -> Option<ExitStatus> {
        *self.end.status()
    }

    /// Sends it a signal, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        let status = self.end.status();
        if status.is_none() {
            // It is ours and not reaped, so that the only failure would be its having just ended.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Waits, blocking the thread, until it has ended or `limit` has passed.
    pub fn wait(&self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        let mut status = self.end.status();
        while status.is_none() {
            let left = deadline.checked_duration_since(Instant::now())?;
            status = self.end.changed.wait_timeout(status, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *status
    }
}
