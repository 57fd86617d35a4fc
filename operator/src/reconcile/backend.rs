//! The backends: the kinds of databases and of the broker. A backend has a room with its part of each step.
//!
//! To add one, say what users write in `api/postgres.rs` or `api/kafka.rs` (with its rules in `api/rules.rs`), add its settings to
//! `settings.rs`, and copy the file of another backend. The compiler then asks for an arm in each `match` of [`database`] or [`broker`],
//! and every step knows the backend. An object of a new kind also needs its row in `kind.rs`, and its arm in `observe.rs` where a step
//! waits for it.

pub mod broker;
pub mod database;

/// The names of the Secrets that a backend reads.
#[derive(Debug, Default)]
pub(crate) struct SecretNames {
    /// Those that the operator generates.
    pub(crate) generated: Vec<String>,
    /// Those that another operator makes.
    pub(crate) foreign: Vec<String>,
    /// Those that the resource refers to.
    pub(crate) named: Vec<String>,
}
