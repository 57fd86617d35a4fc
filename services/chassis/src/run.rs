//! Running a service: its settings, its database, its log and metrics, its start and its stop.

pub mod config;
pub mod database;
pub mod log;
pub mod metrics;
pub mod probe;
pub mod service;
pub mod shutdown;
