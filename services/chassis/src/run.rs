//! Running a service: its command line, settings, database, log and metrics, its server and background tasks, its start and its stop.

pub mod cli;
pub mod config;
mod connection;
pub mod database;
mod error;
pub mod listen;
pub mod log;
pub mod metrics;
pub(crate) mod panic;
pub mod probe;
pub(crate) mod readiness;
pub mod restored;
pub(crate) mod server;
pub mod service;
pub mod shutdown;
pub mod tasks;
