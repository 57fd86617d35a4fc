//! The logs of operators: kept for the scenarios, and shown as `OPERATOR_LOG` selects.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Starts to keep the logs of operators, from warnings on.
pub(crate) fn start() {
    let kept = fmt::layer().with_ansi(false).with_writer(|| Kept).with_filter(EnvFilter::new("operator=warn"));
    let shown = std::env::var_os("OPERATOR_LOG")
        .map(|_| fmt::layer().with_writer(std::io::stderr).with_filter(EnvFilter::from_env("OPERATOR_LOG")));
    tracing_subscriber::registry().with(kept).with(shown).init();
}

/// The lines that have a text.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&kept).lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}
