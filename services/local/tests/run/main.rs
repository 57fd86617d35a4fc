//! The command that starts everything, as a user has it: its table, a booking from end to end, and
//! what happens when it is stopped, killed, started twice or told something wrong.

mod api;
mod process;
mod readme;
mod resource;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use local::data::{Data, Place};
use local::postgres;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Headers as _, Message as _};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection};

use crate::api::Api;
use crate::process::{Running, refused};

/// A directory that the user whom root's server runs as can reach.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        Self(directory)
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn flag(&self) -> String {
        format!("--data={}", self.data().display())
    }
}

/// The process id of the server that has, or had, the data.
fn server_of(data: &Path) -> u32 {
    let record = fs::read_to_string(data.join("postgresql/postmaster.pid")).expect("a running server");
    record.lines().next().expect("a line").parse().expect("a process id")
}

fn is_alive(pid: u32) -> bool {
    // A process that ended and was not yet reaped by its parent is no longer alive.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z')))
}

fn was_shut_down_cleanly(data: &Path) -> bool {
    fs::read_to_string(data.join("postgresql.log")).expect("a log").trim_end().ends_with("database system is shut down")
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn booking(table: &Value) -> Value {
    let now = Timestamp::from_second(Timestamp::now().as_second()).expect("now");
    json!({"table_id": table["id"], "guests_count": 2, "reservation_time": now + SignedDuration::from_hours(48)})
}

/// The types of the events that are in the broker's topics of that prefix, as any client of Kafka sees them.
async fn events(bootstrap_servers: &str, prefix: &str, count: usize) -> Vec<String> {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap_servers)
        .set("group.id", "somebody-who-watches")
        .set("auto.offset.reset", "earliest")
        .create()
        .expect("a consumer");
    let topics = local::broker::TOPICS.map(|topic| format!("{prefix}{topic}"));
    consumer.subscribe(&topics.each_ref().map(String::as_str)).expect("subscribed");
    let mut kinds = Vec::new();
    while kinds.len() < count {
        let message = tokio::time::timeout(Duration::from_secs(20), consumer.recv()).await.expect("in time").expect("a message");
        let headers = message.headers().expect("headers");
        let kind = headers.iter().find(|header| header.key == "ce_type").and_then(|header| header.value).expect("a type");
        kinds.push(String::from_utf8_lossy(kind).into_owned());
    }
    kinds.sort();
    kinds
}

#[tokio::test]
async fn a_table_is_booked_once_and_the_booking_survives_a_kill() {
    let home = Home::new();
    let platform = Running::start(&[&home.flag()]);
    assert_eq!((platform.row("Administrator"), platform.row("Password")), ("admin@restaurant.com", "Admin123!"));
    assert!(platform.row("Data").starts_with(&*home.data().to_string_lossy()));

    let anyone = Api::of(&platform);
    let admin = anyone.admin(&platform).await;
    let (status, table) = admin.post("/reservations/tables", json!({"table_number": 7, "capacity": 4})).await;
    assert_eq!(status, 201, "{table}");
    let (first, second) = (anyone.guest("first@example.com").await, anyone.guest("second@example.com").await);
    let mut booked = Value::Null;
    eventually("the guest's address to reach the reservation service", async || {
        let (status, body) = first.post("/reservations/", booking(&table)).await;
        assert!([201, 422].contains(&status), "{body}");
        booked = body;
        status == 201
    })
    .await;
    assert_eq!(booked["contact_email"], "first@example.com");
    eventually("the other guest's address", async || second.post("/reservations/", booking(&table)).await.0 == 409).await;

    let seen = events(platform.row("Kafka"), "", 4).await;
    assert_eq!(seen, ["reservation.created", "user.registered", "user.registered", "user.registered"]);

    let server = server_of(&home.data());
    platform.signal(Signal::KILL);
    assert_eq!(platform.end().status.code(), None);
    // At once, while the old server still stops.
    let platform = Running::start(&[&home.flag(), "--admin-password=another one"]);
    assert!(!is_alive(server), "the server of the killed run is gone");
    assert_eq!(platform.row("Password"), "Admin123! (unless changed since)");
    // The keys are kept too: nobody is logged out.
    let (first, admin) = (first.at(&platform), admin.at(&platform));
    let (status, kept) = first.get(&format!("/reservations/{}", booked["id"])).await;
    assert_eq!((status, &kept["reservation_code"]), (200, &booked["reservation_code"]));
    let (_, all) = admin.get("/reservations/").await;
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    Api::of(&platform).admin(&platform).await;
    platform.stop();
    assert!(was_shut_down_cleanly(&home.data()));
}

/// The end of a request that is held back.
const LATE_BODY: &str = r#"{"email": "late@example.com", "password": "correct horse"}"#;

/// A registration that the service works on, and whose body it waits for: it has asked for it.
fn half_a_registration(platform: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(platform.base("Accounts").replace("http://", "")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    let length = LATE_BODY.len();
    let head = "POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue";
    write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n").expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an interim answer");
    assert_eq!(&answer, b"HTTP/1.1 100");
    stream
}

#[tokio::test]
async fn a_request_in_flight_finishes_and_its_event_is_published() {
    let home = Home::new();
    let mut platform = Running::start(&[&home.flag()]);
    let mut late = half_a_registration(&platform);
    platform.signal(Signal::INT);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(platform.is_running(), "it waits for the request");
    late.write_all(LATE_BODY.as_bytes()).expect("sent");
    let mut answer = String::new();
    late.read_to_string(&mut answer).expect("an answer, and then the end of the connection");
    assert!(answer.contains("HTTP/1.1 201 "), "{answer}");
    let ended = platform.end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    assert!(was_shut_down_cleanly(&home.data()));

    let data = Data::open(&Place::At(home.data())).expect("it is free");
    let server = postgres::start(data.path(), &postgres::Options::kept()).await.expect("it starts");
    let mut auth = server.connect_options("auth_db").connect().await.expect("a connection");
    assert_eq!(count(&mut auth, "\"user\"").await, 2);
    assert_eq!(count(&mut auth, "outbox").await, 0);
}

async fn count(database: &mut PgConnection, table: &'static str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(database).await.expect("a count")
}

#[tokio::test]
async fn a_second_ctrl_c_ends_it_at_once() {
    let home = Home::new();
    let mut platform = Running::start(&[&home.flag()]);
    let server = server_of(&home.data());
    let _stuck = half_a_registration(&platform);
    platform.signal(Signal::INT);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(platform.is_running(), "it waits for the request");
    platform.signal(Signal::INT);
    assert_eq!(platform.end().status.code(), Some(130));
    eventually("the server to end", async || !is_alive(server)).await;
}

#[tokio::test]
async fn a_second_instance_and_a_taken_port_are_refused() {
    let home = Home::new();
    let platform = Running::start(&[&home.flag()]);
    let message = refused(&[&home.flag()]);
    assert!(message.contains(&format!("in use by another instance (process {})", platform.pid())), "{message}");
    let message = refused(&[&home.flag(), "--reset"]);
    assert!(message.contains("in use by another instance"), "{message}");

    // Data that a reset would delete, were it not for the port.
    let other = Home::new();
    drop(Data::open(&Place::At(other.data())).expect("it is free"));
    let precious = other.data().join("postgresql/PG_VERSION");
    fs::create_dir(other.data().join("postgresql")).expect("a directory");
    fs::write(&precious, "15\n").expect("written");
    let base = platform.base("Menu");
    let port = base.rsplit(':').next().expect("a port");
    let message = refused(&[&other.flag(), "--reset", &format!("--reservation-port={port}")]);
    for part in [&format!("Port {port}"), "reservation", "is taken", "--reservation-port PORT"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(precious.exists());
    let message = refused(&[&other.flag()]);
    assert!(message.contains("not a complete PostgreSQL data directory") && message.contains("--reset"), "{message}");
    platform.stop();
}

#[test]
fn a_file_as_the_data_directory_and_a_port_for_two_services_are_told_as_what_they_are() {
    let home = Home::new();
    let file = home.0.path().join("notes.txt");
    fs::write(&file, "mine").expect("written");
    for path in [&file, &file.join("data")] {
        let message = refused(&[&format!("--data={}", path.display())]);
        assert!(message.contains("is not a directory: choose another place with --data DIR"), "{message}");
    }
    assert_eq!(fs::read_to_string(&file).expect("still there"), "mine");
    let message = refused(&["--ephemeral", "--auth-port=8000", "--menu-port=8000", "--reservation-port=0"]);
    assert!(message.contains("--menu-port: is 8000, the port of auth; each service needs a port of its own"), "{message}");
}

#[tokio::test]
async fn a_reset_starts_over() {
    let home = Home::new();
    let platform = Running::start(&[&home.flag(), "--admin-email=chef@example.com"]);
    let guest = Api::of(&platform).guest("guest@example.com").await;
    platform.stop();

    let platform = Running::start(&[&home.flag(), "--reset", "--admin-password=the new one"]);
    assert_eq!((platform.row("Administrator"), platform.row("Password")), ("admin@restaurant.com", "the new one"));
    let anyone = Api::of(&platform);
    assert!(anyone.login("guest@example.com", "correct horse").await.is_none());
    assert_eq!(guest.at(&platform).get("/auth/me").await.0, 401, "the keys are new");
    anyone.admin(&platform).await;
    platform.stop();
}

#[tokio::test]
async fn what_is_ephemeral_leaves_nothing_behind() {
    let home = Home::new();
    let temporary = home.0.path().to_str().expect("text");
    let names = || fs::read_dir(home.0.path()).expect("a directory").count();
    let platform = Running::starting(&["--ephemeral"], &[("TMPDIR", temporary)]).ready();
    assert_eq!(names(), 1);
    assert!(platform.row("Data").starts_with(temporary));
    platform.signal(Signal::TERM);
    assert_eq!(platform.end().status.code(), Some(0));
    assert_eq!(names(), 0);

    // Stopped before it has started.
    let platform = Running::starting(&["--ephemeral"], &[("TMPDIR", temporary)]);
    eventually("the start to begin", async || names() == 1).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    platform.signal(Signal::INT);
    assert_eq!(platform.end().status.code(), Some(0));
    assert_eq!(names(), 0);
}

#[tokio::test]
async fn a_server_and_a_broker_elsewhere_are_used() {
    let server = postgres::ephemeral().await.unwrap_or_else(|error| panic!("{error}"));
    let broker = local::broker::Broker::embedded(&local::broker::Topics::default()).expect("a broker");
    let (url, kafka) = (format!("--postgres={}", server.url("postgres")), format!("--kafka={}", broker.bootstrap_servers()));
    // The second time all is there.
    for _ in 0..2 {
        let platform = Running::start(&[&url, &kafka]);
        assert_eq!(platform.row("Kafka"), broker.bootstrap_servers());
        assert!(platform.row("Data").contains("res_db on the PostgreSQL server"));
        Api::of(&platform).admin(&platform).await;
        platform.stop();
    }
    assert_eq!(events(broker.bootstrap_servers(), "", 1).await, ["user.registered"]);
    let mut auth = server.connect_options("auth_db").connect().await.expect("it is there");
    assert_eq!(count(&mut auth, "\"user\"").await, 1);

    let missing = format!("--postgres={}", server.url("missing"));
    let message = refused(&[&missing]);
    assert!(message.contains("refuses") && message.contains("database \"missing\" does not exist"), "{message}");
    let mut admin = server.connect_options("postgres").connect().await.expect("a connection");
    for statement in ["DROP DATABASE menu_db", "CREATE ROLE waiter LOGIN"] {
        admin.execute(statement).await.expect("done");
    }
    let user = format!("//{}@", postgres::ROLE);
    let message = refused(&[&url.replace(&user, "//waiter@")]);
    assert!(message.contains("menu_db cannot be created") && message.contains("waiter") && message.contains("CREATEDB"), "{message}");
}

#[test]
fn a_server_elsewhere_that_is_not_there_is_given_up_in_time() {
    // One that refuses later, and one that refuses at once.
    let places = ["me:hunter2@127.0.0.1:1/postgres", "me:hunter2@localhost/postgres?host=/nonexistent"];
    let given_up = places.map(|place| {
        std::thread::spawn(move || {
            let started = Instant::now();
            let message = refused(&[&format!("--postgres=postgres://{place}")]);
            assert!((9..25).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
            for part in ["Waiting for it", "did not answer within 10 seconds", "start it, or correct the URL"] {
                assert!(message.contains(part), "{part} in {message}");
            }
            assert!(!message.contains("hunter2"), "{message}");
        })
    });
    for one in given_up {
        one.join().expect("no panic");
    }
}

#[test]
fn settings_that_cannot_be_used_are_told_at_once() {
    let message = refused(&["--ephemeral", "--kafka=broker", "--bcrypt-cost=9"]);
    assert!(message.contains("--kafka: is \"broker\"") && message.contains("BCRYPT_COST (--bcrypt-cost): is 9"), "{message}");
    let message = refused(&["--ephemeral", "--reset"]);
    assert!(message.contains("'--ephemeral' cannot be used with '--reset'"), "{message}");
}
