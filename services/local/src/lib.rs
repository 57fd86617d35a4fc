//! The whole platform in one process on this machine: a PostgreSQL server of its own, a broker, and
//! the services. The tests start its parts too.

pub mod administrator;
pub mod broker;
pub mod data;
pub mod databases;
pub mod directory;
pub mod options;
pub mod platform;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod resource;
pub mod services;
pub mod signals;
pub mod stack;
pub mod table;

mod file_error;

pub use file_error::FileError;
pub use stack::{Setup, Stack};
