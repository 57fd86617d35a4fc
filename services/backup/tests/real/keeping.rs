//! Backups: how many are kept, who can read them, whose they are.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use backup::report::{LookReport, Reason, RestoreReport, RunReport};
use backup::sealed::open;
use sqlx::Executor as _;

use crate::Arranged;
use crate::cluster::{Cluster, done, failed, files, until};
use crate::repository::Repository;

pub(crate) async fn what_neither_count_nor_age_wants_is_removed_with_its_log(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "auth", &repository).await;
    let run = |settings: &[(&str, &str)]| done(cluster.backup::<RunReport>(&["run"], settings));
    let log = || {
        let mut names: Vec<String> = files(&repository.home.path().join("backup/archive"))
            .iter()
            .filter_map(|file| file.file_name()?.to_str()?.get(..24).map(str::to_owned))
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .collect();
        names.sort();
        names
    };
    let first = run(&[("BACKUP_RETENTION_COUNT", "3")]);
    let begin = log()[0].clone();
    assert_eq!(run(&[("BACKUP_RETENTION_COUNT", "1"), ("BACKUP_RETENTION_AGE", "1h")]).kept, 2, "age keeps what count does not");
    assert_eq!(run(&[]).kept, 3, "without a bound all are kept");
    assert_eq!(run(&[("BACKUP_RETENTION_AGE", "1h")]).kept, 4);
    let last = run(&[("BACKUP_RETENTION_COUNT", "2")]);
    assert_eq!(last.kept, 2);
    assert!(last.oldest > first.oldest, "{last:?}");
    assert!(log()[0] > begin, "the log of what is gone is gone: {:?}", log());
    // Nothing is younger than a second for long: what is needed to come to any moment since then is kept.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let aged = run(&[("BACKUP_RETENTION_AGE", "1s")]);
    assert!((1..=2).contains(&aged.kept), "{aged:?}");
    let wrong = failed(cluster.backup::<RunReport>(&["run"], &[("BACKUP_RETENTION_COUNT", "0"), ("BACKUP_RETENTION_AGE", "soon")]));
    assert_eq!(wrong.reason, Reason::Settings);
    assert!(wrong.message.contains("BACKUP_RETENTION_COUNT") && wrong.message.contains("BACKUP_RETENTION_AGE"), "{wrong:?}");
}

/// What is found in the repository, once a moment is in reach. There must be a table `written`.
async fn look(cluster: &Cluster) -> LookReport {
    let mut seen = None;
    until("a moment is in reach", async || match cluster.backup::<LookReport>(&["look"], &[]) {
        (0, backup::report::Outcome::Done(report)) => {
            seen = Some(report);
            true
        }
        _ => {
            cluster.connect().await.execute("INSERT INTO written VALUES (2)").await.expect("a row");
            false
        }
    })
    .await;
    seen.expect("a look")
}

pub(crate) async fn keys_come_with_an_encrypted_backup_and_with_no_other(arranged: Arranged) {
    let (passphrase, programs) = ("correct horse battery staple", &arranged.programs);
    let plain = Repository::folder(programs);
    let repository = plain.encrypted(programs, passphrase);
    let cluster = Cluster::start(programs, "auth", &repository).await;
    cluster.connect().await.execute("CREATE TABLE written AS SELECT 1::bigint AS id").await.expect("a table");
    let run = |text: &str| done(cluster.backup::<RunReport>(&["run"], &[("BACKUP_KEYS", &repository.keys(programs, text))]));
    let opened = async || {
        let sealed = look(&cluster).await.keys.expect("keys");
        open(passphrase, &sealed).expect("opened")["jwt"]["private.pem"].clone()
    };
    done(cluster.backup::<RunReport>(&["run"], &[]));
    assert_eq!(look(&cluster).await.keys, None);
    run("the first, which signs");
    assert_eq!(opened().await, "the first, which signs");
    // A backup without keys, such as that of an older program, takes none away.
    run("the second, which signs\n");
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[])).kept, 4);
    assert_eq!(opened().await, "the second, which signs\n");

    // What cannot be kept is told, and the database is backed up all the same.
    let long = repository.keys(programs, &"x".repeat(4000));
    let failure = failed(cluster.backup::<RunReport>(&["run"], &[("BACKUP_KEYS", &long)]));
    assert!(failure.reason == Reason::Settings && failure.message.contains("the keys are too long"), "{failure:?}");
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[])).kept, 6);

    let other = Cluster::start(programs, "auth", &Repository::folder(programs)).await;
    let failure = failed(other.backup::<RunReport>(&["run"], &[("BACKUP_KEYS", &repository.keys(programs, "which signs"))]));
    assert!(failure.reason == Reason::Settings && failure.message.contains("only an encrypted backup holds keys"), "{failure:?}");
}

pub(crate) async fn only_the_key_opens_an_encrypted_backup(arranged: Arranged) {
    let plain = Repository::folder(&arranged.programs);
    let repository = plain.encrypted(&arranged.programs, "correct horse battery staple");
    let cluster = Cluster::start(&arranged.programs, "menu", &repository).await;
    cluster.connect().await.execute("CREATE TABLE written AS SELECT 1::bigint AS id").await.expect("a table");
    done(cluster.backup::<RunReport>(&["run"], &[]));
    let seen = look(&cluster).await;
    assert!(seen.encrypted);
    // One that is being written is not there yet.
    let written =
        files(&repository.home.path().join("backup")).into_iter().filter(|file| !file.to_string_lossy().ends_with(".pgbackrest.tmp"));
    for file in written {
        let bytes = fs::read(&file).expect("a file");
        assert!(bytes.starts_with(b"Salted__"), "{} is not encrypted", file.display());
    }
    let moment = seen.newest.expect("a moment").to_string();
    let target = [("BACKUP_TARGET", moment.as_str())];
    let wrong = plain.encrypted(&arranged.programs, "another passphrase");
    let short = plain.encrypted(&arranged.programs, "short");
    for (repository, reason) in [(&wrong, Reason::EncryptionKey), (&plain, Reason::EncryptionKey), (&short, Reason::Settings)] {
        let other = Cluster::empty(&arranged.programs, "menu", repository);
        assert_eq!(failed(other.backup::<LookReport>(&["look"], &[])).reason, reason);
        let failure = failed(other.backup::<RestoreReport>(&["restore"], &target));
        assert_eq!(failure.reason, reason, "{failure:?}");
        assert!(!other.data().exists());
    }
    let other = Cluster::empty(&arranged.programs, "menu", &repository);
    assert!(done(other.backup::<RestoreReport>(&["restore"], &target)).rows["written"] > 0);
}

/// Such as one of the schedule, and one before a migration.
pub(crate) async fn two_backups_at_once_are_made_one_after_the_other(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let cluster = Cluster::start(&arranged.programs, "auth", &repository).await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    // Each in a Pod of its own: they do not see each other's files.
    let tmp = repository.home.path().join("tmp");
    fs::create_dir(&tmp).expect("a folder");
    arranged.programs.own(&tmp);
    let mut other = cluster.command(&["run"]).env("TMPDIR", &tmp).stdout(Stdio::null()).spawn().expect("our program");
    done(cluster.backup::<RunReport>(&["run"], &[]));
    assert!(other.wait().expect("an end").success());
    assert_eq!(done(cluster.backup::<RunReport>(&["run"], &[])).kept, 4);
}

pub(crate) async fn a_repository_belongs_to_one_database(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let first = Cluster::start(&arranged.programs, "auth", &repository).await;
    done(first.backup::<RunReport>(&["run"], &[]));
    let second = Cluster::start(&arranged.programs, "auth", &repository).await;
    let failure = failed(second.backup::<RunReport>(&["run"], &[]));
    assert_eq!(failure.reason, Reason::OtherDatabase, "{failure:?}");
    assert!(failure.message.contains("choose another path"), "{failure:?}");
    second.connect().await.execute("SELECT pg_switch_wal()").await.expect("a file of the log");
    until("its log is refused", async || second.log().contains("is not archived")).await;
    assert_eq!(done(first.backup::<RunReport>(&["run"], &[])).kept, 2, "the first one's go on");
}

pub(crate) async fn a_failure_says_which_setting_and_what_to_do(arranged: Arranged) {
    let repository = Repository::folder(&arranged.programs);
    let mut cluster = Cluster::start(&arranged.programs, "auth", &repository).await;
    let run = |cluster: &Cluster, settings: &[(&str, &str)]| failed(cluster.backup::<RunReport>(&["run"], settings));
    let password = repository.secret(&arranged.programs, "wrong", "guessed");
    let failure = run(&cluster, &[("BACKUP_PASSWORD_FILE", &password)]);
    assert_eq!(failure.reason, Reason::DatabaseRefused, "{failure:?}");
    assert!(failure.message.contains("BACKUP_PASSWORD_FILE") && !failure.message.contains("guessed"), "{failure:?}");
    let failure = run(&cluster, &[("BACKUP_S3_ENDPOINT", "https://s3.example"), ("BACKUP_DATABASE", "orders"), ("PGDATA", "data")]);
    assert_eq!(failure.reason, Reason::Settings);
    for part in ["BACKUP_FOLDER", "BACKUP_S3_ENDPOINT", "orders", "PGDATA"] {
        assert!(failure.message.contains(part), "{part} in {failure:?}");
    }
    let failure = run(&cluster, &[("BACKUP_PGBACKREST", "/nowhere/pgbackrest")]);
    assert!(failure.reason == Reason::Settings && failure.message.contains("BACKUP_PGBACKREST"), "{failure:?}");
    cluster.stop();
    let failure = run(&cluster, &[]);
    assert!(failure.reason == Reason::DatabaseUnreachable && failure.retry, "{failure:?}");
    // A file of the log that is not there, and one that may be there: PostgreSQL takes the first for the end, and stops at the second.
    let code = |cluster: &Cluster, arguments: &[&str], settings: &[(&str, &str)]| {
        let status = cluster.command(arguments).envs(settings.iter().copied()).status().expect("our program");
        status.code()
    };
    let to = cluster.volume().join("fetched").display().to_string();
    let get = ["wal", "get", "0000000100000000000000FF", &to];
    assert_eq!(code(&cluster, &get, &[]), Some(126), "before the first backup nothing is known");
    cluster.serve().await;
    done(cluster.backup::<RunReport>(&["run"], &[]));
    assert_eq!(code(&cluster, &get, &[]), Some(1));
    assert_eq!(code(&cluster, &get, &[("BACKUP_FOLDER", "relative")]), Some(126));
    assert_eq!(code(&cluster, &["wal", "get"], &[]), Some(126));
    assert_eq!(code(&cluster, &["wal", "fetch"], &[]), Some(2));
    assert_eq!(code(&cluster, &["wal", "push", &to], &[("BACKUP_FOLDER", "relative")]), Some(1));
}
