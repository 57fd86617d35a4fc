//! A whole evening, tap by tap, by two hosts: at its end the page, the API, the database and the events say the same.

use std::collections::BTreeMap;

use chassis::events::event::TopicEvent as _;
use chassis::http::identity::Role;
use contract::ReservationEvent;
use restaurant_booking_tests::topic;
use serde_json::{Value, json};

use crate::browser::{attributes, leads_to};
use crate::{booked, house, minutes, place, rosa, row, signed_in, tap};

/// The next number of a sequence that looks random and is the same each time.
fn next(state: &mut u32) -> usize {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    usize::try_from(*state >> 8).expect("24 bits")
}

/// The heading under which a booking of a state stands.
fn heading(status: &str) -> &'static str {
    match status {
        "pending" | "confirmed" => "Next",
        "seated" => "Here",
        _ => "Done",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_an_evening_page_api_database_and_events_say_the_same() {
    let platform = house(&[2, 2, 4, 4, 6, 6, 8, 8]).await;
    let hosts = [rosa(&platform), signed_in(&platform, 8, Role::Admin)];
    let mut ids: Vec<Value> = Vec::new();
    for table in 1..=8 {
        ids.push(booked(&platform, minutes(30 + table), json!({"guests_count": 2})).await["id"].clone());
    }
    let mut state = 14;
    for step in 0..80 {
        let host = &hosts[step % 2];
        if step % 10 == 9 {
            let form = host.open("/host/walk-in").await.expect(200);
            let to = host.fill(&form, &[("guests", "2"), ("table", ""), ("name", "At the door"), ("wishes", "")]).await;
            if to.status == 303 {
                ids.push(json!(leads_to(&to).rsplit("#b").next().and_then(|id| id.parse::<i64>().ok()).expect("an id")));
            }
            continue;
        }
        let page = host.open("/host").await.expect(200);
        let id = &ids[next(&mut state) % ids.len()];
        let buttons = attributes(&row(&page, id), "value");
        let actions: Vec<&String> = buttons.iter().filter(|value| value.chars().any(char::is_alphabetic)).collect();
        if let Some(action) = actions.get(next(&mut state) % actions.len().max(1)) {
            let told = tap(host, &page, id, action).await;
            // A table that somebody else sits at meanwhile cannot be taken again.
            assert!([303, 409].contains(&told.status.as_u16()), "{action}: {}", told.text);
        }
    }

    let page = hosts[0].open("/host").await.expect(200);
    let listed = platform.admin("reservation").get("/reservations/?limit=100").await.expect(200).body;
    let api: BTreeMap<i64, String> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|booking| (booking["id"].as_i64().expect("an id"), booking["status"].as_str().expect("a state").to_owned()))
        .collect();
    let rows: Vec<(i32, String, i32)> = sqlx::query_as("SELECT id, status, version FROM reservation ORDER BY id")
        .fetch_all(&platform.pool("reservation"))
        .await
        .expect("rows");
    assert_eq!(rows.len(), ids.len());
    let changes = usize::try_from(rows.iter().map(|(_, _, version)| version).sum::<i32>()).expect("a count");
    let mut told: BTreeMap<i64, String> = BTreeMap::new();
    for record in topic::read(&platform.kafka, ReservationEvent::TOPIC, changes).await {
        told.insert(record.key.parse().expect("an id"), record.data["status"].as_str().expect("a state").to_owned());
    }
    for (id, status, _) in &rows {
        let id = i64::from(*id);
        assert_eq!((api.get(&id), told.get(&id)), (Some(status), Some(status)), "{id}");
        assert!(place(&page, &json!(id)).starts_with(heading(status)), "{id} is {status}, and stands under {}", place(&page, &json!(id)));
    }
    let seated: i64 = sqlx::query_scalar("SELECT count(*) FROM reservation_table WHERE seated")
        .fetch_one(&platform.pool("reservation"))
        .await
        .expect("a count");
    assert_eq!(usize::try_from(seated).expect("a count"), rows.iter().filter(|(_, status, _)| status == "seated").count());
    assert!(rows.iter().map(|(_, status, _)| status).collect::<std::collections::BTreeSet<_>>().len() > 2, "{rows:?}");
}
