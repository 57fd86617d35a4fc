//! Parties that come without a booking.

use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::api::send;
use serde_json::{Value, json};

use crate::{house, in_hours, wanted, with};

fn minutes(minutes: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("a time") + SignedDuration::from_mins(minutes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_in_sits_from_this_minute_whatever_the_rules_say() {
    let (platform, ids) = house(&[2, 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let rules = json!({"min_notice_minutes": 600, "max_party": 1, "max_spare_seats": 0, "pacing": {"covers": 1}, "slot_minutes": 60});
    admin.put("/reservations/rules", &rules).await.expect(200);
    let offline = json!({"table_number": 2, "capacity": 4, "online": false, "min_party": 4});
    admin.put(&format!("/reservations/tables/{}", ids[1]), &offline).await.expect(200);
    guest.post("/reservations/walk-ins", &json!({"guests_count": 3})).await.problem(403, "forbidden");
    let made = admin.post("/reservations/walk-ins", &json!({"guests_count": 3, "contact_name": "Ada", "staff_note": "Regulars"})).await;
    let made = made.expect(201).body;
    for (member, value) in [
        ("status", json!("seated")),
        ("source", json!("walk_in")),
        ("user_id", json!(null)),
        ("contact_email", json!(null)),
        ("contact_name", json!("Ada")),
        ("staff_note", json!("Regulars")),
        ("table_ids", json!([ids[1]])),
        ("duration_minutes", json!(120)),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    let start: Timestamp = made["reservation_time"].as_str().expect("a time").parse().expect("a time");
    assert!(start.as_second() % 60 == 0 && Timestamp::now().duration_since(start) < SignedDuration::from_mins(2), "{start}");
    // It begins in no quarter: the kitchen's limit is for bookings.
    let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM pacing").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!(counted, 0);
    admin.post("/reservations/walk-ins", &json!({"guests_count": 3})).await.problem(409, "no_table_free");
    admin.post("/reservations/walk-ins", &json!({"guests_count": 5})).await.problem(409, "no_table_fits");
    let named = json!({"guests_count": 2, "table_ids": [ids[1]]});
    let refused = admin.post("/reservations/walk-ins", &named).await.problem(409, "table_occupied");
    assert_eq!(refused.body["reservations"][0]["id"], made["id"]);
    // A slip of the thumb.
    let path = format!("/reservations/{}", made["id"]);
    admin.act(&format!("{path}/cancel")).await.expect(200);
    admin.post("/reservations/walk-ins", &named).await.expect(201);
    admin.act(&format!("{path}/reopen")).await.problem(409, "table_occupied");
}

/// Where no table is free for as long as the party would stay, it gets the one that is free longest, less the buffer.
#[tokio::test(flavor = "multi_thread")]
async fn a_walk_in_stays_until_the_next_booking_of_its_table() {
    let (platform, ids) = house(&[2, 2]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    admin.put("/reservations/rules", &json!({"buffer_minutes": 15})).await.expect(200);
    for (table, start) in [(ids[0], minutes(40)), (ids[1], minutes(90))] {
        let body = with(wanted(start, 2), json!({"table_id": table, "duration_minutes": 60}));
        guest.post("/reservations/", &body).await.expect(201);
    }
    let made = admin.post("/reservations/walk-ins", &json!({"guests_count": 2})).await.expect(201).body;
    assert_eq!(made["table_ids"], json!([ids[1]]));
    let stays = made["duration_minutes"].as_i64().expect("minutes");
    assert!((74..=75).contains(&stays), "{stays}");
    // The other one is free for less than half an hour and the buffer.
    admin.post("/reservations/walk-ins", &json!({"guests_count": 2})).await.problem(409, "no_table_free");
    let named = json!({"guests_count": 2, "table_ids": [ids[0]]});
    admin.post("/reservations/walk-ins", &named).await.problem(409, "table_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_in_with_a_key_is_seated_once_and_faults_are_named() {
    let (platform, ids) = house(&[2, 2]).await;
    let admin = platform.admin("reservation");
    let ask = async |body: Value| {
        let request = admin.request(reqwest::Method::POST, "/reservations/walk-ins").header("Idempotency-Key", "once").json(&body);
        send(request).await
    };
    let first = ask(json!({"guests_count": 2})).await.expect(201);
    assert_eq!(ask(json!({"guests_count": 2})).await.expect(201).text, first.text);
    ask(json!({"guests_count": 1})).await.problem(422, "idempotency_key_reused");
    // The key is for one thing: a booking with the same body is another request.
    let request = admin.request(reqwest::Method::POST, "/reservations/blocks").header("Idempotency-Key", "once");
    let block = json!({"table_ids": ids, "from": in_hours(90), "until": in_hours(91)});
    send(request.json(&block)).await.problem(422, "idempotency_key_reused");
    for (body, place, code) in [
        (json!({}), "#/guests_count", "required"),
        (json!({"guests_count": 2, "table_ids": [99]}), "#/table_ids", "unknown_table"),
        (json!({"guests_count": 3, "table_ids": [ids[1]]}), "#/table_ids", "table_too_small"),
        (json!({"guests_count": 2, "table_ids": [ids[1]], "area_id": 1}), "#/area_id", "table_or_area"),
        (json!({"guests_count": 2, "reservation_time": in_hours(1)}), "#/reservation_time", "unknown"),
    ] {
        let refused = admin.post("/reservations/walk-ins", &body).await.invalid(&[place]);
        assert_eq!(refused.body["errors"][0]["code"], code, "{body}");
    }
}
