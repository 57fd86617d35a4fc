//! The menu in memory, which answers every read.

pub(crate) mod cache;
pub(crate) mod contents;
pub(crate) mod entry;
pub(crate) mod follow;
pub(crate) mod selection;
pub(crate) mod snapshot;
