//! The menu as guests read it.

use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;

use crate::browser::{Browser, leads_to, links, says};
use crate::site;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reads_the_menu_and_finds_a_dish() {
    let platform = Platform::start(Setup { services: vec!["auth", "menu"], site: Some(site()), ..Setup::default() }).await;
    let browser = Browser::new(platform.base("menu"));
    says(&browser.open("/menu").await.expect(200), "Our menu is on its way.");
    let admin = platform.admin("menu");
    for (name, price, description) in
        [("Borscht <hot>", "8.50", "Beetroot"), ("Burrata", "11.00", "With peaches"), ("שקשוקה", "9.90", "Eggs")]
    {
        admin.post("/api/v1/menu", &json!({"name": name, "price": price, "description": description})).await.expect(201);
    }
    let page = browser.open("/menu").await.expect(200);
    for text in ["<bdi>Borscht <hot></bdi>", "8.50", "With peaches", "<bdi>שקשוקה</bdi>"] {
        says(&page, text);
    }
    assert!(!page.text.contains("<hot>"), "{}", page.text);
    let found = browser.open("/menu?q=PEACH&min_price=&max_price=12,00").await.expect(200);
    says(&found, "Burrata");
    assert!(!found.text.contains("Borscht"), "{}", found.text);
    assert!(links(&found.text).contains(&"/menu".to_owned()));
    says(&browser.open("/menu?min_price=100").await.expect(200), "We have no such dish.");
    says(&browser.open("/menu?min_price=much").await.expect(200), "This is no price.");
    says(&browser.open("/menu?lang=de").await.expect(200), "8,50");
    says(&browser.open("/nothing").await.expect(404), "There is nothing here");
    // The restaurant has its page elsewhere.
    for service in ["menu", "auth"] {
        let home = leads_to(&Browser::new(platform.base(service)).open("/").await);
        assert_eq!(home, "http://localhost:8002/", "{service}");
    }
    let program = platform.anyone("menu");
    assert_eq!(program.get("/api/v1/menu").await.expect(200).header("content-type"), "application/json");
}
