//! Changes that need another table, and what they are judged by.

use jiff::SignedDuration;
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::platform::{ready, settings};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::{Value, json};

use crate::{book, furnish, house, in_hours, move_in_time, overlaps, wanted, with};

fn at(table: i64) -> Value {
    json!({ "table_id": table })
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_booking_that_moves_gets_a_free_table() {
    let (platform, ids) = house(&[4, 4]).await;
    let (guest, other) = (platform.user("reservation", 5), platform.user("reservation", 6));
    let (start, later) = (in_hours(24), in_hours(30));
    let made = guest.post("/reservations/", &wanted(start, 2)).await.expect(201);
    let path = format!("/reservations/{}", made.id());
    assert_eq!((&made.body["table_id"], &made.body["table_named"]), (&json!(ids[0]), &json!(false)));
    other.post("/reservations/", &with(wanted(later, 2), at(ids[0]))).await.expect(201);
    let moved = guest.patch(&path, &json!({"reservation_time": later})).await.expect(200);
    assert_eq!((&moved.body["table_id"], &moved.body["table_named"]), (&json!(ids[1]), &json!(false)));
    // Kept where it does: back at the old time both are free.
    let back = guest.patch(&path, &json!({"reservation_time": start})).await.expect(200);
    assert_eq!(back.body["table_id"], ids[1]);
    // A longer stay.
    other.post("/reservations/", &with(wanted(start + SignedDuration::from_hours(2), 2), at(ids[1]))).await.expect(201);
    let longer = guest.patch(&path, &json!({"duration_minutes": 150})).await.expect(200);
    assert_eq!(longer.body["table_id"], ids[0]);
    // A larger party at another time.
    let grown = guest.patch(&path, &json!({"guests_count": 4, "reservation_time": later})).await.expect(200);
    assert_eq!(grown.body["table_id"], ids[1]);
    // Nothing is free: told with other times, and it is as it was.
    let full = in_hours(40);
    for table in &ids {
        other.post("/reservations/", &with(wanted(full, 2), at(*table))).await.expect(201);
    }
    let refused = guest.patch(&path, &json!({"reservation_time": full})).await.problem(409, "no_table_free");
    for time in refused.body["alternatives"].as_array().expect("a list") {
        guest.patch(&path, &json!({"reservation_time": time})).await.expect(200);
    }
    assert_eq!(refused.body["alternatives"].as_array().map(Vec::len), Some(3));
    guest.patch(&path, &json!({"guests_count": 5})).await.problem(409, "no_table_fits");
    assert_eq!(overlaps(&platform).await, 0);
}

/// The own hold is in nobody's way but others': a time that overlaps it is offered.
#[tokio::test(flavor = "multi_thread")]
async fn f03_a_booking_does_not_stand_in_the_way_of_its_own_alternatives() {
    let (platform, _) = house(&[2]).await;
    let (guest, other) = (platform.user("reservation", 5), platform.user("reservation", 6));
    let day = in_hours(24 * 20).to_zoned(jiff::tz::TimeZone::UTC).date();
    let at = |hour: i8| day.at(hour, 0, 0, 0).in_tz("UTC").expect("a time").timestamp();
    // From 0 to 10 and from 14 on it is full; from 10 to 12 it is the guest's own, and until 14 it is free.
    let own = guest.post("/reservations/", &wanted(at(10), 2)).await.expect(201);
    for (start, minutes) in [(at(0), 480), (at(8), 120), (at(14), 480), (at(22), 120)] {
        other.post("/reservations/", &with(wanted(start, 2), json!({"duration_minutes": minutes}))).await.expect(201);
    }
    let refused = guest.patch(&format!("/reservations/{}", own.id()), &json!({"reservation_time": at(13), "duration_minutes": 180})).await;
    let refused = refused.problem(409, "no_table_free");
    let half_past = |hour| at(hour) + SignedDuration::from_mins(30);
    assert_eq!(refused.body["alternatives"], json!([at(11), half_past(10), at(10)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_named_stays_until_it_no_longer_does() {
    let (platform, ids) = house(&[2, 2, 6]).await;
    let (guest, other, admin) = (platform.user("reservation", 5), platform.user("reservation", 6), platform.admin("reservation"));
    let (start, later) = (in_hours(24), in_hours(30));
    let made = guest.post("/reservations/", &with(wanted(start, 2), at(ids[1]))).await.expect(201);
    let path = format!("/reservations/{}", made.id());
    assert_eq!(made.body["table_named"], true);
    other.post("/reservations/", &with(wanted(later, 2), at(ids[1]))).await.expect(201);
    guest.patch(&path, &json!({"reservation_time": later})).await.problem(409, "table_taken");
    // null has the house choose.
    let chosen = guest.patch(&path, &json!({"reservation_time": later, "table_id": null})).await.expect(200);
    assert_eq!((&chosen.body["table_id"], &chosen.body["table_named"]), (&json!(ids[0]), &json!(false)));
    let same = guest.patch(&path, &json!({"table_id": null})).await.expect(200);
    assert_eq!(same.header("etag"), chosen.header("etag"), "the house's choice stays");
    // To name the table that one has is to name it.
    let named = guest.patch(&path, &at(ids[0])).await.expect(200);
    assert_eq!((&named.body["table_id"], &named.body["table_named"]), (&json!(ids[0]), &json!(true)));
    // Too small: the house chooses, and it counts as chosen.
    let grown = guest.patch(&path, &json!({"guests_count": 3})).await.expect(200);
    assert_eq!((&grown.body["table_id"], &grown.body["table_named"]), (&json!(ids[2]), &json!(false)));
    // Named once more, null gives back what is larger than need be.
    guest.patch(&path, &at(ids[2])).await.expect(200);
    let smaller = guest.patch(&path, &json!({"guests_count": 1})).await.expect(200);
    assert_eq!((&smaller.body["table_id"], &smaller.body["table_named"]), (&json!(ids[2]), &json!(true)));
    assert_eq!(guest.patch(&path, &json!({"table_id": null})).await.expect(200).body["table_id"], ids[0]);
    guest.patch(&path, &at(99_999)).await.invalid(&["#/table_id"]);
    admin
        .put(&format!("/reservations/tables/{}", ids[1]), &json!({"table_number": 2, "capacity": 2, "is_active": false}))
        .await
        .problem(409, "table_has_bookings");
}

/// The host moves an old booking whose table is out of use since.
#[tokio::test(flavor = "multi_thread")]
async fn row30_a_table_that_is_out_of_use_is_replaced() {
    let (platform, ids) = house(&[2, 2]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    for (named, body) in [(false, wanted(in_hours(24), 2)), (true, with(wanted(in_hours(48), 2), at(ids[0])))] {
        admin.put(&format!("/reservations/tables/{}", ids[0]), &json!({"table_number": 1, "capacity": 2})).await.expect(200);
        let made = guest.post("/reservations/", &body).await.expect(201);
        assert_eq!((&made.body["table_id"], &made.body["table_named"]), (&json!(ids[0]), &json!(named)));
        move_in_time(&platform, made.id(), -72).await;
        admin.delete(&format!("/reservations/tables/{}", ids[0])).await.expect(204);
        let path = format!("/reservations/{}", made.id());
        admin.patch(&path, &json!({"special_requests": "Quiet"})).await.expect(200);
        let moved = admin.patch(&path, &json!({"reservation_time": in_hours(24)})).await.expect(200);
        assert_eq!((&moved.body["table_id"], &moved.body["table_named"]), (&json!(ids[1]), &json!(false)));
        admin.act(&format!("{path}/cancel")).await.expect(200);
    }
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    admin.patch(&path, &at(ids[0])).await.problem(409, "table_inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_value_that_does_not_change_is_not_judged_anew() {
    let (platform, _) = house(&[4]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let made = guest.post("/reservations/", &wanted(in_hours(2), 2)).await.expect(201);
    let path = format!("/reservations/{}", made.id());
    move_in_time(&platform, made.id(), -3).await;
    admin.act(&format!("{path}/seat")).await.expect(200);
    let mut whole = admin.get(&path).await.expect(200).body;
    let form = |whole: &Value| {
        let members = ["guests_count", "reservation_time", "duration_minutes", "contact_phone", "contact_email", "special_requests"];
        Value::Object(members.iter().map(|name| ((*name).to_owned(), whole[name].clone())).collect())
    };
    whole["special_requests"] = json!("A birthday");
    let changed = admin.patch(&path, &form(&whole)).await.expect(200);
    assert_eq!(changed.body["special_requests"], "A birthday");
    admin.patch(&path, &with(form(&whole), json!({"guests_count": 3}))).await.expect(200);
    let another = in_hours(-1) + SignedDuration::from_mins(1);
    admin.patch(&path, &json!({"reservation_time": another})).await.invalid(&["#/reservation_time"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_limit_that_was_lowered_since_does_not_count() {
    let (mut platform, _) = house(&[4]).await;
    let far = in_hours(24 * 100);
    let path = format!("/reservations/{}", book(&platform.user("reservation", 5), far).await);
    let lowered = Restaurant { max_ahead: SignedDuration::from_hours(24 * 30), limits: Limits::NONE, ..Restaurant::default() };
    let settings = settings(platform.database("reservation"), platform.kafka.clone());
    let base = platform.add("reservation", settings, &lowered).await;
    ready(&base).await;
    let guest = platform.user("reservation", 5);
    let lowered = guest.at(&base).with_token(restaurant_booking_tests::token::token(5, chassis::http::identity::Role::User));
    let form = json!({"reservation_time": far, "guests_count": 2, "contact_phone": "+49 30 123456"});
    assert_eq!(lowered.patch(&path, &form).await.expect(200).body["contact_phone"], "+49 30 123456");
    lowered.patch(&path, &json!({"reservation_time": in_hours(24 * 99)})).await.invalid(&["#/reservation_time"]);
}

/// The state comes before the time, which only a booking that can be changed is judged by.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_judged_in_order() {
    let (platform, _) = house(&[4]).await;
    let guest = platform.user("reservation", 5);
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    guest.patch(&path, &json!({"reservation_time": in_hours(-1), "table_id": 99_999})).await.invalid(&["#/reservation_time"]);
    guest.act(&format!("{path}/cancel")).await.expect(200);
    guest.patch(&path, &json!({"reservation_time": in_hours(-1)})).await.problem(409, "invalid_transition");
    guest.patch("/reservations/99999", &json!({"reservation_time": in_hours(-1)})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn row28_a_guests_change_to_a_confirmed_booking_makes_it_pending() {
    let (platform, ids) = house(&[4, 4]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    for (change, status) in [
        (json!({"special_requests": "Quiet", "contact_phone": "+49 30 123456"}), "confirmed"),
        (json!({"guests_count": 2, "duration_minutes": 120}), "confirmed"),
        (json!({"table_id": ids[1]}), "confirmed"),
        (json!({"guests_count": 3}), "pending"),
        (json!({"guests_count": 2}), "pending"),
        (json!({"duration_minutes": 90}), "pending"),
        (json!({"reservation_time": in_hours(26)}), "pending"),
    ] {
        let confirmed = admin.act(&format!("{path}/confirm")).await;
        assert!(matches!(confirmed.status.as_u16(), 200 | 409), "{}", confirmed.text);
        assert_eq!(guest.patch(&path, &change).await.expect(200).body["status"], status, "{change}");
    }
    admin.act(&format!("{path}/confirm")).await.expect(200);
    assert_eq!(admin.patch(&path, &json!({"guests_count": 4})).await.expect(200).body["status"], "confirmed");

    let automatic = Restaurant { auto_confirm: true, limits: Limits::NONE, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant: automatic, ..Setup::only("reservation") }).await;
    furnish(&platform, &[4]).await;
    let guest = platform.user("reservation", 5);
    let path = format!("/reservations/{}", book(&guest, in_hours(24)).await);
    assert_eq!(guest.patch(&path, &json!({"guests_count": 3})).await.expect(200).body["status"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_never_has_an_earlier_time() {
    let (platform, _) = house(&[4]).await;
    let (guest, pool) = (platform.user("reservation", 5), platform.pool("reservation"));
    let id = book(&guest, in_hours(24)).await;
    let path = format!("/reservations/{id}");
    let mut requests = tokio::task::JoinSet::new();
    for n in 0..30 {
        let (guest, path) = (guest.clone(), path.clone());
        requests.spawn(async move { guest.patch(&path, &json!({"special_requests": format!("{n}")})).await.expect(200) });
    }
    let mut seen = Vec::new();
    while let Some(reply) = requests.join_next().await {
        let reply = reply.expect("an answer");
        let version: i32 = reply.header("etag").trim_matches('"').parse().expect("a version");
        let time: jiff::Timestamp = reply.body["updated_at"].as_str().expect("a time").parse().expect("a time");
        seen.push((version, time));
    }
    seen.sort_unstable();
    assert!(seen.windows(2).all(|two| two[0].1 <= two[1].1), "{seen:?}");
    // Not even where the clock went back.
    sqlx::query("UPDATE reservation SET updated_at = now() + interval '1 day' WHERE id = $1").bind(id).execute(&pool).await.expect("aged");
    let ahead = guest.get(&path).await.expect(200);
    let changed = guest.patch(&path, &json!({"special_requests": "late"})).await.expect(200);
    assert_eq!(changed.body["updated_at"], ahead.body["updated_at"]);
    let cancelled = guest.act(&format!("{path}/cancel")).await.expect(200);
    assert_eq!(cancelled.body["updated_at"], ahead.body["updated_at"]);
}
