//! What must hold of events on any broker: the in-process one and a real Apache Kafka run the same.

use std::collections::{BTreeMap, HashMap};

use chassis::events::event::TopicEvent as _;
use chassis::run::config::Kafka;
use contract::{MenuEvent, ReservationEvent, UserEvent};
use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, eventually};
use restaurant_booking_tests::{Api, Platform, Setup, topic};
use serde_json::{Value, json};

/// Hands the names of all scenarios to a macro, behind an argument where there is one: no broker is spared any of them.
macro_rules! each {
    ($run:ident $(, $argument:expr)?) => {
        $run! {
            $($argument,)?
            a_user_becomes_a_guest,
            bookings_become_a_users_activity,
            every_replica_of_the_menu_follows,
            every_event_keeps_its_contract,
            events_of_one_aggregate_keep_their_order,
            a_relay_killed_between_publishing_and_deleting,
            of_two_relays_one_publishes,
            an_event_that_the_broker_refuses_holds_back_its_aggregate_alone,
            an_event_that_cannot_be_handled_holds_back_its_key_alone,
            an_event_that_the_database_does_not_take_waits,
            s08_each_consumer_of_a_topic_sees_every_event,
            s09_what_is_unknown_is_skipped,
            s13_what_is_parked_is_tried_ever_more_rarely,
            s15_a_partition_that_is_taken_away_loses_its_lag,
            f21_a_later_version_is_of_no_earlier_time,
        }
    };
}
pub(crate) use each;

#[path = "inbox.rs"]
mod inbox;
pub(crate) use inbox::*;

async fn start(kafka: Kafka, services: &[&'static str], replicas: usize) -> Platform {
    Platform::start(Setup { services: services.to_vec(), kafka: Some(kafka), replicas, ..Setup::default() }).await
}

async fn log_in(platform: &Platform, email: &str, password: &str) -> Api {
    let auth = platform.anyone("auth");
    let reply = auth.post("/auth/login", &json!({"email": email, "password": password})).await.expect(200);
    auth.with_token(reply.body["access_token"].as_str().expect("a token"))
}

async fn register(platform: &Platform, email: &str) -> (Api, i32) {
    let body = json!({"email": email, "password": "correct horse", "full_name": "Ada Lovelace", "phone": "+44 20 7946 0958"});
    let id = platform.anyone("auth").post("/auth/register", &body).await.expect(201).id();
    (log_in(platform, email, "correct horse").await, i32::try_from(id).expect("an id"))
}

fn hours_ahead(hours: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(hours)
}

/// A request to book that leaves the contact to the account.
fn wanted(hours: i64) -> Value {
    json!({"guests_count": 2, "reservation_time": hours_ahead(hours)})
}

fn with_contact(mut body: Value) -> Value {
    body["contact_email"] = json!("guest@example.com");
    body["contact_phone"] = json!("+44 20 7946 0958");
    body
}

async fn furnish(platform: &Platform, tables: i32) {
    for number in 1..=tables {
        platform.admin("reservation").post("/reservations/tables", &json!({"table_number": number, "capacity": 4})).await.expect(201);
    }
}

/// The guest directory hears of users: the host sees who books, and a booking takes its contact from the account.
pub(crate) async fn a_user_becomes_a_guest(kafka: Kafka) {
    let platform = start(kafka, &["auth", "reservation"], 1).await;
    furnish(&platform, 2).await;
    let (account, id) = register(&platform, "Ada@Example.com").await;
    let guest = platform.user("reservation", id);
    eventually("a booking with the contact of the account", async || guest.post("/reservations/", &wanted(24)).await.status == 201).await;
    let booked = guest.get("/reservations/my").await.expect(200);
    assert_eq!(
        (&booked.body[0]["contact_email"], &booked.body[0]["contact_phone"]),
        (&json!("Ada@Example.com"), &json!("+44 20 7946 0958"))
    );
    let rows = platform.admin("reservation").get("/reservations/").await.expect(200);
    assert_eq!(rows.body[0]["guest"], json!({"full_name": "Ada Lovelace", "email": "Ada@Example.com", "phone": "+44 20 7946 0958"}));

    account.patch("/auth/me", &json!({"full_name": "Ada King", "phone": "+44 20 0000 0000"})).await.expect(200);
    eventually("the new name beside the booking", async || {
        let rows = platform.admin("reservation").get("/reservations/").await;
        rows.body[0]["guest"] == json!({"full_name": "Ada King", "email": "Ada@Example.com", "phone": "+44 20 0000 0000"})
    })
    .await;
    platform.stop().await;
}

/// The administrator sees of each user how often they came, did not come and cancelled, and when they come next.
pub(crate) async fn bookings_become_a_users_activity(kafka: Kafka) {
    let platform = start(kafka, &["auth", "reservation"], 1).await;
    furnish(&platform, 4).await;
    let (_, id) = register(&platform, "ada@example.com").await;
    let (guest, host) = (platform.user("reservation", id), platform.admin("reservation"));
    let admin = log_in(&platform, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let mut bookings = Vec::new();
    for hours in [1, 1, 1, 48] {
        let reply = guest.post("/reservations/", &with_contact(wanted(hours))).await.expect(201);
        bookings.push((reply.id(), reply.body["reservation_time"].clone()));
    }
    host.act(&format!("/reservations/{}/seat", bookings[0].0)).await.expect(200);
    host.act(&format!("/reservations/{}/complete", bookings[0].0)).await.expect(200);
    guest.act(&format!("/reservations/{}/cancel", bookings[1].0)).await.expect(200);
    let gone = "UPDATE reservation SET reservation_time = now() - interval '1 hour' WHERE id = $1";
    sqlx::query(gone).bind(bookings[2].0).execute(&platform.pool("reservation")).await.expect("moved");
    host.act(&format!("/reservations/{}/no-show", bookings[2].0)).await.expect(200);
    let expected = json!({"visits": 1, "no_shows": 1, "cancellations": 1, "next_reservation_time": bookings[3].1});
    eventually("the user's activity", async || {
        let users = admin.get("/auth/users?email=ada").await;
        users.body[0]["activity"] == expected
    })
    .await;
    platform.stop().await;
}

/// A change of the menu at one replica is read at the others by its event, and not by the net of 30 s. How long it takes is measured in
/// tests/load.
pub(crate) async fn every_replica_of_the_menu_follows(kafka: Kafka) {
    let platform = start(kafka, &["menu"], 3).await;
    let admin = platform.admin("menu");
    let replicas: Vec<Api> = platform.bases("menu").into_iter().map(Api::new).collect();
    let price_everywhere = async |id: i64, price: Value| {
        for replica in &replicas {
            let item = replica.get(&format!("/api/v1/menu/{id}")).await;
            if item.body["price"] != price {
                return false;
            }
        }
        true
    };
    for round in 0..5 {
        let id = admin.post("/api/v1/menu", &json!({"name": format!("Soup {round}"), "price": "7.50"})).await.expect(201).id();
        assert_eq!(admin.get(&format!("/api/v1/menu/{id}")).await.expect(200).body["price"], "7.50", "one's own write is read at once");
        eventually("the new dish", async || price_everywhere(id, json!("7.50")).await).await;
        admin.patch(&format!("/api/v1/menu/{id}"), &json!({"price": 8})).await.expect(200);
        eventually("the new price", async || price_everywhere(id, json!("8.00")).await).await;
        admin.delete(&format!("/api/v1/menu/{id}")).await.expect(204);
        eventually("the dish gone", async || price_everywhere(id, json!(null)).await).await;
    }
    platform.stop().await;
}

/// Each type of event is a CloudEvent in Kafka's binary mode, whose data is what its schema in docs/asyncapi.yaml says.
pub(crate) async fn every_event_keeps_its_contract(kafka: Kafka) {
    let platform = start(kafka.clone(), &["auth", "menu", "reservation"], 1).await;
    let (account, _) = register(&platform, "ada@example.com").await;
    account.patch("/auth/me", &json!({"full_name": null})).await.expect(200);
    account.patch("/auth/me", &json!({})).await.expect(200);
    account.post("/auth/password", &json!({"current_password": "correct horse", "new_password": "battery staple"})).await.expect(204);

    let menu = platform.admin("menu");
    let dish = menu.post("/api/v1/menu", &json!({"name": "Soup", "description": "Hot", "price": "7.50"})).await.expect(201).id();
    menu.patch(&format!("/api/v1/menu/{dish}"), &json!({"price": "8.00"})).await.expect(200);
    menu.patch(&format!("/api/v1/menu/{dish}"), &json!({"price": "8.00"})).await.expect(200);
    menu.delete(&format!("/api/v1/menu/{dish}")).await.expect(204);

    furnish(&platform, 3).await;
    let (guest, host) = (platform.user("reservation", 5), platform.admin("reservation"));
    let mut bookings = Vec::new();
    for _ in 0..3 {
        bookings.push(guest.post("/reservations/", &with_contact(wanted(1))).await.expect(201).id());
    }
    guest.patch(&format!("/reservations/{}", bookings[0]), &json!({"guests_count": 3})).await.expect(200);
    for action in ["confirm", "seat", "complete"] {
        host.act(&format!("/reservations/{}/{action}", bookings[0])).await.expect(200);
    }
    host.act(&format!("/reservations/{}/cancel", bookings[1])).await.expect(200);
    host.act(&format!("/reservations/{}/reopen", bookings[1])).await.expect(200);
    host.post("/reservations/walk-ins", &json!({"guests_count": 1})).await.expect(201);
    let gone = "UPDATE reservation SET reservation_time = now() - interval '1 hour' WHERE id = $1";
    sqlx::query(gone).bind(bookings[2]).execute(&platform.pool("reservation")).await.expect("moved");
    host.act(&format!("/reservations/{}/no-show", bookings[2])).await.expect(200);
    platform.stop().await;

    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/asyncapi.yaml"));
    let document: Value = serde_yaml::from_str(text).expect("docs/asyncapi.yaml");
    let mut seen = BTreeMap::new();
    for (topic, service, expected) in
        [(UserEvent::TOPIC, "auth", 3), (MenuEvent::TOPIC, "menu", 3), (ReservationEvent::TOPIC, "reservation", 11)]
    {
        let records = topic::read(&kafka, topic, expected).await;
        assert_eq!(records.len(), expected, "an empty change and a changed password are no events: {records:#?}");
        for record in records {
            let kind = record.kind().to_owned();
            assert_eq!(record.headers["ce_specversion"], "1.0");
            assert_eq!(record.headers["ce_source"], format!("urn:restaurant-booking:{service}"));
            assert_eq!(record.headers["ce_dataschema"], format!("urn:restaurant-booking:event:{kind}:v1"));
            assert_eq!(record.headers["ce_subject"], record.key);
            assert_eq!(record.headers["content-type"], "application/json");
            assert_eq!(record.headers["ce_id"].len(), 36, "{record:?}");
            let time: Timestamp = record.headers["ce_time"].parse().expect("a time");
            assert_eq!(time.to_string(), record.headers["ce_time"], "times have one format");
            assert_eq!(record.headers.len(), 8, "{record:?}");
            assert_eq!(record.key, record.data["id"].to_string());
            let schema = &document["components"]["messages"][&kind]["payload"]["schema"];
            assert!(schema.is_object(), "docs/asyncapi.yaml has no message {kind}");
            let mut whole = schema.clone();
            whole["components"] = document["components"].clone();
            // Further members are allowed, so that a later version may add some; this one tells none that are not described.
            let name = schema["$ref"].as_str().expect("a reference").rsplit('/').next().expect("a name");
            let described = document["components"]["schemas"][name]["properties"].as_object().expect("properties");
            let undescribed: Vec<_> =
                record.data.as_object().expect("members").keys().filter(|member| !described.contains_key(*member)).collect();
            assert!(undescribed.is_empty(), "{kind}: {undescribed:?}");
            let read = match service {
                "auth" => UserEvent::read(&kind, &record.data).expect("readable").map(|event| event.data()),
                "menu" => MenuEvent::read(&kind, &record.data).expect("readable").map(|event| event.data()),
                _ => ReservationEvent::read(&kind, &record.data).expect("readable").map(|event| event.data()),
            };
            assert_eq!(read.as_ref(), Some(&record.data), "what is written is what the type has, times included");
            let validator = jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema");
            let errors: Vec<String> = validator.iter_errors(&record.data).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{kind}: {errors:?} in {}", record.data);
            *seen.entry(kind).or_insert(0) += 1;
        }
    }
    let documented: Vec<String> = document["components"]["messages"].as_object().expect("messages").keys().cloned().collect();
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), documented, "every documented event happens, and every event is documented");
    let mut known: Vec<&str> = [UserEvent::TYPES, MenuEvent::TYPES, ReservationEvent::TYPES].concat();
    known.sort_unstable();
    assert_eq!(known, documented, "the contract has the types that are documented");
}

/// The versions of one booking arrive in the order in which they were made.
pub(crate) async fn events_of_one_aggregate_keep_their_order(kafka: Kafka) {
    let platform = start(kafka.clone(), &["reservation"], 1).await;
    furnish(&platform, 4).await;
    let guest = platform.user("reservation", 5);
    let mut paths = Vec::new();
    for _ in 0..4 {
        let id = guest.post("/reservations/", &with_contact(wanted(24))).await.expect(201).id();
        paths.push(format!("/reservations/{id}"));
    }
    let mut changes = tokio::task::JoinSet::new();
    for path in paths {
        let guest = guest.clone();
        changes.spawn(async move {
            for round in 0..25 {
                guest.patch(&path, &json!({"special_requests": format!("{round}")})).await.expect(200);
            }
        });
    }
    while let Some(done) = changes.join_next().await {
        done.expect("changed");
    }
    platform.stop().await;
    let mut versions: HashMap<String, Vec<i64>> = HashMap::new();
    for record in topic::read(&kafka, ReservationEvent::TOPIC, 104).await {
        versions.entry(record.key).or_default().push(record.data["version"].as_i64().expect("a version"));
    }
    assert_eq!(versions.len(), 4);
    for (key, versions) in versions {
        assert_eq!(versions, (1..=26).collect::<Vec<_>>(), "booking {key}");
    }
}

/// What was published and not deleted is published again: nothing is lost, and the effect happens once.
pub(crate) async fn a_relay_killed_between_publishing_and_deleting(kafka: Kafka) {
    let platform = start(kafka.clone(), &["auth", "reservation"], 1).await;
    let pool = platform.pool("auth");
    // The server kills the relay's connection in the very moment in which it deletes what the broker has acknowledged.
    for statement in [
        "CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN OLD; END $$",
        "CREATE TRIGGER kill BEFORE DELETE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION kill()",
    ] {
        sqlx::query(statement).execute(&pool).await.expect("a trigger");
    }
    let (_, id) = register(&platform, "ada@example.com").await;
    let registered = async || {
        let records = topic::read(&kafka, UserEvent::TOPIC, 1).await;
        records.into_iter().filter(|record| record.key == id.to_string()).map(|record| record.headers["ce_id"].clone()).collect::<Vec<_>>()
    };
    eventually("the event twice", async || registered().await.len() >= 2).await;
    sqlx::query("DROP TRIGGER kill ON outbox").execute(&pool).await.expect("dropped");
    eventually("an empty outbox", async || {
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&pool).await.expect("a count");
        waiting == 0
    })
    .await;
    let ids = registered().await;
    assert!(ids.iter().all(|event| *event == ids[0]), "the same event each time: {ids:?}");
    let consumed = async |outcome: &str| {
        let metrics = platform.anyone("reservation").get("/metrics").await.text;
        let name = format!("events_consumed_total{{outcome=\"{outcome}\",type=\"user.registered\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<usize>().ok()).unwrap_or(0)
    };
    eventually("the duplicates", async || consumed("duplicate").await >= ids.len() - 1).await;
    // The administrator's and the new user's.
    assert_eq!(consumed("handled").await, 2);
    let guests: i64 = sqlx::query_scalar("SELECT count(*) FROM guest WHERE user_id = $1")
        .bind(id)
        .fetch_one(&platform.pool("reservation"))
        .await
        .expect("a count");
    assert_eq!(guests, 1);
    platform.stop().await;
}

/// Of the relays of two replicas one publishes: every event is in the topic once.
pub(crate) async fn of_two_relays_one_publishes(kafka: Kafka) {
    let platform = start(kafka.clone(), &["reservation"], 2).await;
    furnish(&platform, 60).await;
    let pool = platform.pool("reservation");
    let led = "SELECT until > clock_timestamp() FROM outbox_lease";
    eventually("a relay that leads", async || sqlx::query_scalar(led).fetch_one(&pool).await.expect("a lease")).await;
    let mut bookings = tokio::task::JoinSet::new();
    for (guest, base) in (1..=60).zip(platform.bases("reservation").into_iter().map(str::to_owned).cycle()) {
        let api = platform
            .anyone("reservation")
            .at(&base)
            .with_token(restaurant_booking_tests::token::token(guest, chassis::http::identity::Role::User));
        bookings.spawn(async move { api.post("/reservations/", &with_contact(wanted(24))).await.expect(201).id().to_string() });
    }
    let mut booked = bookings.join_all().await;
    let records = topic::read(&kafka, ReservationEvent::TOPIC, 60).await;
    let mut published: Vec<String> = records.into_iter().map(|record| record.key).collect();
    booked.sort();
    published.sort();
    assert_eq!(published, booked);
    platform.stop().await;
}

/// An event that the broker refuses is not skipped: what follows of its aggregate waits, all else goes on, and metrics say so.
pub(crate) async fn an_event_that_the_broker_refuses_holds_back_its_aggregate_alone(kafka: Kafka) {
    let platform = start(kafka.clone(), &["menu"], 1).await;
    let pool = platform.pool("menu");
    let write = async |key: &str, size: i32| {
        let row = "INSERT INTO outbox (topic, key, type, data) VALUES ('menu.events', $1, 'menu.item.updated', jsonb_build_object('id', $1::int, 'text', repeat('x', $2)))";
        sqlx::query(row).bind(key).bind(size).execute(&pool).await.expect("a row");
    };
    write("700", 2_000_000).await;
    write("700", 1).await;
    write("701", 1).await;
    let records = topic::read(&kafka, MenuEvent::TOPIC, 1).await;
    assert_eq!(records.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["701"]);
    eventually("the metric", async || platform.anyone("menu").get("/metrics").await.text.contains("outbox_blocked_keys 1\n")).await;
    let waiting: Vec<(String, i32, bool)> =
        sqlx::query_as("SELECT key, attempts, last_error IS NOT NULL FROM outbox ORDER BY id").fetch_all(&pool).await.expect("rows");
    assert_eq!(waiting, [("700".to_owned(), 1, true), ("700".to_owned(), 0, false)]);
    // A person looks at it, and takes the event out: what waited behind it goes out with the next start.
    sqlx::query("DELETE FROM outbox WHERE attempts > 0").execute(&pool).await.expect("deleted");
    platform.stop().await;
    let relay = chassis::events::outbox::Relay {
        service: "menu",
        database: pool.connect_options().as_ref().clone(),
        kafka: kafka.clone(),
        outbox: chassis::events::outbox::Outbox::default(),
        metrics: chassis::run::metrics::Metrics::new("menu"),
    };
    let stop = chassis::Shutdown::new();
    let relaying = tokio::spawn(relay.run(stop.clone()));
    let records = topic::read(&kafka, MenuEvent::TOPIC, 2).await;
    assert_eq!(records.iter().filter(|record| record.key == "700").count(), 1);
    stop.cancel();
    relaying.await.expect("a relay that ends");
}

/// An event that cannot be handled is parked, and with it what follows of its key, while all else goes on; once it can be handled,
/// all of them are, in order.
pub(crate) async fn an_event_that_cannot_be_handled_holds_back_its_key_alone(kafka: Kafka) {
    let platform = start(kafka.clone(), &["auth", "reservation"], 1).await;
    let pool = platform.pool("reservation");
    let user = |version: i32| json!({"id": 77, "email": format!("v{version}@example.com"), "full_name": null, "phone": null, "role": "user", "version": version});
    topic::write(&kafka, UserEvent::TOPIC, "77", Some("user.registered"), b"not even JSON").await;
    topic::write(&kafka, UserEvent::TOPIC, "78", None, b"{}").await;
    for version in 2..=3 {
        topic::write(&kafka, UserEvent::TOPIC, "77", Some("user.updated"), user(version).to_string().as_bytes()).await;
    }
    for id in 1..=8 {
        register(&platform, &format!("ada{id}@example.com")).await;
    }
    let known = async |id: i32| {
        let known = "SELECT count(*) FROM guest WHERE user_id = $1";
        sqlx::query_scalar::<_, i64>(known).bind(id).fetch_one(&pool).await.expect("a count") == 1
    };
    for id in 2..=9 {
        eventually("the others", async || known(id).await).await;
    }
    eventually("the metric", async || platform.anyone("reservation").get("/metrics").await.text.contains("events_parked 4\n")).await;
    assert!(!known(77).await, "what follows of the key waits");
    // A person mends the one and deletes the other.
    let mend = "UPDATE parked_event SET payload = convert_to($1, 'UTF8') WHERE key = '77' AND type = 'user.registered'";
    sqlx::query(mend).bind(user(1).to_string()).execute(&pool).await.expect("mended");
    sqlx::query("DELETE FROM parked_event WHERE key = '78'").execute(&pool).await.expect("deleted");
    eventually("what was parked", async || platform.anyone("reservation").get("/metrics").await.text.contains("events_parked 0\n")).await;
    let email: String = sqlx::query_scalar("SELECT email FROM guest WHERE user_id = 77").fetch_one(&pool).await.expect("a guest");
    assert_eq!(email, "v3@example.com");
    let processed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM processed_event WHERE consumer = 'reservation'").fetch_one(&pool).await.expect("a count");
    assert_eq!(processed, 1 + 8 + 3, "the administrator's, the eight, and the three that were parked");
    platform.stop().await;
}

/// A database that does not take an event for a while gets it when it does.
pub(crate) async fn an_event_that_the_database_does_not_take_waits(kafka: Kafka) {
    let platform = start(kafka.clone(), &["auth", "reservation"], 1).await;
    let pool = platform.pool("reservation");
    sqlx::query("ALTER TABLE guest RENAME TO guest_away").execute(&pool).await.expect("renamed");
    let (_, id) = register(&platform, "ada@example.com").await;
    eventually("the metric", async || {
        let metrics = platform.anyone("reservation").get("/metrics").await.text;
        metrics.contains("events_consumed_total{outcome=\"failed\",type=\"user.registered\"}")
    })
    .await;
    sqlx::query("ALTER TABLE guest_away RENAME TO guest").execute(&pool).await.expect("renamed");
    eventually("the guest", async || {
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM guest WHERE user_id = $1").bind(id).fetch_one(&pool).await.expect("a count");
        known == 1
    })
    .await;
    platform.stop().await;
}

/// Bookings and the menu go on while the broker is away, and what happened is told in order when it is back.
pub(crate) async fn while_the_broker_is_away(platform: &Platform, down: impl FnOnce(), up: impl FnOnce()) {
    furnish(platform, 1).await;
    let (guest, menu) = (platform.user("reservation", 5), platform.admin("menu"));
    let id = guest.post("/reservations/", &with_contact(wanted(24))).await.expect(201).id();
    topic::read(&platform.kafka, ReservationEvent::TOPIC, 1).await;
    down();
    for round in 0..20 {
        guest.patch(&format!("/reservations/{id}"), &json!({"special_requests": format!("{round}")})).await.expect(200);
    }
    menu.post("/api/v1/menu", &json!({"name": "Soup", "price": "7.50"})).await.expect(201);
    for service in ["menu", "reservation"] {
        platform.anyone(service).get("/readyz").await.expect(200);
    }
    let metrics = platform.anyone("reservation").get("/metrics").await.text;
    let pending = metrics.lines().find_map(|line| line.strip_prefix("outbox_pending ")?.parse::<i32>().ok());
    assert_eq!(pending, Some(20), "events wait in the outbox");
    up();
    let records = topic::read(&platform.kafka, ReservationEvent::TOPIC, 21).await;
    // An event that was on its way when the broker went may be there twice; the order of first appearance is that of the changes.
    let mut versions: Vec<i64> = records.iter().map(|record| record.data["version"].as_i64().expect("a version")).collect();
    let mut seen = std::collections::HashSet::new();
    versions.retain(|version| seen.insert(*version));
    assert_eq!(versions, (1..=21).collect::<Vec<_>>());
    topic::read(&platform.kafka, MenuEvent::TOPIC, 1).await;
}
