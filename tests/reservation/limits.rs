//! How many bookings one user may make.

use std::collections::HashMap;

use reqwest::Method;
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Platform, Setup};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{furnish, in_hours, wanted, with};

async fn limited(per_hour: u32, upcoming: u32) -> (Platform, Vec<i64>) {
    let restaurant = Restaurant { limits: Limits { per_hour, upcoming }, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    let ids = furnish(&platform, &[4; 3]).await;
    (platform, ids)
}

async fn keyed(api: &Api, key: &str, body: &Value) -> restaurant_booking_tests::Reply {
    send(api.request(Method::POST, "/reservations/").header("Idempotency-Key", key).json(body)).await
}

fn seconds(reply: &restaurant_booking_tests::Reply) -> i64 {
    reply.header("retry-after").parse().expect("seconds")
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_per_hour_are_limited() {
    let (platform, ids) = limited(3, 0).await;
    let (guest, other, admin) = (platform.user("reservation", 5), platform.user("reservation", 6), platform.admin("reservation"));
    let first = keyed(&guest, "first", &wanted(in_hours(24), 2)).await.expect(201);
    let second = guest.post("/reservations/", &wanted(in_hours(34), 2)).await.expect(201);
    guest.act(&format!("/reservations/{}/cancel", second.id())).await.expect(200);
    guest.post("/reservations/", &wanted(in_hours(44), 2)).await.expect(201);
    // What was cancelled counts, replays do not, and another user has a limit of their own.
    let refused = guest.post("/reservations/", &wanted(in_hours(54), 2)).await.problem(429, "too_many_requests");
    assert!((3500..=3600).contains(&seconds(&refused)), "{}", seconds(&refused));
    assert_eq!(keyed(&guest, "first", &wanted(in_hours(24), 2)).await.expect(201).text, first.text);
    for n in 0..4 {
        admin.post("/reservations/", &wanted(in_hours(60 + 5 * n), 2)).await.expect(201);
    }
    // After 422, before 409.
    guest.post("/reservations/", &with(wanted(in_hours(24), 2), json!({"table_id": 99_999}))).await.invalid(&["#/table_id"]);
    guest.post("/reservations/", &with(wanted(in_hours(24), 5), json!({"table_id": ids[0]}))).await.invalid(&["#/table_id"]);
    guest.post("/reservations/", &wanted(in_hours(-1), 2)).await.invalid(&["#/reservation_time"]);
    guest.post("/reservations/", &wanted(in_hours(24), 5)).await.problem(429, "too_many_requests");
    for table in &ids {
        let taken = with(wanted(in_hours(24), 2), json!({"table_id": table}));
        let made = other.post("/reservations/", &taken).await;
        assert!(matches!(made.status.as_u16(), 201 | 409), "{}", made.text);
        guest.post("/reservations/", &taken).await.problem(429, "too_many_requests");
    }
    guest.post("/reservations/", &wanted(in_hours(24), 2)).await.problem(429, "too_many_requests");
    admin.post("/reservations/", &wanted(in_hours(24), 2)).await.problem(409, "no_table_free");
    // It is not kept for a key.
    keyed(&guest, "later", &wanted(in_hours(54), 2)).await.problem(429, "too_many_requests");
    let aged = "UPDATE reservation SET created_at = created_at - interval '59 minutes' WHERE user_id = 5";
    sqlx::query(aged).execute(&platform.pool("reservation")).await.expect("aged");
    let refused = keyed(&guest, "later", &wanted(in_hours(54), 2)).await.problem(429, "too_many_requests");
    assert!((1..=60).contains(&seconds(&refused)), "{}", seconds(&refused));
    sqlx::query(aged).execute(&platform.pool("reservation")).await.expect("aged");
    keyed(&guest, "later", &wanted(in_hours(54), 2)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_ahead_are_limited() {
    let (platform, _) = limited(0, 2).await;
    let guest = platform.user("reservation", 5);
    let first = guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    guest.post("/reservations/", &wanted(in_hours(34), 2)).await.expect(201);
    let refused = guest.post("/reservations/", &wanted(in_hours(44), 2)).await.problem(429, "too_many_requests");
    assert!((25 * 3600..=26 * 3600).contains(&seconds(&refused)), "{}", seconds(&refused));
    // A change is no booking.
    guest.patch(&format!("/reservations/{}", first.id()), &json!({"guests_count": 3})).await.expect(200);
    guest.act(&format!("/reservations/{}/cancel", first.id())).await.expect(200);
    guest.post("/reservations/", &wanted(in_hours(44), 2)).await.expect(201);
}

/// Bookings that are made at once are counted as if they came one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_for_bookings_made_at_once() {
    let (platform, _) = limited(5, 7).await;
    let mut requests = JoinSet::new();
    for n in 0..40 {
        let guest = platform.user("reservation", 5);
        requests.spawn(async move { guest.post("/reservations/", &wanted(in_hours(24 + 3 * n), 2)).await.status.as_u16() });
    }
    let mut outcomes: HashMap<u16, usize> = HashMap::new();
    while let Some(status) = requests.join_next().await {
        *outcomes.entry(status.expect("an answer")).or_default() += 1;
    }
    assert_eq!(outcomes, HashMap::from([(201, 5), (429, 35)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_contact_is_told_after_the_limit_and_the_table() {
    let (platform, _) = limited(1, 0).await;
    let guest = platform.user("reservation", 5);
    guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    let bare = json!({"guests_count": 2, "reservation_time": in_hours(24)});
    guest.post("/reservations/", &bare).await.invalid(&["#/contact_email", "#/contact_phone"]);
    guest.post("/reservations/", &with(bare.clone(), json!({"guests_count": 9}))).await.problem(429, "too_many_requests");
    let unknown = with(bare, json!({"table_id": 99_999}));
    guest.post("/reservations/", &unknown).await.invalid(&["#/contact_email", "#/contact_phone", "#/table_id"]);
}
