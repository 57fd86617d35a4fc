//! Hours, exceptions and the pause.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::{Value, json};

use crate::{furnish, house, in_hours, wanted};

const EVERY_DAY: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A restaurant in Berlin with tables by capacity.
async fn berlin(capacities: &[i32]) -> Platform {
    let time_zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let restaurant = Restaurant { time_zone, limits: Limits::NONE, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    furnish(&platform, capacities).await;
    platform
}

/// The local date of Berlin in so many days.
fn date(days: i64) -> Date {
    Timestamp::now().in_tz("Europe/Berlin").expect("a zone").date().saturating_add(days.days())
}

/// A local time of Berlin.
fn at(date: Date, hour: i8, minute: i8) -> Timestamp {
    date.at(hour, minute, 0, 0).in_tz("Europe/Berlin").expect("a zone").timestamp()
}

fn dinner() -> Value {
    json!({"name": "Dinner", "days": EVERY_DAY, "opens": "18:00", "last_seating": "21:30", "closes": "23:30"})
}

async fn slots(platform: &Platform, date: Date) -> Vec<Value> {
    let path = format!("/reservations/availability?date={date}&guests_count=2");
    platform.anyone("reservation").get(&path).await.expect(200).body.as_array().expect("slots").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hours_the_times_of_the_services_are_listed_and_no_others_are_taken() {
    let platform = berlin(&[4]).await;
    let admin = platform.admin("reservation");
    assert_eq!(slots(&platform, date(2)).await.len(), 48);
    let services = json!({"services": [dinner()]});
    let set = admin.put("/reservations/schedule", &services).await.expect(200);
    let whole = json!({"services": [{"name": "Dinner", "days": EVERY_DAY, "opens": "18:00", "last_seating": "21:30", "closes": "23:30", "online": true}]});
    assert_eq!(set.body["services"], whole["services"]);
    assert_eq!(set.body["stranded"], json!({"count": 0, "reservations": []}));
    let read = platform.anyone("reservation").get("/reservations/schedule").await.expect(200);
    assert_eq!((&read.body, read.header("etag")), (&whole, set.header("etag")));
    let listed = slots(&platform, date(2)).await;
    let times: Vec<_> = listed.iter().map(|slot| slot["time"].as_str().expect("a time").parse::<Timestamp>().expect("a time")).collect();
    let expected: Vec<_> = (0..8).map(|half| at(date(2), 18, 0) + jiff::SignedDuration::from_mins(30 * half)).collect();
    assert_eq!(times, expected);
    assert!(listed.iter().all(|slot| slot["state"] == "available" && slot["service"] == "Dinner"));
    // Two hours, but until closing at the latest.
    assert_eq!(listed[0]["ends_at"], json!(at(date(2), 20, 0)));
    assert_eq!(listed[7]["ends_at"], json!(at(date(2), 23, 30)));
    let guest = platform.user("reservation", 7);
    for start in [at(date(2), 17, 59), at(date(2), 21, 31), at(date(2), 12, 0)] {
        let refused = guest.post("/reservations/", &wanted(start, 2)).await.problem(409, "not_bookable");
        assert_eq!((refused.body["reason"].as_str(), refused.body["alternatives"].as_array().map(Vec::len)), (Some("closed"), Some(3)));
    }
    let late = guest.post("/reservations/", &wanted(at(date(2), 21, 30), 2)).await.expect(201);
    assert_eq!(late.body["duration_minutes"], 120);
    let later = guest.post("/reservations/", &wanted(at(date(3), 21, 31), 2)).await;
    later.problem(409, "not_bookable");
    // None again: around the clock.
    admin.put("/reservations/schedule", &json!({"services": []})).await.expect(200);
    assert_eq!(slots(&platform, date(3)).await.len(), at(date(4), 0, 0).duration_since(at(date(3), 0, 0)).as_mins() as usize / 30);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_ends_when_the_restaurant_closes() {
    let platform = berlin(&[4]).await;
    let late = json!({"name": "Dinner", "days": EVERY_DAY, "opens": "18:00", "last_seating": "23:15", "closes": "23:30"});
    platform.admin("reservation").put("/reservations/schedule", &json!({"services": [late]})).await.expect(200);
    let guest = platform.user("reservation", 7);
    let booked = guest.post("/reservations/", &wanted(at(date(2), 22, 0), 2)).await.expect(201);
    assert_eq!(booked.body["duration_minutes"], 90);
    // Moved, it stays as long as parties stay.
    let path = format!("/reservations/{}", booked.id());
    let moved = guest.patch(&path, &json!({"reservation_time": at(date(2), 19, 0)})).await.expect(200);
    assert_eq!(moved.body["duration_minutes"], 120);
    // Half an hour is what anybody gets.
    let moved = guest.patch(&path, &json!({"reservation_time": at(date(2), 23, 15)})).await.expect(200);
    assert_eq!(moved.body["duration_minutes"], 30);
    guest.patch(&path, &json!({"reservation_time": at(date(2), 23, 16)})).await.problem(409, "not_bookable");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_past_midnight_is_one_date() {
    let platform = berlin(&[4]).await;
    let night = json!({"name": "Night", "days": EVERY_DAY, "opens": "20:00", "last_seating": "01:00", "closes": "03:00"});
    platform.admin("reservation").put("/reservations/schedule", &json!({"services": [night]})).await.expect(200);
    let listed = slots(&platform, date(5)).await;
    assert_eq!((listed.len(), &listed[10]["time"]), (11, &json!(at(date(6), 1, 0))));
    let guest = platform.user("reservation", 7);
    let id = guest.post("/reservations/", &wanted(at(date(6), 0, 30), 2)).await.expect(201).id();
    let of = async |date: Date| {
        let list = platform.admin("reservation").get(&format!("/reservations/?date={date}")).await.expect(200).body;
        list.as_array().expect("a list").iter().map(|booking| booking["id"].as_i64().expect("an id")).collect::<Vec<_>>()
    };
    assert_eq!((of(date(5)).await, of(date(6)).await), (vec![id], vec![]));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_cannot_be_are_refused_by_name() {
    let (platform, _) = house(&[]).await;
    let admin = platform.admin("reservation");
    let service = |members: Value| {
        let mut service = dinner();
        for (name, value) in members.as_object().expect("members") {
            service[name] = value.clone();
        }
        service
    };
    let lunch = json!({"name": "Lunch", "days": ["monday"], "opens": "12:00", "last_seating": "14:00", "closes": "18:01"});
    let late = json!({"name": "Late", "days": ["sunday"], "opens": "23:30", "last_seating": "23:30", "closes": "13:00"});
    for (services, places) in [
        (vec![service(json!({"opens": "24:00", "closes": "9:00"}))], vec!["#/services/0/opens", "#/services/0/closes"]),
        (vec![service(json!({"days": []}))], vec!["#/services/0/days"]),
        (vec![service(json!({"days": ["monday", "monday"]}))], vec!["#/services/0/days"]),
        (vec![service(json!({"days": ["monday", "Tuesday", 3]}))], vec!["#/services/0/days/1", "#/services/0/days/2"]),
        (vec![service(json!({"last_seating": "23:30"}))], vec!["#/services/0/last_seating"]),
        (vec![service(json!({"name": " ", "slot_minutes": 10}))], vec!["#/services/0/name", "#/services/0/slot_minutes"]),
        (vec![service(json!({"min_party": 4, "max_party": 2}))], vec!["#/services/0/max_party"]),
        (vec![service(json!({"colour": "red"}))], vec!["#/services/0/colour"]),
        (vec![json!(7), dinner()], vec!["#/services/0"]),
        (vec![dinner(), lunch.clone()], vec!["#/services/1/closes"]),
        // Sunday night lasts into Monday.
        (vec![lunch.clone(), late], vec!["#/services/1/closes"]),
        (vec![dinner(); 51], vec!["#/services"]),
    ] {
        admin.put("/reservations/schedule", &json!({"services": services})).await.invalid(&places);
    }
    let overlap = admin.put("/reservations/schedule", &json!({"services": [dinner(), lunch]})).await.expect(422);
    assert_eq!(overlap.body["errors"][0]["code"], "overlaps");
    assert!(overlap.body["errors"][0]["detail"].as_str().expect("a detail").contains("\"Dinner\""), "{}", overlap.text);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_may_have_rules_of_its_own() {
    let platform = berlin(&[4]).await;
    let mut bar = dinner();
    for (name, value) in [("slot_minutes", json!(60)), ("max_party", json!(2)), ("online", json!(false))] {
        bar[name] = value;
    }
    let admin = platform.admin("reservation");
    admin.put("/reservations/schedule", &json!({"services": [bar]})).await.expect(200);
    let listed = slots(&platform, date(2)).await;
    assert_eq!(listed.len(), 4);
    assert!(listed.iter().all(|slot| slot["state"] == "unavailable" && slot["reason"] == "walk_in_only"));
    let guest = platform.user("reservation", 7).post("/reservations/", &wanted(at(date(2), 18, 0), 2)).await;
    assert_eq!(guest.problem(409, "not_bookable").body["reason"], "walk_in_only");
    // The staff book all the same, and see it so.
    let for_staff = admin.get(&format!("/reservations/availability?date={}&guests_count=2", date(2))).await.expect(200);
    assert_eq!(for_staff.body[0]["state"], "available");
    let large = admin.post("/reservations/", &wanted(at(date(2), 18, 0), 3)).await.problem(409, "not_bookable");
    assert_eq!(large.body["reason"], "party_too_large");
    admin.post("/reservations/", &wanted(at(date(2), 18, 0), 2)).await.expect(201);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_stands_in_for_the_week() {
    let platform = berlin(&[4]).await;
    let (admin, anyone) = (platform.admin("reservation"), platform.anyone("reservation"));
    admin.put("/reservations/schedule", &json!({"services": [dinner()]})).await.expect(200);
    let closed = json!({"from": date(10), "until": date(12), "closed": true, "note": "Christmas"});
    let made = admin.post("/reservations/exceptions", &closed).await.expect(201);
    let path = format!("/reservations/exceptions/{}", made.id());
    assert_eq!(made.header("location"), path);
    let expected = json!({"id": made.id(), "from": date(10), "until": date(12), "closed": true, "services": []});
    assert_eq!(anyone.get(&path).await.expect(200).body, expected);
    assert_eq!(admin.get(&path).await.expect(200).body["note"], "Christmas");
    for (day, open) in [(9, true), (10, false), (12, false), (13, true)] {
        assert_eq!(!slots(&platform, date(day)).await.is_empty(), open, "{day}");
    }
    let brunch = json!({"name": "Brunch", "opens": "10:00", "last_seating": "11:00", "closes": "14:00"});
    let other = json!({"from": date(12), "until": date(14), "services": [brunch]});
    assert_eq!(admin.post("/reservations/exceptions", &other).await.problem(409, "exception_exists").body["id"], made.id());
    let other = json!({"from": date(14), "until": date(14), "services": [brunch]});
    admin.post("/reservations/exceptions", &other).await.expect(201);
    assert_eq!(slots(&platform, date(14)).await.len(), 3);
    let listed = anyone.get(&format!("/reservations/exceptions?from={}&until={}", date(11), date(14))).await.expect(200).body;
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let listed = anyone.get(&format!("/reservations/exceptions?from={}", date(13))).await.expect(200).body;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["closed"]), (Some(1), &json!(false)));
    // Shorter: the last day is open again.
    let shorter = json!({"from": date(10), "until": date(11), "closed": true});
    admin.put(&path, &shorter).await.expect(200);
    assert!(!slots(&platform, date(12)).await.is_empty() && slots(&platform, date(11)).await.is_empty());
    admin.delete(&path).await.expect(200);
    anyone.get(&path).await.problem(404, "not_found");
    assert!(!slots(&platform, date(11)).await.is_empty());
    for (body, places) in [
        (json!({"from": date(3), "until": date(2), "closed": true}), vec!["#/until"]),
        (json!({"from": date(3), "until": date(3 + 366), "closed": true}), vec!["#/until"]),
        (json!({"from": date(3), "until": date(3)}), vec!["#/services"]),
        (json!({"from": date(3), "until": date(3), "closed": true, "services": [brunch]}), vec!["#/services"]),
        (json!({"from": date(3), "until": date(3), "services": [brunch, brunch]}), vec!["#/services/1/closes"]),
        (json!({"from": date(3), "until": date(3), "services": [dinner()]}), vec!["#/services/0/days"]),
    ] {
        admin.post("/reservations/exceptions", &body).await.invalid(&places);
    }
    admin.post("/reservations/exceptions", &json!({"from": date(20), "until": date(20 + 365), "closed": true})).await.expect(201);
    platform.stop().await;
}

/// An exception holds without hours, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_without_hours_closes_for_a_date() {
    let platform = berlin(&[4]).await;
    let admin = platform.admin("reservation");
    admin.post("/reservations/exceptions", &json!({"from": date(3), "until": date(3), "closed": true})).await.expect(201);
    assert!(slots(&platform, date(3)).await.is_empty() && !slots(&platform, date(4)).await.is_empty());
    let guest = platform.user("reservation", 7);
    let refused = guest.post("/reservations/", &wanted(at(date(3), 19, 0), 2)).await.problem(409, "not_bookable");
    assert_eq!(refused.body["reason"], "closed");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_hours_tells_whom_it_strands_and_cancels_nobody() {
    let platform = berlin(&[2; 30]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 7));
    let mut early = Vec::new();
    for _ in 0..22 {
        early.push(guest.post("/reservations/", &wanted(at(date(2), 12, 0), 2)).await.expect(201).id());
    }
    let kept = guest.post("/reservations/", &wanted(at(date(2), 19, 0), 2)).await.expect(201).id();
    let services = json!({"services": [dinner()]});
    let tried = admin.put("/reservations/schedule?dry_run=true", &services).await.expect(200);
    let stranded = &tried.body["stranded"];
    assert_eq!((&stranded["count"], stranded["reservations"].as_array().map(Vec::len)), (&json!(22), Some(20)));
    assert_eq!(stranded["reservations"][0]["id"], early[0]);
    assert_eq!(admin.get("/reservations/schedule").await.expect(200).body, json!({"services": []}), "nothing has changed");
    assert_eq!(slots(&platform, date(3)).await.len(), at(date(4), 0, 0).duration_since(at(date(3), 0, 0)).as_mins() as usize / 30);
    let set = admin.put("/reservations/schedule", &services).await.expect(200);
    assert_eq!(set.body["stranded"], *stranded);
    // The staff list them all, page by page.
    let mut listed: Vec<i64> = Vec::new();
    let mut next = "/reservations/?stranded=true&limit=15".to_owned();
    while !next.is_empty() {
        let page = admin.get(&next).await.expect(200);
        listed.extend(page.body.as_array().expect("a page").iter().map(|booking| booking["id"].as_i64().expect("an id")));
        next = page.header("link").split(['<', '>']).nth(1).unwrap_or("").to_owned();
    }
    assert_eq!(listed, early);
    admin.get(&format!("/reservations/?stranded=true&date={}", date(2))).await.invalid(&["?stranded"]);
    // Who was stranded before is not told again.
    let closed = json!({"from": date(2), "until": date(2), "closed": true});
    let exception = admin.post("/reservations/exceptions", &closed).await.expect(201);
    assert_eq!((&exception.body["stranded"]["count"], &exception.body["stranded"]["reservations"][0]["id"]), (&json!(1), &json!(kept)));
    for id in early.iter().chain([&kept]) {
        assert_eq!(guest.get(&format!("/reservations/{id}")).await.expect(200).body["status"], "pending");
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_refuses_what_begins_before_its_end() {
    let (platform, _) = house(&[4]).await;
    let (admin, anyone, guest) = (platform.admin("reservation"), platform.anyone("reservation"), platform.user("reservation", 7));
    assert_eq!(anyone.get("/reservations/pause").await.expect(200).body, json!({"until": null}));
    let until = in_hours(3);
    admin.put("/reservations/pause", &json!({"until": until})).await.expect(200);
    assert_eq!(anyone.get("/reservations/pause").await.expect(200).body, json!({"until": until}));
    let refused = guest.post("/reservations/", &wanted(in_hours(2), 2)).await.problem(409, "not_bookable");
    assert_eq!(refused.body["reason"], "paused");
    guest.post("/reservations/", &wanted(until, 2)).await.expect(201);
    for (time, code) in [(in_hours(-1), "in_the_past"), (in_hours(25), "too_far_ahead")] {
        let reply = admin.put("/reservations/pause", &json!({"until": time})).await.invalid(&["#/until"]);
        assert_eq!(reply.body["errors"][0]["code"], code);
    }
    admin.delete("/reservations/pause").await.expect(204);
    assert_eq!(anyone.get("/reservations/pause").await.expect(200).body, json!({"until": null}));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_tells_of_each_date_whether_the_party_can_come() {
    let platform = berlin(&[2]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 7));
    let short = json!({"name": "Dinner", "days": EVERY_DAY, "opens": "18:00", "last_seating": "18:30", "closes": "20:00"});
    admin.put("/reservations/schedule", &json!({"services": [short]})).await.expect(200);
    admin.post("/reservations/exceptions", &json!({"from": date(2), "until": date(2), "closed": true})).await.expect(201);
    guest.post("/reservations/", &wanted(at(date(3), 18, 0), 2)).await.expect(201);
    let days = async |guests: i32, from: i64, to: i64| {
        let path = format!("/reservations/availability/days?from={}&to={}&guests_count={guests}", date(from), date(to));
        platform.anyone("reservation").get(&path).await
    };
    let told = days(2, -1, 4).await.expect(200).body;
    let day = |index: usize| (told[index]["state"].as_str().expect("a state"), &told[index]["reason"], &told[index]["first"]);
    let null = Value::Null;
    assert_eq!(day(0), ("full", &json!("past"), &null));
    assert_eq!(day(3), ("closed", &null, &null));
    assert_eq!(day(4), ("full", &json!("no_table_free"), &null));
    assert_eq!(day(5), ("available", &null, &json!(at(date(4), 18, 0))));
    assert_eq!(days(3, 4, 4).await.expect(200).body[0]["reason"], "no_table_fits");
    assert_eq!(days(2, 200, 200).await.expect(200).body[0]["reason"], "too_far_ahead");
    assert_eq!(days(2, 1, 62).await.expect(200).body.as_array().map(Vec::len), Some(62));
    days(2, 1, 63).await.invalid(&["?to"]);
    days(2, 2, 1).await.invalid(&["?to"]);
    platform.stop().await;
}
