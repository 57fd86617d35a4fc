//! Mail to guests: what is written of a booking in the transaction of its change, and sent by a relay.

pub mod calendar;
pub mod letter;
pub mod message;
pub mod relay;
pub mod settings;
pub mod way;
