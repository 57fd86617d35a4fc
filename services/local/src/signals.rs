//! Ctrl-C and what else asks the process to end.

use std::io;

use chassis::Shutdown;
use tokio::signal::unix::{SignalKind, signal};

/// What a shell takes for "ended by Ctrl-C".
const INTERRUPTED: i32 = 130;

/// A token that is cancelled by the first SIGINT (Ctrl-C) or SIGTERM. A second one ends the process
/// at once: PostgreSQL is then told to stop by the kernel, and the next start recovers what it has to.
///
/// # Errors
/// Where the signals cannot be listened for.
pub fn stop() -> io::Result<Shutdown> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = Shutdown::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first {
                cancelled.cancel();
            }
        }
        eprintln!("Stopped at once. What was committed is kept.");
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}
