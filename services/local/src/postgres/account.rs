use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::Error;
use crate::FileError;

/// The user that the server's programs run as.
///
/// PostgreSQL refuses to run as root, so that root's server runs as a user without privileges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// Ourselves.
    Own,
    /// Another user, for which we must be root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Ourselves, unless we are root: then `postgres` where that user exists, else `nobody`.
    pub(crate) fn of_server() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::choose(&users).ok_or(Error::NoAccount)
    }

    fn choose(users: &str) -> Option<Self> {
        ["postgres", "nobody"].iter().find_map(|wanted| {
            users.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next().filter(|name| name == wanted)?;
                let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
                let gid = fields.next()?.parse().ok()?;
                Some(Self::Other { name: name.to_owned(), uid, gid })
            })
        })
    }

    /// Makes `command` run as this user. The standard library drops root's further groups with it.
    pub(crate) fn run(&self, command: &mut Command) {
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
    }

    /// Gives a file or directory to this user.
    pub(crate) fn own(&self, path: &Path) -> Result<(), FileError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => chown(path, Some(*uid), Some(*gid)).map_err(FileError::during("change the owner of", path)),
        }
    }

    /// As a message names it.
    pub(crate) fn describe(&self) -> &str {
        match self {
            Self::Own => "this user",
            Self::Other { name, .. } => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    fn other(name: &str, uid: u32, gid: u32) -> Option<Account> {
        let name = name.to_owned();
        Some(Account::Other { name, uid, gid })
    }

    #[test]
    fn postgres_comes_before_nobody_and_root_is_never_chosen() {
        let nobody = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\n";
        assert_eq!(Account::choose(nobody), other("nobody", 65534, 65533));
        let both = format!("{nobody}postgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n");
        assert_eq!(Account::choose(&both), other("postgres", 101, 104));
        let disguised = format!("postgres:x:0:0::/:/bin/sh\n{nobody}");
        assert_eq!(Account::choose(&disguised), other("nobody", 65534, 65533));
        assert_eq!(Account::choose("root:x:0:0:root:/root:/bin/sh\n"), None);
        assert_eq!(Account::choose("postgres\npostgres:x:abc\n"), None);
    }
}
