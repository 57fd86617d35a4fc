//! What every service of the platform has and none is about.

pub mod code;
pub mod config;
pub mod database;
pub mod etag;
pub mod event;
pub mod http;
pub mod identity;
pub mod inbox;
pub mod input;
pub mod kafka;
mod linger;
pub mod log;
pub mod metrics;
pub mod openapi;
pub mod outbox;
pub mod page;
pub mod probe;
pub mod problem;
pub mod rule;
pub mod service;
pub mod shutdown;

pub use shutdown::Shutdown;
