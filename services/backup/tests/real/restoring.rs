//! Restores: to the moment, of all three, never over data, and begun anew.

use std::fs;
use std::time::Duration;

use backup::report::{LookReport, Outcome, Reason, RestoreReport, RunReport, VerifyReport};
use jiff::Timestamp;
use sqlx::Executor as _;

use crate::Arranged;
use crate::cluster::{Cluster, done, failed, files, kill_group, until};
use crate::repository::Repository;
use crate::traffic::{Traffic, compare, found};

/// A moment as the setting has it.
fn target(moment: Timestamp) -> (&'static str, String) {
    ("BACKUP_TARGET", moment.to_string())
}

/// Restores into an empty volume.
fn restored(from: &Cluster, arranged: &Arranged, moment: Timestamp) -> (Cluster, RestoreReport) {
    let cluster = Cluster::empty(&arranged.programs, from.database, &from.repository);
    let (name, moment) = target(moment);
    let report = done(cluster.backup(&["restore"], &[(name, &moment), ("BACKUP_SOURCE", "test")]));
    (cluster, report)
}

/// Waits until a database can be restored to a moment.
async fn reaches(cluster: &Cluster, moment: Timestamp) {
    // Without the database's files, as for a restore.
    let empty = [("PGDATA", "/nowhere/pgdata")];
    until("the moment is archived", async || match cluster.backup::<LookReport>(&["look"], &empty) {
        (0, Outcome::Done(report)) => report.newest >= moment,
        _ => false,
    })
    .await;
}

pub(crate) async fn of_three_databases_everything_is_there_until_one_moment_and_nothing_later(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let mut clusters = Vec::new();
    for database in ["auth", "menu", "reservation"] {
        clusters.push(Cluster::start(&arranged.programs, database, &repository).await);
    }
    let mut traffic = Vec::new();
    for cluster in &clusters {
        traffic.push(Traffic::start(cluster).await);
    }
    for cluster in &clusters {
        let report: RunReport = done(cluster.backup(&["run"], &[]));
        assert_eq!((report.database.as_str(), report.kept), (cluster.database, 1));
        assert!(report.start <= report.stop && report.stop < report.oldest && report.size > 0, "{report:?}");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let moment = Timestamp::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for cluster in &clusters {
        reaches(cluster, moment).await;
    }
    for (cluster, traffic) in clusters.iter_mut().zip(traffic) {
        let written = traffic.stop().await;
        let seen: LookReport = done(cluster.backup(&["look"], &[]));
        assert!(seen.oldest < moment && !seen.encrypted && seen.major >= 15, "{seen:?}");
        let (mut other, report) = restored(cluster, &arranged, moment);
        assert_eq!((report.target, report.backup), (moment, seen.backup));
        let counted = report.rows["written"];
        other.repository = Repository::folder(&arranged.programs);
        other.serve().await;
        let found = found(&other).await;
        assert_eq!(i64::try_from(found.len()).ok(), Some(counted));
        compare(&written, &found, moment);
        let settings: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_settings WHERE source <> 'default' AND (name LIKE 'recovery%' OR name = 'restore_command') AND setting <> ''")
            .fetch_one(&mut other.connect().await)
            .await
            .expect("settings");
        assert_eq!(settings, 0, "nothing of the recovery is left");
        // It is a database like any other: it can be backed up, elsewhere.
        assert_eq!(done(other.backup::<RunReport>(&["run"], &[])).kept, 1);
        cluster.stop();
    }
}

pub(crate) async fn a_moment_out_of_reach_is_refused_with_what_is_in_reach(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "auth", &repository).await;
    assert_eq!(failed(cluster.backup::<LookReport>(&["look"], &[])).reason, Reason::BackupNotFound);
    let traffic = Traffic::start(&cluster).await;
    let report: RunReport = done(cluster.backup(&["run"], &[]));
    reaches(&cluster, report.oldest).await;
    traffic.stop().await;
    let other = Cluster::empty(&arranged.programs, "auth", &repository);
    for (moment, part) in
        [(report.stop - Duration::from_secs(60), "the first moment"), (Timestamp::now() + Duration::from_secs(3600), "ends before")]
    {
        let (name, moment) = target(moment);
        let failure = failed(other.backup::<RestoreReport>(&["restore"], &[(name, &moment)]));
        assert_eq!(failure.reason, Reason::TargetNotRestorable, "{failure:?}");
        assert!(failure.message.contains(part), "{failure:?}");
        assert!(!other.data().exists(), "nothing looks like a database");
    }
}

pub(crate) async fn nothing_is_restored_onto_data_and_the_same_restore_is_done_once(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let mut cluster = Cluster::start(&arranged.programs, "menu", &repository).await;
    let traffic = Traffic::start(&cluster).await;
    let report: RunReport = done(cluster.backup(&["run"], &[]));
    reaches(&cluster, report.oldest).await;
    traffic.stop().await;
    let (name, moment) = target(report.oldest);
    let settings = [(name, moment.as_str()), ("BACKUP_SOURCE", "test")];
    // Onto the database itself, while it runs and while it does not.
    for _ in 0..2 {
        let failure = failed(cluster.backup::<RestoreReport>(&["restore"], &settings));
        assert_eq!(failure.reason, Reason::HasData);
        assert!(failure.message.contains("pgdata") && failure.message.contains("nothing was changed"), "{failure:?}");
        cluster.stop();
    }
    cluster.serve().await;
    assert!(!found(&cluster).await.is_empty(), "nothing of it is lost");
    // Onto a volume with something else.
    let other = Cluster::empty(&arranged.programs, "menu", &repository);
    fs::write(other.volume().join("somebody's"), "work").expect("a file");
    assert_eq!(failed(other.backup::<RestoreReport>(&["restore"], &settings)).reason, Reason::HasData);
    assert_eq!(files(&other.volume()).len(), 1, "nothing was changed");
    // What a file system has by itself does not count.
    fs::remove_file(other.volume().join("somebody's")).expect("a file");
    fs::create_dir(other.volume().join("lost+found")).expect("a folder");
    let first: RestoreReport = done(other.backup(&["restore"], &settings));
    assert_eq!(done(other.backup::<RestoreReport>(&["restore"], &settings)), first, "the same restore is done already");
    let another = [settings[0], ("BACKUP_SOURCE", "another")];
    assert_eq!(failed(other.backup::<RestoreReport>(&["restore"], &another)).reason, Reason::HasData);
}

pub(crate) async fn a_restore_that_is_killed_anywhere_begins_anew(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "reservation", &repository).await;
    let traffic = Traffic::start(&cluster).await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let moment = Timestamp::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    reaches(&cluster, moment).await;
    let written = traffic.stop().await;
    let mut other = Cluster::empty(&arranged.programs, "reservation", &repository);
    let (name, text) = target(moment);
    let partial = other.volume().join("pgdata.restore");
    // While files are copied; when they are whole; while the server recovers.
    for file in ["base", "recovery.signal", "postmaster.pid"] {
        let mut command = other.command(&["restore"]);
        command.env(name, &text).env("BACKUP_SOURCE", "test");
        let mut child = command.spawn().expect("our program");
        let reached = partial.join(file);
        let _ = fs::remove_dir_all(&partial);
        until("the restore has come so far", async || reached.exists()).await;
        kill_group(&mut child);
        assert!(!other.data().exists(), "nothing looks like a database after {file}");
    }
    let report: RestoreReport = done(other.backup(&["restore"], &[(name, &text), ("BACKUP_SOURCE", "test")]));
    assert!(report.rows["written"] > 0 && !partial.exists(), "{report:?}");
    other.repository = Repository::folder(&arranged.programs);
    other.serve().await;
    compare(&written, &found(&other).await, moment);
}

pub(crate) async fn the_newest_backup_is_verified_and_counted_beside_the_database(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "auth", &repository).await;
    let traffic = Traffic::start(&cluster).await;
    let made: RunReport = done(cluster.backup(&["run"], &[]));
    reaches(&cluster, made.oldest).await;
    traffic.stop().await;
    let scratch = Cluster::empty(&arranged.programs, "auth", &repository);
    let report: VerifyReport = done(scratch.backup(&["verify"], &[]));
    assert!(report.backup == made.backup && report.newest >= made.oldest && report.rows["written"] > 0, "{report:?}");
    assert_eq!(fs::read_dir(scratch.volume()).expect("the volume").count(), 0, "nothing is left");
}

/// PostgreSQL itself takes both for a database in order.
pub(crate) async fn a_backup_without_rows_or_of_a_cut_table_is_not_verified(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let mut cluster = Cluster::start(&arranged.programs, "menu", &repository).await;
    let verified = async |cluster: &Cluster| {
        let made: RunReport = done(cluster.backup(&["run"], &[]));
        // A commit, as of the watcher's beats.
        let empty = [("PGDATA", "/nowhere/pgdata")];
        until("a moment after the backup is archived", async || {
            cluster.connect().await.execute("SELECT pg_current_xact_id()").await.expect("a number");
            matches!(cluster.backup::<LookReport>(&["look"], &empty), (0, Outcome::Done(report)) if report.newest >= made.oldest)
        })
        .await;
        let scratch = Cluster::empty(&arranged.programs, "menu", &repository);
        let answer = scratch.backup::<VerifyReport>(&["verify"], &[]);
        assert_eq!(fs::read_dir(scratch.volume()).expect("the volume").count(), 0, "nothing is left");
        answer
    };
    let failure = failed(verified(&cluster).await);
    assert!(failure.reason == Reason::Damaged && failure.message.contains("it has no rows"), "{failure:?}");

    let mut connection = cluster.connect().await;
    for statement in
        ["CREATE TABLE emptied (id bigint)", "CREATE TABLE dish AS SELECT generate_series(1, 10000) AS id", "VACUUM ANALYZE dish"]
    {
        connection.execute(statement).await.expect("an answer");
    }
    let report = done(verified(&cluster).await);
    assert_eq!((report.rows["dish"], report.rows["emptied"]), (10_000, 0), "a table may be empty");

    let file: String = sqlx::query_scalar("SELECT pg_relation_filepath('dish')").fetch_one(&mut connection).await.expect("a path");
    drop(connection);
    cluster.stop();
    fs::File::options().write(true).open(cluster.data().join(file)).and_then(|file| file.set_len(0)).expect("a shorter file");
    cluster.serve().await;
    let failure = failed(verified(&cluster).await);
    assert!(failure.reason == Reason::Damaged && failure.message.contains("end early: dish;"), "{failure:?}");
}
