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

/// A database that was restored gives no number that the lost time may have given. Doing it twice only leaves more of them out.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_gives_no_number_twice_writes_no_old_mail_and_tells_of_its_bookings_again() {
    let options = database::empty().await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let pool = database::pool(options);
    let run = |command: &[&str]| run(RESERVATION, command, &[("DATABASE_URL", &url)]);
    assert_eq!(run(&["migrate"]).status.code(), Some(0));
    let rows = [
        "INSERT INTO \"table\" (id, table_number, capacity) VALUES (nextval('table_id_seq'), 1, 4)",
        "INSERT INTO reservation (reservation_code, table_id, table_ids, guests_count, reservation_time, source)
            VALUES ('AAAA', 1, '{1}', 2, now(), 'guest')",
        "INSERT INTO message (kind, reservation_id, recipient, params, dedupe_key, created_at, due_at, expires_at, state)
            SELECT kind, 1, 'guest@example.com', '{}', kind || state || age, now() - age, now(), now() + interval '1 day', state
            FROM unnest(ARRAY['confirmed', 'reminder']) kind, unnest(ARRAY['waiting', 'sending', 'sent']) state,
                unnest(ARRAY[interval '2 hours', interval '1 minute']) age",
        "INSERT INTO idempotency_key (scope, key, fingerprint, status) VALUES ('1', 'open', '', NULL), ('1', 'answered', '', 201)",
    ];
    for row in rows {
        sqlx::query(row).execute(&pool).await.expect("rows");
    }
    for round in 1..=2 {
        let ended = run(&["after-restore"]);
        let said = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        let (mail, keys) = if round == 1 { (2, 1) } else { (0, 0) };
        let wanted = format!("; messages expired: {mail}; requests without an answer forgotten: {keys}; bookings told again: 1");
        assert!(said.starts_with("sequences moved ahead: ") && said.trim().ends_with(&wanted), "{said}");
    }
    let number = |sequence: &'static str| sqlx::query_scalar::<_, i64>("SELECT nextval($1::regclass)").bind(sequence).fetch_one(&pool);
    for sequence in ["reservation_id_seq", "table_id_seq", "exception_id_seq", "area_id_seq", "table_group_id_seq", "block_id_seq"] {
        assert!(number(sequence).await.expect("a number") > 20_000, "{sequence}");
    }
    let states = "SELECT count(*) FILTER (WHERE state = 'expired'), count(*) FILTER (WHERE state IN ('waiting', 'sending')) FROM message";
    let states: (i64, i64) = sqlx::query_as(states).fetch_one(&pool).await.expect("messages");
    assert_eq!(states, (2, 6), "neither reminders nor what is news");
    let keys: Vec<String> = sqlx::query_scalar("SELECT key FROM idempotency_key").fetch_all(&pool).await.expect("keys");
    assert_eq!(keys, ["answered"]);
    let told: Vec<(String, String)> =
        sqlx::query_as("SELECT type, data ->> 'reservation_code' FROM outbox").fetch_all(&pool).await.expect("events");
    assert_eq!(told, vec![("reservation.changed".to_owned(), "AAAA".to_owned()); 2]);
}
