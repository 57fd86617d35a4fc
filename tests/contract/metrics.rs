use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::{Api, Platform};
use serde_json::json;

use crate::{SERVICES, platform};

async fn scrape(platform: &Platform, service: &str) -> String {
    let reply = platform.anyone(service).get("/metrics").await.expect(200);
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    reply.text
}

/// The samples of a metric that have all these labels.
fn samples<'a>(text: &'a str, name: &str, labels: &[&str]) -> Vec<(&'a str, f64)> {
    let of_metric = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let lines = text.lines().filter(of_metric).filter(|line| labels.iter().all(|label| line.contains(label)));
    lines.map(|line| line.rsplit_once(' ').expect("a value")).map(|(series, value)| (series, value.parse().expect("a number"))).collect()
}

#[track_caller]
fn has(text: &str, name: &str, labels: &[&str]) -> f64 {
    let found = samples(text, name, labels);
    assert!(!found.is_empty(), "no {name} with {labels:?} in\n{text}");
    found.iter().map(|(_, value)| value).sum()
}

async fn traffic(platform: &Platform) {
    platform.admin("auth").patch("/auth/me", &json!({"full_name": "Ada"})).await.expect(200);
    platform.anyone("auth").get("/auth/me/").await.expect(401);
    for _ in 0..3 {
        let id = platform.admin("menu").post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201).id();
        platform.anyone("menu").get(&format!("/api/v1/menu/{id}")).await.expect(200);
    }
    let admin = platform.admin("reservation");
    admin.post("/reservations/tables", &json!({"table_number": 1, "capacity": 2})).await.expect(201);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wanted = json!({"guests_count": 2, "reservation_time": time, "contact_email": "a@b.co", "contact_phone": "12345"});
    let id = admin.post("/reservations", &wanted).await.expect(201).id();
    admin.post("/reservations/", &wanted).await.problem(409, "no_table_free");
    admin.get(&format!("/reservations/{id}")).await.expect(200);
    admin.get("/reservations/%FF").await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_of_the_contract_are_there() {
    let platform = platform().await;
    traffic(&platform).await;
    let wait = async |service: &'static str, topic: &str| {
        let label = format!("topic=\"{topic}\"");
        eventually(&format!("the lag of {topic}"), async || {
            !samples(&scrape(&platform, service).await, "kafka_consumer_lag", &[&label, "partition=\""]).is_empty()
        })
        .await;
        eventually(&format!("no lag of {topic}"), async || {
            samples(&scrape(&platform, service).await, "kafka_consumer_lag", &[]).iter().all(|(_, lag)| *lag == 0.0)
        })
        .await;
    };
    tokio::join!(wait("auth", "reservation.events"), wait("menu", "menu.events"), wait("reservation", "user.events"));
    for service in SERVICES {
        let text = scrape(&platform, service).await;
        for line in text.lines() {
            assert!(
                line.starts_with("# HELP ")
                    || line.starts_with("# TYPE ")
                    || line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok()),
                "{line}"
            );
        }
        for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|rest| rest.split(' ').next()) {
            assert!(text.contains(&format!("# HELP {name} ")), "{name} says nothing of itself");
        }
        let service_label = format!("service=\"{service}\"");
        assert_eq!(has(&text, "build_info", &[&service_label, "version=\""]), 1.0);
        assert!(
            has(
                &text,
                "http_server_request_duration_seconds_count",
                &["http_request_method=\"GET\"", "http_route=\"", "http_response_status_code=\"200\""]
            ) >= 1.0
        );
        assert!(has(&text, "http_server_request_duration_seconds_bucket", &["le=\"0.1\"", "http_route=\"/readyz\""]) >= 1.0);
        has(&text, "db_client_connection_count", &["db_client_connection_state=\"idle\""]);
        has(&text, "db_client_connection_count", &["db_client_connection_state=\"used\""]);
        assert_eq!(has(&text, "outbox_pending", &[]), 0.0);
        assert_eq!(has(&text, "outbox_oldest_age_seconds", &[]), 0.0);
    }
    assert_eq!(has(&scrape(&platform, "auth").await, "password_hash_queue_depth", &[]), 0.0);
    let text = scrape(&platform, "reservation").await;
    assert_eq!(has(&text, "reservations_total", &["outcome=\"created\""]), 1.0);
    assert_eq!(has(&text, "reservations_total", &["outcome=\"no_table_free\""]), 1.0);
}

#[track_caller]
fn count(text: &str, method: &str, route: &str, status: u16) -> f64 {
    let labels =
        [format!("http_request_method=\"{method}\""), format!("http_route=\"{route}\""), format!("http_response_status_code=\"{status}\"")];
    has(text, "http_server_request_duration_seconds_count", &labels.each_ref().map(String::as_str))
}

/// Whatever is asked for, there are as many series as there are routes, methods and statuses: nobody fills the memory with them.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_the_template_of_their_route() {
    let platform = platform().await;
    traffic(&platform).await;
    let text = scrape(&platform, "menu").await;
    assert_eq!(count(&text, "GET", "/api/v1/menu/{id}", 200), 3.0);
    assert_eq!(count(&text, "POST", "/api/v1/menu", 201), 3.0);
    let text = scrape(&platform, "auth").await;
    assert_eq!(count(&text, "GET", "/auth/me", 401), 1.0);
    let text = scrape(&platform, "reservation").await;
    assert_eq!((count(&text, "GET", "/reservations/{id}", 200), count(&text, "GET", "/reservations/{id}", 422)), (1.0, 1.0));
    assert_eq!((count(&text, "POST", "/reservations/", 201), count(&text, "POST", "/reservations/", 409)), (1.0, 1.0));

    for service in SERVICES {
        let anyone: Api = platform.anyone(service);
        for number in 0..3 {
            anyone.get(&format!("/nothing/{number}?secret={number}")).await.expect(404);
            send(anyone.request(Method::from_bytes(format!("BREW{number}").as_bytes()).expect("a method"), "/healthz")).await.expect(405);
        }
        let text = scrape(&platform, service).await;
        assert_eq!(count(&text, "GET", "unmatched", 404), 3.0);
        assert_eq!(count(&text, "_OTHER", "/healthz", 405), 3.0);
        assert!(!text.contains("BREW") && !text.contains("/nothing") && !text.contains("secret"), "{text}");
    }
}
