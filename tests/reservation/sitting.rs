//! Parties that sit, and what is around them: rules that came after, blocks, and who comes next.

use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::Api;
use restaurant_booking_tests::api::send;
use serde_json::{Value, json};

use crate::{house, in_hours, wanted, with};

fn minutes(minutes: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("a time") + SignedDuration::from_mins(minutes)
}

async fn walk_in(admin: &Api, body: Value) -> i64 {
    admin.post("/reservations/walk-ins", &body).await.expect(201).id()
}

async fn act(admin: &Api, id: i64, action: &str) -> Value {
    admin.act(&format!("/reservations/{id}/{action}")).await.expect(200).body
}

/// The house would give such a party another table, or none; it sits where it sits.
#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_stays_longer_keeps_its_table_whatever_the_rules_say() {
    let (platform, ids) = house(&[2, 4]).await;
    let admin = platform.admin("reservation");
    admin.put("/reservations/rules", &json!({"max_spare_seats": 0})).await.expect(200);
    let spare = walk_in(&admin, json!({"guests_count": 3})).await;
    let stays = admin.patch(&format!("/reservations/{spare}"), &json!({"duration_minutes": 150})).await.expect(200).body;
    assert_eq!((&stays["table_ids"], &stays["duration_minutes"]), (&json!([ids[1]]), &json!(150)));
    act(&admin, spare, "complete").await;
    // A smaller table has come free meanwhile.
    let small = walk_in(&admin, json!({"guests_count": 2})).await;
    let large = walk_in(&admin, json!({"guests_count": 2})).await;
    act(&admin, small, "complete").await;
    let stays = admin.patch(&format!("/reservations/{large}"), &json!({"duration_minutes": 150})).await.expect(200).body;
    assert_eq!(stays["table_ids"], json!([ids[1]]));
}

/// A party that may stay over its time is in nobody's way who has booked already.
#[tokio::test(flavor = "multi_thread")]
async fn a_booking_changes_at_its_own_table_though_a_party_still_sits_there() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let next = with(wanted(minutes(17), 2), json!({"table_id": ids[0], "duration_minutes": 60}));
    let next = guest.post("/reservations/", &next).await.expect(201).id();
    walk_in(&admin, json!({"guests_count": 2, "table_ids": ids, "duration_minutes": 15})).await;
    // It is asked as if two minutes had gone by: the party may stay beyond the begin.
    let pool = platform.pool("reservation");
    for earlier in [
        "UPDATE reservation_table SET start_at = start_at - interval '2 minutes', end_at = end_at - interval '2 minutes' WHERE reservation_id = $1",
        "UPDATE reservation SET reservation_time = reservation_time - interval '2 minutes' WHERE id = $1",
    ] {
        sqlx::query(earlier).bind(next).execute(&pool).await.expect("earlier");
    }
    let path = format!("/reservations/{next}");
    let changed = guest.patch(&path, &json!({"guests_count": 3, "duration_minutes": 90})).await.expect(200).body;
    assert_eq!((&changed["table_ids"], &changed["guests_count"]), (&json!(ids), &json!(3)));
    // Somebody else does not get the table for that time.
    guest.act(&format!("{path}/cancel")).await.expect(200);
    let body = with(wanted(minutes(14), 2), json!({"table_id": ids[0], "duration_minutes": 60}));
    guest.post("/reservations/", &body).await.problem(409, "table_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_has_the_table_as_soon_as_its_party_leaves() {
    let (platform, ids) = house(&[4, 4]).await;
    let admin = platform.admin("reservation");
    for leave in ["complete", "cancel", "move"] {
        let sits = walk_in(&admin, json!({"guests_count": 2, "table_ids": [ids[0]]})).await;
        let block = json!({"table_ids": [ids[0]], "from": minutes(0), "until": minutes(60)});
        let block = admin.post("/reservations/blocks", &block).await.expect(201).id();
        if leave == "move" {
            admin.patch(&format!("/reservations/{sits}"), &json!({"table_id": ids[1]})).await.expect(200);
        } else {
            act(&admin, sits, leave).await;
        }
        let named = json!({"guests_count": 2, "table_ids": [ids[0]]});
        admin.post("/reservations/walk-ins", &named).await.problem(409, "table_taken");
        let again = json!({"table_ids": [ids[0]], "from": minutes(1), "until": minutes(60)});
        admin.post("/reservations/blocks", &again).await.problem(409, "table_blocked");
        admin.delete(&format!("/reservations/blocks/{block}")).await.expect(204);
    }
}

/// It holds the table from when it came to it: what held the table before is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_has_moved_stays_longer_and_comes_back() {
    let (platform, ids) = house(&[4, 4]).await;
    let admin = platform.admin("reservation");
    let sits = walk_in(&admin, json!({"guests_count": 2, "table_ids": [ids[0]]})).await;
    let until = Timestamp::now() + SignedDuration::from_secs(2);
    let block = json!({"table_ids": [ids[1]], "from": Timestamp::now(), "until": until});
    admin.post("/reservations/blocks", &block).await.expect(201);
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    let path = format!("/reservations/{sits}");
    admin.patch(&path, &json!({"table_id": ids[1]})).await.expect(200);
    admin.patch(&path, &json!({"duration_minutes": 150})).await.expect(200);
    act(&admin, sits, "complete").await;
    assert_eq!(act(&admin, sits, "reopen").await["table_ids"], json!([ids[1]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_reopened_is_told_who_is_in_the_way_and_nobody_else() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let named = with(wanted(in_hours(24 * 7), 2), json!({"table_id": ids[0]}));
    let first = guest.post("/reservations/", &named).await.expect(201).id();
    act(&admin, first, "cancel").await;
    guest.post("/reservations/", &named).await.expect(201);
    walk_in(&admin, json!({"guests_count": 2})).await;
    admin.act(&format!("/reservations/{first}/reopen")).await.problem(409, "table_taken");
}

/// A slip of the thumb is undone though the house has changed since.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_is_held_again_though_the_house_has_changed() {
    let (platform, ids) = house(&[4, 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let group = json!({"name": "Window", "table_ids": ids, "capacity": 9});
    let group = admin.post("/reservations/table-groups", &group).await.expect(201).id();
    let large = guest.post("/reservations/", &wanted(in_hours(1), 9)).await.expect(201).id();
    admin.delete(&format!("/reservations/table-groups/{group}")).await.expect(204);
    for action in ["seat", "cancel"] {
        act(&admin, large, action).await;
        act(&admin, large, "reopen").await;
    }
    act(&admin, large, "cancel").await;
    // Back to back, and then a buffer.
    let book = async |hours: i64| {
        let body = with(wanted(in_hours(hours), 2), json!({"table_id": ids[0], "duration_minutes": 60}));
        guest.post("/reservations/", &body).await.expect(201).id()
    };
    let (first, _) = (book(2).await, book(3).await);
    admin.put("/reservations/rules", &json!({"buffer_minutes": 15})).await.expect(200);
    act(&admin, first, "cancel").await;
    act(&admin, first, "reopen").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_does_not_become_too_small_for_tables_that_the_staff_joined() {
    let (platform, ids) = house(&[4, 4]).await;
    let admin = platform.admin("reservation");
    let booked = admin.post("/reservations/", &with(wanted(in_hours(24), 7), json!({"table_ids": ids}))).await.expect(201).id();
    let path = format!("/reservations/tables/{}", ids[0]);
    admin.put(&path, &json!({"table_number": 1, "capacity": 3})).await.expect(200);
    let refused = admin.put(&path, &json!({"table_number": 1, "capacity": 2})).await.problem(409, "table_has_bookings");
    assert_eq!(refused.body["reservations"][0]["id"], booked);
    // The same tables in another order are the same.
    let before = admin.get(&format!("/reservations/{booked}")).await.expect(200);
    let same = admin.patch(&format!("/reservations/{booked}"), &json!({"table_ids": [ids[1], ids[0]]})).await.expect(200);
    assert_eq!(same.header("etag"), before.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_empty_or_over_is_told() {
    let (platform, ids) = house(&[4]).await;
    let admin = platform.admin("reservation");
    let empty = with(wanted(in_hours(24), 2), json!({"table_ids": []}));
    admin.post("/reservations/", &empty).await.invalid(&["#/table_ids"]);
    admin.post("/reservations/walk-ins", &json!({"guests_count": 2, "table_ids": []})).await.invalid(&["#/table_ids"]);
    admin.get("/reservations/?q=").await.invalid(&["?q"]);
    admin.get("/reservations/?q=%20%20%20%20").await.invalid(&["?q"]);
    let closed = json!({"source": "phone", "guests_count": 2, "reservation_time": in_hours(24)});
    admin.post("/reservations/", &closed).await.invalid(&["#/contact_name", "#/contact_phone"]);
    // A block that has ended is answered again to its key.
    let body = json!({"table_ids": ids, "from": Timestamp::now(), "until": Timestamp::now() + SignedDuration::from_secs(1)});
    let ask = async || {
        let request = admin.request(reqwest::Method::POST, "/reservations/blocks").header("Idempotency-Key", "short").json(&body);
        send(request).await
    };
    let first = ask().await.expect(201);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(ask().await.expect(201).header("idempotency-replayed"), "true");
    let delete = admin.request(reqwest::Method::DELETE, first.header("location")).header("If-Match", "\"999\"");
    send(delete).await.problem(412, "precondition_failed");
}
