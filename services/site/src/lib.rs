//! What guests read, on pages and in mail: how the restaurant presents itself, and in which language.

pub mod assets;
pub mod failure;
pub mod form;
pub mod frame;
mod icon;
pub mod language;
mod palette;
pub mod reader;
pub mod session;
pub mod settings;
pub mod shell;
pub mod texts;
