//! The log: one line an occurrence on standard output, as JSON or for people to read. Requests stand in it by id and route
//! template, never with bodies, tokens, addresses or names.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

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
        // A word alone is taken for a module by the parser, all of which would be logged, and nothing else.
        let mut words = filter.split(',').filter(|part| part.chars().all(|c| c.is_alphanumeric() || c == '_'));
        if EnvFilter::try_new(&filter).is_err() || words.any(|word| word.parse::<LevelFilter>().is_err()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(level: &str) -> Option<String> {
        let mut problems = Problems::default();
        LogArgs { log_format: None, log_level: Some(level.to_owned()) }.check(&mut problems);
        problems.finish().err().map(|unusable| unusable.to_string())
    }

    #[test]
    fn a_level_that_does_not_exist_is_refused_and_not_taken_for_a_module() {
        for good in ["", "info", "WARN", "off", "info,sqlx=debug", "sqlx::query=debug", "warn,sqlx::query=error,chassis=info"] {
            assert_eq!(problems(good), None, "{good}");
        }
        for bad in ["loud", "info,sqlx", "info,loud", "sqlx=loud", "7"] {
            assert!(problems(bad).is_some_and(|told| told.contains("it must be error, warn, info, debug or trace")), "{bad}");
        }
    }
}
