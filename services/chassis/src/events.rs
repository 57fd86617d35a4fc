//! Events between services: CloudEvents on Kafka, written through an outbox and taken through an inbox.

pub mod event;
pub mod inbox;
pub mod kafka;
pub mod outbox;
