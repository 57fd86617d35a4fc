//! What happens when something fails: the database, its connections, a start, a stop.

use std::time::{Duration, Instant};

use chassis::Shutdown;
use chassis::http::Caching;
use chassis::run::config::Settings;
use chassis::run::service::{Parts, Service};
use chassis::run::tasks::Task;
use jiff::{SignedDuration, Timestamp};
use local::postgres::{self, Options};
use reqwest::Method;
use reservation::config::Restaurant;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{self, ADMIN_EMAIL, ADMIN_PASSWORD, eventually, settings};
use restaurant_booking_tests::{Api, Platform, Reply, Setup, database};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgPool, Postgres, Transaction};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

fn wanted(hours: i64) -> Value {
    json!({
        "guests_count": 2, "reservation_time": Timestamp::now() + SignedDuration::from_hours(hours),
        "contact_email": "guest@example.com", "contact_phone": "+44 20 7946 0958"
    })
}

async fn furnish(platform: &Platform, tables: i32) {
    for number in 1..=tables {
        platform.admin("reservation").post("/reservations/tables", &json!({"table_number": number, "capacity": 4})).await.expect(201);
    }
}

#[track_caller]
fn unavailable(reply: Reply) {
    assert_ne!(reply.problem(503, "unavailable").header("retry-after"), "");
}

/// Connections are cut while bookings are made: who is hit gets a 503, nothing is half written, and it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_in_the_middle_of_requests() {
    let platform = Platform::start(Setup::only("reservation")).await;
    furnish(&platform, 20).await;
    let pool = platform.pool("reservation");
    let mut requests = JoinSet::new();
    for guest in 0..16 {
        let api = platform.user("reservation", guest + 1);
        requests.spawn(async move {
            let mut replies = Vec::new();
            for round in 0..25 {
                replies.push(api.post("/reservations/", &wanted(24 + i64::from(round) * 3)).await);
            }
            replies
        });
    }
    let mut cut = 0;
    while requests.try_join_next().is_none() {
        let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name IN ('reservation', 'outbox-relay')";
        cut += sqlx::query_scalar::<_, i64>(others).fetch_one(&pool).await.expect("a count");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let replies: Vec<Reply> = requests.join_all().await.into_iter().flatten().collect();
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    let failed: Vec<&Reply> = replies.iter().filter(|reply| reply.status != 201).collect();
    assert!(cut > 0 && made > 0 && !failed.is_empty(), "{cut} connections cut, {made} bookings made, {} not", failed.len());
    for reply in failed {
        unavailable(reply.clone());
    }
    platform.user("reservation", 99).get("/reservations/my").await;
    eventually("a booking after it", async || platform.user("reservation", 99).post("/reservations/", &wanted(500)).await.status == 201)
        .await;
    let halves =
        "SELECT (SELECT count(*) FROM reservation r LEFT JOIN reservation_table t ON t.reservation_id = r.id WHERE t.table_id IS NULL)
        + (SELECT count(*) FROM reservation_table t LEFT JOIN reservation r ON r.id = t.reservation_id WHERE r.id IS NULL)";
    assert_eq!(sqlx::query_scalar::<_, i64>(halves).fetch_one(&pool).await.expect("a count"), 0);
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM reservation").fetch_one(&pool).await.expect("a count");
    assert!(rows > i64::try_from(made).expect("a count"), "what was answered 201 is there");
    // Each booking has its event, whoever's connection was cut. Some have it twice.
    eventually("an event of each booking", async || {
        let records = restaurant_booking_tests::topic::read(&platform.kafka, "reservation.events", 1).await;
        let keys: std::collections::HashSet<String> = records.into_iter().map(|record| record.key).collect();
        i64::try_from(keys.len()).expect("a count") == rows
    })
    .await;
}

/// The database is not there at the start, comes, goes, and comes again: the service says so, and never ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_comes_and_goes() {
    let home = tempfile::tempdir().expect("a directory");
    let options = Options::kept();
    let server = postgres::start(home.path(), &options).await.expect("a server");
    let address = server.connect_options("res_db");
    server.stop().await.expect("stopped");

    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let base = platform.add("reservation", settings(address.clone(), platform.kafka.clone()), &Restaurant::default()).await;
    let (api, admin) =
        (Api::new(&base), Api::new(&base).with_token(restaurant_booking_tests::token::token(1, chassis::http::identity::Role::Admin)));
    api.get("/healthz").await.expect(200);
    api.get("/readyz").await.expect(503);
    api.get("/openapi.json").await.expect(200);
    unavailable(api.get("/reservations/tables").await);

    let server = postgres::start(home.path(), &options).await.expect("a server");
    server.create_database("res_db").await.expect("a database");
    platform::ready(&base).await;
    admin.post("/reservations/tables", &json!({"table_number": 1, "capacity": 4})).await.expect(201);

    server.stop().await.expect("stopped");
    unavailable(api.get("/reservations/tables").await);
    // The caller is told, and so is whoever watches; no cluster could mend it by sending requests elsewhere.
    api.get("/readyz").await.expect(200);
    api.get("/healthz").await.expect(200);
    assert!(api.get("/metrics").await.expect(200).text.contains("\ndatabase_up 0\n"));

    let server = postgres::start(home.path(), &options).await.expect("a server");
    eventually("the tables again", async || api.get("/reservations/tables").await.status == 200).await;
    eventually("a metric that says so", async || api.get("/metrics").await.text.contains("\ndatabase_up 1\n")).await;
    platform.stop().await;
    server.stop().await.expect("stopped");
}

/// Ten replicas of each service start at once on an empty database: one migrates it, one makes the administrator.
#[tokio::test(flavor = "multi_thread")]
async fn ten_of_each_service_at_once_on_an_empty_database() {
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let mut databases = Vec::new();
    for service in ["auth", "menu", "reservation"] {
        let options = database::empty().await;
        for _ in 0..10 {
            let settings = Settings { max_connections: 2, ..settings(options.clone(), platform.kafka.clone()) };
            platform.add(service, settings, &Restaurant::default()).await;
        }
        databases.push(options);
    }
    for service in ["auth", "menu", "reservation"] {
        for base in platform.bases(service) {
            platform::ready(base).await;
        }
    }
    let administrators = "SELECT count(*) FROM \"user\" WHERE role = 'admin' AND email = $1";
    let made: i64 =
        sqlx::query_scalar(administrators).bind(ADMIN_EMAIL).fetch_one(&database::pool(databases[0].clone())).await.expect("a count");
    assert_eq!(made, 1);
    let credentials = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    for base in [platform.bases("auth")[0], platform.bases("auth")[9]] {
        Api::new(base).post("/auth/login", &credentials).await.expect(200);
    }
    platform.stop().await;
}

/// A service that must not migrate waits until somebody else has.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_waits_for_its_migration() {
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let options = database::empty().await;
    let unmigrated = Settings { migrate: false, ..settings(options.clone(), platform.kafka.clone()) };
    let base = platform.add("menu", unmigrated, &Restaurant::default()).await;
    let api = Api::new(&base);
    tokio::time::sleep(Duration::from_millis(300)).await;
    api.get("/readyz").await.expect(503);
    unavailable(api.get("/api/v1/menu").await);
    chassis::run::database::migrate(&database::pool(options), &menu::MIGRATOR).await.expect("migrations");
    platform::ready(&base).await;
    api.get("/api/v1/menu").await.expect(200);
    platform.stop().await;
}

/// A request that is under way when the service is told to stop is answered.
#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_finish() {
    let platform = Platform::start(Setup::only("reservation")).await;
    furnish(&platform, 1).await;
    let pool: PgPool = platform.pool("reservation");
    let mut connection = pool.acquire().await.expect("a connection");
    let mut transaction = connection.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM \"table\" FOR UPDATE").execute(&mut *transaction).await.expect("a lock");
    let guest = platform.user("reservation", 5);
    let booking = tokio::spawn(async move { guest.post("/reservations/", &wanted(24)).await });
    waits_for_a_lock(&pool, 1).await;
    let stopping = tokio::spawn(platform.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!booking.is_finished() && !stopping.is_finished());
    transaction.commit().await.expect("committed");
    booking.await.expect("an answer").expect(201);
    stopping.await.expect("stopped");
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&pool).await.expect("a count");
    assert_eq!(waiting, 0, "the relay has published what was left");
}

async fn waits_for_a_lock(pool: &PgPool, how_many: i64) {
    eventually("statements that wait", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.expect("a count") >= how_many
    })
    .await;
}

/// Has every booking wait until the transaction ends.
async fn lock_bookings(pool: &PgPool) -> Transaction<'static, Postgres> {
    let mut transaction = pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE reservation IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.expect("a lock");
    transaction
}

/// Books with a key: by itself, on a connection of its own.
async fn book_by_key(api: Api) -> Reply {
    send(api.request(Method::POST, "/reservations/").header("Idempotency-Key", "first").json(&wanted(24))).await
}

/// Bookings that wait for a commit that does not end are told to come again as soon as others would be for want of a connection.
#[tokio::test(flavor = "multi_thread")]
async fn more_bookings_than_go_with_a_commit_that_is_stuck() {
    let platform = Platform::start(Setup::only("reservation")).await;
    furnish(&platform, 20).await;
    let pool = platform.pool("reservation");
    let lock = lock_bookings(&pool).await;
    let mut requests = JoinSet::new();
    for guest in 1..=16 {
        let api = platform.user("reservation", guest);
        requests.spawn(async move { api.post("/reservations/", &wanted(24)).await });
        if guest == 1 {
            waits_for_a_lock(&pool, 1).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(4500)).await;
    lock.commit().await.expect("committed");
    let replies = requests.join_all().await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1);
    replies.into_iter().filter(|reply| reply.status != 201).for_each(unavailable);
    let booked: i64 = sqlx::query_scalar("SELECT count(*) FROM reservation").fetch_one(&pool).await.expect("a count");
    assert_eq!(usize::try_from(booked).ok(), Some(made), "nobody is booked who was told to come again");
    platform.stop().await;
}

/// When every connection is busy, who comes next is told to come again, and who needs no database is served.
#[tokio::test(flavor = "multi_thread")]
async fn more_requests_than_connections() {
    let platform = Platform::start(Setup::only("reservation")).await;
    furnish(&platform, 20).await;
    let pool = platform.pool("reservation");
    let lock = lock_bookings(&pool).await;
    let mut requests = JoinSet::new();
    for guest in 1..=16 {
        requests.spawn(book_by_key(platform.user("reservation", guest)));
    }
    waits_for_a_lock(&pool, 8).await;
    platform.anyone("reservation").get("/healthz").await.expect(200);
    platform.anyone("reservation").post("/reservations/", &json!({})).await.problem(401, "unauthenticated");
    tokio::time::sleep(Duration::from_millis(3500)).await;
    lock.commit().await.expect("committed");
    let replies = requests.join_all().await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 8);
    replies.into_iter().filter(|reply| reply.status != 201).for_each(unavailable);
}

/// While each connection to the database waits for a lock, a cluster still hears at once that the service is ready: to take it out would
/// help nobody.
#[tokio::test(flavor = "multi_thread")]
async fn s04_readiness_waits_for_no_request() {
    let platform = Platform::start(Setup::only("reservation")).await;
    furnish(&platform, 20).await;
    let pool = platform.pool("reservation");
    let lock = lock_bookings(&pool).await;
    let mut requests = JoinSet::new();
    for guest in 1..=24 {
        requests.spawn(book_by_key(platform.user("reservation", guest)));
    }
    waits_for_a_lock(&pool, 8).await;
    let api = platform.anyone("reservation");
    let mut took = Vec::new();
    for _ in 0..100 {
        let asked = Instant::now();
        api.get("/readyz").await.expect(200);
        took.push(asked.elapsed());
    }
    took.sort();
    // A connection would be waited for for 3 s.
    assert!(took[98] < Duration::from_secs(1), "{took:?}");
    let metrics = api.get("/metrics").await.expect(200);
    assert!(metrics.text.contains("\ndatabase_up 1\n"), "{}", metrics.text);
    lock.commit().await.expect("committed");
    requests.join_all().await;
    platform.stop().await;
}

/// The menu is served from memory while its database is away.
#[tokio::test(flavor = "multi_thread")]
async fn s04_the_menu_goes_on_without_its_database() {
    let home = tempfile::tempdir().expect("a directory");
    let server = postgres::start(home.path(), &Options::kept()).await.expect("a server");
    server.create_database("menu_db").await.expect("a database");
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let settings = settings(server.connect_options("menu_db"), platform.kafka.clone());
    let base = platform.add("menu", settings, &Restaurant::default()).await;
    platform::ready(&base).await;
    let admin = Api::new(&base).with_token(restaurant_booking_tests::token::token(1, chassis::http::identity::Role::Admin));
    admin.post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201);
    server.stop().await.expect("stopped");
    for _ in 0..3 {
        admin.get("/readyz").await.expect(200);
        assert_eq!(admin.get("/api/v1/menu").await.expect(200).body[0]["name"], "Tea");
        unavailable(admin.post("/api/v1/menu", &json!({"name": "Cake", "price": 3})).await);
    }
    platform.stop().await;
}

/// A background task that panics ends the service in order, with an error that names it.
#[tokio::test(flavor = "multi_thread")]
async fn s07_a_background_task_that_panics_ends_the_service() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let settings = settings(database::migrated("menu").await, platform.kafka.clone());
    let panic = Shutdown::new();
    let told = panic.clone();
    let service = Service::new("menu", &settings).expect("a service");
    let parts = Parts {
        router: Default::default(),
        api: menu::openapi(),
        migrator: &menu::MIGRATOR,
        prepare: async { Ok(()) },
        consumers: Vec::new(),
        tasks: vec![Task::new("cook", move |_| async move {
            told.cancelled().await;
            panic!("out of eggs");
        })],
        caching: Caching::ByHandler,
        pages: None,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let running = tokio::spawn(service.run(parts, listener, Shutdown::new()));
    platform::ready(&format!("http://{address}")).await;
    panic.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(30), running).await.expect("it ends").expect("in order");
    assert_eq!(ended.expect_err("with an error").to_string(), "the task \"cook\" panicked: out of eggs");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
