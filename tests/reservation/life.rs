use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;

use crate::{book, furnish, house, in_hours, move_in_time, wanted, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_lives_from_pending_to_completed() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let body = with(wanted(in_hours(2), 3), json!({"special_requests": " A high chair "}));
    let made = guest.post("/reservations", &body).await.expect(201);
    let path = format!("/reservations/{}", made.id());
    assert_eq!((made.header("location"), made.header("etag")), (path.as_str(), "\"1\""));
    assert_eq!(made.header("cache-control"), "no-store");
    let code = made.body["reservation_code"].as_str().expect("a code");
    assert!(code.len() == 8 && code.bytes().all(|byte| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&byte)), "{code}");
    for (member, value) in [
        ("user_id", json!(5)),
        ("table_id", json!(ids[0])),
        ("guests_count", json!(3)),
        ("duration_minutes", json!(120)),
        ("status", json!("pending")),
        ("special_requests", json!("A high chair")),
        ("contact_email", json!("guest@example.com")),
        ("reservation_time", json!(in_hours(2))),
    ] {
        assert_eq!(made.body[member], value, "{member}");
    }
    assert_eq!(guest.get(&path).await.expect(200).body, made.body);

    for (action, status) in [("confirm", "confirmed"), ("seat", "seated"), ("complete", "completed")] {
        guest.act(&format!("{path}/{action}")).await.problem(403, "forbidden");
        let acted = admin.act(&format!("{path}/{action}/")).await.expect(200);
        assert_eq!(acted.body["status"], status);
    }
    let refused = admin.act(&format!("{path}/cancel")).await.problem(409, "invalid_transition");
    assert_eq!((&refused.body["reservation_status"], &refused.body["allowed"]), (&json!("completed"), &json!(["reopen"])));
    // A table whose party has gone is free again.
    guest.post("/reservations/", &wanted(in_hours(2), 2)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transition_that_makes_no_sense_names_those_that_do() {
    let (platform, _) = house(&[4]).await;
    let admin = platform.admin("reservation");
    let id = book(&platform.user("reservation", 5), in_hours(24)).await;
    for action in ["seat", "complete", "no-show"] {
        let refused = admin.act(&format!("/reservations/{id}/{action}")).await.problem(409, "invalid_transition");
        assert_eq!(refused.body["reservation_status"], "pending");
        assert_eq!(refused.body["allowed"], json!(["confirm", "cancel"]), "{action}");
    }
    admin.act(&format!("/reservations/{id}/confirm")).await.expect(200);
    admin.act(&format!("/reservations/{id}/confirm")).await.problem(409, "invalid_transition");
    admin.act("/reservations/999999/confirm").await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_bookings_and_no_shows_free_their_tables_at_once() {
    let (platform, _) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let id = book(&guest, in_hours(24)).await;
    let path = format!("/reservations/{id}/cancel");
    assert_eq!(guest.act(&path).await.expect(200).body["status"], "cancelled");
    let again = guest.act(&path).await.expect(200);
    assert_eq!(again.header("etag"), "\"2\"", "a cancelled booking cancelled again is as it was");
    let second = book(&guest, in_hours(24)).await;

    move_in_time(&platform, second, -25).await;
    guest.act(&format!("/reservations/{second}/cancel")).await.problem(409, "invalid_transition");
    assert_eq!(admin.act(&format!("/reservations/{second}/no-show")).await.expect(200).body["status"], "no_show");
    let held: i64 =
        sqlx::query_scalar("SELECT count(*) FROM reservation_table").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!(held, 0);
    let third = book(&guest, in_hours(3)).await;
    move_in_time(&platform, third, -4).await;
    admin.act(&format!("/reservations/{third}/cancel")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_may_confirm_at_once() {
    let platform = Platform::start(Setup {
        restaurant: Restaurant { auto_confirm: true, limits: Limits::NONE, ..Restaurant::default() },
        ..Setup::only("reservation")
    })
    .await;
    furnish(&platform, &[4]).await;
    let made = platform.user("reservation", 5).post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    assert_eq!(made.body["status"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_guests_booking_is_not_told_of() {
    let (platform, _) = house(&[4]).await;
    let id = book(&platform.user("reservation", 5), in_hours(24)).await;
    let other = platform.user("reservation", 6);
    other.get(&format!("/reservations/{id}")).await.problem(404, "not_found");
    other.patch(&format!("/reservations/{id}"), &json!({"guests_count": 1})).await.problem(404, "not_found");
    other.act(&format!("/reservations/{id}/cancel")).await.problem(404, "not_found");
    assert_eq!(other.get("/reservations/my").await.expect(200).body, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_wrong_is_refused_with_every_reason() {
    let (platform, _) = house(&[4]).await;
    let guest = platform.user("reservation", 5);
    guest.post("/reservations/", &json!({})).await.invalid(&["#/guests_count", "#/reservation_time"]);
    let wrong = json!({
        "table_id": 0, "guests_count": 21, "reservation_time": "tomorrow", "duration_minutes": 481, "contact_email": "nobody",
        "contact_phone": "none", "special_requests": "x".repeat(2001), "user_id": 7, "a/b~c": 1
    });
    guest.post("/reservations/", &wrong).await.invalid(&[
        "#/table_id",
        "#/guests_count",
        "#/reservation_time",
        "#/duration_minutes",
        "#/contact_email",
        "#/contact_phone",
        "#/special_requests",
        "#/user_id",
        "#/a~1b~0c",
    ]);
    for (member, value) in [
        ("guests_count", json!(0)),
        ("guests_count", json!("2")),
        ("guests_count", json!(2.5)),
        ("duration_minutes", json!(14)),
        ("reservation_time", json!(in_hours(-1))),
        ("reservation_time", json!(in_hours(24 * 181))),
        ("reservation_time", json!("2030-05-17T19:00:00")),
        ("reservation_time", json!(17)),
        ("table_id", json!(2_147_483_648_i64)),
        ("contact_phone", json!("1".repeat(51))),
        ("special_requests", json!("\u{0}")),
    ] {
        let body = with(wanted(in_hours(24), 2), json!({ member: value }));
        guest.post("/reservations/", &body).await.invalid(&[&format!("#/{member}")]);
    }
    // What nobody knows is told to be missing: the directory has not heard of this user.
    let body = json!({"guests_count": 2, "reservation_time": in_hours(24)});
    guest.post("/reservations/", &body).await.invalid(&["#/contact_email", "#/contact_phone"]);
    // A table that is wrong is told beside it, and a conflict before it.
    let body = json!({"guests_count": 2, "reservation_time": in_hours(24), "table_id": 99_999});
    guest.post("/reservations/", &body).await.invalid(&["#/contact_email", "#/contact_phone", "#/table_id"]);
    guest.post("/reservations/", &json!({"guests_count": 5, "reservation_time": in_hours(24)})).await.problem(409, "no_table_fits");
    platform.anyone("reservation").post("/reservations/", &json!({})).await.problem(401, "unauthenticated");
}
