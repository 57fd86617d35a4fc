//! The parts that every service shares, in three rooms: answering HTTP requests, exchanging events, and running from start to stop.

pub mod events;
pub mod http;
pub mod run;

pub use run::shutdown::Shutdown;
