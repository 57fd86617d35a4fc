//! Who sits, sits.

use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::{Api, Platform};
use serde_json::{Value, json};

use crate::{house, in_hours, move_in_time, overlaps, wanted, with};

fn soon(minutes: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("a time") + SignedDuration::from_mins(minutes)
}

async fn book_at(guest: &Api, table: i64, start: Timestamp, minutes: i64) -> i64 {
    let body = with(wanted(start, 2), json!({"table_id": table, "duration_minutes": minutes}));
    guest.post("/reservations/", &body).await.expect(201).id()
}

async fn act(admin: &Api, id: i64, action: &str) -> Value {
    admin.act(&format!("/reservations/{id}/{action}")).await.expect(200).body
}

async fn free(platform: &Platform, start: Timestamp, minutes: i64) -> usize {
    let path = format!("/reservations/tables/available?guests_count=2&reservation_time={start}&duration_minutes={minutes}");
    platform.anyone("reservation").get(&path).await.expect(200).body.as_array().expect("an array").len()
}

/// A party that is seated three hours early holds its table from then on, until it has gone.
#[tokio::test(flavor = "multi_thread")]
async fn f04_a_table_whose_party_sits_already_is_not_sold() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let early = book_at(&guest, ids[0], soon(180), 120).await;
    assert_eq!(free(&platform, soon(1), 60).await, 1);
    act(&admin, early, "seat").await;
    assert_eq!(free(&platform, soon(1), 60).await, 0);
    let body = with(wanted(soon(1), 2), json!({"duration_minutes": 60}));
    guest.post("/reservations/", &body).await.problem(409, "no_table_free");
    guest.post("/reservations/", &with(body, json!({"table_id": ids[0]}))).await.problem(409, "table_taken");
    act(&admin, early, "complete").await;
    assert_eq!(free(&platform, soon(1), 60).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_seating_early_is_refused_where_another_booking_holds_the_table() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let first = book_at(&guest, ids[0], soon(30), 60).await;
    let second = book_at(&guest, ids[0], soon(90), 60).await;
    let before = admin.get(&format!("/reservations/{second}")).await.expect(200);
    admin.act(&format!("/reservations/{second}/seat")).await.problem(409, "table_taken");
    assert_eq!(admin.get(&format!("/reservations/{second}")).await.expect(200).body, before.body);
    act(&admin, first, "cancel").await;
    act(&admin, second, "seat").await;
    assert_eq!(overlaps(&platform).await, 0);
}

/// Of two bookings one after the other only one party sits; who it is, is told, and comes before a table that is taken.
#[tokio::test(flavor = "multi_thread")]
async fn f04_two_parties_do_not_sit_at_one_table() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let first = book_at(&guest, ids[0], soon(30), 60).await;
    let second = book_at(&guest, ids[0], soon(90), 60).await;
    let third = book_at(&guest, ids[0], soon(150), 60).await;
    let seated = act(&admin, first, "seat").await;
    for id in [second, third] {
        let refused = admin.act(&format!("/reservations/{id}/seat")).await.problem(409, "table_occupied");
        let told = json!([{"id": first, "reservation_code": seated["reservation_code"], "reservation_time": seated["reservation_time"]}]);
        assert_eq!(refused.body["reservations"], told);
    }
    act(&admin, first, "complete").await;
    act(&admin, second, "seat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_of_parties_that_are_seated_at_once_one_sits() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    for round in 0..3 {
        let mut bookings = Vec::new();
        for n in 0..6 {
            bookings.push(book_at(&guest, ids[0], soon(5 + 20 * n + round), 20).await);
        }
        let mut requests = tokio::task::JoinSet::new();
        for id in bookings.clone() {
            let admin = admin.clone();
            requests.spawn(async move { (id, admin.act(&format!("/reservations/{id}/seat")).await) });
        }
        let mut sitting = Vec::new();
        while let Some(answered) = requests.join_next().await {
            let (id, reply) = answered.expect("an answer");
            match reply.status.as_u16() {
                200 => sitting.push(id),
                _ => assert!(matches!(reply.body["code"].as_str(), Some("table_occupied" | "table_taken")), "{}", reply.text),
            }
        }
        assert!(sitting.len() <= 1, "{sitting:?}");
        for id in bookings {
            let done = if sitting.contains(&id) { "complete" } else { "cancel" };
            act(&admin, id, done).await;
        }
    }
}

/// A party that stays over its time is there for 15 minutes more, from whenever one asks; whoever has booked already is not concerned.
#[tokio::test(flavor = "multi_thread")]
async fn f04_a_party_over_its_time_is_there() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let over = book_at(&guest, ids[0], in_hours(2), 60).await;
    let booked = book_at(&guest, ids[0], soon(200), 60).await;
    act(&admin, over, "seat").await;
    move_in_time(&platform, over, -4).await;
    assert_eq!((free(&platform, soon(10), 30).await, free(&platform, soon(17), 30).await), (0, 1));
    let body = |start, more: Value| with(with(wanted(start, 2), json!({"duration_minutes": 30})), more);
    guest.post("/reservations/", &body(soon(10), json!({}))).await.problem(409, "no_table_free");
    guest.post("/reservations/", &body(soon(10), json!({"table_id": ids[0]}))).await.problem(409, "table_taken");
    guest.patch(&format!("/reservations/{booked}"), &json!({"reservation_time": soon(10)})).await.problem(409, "table_taken");
    guest.post("/reservations/", &body(soon(17), json!({}))).await.expect(201);
    // The one that has booked keeps its booking, and sits once the others have gone.
    admin.act(&format!("/reservations/{booked}/seat")).await.problem(409, "table_occupied");
    act(&admin, over, "complete").await;
    assert_eq!(free(&platform, soon(1), 15).await, 1);
}

/// A hold that is longer than 8 hours is kept in pieces, of which the last says that the party sits.
#[tokio::test(flavor = "multi_thread")]
async fn f04_a_long_hold_is_kept_in_pieces() {
    let (platform, ids) = house(&[4]).await;
    let (admin, guest, pool) = (platform.admin("reservation"), platform.user("reservation", 5), platform.pool("reservation"));
    let long = book_at(&guest, ids[0], soon(220), 480).await;
    act(&admin, long, "seat").await;
    let pieces: Vec<(bool, bool, bool)> = sqlx::query_as(
        "SELECT seated, end_at <= start_at + interval '8 hours', start_at = lag(end_at, 1, start_at) OVER (ORDER BY start_at)
         FROM reservation_table ORDER BY start_at",
    )
    .fetch_all(&pool)
    .await
    .expect("rows");
    assert_eq!(pieces, [(false, true, true), (true, true, true)]);
    for minutes in [1, 300, 600, 690] {
        assert_eq!(free(&platform, soon(minutes), 15).await, 0, "{minutes}");
    }
    assert_eq!(free(&platform, soon(701), 15).await, 1);
    act(&admin, long, "complete").await;
    assert_eq!(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM reservation_table").fetch_one(&pool).await.expect("a count"), 0);
}

/// The host moves a party that sits to another table, and has it stay longer; not to another date.
#[tokio::test(flavor = "multi_thread")]
async fn row29_a_party_that_sits_is_not_moved_to_another_date() {
    let (platform, ids) = house(&[4, 4, 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let sits = book_at(&guest, ids[0], soon(20), 60).await;
    let path = format!("/reservations/{sits}");
    act(&admin, sits, "seat").await;
    let refused = admin.patch(&path, &json!({"reservation_time": in_hours(24 * 30)})).await.problem(409, "invalid_transition");
    assert_eq!((&refused.body["reservation_status"], &refused.body["allowed"]), (&json!("seated"), &json!(["complete", "reopen"])));
    guest.patch(&path, &json!({"guests_count": 3})).await.problem(409, "invalid_transition");
    // It stays longer, where nobody else has booked.
    assert_eq!(admin.patch(&path, &json!({"duration_minutes": 90})).await.expect(200).body["status"], "seated");
    book_at(&guest, ids[0], soon(120), 60).await;
    admin.patch(&path, &json!({"duration_minutes": 120})).await.problem(409, "table_taken");
    // It moves: not to where others sit, and what it leaves is free.
    let others = book_at(&guest, ids[1], soon(20), 60).await;
    act(&admin, others, "seat").await;
    let refused = admin.patch(&path, &json!({"table_id": ids[1]})).await.problem(409, "table_occupied");
    assert_eq!(refused.body["reservations"][0]["id"], others);
    let moved = admin.patch(&path, &json!({"table_id": ids[2]})).await.expect(200);
    assert_eq!((&moved.body["table_id"], &moved.body["status"]), (&json!(ids[2]), &json!("seated")));
    assert_eq!(free(&platform, soon(1), 15).await, 1);
    let another = book_at(&guest, ids[2], soon(200), 60).await;
    admin.act(&format!("/reservations/{another}/seat")).await.problem(409, "table_occupied");
    // null: the house finds one for it, and keeps it where it sits.
    assert_eq!(admin.patch(&path, &json!({"table_id": null})).await.expect(200).body["table_id"], ids[2]);
    assert_eq!(overlaps(&platform).await, 0);
}
