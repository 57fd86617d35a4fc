//! What the page of a booking offers, and what it says where it offers nothing.

use restaurant_booking_tests::{Platform, Reply, Setup};
use serde_json::json;

use crate::browser::{ADA, Browser, attributes, leads_to, links, plain, says, times};
use crate::{dinners, furnish, house, in_days, rules, site};

async fn day(browser: &Browser, days: i64, guests: i32) -> Reply {
    browser.open(&format!("/book?guests={guests}&date={}", in_days(days))).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_without_tables_says_how_to_get_one() {
    let platform = Platform::start(Setup { site: Some(site()), ..Setup::only("reservation") }).await;
    let browser = Browser::new(platform.base("reservation"));
    let page = browser.open("/book").await.expect(200);
    says(&page, "We do not take online bookings yet.");
    assert!(links(&page.text).contains(&"tel:+39065550100".to_owned()), "{}", page.text);
    assert!(!page.text.contains("<form"), "{}", page.text);
    says(&browser.send("/book", &[("guests", "2")]).await.expect(409), "We do not take online bookings yet.");
    // A table that only the staff give is none for guests.
    platform
        .admin("reservation")
        .post("/reservations/tables", &json!({"table_number": 1, "capacity": 2, "online": false}))
        .await
        .expect(201);
    says(&browser.open("/book").await.expect(200), "We do not take online bookings yet.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_that_wants_accounts_asks_guests_to_call() {
    let (platform, browser) = house(&[4]).await;
    let form = browser.open(&format!("/book?guests=2&date={}&time=20:00", in_days(2))).await.expect(200);
    rules(&platform, json!({"guests_without_account": false})).await;
    says(&browser.open("/book").await.expect(200), "We take bookings in person.");
    says(&browser.fill(&form, &ADA).await.expect(403), "We take bookings in person.");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_says_whether_the_party_can_come_and_if_not_why() {
    let (platform, browser) = house(&[4]).await;
    dinners(&platform).await;
    let admin = platform.admin("reservation");
    admin
        .post("/reservations/exceptions", &json!({"from": in_days(3), "until": in_days(3), "closed": true, "note": null}))
        .await
        .expect(201);
    let closed = day(&browser, 3, 2).await;
    says(&closed, "We are closed on");
    says(&closed, "Next free day:");
    assert_eq!(
        links(&closed.text).iter().filter(|link| link.contains("date=") && !link.contains("lang=")).count(),
        15,
        "14 days, and the next free one"
    );
    assert_eq!(closed.text.matches("closed</a>").count(), 1, "{}", closed.text);

    let large = day(&browser, 4, 15).await;
    says(&large, "Online we book tables for up to 4 guests.");
    says(&large, "15 guests</option>");
    says(&day(&browser, -1, 2).await, "This time is in the past.");
    says(&day(&browser, 400, 2).await, "We take bookings until");

    rules(&platform, json!({"turn_times": [{"up_to": 4, "minutes": 240}]})).await;
    let booked = browser.open(&format!("/book?guests=4&date={}&time=20:00", in_days(4))).await.expect(200);
    leads_to(&browser.fill(&booked, &ADA).await);
    let full = day(&browser, 4, 2).await;
    says(&full, "we have no table left for 2 guests");
    assert!(links(&full.text).contains(&"mailto:rosa@trattoria.example".to_owned()));

    rules(&platform, json!({"min_notice_minutes": 43200})).await;
    says(&day(&browser, 5, 2).await, "This is too soon to book online.");
    rules(&platform, json!({})).await;
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(23);
    admin.put("/reservations/pause", &json!({"until": until})).await.expect(200);
    let today = day(&browser, 0, 2).await;
    assert!(plain(&today.text).contains("no online bookings right now") || plain(&today.text).contains("in the past"), "{}", today.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_the_partys_for_less_than_usual_says_until_when() {
    let (platform, browser) = house(&[4]).await;
    dinners(&platform).await;
    let page = day(&browser, 2, 2).await;
    says(&page, "18:00 to 23:00");
    // Two hours end at closing from 21:00 on.
    assert_eq!(page.text.matches("until 23:00").count(), 2, "{}", page.text);
    says(&page, "Your table is yours for 2 hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_after_midnight_belongs_to_the_night_before() {
    let (platform, browser) = house(&[4]).await;
    let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let late = json!({"name": "Late", "days": week, "opens": "22:00", "last_seating": "01:00", "closes": "03:00"});
    platform.admin("reservation").put("/reservations/schedule", &json!({"services": [late]})).await.expect(200);
    let page = day(&browser, 2, 2).await;
    let link = times(&page.text).into_iter().find(|link| link.ends_with("time=00:30")).expect("a time after midnight");
    assert!(link.contains(&format!("date={}", in_days(2))), "{link}");
    let path = leads_to(&browser.fill(&browser.open(&link).await.expect(200), &ADA).await);
    let next = in_days(3).strftime("%-d %B").to_string();
    says(&browser.open(&path).await.expect(200), &next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_chooses_where_to_sit() {
    let (platform, browser) = house(&[4]).await;
    let admin = platform.admin("reservation");
    let terrace = admin.post("/reservations/areas", &json!({"name": "Terrace"})).await.expect(201).id();
    let hidden = admin.post("/reservations/areas", &json!({"name": "Cellar", "online": false})).await.expect(201).id();
    for (number, area) in [(8, terrace), (9, hidden)] {
        admin.post("/reservations/tables", &json!({"table_number": number, "capacity": 2, "area_id": area})).await.expect(201);
    }
    let page = browser.open(&format!("/book?guests=2&date={}&area={terrace}", in_days(2))).await.expect(200);
    says(&page, "Terrace</option>");
    assert!(!page.text.contains("Cellar"), "{}", page.text);
    let link = times(&page.text).into_iter().find(|link| link.ends_with("20:00")).expect("a time");
    let form = browser.open(&link).await.expect(200);
    says(&form, "<bdi>Terrace</bdi>");
    leads_to(&browser.fill(&form, &ADA).await);
    let table: i32 = sqlx::query_scalar("SELECT t.table_number FROM reservation r JOIN \"table\" t ON t.id = r.table_id")
        .fetch_one(&platform.pool("reservation"))
        .await
        .expect("a table");
    assert_eq!(table, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_old_or_cut_off_shows_what_there_is() {
    let (platform, browser) = house(&[4]).await;
    furnish(&platform, &[]).await;
    for query in
        ["?guests=0&date=2026-02-30", "?guests=2&guests=3", "?utm_source=x&fbclid=y", "?time=20:00", "?area=99", "?date=9999-12-31", "?%ff"]
    {
        let page = browser.open(&format!("/book{query}")).await.expect(200);
        assert!(!attributes(&page.text, "id").is_empty(), "{query}");
    }
    assert_eq!(leads_to(&browser.send("/book", &[("guests", "2")]).await), "/book?guests=2");
}
