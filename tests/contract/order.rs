use reqwest::Method;
use restaurant_booking_tests::Reply;
use restaurant_booking_tests::api::send;
use serde_json::{Value, json};

use crate::{operations, platform, raw};

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_judged_before_what_is_asked() {
    let platform = platform().await;
    // Auth judges by its accounts, not by the token alone.
    let add = "INSERT INTO \"user\" (id, email, email_folded, password_hash) VALUES (5, 'guest@example.com', 'guest@example.com', '')";
    sqlx::query(add).execute(&platform.pool("auth")).await.expect("an account");
    // Any user may book; the link of a booking is for no other.
    platform.admin("reservation").post("/reservations/tables", &json!({"table_number": 1, "capacity": 4})).await.expect(201);
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wish = json!({"guests_count": 2, "reservation_time": start, "contact_name": "Ada", "contact_email": "ada@example.com",
        "contact_phone": "12345"});
    let linked = platform.anyone("reservation").post("/reservations/guest", &wish).await.expect(201).body["manage_token"].clone();
    let linked = platform.anyone("reservation").with_token(linked.as_str().expect("a token"));
    for operation in operations() {
        let responses = operation.described["responses"].to_string();
        let Some(schemes) = operation.described["security"].as_array() else { continue };
        let open = schemes.contains(&json!({}));
        // Where a token only has the staff see more, nobody is refused.
        if open && !responses.contains("problem:unauthenticated") {
            continue;
        }
        let path = format!("{}?colour=red&include_inactive=true", operation.path("abc"));
        let over = vec![b'{'; 70_000];
        for (kind, body) in [(Some("text/plain"), over), (Some("application/json"), b"{".to_vec()), (None, b"\xff".to_vec())] {
            let ask = async |api| raw(&api, operation.method.clone(), &path, kind, body.clone()).await;
            ask(platform.anyone(operation.service)).await.problem(401, "unauthenticated");
            if responses.contains("problem:forbidden") {
                let books = operation.id() == "create_reservation";
                ask(if books { linked.clone() } else { platform.user(operation.service, 5) }).await.problem(403, "forbidden");
            }
        }
        assert_eq!(open, operation.id() == "list_tables");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_judged_before_its_members_and_those_before_the_database() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let ask = async |kind: &'static str, condition: &'static str, path: &'static str, body: &'static str| {
        let request = admin.request(Method::PATCH, path).header("Content-Type", kind).header("If-Match", condition);
        send(request.body(body)).await
    };
    ask("text/plain", "9", "/api/v1/menu/abc?x=1", "{").await.problem(415, "unsupported_media_type");
    ask("application/json", "9", "/api/v1/menu/abc?x=1", "{").await.problem(400, "malformed_body");
    ask("application/json", "9", "/api/v1/menu/abc?x=1", "{\"price\": -1}").await.invalid(&["If-Match:", "?id", "?x", "#/price"]);
    ask("application/json", "\"9\"", "/api/v1/menu/999", "{\"price\": -1}").await.invalid(&["#/price"]);
    ask("application/json", "\"9\"", "/api/v1/menu/999", "{\"price\": 1}").await.problem(404, "not_found");
    admin.post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201);
    ask("application/json", "\"9\"", "/api/v1/menu/1", "{\"price\": -1}").await.invalid(&["#/price"]);
    ask("application/json", "\"9\"", "/api/v1/menu/1", "{\"price\": 1}").await.problem(412, "precondition_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_judged_before_a_conflict() {
    let platform = platform().await;
    let admin = platform.admin("reservation");
    let change = async |method: Method, path: &str, condition: &str, body: Value| -> Reply {
        send(admin.request(method, path).header("If-Match", condition).json(&body)).await
    };
    for number in 1..=2 {
        admin.post("/reservations/tables", &json!({"table_number": number, "capacity": 2})).await.expect(201);
    }
    let taken = json!({"table_number": 1, "capacity": 2});
    change(Method::PUT, "/reservations/tables/999", "\"9\"", taken.clone()).await.problem(404, "not_found");
    change(Method::PUT, "/reservations/tables/2", "\"9\"", taken.clone()).await.problem(412, "precondition_failed");
    change(Method::PUT, "/reservations/tables/2", "\"1\"", taken).await.problem(409, "table_number_taken");

    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wanted = json!({"guests_count": 2, "reservation_time": time, "contact_email": "a@b.co", "contact_phone": "12345", "table_id": 1});
    let booking = admin.post("/reservations/", &wanted).await.expect(201).id();
    let path = format!("/reservations/{booking}");
    admin.post("/reservations/", &wanted).await.problem(409, "table_taken");
    change(Method::POST, &format!("{path}/complete?x=1"), "\"9\"", json!({})).await.invalid(&["?x"]);
    change(Method::POST, &format!("{path}/complete"), "\"9\"", json!({})).await.problem(412, "precondition_failed");
    change(Method::POST, &format!("{path}/complete"), "\"1\"", json!({})).await.problem(409, "invalid_transition");
    change(Method::DELETE, "/reservations/tables/1", "\"9\"", json!({})).await.problem(412, "precondition_failed");
    change(Method::DELETE, "/reservations/tables/1", "\"1\"", json!({})).await.problem(409, "table_has_bookings");
    change(Method::PATCH, &path, "\"1\"", json!({"table_id": 999})).await.invalid(&["#/table_id"]);
    admin.act(&format!("{path}/cancel")).await.expect(200);
    change(Method::PATCH, &path, "\"1\"", json!({"table_id": 999})).await.problem(412, "precondition_failed");
    change(Method::PATCH, &path, "\"2\"", json!({"table_id": 999})).await.problem(409, "invalid_transition");
}
