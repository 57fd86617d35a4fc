//! The page of the restaurant, and finding a booking.

use reservation::mail::settings::MailSettings;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::{Platform, Setup};
use serde_json::{Value, json};
use site::settings::Site;

use crate::browser::{ADA, Browser, leads_to, links, says};
use crate::{dinners, furnish, house, in_days, site};

#[tokio::test(flavor = "multi_thread")]
async fn the_restaurant_shows_its_hours_and_the_ways_to_a_table() {
    let (platform, browser) = house(&[4]).await;
    let bare = browser.open("/").await.expect(200);
    assert!(!bare.text.contains("Opening hours"), "{}", bare.text);
    dinners(&platform).await;
    let admin = platform.admin("reservation");
    let brunch = json!([{"name": "Brunch", "opens": "10:00", "last_seating": "13:00", "closes": "15:00"}]);
    admin
        .post("/reservations/exceptions", &json!({"from": in_days(3), "until": in_days(4), "closed": true, "note": null}))
        .await
        .expect(201);
    admin
        .post("/reservations/exceptions", &json!({"from": in_days(6), "until": in_days(6), "services": brunch, "note": null}))
        .await
        .expect(201);
    let page = browser.open("/").await.expect(200);
    for text in [
        "Trattoria da Rosa",
        "Via dei Fiori 12",
        "Monday to Sunday",
        "18:00 to 23:00",
        "Different in the next two weeks",
        "Brunch",
        "closed",
    ] {
        says(&page, text);
    }
    let ways = links(&page.text);
    for way in ["/book", "/b", "http://localhost:8001/menu", "tel:+39065550100", "https://trattoria.example/privacy"] {
        assert!(ways.iter().any(|link| link == way), "{way} in {ways:?}");
    }
    let data = page.text.split("ld+json\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("JSON-LD");
    let data: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!((&data["@type"], &data["telephone"]), (&json!("Restaurant"), &json!("+39 06 555 0100")));
    let book = format!("{}/book", platform.base("reservation"));
    assert_eq!(data["potentialAction"]["target"]["urlTemplate"], book.as_str());
    assert_eq!(data["openingHoursSpecification"][0]["opens"], "18:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_cannot_end_the_data_for_search_engines() {
    let named = Site { name: "</script><script>alert(1)</script>".to_owned(), ..site() };
    let platform = Platform::start(Setup { site: Some(named), ..Setup::only("reservation") }).await;
    let page = Browser::new(platform.base("reservation")).open("/").await.expect(200);
    assert_eq!(page.text.matches("<script").count(), 1, "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_mail_is_sent_a_guest_who_lost_the_link_calls() {
    let (_platform, browser) = house(&[4]).await;
    let page = browser.open("/b").await.expect(200);
    says(&page, "Please open the link that you kept");
    assert!(!page.text.contains("<form") && links(&page.text).contains(&"tel:+39065550100".to_owned()));
    says(&browser.send("/b", &[("code", "7QK2M9XA"), ("email", "ada@example.com")]).await.expect(200), "Please open the link");
}

/// Nobody learns whether there is a booking of a code, but whoever reads the mail.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_lost_the_link_has_it_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mail = MailSettings::to_directory(folder.path().to_owned(), &site());
    let platform = Platform::start(Setup { site: Some(site()), mail: Some(mail), ..Setup::only("reservation") }).await;
    furnish(&platform, &[4]).await;
    let browser = Browser::new(platform.base("reservation"));
    let form = browser.open(&format!("/book?guests=2&date={}&time=20:00", in_days(2))).await.expect(200);
    let booking = leads_to(&browser.fill(&form, &ADA).await);
    says(&browser.open(&booking).await.expect(200), "The link to this page is in your mail.");
    let letters = || {
        std::fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|end| end == "eml"))
            .count()
    };
    eventually("the mail of the booking", async || letters() == 1).await;

    let code = booking.split(['/', '?']).nth(2).expect("a code");
    let page = browser.open("/b").await.expect(200);
    says(&page, "Booking code");
    let wrong = browser.send("/b", &[("code", "00000000"), ("email", ADA[1].1)]).await.expect(200);
    let nobody = browser.send("/b", &[("code", code), ("email", "bob@example.com")]).await.expect(200);
    let right = browser.send("/b", &[("code", code), ("email", ADA[1].1)]).await.expect(200);
    says(&right, "If there is such a booking, its link is on its way to you.");
    assert!(wrong.text == right.text && nobody.text == right.text);
    eventually("the link", async || letters() == 2).await;
}
