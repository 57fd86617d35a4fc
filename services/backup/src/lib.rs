//! Backups of a service's database. pgBackRest does the work; this program configures it, runs it with a deadline, and reports.
//!
//! [`report`] is what the commands leave behind, and [`sealed`] opens a part of it. The rest requires the feature `program`.

pub mod report;
pub mod sealed;

#[cfg(feature = "program")]
mod child;
#[cfg(feature = "program")]
pub mod cli;
#[cfg(feature = "program")]
mod info;
#[cfg(feature = "program")]
mod install;
#[cfg(feature = "program")]
mod keys;
#[cfg(feature = "program")]
mod look;
#[cfg(feature = "program")]
mod restore;
#[cfg(feature = "program")]
mod retention;
#[cfg(feature = "program")]
mod run;
#[cfg(feature = "program")]
mod server;
#[cfg(feature = "program")]
mod settings;
#[cfg(feature = "program")]
mod tool;
#[cfg(feature = "program")]
mod verify;
#[cfg(feature = "program")]
mod wal;
#[cfg(feature = "program")]
mod watch;
