//! A program that is run to its end, but no longer than it may.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// How long a program may take to end once it is told to.
const FAREWELL: Duration = Duration::from_secs(10);

/// How much of what a program says is kept, in lines: the last ones say why it failed.
const KEPT_LINES: usize = 200;

/// How a program ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself: its code, or `None` where a signal ended it; its output, and the last lines of what it said.
    Itself(Option<i32>, Vec<u8>, String),
    /// It took too long.
    Late,
    /// We were told to stop.
    Stopped,
}

/// Runs a program to its end. What it writes to standard error is passed on.
///
/// # Errors
/// Where it cannot be started.
pub(crate) async fn run(mut command: Command, deadline: Duration, stop: &CancellationToken) -> io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (mut output, errors) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let work = async {
        let mut bytes = Vec::new();
        let (read, said) = tokio::join!(output.read_to_end(&mut bytes), pass_on(errors));
        read?;
        Ok::<_, io::Error>((bytes, said))
    };
    let ended = tokio::select! {
        done = work => {
            let (bytes, said) = done?;
            return Ok(Ended::Itself(child.wait().await?.code(), bytes, said));
        }
        () = tokio::time::sleep(deadline) => Ended::Late,
        () = stop.cancelled() => Ended::Stopped,
    };
    end(&mut child, Signal::TERM).await;
    Ok(ended)
}

/// Has a program end: by a signal, or by force where that does not help.
pub(crate) async fn end(child: &mut Child, signal: Signal) {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // It is not reaped, so that the only failure is its having just ended.
        let _ = kill_process(pid, signal);
    }
    if tokio::time::timeout(FAREWELL, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

/// Passes lines on to our standard error until there are no more, and returns the last ones.
pub(crate) async fn pass_on(from: impl AsyncRead + Unpin) -> String {
    let mut kept = std::collections::VecDeque::with_capacity(KEPT_LINES);
    let mut lines = BufReader::new(from).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        // What was decrypted by a wrong key may stand in a message.
        let line = String::from_utf8_lossy(&line).into_owned();
        eprintln!("{line}");
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
    kept.make_contiguous().join("\n")
}
