//! The operator: turns `RestaurantBooking` resources into running platforms, and keeps them so.
//!
//! [`api`] has the resource's definition; it needs no cluster. The rest requires the feature `controller`.

pub mod api;
#[cfg(feature = "controller")]
pub mod changes;
#[cfg(feature = "controller")]
pub mod check;
#[cfg(feature = "controller")]
pub mod cli;
#[cfg(feature = "controller")]
pub mod connection;
#[cfg(feature = "controller")]
pub mod controller;
#[cfg(feature = "controller")]
pub mod metrics;
#[cfg(feature = "controller")]
pub mod overlap;
#[cfg(feature = "controller")]
pub mod plan;
#[cfg(feature = "controller")]
pub mod reconcile;
#[cfg(feature = "controller")]
pub mod release;
#[cfg(feature = "controller")]
pub mod server;
#[cfg(test)]
mod sources;
#[cfg(feature = "controller")]
pub mod timing;
#[cfg(feature = "controller")]
pub mod watches;
