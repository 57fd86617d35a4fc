//! The menu service as a program of its own.

use restaurant_booking_tests::program::{Program, run};
use restaurant_booking_tests::{broker::Broker, database, token};

const MENU: &str = env!("CARGO_BIN_EXE_menu");

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let ended = run(MENU, &["serve"], &[]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    for name in ["DATABASE_URL", "JWT_PUBLIC_KEYS_FILE", "KAFKA_BOOTSTRAP_SERVERS"] {
        assert!(said.contains(name), "{name} is not in {said}");
    }
}

/// With flags in place of variables, a human's log, and a database that it migrates by itself.
#[tokio::test(flavor = "multi_thread")]
async fn serves_until_it_is_told_to_stop() {
    let options = database::empty().await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let (broker, keys) = (Broker::start(), token::public_keys_file());
    let flags = [
        "--database-url",
        &url,
        "--kafka-bootstrap-servers",
        &broker.bootstrap_servers,
        "--jwt-public-keys-file",
        keys.to_str().expect("a path"),
        "--log-format",
        "human",
    ];
    let service = Program::serve(MENU, &flags, &[]).await;
    service.api.get("/api/v1/menu").await.expect(200);
    let healthy = run(MENU, &["health", "--listen-address", &service.address], &[]);
    assert!(healthy.status.success(), "{healthy:?}");
    let status = tokio::task::block_in_place(|| service.terminate());
    assert_eq!(status.code(), Some(0), "{:#?}", service.log());
}

/// A version can be taken back: what a newer one added to the database is left alone, and a migration that differs is refused.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_a_newer_version_serves_an_older_one() {
    let options = database::empty().await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let migrate = || run(MENU, &["migrate", "--database-url", &url], &[]);
    assert!(migrate().status.success());
    let pool = sqlx::PgPool::connect_with(options).await.expect("connected");
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'newer', true, '', 0)";
    sqlx::query(newer).execute(&pool).await.expect("written");
    let again = migrate();
    assert!(again.status.success(), "{again:?}");
    sqlx::query("UPDATE _sqlx_migrations SET checksum = 'other' WHERE version = 1").execute(&pool).await.expect("written");
    let refused = migrate();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}

/// A database that was restored gives no number that the lost time may have given. Doing it twice only leaves more of them out.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_menu_gives_no_number_twice() {
    let options = database::empty().await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let pool = database::pool(options);
    let run = |command: &[&str]| run(MENU, command, &[("DATABASE_URL", &url)]);
    assert_eq!(run(&["migrate"]).status.code(), Some(0));
    let dish = "INSERT INTO menuitem (name, price) VALUES ('Tea', 2.5) RETURNING id";
    let before: i32 = sqlx::query_scalar(dish).fetch_one(&pool).await.expect("a dish");
    for round in 1..=2 {
        let ended = run(&["after-restore"]);
        let said = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(said.trim(), "sequences moved ahead: 3");
        let next: i32 = sqlx::query_scalar(dish).fetch_one(&pool).await.expect("a dish");
        assert!(next > before + round * 10_000, "{next} after {before}");
    }
    // Near the end of all numbers it stays where the last million begins, or where it is beyond it.
    for last in [i32::MAX - 1_000_500, i32::MAX - 10] {
        sqlx::query("SELECT setval('menuitem_id_seq', $1)").bind(i64::from(last)).execute(&pool).await.expect("a sequence");
        assert_eq!(run(&["after-restore"]).status.code(), Some(0));
        let next: i32 = sqlx::query_scalar(dish).fetch_one(&pool).await.expect("a dish");
        assert_eq!(next, last.max(i32::MAX - 1_000_000) + 1);
    }
}
