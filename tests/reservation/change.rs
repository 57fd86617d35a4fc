use jiff::SignedDuration;
use reqwest::Method;
use restaurant_booking_tests::api::send;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{book, house, in_hours, move_in_time, overlaps, wanted, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_changes_time_party_duration_contact_and_requests() {
    let (platform, ids) = house(&[2, 4, 6]).await;
    let guest = platform.user("reservation", 5);
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    let changed = guest.patch(&path, &json!({"special_requests": "Quiet", "contact_phone": "+49 30 123456"})).await.expect(200);
    assert_eq!((&changed.body["special_requests"], changed.header("etag")), (&json!("Quiet"), "\"2\""));
    assert_eq!(guest.patch(&path, &json!({"special_requests": null})).await.expect(200).body["special_requests"], json!(null));
    let same = guest.patch(&path, &json!({})).await.expect(200);
    assert_eq!(same.header("etag"), "\"3\"", "an empty change is none");

    // It keeps its table when it moves in time, also over its own old time.
    let later = in_hours(24) + SignedDuration::from_mins(30);
    let moved = guest.patch(&path, &json!({"reservation_time": later, "duration_minutes": 90})).await.expect(200);
    assert_eq!((&moved.body["table_id"], &moved.body["reservation_time"]), (&json!(ids[0]), &json!(later)));
    // A party that outgrows its table gets the smallest that is free.
    let grown = guest.patch(&path, &json!({"guests_count": 3})).await.expect(200);
    assert_eq!(grown.body["table_id"], ids[1]);
    let named = guest.patch(&path, &json!({"table_id": ids[2]})).await.expect(200);
    assert_eq!(named.body["table_id"], ids[2]);
    guest.patch(&path, &json!({"table_id": ids[0]})).await.invalid(&["#/table_id"]);
    guest.patch(&path, &json!({"table_id": 99_999})).await.invalid(&["#/table_id"]);
    guest.patch(&path, &json!({"guests_count": 7})).await.problem(409, "no_table_fits");
    guest.patch(&path, &json!({"guests_count": 0, "contact_email": " ", "status": "seated"})).await.invalid(&[
        "#/guests_count",
        "#/contact_email",
        "#/status",
    ]);
    assert_eq!(guest.get(&path).await.expect(200).body, named.body, "what was refused has changed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_gets_the_new_place_or_keeps_the_old_one() {
    let (platform, ids) = house(&[2, 2]).await;
    let (guest, other) = (platform.user("reservation", 5), platform.user("reservation", 6));
    let start = in_hours(24);
    let path = format!(
        "/reservations/{}",
        guest.post("/reservations/", &with(wanted(start, 2), json!({"table_id": ids[0]}))).await.expect(201).id()
    );
    let before = guest.get(&path).await.expect(200);
    let elsewhere = start + SignedDuration::from_hours(5);
    for table in &ids {
        other.post("/reservations/", &with(wanted(elsewhere, 2), json!({"table_id": table}))).await.expect(201);
    }
    guest.patch(&path, &json!({"reservation_time": elsewhere})).await.problem(409, "table_taken");
    guest.patch(&path, &json!({"reservation_time": elsewhere, "table_id": ids[1]})).await.problem(409, "table_taken");
    assert_eq!(guest.get(&path).await.expect(200).body, before.body);
    // Its place is still held.
    other.post("/reservations/", &with(wanted(start, 2), json!({"table_id": ids[0]}))).await.problem(409, "table_taken");
    // And is free once it has gone to the other table.
    guest.patch(&path, &json!({"table_id": ids[1]})).await.expect(200);
    other.post("/reservations/", &with(wanted(start, 2), json!({"table_id": ids[0]}))).await.expect(201);
    assert_eq!(overlaps(&platform).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_guard_changes() {
    let (platform, _) = house(&[2]).await;
    let guest = platform.user("reservation", 5);
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    let change = |condition: &str| {
        let request = guest.request(Method::PATCH, &path).header("If-Match", condition).json(&json!({"special_requests": condition}));
        send(request)
    };
    change("\"1\"").await.expect(200);
    change("\"1\"").await.problem(412, "precondition_failed");
    change("W/\"2\"").await.problem(412, "precondition_failed");
    change("\"9\", \"2\"").await.expect(200);
    change("*").await.expect(200);
    change("3").await.invalid(&["If-Match:"]);
    send(guest.request(Method::POST, &format!("{path}/cancel")).header("If-Match", "\"1\"")).await.problem(412, "precondition_failed");
    let current = guest.get(&path).await.expect(200);
    let fresh = |condition: String| send(guest.request(Method::GET, &path).header("If-None-Match", condition));
    let not_modified = fresh(current.header("etag").to_owned()).await.expect(304);
    assert_eq!((not_modified.text.as_str(), not_modified.header("etag")), ("", current.header("etag")));
    fresh(format!("W/{}", current.header("etag"))).await.expect(304);
    fresh("\"1\"".to_owned()).await.expect(200);
    fresh("1".to_owned()).await.invalid(&["If-None-Match:"]);
}

/// Whoever asks for a change only where there is nothing yet, changes nothing (RFC 9110, 13.1).
#[tokio::test(flavor = "multi_thread")]
async fn f09_a_condition_that_is_false_leaves_a_booking_and_a_table_alone() {
    let (platform, ids) = house(&[2]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    let table = format!("/reservations/tables/{}", ids[0]);
    let before = (guest.get(&path).await.expect(200).body, guest.get(&table).await.expect(200).body);
    let seats = json!({"table_number": 9, "capacity": 4});
    for condition in ["*", "\"1\"", "W/\"1\""] {
        for (method, path, body) in [
            (Method::PATCH, &path, Some(json!({"guests_count": 1}))),
            (Method::POST, &format!("{path}/confirm"), None),
            (Method::POST, &format!("{path}/cancel"), None),
            (Method::PUT, &table, Some(seats.clone())),
            (Method::DELETE, &table, None),
        ] {
            let request = admin.request(method, path).header("If-None-Match", condition);
            send(body.iter().fold(request, reqwest::RequestBuilder::json)).await.problem(412, "precondition_failed");
        }
    }
    for path in [&path, &table] {
        send(guest.request(Method::GET, path).header("If-Match", "\"2\"")).await.problem(412, "precondition_failed");
        send(guest.request(Method::GET, path).header("If-Match", "\"1\"")).await.expect(200);
    }
    assert_eq!((guest.get(&path).await.expect(200).body, guest.get(&table).await.expect(200).body), before);
    send(admin.request(Method::PUT, &table).header("If-None-Match", "\"7\"").json(&seats)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_end_with_the_start_for_the_guest_and_with_the_end_for_the_restaurant() {
    let (platform, _) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let id = book(&guest, in_hours(1)).await;
    let path = format!("/reservations/{id}");
    move_in_time(&platform, id, -2).await;
    let refused = guest.patch(&path, &json!({})).await.problem(409, "invalid_transition");
    assert_eq!(refused.body["allowed"], json!([]));
    admin.act(&format!("{path}/seat")).await.expect(200);
    admin.patch(&path, &json!({"guests_count": 3})).await.expect(200);
    admin.act(&format!("{path}/complete")).await.expect(200);
    let refused = admin.patch(&path, &json!({"guests_count": 2})).await.problem(409, "invalid_transition");
    assert_eq!(refused.body["reservation_status"], "completed");
}

/// Bookings that trade places wait for each other: one of them is ended by the database, tries again, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn bookings_that_trade_places_at_once() {
    let (platform, ids) = house(&[2, 2]).await;
    let guest = platform.user("reservation", 5);
    let start = in_hours(24);
    let mut paths = Vec::new();
    for table in &ids {
        let booked = guest.post("/reservations/", &with(wanted(start, 2), json!({"table_id": table}))).await.expect(201);
        paths.push(format!("/reservations/{}", booked.id()));
    }
    for _ in 0..5 {
        let mut requests = JoinSet::new();
        for (path, table) in [(&paths[0], ids[1]), (&paths[1], ids[0])] {
            let (guest, path) = (guest.clone(), path.clone());
            requests.spawn(async move { guest.patch(&path, &json!({"table_id": table})).await });
        }
        while let Some(reply) = requests.join_next().await {
            let reply = reply.expect("an answer");
            assert!(matches!(reply.status.as_u16(), 200 | 409), "{}", reply.text);
        }
    }
    let held: i64 =
        sqlx::query_scalar("SELECT count(*) FROM reservation_table").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!((held, overlaps(&platform).await), (2, 0));
}
