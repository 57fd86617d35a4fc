//! An object storage: its authority, its refusals, its loss; and the watch.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use backup::report::{LookReport, Outcome, Reason, RestoreReport, RunReport, WatchReport};
use jiff::Timestamp;

use crate::Arranged;
use crate::cluster::{Cluster, done, failed, files, kill_group, until};
use crate::gateway::{BUCKET, CREDENTIALS, Gateway, certificate};
use crate::repository::Repository;
use crate::traffic::{Traffic, compare, found};

fn repository(arranged: &Arranged, gateway: &Gateway) -> Repository {
    Repository::s3(&arranged.programs, &gateway.endpoint(), BUCKET, CREDENTIALS, &gateway.authority)
}

pub(crate) async fn an_object_storage_with_an_authority_of_its_own_holds_backups(arranged: Arranged) {
    let gateway = Gateway::start(&arranged.programs);
    let good = repository(&arranged, &gateway).encrypted(&arranged.programs, "correct horse battery staple");
    let cluster = Cluster::start(&arranged.programs, "reservation", &good).await;
    let traffic = Traffic::start(&cluster).await;
    let report: RunReport = done(cluster.backup(&["run"], &[("BACKUP_RETENTION_COUNT", "1")]));
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[("BACKUP_RETENTION_COUNT", "1")])).kept, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let moment = Timestamp::now();
    assert!(moment > report.oldest);
    tokio::time::sleep(Duration::from_secs(1)).await;
    until("the moment is archived", async || match cluster.backup::<LookReport>(&["look"], &[]) {
        (0, Outcome::Done(report)) => report.newest >= moment,
        _ => false,
    })
    .await;
    let written = traffic.stop().await;
    assert!(files(&gateway.objects().join("trattoria/trattoria/backup/reservation")).len() > 2, "they are under the path");
    let mut other = Cluster::empty(&arranged.programs, "reservation", &good);
    let restored: RestoreReport = done(other.backup(&["restore"], &[("BACKUP_TARGET", &moment.to_string())]));
    assert!(restored.rows["written"] > 0);
    other.repository = Repository::folder(&arranged.programs);
    other.serve().await;
    compare(&written, &found(&other).await, moment);
}

pub(crate) async fn a_storage_that_refuses_is_told_from_one_that_is_away(arranged: Arranged) {
    let gateway = Gateway::start(&arranged.programs);
    let (authority, ..) = certificate();
    let (programs, endpoint) = (&arranged.programs, gateway.endpoint());
    let cases = [
        (
            "a wrong key",
            Repository::s3(programs, &endpoint, BUCKET, ("restaurant", "guessed-secret"), &gateway.authority),
            Reason::StorageRefused,
        ),
        (
            "an unknown key",
            Repository::s3(programs, &endpoint, BUCKET, ("nobody", "guessed-secret"), &gateway.authority),
            Reason::StorageRefused,
        ),
        ("a wrong authority", Repository::s3(programs, &endpoint, BUCKET, CREDENTIALS, &authority), Reason::StorageRefused),
        ("no such bucket", Repository::s3(programs, &endpoint, "elsewhere", CREDENTIALS, &gateway.authority), Reason::StorageRefused),
        ("nobody listens", repository(&arranged, &gateway).with("BACKUP_S3_ENDPOINT", "https://localhost:1"), Reason::StorageUnreachable),
    ];
    for (what, repository, reason) in cases {
        let cluster = Cluster::empty(programs, "auth", &repository);
        let failure = failed(cluster.backup::<LookReport>(&["look"], &[]));
        assert_eq!(failure.reason, reason, "{what}: {failure:?}");
        assert!(failure.message.contains("localhost") && !failure.message.contains("guessed-secret"), "{what}: {failure:?}");
    }
}

/// The server's own `archive_timeout` does nothing for minutes after a start: the watch has the log archived all the same.
pub(crate) async fn a_database_that_was_just_started_is_archived_in_time(arranged: Arranged) {
    let mut cluster = Cluster::start(&arranged.programs, "menu", &Repository::folder(&arranged.programs)).await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    cluster.stop();
    cluster.serve().await;
    let started = Timestamp::now().as_duration().as_secs_f64();
    let watch = Watch::start(&cluster);
    until("what was written since is archived", async || watch.newest().is_some_and(|newest| newest > started)).await;
    assert!(Timestamp::now().as_duration().as_secs_f64() - started < 60.0, "long before the first checkpoint");
    assert_eq!(watch.get("/readyz").0, 200);
}

/// A watch that runs.
struct Watch {
    child: std::process::Child,
    database: &'static str,
    address: String,
    report: std::path::PathBuf,
}

impl Watch {
    fn start(cluster: &Cluster) -> Self {
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

    /// A path's status and text; nothing where it does not answer.
    fn get(&self, path: &str) -> (u16, String) {
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

    fn newest(&self) -> Option<f64> {
        self.metric("backup_newest_restorable_timestamp_seconds")
    }

    /// The value of a metric of the database.
    fn metric(&self, name: &str) -> Option<f64> {
        let series = format!("{name}{{database=\"{}\"}} ", self.database);
        self.get("/metrics").1.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}

pub(crate) async fn a_lost_connection_stops_no_database_is_told_and_is_caught_up(arranged: Arranged) {
    let gateway = Gateway::start(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "auth", &repository(&arranged, &gateway)).await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    let mut watch = Watch::start(&cluster);
    assert_eq!(watch.get("/livez").0, 200);
    until("it is known", async || watch.get("/readyz").0 == 200).await;
    // Nobody writes but the watch: the newest moment rises all the same.
    let before = watch.newest().expect("a moment");
    until("the newest moment rises", async || watch.newest().is_some_and(|newest| newest > before + 2.0)).await;
    gateway.lose(true);
    let lost = Timestamp::now();
    let traffic = Traffic::start(&cluster).await;
    until("it ends", async || watch.child.try_wait().expect("its state").is_some()).await;
    assert_eq!(watch.child.wait().expect("an end").code(), Some(75));
    let Some(Outcome::Done(told)) = Outcome::<WatchReport>::read(&std::fs::read_to_string(&watch.report).expect("a report")) else {
        panic!("a report")
    };
    let behind = &told.databases["auth"];
    assert!(behind.newest.is_some_and(|newest| newest < lost + Duration::from_secs(2)) && behind.error.is_none(), "{behind:?}");
    assert!(behind.waiting > 0 && behind.bytes > 0, "{behind:?}");
    // The next one is not ready while it is so.
    let watch = Watch::start(&cluster);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(watch.get("/readyz").0, 503);
    assert_eq!(watch.get("/livez").0, 200);
    // Alerts ask for these. The newest moment is not known any more.
    for name in ["backup_wal_waiting_bytes", "backup_wal_waiting_files"] {
        assert!(watch.metric(name).is_some_and(|value| value > 0.0), "{name}: {}", watch.get("/metrics").1);
    }
    assert_eq!((watch.metric("backup_database_up"), watch.newest()), (Some(1.0), None));
    assert!(watch.metric("backup_archive_failures_total").is_some());
    assert!(watch.get("/metrics").1.contains("# TYPE backup_archive_failures_total counter"), "{}", watch.get("/metrics").1);
    gateway.lose(false);
    let back = Timestamp::now().as_duration().as_secs_f64();
    let mut watch = watch;
    until("it is caught up", async || {
        // Where catching up takes longer than it may be behind, the next start knows.
        if watch.child.try_wait().expect("its state").is_some() {
            watch = Watch::start(&cluster);
        }
        watch.get("/readyz").0 == 200 && watch.newest().is_some_and(|newest| newest > back)
    })
    .await;
    let written = traffic.stop().await;
    assert!(written.iter().any(|row| row.acknowledged > lost), "the database served all the while");
    let failure = {
        gateway.lose(true);
        failed(cluster.backup::<LookReport>(&["look"], &[("BACKUP_DEADLINE", "10s")]))
    };
    assert!(matches!(failure.reason, Reason::StorageUnreachable | Reason::TimedOut) && failure.retry, "{failure:?}");
}
