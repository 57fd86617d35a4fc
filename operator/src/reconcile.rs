//! From a resource to a running platform: dereference, validate, build, apply, status.

pub mod apply;
pub mod brokers;
pub mod build;
pub mod children;
pub mod context;
pub mod deletion;
pub mod dereference;
pub mod differ;
pub mod failure;
pub mod kafka;
pub mod kind;
pub mod names;
pub mod observe;
pub mod platform;
mod prune;
pub mod reason;
pub mod reconciler;
pub mod references;
pub mod resource;
pub mod rollouts;
pub mod service;
pub mod status;
pub mod step;
pub mod tenant;
pub mod topics;
pub mod validate;
pub mod volume;
