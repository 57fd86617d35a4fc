//! What is printed once everything runs.

use std::fmt;
use std::path::Path;

use crate::databases;
use crate::platform::{SERVICES, Service};
use crate::stack::Stack;

/// Where everything is and how to stop it, for people.
pub struct Table<'a>(pub &'a Stack);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stack = self.0;
        let ports = stack.ports();
        writeln!(f, "{} is open.\n", stack.restaurant())?;
        row(f, "Book a table", format_args!("http://localhost:{}/book", ports.of("reservation")))?;
        row(f, "For hosts", format_args!("http://localhost:{}/host", ports.of("reservation")))?;
        row(f, "Mail", format_args!("{}", stack.mail().display()))?;
        writeln!(f)?;
        for Service { name, title, .. } in &SERVICES {
            row(f, title, format_args!("http://localhost:{}/docs", ports.of(name)))?;
        }
        writeln!(f)?;
        let administrator = stack.administrator();
        let caveat = match stack.server() {
            Some(_) if !administrator.earlier => "",
            Some(_) => " (unless changed since)",
            None => " (unless another one was made or it was changed before)",
        };
        row(f, "Administrator", format_args!("{}", administrator.credentials.email))?;
        row(f, "Password", format_args!("{}{caveat}", administrator.credentials.password))?;
        writeln!(f)?;
        let (data, databases) = (stack.data(), databases::names().join(", "));
        match stack.server() {
            None => {
                row(f, "Data", format_args!("{databases} on the PostgreSQL server {}", databases::describe(&stack.database(""))))?;
            }
            Some(server) => {
                let fate = if data.is_ephemeral() { "removed at the end" } else { "kept between runs" };
                row(f, "Data", format_args!("{}, {fate}", data.path().display()))?;
                let socket = quoted(server.socket_directory());
                row(f, "PostgreSQL", format_args!("psql -h {socket} -U {} {}", crate::postgres::ROLE, SERVICES[0].database))?;
                row(f, "", format_args!("({databases})"))?;
            }
        }
        let broker = stack.broker();
        row(f, "Kafka", format_args!("{}", broker.bootstrap_servers()))?;
        if broker.is_embedded() {
            row(f, "", format_args!("in this process, its log in memory only; an event that waits in an outbox is not lost"))?;
        }
        write!(f, "\nCtrl-C stops it.")
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
    writeln!(f, "  {name:<13}  {value}")
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    if path.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c)) {
        return path.into_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Path, quoted};

    #[test]
    fn a_path_is_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted(Path::new("/var/lib/restaurant-booking/socket")), "/var/lib/restaurant-booking/socket");
        assert_eq!(quoted(Path::new("/it's here")), r"'/it'\''s here'");
    }
}
