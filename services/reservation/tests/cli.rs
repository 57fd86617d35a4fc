//! The reservation service as a program of its own.

use restaurant_booking_tests::program::{Program, run};
use restaurant_booking_tests::{broker::Broker, database, token};

const RESERVATION: &str = env!("CARGO_BIN_EXE_reservation");

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let ended = run(RESERVATION, &["serve"], &[]);
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
    let service = Program::serve(RESERVATION, &flags, &[]).await;
    service.api.get("/reservations/tables").await.expect(200);
    let status = tokio::task::block_in_place(|| service.terminate());
    assert_eq!(status.code(), Some(0), "{:#?}", service.log());
}
