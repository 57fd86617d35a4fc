//! The service's statements.

pub(crate) mod login;
pub(crate) mod user;
