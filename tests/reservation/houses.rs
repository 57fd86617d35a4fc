//! What is offered can be booked, and what is not is refused for the reason that was told: for random houses, zones, days and histories, those
//! on which the clocks change, New Year and leap days among them.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Api, Platform, Reply, Setup};
use serde_json::{Value, json};

use crate::{wanted, with};

const ZONES: [&str; 5] = ["UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Europe/Berlin"];

#[derive(Clone, Debug)]
struct Booked {
    slot: Index,
    guests: i32,
    minutes: Option<i32>,
}

/// A table: how many it seats, from how many on, whether it stands on the terrace, and whether guests may book it.
#[derive(Clone, Debug)]
struct Table {
    capacity: i32,
    min_party: i32,
    outside: bool,
    online: bool,
}

#[derive(Clone, Debug)]
struct Floor {
    tables: Vec<Table>,
    /// Whether guests may book the terrace.
    terrace: bool,
    /// The tables that are joined, how many more they seat than the largest of them, and from how many on.
    groups: Vec<(Vec<Index>, i32, i32)>,
    /// A table that is blocked: in how many hours from the begin of the day, and for how many.
    block: Option<(Index, i64, i64)>,
}

#[derive(Clone, Debug)]
struct Case {
    zone: &'static str,
    day: Index,
    floor: Floor,
    /// Whether the party wants to sit on the terrace.
    outside: bool,
    rules: Value,
    services: Vec<Value>,
    exception: Option<Vec<Value>>,
    booked: Vec<Booked>,
    guests: i32,
    minutes: Option<i32>,
    staff: bool,
    asked: Vec<Index>,
    off: i64,
}

fn local_time() -> impl Strategy<Value = String> {
    (0..24_i32, select(vec![0, 10, 30, 45])).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"))
}

/// A service, which the service under test may refuse.
fn service() -> impl Strategy<Value = Value> {
    let slot = prop::option::of(select(vec![15, 30, 60]));
    let party = prop::option::of(1..=4_i32);
    (local_time(), 0..420_i32, 1..240_i32, slot, party, prop::bool::weighted(0.8)).prop_map(|(opens, seats, stays, slot, max, online)| {
        let (hour, minute) = opens.split_once(':').expect("a time");
        let start: i32 = hour.parse::<i32>().expect("hours") * 60 + minute.parse::<i32>().expect("minutes");
        let clock = |minutes: i32| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
        json!({
            "name": format!("From {opens}"), "opens": opens, "last_seating": clock(start + seats), "closes": clock(start + seats + stays),
            "slot_minutes": slot, "max_party": max, "online": online,
        })
    })
}

fn rules() -> impl Strategy<Value = Value> {
    let turns = prop::collection::btree_map(1..=8_i32, select(vec![45, 90, 120, 150]), 0..3);
    let pacing = (prop::option::weighted(0.3, 2..=8_i32), prop::option::weighted(0.3, 1..=3_i32));
    (
        (prop::option::of(select(vec![15, 30, 60])), select(vec![0, 0, 10, 120]), turns, prop::option::of(0..=3_i32)),
        (select(vec![1, 1, 2]), select(vec![4, 8, 20]), select(vec![0, 0, 60, 43200]), pacing),
    )
        .prop_map(|((slot, buffer, turns, spare), (min, max, notice, (covers, parties)))| {
            let turns: Vec<_> = turns.into_iter().map(|(up_to, minutes)| json!({"up_to": up_to, "minutes": minutes})).collect();
            json!({
                "slot_minutes": slot, "buffer_minutes": buffer, "turn_times": turns, "max_spare_seats": spare, "min_party": min,
                "max_party": max, "min_notice_minutes": notice, "pacing": {"covers": covers, "parties": parties},
            })
        })
}

fn floor() -> impl Strategy<Value = Floor> {
    let table = (1..=6_i32, 1..=3_i32, prop::bool::weighted(0.3), prop::bool::weighted(0.8))
        .prop_map(|(capacity, min_party, outside, online)| Table { capacity, min_party: min_party.min(capacity), outside, online });
    let group = (prop::collection::vec(any::<Index>(), 2..=3), 1..=6_i32, 1..=5_i32);
    let block = prop::option::weighted(0.4, (any::<Index>(), 0..24_i64, 1..20_i64));
    (prop::collection::vec(table, 1..=4), prop::bool::weighted(0.8), prop::collection::vec(group, 0..3), block)
        .prop_map(|(tables, terrace, groups, block)| Floor { tables, terrace, groups, block })
}

/// Sets the floor up; the id of the terrace. Groups that the service refuses are none.
async fn set_up(admin: &Api, floor: &Floor, midnight: Timestamp) -> i64 {
    let terrace = admin.post("/reservations/areas", &json!({"name": "Terrace", "online": floor.terrace})).await.expect(201).id();
    let mut ids = Vec::new();
    for (number, table) in (1..).zip(&floor.tables) {
        let Table { capacity, min_party, outside, online } = table;
        let area = Some(terrace).filter(|_| *outside);
        let body = json!({"table_number": number, "capacity": capacity, "min_party": min_party, "area_id": area, "online": online});
        ids.push(admin.post("/reservations/tables", &body).await.expect(201).id());
    }
    for (members, more, min_party) in &floor.groups {
        let mut tables: Vec<usize> = members.iter().map(|index| index.index(ids.len())).collect();
        tables.sort_unstable();
        tables.dedup();
        let capacity = tables.iter().map(|table| floor.tables[*table].capacity).max().expect("tables") + more;
        let tables: Vec<i64> = tables.into_iter().map(|table| ids[table]).collect();
        let body = json!({"name": "Joined", "table_ids": tables, "capacity": capacity, "min_party": min_party.min(&capacity)});
        let made = admin.post("/reservations/table-groups", &body).await;
        assert!(matches!(made.status.as_u16(), 201 | 422), "{}", made.text);
    }
    if let Some((table, from, hours)) = &floor.block {
        let at = |hours: i64| midnight + SignedDuration::from_hours(hours);
        let body = json!({"table_ids": [table.get(&ids)], "from": at(*from), "until": at(from + hours)});
        let made = admin.post("/reservations/blocks", &body).await;
        assert!(matches!(made.status.as_u16(), 201 | 422), "{}", made.text);
    }
    terrace
}

fn case() -> impl Strategy<Value = Case> {
    let minutes = || prop::option::of(select(vec![15, 45, 60, 120, 480]));
    let booked = (any::<Index>(), 1..=5_i32, minutes()).prop_map(|(slot, guests, minutes)| Booked { slot, guests, minutes });
    let exception = prop::option::weighted(0.3, prop::collection::vec(service(), 0..2));
    (
        (select(ZONES.to_vec()), any::<Index>(), floor(), prop::bool::weighted(0.2), rules()),
        (prop::collection::vec(service(), 0..3), exception, prop::collection::vec(booked, 0..12)),
        (1..=8_i32, minutes(), prop::bool::weighted(0.2), prop::collection::vec(any::<Index>(), 6), 1..30_i64),
    )
        .prop_map(|((zone, day, floor, outside, rules), (services, exception, booked), (guests, minutes, staff, asked, off))| Case {
            zone,
            day,
            floor,
            outside,
            rules,
            services,
            exception,
            booked,
            guests,
            minutes,
            staff,
            asked,
            off,
        })
}

/// Today and the days after, those on which the clocks change next, the next New Year and the next leap day.
fn days(zone: &TimeZone) -> Vec<Date> {
    let now = Timestamp::now();
    let today = now.to_zoned(zone.clone()).date();
    let mut days = vec![today, today.saturating_add(1.day()), today.saturating_add(40.days())];
    for change in zone.following(now).take(2) {
        let day = change.timestamp().to_zoned(zone.clone()).date();
        days.extend([day.saturating_sub(1.day()), day]);
    }
    days.extend([date(today.year(), 12, 31), date(today.year() + 1, 1, 1)]);
    let leap = (today.year()..).find(|year| Date::new(*year, 2, 29).is_ok_and(|day| day >= today)).expect("a leap year");
    days.push(date(leap, 2, 29));
    // A zone whose clocks never change may say so by a change in the far future.
    days.retain(|day| *day < today.saturating_add(9.years()));
    days
}

fn body(start: Timestamp, guests: i32, minutes: Option<i32>) -> Value {
    with(wanted(start, guests), json!({"duration_minutes": minutes}))
}

async fn slots(api: &Api, date: Date, guests: i32, minutes: Option<i32>, area: Option<i64>) -> Reply {
    let minutes = minutes.map(|minutes| format!("&duration_minutes={minutes}")).unwrap_or_default();
    let area = area.map(|area| format!("&area_id={area}")).unwrap_or_default();
    api.get(&format!("/reservations/availability?date={date}&guests_count={guests}{minutes}{area}")).await
}

fn time(slot: &Value) -> Timestamp {
    slot["time"].as_str().expect("a time").parse().expect("a time")
}

/// The reason for which a booking is refused; `None`: it is made.
fn reason(made: &Reply) -> Option<String> {
    match (made.status.as_u16(), made.body["code"].as_str()) {
        (201, _) => None,
        (409, Some("not_bookable")) => made.body["reason"].as_str().map(str::to_owned),
        (409, code) => code.map(str::to_owned),
        (422, _) => {
            let code = made.body["errors"][0]["code"].as_str().expect("a code");
            Some(if code == "in_the_past" { "past" } else { code }.to_owned())
        }
        _ => Some(made.text.clone()),
    }
}

async fn judge(case: Case) -> Result<(), TestCaseError> {
    let zone = TimeZone::get(case.zone).expect("a zone");
    let max_ahead = SignedDuration::from_hours(24 * 3650);
    let restaurant = Restaurant { time_zone: zone.clone(), max_ahead, limits: Limits::NONE, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let days = days(&zone);
    let day = *case.day.get(&days);
    let midnight = day.to_zoned(zone.clone()).expect("a midnight").timestamp();
    let terrace = set_up(&admin, &case.floor, midnight).await;
    let area = Some(terrace).filter(|_| case.outside);
    let wish = |start: Timestamp| with(body(start, case.guests, case.minutes), json!({"area_id": area}));
    admin.put("/reservations/rules", &case.rules).await.expect(200);
    // Each service on every day but one, so that nights meet; a week in which two overlap is refused, and the house is open around the clock.
    let week = |service: &Value| with(service.clone(), json!({"days": ["monday", "tuesday", "wednesday", "friday", "saturday", "sunday"]}));
    let set = admin.put("/reservations/schedule", &json!({"services": case.services.iter().map(week).collect::<Vec<_>>()})).await;
    prop_assert!([200, 422].contains(&set.status.as_u16()), "{}", set.text);
    if let Some(services) = &case.exception {
        let exception = json!({"from": day, "until": day, "closed": services.is_empty(), "services": services});
        let set = admin.post("/reservations/exceptions", &exception).await;
        prop_assert!([201, 422].contains(&set.status.as_u16()), "{}", set.text);
    }
    for booked in &case.booked {
        let listed = slots(&guest, day, booked.guests, booked.minutes, None).await;
        if let Some(listed) = listed.body.as_array().filter(|listed| !listed.is_empty()) {
            guest.post("/reservations/", &body(time(booked.slot.get(listed)), booked.guests, booked.minutes)).await;
        }
    }
    let asking = if case.staff { &admin } else { &guest };
    let listed = slots(asking, day, case.guests, case.minutes, area).await;
    if listed.status == 422 {
        let made = asking.post("/reservations/", &wish(Timestamp::now() + SignedDuration::from_hours(24))).await;
        prop_assert_eq!(made.status.as_u16(), 422, "{} {}", listed.text, made.text);
        return Ok(());
    }
    let listed = listed.expect(200).body.as_array().expect("an array").clone();
    for index in case.asked.iter().filter(|_| !listed.is_empty()) {
        let slot = index.get(&listed);
        // The moment goes on between the two questions.
        let near = |notice: i64| (time(slot).duration_since(Timestamp::now()).as_secs() - notice * 60).abs() < 20;
        if near(0) || near(case.rules["min_notice_minutes"].as_i64().expect("minutes")) {
            continue;
        }
        let made = asking.post("/reservations/", &wish(time(slot))).await;
        prop_assert_eq!(json!(reason(&made)), slot["reason"].clone(), "{} {}", slot, made.text);
        if made.status == 201 {
            let minutes = made.body["duration_minutes"].as_i64().expect("minutes");
            prop_assert_eq!(json!(time(slot) + SignedDuration::from_mins(minutes)), slot["ends_at"].clone(), "{}", made.text);
            asking.act(&format!("/reservations/{}/cancel", made.id())).await.expect(200);
        }
        // Whatever is offered instead is available.
        for time in made.body["alternatives"].as_array().into_iter().flatten() {
            let start: Timestamp = time.as_str().expect("a time").parse().expect("a time");
            let other = asking.post("/reservations/", &wish(start)).await;
            prop_assert_eq!(other.status.as_u16(), 201, "{} instead of {}: {}", start, slot, other.text);
            asking.act(&format!("/reservations/{}/cancel", other.id())).await.expect(200);
        }
        // Between two steps a booking is made or refused by a reason of its own, and never fails.
        let off = asking.post("/reservations/", &wish(time(slot) + SignedDuration::from_mins(case.off))).await;
        prop_assert!(off.status.as_u16() < 500, "{}", off.text);
        if off.status == 201 {
            asking.act(&format!("/reservations/{}/cancel", off.id())).await.expect(200);
        }
    }
    platform.stop().await;
    Ok(())
}

#[test]
fn a_random_house_keeps_what_it_offers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let cases = std::env::var("HOUSES").map_or(32, |cases| cases.parse().expect("a number"));
    let mut runner =
        TestRunner::new(ProptestConfig { cases, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() });
    let judged = runner.run(&case(), |case| runtime.block_on(judge(case)));
    judged.unwrap_or_else(|failure| panic!("{failure}"));
}
