use std::path::{Path, PathBuf};

use super::Error;
use super::account::Account;
use crate::directory::{self, Directory};

/// The name of the socket's file holds a port, which nothing listens on.
pub(crate) const PORT: u16 = 5432;

/// The longest path of a socket's directory: an address has room for 104 bytes where it is
/// shortest (macOS; 108 on Linux), the end is a zero byte, and the file's name takes its part.
const LONGEST_DIRECTORY: usize = 103 - "/.s.PGSQL.5432".len();

/// A directory for the socket, which only the server's user and root can enter.
#[derive(Debug)]
pub(crate) struct Sockets {
    path: PathBuf,
    // Where the data's own directory has too long a path for a socket.
    _elsewhere: Option<Directory>,
}

impl Sockets {
    pub(crate) fn make(home: &Path, account: &Account) -> Result<Self, Error> {
        let elsewhere = if suits_a_socket(&home.join("socket")) {
            None
        } else {
            let temporary = std::env::temp_dir().join("restaurant-booking-XXXXXX/socket");
            Some(if suits_a_socket(&temporary) { Directory::temporary()? } else { Directory::temporary_in(Path::new("/tmp"))? })
        };
        let path = elsewhere.as_ref().map_or(home, Directory::path).join("socket");
        // A socket of a killed run may name a process id that is another process's by now.
        directory::remove_tree(&path)?;
        directory::make_private(&path)?;
        account.own(&path)?;
        Ok(Self { path, _elsewhere: elsewhere })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Short enough, and free of what separates or quotes directories in the server's setting.
fn suits_a_socket(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|path| path.len() <= LONGEST_DIRECTORY && !path.contains(|c: char| matches!(c, ',' | '"') || c.is_whitespace()))
}

#[cfg(test)]
mod tests {
    use super::suits_a_socket;
    use std::path::Path;

    #[test]
    fn a_socket_needs_a_short_and_plain_path() {
        assert!(suits_a_socket(Path::new("/var/lib/restaurant-booking/socket")));
        assert!(!suits_a_socket(Path::new("/home/a,b/socket")));
        assert!(!suits_a_socket(Path::new("/home/a b/socket")));
        let longest = format!("/{}", "x".repeat(88));
        assert!(suits_a_socket(Path::new(&longest)));
        assert!(!suits_a_socket(Path::new(&format!("{longest}x"))));
    }
}
