//! Blocks: tables that are out of use for a while.

use restaurant_booking_tests::api::send;
use serde_json::{Value, json};

use crate::{book, house, in_hours, wanted, with};

fn block(tables: &[i64], from: i64, until: i64) -> Value {
    json!({"table_ids": tables, "from": in_hours(from), "until": in_hours(until)})
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_books_a_table_that_is_blocked() {
    let (platform, ids) = house(&[4, 4]).await;
    let (guest, admin, anyone) = (platform.user("reservation", 5), platform.admin("reservation"), platform.anyone("reservation"));
    let body = with(block(&ids[..1], 24, 24 * 9), json!({"reason": "The ceiling leaks"}));
    let made = admin.post("/reservations/blocks", &body).await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!((&made.body["table_ids"], &made.body["reason"]), (&json!([ids[0]]), &json!("The ceiling leaks")));
    assert_eq!(admin.get(&path).await.expect(200).body, made.body);
    anyone.get(&path).await.problem(401, "unauthenticated");
    guest.get(&path).await.problem(403, "forbidden");
    // In all its pieces of eight hours, and not a minute longer.
    for hours in [23, 26, 40, 24 * 9 - 1] {
        let named = with(wanted(in_hours(hours), 2), json!({"table_id": ids[0]}));
        guest.post("/reservations/", &named).await.problem(409, "table_taken");
        assert_eq!(guest.post("/reservations/", &wanted(in_hours(hours), 2)).await.expect(201).body["table_id"], ids[1]);
    }
    for hours in [22, 24 * 9] {
        let named = with(wanted(in_hours(hours), 2), json!({"table_id": ids[0]}));
        guest.post("/reservations/", &named).await.expect(201);
    }
    let free = format!("/reservations/tables/available?guests_count=2&reservation_time={}", in_hours(50));
    assert_eq!(anyone.get(&free).await.expect(200).body.as_array().map(Vec::len), Some(1));
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.problem(404, "not_found");
    assert_eq!(anyone.get(&free).await.expect(200).body.as_array().map(Vec::len), Some(2), "as soon as it is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_refused_where_the_table_is_booked_or_blocked() {
    let (platform, ids) = house(&[4, 4]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let booked = book(&guest, in_hours(24)).await;
    let refused = admin.post("/reservations/blocks", &block(&ids, 25, 40)).await.problem(409, "table_has_bookings");
    assert_eq!(refused.body["reservations"][0]["id"], booked);
    let first = admin.post("/reservations/blocks", &block(&ids, 26, 40)).await.expect(201).id();
    let refused = admin.post("/reservations/blocks", &block(&ids[1..], 39, 50)).await.problem(409, "table_blocked");
    assert_eq!(refused.body["blocks"], json!([first]));
    admin.post("/reservations/blocks", &block(&ids[1..], 40, 50)).await.expect(201);
    let listed = async |query: String| {
        let reply = admin.get(&format!("/reservations/blocks?{query}")).await.expect(200);
        reply.body.as_array().expect("blocks").len()
    };
    assert_eq!(listed(String::new()).await, 2);
    assert_eq!(listed(format!("from={}", in_hours(40))).await, 1);
    assert_eq!(listed(format!("until={}", in_hours(40))).await, 1);
    let page = admin.get("/reservations/blocks?limit=1").await.expect(200);
    let next = page.header("link").split(['<', '>']).nth(1).expect("a link").to_owned();
    assert_eq!(admin.get(&next).await.expect(200).body.as_array().map(Vec::len), Some(1));
}

/// The block of a table at which a party sits begins when the party is expected to leave.
#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_sits_stays_though_its_table_is_blocked() {
    let (platform, ids) = house(&[4, 4]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let sits = guest.post("/reservations/", &with(wanted(in_hours(1), 2), json!({"table_id": ids[0]}))).await.expect(201).id();
    admin.act(&format!("/reservations/{sits}/seat")).await.expect(200);
    admin.post("/reservations/blocks", &block(&ids, 0, 12)).await.expect(201);
    let held = "SELECT table_id, extract(epoch FROM min(start_at))::bigint FROM reservation_table WHERE block_id IS NOT NULL GROUP BY 1 ORDER BY 1";
    let held: Vec<(i32, i64)> = sqlx::query_as(held).fetch_all(&platform.pool("reservation")).await.expect("rows");
    let starts: Vec<_> = held.into_iter().map(|(_, start)| start).collect();
    assert_eq!(starts, [in_hours(3).as_second(), in_hours(0).as_second()]);
    guest.patch(&format!("/reservations/{sits}"), &json!({"guests_count": 3})).await.problem(409, "invalid_transition");
    admin.patch(&format!("/reservations/{sits}"), &json!({"duration_minutes": 240})).await.problem(409, "table_taken");
    admin.act(&format!("/reservations/{sits}/complete")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_is_blocked_whole_and_what_is_wrong_with_a_block_is_named() {
    let (platform, ids) = house(&[4]).await;
    let admin = platform.admin("reservation");
    let area = async |name: &str| admin.post("/reservations/areas", &json!({"name": name})).await.expect(201).id();
    let (terrace, empty) = (area("Terrace").await, area("Cellar").await);
    let mut outside = Vec::new();
    for number in [7, 8] {
        let body = json!({"table_number": number, "capacity": 2, "area_id": terrace});
        outside.push(admin.post("/reservations/tables", &body).await.expect(201).id());
    }
    let times = json!({"from": in_hours(24), "until": in_hours(36)});
    let blocked = admin.post("/reservations/blocks", &with(times.clone(), json!({"area_id": terrace}))).await.expect(201).body;
    assert_eq!(blocked["table_ids"], json!(outside));
    for (change, place, code) in [
        (json!({}), "#/table_ids", "tables_or_area"),
        (json!({"table_ids": ids, "area_id": terrace}), "#/table_ids", "tables_or_area"),
        (json!({"area_id": empty}), "#/area_id", "no_tables"),
        (json!({"area_id": 99}), "#/area_id", "unknown_area"),
        (json!({"table_ids": [99]}), "#/table_ids", "unknown_table"),
        (json!({"table_ids": ids, "until": in_hours(24)}), "#/until", "out_of_range"),
        (json!({"table_ids": ids, "from": in_hours(-9), "until": in_hours(-1)}), "#/until", "in_the_past"),
        (json!({"table_ids": ids, "until": in_hours(24 * 31 + 1)}), "#/until", "out_of_range"),
    ] {
        let refused = admin.post("/reservations/blocks", &with(times.clone(), change.clone())).await.invalid(&[place]);
        assert_eq!(refused.body["errors"][0]["code"], code, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_with_a_key_is_made_once() {
    let (platform, ids) = house(&[4]).await;
    let admin = platform.admin("reservation");
    let ask = async |body: Value| {
        let request = admin.request(reqwest::Method::POST, "/reservations/blocks").header("Idempotency-Key", "once").json(&body);
        send(request).await
    };
    let first = ask(block(&ids, 24, 25)).await.expect(201);
    let second = ask(block(&ids, 24, 25)).await.expect(201);
    assert_eq!((first.text.as_str(), second.header("idempotency-replayed")), (second.text.as_str(), "true"));
    ask(block(&ids, 24, 26)).await.problem(422, "idempotency_key_reused");
    assert_eq!(admin.get("/reservations/blocks").await.expect(200).body.as_array().map(Vec::len), Some(1));
}
