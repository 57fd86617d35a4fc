use std::collections::BTreeSet;

use http::HeaderValue;
use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Platform, Reply, Setup};
use serde_json::json;

use crate::{SERVICES, platform};

const OURS: &str = "https://book.example.com";

async fn with_origins() -> Platform {
    let origins = [OURS, "http://localhost:5173"].map(HeaderValue::from_static).to_vec();
    Platform::start(Setup { origins, ..Setup::default() }).await
}

fn list(reply: &Reply, name: &str) -> BTreeSet<String> {
    reply.header(name).split(',').map(|word| word.trim().to_ascii_lowercase()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_configured_origins_may_call_and_read() {
    let platform = with_origins().await;
    let exposed: BTreeSet<String> =
        ["etag", "link", "location", "retry-after", "idempotency-replayed", "x-request-id"].map(str::to_owned).into_iter().collect();
    for service in SERVICES {
        let protected = if service == "menu" {
            (Method::POST, "/api/v1/menu")
        } else if service == "auth" {
            (Method::GET, "/auth/me")
        } else {
            (Method::GET, "/reservations/my")
        };
        for origin in [OURS, "http://localhost:5173"] {
            for (status, method, path) in [
                (200, Method::GET, "/openapi.json"),
                (401, protected.0.clone(), protected.1),
                (404, Method::GET, "/nothing"),
                (405, Method::DELETE, protected.1),
            ] {
                let reply = send(platform.anyone(service).request(method, path).header("Origin", origin)).await.expect(status);
                assert_eq!(reply.header("access-control-allow-origin"), origin, "{path}");
                assert_eq!(list(&reply, "access-control-expose-headers"), exposed, "{path}");
                assert!(list(&reply, "vary").contains("origin"), "{path}");
                assert_eq!(reply.header("access-control-allow-credentials"), "", "tokens are no cookies");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_asks_first_and_is_told_what_it_may_send() {
    let platform = with_origins().await;
    let wanted = "authorization, content-type, if-match, if-none-match, idempotency-key, x-request-id";
    for (service, path) in
        [("auth", "/auth/me"), ("menu", "/api/v1/menu/1"), ("reservation", "/reservations/"), ("reservation", "/reservations")]
    {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let request = platform.anyone(service).request(Method::OPTIONS, path).header("Origin", OURS);
            let reply = send(request.header("Access-Control-Request-Method", method).header("Access-Control-Request-Headers", wanted))
                .await
                .expect(200);
            assert_eq!(reply.header("access-control-allow-origin"), OURS);
            assert!(list(&reply, "access-control-allow-methods").contains(&method.to_ascii_lowercase()));
            let allowed = list(&reply, "access-control-allow-headers");
            assert!(wanted.split(", ").all(|name| allowed.contains(name)), "{allowed:?}");
            assert_eq!(reply.text, "");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_not() {
    let platform = with_origins().await;
    for service in SERVICES {
        for origin in [
            "https://evil.example.com",
            "https://book.example.com.evil.com",
            "http://book.example.com",
            "https://book.example.com:8443",
            "null",
            "*",
        ] {
            let simple = send(platform.anyone(service).request(Method::GET, "/openapi.json").header("Origin", origin)).await.expect(200);
            let first = platform.anyone(service).request(Method::OPTIONS, "/openapi.json").header("Origin", origin);
            for reply in [simple, send(first.header("Access-Control-Request-Method", "PUT")).await] {
                assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_origin_is_configured_no_page_may() {
    let platform = platform().await;
    for service in SERVICES {
        let reply = send(platform.anyone(service).request(Method::GET, "/healthz").header("Origin", OURS)).await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    let body = json!({"name": "Tea", "price": 3});
    send(platform.admin("menu").request(Method::POST, "/api/v1/menu").header("Origin", OURS).json(&body)).await.expect(201);
}
