//! Undoing what happened last to a booking.

use restaurant_booking_tests::{Api, Platform};
use serde_json::{Value, json};

use crate::{book, house, in_hours, move_in_time, wanted, with};

async fn act(admin: &Api, id: i64, action: &str) -> Value {
    admin.act(&format!("/reservations/{id}/{action}")).await.expect(200).body
}

/// How many rows hold tables for a booking, and how many of them say that its party sits.
async fn rows(platform: &Platform, id: i64) -> (i64, i64) {
    let rows = "SELECT count(*), count(*) FILTER (WHERE seated) FROM reservation_table WHERE reservation_id = $1";
    sqlx::query_as(rows).bind(id).fetch_one(&platform.pool("reservation")).await.expect("rows")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_four_actions_is_undone_once() {
    let (platform, _) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let id = book(&guest, in_hours(1)).await;
    let path = format!("/reservations/{id}");
    admin.act(&format!("{path}/reopen")).await.problem(409, "invalid_transition");
    act(&admin, id, "confirm").await;
    admin.act(&format!("{path}/reopen")).await.problem(409, "invalid_transition");
    for (action, held) in [("seat", (1, 1)), ("cancel", (0, 0))] {
        let after = act(&admin, id, action).await;
        assert_eq!(after["undo"]["status"], "confirmed");
        assert_eq!(rows(&platform, id).await, held, "{action}");
        let reopened = act(&admin, id, "reopen").await;
        assert_eq!((&reopened["status"], &reopened["undo"]), (&json!("confirmed"), &json!(null)), "{action}");
        assert_eq!(rows(&platform, id).await, (1, 0), "{action}");
        let refused = admin.act(&format!("{path}/reopen")).await.problem(409, "invalid_transition");
        assert!(!refused.body["allowed"].as_array().expect("actions").contains(&json!("reopen")), "{action}");
    }
    guest.act(&format!("{path}/reopen")).await.problem(403, "forbidden");
    act(&admin, id, "seat").await;
    act(&admin, id, "complete").await;
    assert_eq!(act(&admin, id, "reopen").await["status"], "seated");
    assert_eq!(rows(&platform, id).await, (1, 1));
    act(&admin, id, "complete").await;
    let late = book(&guest, in_hours(24)).await;
    move_in_time(&platform, late, -25).await;
    act(&admin, late, "no-show").await;
    assert_eq!(act(&admin, late, "reopen").await["status"], "pending");
    assert_eq!(rows(&platform, late).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_a_day_ago_is_not_undone() {
    let (platform, _) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let id = book(&guest, in_hours(1)).await;
    act(&admin, id, "cancel").await;
    let older = "UPDATE reservation SET undo_at = undo_at - interval '24 hours' WHERE id = $1";
    sqlx::query(older).bind(id).execute(&platform.pool("reservation")).await.expect("older");
    admin.act(&format!("/reservations/{id}/reopen")).await.problem(409, "invalid_transition");
}

/// Its tables are taken again, or it stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_booking_whose_table_is_gone_stays_closed() {
    let (platform, ids) = house(&[4, 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let named = |hours: i64| with(wanted(in_hours(hours), 2), json!({"table_id": ids[0]}));
    let first = guest.post("/reservations/", &named(3)).await.expect(201).id();
    act(&admin, first, "cancel").await;
    let second = guest.post("/reservations/", &named(3)).await.expect(201).id();
    let reopen = format!("/reservations/{first}/reopen");
    admin.act(&reopen).await.problem(409, "table_taken");
    act(&admin, second, "seat").await;
    let refused = admin.act(&reopen).await.problem(409, "table_occupied");
    assert_eq!(refused.body["reservations"][0]["id"], second);
    assert_eq!(admin.get(&format!("/reservations/{first}")).await.expect(200).body["status"], "cancelled");
    act(&admin, second, "complete").await;
    let table = format!("/reservations/tables/{}", ids[0]);
    admin.put(&table, &json!({"table_number": 1, "capacity": 1})).await.expect(200);
    admin.act(&reopen).await.problem(409, "no_table_fits");
    admin.put(&table, &json!({"table_number": 1, "capacity": 4, "is_active": false})).await.expect(200);
    admin.act(&reopen).await.problem(409, "table_inactive");
    admin.put(&table, &json!({"table_number": 1, "capacity": 4})).await.expect(200);
    assert_eq!(act(&admin, first, "reopen").await["status"], "pending");
}

/// The kitchen's limit is not asked, and yet it counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_reopened_counts_again() {
    let (platform, ids) = house(&[4, 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    admin.put("/reservations/rules", &json!({"pacing": {"covers": 2}})).await.expect(200);
    let first = book(&guest, in_hours(24)).await;
    act(&admin, first, "cancel").await;
    guest.post("/reservations/", &with(wanted(in_hours(24), 2), json!({"table_id": ids[1]}))).await.expect(201);
    act(&admin, first, "reopen").await;
    let counted: (i32, i32) =
        sqlx::query_as("SELECT covers, parties FROM pacing").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!(counted, (4, 2));
}
