//! The sheet of a day.

use serde_json::json;

use crate::browser::{leads_to, says};
use crate::{ROSA, booked, house, long_ago, minutes, place, rosa, row, seen, tap};

#[tokio::test(flavor = "multi_thread")]
async fn a_party_is_seen_from_its_booking_until_it_has_left() {
    let platform = house(&[2, 4]).await;
    let rosa = rosa(&platform);
    let more = json!({"special_requests": "Nut allergy", "staff_note": "Regulars"});
    let id = booked(&platform, minutes(5), more).await["id"].clone();
    let page = rosa.open("/host").await.expect(200);
    assert_eq!(place(&page, &id), "Next · 1");
    let text = row(&page, &id);
    for part in ["Ada Lovelace", "table 1", "Nut allergy", "Regulars", "+44 20 7946 0958"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("value=\"no-show\""), "nobody is missed before their time: {text}");
    long_ago(&platform, &id, 20).await;
    let page = rosa.open("/host").await.expect(200);
    assert_eq!(place(&page, &id), "Late · 1");
    let to = leads_to(&tap(&rosa, &page, &id, "no-show").await);
    assert!(to.starts_with("/host?date=") && to.ends_with(&format!("#b{id}")), "{to}");
    let page = rosa.open(&to).await.expect(200);
    assert_eq!(place(&page, &id), "Done · 1");
    leads_to(&tap(&rosa, &page, &id, "reopen").await);
    let page = rosa.open("/host").await.expect(200);
    leads_to(&tap(&rosa, &page, &id, "seat").await);
    let page = rosa.open("/host").await.expect(200);
    assert_eq!(place(&page, &id), "Here · 1");
    leads_to(&tap(&rosa, &page, &id, "complete").await);
    let now = seen(&platform, &id).await;
    assert_eq!((now["status"].as_str(), now["changed_by"]["user_id"].as_i64()), (Some("completed"), Some(ROSA.into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hosts_at_once_the_second_is_told_what_happened_and_by_whom() {
    let platform = house(&[2]).await;
    let insert =
        "INSERT INTO guest (user_id, email, full_name, version, role) VALUES ($1, 'rosa@restaurant.com', 'Rosa Bianchi', 1, 'host')";
    sqlx::query(insert).bind(ROSA).execute(&platform.pool("reservation")).await.expect("known");
    let id = booked(&platform, minutes(5), json!({})).await["id"].clone();
    let (rosa, other) = (rosa(&platform), crate::signed_in(&platform, 8, chassis::http::identity::Role::Admin));
    let page = other.open("/host").await.expect(200);
    leads_to(&tap(&rosa, &page, &id, "seat").await);
    let told = tap(&other, &page, &id, "seat").await.expect(412);
    says(&told, "Ada Lovelace was changed meanwhile by Rosa Bianchi at ");
    says(&told, "and is: seated. Please look again.");
    // A thumb that taps twice has done it once, and is told of no fault.
    leads_to(&tap(&rosa, &page, &id, "seat").await);
    // The page has the row as it is now.
    assert_eq!(place(&told, &id), "Here · 1");
    leads_to(&tap(&other, &told, &id, "complete").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_over_time_and_who_is_next_is_told_and_the_numbers_are_those_of_the_day() {
    let platform = house(&[2]).await;
    let rosa = rosa(&platform);
    let first = booked(&platform, minutes(3), json!({"duration_minutes": 30})).await["id"].clone();
    let next = booked(&platform, minutes(60), json!({"guests_count": 1, "contact_name": "Grace"})).await["id"].clone();
    let page = rosa.open("/host").await.expect(200);
    leads_to(&tap(&rosa, &page, &first, "seat").await);
    long_ago(&platform, &first, 45).await;
    let page = rosa.open("/host").await.expect(200);
    let text = row(&page, &first);
    assert!(text.contains("15 minutes over") && text.contains("next at this table "), "{text}");
    let counts = page.text.split("<dl class=\"counts\">").nth(1).and_then(|rest| rest.split("</dl>").next()).expect("counts");
    for count in ["covers booked</dt><dd>3<", "here now</dt><dd>2<", "tables free</dt><dd>0<"] {
        assert!(counts.contains(count), "{count} in {counts}");
    }
    // The table is not free before those who sit have left.
    let told = tap(&rosa, &page, &next, "seat").await.expect(409);
    says(&told, "Somebody sits at the table.");
    let found = rosa.open("/host?q=grace").await.expect(200);
    says(&found, "1 booking found");
    says(&rosa.open("/host?q=durian").await.expect(200), "Nobody found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_read_in_three_languages() {
    let platform = house(&[2]).await;
    let id = booked(&platform, minutes(5), json!({})).await["id"].clone();
    for (language, heading, table) in
        [("de", "Als Nächstes · 1", "Tisch 1"), ("ru", "Ожидаются · 1", "стол 1"), ("en", "Next · 1", "table 1")]
    {
        let page = rosa(&platform).open(&format!("/host?lang={language}")).await.expect(200);
        assert_eq!(place(&page, &id), heading);
        assert!(row(&page, &id).contains(table));
    }
}
