//! The database of the reservation service.

pub mod booking;
pub mod guest;
pub mod idempotency;
pub mod list;
pub mod table;
