//! The reservation service, from outside.

mod alternatives;
mod areas;
mod availability;
mod blocks;
mod change;
mod contention;
mod declared;
mod events;
mod groups;
mod guests;
mod history;
mod houses;
mod idempotency;
mod life;
mod limits;
mod list;
mod moved;
mod plans;
mod property;
mod races;
mod reopen;
mod rules;
mod schedule;
mod seated;
mod sitting;
mod staff;
mod tables;
mod together;
mod walk_ins;

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::{Api, Platform, Setup};
use serde_json::{Value, json};

/// A house with these tables, by capacity; their ids in the same order.
async fn house(capacities: &[i32]) -> (Platform, Vec<i64>) {
    let platform = Platform::start(Setup::only("reservation")).await;
    let ids = furnish(&platform, capacities).await;
    (platform, ids)
}

/// Adds tables, by capacity; their ids in the same order.
async fn furnish(platform: &Platform, capacities: &[i32]) -> Vec<i64> {
    let admin = platform.admin("reservation");
    let mut ids = Vec::new();
    for (number, capacity) in (1..).zip(capacities) {
        let table = admin.post("/reservations/tables", &json!({"table_number": number, "capacity": capacity})).await.expect(201);
        ids.push(table.id());
    }
    ids
}

/// A time so many hours from the start of the tests, on the full second: the same whenever it is asked for.
fn in_hours(hours: i64) -> Timestamp {
    static START: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::from_second(Timestamp::now().as_second()).expect("now"));
    *START + SignedDuration::from_hours(hours)
}

/// The same on the half hour before: a time that availability lists.
fn listed(hours: i64) -> Timestamp {
    let second = in_hours(hours).as_second();
    Timestamp::from_second(second - second % 1800).expect("a time")
}

/// A request to book, with a contact.
fn wanted(start: Timestamp, guests: i32) -> Value {
    json!({"guests_count": guests, "reservation_time": start, "contact_email": "guest@example.com", "contact_phone": "+44 20 7946 0958"})
}

/// The same request with other members.
fn with(mut body: Value, members: Value) -> Value {
    let (Value::Object(body_members), Value::Object(members)) = (&mut body, members) else { panic!("objects") };
    body_members.extend(members);
    body
}

/// Books, for a party of two; the id.
async fn book(api: &Api, start: Timestamp) -> i64 {
    api.post("/reservations/", &wanted(start, 2)).await.expect(201).id()
}

/// Makes a booking begin at another time, without the service: for what is only possible after its start.
async fn move_in_time(platform: &Platform, id: i64, hours: i32) {
    let pool = platform.pool("reservation");
    let mut transaction = pool.begin().await.expect("a transaction");
    for statement in [
        "UPDATE reservation SET reservation_time = reservation_time + make_interval(hours => $2) WHERE id = $1",
        "UPDATE reservation_table SET start_at = start_at + make_interval(hours => $2), end_at = end_at + make_interval(hours => $2) WHERE reservation_id = $1",
    ] {
        sqlx::query(statement).bind(id).bind(hours).execute(&mut *transaction).await.expect("moved");
    }
    transaction.commit().await.expect("moved");
}

/// How many pairs of bookings hold the same table at the same time, reckoned from the bookings themselves.
async fn overlaps(platform: &Platform) -> i64 {
    let pairs = "SELECT count(*) FROM reservation a JOIN reservation b ON a.table_ids && b.table_ids AND a.id < b.id
        AND a.status IN ('pending', 'confirmed', 'seated') AND b.status IN ('pending', 'confirmed', 'seated')
        AND a.reservation_time < b.reservation_time + make_interval(mins => b.duration_minutes)
        AND b.reservation_time < a.reservation_time + make_interval(mins => a.duration_minutes)";
    sqlx::query_scalar(pairs).fetch_one(&platform.pool("reservation")).await.expect("a count")
}
