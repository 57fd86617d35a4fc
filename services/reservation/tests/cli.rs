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

/// A platform team's file, as its Job applies it.
#[tokio::test(flavor = "multi_thread")]
async fn a_house_is_applied_from_a_file_and_each_fault_of_it_is_told() {
    let options = database::empty().await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let run = |arguments: &[&str]| run(RESERVATION, arguments, &[("DATABASE_URL", &url)]);
    assert_eq!(run(&["migrate"]).status.code(), Some(0));
    let directory = tempfile::tempdir().expect("a folder");
    let (file, report) = (directory.path().join("house.yaml"), directory.path().join("report"));
    let (file, report) = (file.to_str().expect("a path"), report.to_str().expect("a path"));
    let write = |text: &str| std::fs::write(file, text).expect("written");

    write(
        "{apiVersion: restaurantbooking.dev/v1alpha1, kind: RestaurantBooking, metadata: {name: trattoria}, spec: {floor: {tables: [{number: 1, seats: 4}]}}}",
    );
    let applied = run(&["apply-house", file, "--report", report]);
    let said = "declared: floor; tables: 1 added; bookings stranded: 0";
    assert_eq!((applied.status.code(), String::from_utf8_lossy(&applied.stdout).trim()), (Some(0), said));
    assert_eq!(std::fs::read_to_string(report).expect("a report"), said);

    write("booking: {maxParty: 30, slots: 15}\nfloor: {tables: [{number: 1, seats: 4, area: Roof, colour: red}]}\n");
    let refused = run(&["apply-house", file]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    for fault in [
        "booking.slots: there is no such field",
        "booking.maxParty: is 30; it must be from 1 to 20",
        "floor.tables[0].colour: there is no such field",
        "floor.tables[0].area: is \"Roof\"; there is no such area in floor.areas",
    ] {
        assert!(told.contains(fault), "{fault} is not in {told}");
    }
    assert_eq!(run(&["apply-house"]).status.code(), Some(2), "usage");
}
