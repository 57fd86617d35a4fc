//! Booking a table.

use reservation::config::Restaurant;
use restaurant_booking_tests::{Platform, Reply, Setup};
use serde_json::json;

use crate::browser::{ADA, Browser, attributes, leads_to, links, says, times};
use crate::{bookings, dinners, furnish, house, in_days, rules, site};

/// The form for a time in so many days.
async fn form(browser: &Browser, days: i64, time: &str) -> Reply {
    browser.open(&format!("/book?guests=2&date={}&time={time}", in_days(days))).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_chooses_a_time_and_books() {
    let (platform, browser) = house(&[4]).await;
    dinners(&platform).await;
    let day = browser.open(&format!("/book?date={}", in_days(2))).await.expect(200);
    let times = times(&day.text);
    assert_eq!(times.len(), 9, "every half hour from 18:00 to 22:00: {times:?}");
    says(&day, "until 23:00");
    let form = browser.open(&times[4]).await.expect(200);
    says(&form, "20:00");
    says(&form, "Ask for this table");
    let path = leads_to(&browser.fill(&form, &[ADA.as_slice(), &[("wishes", "A quiet table")]].concat()).await);
    assert!(path.starts_with("/b/") && path.contains("?k=rbk_"), "{path}");
    let booking = browser.open(&path).await.expect(200);
    for text in ["We have your request", "20:00", "2 guests", "Ada Lovelace", "ada@example.com", "A quiet table"] {
        says(&booking, text);
    }
    let (source, language): (String, Option<String>) =
        sqlx::query_as("SELECT source, language FROM reservation").fetch_one(&platform.pool("reservation")).await.expect("a booking");
    assert_eq!((source.as_str(), language.as_deref()), ("guest", Some("en")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_books_once() {
    let (platform, browser) = house(&[4, 4]).await;
    let form = form(&browser, 2, "20:00").await;
    let first = leads_to(&browser.fill(&form, &ADA).await);
    assert_eq!(leads_to(&browser.fill(&form, &ADA).await), first);
    // With other details it may be a mistake: the guest is asked.
    let other = browser.fill(&form, &[("name", "Ada King"), ADA[1], ADA[2]]).await.expect(422);
    says(&other, "You have sent this form already");
    says(&other, "Ada King");
    assert_eq!(bookings(&platform).await.len(), 1);
    leads_to(&browser.fill(&other, &[("name", "Ada King"), ADA[1], ADA[2]]).await);
    assert_eq!(bookings(&platform).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_on_top_with_links_and_what_was_typed_is_kept() {
    let (platform, browser) = house(&[4]).await;
    let form = form(&browser, 2, "20:00").await;
    let sent = browser.fill(&form, &[("name", " "), ("email", "ada@\"><script>"), ("phone", "12"), ("wishes", "Candles & roses")]).await;
    let sent = sent.expect(422);
    for (field, text) in [
        ("name", "Please tell us your name."),
        ("email", "This does not look like an e-mail address."),
        ("phone", "This does not look like a phone number."),
    ] {
        assert!(links(&sent.text).contains(&format!("#{field}")), "{field}");
        says(&sent, text);
    }
    assert!(sent.text.contains("<title>Please check: "), "{}", sent.text);
    assert!(!sent.text.contains("<script>"), "{}", sent.text);
    says(&sent, "Candles & roses");
    assert_eq!(attributes(&sent.text, "aria-invalid").len(), 3);
    assert_eq!(bookings(&platform).await.len(), 0);
    leads_to(&browser.fill(&sent, &ADA).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_number_is_asked_for_as_the_rule_says() {
    let (platform, browser) = house(&[4]).await;
    let without = [ADA[0], ADA[1], ("phone", "")];
    let refused = browser.fill(&form(&browser, 2, "20:00").await, &without).await.expect(422);
    says(&refused, "Please tell us a phone number");
    rules(&platform, json!({"phone_required": false, "policy": "We keep your table for a quarter of an hour."})).await;
    let form = form(&browser, 2, "20:00").await;
    says(&form, "We keep your table for a quarter of an hour.");
    leads_to(&browser.fill(&form, &without).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_the_last_table_is_offered_the_next_times_and_types_nothing_again() {
    let (platform, browser) = house(&[2]).await;
    let (one, other) = (form(&browser, 2, "20:00").await, form(&browser, 2, "20:00").await);
    leads_to(&browser.fill(&one, &ADA).await);
    let bob = [("name", "Bob"), ("email", "bob@example.com"), ("phone", "+44 20 7946 0321")];
    let lost = browser.fill(&other, &bob).await.expect(409);
    says(&lost, "20:00 is no longer free");
    says(&lost, "bob@example.com");
    let offered = attributes(lost.text.split("still free").last().unwrap_or_default(), "value");
    let instead = offered.iter().find(|value| value.ends_with('Z')).expect("another time");
    let path = leads_to(&browser.fill(&lost, &[bob.as_slice(), &[("instead", instead)]].concat()).await);
    says(&browser.open(&path).await.expect(200), "Bob");
    assert_eq!(bookings(&platform).await.len(), 2);
    // Somebody with the link of a time that is taken is told at once, and led on.
    let late = form(&browser, 2, "20:00").await;
    says(&late, "20:00 is no longer free");
    assert!(times(&late.text).len() >= 3, "{}", late.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_from_one_network_are_limited_on_the_page_too() {
    let restaurant = Restaurant { guests_per_hour: 1, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, site: Some(site()), ..Setup::only("reservation") }).await;
    furnish(&platform, &[4, 4, 4]).await;
    let browser = Browser::new(platform.base("reservation")).with("X-Forwarded-For", "198.51.100.7");
    leads_to(&browser.fill(&form(&browser, 2, "20:00").await, &ADA).await);
    let refused = browser.fill(&form(&browser, 2, "20:00").await, &ADA).await.expect(429);
    says(&refused, "A lot of bookings came from your network");
    says(&refused, "ada@example.com");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 3000), "{}", refused.header("retry-after"));
    let neighbour = browser.with("X-Forwarded-For", "198.51.100.8");
    leads_to(&neighbour.fill(&form(&neighbour, 2, "20:00").await, &ADA).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_confirmed_at_once_says_so() {
    let restaurant = Restaurant { auto_confirm: true, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, site: Some(site()), ..Setup::only("reservation") }).await;
    furnish(&platform, &[8]).await;
    rules(&platform, json!({"confirm_above": 4})).await;
    let browser = Browser::new(platform.base("reservation"));
    let sure = form(&browser, 2, "20:00").await;
    says(&sure, "Book this table");
    let path = leads_to(&browser.fill(&sure, &ADA).await);
    says(&browser.open(&path).await.expect(200), "Your table is booked");
    let large = browser.open(&format!("/book?guests=6&date={}&time=12:00", in_days(2))).await.expect(200);
    says(&large, "Ask for this table");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_any_script_is_isolated_from_the_text_around_it() {
    let (_platform, browser) = house(&[4; 4]).await;
    for name in ["إليزابيث الثانية", "王小明", "Никита", "O'Neill <i>"] {
        let path = leads_to(&browser.fill(&form(&browser, 2, "20:00").await, &[("name", name), ADA[1], ADA[2]]).await);
        let booking = browser.open(&path).await.expect(200);
        says(&booking, &format!("<bdi>{name}</bdi>"));
        assert!(!booking.text.contains("<i>"), "{name}");
    }
}
