//! What the tests from outside stand on: the services, each on a database of its own on a real PostgreSQL, and a broker that
//! speaks Kafka's protocol; and a client that says what it expects.

pub mod api;
pub mod broker;
pub mod database;
pub mod noon;
pub mod platform;
pub mod program;
pub mod token;
pub mod topic;

pub use api::{Api, Reply};
pub use platform::{Platform, Setup};
