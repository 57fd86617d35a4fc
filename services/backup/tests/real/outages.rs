//! An object storage that is full, and a connection to it that is slow, cut, stuck or lost. Each time the database goes on, the fault is
//! told, archiving resumes by itself, and no row is lost.

use std::time::Duration;

use backup::report::{Behind, LookReport, Outcome, Reason, RestoreReport, RunReport};
use jiff::Timestamp;

use crate::Arranged;
use crate::cluster::{Cluster, done, failed, until};
use crate::gateway::Gateway;
use crate::repository::Repository;
use crate::storing::repository;
use crate::traffic::{Traffic, compare, found};
use crate::watch::Watch;

/// Bytes that pass a slow connection in a second: a backup takes some 15 s.
const SLOW: u64 = 200_000;

/// A fault that began at a moment is over: what was written since then is archived, without anybody's help, and restored elsewhere.
async fn nothing_is_lost(arranged: &Arranged, cluster: &Cluster, traffic: Traffic, began: Timestamp) {
    let over = Timestamp::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    until("everything is archived", async || match cluster.backup::<LookReport>(&["look"], &[]) {
        (0, Outcome::Done(report)) => report.newest >= Some(over),
        _ => false,
    })
    .await;
    // Whoever writes panics where the database does not answer.
    let written = traffic.stop().await;
    assert!(written.iter().any(|row| row.acknowledged > began && row.acknowledged < over), "the database served meanwhile");
    let mut other = Cluster::empty(&arranged.programs, cluster.database, &cluster.repository);
    done(other.backup::<RestoreReport>(&["restore"], &[("BACKUP_TARGET", &over.to_string())]));
    other.repository = Repository::folder(&arranged.programs);
    other.serve().await;
    compare(&written, &found(&other).await, over);
}

/// Waits until the watch tells that the archive is too far behind, since the log cannot be archived.
async fn told(watch: &mut Watch, cluster: &Cluster) -> Behind {
    let behind = watch.behind().await.databases[cluster.database].clone();
    assert!(behind.error.is_none() && behind.waiting > 0 && behind.bytes > 0, "{behind:?}");
    behind
}

pub(crate) async fn a_full_storage_stops_no_database_is_told_and_is_caught_up(arranged: Arranged) {
    let gateway = Gateway::start_on_a_disk(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "menu", &repository(&arranged, &gateway)).await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    let mut watch = Watch::start(&cluster);
    until("it is known", async || watch.get("/readyz").0 == 200).await;
    gateway.fill(true);
    let began = Timestamp::now();
    let traffic = Traffic::start(&cluster).await;
    // It waits for the first segment of the log, which there is no room for.
    let failure = failed(cluster.backup::<RunReport>(&["run"], &[("BACKUP_DEADLINE", "30s")]));
    assert!(matches!(failure.reason, Reason::StorageFull | Reason::ArchivingFails | Reason::TimedOut) && failure.retry, "{failure:?}");
    told(&mut watch, &cluster).await;
    // These words are of a full storage alone.
    until("its log says why", async || cluster.log().contains("make room there")).await;
    gateway.fill(false);
    nothing_is_lost(&arranged, &cluster, traffic, began).await;
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[])).kept, 2, "the one that failed is none");
}

pub(crate) async fn a_slow_connection_is_waited_for_and_one_that_is_cut_is_told(arranged: Arranged) {
    let gateway = Gateway::start(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "reservation", &repository(&arranged, &gateway)).await;
    let traffic = Traffic::start(&cluster).await;
    let began = Timestamp::now();
    gateway.slow_down(Some(SLOW));
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[])).kept, 1, "it takes longer, and that is all");
    // In the middle of a backup.
    let passed = gateway.passed();
    let report = cluster.volume().join("../tmp/cut");
    let mut run = cluster.command(&["run", "--report"]).arg(&report).spawn().expect("our program");
    until("a part of it is sent", async || gateway.passed() > passed + 4 * SLOW).await;
    gateway.lose(true);
    until("the backup ends", async || run.try_wait().expect("its state").is_some()).await;
    let code = run.wait().expect("an end").code().expect("a code");
    let outcome = Outcome::<RunReport>::read(&std::fs::read_to_string(&report).expect("a report")).expect("a report");
    let failure = failed((code, outcome));
    assert!(failure.reason == Reason::StorageUnreachable && failure.retry, "{failure:?}");
    assert!(failure.message.contains("check that it runs"), "{failure:?}");
    gateway.lose(false);
    gateway.slow_down(None);
    nothing_is_lost(&arranged, &cluster, traffic, began).await;
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[])).kept, 2, "the one that was cut is none");
}

pub(crate) async fn a_storage_that_takes_connections_and_says_nothing_is_given_up(arranged: Arranged) {
    let gateway = Gateway::start(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "menu", &repository(&arranged, &gateway)).await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    let traffic = Traffic::start(&cluster).await;
    let mut watch = Watch::start(&cluster);
    let began = Timestamp::now();
    gateway.slow_down(Some(0));
    let failure = failed(cluster.backup::<RunReport>(&["run"], &[("BACKUP_DEADLINE", "5s")]));
    assert!(failure.reason == Reason::TimedOut && failure.retry && failure.message.contains("localhost"), "{failure:?}");
    let failure = failed(cluster.backup::<LookReport>(&["look"], &[]));
    assert!(failure.reason == Reason::StorageUnreachable && failure.retry, "{failure:?}");
    told(&mut watch, &cluster).await;
    gateway.slow_down(None);
    nothing_is_lost(&arranged, &cluster, traffic, began).await;
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
    let began = Timestamp::now();
    let traffic = Traffic::start(&cluster).await;
    let behind = told(&mut watch, &cluster).await;
    assert!(behind.newest.is_some_and(|newest| newest < began + Duration::from_secs(2)), "{behind:?}");
    // The next one is not ready while it is so.
    let mut watch = Watch::start(&cluster);
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
    until("it is caught up", async || {
        // Where catching up takes longer than it may be behind, the next start knows.
        if watch.has_ended() {
            watch = Watch::start(&cluster);
        }
        watch.get("/readyz").0 == 200 && watch.newest().is_some_and(|newest| newest > back)
    })
    .await;
    nothing_is_lost(&arranged, &cluster, traffic, began).await;
    gateway.lose(true);
    let failure = failed(cluster.backup::<LookReport>(&["look"], &[("BACKUP_DEADLINE", "10s")]));
    assert!(matches!(failure.reason, Reason::StorageUnreachable | Reason::TimedOut) && failure.retry, "{failure:?}");
}
