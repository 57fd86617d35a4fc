use std::collections::HashMap;

use jiff::SignedDuration;
use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{furnish, house, in_hours, overlaps, wanted, with};

/// 64 guests want the same table, at times that all overlap.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_at_once_for_one_table_exactly_one_gets_it() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("reservation") }).await;
    let ids = furnish(&platform, &[4]).await;
    let start = in_hours(24);
    let mut requests = JoinSet::new();
    for guest in 0..64_i32 {
        let base = platform.bases("reservation")[usize::try_from(guest % 2).expect("0 or 1")].to_owned();
        let api = platform
            .anyone("reservation")
            .at(&base)
            .with_token(restaurant_booking_tests::token::token(guest + 1, chassis::http::identity::Role::User));
        let body = with(wanted(start + SignedDuration::from_mins(i64::from(guest)), 2), json!({"table_id": ids[0]}));
        requests.spawn(async move { api.post("/reservations/", &body).await });
    }
    let mut outcomes: HashMap<(u16, String), usize> = HashMap::new();
    while let Some(reply) = requests.join_next().await {
        let reply = reply.expect("an answer");
        *outcomes.entry((reply.status.as_u16(), reply.body["code"].as_str().unwrap_or("").to_owned())).or_default() += 1;
    }
    let expected = HashMap::from([((201, String::new()), 1), ((409, "table_taken".to_owned()), 63)]);
    assert_eq!(outcomes, expected);
    assert_eq!(overlaps(&platform).await, 0);
}

/// 64 guests want any table: there are as many winners as tables, and no table stays empty while somebody is refused.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_at_once_for_any_table_as_many_get_one_as_there_are() {
    let (platform, ids) = house(&[2, 2, 4, 4, 6]).await;
    let start = in_hours(24);
    let mut requests = JoinSet::new();
    for guest in 1..=64 {
        let api = platform.user("reservation", guest);
        requests.spawn(async move { api.post("/reservations/", &wanted(start, 2)).await });
    }
    let mut tables = Vec::new();
    while let Some(reply) = requests.join_next().await {
        let reply = reply.expect("an answer");
        match reply.status.as_u16() {
            201 => tables.push(reply.body["table_id"].as_i64().expect("a table")),
            _ => {
                let alternatives = reply.problem(409, "no_table_free").body["alternatives"].as_array().expect("a list").len();
                assert_eq!(alternatives, 3);
            }
        }
    }
    tables.sort_unstable();
    assert_eq!(tables, ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn back_to_back_is_no_overlap() {
    let (platform, _) = house(&[4]).await;
    let guest = platform.user("reservation", 5);
    let start = in_hours(24);
    guest.post("/reservations/", &wanted(start, 2)).await.expect(201);
    let two_hours = SignedDuration::from_hours(2);
    guest.post("/reservations/", &wanted(start + two_hours, 2)).await.expect(201);
    guest.post("/reservations/", &wanted(start - two_hours, 2)).await.expect(201);
    for overlapping in [start - SignedDuration::from_secs(1), start + SignedDuration::from_secs(1), start] {
        guest.post("/reservations/", &wanted(overlapping, 2)).await.problem(409, "no_table_free");
    }
    // A short booking inside a long one's time, and a long one round a short one.
    let short = with(wanted(start + two_hours * 3, 2), json!({"duration_minutes": 15}));
    guest.post("/reservations/", &short).await.expect(201);
    let long = with(wanted(start + two_hours * 2 + SignedDuration::from_hours(1), 2), json!({"duration_minutes": 480}));
    guest.post("/reservations/", &long).await.problem(409, "no_table_free");
    assert_eq!(overlaps(&platform).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_table_that_seats_the_party_is_given() {
    let (platform, ids) = house(&[8, 2, 4, 4]).await;
    let guest = platform.user("reservation", 5);
    for (guests, expected) in [(3, ids[2]), (3, ids[3]), (3, ids[0]), (1, ids[1])] {
        let booked = guest.post("/reservations/", &wanted(in_hours(24), guests)).await.expect(201);
        assert_eq!(booked.body["table_id"], expected, "a party of {guests}");
    }
    guest.post("/reservations/", &wanted(in_hours(24), 1)).await.problem(409, "no_table_free");
    guest.post("/reservations/", &wanted(in_hours(48), 9)).await.problem(409, "no_table_fits");
    let named = with(wanted(in_hours(48), 5), json!({"table_id": ids[2]}));
    guest.post("/reservations/", &named).await.invalid(&["#/table_id"]);
    let unknown = with(wanted(in_hours(48), 5), json!({"table_id": 99_999}));
    guest.post("/reservations/", &unknown).await.invalid(&["#/table_id"]);
}

/// What is refused is no booking, and draws no id of one.
#[tokio::test(flavor = "multi_thread")]
async fn s01_refused_bookings_use_up_no_ids() {
    let (platform, ids) = house(&[4]).await;
    let guest = platform.user("reservation", 5);
    guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    let last = "SELECT setval('reservation_id_seq', 2147483646)";
    sqlx::query(last).execute(&platform.pool("reservation")).await.expect("the last but one");
    for _ in 0..20 {
        let named = with(wanted(in_hours(24), 2), json!({"table_id": ids[0]}));
        guest.post("/reservations/", &named).await.problem(409, "table_taken");
        guest.post("/reservations/", &wanted(in_hours(24), 2)).await.problem(409, "no_table_free");
        guest.post("/reservations/", &wanted(in_hours(24), 5)).await.problem(409, "no_table_fits");
        guest.post("/reservations/", &with(named.clone(), json!({"table_id": 99_999}))).await.invalid(&["#/table_id"]);
        let unknown = json!({"guests_count": 2, "reservation_time": in_hours(48)});
        guest.post("/reservations/", &unknown).await.invalid(&["#/contact_email", "#/contact_phone"]);
    }
    assert_eq!(guest.post("/reservations/", &wanted(in_hours(48), 2)).await.expect(201).id(), 2_147_483_647);
}
