//! The transactional outbox: events are written in the transaction of the change, and a relay publishes them afterwards.
//!
//! One relay per database works at a time; a lease elects it (`lead`). It looks what is there, publishes it in order for each aggregate,
//! and deletes it after the broker has acknowledged it: an event may be published twice, and is never lost (`publish`).

mod lane;
mod lead;
mod publish;
mod queue;
mod seen;
mod write;

pub use lead::Relay;
pub use queue::LOOK;
pub use write::Outbox;
