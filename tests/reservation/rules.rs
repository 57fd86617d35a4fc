//! The rules of the house: each is kept by availability and by bookings alike, and each bound is refused by name.

use jiff::SignedDuration;
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::{Value, json};

use crate::{furnish, house, in_hours, listed, move_in_time, wanted, with};

/// Sets the rules.
pub(crate) async fn rules(platform: &Platform, rules: Value) -> Value {
    platform.admin("reservation").put("/reservations/rules", &rules).await.expect(200).body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_has_its_default() {
    let (platform, _) = house(&[]).await;
    let none = json!({
        "slot_minutes": null, "min_notice_minutes": 0, "min_party": 1, "max_party": 20, "confirm_above": null, "max_spare_seats": null,
        "buffer_minutes": 0, "turn_times": [], "pacing": {"covers": null, "parties": null}, "change_until_minutes": 0, "guests_without_account": true,
        "phone_required": true, "policy": null,
    });
    let anyone = platform.anyone("reservation");
    assert_eq!(anyone.get("/reservations/rules").await.expect(200).body, none);
    let set = json!({
        "slot_minutes": 15, "min_notice_minutes": 60, "min_party": 2, "max_party": 8, "confirm_above": 6, "max_spare_seats": 2,
        "buffer_minutes": 10, "turn_times": [{"up_to": 2, "minutes": 90}, {"up_to": 8, "minutes": 120}], "change_until_minutes": 120,
        "pacing": {"covers": 24, "parties": 8}, "guests_without_account": false, "phone_required": false, "policy": "We keep your table for a quarter of an hour.",
    });
    assert_eq!(rules(&platform, set.clone()).await, set);
    assert_eq!(anyone.get("/reservations/rules").await.expect(200).body, set);
    assert_eq!(rules(&platform, json!({})).await, none);
    let restaurant = anyone.get("/reservations/restaurant").await.expect(200).body;
    assert_eq!(restaurant, json!({"time_zone": "UTC", "auto_confirm": false, "max_days_ahead": 180}));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bound_is_refused_by_name() {
    let (platform, _) = house(&[]).await;
    let admin = platform.admin("reservation");
    for (body, places) in [
        (json!({"slot_minutes": 20}), vec!["#/slot_minutes"]),
        (json!({"slot_minutes": "15"}), vec!["#/slot_minutes"]),
        (json!({"min_notice_minutes": -1, "change_until_minutes": 43201}), vec!["#/min_notice_minutes", "#/change_until_minutes"]),
        (json!({"min_party": 0, "max_party": 21}), vec!["#/min_party", "#/max_party"]),
        (json!({"min_party": 5, "max_party": 4}), vec!["#/max_party"]),
        (
            json!({"confirm_above": 0, "max_spare_seats": 20, "buffer_minutes": 121}),
            vec!["#/confirm_above", "#/max_spare_seats", "#/buffer_minutes"],
        ),
        (
            json!({"turn_times": [{"up_to": 2, "minutes": 14}, {"up_to": 21, "minutes": 60}]}),
            vec!["#/turn_times/0/minutes", "#/turn_times/1/up_to"],
        ),
        (json!({"turn_times": [{"up_to": 4, "minutes": 60}, {"up_to": 4, "minutes": 90}]}), vec!["#/turn_times/1/up_to"]),
        (
            json!({"turn_times": [{"minutes": 60, "colour": "red"}, 7]}),
            vec!["#/turn_times/0/up_to", "#/turn_times/0/colour", "#/turn_times/1"],
        ),
        (json!({"turn_times": {"up_to": 2}}), vec!["#/turn_times"]),
        (json!({"pacing": {"covers": 0, "parties": 1001}}), vec!["#/pacing/covers", "#/pacing/parties"]),
        (json!({"pacing": {"guests": 5}}), vec!["#/pacing/guests"]),
        (json!({"pacing": 5}), vec!["#/pacing"]),
        (json!({"phone_required": "yes", "policy": "x".repeat(2001), "deposit": 5}), vec!["#/phone_required", "#/policy", "#/deposit"]),
    ] {
        admin.put("/reservations/rules", &body).await.invalid(&places);
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_its_author_has_seen_is_replaced() {
    let (platform, _) = house(&[]).await;
    let admin = platform.admin("reservation");
    let first = admin.get("/reservations/rules").await.expect(200);
    let second = admin.put("/reservations/rules", &json!({"max_party": 8})).await.expect(200);
    assert_ne!(first.header("etag"), second.header("etag"));
    // A table, an exception and a pause are no edit of the rules.
    admin.post("/reservations/tables", &json!({"table_number": 1, "capacity": 2})).await.expect(201);
    assert_eq!(admin.get("/reservations/rules").await.expect(200).header("etag"), second.header("etag"));
    let put = async |etag: &str| {
        let request = admin.request(reqwest::Method::PUT, "/reservations/rules").header("If-Match", etag);
        restaurant_booking_tests::api::send(request.json(&json!({"max_party": 9}))).await
    };
    put(first.header("etag")).await.problem(412, "precondition_failed");
    put(second.header("etag")).await.expect(200);
    platform.stop().await;
}

/// A time is available exactly where a booking is taken; the reason that each gives.
async fn judged(platform: &Platform, body: Value) -> Option<String> {
    let guest = platform.user("reservation", 7);
    let reply = guest.post("/reservations/", &body).await;
    if reply.status == 201 {
        guest.post(&format!("/reservations/{}/cancel", reply.id()), &json!({})).await.expect(200);
        return None;
    }
    match reply.body["code"].as_str() {
        Some("not_bookable") => Some(reply.body["reason"].as_str().expect("a reason").to_owned()),
        Some(code) => Some(code.to_owned()),
        None => panic!("{}", reply.text),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_is_a_reason() {
    let (platform, _) = house(&[2, 6]).await;
    let on_the_hour = || {
        let second = in_hours(48).as_second();
        jiff::Timestamp::from_second(second - second % 3600).expect("a time")
    };
    let start = on_the_hour();
    rules(&platform, json!({"min_notice_minutes": 72 * 60})).await;
    assert_eq!(judged(&platform, wanted(start, 2)).await.as_deref(), Some("too_soon"));
    rules(&platform, json!({"slot_minutes": 60})).await;
    assert_eq!(judged(&platform, wanted(start, 2)).await, None);
    assert_eq!(judged(&platform, wanted(start + SignedDuration::from_mins(30), 2)).await.as_deref(), Some("off_step"));
    rules(&platform, json!({"min_party": 2, "max_party": 4})).await;
    assert_eq!(judged(&platform, wanted(start, 1)).await.as_deref(), Some("party_too_small"));
    assert_eq!(judged(&platform, wanted(start, 2)).await, None);
    assert_eq!(judged(&platform, wanted(start, 5)).await.as_deref(), Some("party_too_large"));
    rules(&platform, json!({"max_spare_seats": 1})).await;
    assert_eq!(judged(&platform, wanted(start, 4)).await.as_deref(), Some("no_table_fits"));
    assert_eq!(judged(&platform, wanted(start, 5)).await, None);
    // A table that the house would not give is not given to who names it, either.
    let reply = platform.user("reservation", 7).post("/reservations/", &with(wanted(start, 2), json!({"table_id": 2}))).await;
    assert_eq!(reply.invalid(&["#/table_id"]).body["errors"][0]["code"], "table_not_offered");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_tells_times_that_are_taken() {
    let (platform, _) = house(&[4]).await;
    rules(&platform, json!({"slot_minutes": 60})).await;
    let guest = platform.user("reservation", 7);
    let wanted_at = listed(48) + SignedDuration::from_mins(10);
    let reply = guest.post("/reservations/", &wanted(wanted_at, 2)).await.problem(409, "not_bookable");
    let alternatives = reply.body["alternatives"].as_array().expect("times");
    assert_eq!((reply.body["reason"].as_str(), alternatives.len()), (Some("off_step"), 3));
    for time in alternatives {
        let start = time.as_str().expect("a time").parse().expect("a time");
        assert_eq!(judged(&platform, wanted(start, 2)).await, None, "{start}");
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_stays_as_long_as_its_turn_time_and_the_table_a_while_longer() {
    let (platform, _) = house(&[4]).await;
    rules(&platform, json!({"turn_times": [{"up_to": 2, "minutes": 90}, {"up_to": 4, "minutes": 150}], "buffer_minutes": 15})).await;
    let guest = platform.user("reservation", 7);
    let start = in_hours(48);
    let two = guest.post("/reservations/", &wanted(start, 2)).await.expect(201);
    assert_eq!(two.body["duration_minutes"], 90);
    // 90 minutes, and 15 more.
    let after = |minutes| start + SignedDuration::from_mins(minutes);
    guest.post("/reservations/", &wanted(after(104), 2)).await.problem(409, "no_table_free");
    guest.post("/reservations/", &wanted(after(105), 2)).await.expect(201);
    let too_long = with(wanted(in_hours(72), 2), json!({"duration_minutes": 91}));
    assert_eq!(guest.post("/reservations/", &too_long).await.invalid(&["#/duration_minutes"]).body["errors"][0]["code"], "too_long");
    let query = format!(
        "/reservations/availability?date={}&guests_count=2&duration_minutes=91",
        in_hours(72).to_string().get(..10).expect("a date")
    );
    guest.get(&query).await.invalid(&["?duration_minutes"]);
    let shorter = with(wanted(in_hours(72), 2), json!({"duration_minutes": 60}));
    let shorter = guest.post("/reservations/", &shorter).await.expect(201);
    assert_eq!(shorter.body["duration_minutes"], 60);
    // A change of the party reckons the stay anew.
    let path = format!("/reservations/{}", shorter.id());
    assert_eq!(guest.patch(&path, &json!({"guests_count": 3})).await.expect(200).body["duration_minutes"], 150);
    assert_eq!(guest.patch(&path, &json!({"special_requests": "Quiet"})).await.expect(200).body["duration_minutes"], 150);
    guest.patch(&path, &json!({"guests_count": 2, "duration_minutes": 120})).await.invalid(&["#/duration_minutes"]);
    platform.stop().await;
}

/// The longest stay and the longest buffer are two rows of the table's, and one of them is not given away without the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_longer_than_eight_hours_is_held_whole() {
    let (platform, _) = house(&[4]).await;
    rules(&platform, json!({"buffer_minutes": 120})).await;
    let guest = platform.user("reservation", 7);
    let long = |hours| with(wanted(in_hours(hours), 2), json!({"duration_minutes": 480}));
    let late = guest.post("/reservations/", &with(wanted(in_hours(57), 2), json!({"duration_minutes": 60}))).await.expect(201).id();
    guest.post("/reservations/", &long(48)).await.problem(409, "no_table_free");
    guest.post(&format!("/reservations/{late}/cancel"), &json!({})).await.expect(200);
    let all = futures_util::future::join_all((0..8).map(|_| {
        let (guest, body) = (guest.clone(), long(48));
        async move { guest.post("/reservations/", &body).await.status.as_u16() }
    }));
    let mut statuses = all.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![409; 7]].concat());
    let rows = "SELECT count(*) FROM reservation_table";
    assert_eq!(sqlx::query_scalar::<_, i64>(rows).fetch_one(&platform.pool("reservation")).await.expect("a count"), 2);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_party_is_looked_at() {
    let restaurant = Restaurant { auto_confirm: true, limits: Limits::NONE, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    furnish(&platform, &[8, 8]).await;
    rules(&platform, json!({"confirm_above": 4})).await;
    let guest = platform.user("reservation", 7);
    let booked = guest.post("/reservations/", &wanted(in_hours(48), 4)).await.expect(201);
    assert_eq!(booked.body["status"], "confirmed");
    assert_eq!(guest.post("/reservations/", &wanted(in_hours(48), 5)).await.expect(201).body["status"], "pending");
    let path = format!("/reservations/{}", booked.id());
    assert_eq!(guest.patch(&path, &json!({"reservation_time": in_hours(49)})).await.expect(200).body["status"], "confirmed");
    assert_eq!(guest.patch(&path, &json!({"guests_count": 5})).await.expect(200).body["status"], "pending");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_soon_before_the_start_a_guest_changes_no_more_than_words() {
    let (platform, _) = house(&[4, 4]).await;
    let (guest, admin) = (platform.user("reservation", 7), platform.admin("reservation"));
    let id = guest.post("/reservations/", &wanted(in_hours(48), 2)).await.expect(201).id();
    rules(&platform, json!({"change_until_minutes": 120})).await;
    let path = format!("/reservations/{id}");
    guest.patch(&path, &json!({"guests_count": 3})).await.expect(200);
    move_in_time(&platform, id, -47).await;
    for change in
        [json!({"guests_count": 2}), json!({"reservation_time": in_hours(50)}), json!({"duration_minutes": 60}), json!({"table_id": 2})]
    {
        guest.patch(&path, &change).await.problem(409, "too_late_to_change");
    }
    guest.patch(&path, &json!({"special_requests": "Quiet", "contact_phone": "+44 20 7946 0321"})).await.expect(200);
    admin.patch(&path, &json!({"guests_count": 2})).await.expect(200);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_needed_unless_the_house_needs_none() {
    let (platform, _) = house(&[4]).await;
    let guest = platform.user("reservation", 7);
    let body = json!({"guests_count": 2, "reservation_time": in_hours(48), "contact_email": "guest@example.com"});
    guest.post("/reservations/", &body).await.invalid(&["#/contact_phone"]);
    rules(&platform, json!({"phone_required": false})).await;
    let booked = guest.post("/reservations/", &body).await.expect(201);
    assert_eq!(booked.body["contact_phone"], Value::Null);
    guest.patch(&format!("/reservations/{}", booked.id()), &json!({"guests_count": 3})).await.expect(200);
    platform.stop().await;
}

/// Edits and bookings at once, on two replicas: no booking is taken by what the house said before an edit was answered.
#[tokio::test(flavor = "multi_thread")]
async fn no_booking_is_judged_by_rules_of_before() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("reservation") }).await;
    furnish(&platform, &[12; 40]).await;
    let replicas: Vec<_> = platform.bases("reservation").into_iter().map(|base| platform.anyone("reservation").at(base)).collect();
    let admin =
        |index: usize| replicas[index % 2].with_token(restaurant_booking_tests::token::token(1, chassis::http::identity::Role::Admin));
    let guest =
        |index: usize| replicas[index % 2].with_token(restaurant_booking_tests::token::token(7, chassis::http::identity::Role::User));
    // A limit that lets the party in is followed by one that does not, so that each answer tells which was in force.
    for round in 0..150_usize {
        let limit = 2 + round % 2;
        let start = in_hours(48 + i64::try_from(round).expect("a few"));
        // Whoever books while the edit is made is judged by the one or the other.
        let meanwhile = (0..4).map(|index| {
            let guest = guest(round + index);
            async move { guest.post("/reservations/", &wanted(start, 3)).await }
        });
        let rules = json!({"max_party": limit});
        let (admin, edited) = (admin(round), futures_util::future::join_all(meanwhile));
        let (edited, meanwhile) = futures_util::join!(admin.put("/reservations/rules", &rules), edited);
        edited.expect(200);
        assert!(meanwhile.iter().all(|reply| [201, 409].contains(&reply.status.as_u16())));
        let asked = (0..8).map(|index| {
            let guest = guest(round + index);
            async move { guest.post("/reservations/", &wanted(start, 3)).await }
        });
        for reply in futures_util::future::join_all(asked).await {
            if limit == 3 {
                reply.expect(201);
            } else {
                assert_eq!(reply.problem(409, "not_bookable").body["reason"], "party_too_large", "round {round}");
            }
        }
    }
    platform.stop().await;
}

/// What is counted, and what the bookings say.
async fn counted(platform: &Platform) -> (Vec<(i64, i64, i64)>, Vec<(i64, i64, i64)>) {
    let counts = "SELECT extract(epoch FROM bucket)::bigint, covers::bigint, parties::bigint FROM pacing WHERE parties <> 0 ORDER BY 1";
    let sums = "SELECT extract(epoch FROM quarter(reservation_time))::bigint, sum(guests_count), count(*) FROM reservation
        WHERE status NOT IN ('cancelled', 'no_show') GROUP BY 1 ORDER BY 1";
    let pool = platform.pool("reservation");
    let counts = sqlx::query_as(counts).fetch_all(&pool).await.expect("counts");
    (counts, sqlx::query_as(sums).fetch_all(&pool).await.expect("sums"))
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_guests_and_parties_begin_within_a_quarter() {
    let (platform, _) = house(&[4; 8]).await;
    let guest = platform.user("reservation", 7);
    let start = listed(48);
    let after = |minutes| start + SignedDuration::from_mins(minutes);
    let book = async |minutes, guests| guest.post("/reservations/", &wanted(after(minutes), guests)).await;
    let first = book(0, 2).await.expect(201).id();
    rules(&platform, json!({"pacing": {"covers": 7, "parties": 3}})).await;
    // The one from before counts.
    let second = book(14, 4).await.expect(201).id();
    let full = book(5, 2).await.problem(409, "not_bookable");
    assert_eq!(full.body["reason"], "pacing_full");
    for time in full.body["alternatives"].as_array().expect("times") {
        assert_ne!(*time, json!(start));
    }
    let date = start.to_string();
    let slots = guest.get(&format!("/reservations/availability?date={}&guests_count=2", &date[..10])).await.expect(200);
    let slot = slots.body.as_array().expect("slots").iter().find(|slot| slot["time"] == json!(start)).cloned();
    assert_eq!(slot.expect("a slot")["reason"], "pacing_full");
    let free = guest.get(&format!("/reservations/tables/available?reservation_time={start}&guests_count=2")).await.expect(200);
    assert_eq!(free.body, json!([]));
    let third = book(10, 1).await.expect(201).id();
    assert_eq!(book(0, 1).await.problem(409, "not_bookable").body["reason"], "pacing_full");
    // Cancelled, moved and smaller parties make room; a larger one needs it.
    let path = |id: i64| format!("/reservations/{id}");
    guest.patch(&path(first), &json!({"guests_count": 3})).await.problem(409, "not_bookable");
    guest.post(&format!("/reservations/{third}/cancel"), &json!({})).await.expect(200);
    guest.patch(&path(first), &json!({"guests_count": 3})).await.expect(200);
    guest.patch(&path(second), &json!({"guests_count": 3})).await.expect(200);
    assert_eq!(book(0, 2).await.problem(409, "not_bookable").body["reason"], "pacing_full");
    guest.patch(&path(second), &json!({"reservation_time": after(15)})).await.expect(200);
    book(0, 4).await.expect(201);
    guest.patch(&path(second), &json!({"reservation_time": after(0)})).await.problem(409, "not_bookable");
    let (counts, sums) = counted(&platform).await;
    assert_eq!(counts, sums);
    // No limits: nothing is counted, and nobody waits.
    rules(&platform, json!({})).await;
    assert_eq!(counted(&platform).await.0, []);
    book(0, 4).await.expect(201);
    platform.stop().await;
}

/// 16 clients book, move, change and cancel on two replicas, while the limits are set, raised and taken away.
#[tokio::test(flavor = "multi_thread")]
async fn the_counts_are_the_sums_after_any_history() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("reservation") }).await;
    furnish(&platform, &[8; 24]).await;
    let bases: Vec<_> = platform.bases("reservation").into_iter().map(|base| platform.anyone("reservation").at(base)).collect();
    let token = |id, role| restaurant_booking_tests::token::token(id, role);
    let start = listed(48);
    let clients = (0..16_usize).map(|client| {
        let api = bases[client % 2].with_token(token(10 + i32::try_from(client).expect("a few"), chassis::http::identity::Role::User));
        async move {
            let mut random = client as u64 + 1;
            let mut next = move |below: u64| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let mut made = Vec::new();
            for _ in 0..40 {
                let time = start + SignedDuration::from_mins(7 * i64::try_from(next(12)).expect("minutes"));
                let guests = i32::try_from(1 + next(6)).expect("guests");
                let path = made.get(usize::try_from(next(4)).expect("an index")).map(|id| format!("/reservations/{id}"));
                let reply = match (next(4), path) {
                    (0, Some(path)) => api.patch(&path, &json!({"reservation_time": time})).await,
                    (1, Some(path)) => api.patch(&path, &json!({"guests_count": guests, "reservation_time": time})).await,
                    (2, Some(path)) => api.post(&format!("{path}/cancel"), &json!({})).await,
                    _ => api.post("/reservations/", &wanted(time, guests)).await,
                };
                assert!(reply.status.as_u16() < 500, "{}", reply.text);
                if reply.status == 201 {
                    made.insert(0, reply.id());
                }
            }
        }
    });
    let admin = bases[0].with_token(token(1, chassis::http::identity::Role::Admin));
    let edits = async {
        for limit in [40, 20, 0, 30, 12, 0, 24] {
            let limits = if limit == 0 { json!({}) } else { json!({"pacing": {"covers": limit, "parties": 9}}) };
            admin.put("/reservations/rules", &limits).await.expect(200);
            let (counts, _) = counted(&platform).await;
            assert!(limit > 0 || counts.is_empty(), "{counts:?}");
        }
    };
    futures_util::join!(futures_util::future::join_all(clients), edits);
    let (counts, sums) = counted(&platform).await;
    assert_eq!(counts, sums);
    platform.stop().await;
}

/// Those who book share the house, and an edit needs it alone: it is not put off for as long as somebody books.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_gets_its_turn_among_those_who_book_without_pause() {
    let (platform, ids) = house(&[4; 2]).await;
    let admin = platform.admin("reservation");
    let done = std::sync::atomic::AtomicBool::new(false);
    let clients = (0..6).map(|client| {
        let guest = platform.user("reservation", 10 + client);
        let (done, table) = (&done, ids[usize::try_from(client % 2).expect("an index")]);
        async move {
            let mut asked = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                asked += 1;
                // Each at times of their own, so that they wait for nothing but the house.
                let start = in_hours(48 + 24 * i64::from(client / 2)) + SignedDuration::from_mins(15 * (asked % 96));
                let body = with(wanted(start, 2), json!({"table_id": table, "duration_minutes": 15}));
                let reply = guest.post("/reservations/", &body).await;
                assert!([201, 409].contains(&reply.status.as_u16()), "{}", reply.text);
                if reply.status == 201 {
                    guest.post(&format!("/reservations/{}/cancel", reply.id()), &json!({})).await.expect(200);
                }
            }
        }
    });
    let edits = async {
        for edit in 0..20 {
            admin.put("/reservations/rules", &json!({"max_party": 8 + edit % 2})).await.expect(200);
            // Nobody is judged three times anew.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    futures_util::join!(futures_util::future::join_all(clients), edits);
    platform.stop().await;
}

/// What was known of the house before refuses nobody, on any replica.
#[tokio::test(flavor = "multi_thread")]
async fn a_turn_time_that_was_taken_back_refuses_nobody() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("reservation") }).await;
    furnish(&platform, &[4; 4]).await;
    let guests = platform.bases("reservation").into_iter().map(|base| {
        platform.anyone("reservation").at(base).with_token(restaurant_booking_tests::token::token(7, chassis::http::identity::Role::User))
    });
    let guests: Vec<_> = guests.collect();
    let body = with(wanted(in_hours(48), 2), json!({"duration_minutes": 120}));
    rules(&platform, json!({"turn_times": [{"up_to": 20, "minutes": 90}]})).await;
    for guest in &guests {
        guest.post("/reservations/", &body).await.invalid(&["#/duration_minutes"]);
        // With other faults it is told among them.
        let several = with(body.clone(), json!({"guests_count": 2, "contact_email": "nobody"}));
        guest.post("/reservations/", &several).await.invalid(&["#/duration_minutes", "#/contact_email"]);
    }
    rules(&platform, json!({})).await;
    for guest in &guests {
        guest.post("/reservations/", &body).await.expect(201);
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_stays_is_not_judged_anew() {
    let (platform, _) = house(&[4]).await;
    let guest = platform.user("reservation", 7);
    let id = guest.post("/reservations/", &wanted(in_hours(48), 2)).await.expect(201).id();
    rules(&platform, json!({"turn_times": [{"up_to": 20, "minutes": 90}]})).await;
    let path = format!("/reservations/{id}");
    let same = guest.patch(&path, &json!({"special_requests": "Quiet", "duration_minutes": 120})).await.expect(200);
    assert_eq!(same.body["duration_minutes"], 120);
    guest.patch(&path, &json!({"duration_minutes": 119})).await.invalid(&["#/duration_minutes"]);
    guest.patch(&path, &json!({"guests_count": 3, "duration_minutes": 120})).await.invalid(&["#/duration_minutes"]);
    platform.stop().await;
}

/// A booking whose hold is two rows moves to a table that is free for both; of another one it keeps neither.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_half_free_is_not_held() {
    let (platform, ids) = house(&[2, 4]).await;
    rules(&platform, json!({"buffer_minutes": 120})).await;
    let (guest, pool) = (platform.user("reservation", 7), platform.pool("reservation"));
    let long = with(wanted(in_hours(72), 2), json!({"duration_minutes": 480}));
    let id = guest.post("/reservations/", &long).await.expect(201).id();
    // Somebody else is about to take the last hour of the smaller table, which looks free until they have.
    let mut other = pool.begin().await.expect("a transaction");
    let late = "INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, contact_email)
        VALUES ('OTHER', 8, $1, ARRAY[$1::int], 2, $2::text::timestamptz, 'a@b.co') RETURNING id";
    let bind = |hours: i64| in_hours(hours).to_string();
    let booked: i32 = sqlx::query_scalar(late).bind(ids[0]).bind(bind(48 + 9)).fetch_one(&mut *other).await.expect("a booking");
    let hold = "INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at) VALUES ($1, $2, $3::text::timestamptz, $4::text::timestamptz)";
    sqlx::query(hold).bind(booked).bind(ids[0]).bind(bind(48 + 9)).bind(bind(48 + 10)).execute(&mut *other).await.expect("a hold");
    let (path, change) = (format!("/reservations/{id}"), json!({"reservation_time": in_hours(48)}));
    let moving = guest.patch(&path, &change);
    let waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let commit = async {
        restaurant_booking_tests::platform::eventually("the move waits for the other", async || {
            sqlx::query_scalar(waiting).fetch_one(&pool).await.expect("a count")
        })
        .await;
        other.commit().await.expect("a commit");
    };
    let (moved, ()) = futures_util::join!(moving, commit);
    assert_eq!(moved.expect(200).body["table_id"], ids[1]);
    let held = "SELECT count(*) FROM reservation_table WHERE reservation_id = $1 AND table_id = $2";
    let count = async |table: i64| -> i64 { sqlx::query_scalar(held).bind(id).bind(table).fetch_one(&pool).await.expect("a count") };
    assert_eq!((count(ids[0]).await, count(ids[1]).await), (0, 2));
    platform.stop().await;
}
