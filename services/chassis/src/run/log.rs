//! The log: one line an occurrence on standard output, as JSON or for people to read. Requests stand in it by id and route
//! template, never with bodies, tokens, addresses or names.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::run::config::{LogArgs, Problems};

/// How the log is written.
#[derive(Clone, Debug)]
pub struct Log {
    json: bool,
    filter: String,
}

impl LogArgs {
    /// Checks the settings.
    pub fn check(&self, problems: &mut Problems) -> Log {
        let json = match self.log_format.as_deref() {
            None | Some("" | "json") => true,
            Some("human") => false,
            Some(other) => {
                problems.add("LOG_FORMAT", format!("is {other:?}; it must be json or human"));
                true
            }
        };
        let filter = self.log_level.clone().filter(|level| !level.is_empty()).unwrap_or_else(|| "info".to_owned());
        if EnvFilter::try_new(&filter).is_err() {
            problems.add(
                "LOG_LEVEL",
                format!("is {filter:?}; it must be error, warn, info, debug or trace, also by module, such as info,sqlx=debug"),
            );
        }
        Log { json, filter }
    }
}

impl Log {
    /// Begins to log.
    pub fn start(&self) {
        // sqlx says at info what PostgreSQL notices, such as tables that migrations find in place.
        let filter = EnvFilter::try_new(format!("sqlx=warn,{}", self.filter)).unwrap_or_default();
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter);
        // A second start in one process (tests) keeps the first log.
        let _ = if self.json {
            subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        } else {
            subscriber.with_ansi(std::io::stdout().is_terminal()).try_init()
        };
    }
}
