//! The edge of every service, by raw sockets: what no well-behaved client sends.

use std::time::{Duration, Instant};

use chassis::run::config::{Limits, Settings};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use reservation::config::Restaurant;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, eventually, ready, settings};
use restaurant_booking_tests::{Api, Platform, Setup, database};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{SERVICES, platform};

const ORIGIN: &str = "https://book.example.com";
/// Longer than any wait that has a bound of its own in the service.
const FOREVER: Duration = Duration::from_secs(60);

async fn with_origin() -> Platform {
    Platform::start(Setup { origins: vec![HeaderValue::from_static(ORIGIN)], ..Setup::default() }).await
}

async fn connect(base: &str) -> TcpStream {
    TcpStream::connect(base.strip_prefix("http://").expect("a base URL")).await.expect("a connection")
}

/// An answer as it came: its head and its body.
#[derive(Debug)]
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).expect("a status")
    }

    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
    }

    /// Fails unless it is a problem that a page of [`ORIGIN`] can read.
    #[track_caller]
    fn problem(&self, status: &str, code: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.header("access-control-allow-origin"), ORIGIN, "{self:?}");
        assert!(self.header("vary").contains("origin"), "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let document: Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!((document["code"].as_str(), document["instance"].as_str()), (Some(code), Some(self.header("x-request-id"))));
    }
}

/// Reads until the service closes the connection.
async fn rest(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    timeout(FOREVER, stream.read_to_end(&mut bytes)).await.expect("an end").expect("what was answered");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {text:?}"));
    Answer { head: head.to_owned(), body: body.to_owned() }
}

async fn ask(base: &str, request: &str) -> Answer {
    let mut stream = connect(base).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    rest(stream).await
}

fn post(path: &str, headers: &str, body: &Value) -> String {
    let body = body.to_string();
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_client_that_closes_its_sending_side_is_answered() {
    let platform = platform().await;
    for number in 1..=10 {
        platform.admin("reservation").post("/reservations/tables", &json!({"table_number": number, "capacity": 4})).await.expect(201);
    }
    let token = restaurant_booking_tests::token::token(1, chassis::http::identity::Role::Admin);
    let authorization = format!("Authorization: Bearer {token}\r\n");
    let booking = json!({
        "guests_count": 2, "reservation_time": Timestamp::now() + SignedDuration::from_hours(24), "contact_email": "a@b.co", "contact_phone": "12345",
    });
    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let tables = "GET /reservations/tables HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    for _ in 0..8 {
        for (service, request, status) in [
            ("reservation", post("/reservations/", &authorization, &booking), "201"),
            ("reservation", tables.clone(), "200"),
            ("auth", post("/auth/login", "", &login), "200"),
        ] {
            let mut stream = connect(platform.base(service)).await;
            stream.write_all(request.as_bytes()).await.expect("sent");
            stream.shutdown().await.expect("closed");
            let answer = rest(stream).await;
            assert_eq!(answer.status(), status, "{answer:?}");
        }
    }
}

/// However often a byte of it comes.
#[tokio::test(flavor = "multi_thread")]
async fn f12_half_a_head_does_not_hold_a_connection() {
    let platform = platform().await;
    let waits = SERVICES.map(|service| {
        let base = platform.base(service).to_owned();
        tokio::spawn(async move {
            let mut stream = connect(&base).await;
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.expect("sent");
            let started = Instant::now();
            let mut answer = [0; 1];
            loop {
                match timeout(Duration::from_secs(1), stream.read(&mut answer)).await {
                    Err(_) => assert!(started.elapsed() < FOREVER, "the connection is still open"),
                    Ok(Ok(0) | Err(_)) => return,
                    Ok(Ok(_)) => panic!("half a request was answered"),
                }
                if stream.write_all(b"x").await.is_err() {
                    return;
                }
            }
        })
    });
    for wait in waits {
        wait.await.expect("the connection is closed");
    }
}

/// Half a head, an idle connection, and one that never said anything.
#[tokio::test(flavor = "multi_thread")]
async fn s05_connections_without_a_request_do_not_hold_up_a_stop() {
    let platform = platform().await;
    let mut connections = Vec::new();
    for service in SERVICES {
        let silent = connect(platform.base(service)).await;
        let mut half = connect(platform.base(service)).await;
        half.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.expect("sent");
        let mut idle = connect(platform.base(service)).await;
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        let mut answer = [0; 512];
        assert_ne!(idle.read(&mut answer).await.expect("an answer"), 0);
        // One that has been served sends half a head too.
        let mut both = connect(platform.base(service)).await;
        both.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        assert_ne!(both.read(&mut answer).await.expect("an answer"), 0);
        both.write_all(b"GET /healthz HTTP/1.1\r\nHo").await.expect("sent");
        connections.extend([silent, half, idle, both]);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    platform.stop().await;
    // Requests in flight would have 22 s.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    drop(connections);
}

/// It holds up a stop for as long as a request may take, and no longer.
#[tokio::test(flavor = "multi_thread")]
async fn s05_an_answer_that_nobody_reads_is_cut_off() {
    let platform = Platform::start(Setup::only("menu")).await;
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address = platform.base("menu").strip_prefix("http://").expect("a base URL").parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("a connection");
    let page = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(page.repeat(16).as_bytes()).await.expect("sent");
    let mut first = [0; 64];
    stream.read_exact(&mut first).await.expect("the begin of an answer");
    let started = Instant::now();
    platform.stop().await;
    let stopped = started.elapsed();
    assert!((Duration::from_secs(19)..Duration::from_secs(35)).contains(&stopped), "{stopped:?}");
}

/// A service whose database is away, so that it never has started.
async fn starting(service: &'static str) -> (Platform, String) {
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let away = "postgres://nobody@127.0.0.1:1/nowhere".parse().expect("a URL");
    let settings = Settings { cors_origins: vec![HeaderValue::from_static(ORIGIN)], ..settings(away, platform.kafka.clone()) };
    let base = platform.add(service, settings, &Restaurant::default()).await;
    (platform, base)
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_every_answer_is_one_that_a_page_can_read() {
    for (service, path) in [("auth", "/auth/login"), ("menu", "/api/v1/menu"), ("reservation", "/reservations/")] {
        let (platform, base) = starting(service).await;
        let preflight = format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: {ORIGIN}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type\r\n\r\n"
        );
        let answer = ask(&base, &preflight).await;
        assert_eq!((answer.status(), answer.header("access-control-allow-origin")), ("200", ORIGIN), "{answer:?}");
        assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
        let answer = ask(&base, &post(path, &format!("Connection: close\r\nOrigin: {ORIGIN}\r\n"), &json!({}))).await;
        answer.problem("503", "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        platform.stop().await;
    }
}

/// And it is the client's fault, not the service's.
#[tokio::test(flavor = "multi_thread")]
async fn f14_a_body_that_does_not_come_is_408_and_a_page_can_read_it() {
    let platform = with_origin().await;
    let token = restaurant_booking_tests::token::token(1, chassis::http::identity::Role::Admin);
    let asks = [("auth", "/auth/login"), ("menu", "/api/v1/menu"), ("reservation", "/reservations/")].map(|(service, path)| {
        let base = platform.base(service).to_owned();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: 100\r\n\r\n{{\"name\": "
        );
        tokio::spawn(async move { ask(&base, &request).await })
    });
    for asked in asks {
        let answer = asked.await.expect("an answer");
        answer.problem("408", "request_timeout");
        assert_eq!(answer.header("connection"), "close");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_a_request_has_one_host() {
    let platform = with_origin().await;
    for (service, path) in [("auth", "/auth/me"), ("menu", "/api/v1/menu"), ("reservation", "/nothing"), ("menu", "/healthz")] {
        let base = platform.base(service);
        let with = async |version: &str, hosts: &str| {
            ask(base, &format!("GET {path} {version}\r\n{hosts}Origin: {ORIGIN}\r\nConnection: close\r\n\r\n")).await
        };
        let usual = with("HTTP/1.1", "Host: example.com:8000\r\n").await;
        for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "Host: a b/c\r\n", "Host: user@example.com\r\n"] {
            with("HTTP/1.1", hosts).await.problem("400", "invalid_host");
        }
        for (version, hosts) in [("HTTP/1.0", ""), ("HTTP/1.1", "Host:\r\n"), ("HTTP/1.1", "Host: [::1]:8001\r\n")] {
            assert_eq!(with(version, hosts).await.status(), usual.status(), "{hosts:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_escaped_letters_lead_to_the_same_place() {
    let platform = platform().await;
    platform.admin("menu").post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201);
    for (service, path, status) in [
        ("menu", "/%61pi/v1/menu", 200),
        ("menu", "/api/v1/%6D%65nu/", 200),
        ("menu", "/api/v1/menu/%31", 200),
        ("menu", "/%68ealthz", 200),
        ("menu", "/%64ocs/", 200),
        ("auth", "/%2Ewell%2dknown/jwks.json", 200),
        ("auth", "/auth/%6de", 401),
        ("reservation", "/reservations%2Ftables", 404),
        ("reservation", "/%72eservations/tables?limit=1", 200),
    ] {
        // By hand, since clients unescape such letters themselves.
        let answer = ask(platform.base(service), &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(answer.status(), status.to_string(), "{path}: {answer:?}");
    }
}

async fn limited(limits: Limits) -> (Platform, String, sqlx::postgres::PgConnectOptions) {
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let options = database::migrated("reservation").await;
    let origins = vec![HeaderValue::from_static(ORIGIN)];
    let settings = Settings { limits, cors_origins: origins, ..settings(options.clone(), platform.kafka.clone()) };
    let base = platform.add("reservation", settings, &Restaurant::default()).await;
    ready(&base).await;
    (platform, base, options)
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_more_requests_than_are_allowed_at_once_are_told_to_come_again() {
    let (platform, base, options) = limited(Limits { requests: 3, ..Limits::default() }).await;
    let pool = database::pool(options);
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE \"table\" IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.expect("a lock");
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let api = Api::new(&base);
            tokio::spawn(async move { api.get("/reservations/tables").await })
        })
        .collect();
    let request = format!("GET /reservations/tables HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nConnection: close\r\n\r\n");
    eventually("three requests that wait", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.expect("a count") == 3
    })
    .await;
    let refused = ask(&base, &request).await;
    refused.problem("503", "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/", "/nothing"] {
        let status = if path == "/nothing" { 404 } else { 200 };
        Api::new(&base).get(path).await.expect(status);
    }
    lock.commit().await.expect("committed");
    for waiting in waiting {
        waiting.await.expect("an answer").expect(200);
    }
    Api::new(&base).get("/reservations/tables").await.expect(200);
    platform.stop().await;
}

/// One more than is allowed waits until another ends; and the idle end sooner where somebody waits.
#[tokio::test(flavor = "multi_thread")]
async fn f12_more_connections_than_are_allowed_wait_for_the_idle_ones() {
    let (platform, base, _) = limited(Limits { connections: 2, ..Limits::default() }).await;
    // The connection that asked whether the service is ready may still be open.
    let asked = Instant::now();
    let idle = [connect(&base).await, connect(&base).await, connect(&base).await];
    let answer = ask(&base, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(answer.status(), "200");
    let waited = asked.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(40)).contains(&waited), "{waited:?}");
    drop(idle);
    platform.stop().await;
}
