//! An object storage: its authority and its refusals; and the watch of what is archived there.

use std::time::Duration;

use backup::report::{LookReport, Outcome, Reason, RestoreReport, RunReport};
use backup::sealed::open;
use jiff::Timestamp;

use crate::Arranged;
use crate::cluster::{Cluster, done, failed, files, until};
use crate::gateway::{BUCKET, CREDENTIALS, Gateway, certificate};
use crate::repository::Repository;
use crate::traffic::{Traffic, compare, found};
use crate::watch::Watch;

/// The place in an object storage that these tests use.
pub(crate) fn repository(arranged: &Arranged, gateway: &Gateway) -> Repository {
    Repository::s3(&arranged.programs, &gateway.endpoint(), BUCKET, CREDENTIALS, &gateway.authority)
}

pub(crate) async fn an_object_storage_with_an_authority_of_its_own_holds_backups(arranged: Arranged) {
    let gateway = Gateway::start(&arranged.programs);
    let good = repository(&arranged, &gateway).encrypted(&arranged.programs, "correct horse battery staple");
    let cluster = Cluster::start(&arranged.programs, "reservation", &good).await;
    let traffic = Traffic::start(&cluster).await;
    let report: RunReport = done(cluster.backup(&["run"], &[("BACKUP_RETENTION_COUNT", "1")]));
    let keys = good.keys(&arranged.programs, "which signs");
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[("BACKUP_RETENTION_COUNT", "1"), ("BACKUP_KEYS", &keys)])).kept, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let moment = Timestamp::now();
    assert!(moment > report.oldest);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut sealed = None;
    until("the moment is archived", async || match cluster.backup::<LookReport>(&["look"], &[]) {
        (0, Outcome::Done(report)) => {
            sealed = report.keys;
            report.newest >= Some(moment)
        }
        _ => false,
    })
    .await;
    let opened = open("correct horse battery staple", &sealed.expect("the keys of the backup")).expect("opened");
    assert_eq!(opened["jwt"]["private.pem"], "which signs");
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
