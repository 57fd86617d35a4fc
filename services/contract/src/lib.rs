//! The contract between the services: topics, ids, and events as types. Producers write these types, consumers read them, and
//! `docs/asyncapi.yaml` describes them; a test holds all three together.
//!
//! The rules by which a version of a service understands a newer one: a type of event that it does not know is skipped, a member that it
//! does not know is ignored, and a role that it does not know is `user`. Every time is an instant in UTC as RFC 3339 writes it, with `Z`
//! and as many decimals of the second as it has, six at most: `2030-05-17T17:30:00Z`, `2030-05-01T10:00:00.123456Z`.

mod id;
pub mod menu;
pub mod reservation;
mod topic;
pub mod user;

pub use id::{DishId, ReservationId, TableId, UserId};
pub use menu::{Dish, MenuEvent, RemovedDish};
pub use reservation::{Happened, Reservation, ReservationEvent, Source, Status};
pub use topic::TOPICS;
pub use user::{User, UserEvent};
