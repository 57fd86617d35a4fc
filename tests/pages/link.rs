//! A booking by its link: seen, changed and cancelled.

use std::collections::{BTreeSet, VecDeque};

use restaurant_booking_tests::{Platform, Reply};
use serde_json::json;

use crate::browser::{ADA, Browser, attributes, leads_to, links, says};
use crate::{bookings, dinners, house, in_days, rules};

/// A booking of Ada's for two, in two days at 20:00: the path of its link.
async fn booked(browser: &Browser) -> String {
    let form = browser.open(&format!("/book?guests=2&date={}&time=20:00", in_days(2))).await.expect(200);
    leads_to(&browser.fill(&form, &ADA).await)
}

/// A page of the booking.
fn below(path: &str, page: &str) -> String {
    path.replace("?k=", &format!("/{page}?k="))
}

/// The value of a button of a time.
fn button(page: &Reply, time: &str) -> String {
    attributes(&page.text, "value").into_iter().find(|value| value == time).unwrap_or_else(|| panic!("{time} in {}", page.text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_moves_a_booking_by_its_link() {
    let (platform, browser) = house(&[4]).await;
    dinners(&platform).await;
    let path = booked(&browser).await;
    let page = browser.open(&below(&path, "change")).await.expect(200);
    // The booking's own table is not in its way.
    says(&page, "your time now");
    let moved = browser.fill(&page, &[("time", &button(&page, "20:30"))]).await;
    let page = browser.open(&leads_to(&moved)).await.expect(200);
    says(&page, "We have changed your booking.");
    says(&page, "at 20:30");

    // Another party on another day.
    let change = below(&path, "change");
    let page = browser.open(&format!("{change}&guests=4&date={}", in_days(5))).await.expect(200);
    let moved = browser.fill(&page, &[("time", "19:00")]).await;
    let page = browser.open(&leads_to(&moved)).await.expect(200);
    says(&page, "4 guests");
    says(&page, "at 19:00");
    // What only the size changes can stay at its time.
    let page = browser.open(&format!("{change}&guests=3")).await.expect(200);
    let moved = browser.fill(&page, &[("time", "19:00")]).await;
    says(&browser.open(&leads_to(&moved)).await.expect(200), "3 guests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_had_leaves_the_booking_and_offers_others() {
    let (platform, browser) = house(&[2]).await;
    let path = booked(&browser).await;
    let page = browser.open(&format!("{}&date={}", below(&path, "change"), in_days(3))).await.expect(200);
    let other = browser.open(&format!("/book?guests=2&date={}&time=20:00", in_days(3))).await.expect(200);
    leads_to(&browser.fill(&other, &[("name", "Bob"), ("email", "bob@example.com"), ADA[2]]).await);
    let before = bookings(&platform).await;
    let refused = browser.fill(&page, &[("time", "20:30")]).await.expect(409);
    says(&refused, "20:30 is no longer free");
    says(&refused, "Move to ");
    assert_eq!(bookings(&platform).await, before);
    says(&browser.open(&path).await.expect(200), "at 20:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_changes_their_details_and_a_new_address_has_a_new_link() {
    let (platform, browser) = house(&[4]).await;
    let path = booked(&browser).await;
    let form = browser.open(&below(&path, "details")).await.expect(200);
    assert!(attributes(&form.text, "value").contains(&"Ada Lovelace".to_owned()));
    let saved = leads_to(&browser.fill(&form, &[("name", "Ada King"), ADA[1], ADA[2], ("wishes", "Candles")]).await);
    assert!(saved.starts_with(&path), "the link stays: {saved}");
    let page = browser.open(&saved).await.expect(200);
    for text in ["Your details are saved.", "Ada King", "Candles"] {
        says(&page, text);
    }
    // The form that was open meanwhile says so, and changes nothing.
    let outdated = browser.fill(&form, &[("name", "Nobody"), ADA[1], ADA[2]]).await.expect(412);
    says(&outdated, "This booking was changed in the meantime.");
    says(&outdated, "Nobody");

    let form = browser.open(&below(&path, "details")).await.expect(200);
    let new = leads_to(&browser.fill(&form, &[("name", "Ada King"), ("email", "countess@example.com"), ADA[2]]).await);
    assert!(!new.starts_with(&path), "{new}");
    says(&browser.open(&new).await.expect(200), "countess@example.com");
    says(&browser.open(&path).await.expect(404), "This link does not work any more");
    let faulty = browser.open(&below(new.split("&done").next().unwrap_or_default(), "details")).await.expect(200);
    says(&browser.fill(&faulty, &[("name", ""), ADA[1], ADA[2]]).await.expect(422), "Please tell us your name.");
    assert_eq!(bookings(&platform).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cancels_by_a_button_and_not_by_a_link() {
    let (platform, browser) = house(&[4]).await;
    let path = booked(&browser).await;
    let page = browser.open(&below(&path, "cancel")).await.expect(200);
    says(&page, "We will give your table to somebody else.");
    assert_eq!(bookings(&platform).await[0].1, "pending");
    let page = browser.open(&leads_to(&browser.fill(&page, &[]).await)).await.expect(200);
    says(&page, "This booking is cancelled");
    assert_eq!(bookings(&platform).await[0].1, "cancelled");
    assert!(!links(&page.text).iter().any(|link| link.contains("/cancel") || link.contains("/change")), "{}", page.text);
    // Once more changes nothing, and what is cancelled cannot be moved.
    leads_to(&browser.send(&below(&path, "cancel"), &[]).await);
    let moved = browser.send(&below(&path, "change"), &[("date", &in_days(4).to_string()), ("time", "20:00")]).await.expect(409);
    says(&moved, "It is too late to change this booking online.");
    assert_eq!(bookings(&platform).await[0].1, "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_too_late_to_move_a_booking_when_the_rule_says_so() {
    let (platform, browser) = house(&[4]).await;
    let path = booked(&browser).await;
    rules(&platform, json!({"change_until_minutes": 43200})).await;
    let page = browser.open(&path).await.expect(200);
    says(&page, "It is too late to change this booking online.");
    assert!(!links(&page.text).iter().any(|link| link.contains("/change")), "{}", page.text);
    let moved = browser.send(&below(&path, "change"), &[("date", &in_days(3).to_string()), ("time", "20:00")]).await.expect(409);
    says(&moved, "It is too late to change this booking online.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_one_booking_and_is_kept_by_nobody() {
    let (_platform, browser) = house(&[4, 4]).await;
    let (one, other) = (booked(&browser).await, booked(&browser).await);
    let page = browser.open(&one).await.expect(200);
    for (header, value) in [("cache-control", "no-store"), ("x-robots-tag", "noindex"), ("referrer-policy", "no-referrer")] {
        assert_eq!(page.header(header), value, "{header}");
    }
    let (code, key) = (other.split(['/', '?']).nth(2).expect("a code"), one.split("k=").nth(1).expect("a token"));
    let forged = format!("{}a", &key[..key.len() - 1]);
    for wrong in
        [format!("/b/{code}?k={key}"), format!("/b/{code}"), format!("/b/{code}?k="), one.replace(key, &forged), "/b/%00?k=x".to_owned()]
    {
        let page = browser.open(&wrong).await.expect(404);
        says(&page, "This link does not work any more");
        assert_eq!(page.header("cache-control"), "no-store");
        for below in ["change", "details", "cancel"] {
            let path = format!("{}/{below}?{}", wrong.split('?').next().unwrap_or_default(), wrong.split('?').nth(1).unwrap_or_default());
            let sent = browser.send(&path, &[("name", "Mallory")]).await;
            assert_eq!(sent.status, 404, "{path}");
        }
    }
}

/// As mail scanners do.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_every_link_changes_nothing() {
    let (platform, browser) = house(&[4]).await;
    dinners(&platform).await;
    let path = booked(&browser).await;
    let before = state(&platform).await;
    let (mut seen, mut ahead) = (BTreeSet::new(), VecDeque::from([path, "/".to_owned()]));
    while let Some(path) = ahead.pop_front() {
        if seen.len() > 250 || !path.starts_with('/') || !seen.insert(path.clone()) {
            continue;
        }
        let page = browser.open(&path).await;
        assert!(page.status.is_success() || page.status == 404 || page.status.is_redirection(), "{path}: {}", page.text);
        ahead.extend(links(&page.text));
    }
    for below in ["/change", "/details", "/cancel", "/book", "/b"] {
        assert!(seen.iter().any(|path| path.contains(below)), "{below}");
    }
    assert_eq!(state(&platform).await, before);
}

/// All that the database has, but for what waits for the broker.
async fn state(platform: &Platform) -> String {
    let pool = platform.pool("reservation");
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%outbox%' ORDER BY tablename";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await.expect("tables");
    let mut state = String::new();
    for table in tables {
        let rows = format!("SELECT coalesce(json_agg(t ORDER BY t::text)::text, '') FROM \"{table}\" t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&pool).await.expect("rows");
        state += &format!("{table}: {rows}\n");
    }
    assert!(state.contains("ada@example.com"), "{state}");
    state
}
