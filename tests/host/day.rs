//! The sheet of a day.

use restaurant_booking_tests::noon::date_of;
use serde_json::json;

use crate::browser::{attributes, leads_to, links, says};
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

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_other_days_closed_days_and_a_house_without_tables_are_told() {
    let platform = house(&[]).await;
    let rosa = rosa(&platform);
    says(&rosa.open("/host").await.expect(200), "There is no table yet.");
    platform.admin("reservation").post("/reservations/tables", &json!({"table_number": 1, "capacity": 4})).await.expect(201);
    // A guest asks for a table in a week: bookings are not confirmed at once.
    let body = json!({"guests_count": 2, "reservation_time": minutes(7 * 24 * 60), "contact_name": "Anna Muster",
        "contact_email": "anna@example.com", "contact_phone": "+44 20 7946 0958"});
    let made = platform.anyone("reservation").post("/reservations/guest", &body).await.expect(201).body;
    let page = rosa.open("/host").await.expect(200);
    says(&page, "Requests for other days wait for your answer:");
    says(&page, "Anna Muster · 2 guests · to confirm");
    let day = links(&page.text).into_iter().find(|link| link.ends_with(&format!("#b{}", made["id"]))).expect("the request");
    let own = rosa.open(&day).await.expect(200);
    assert!(!own.text.contains("Requests for other days"), "it is of this day: {}", own.text);
    assert_eq!(place(&own, &made["id"]), "Next · 1");
    // As many requests of the day that is shown do not hide those of other days.
    for table in 2..=6 {
        let table = json!({"table_number": table, "capacity": 4});
        platform.admin("reservation").post("/reservations/tables", &table).await.expect(201);
        let mut body = body.clone();
        body["reservation_time"] = json!(minutes(3 * 24 * 60));
        platform.anyone("reservation").post("/reservations/guest", &body).await.expect(201);
    }
    let page = rosa.open(&format!("/host?date={}", date_of(minutes(3 * 24 * 60)))).await.expect(200);
    assert!(links(&page.text).contains(&day), "the request of another day: {}", page.text);
    let date = date_of(minutes(14 * 24 * 60));
    let closed = json!({"from": date, "until": date, "closed": true, "note": "Painting"});
    platform.admin("reservation").post("/reservations/exceptions", &closed).await.expect(201);
    let page = rosa.open(&format!("/host?date={date}")).await.expect(200);
    says(&page, "We are closed on this day. · Painting");
    says(&page, &format!("/host/setup/exceptions?date={date}"));
    says(&rosa.open(&format!("/host/setup/exceptions?date={date}")).await.expect(200), &format!("value=\"{date}\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_moves_stays_as_long_as_its_form_says_where_the_rules_allow_it() {
    let platform = house(&[4]).await;
    let rosa = rosa(&platform);
    let booking = booked(&platform, minutes(24 * 60), json!({"duration_minutes": 150})).await;
    let own = format!("/host/bookings/{}", booking["id"]);
    let moved = async |days: i64| {
        let page = rosa.open(&own).await.expect(200);
        let date = date_of(minutes(days * 24 * 60)).to_string();
        let seen = seen(&platform, &booking["id"]).await;
        let minutes = seen["duration_minutes"].to_string();
        let time = minutes_of(&seen);
        let fields =
            [("date", date.as_str()), ("time", &time), ("guests", "2"), ("minutes", &minutes), ("tables", "1"), ("name", "Ada Lovelace")];
        let version = attributes(page.text.split("name=\"version\"").nth(1).expect("a version"), "value").remove(0);
        let fields = [&fields[..], &[("phone", "+44 20 7946 0958"), ("version", &version)]].concat();
        rosa.send(&own, &fields).await
    };
    leads_to(&moved(2).await);
    assert_eq!(seen(&platform, &booking["id"]).await["duration_minutes"], 150);
    // The rules give less from now on: the host is told.
    platform.admin("reservation").put("/reservations/rules", &json!({"turn_times": [{"up_to": 8, "minutes": 90}]})).await.expect(200);
    says(&moved(3).await.expect(200), "It is moved. By the rules they stay 1 hour 30 minutes now.");
    assert_eq!(seen(&platform, &booking["id"]).await["duration_minutes"], 90);
}

/// The time of a booking, as the restaurant's clocks show it.
fn minutes_of(booking: &serde_json::Value) -> String {
    let time: jiff::Timestamp = booking["reservation_time"].as_str().and_then(|time| time.parse().ok()).expect("a time");
    time.to_zoned(restaurant_booking_tests::noon::zone()).strftime("%H:%M").to_string()
}
