use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{house, in_hours, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_that_are_free_are_those_that_can_be_booked() {
    let (platform, ids) = house(&[2, 6, 4]).await;
    let (anyone, guest) = (platform.anyone("reservation"), platform.user("reservation", 5));
    let start = in_hours(24);
    let free = |time: jiff::Timestamp, guests: i32, more: &str| {
        let (anyone, path) =
            (anyone.clone(), format!("/reservations/tables/available?reservation_time={time}&guests_count={guests}{more}"));
        async move {
            let reply = anyone.get(&path).await.expect(200);
            reply.body.as_array().expect("an array").iter().map(|table| table["id"].as_i64().expect("an id")).collect::<Vec<_>>()
        }
    };
    assert_eq!(free(start, 3, "").await, [ids[2], ids[1]], "the smallest first");
    guest.post("/reservations/", &wanted(start, 3)).await.expect(201);
    assert_eq!(free(start, 3, "").await, [ids[1]]);
    assert_eq!(free(start + SignedDuration::from_hours(2), 3, "").await, [ids[2], ids[1]]);
    assert_eq!(free(start - SignedDuration::from_hours(1), 3, "&duration_minutes=60").await, [ids[2], ids[1]]);
    assert_eq!(free(start - SignedDuration::from_hours(1), 3, "&duration_minutes=61").await, [ids[1]]);
    assert_eq!(free(start, 7, "").await, [0_i64; 0]);
    // A '+' that a client did not escape arrives as a space; it is understood all the same.
    anyone
        .get("/reservations/tables/available?guests_count=2&reservation_time=2020-01-01T19:00:00+02:00")
        .await
        .invalid(&["?reservation_time"]);
    anyone.get("/reservations/tables/available").await.invalid(&["?reservation_time", "?guests_count"]);
    anyone.get("/reservations/tables/available?reservation_time=soon&guests_count=21&duration_minutes=5").await.invalid(&[
        "?reservation_time",
        "?guests_count",
        "?duration_minutes",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slots_of_a_day_agree_with_what_can_be_booked() {
    let (platform, _) = house(&[2]).await;
    let (anyone, guest) = (platform.anyone("reservation"), platform.user("reservation", 5));
    let date = in_hours(48).to_zoned(jiff::tz::TimeZone::UTC).date();
    let noon = date.at(12, 0, 0, 0).in_tz("UTC").expect("noon").timestamp();
    guest.post("/reservations/", &wanted(noon, 2)).await.expect(201);
    let slots = anyone.get(&format!("/reservations/availability?date={date}&guests_count=2&duration_minutes=60")).await.expect(200);
    let slots = slots.body.as_array().expect("an array").clone();
    assert_eq!(slots.len(), 48);
    for slot in &slots {
        let time: jiff::Timestamp = slot["time"].as_str().expect("a time").parse().expect("a time");
        let taken = time > noon - SignedDuration::from_hours(1) && time < noon + SignedDuration::from_hours(2);
        let expected =
            if taken { json!({"state": "unavailable", "reason": "no_table_free"}) } else { json!({"state": "available", "reason": null}) };
        assert_eq!((&slot["state"], &slot["reason"]), (&expected["state"], &expected["reason"]), "{time}");
    }
    let state = |path: String| {
        let anyone = anyone.clone();
        async move { anyone.get(&path).await.expect(200).body.as_array().expect("an array").last().cloned().unwrap_or(Value::Null) }
    };
    let last = state(format!("/reservations/availability?date={date}&guests_count=3")).await;
    assert_eq!((&last["state"], &last["reason"]), (&json!("unavailable"), &json!("no_table_fits")));
    let last = state("/reservations/availability?date=2020-05-17&guests_count=2".to_owned()).await;
    assert_eq!((&last["state"], &last["reason"]), (&json!("unavailable"), &json!("past")));
    let far = in_hours(24 * 182).to_zoned(jiff::tz::TimeZone::UTC).date();
    anyone.get(&format!("/reservations/availability?date={far}&guests_count=2")).await.invalid(&["?date"]);
    anyone.get("/reservations/availability?date=2030-02-30&guests_count=0").await.invalid(&["?date", "?guests_count"]);
    anyone.get("/reservations/availability").await.invalid(&["?date", "?guests_count"]);
}

/// A time that is in the past or too far ahead is a fault like any other, and is told beside the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_outside_the_calendar_is_told_beside_every_other_fault() {
    let (platform, _) = house(&[2]).await;
    let ada = platform.user("reservation", 5);
    for time in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let body = json!({"guests_count": 0, "reservation_time": time, "colour": 1});
        ada.post("/reservations/", &body).await.invalid(&["#/guests_count", "#/reservation_time", "#/colour"]);
        let query = format!("/reservations/tables/available?guests_count=0&reservation_time={time}&colour=1");
        ada.get(&query).await.invalid(&["?guests_count", "?reservation_time", "?colour"]);
    }
    let query = "/reservations/availability?guests_count=0&date=2999-01-01&colour=1";
    ada.get(query).await.invalid(&["?guests_count", "?date", "?colour"]);
}
