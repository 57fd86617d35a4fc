//! The database of the reservation service: everything that speaks SQL.

pub mod area;
pub mod block;
pub mod booking;
pub mod database;
pub mod exception;
pub mod group;
pub mod guest;
pub mod hold;
pub mod house;
pub mod idempotency;
pub mod limit;
pub mod list;
pub mod message;
pub mod pacing;
pub mod restored;
pub mod sql;
pub mod table;
