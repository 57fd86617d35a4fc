//! What is offered can be booked, and what is not cannot: for random houses and what has happened in them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;

use crate::{furnish, wanted, with};

#[derive(Clone, Debug)]
struct Booked {
    /// Half hours from now.
    slot: i64,
    minutes: i64,
    guests: i32,
    table: Option<usize>,
    seated: bool,
}

#[derive(Clone, Debug)]
struct Case {
    zone: &'static str,
    capacities: Vec<i32>,
    booked: Vec<Booked>,
    guests: i32,
    minutes: i64,
    tomorrow: bool,
    asked: Vec<prop::sample::Index>,
}

fn case() -> impl Strategy<Value = Case> {
    let minutes = || prop::sample::select(vec![15_i64, 45, 90, 120, 480]);
    let booked = (0..60_i64, minutes(), 1..=6_i32, prop::option::of(0..3_usize), any::<bool>())
        .prop_map(|(slot, minutes, guests, table, seated)| Booked { slot, minutes, guests, table, seated });
    (
        prop::sample::select(vec!["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"]),
        prop::collection::vec(1..=6_i32, 1..=3),
        prop::collection::vec(booked, 0..14),
        1..=7_i32,
        minutes(),
        any::<bool>(),
        prop::collection::vec(any::<prop::sample::Index>(), 8),
    )
        .prop_map(|(zone, capacities, booked, guests, minutes, tomorrow, asked)| Case {
            zone,
            capacities,
            booked,
            guests,
            minutes,
            tomorrow,
            asked,
        })
}

async fn judge(case: Case) -> Result<(), TestCaseError> {
    let zone = TimeZone::get(case.zone).expect("a zone");
    let restaurant = Restaurant { time_zone: zone.clone(), limits: Limits::NONE, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    let tables = furnish(&platform, &case.capacities).await;
    let (admin, guest, anyone) = (platform.admin("reservation"), platform.user("reservation", 5), platform.anyone("reservation"));
    let now = Timestamp::now().as_second();
    let next = Timestamp::from_second(now - now % 1800 + 1800).expect("a time");
    for booked in &case.booked {
        let start = next + SignedDuration::from_mins(30 * booked.slot);
        let table = booked.table.and_then(|table| tables.get(table));
        let body = with(wanted(start, booked.guests), json!({"duration_minutes": booked.minutes, "table_id": table}));
        let made = guest.post("/reservations/", &body).await;
        if made.status.as_u16() == 201 && booked.seated {
            admin.act(&format!("/reservations/{}/seat", made.id())).await;
        }
    }
    let mut date = next.to_zoned(zone).date();
    if case.tomorrow {
        date = date.tomorrow().expect("a date");
    }
    let day = format!("/reservations/availability?date={date}&guests_count={}&duration_minutes={}", case.guests, case.minutes);
    let slots = anyone.get(&day).await.expect(200);
    let slots = slots.body.as_array().expect("an array").clone();
    for index in &case.asked {
        let slot = index.get(&slots);
        let start: Timestamp = slot["time"].as_str().expect("a time").parse().expect("a time");
        if start.duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(20) {
            continue;
        }
        let free = format!(
            "/reservations/tables/available?reservation_time={start}&guests_count={}&duration_minutes={}",
            case.guests, case.minutes
        );
        let body = with(wanted(start, case.guests), json!({"duration_minutes": case.minutes}));
        let (free, made) = (anyone.get(&free).await, guest.post("/reservations/", &body).await);
        match slot["reason"].as_str() {
            None => {
                prop_assert_eq!(made.status.as_u16(), 201, "{} {}", slot, made.text);
                prop_assert_eq!(&free.body[0]["id"], &made.body["table_id"], "the first of those that are free");
                guest.act(&format!("/reservations/{}/cancel", made.id())).await.expect(200);
            }
            Some("past") => prop_assert_eq!((made.status.as_u16(), free.status.as_u16()), (422, 422), "{} {}", slot, made.text),
            Some(reason) => {
                prop_assert_eq!(made.body["code"].as_str(), Some(reason), "{} {}", slot, made.text);
                prop_assert_eq!(&free.body, &json!([]));
            }
        }
        // Each table that is free can be named; no other.
        let free: Vec<i64> = free.body.as_array().into_iter().flatten().filter_map(|table| table["id"].as_i64()).collect();
        let table = tables[index.index(tables.len())];
        let named = guest.post("/reservations/", &with(body, json!({"table_id": table}))).await;
        prop_assert_eq!(named.status.as_u16() == 201, free.contains(&table), "{} {}", slot, named.text);
        if named.status.as_u16() == 201 {
            guest.act(&format!("/reservations/{}/cancel", named.id())).await.expect(200);
        }
    }
    platform.stop().await;
    Ok(())
}

#[test]
fn availability_says_available_exactly_when_a_booking_succeeds() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 24, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() });
    let judged = runner.run(&case(), |case| runtime.block_on(judge(case)));
    judged.unwrap_or_else(|failure| panic!("{failure}"));
}
