//! The program that watches what is archived.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use backup::report::{Outcome, WatchReport};

use crate::cluster::{Cluster, kill_group, until};

/// A watch that runs.
pub(crate) struct Watch {
    child: Child,
    database: &'static str,
    address: String,
    report: PathBuf,
}

impl Watch {
    /// Begins to watch a database.
    pub(crate) fn start(cluster: &Cluster) -> Self {
        let report = cluster.volume().join("../tmp/watch-report");
        let passwords = cluster.volume().join("../tmp");
        std::fs::copy(cluster.volume().join("../backup-password"), passwords.join(cluster.database)).expect("a password");
        let mut command = cluster.command(&["watch", "--report"]);
        command.arg(&report).env("BACKUP_PASSWORDS", &passwords).env("BACKUP_MAX_LOSS", "2s").env("LISTEN_ADDRESS", "127.0.0.1:0");
        command.env("BACKUP_HOSTS", format!("{}=127.0.0.1:{}", cluster.database, cluster.port)).stderr(Stdio::piped());
        let mut child = command.spawn().expect("our program");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("listening on address ")?.1.to_owned())).expect("an address");
        std::thread::spawn(move || lines.for_each(|line| eprintln!("watch: {line}")));
        Self { child, database: cluster.database, address, report }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// Waits until it ends, since the archive is too far behind: how far.
    pub(crate) async fn behind(&mut self) -> WatchReport {
        until("the watch ends", async || self.has_ended()).await;
        assert_eq!(self.child.wait().expect("an end").code(), Some(75));
        match Outcome::read(&std::fs::read_to_string(&self.report).expect("a report")) {
            Some(Outcome::Done(report)) => report,
            other => panic!("a report: {other:?}"),
        }
    }

    /// A path's status and text; nothing where it does not answer.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let ask = || {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: watch\r\nConnection: close\r\n\r\n").as_bytes())?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok::<_, std::io::Error>(text)
        };
        let text = ask().unwrap_or_default();
        (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), text)
    }

    /// The newest moment to which the database can be restored, as the metrics have it.
    pub(crate) fn newest(&self) -> Option<f64> {
        self.metric("backup_newest_restorable_timestamp_seconds")
    }

    /// The value of a metric of the database.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let series = format!("{name}{{database=\"{}\"}} ", self.database);
        self.get("/metrics").1.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}
