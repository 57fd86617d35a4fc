//! A PostgreSQL server of our own: found or downloaded, started as a child process, and gone when
//! we are.

mod account;
mod cluster;
mod download;
mod error;
mod find;
mod process;
mod server;
mod socket;

pub use cluster::{ROLE, major};
pub use error::Error;
pub use find::{BIN_VARIABLE, Binaries, OLDEST_MAJOR, Search};
pub use server::{Options, Server};

pub(crate) use cluster::discard;

use crate::directory::Directory;

/// Starts a server on the data in the directory `home`, with programs that fit that data, and makes
/// the data where there is none. The caller has claimed the directory.
///
/// # Errors
/// When no programs are to be had, when the data cannot be used, or when the server does not start.
pub async fn start(home: &std::path::Path, options: &Options) -> Result<Server, Error> {
    let binaries = Search::from_environment().find(major(home)?).await?;
    Server::start(&binaries, home, options).await
}

/// Starts a server whose data is thrown away with it, in the system's temporary directory.
///
/// It needs nothing else of the platform, so that a test process can keep one in a static. Statics
/// are not dropped: the server then ends with the process (on Linux; see
/// [`Server`]), and the next call anywhere removes its directory.
///
/// # Errors
/// When no programs are to be had or the server does not start.
pub async fn ephemeral() -> Result<Server, Error> {
    let home = Directory::temporary()?;
    let binaries = Search::from_environment().find(None).await?;
    let mut server = Server::start(&binaries, home.path(), &Options::throw_away()).await?;
    server.keep_home(home);
    Ok(server)
}
