use reqwest::Method;
use restaurant_booking_tests::Reply;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use serde_json::json;

use crate::{SERVICES, operations, platform};

const CLOSED: &str = "default-src 'none'; frame-ancestors 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_id_where_it_is_one() {
    let platform = platform().await;
    let long = "x".repeat(128);
    for service in SERVICES {
        let ask = async |id: &str| send(platform.anyone(service).request(Method::GET, "/nothing").header("X-Request-Id", id)).await;
        for id in ["1", "0b54a1c2-F3D8.4e6f_9a7b~8", long.as_str()] {
            let reply = ask(id).await.problem(404, "not_found");
            assert_eq!((reply.header("x-request-id"), &reply.body["instance"]), (id, &json!(id)));
        }
        let mut replaced = Vec::new();
        for id in ["", " ", "a b", "a/b", "a\"b", "a,b", "<script>", "{}", "a;b", "ü", format!("{long}x").as_str()] {
            let reply = ask(id).await.problem(404, "not_found");
            let given = reply.header("x-request-id");
            assert!(given.len() == 32 && given.bytes().all(|byte| byte.is_ascii_hexdigit()) && given != id, "{id:?} became {given:?}");
            assert_eq!(reply.body["instance"], given);
            replaced.push(given.to_owned());
        }
        replaced.sort();
        replaced.dedup();
        assert_eq!(replaced.len(), 11);
        let healthy = send(platform.anyone(service).request(Method::GET, "/healthz").header("X-Request-Id", "probe")).await.expect(200);
        assert_eq!(healthy.header("x-request-id"), "probe");
    }
}

#[track_caller]
fn guarded(reply: &Reply, what: &str) {
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(reply.header("content-security-policy"), CLOSED, "{what}");
    assert!(!reply.header("x-request-id").is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_guarded_against_misreading() {
    let platform = platform().await;
    for operation in operations() {
        for api in [platform.anyone(operation.service), platform.user(operation.service, 5), platform.admin(operation.service)] {
            guarded(&send(api.request(operation.method.clone(), &operation.path(1))).await, operation.id());
        }
    }
    for service in SERVICES {
        let anyone = platform.anyone(service);
        for path in ["/nothing", "/healthz", "/readyz", "/metrics", "/openapi.json"] {
            guarded(&anyone.get(path).await, path);
            guarded(&anyone.delete(path).await, path);
        }
        for path in ["/docs/", "/docs/swagger-ui.css", "/docs/nothing"] {
            let reply = anyone.get(path).await;
            assert_eq!((reply.header("x-content-type-options"), reply.header("content-security-policy")), ("nosniff", ""), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebodys_own_is_kept_by_no_cache() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    for reply in [
        anyone.post("/auth/register", &json!({"email": "guest@example.com", "password": "correct horse"})).await.expect(201),
        anyone.post("/auth/login", &json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})).await.expect(200),
        platform.admin("auth").get("/auth/me").await.expect(200),
        send(platform.admin("auth").request(Method::GET, "/auth/me").header("If-None-Match", "*")).await.expect(304),
        platform.admin("auth").patch("/auth/me", &json!({})).await.expect(200),
        platform.admin("auth").get("/auth/users").await.expect(200),
        platform.admin("auth").get("/auth/users/1").await.expect(200),
        anyone.get("/auth/me").await.expect(401),
        anyone.get("/openapi.json").await.expect(200),
    ] {
        assert_eq!(reply.header("cache-control"), "no-store", "{}", reply.text);
    }
    assert_eq!(anyone.get("/.well-known/jwks.json").await.expect(200).header("cache-control"), "public, max-age=300");

    let admin = platform.admin("reservation");
    admin.post("/reservations/tables", &json!({"table_number": 1, "capacity": 2})).await.expect(201);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wanted = json!({"guests_count": 2, "reservation_time": time, "contact_email": "a@b.co", "contact_phone": "12345"});
    let keyed = async || send(admin.request(Method::POST, "/reservations/").header("Idempotency-Key", "1").json(&wanted)).await;
    let made = keyed().await.expect(201);
    let path = format!("/reservations/{}", made.id());
    for reply in [
        made,
        keyed().await.expect(201),
        admin.post("/reservations/", &wanted).await.expect(409),
        admin.get(&path).await.expect(200),
        send(admin.request(Method::GET, &path).header("If-None-Match", "*")).await.expect(304),
        admin.patch(&path, &json!({"special_requests": "Candles"})).await.expect(200),
        admin.get("/reservations/my").await.expect(200),
        admin.get("/reservations/").await.expect(200),
        admin.act(&format!("{path}/confirm")).await.expect(200),
        admin.act(&format!("{path}/cancel")).await.expect(200),
    ] {
        assert_eq!(reply.header("cache-control"), "no-store", "{}", reply.text);
    }
    for path in ["/api/v1/menu", "/api/v1/menu?limit=1"] {
        assert_eq!(platform.anyone("menu").get(path).await.expect(200).header("cache-control"), "no-cache");
    }
    assert_eq!(platform.anyone("menu").get("/api/v1/menu/1").await.expect(404).header("cache-control"), "no-store");
}
