//! Groups: tables that are joined for a larger party.

use restaurant_booking_tests::{Api, Platform};
use serde_json::{Value, json};

use crate::{house, in_hours, overlaps, wanted, with};

async fn group(platform: &Platform, body: Value) -> i64 {
    platform.admin("reservation").post("/reservations/table-groups", &body).await.expect(201).id()
}

async fn book(guest: &Api, hours: i64, guests: i32) -> Value {
    guest.post("/reservations/", &wanted(in_hours(hours), guests)).await.expect(201).body
}

/// How many rows of which tables a booking holds.
async fn held(platform: &Platform, id: &Value) -> Vec<i32> {
    let rows = "SELECT table_id FROM reservation_table WHERE reservation_id = $1 ORDER BY table_id";
    sqlx::query_scalar(rows).bind(id.as_i64()).fetch_all(&platform.pool("reservation")).await.expect("rows")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_added_changed_and_removed() {
    let (platform, ids) = house(&[4, 4, 2]).await;
    let (admin, anyone) = (platform.admin("reservation"), platform.anyone("reservation"));
    let made = admin.post("/reservations/table-groups", &json!({"name": "Window", "table_ids": [ids[0], ids[1]], "capacity": 7})).await;
    let made = made.expect(201);
    let whole = json!({"id": made.id(), "name": "Window", "table_ids": [ids[0], ids[1]], "capacity": 7, "min_party": 1});
    assert_eq!(made.body, whole);
    let path = made.header("location").to_owned();
    assert_eq!(anyone.get(&path).await.expect(200).body, whole);
    let other = json!({"name": "Bay", "table_ids": [ids[0], ids[1], ids[2]], "capacity": 10, "min_party": 8});
    let replaced = admin.put(&path, &other).await.expect(200);
    assert_eq!((&replaced.body["capacity"], replaced.header("etag")), (&json!(10), "\"2\""));
    assert_eq!(admin.put(&path, &other).await.expect(200).header("etag"), "\"2\"");
    assert_eq!(anyone.get("/reservations/table-groups").await.expect(200).body[0]["name"], "Bay");
    admin.delete(&path).await.expect(204);
    anyone.get(&path).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_cannot_be_joined_are_refused_by_name() {
    let (platform, ids) = house(&[4, 4, 2]).await;
    let admin = platform.admin("reservation");
    let terrace = admin.post("/reservations/areas", &json!({"name": "Terrace"})).await.expect(201).id();
    let outside = admin.post("/reservations/tables", &json!({"table_number": 9, "capacity": 2, "area_id": terrace})).await.expect(201).id();
    let asleep = admin.post("/reservations/tables", &json!({"table_number": 8, "capacity": 2, "is_active": false})).await.expect(201).id();
    for (tables, capacity, min_party, place, code) in [
        (json!([ids[0]]), 7, 1, "#/table_ids", "too_few"),
        (json!([ids[0], ids[0]]), 7, 1, "#/table_ids", "repeated"),
        (json!((1..=13).collect::<Vec<_>>()), 7, 1, "#/table_ids", "too_many"),
        (json!([ids[0], 99]), 7, 1, "#/table_ids", "unknown_table"),
        (json!([ids[0], asleep]), 7, 1, "#/table_ids", "table_inactive"),
        (json!([ids[0], outside]), 7, 1, "#/table_ids", "different_areas"),
        (json!([ids[0], ids[2]]), 4, 1, "#/capacity", "out_of_range"),
        (json!([ids[0], ids[1]]), 21, 1, "#/capacity", "out_of_range"),
        (json!([ids[0], ids[1]]), 7, 8, "#/min_party", "out_of_range"),
    ] {
        let body = json!({"name": "Window", "table_ids": tables, "capacity": capacity, "min_party": min_party});
        let refused = admin.post("/reservations/table-groups", &body).await.invalid(&[place]);
        assert_eq!(refused.body["errors"][0]["code"], code, "{body}");
    }
}

/// The edits of a table that would break its group.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_a_group_stays_what_the_group_needs() {
    let (platform, ids) = house(&[4, 4]).await;
    let admin = platform.admin("reservation");
    let terrace = admin.post("/reservations/areas", &json!({"name": "Terrace"})).await.expect(201).id();
    let id = group(&platform, json!({"name": "Window", "table_ids": ids, "capacity": 7})).await;
    let path = format!("/reservations/tables/{}", ids[0]);
    for change in [json!({"is_active": false}), json!({"area_id": terrace}), json!({"capacity": 7})] {
        let body = with(json!({"table_number": 1, "capacity": 4}), change);
        let refused = admin.put(&path, &body).await.problem(409, "table_in_group");
        assert_eq!(refused.body["groups"], json!([{"id": id, "name": "Window"}]), "{body}");
    }
    admin.delete(&path).await.problem(409, "table_in_group");
    admin.put(&path, &json!({"table_number": 1, "capacity": 6, "description": "Larger"})).await.expect(200);
    admin.delete(&format!("/reservations/table-groups/{id}")).await.expect(204);
    admin.delete(&path).await.expect(204);
}

/// One table before joined ones; joined ones where no table seats the party, or none is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_party_gets_joined_tables_and_holds_each_of_them() {
    let (platform, ids) = house(&[4, 4, 2]).await;
    group(&platform, json!({"name": "Window", "table_ids": [ids[1], ids[0]], "capacity": 7})).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let large = book(&guest, 48, 7).await;
    assert_eq!((&large["table_id"], &large["table_ids"], &large["table_named"]), (&json!(ids[0]), &json!([ids[0], ids[1]]), &json!(false)));
    assert_eq!(held(&platform, &large["id"]).await.len(), 2);
    guest.post("/reservations/", &wanted(in_hours(48), 7)).await.problem(409, "no_table_free");
    guest.post("/reservations/", &wanted(in_hours(48), 8)).await.problem(409, "no_table_fits");
    for id in &ids[..2] {
        let named = with(wanted(in_hours(48), 2), json!({"table_id": id}));
        guest.post("/reservations/", &named).await.problem(409, "table_taken");
        let listed = admin.get(&format!("/reservations/?table_id={id}")).await.expect(200);
        assert_eq!(listed.body[0]["id"], large["id"], "the bookings of a table are also those that it is joined for");
        let replaced =
            admin.put(&format!("/reservations/tables/{id}"), &json!({"table_number": id, "capacity": 4, "is_active": false})).await;
        replaced.problem(409, "table_in_group");
    }
    assert_eq!(book(&guest, 48, 2).await["table_ids"], json!([ids[2]]));
    // A party of four finds a table alone; when both are gone there is nothing.
    assert_eq!(book(&guest, 96, 4).await["table_ids"], json!([ids[0]]));
    guest.post("/reservations/", &wanted(in_hours(96), 5)).await.problem(409, "no_table_free");
    let path = format!("/reservations/{}", large["id"]);
    guest.act(&format!("{path}/cancel")).await.expect(200);
    assert_eq!(held(&platform, &large["id"]).await, [0; 0]);
    assert_eq!(guest.get(&path).await.expect(200).body["table_ids"], json!([ids[0], ids[1]]), "kept when the tables are free");
    assert_eq!(overlaps(&platform).await, 0);
}

/// A party that grows is given joined tables, and one table again when it shrinks and asks for another.
#[tokio::test(flavor = "multi_thread")]
async fn a_booking_moves_between_a_table_and_joined_ones() {
    let (platform, ids) = house(&[4, 4]).await;
    group(&platform, json!({"name": "Window", "table_ids": ids, "capacity": 8})).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let booked = book(&guest, 1, 4).await;
    let path = format!("/reservations/{}", booked["id"]);
    let grown = guest.patch(&path, &json!({"guests_count": 8})).await.expect(200).body;
    assert_eq!(grown["table_ids"], json!(ids));
    let shrunk = guest.patch(&path, &json!({"guests_count": 3, "table_id": null})).await.expect(200).body;
    assert_eq!(shrunk["table_ids"], json!(ids), "what the house chose is kept where it does");
    let moved = guest.patch(&path, &json!({"table_id": ids[1]})).await.expect(200).body;
    assert_eq!((&moved["table_ids"], &moved["table_named"]), (&json!([ids[1]]), &json!(true)));
    assert_eq!(held(&platform, &booked["id"]).await.len(), 1);
    // Joined tables are sat at as one.
    admin.patch(&path, &json!({"table_ids": [ids[1], ids[0]]})).await.expect(200);
    admin.act(&format!("{path}/seat")).await.expect(200);
    let next = book(&guest, 6, 2).await;
    admin.act(&format!("/reservations/{}/seat", next["id"])).await.problem(409, "invalid_transition");
    let seated = "SELECT count(*) FROM reservation_table WHERE seated";
    assert_eq!(sqlx::query_scalar::<_, i64>(seated).fetch_one(&platform.pool("reservation")).await.expect("a count"), 2);
}

/// The staff name any tables; a group seats as many as it says, other tables as many as they do apart.
#[tokio::test(flavor = "multi_thread")]
async fn the_staff_name_tables_that_are_no_group() {
    let (platform, ids) = house(&[4, 4, 2]).await;
    group(&platform, json!({"name": "Window", "table_ids": [ids[0], ids[1]], "capacity": 9})).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let named = |guests, tables: &[i64], hours| with(wanted(in_hours(hours), guests), json!({"table_ids": tables}));
    let refused = guest.post("/reservations/", &named(4, &[ids[0], ids[2]], 24)).await.invalid(&["#/table_ids"]);
    assert_eq!(refused.body["errors"][0]["code"], "unknown");
    let joined = admin.post("/reservations/", &named(6, &[ids[2], ids[0]], 24)).await.expect(201).body;
    assert_eq!((&joined["table_ids"], &joined["table_named"]), (&json!([ids[0], ids[2]]), &json!(true)));
    admin.post("/reservations/", &named(9, &[ids[1], ids[0]], 48)).await.expect(201);
    for (body, place, code) in [
        (named(7, &[ids[0], ids[2]], 72), "#/table_ids", "table_too_small"),
        (named(2, &[ids[0], ids[0]], 72), "#/table_ids", "repeated"),
        (named(2, &[1, 2, 3, 4, 5, 6, 7], 72), "#/table_ids", "too_many"),
        (named(2, &[ids[0], 99], 72), "#/table_ids", "unknown_table"),
        (with(named(2, &[ids[0]], 72), json!({"table_id": ids[1]})), "#/table_ids", "table_or_area"),
        (with(named(2, &[ids[0]], 72), json!({"area_id": 1})), "#/area_id", "table_or_area"),
    ] {
        assert_eq!(admin.post("/reservations/", &body).await.invalid(&[place]).body["errors"][0]["code"], code, "{body}");
    }
    admin.post("/reservations/", &named(2, &[ids[2], ids[1]], 24)).await.problem(409, "table_taken");
    let path = format!("/reservations/{}", joined["id"]);
    // What was named stays, though a table of its own would do by now.
    let later = admin.patch(&path, &json!({"guests_count": 2, "reservation_time": in_hours(26)})).await.expect(200).body;
    assert_eq!((&later["table_ids"], &later["table_named"]), (&json!([ids[0], ids[2]]), &json!(true)));
}
