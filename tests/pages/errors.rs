//! What browsers read where something fails, and the headers of pages.

use reservation::config::{Config, Restaurant};
use restaurant_booking_tests::{Api, Platform, Setup, platform};
use site::settings::Site;
use tokio::net::TcpListener;

use crate::browser::{ADA, Browser, leads_to, links, says};
use crate::{house, in_days, site};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_reads_errors_as_pages_and_a_program_as_problems() {
    let (platform, browser) = house(&[4]).await;
    for path in ["/nothing", "/bok", "/b/1/2/3", "/assets/reservation/other.js", "/assets/reservation/style.css"] {
        let page = browser.open(path).await.expect(404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        says(&page, "There is nothing here");
        assert!(links(&page.text).contains(&"/book".to_owned()), "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let sent = browser.send("/", &[]).await.expect(405);
    says(&sent, "That did not work");
    assert_eq!(sent.header("allow"), "GET,HEAD");
    let large = browser.send("/book", &[("wishes", &"x".repeat(70_000))]).await.expect(413);
    says(&large, "That was too much");

    // What is for programs stays so, whoever asks; and programs read problems of pages.
    browser.open("/reservations/1").await.problem(401, "unauthenticated");
    browser.open("/reservations/1/nothing").await.problem(404, "not_found");
    let program = platform.anyone("reservation");
    program.get("/nothing").await.problem(404, "not_found");
    program.act("/").await.problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_a_browser_reads_that_it_may_come_again() {
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let away = "postgres://nobody@127.0.0.1:1/nowhere".parse().expect("a URL");
    let settings = platform::settings(away, platform.kafka.clone());
    let base = platform.add("reservation", settings, &Restaurant::default()).await;
    let page = Browser::new(&base).open("/book").await.expect(503);
    says(&page, "We will be right with you");
    assert_eq!((page.header("retry-after"), page.header("content-type")), ("1", "text/html; charset=utf-8"));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_let_a_browser_load_nothing_from_elsewhere() {
    let (_platform, browser) = house(&[4]).await;
    let form = browser.open(&format!("/book?guests=2&date={}&time=20:00", in_days(2))).await.expect(200);
    let booking = leads_to(&browser.fill(&form, &ADA).await);
    for path in ["/", "/book", "/b", "/nothing", &booking] {
        let page = browser.open(path).await;
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "form-action 'self' http://localhost:8000 http://localhost:8001",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|found| found == part), "{path}: {part} in {policy}");
        }
        assert_eq!((page.header("x-content-type-options"), page.header("referrer-policy")), ("nosniff", "no-referrer"), "{path}");
        assert!(!page.text.contains(" style=") && !page.text.contains("<style") && !page.text.contains(" onclick"), "{path}");
        let scripts: Vec<_> = page.text.split("<script").skip(1).collect();
        assert!(scripts.iter().all(|script| script.starts_with(" type=\"application/ld+json\">")), "{path}");
        assert!(page.text.contains("<html lang=\"en\">"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_what_it_loads_are_small() {
    let (_platform, browser) = house(&[4]).await;
    let browser = browser.with("Accept-Encoding", "gzip");
    let page = browser.open("/book").await.expect(200);
    let loaded: Vec<_> = links(&page.text).into_iter().filter(|link| link.starts_with("/assets/")).collect();
    assert!(loaded.len() <= 3, "{loaded:?}");
    let mut size = page.text.len();
    for file in loaded {
        let reply = browser.open(&file).await.expect(200);
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        size += reply.header("content-length").parse::<usize>().expect("a length");
    }
    assert!(size <= 30 * 1024, "{size} bytes");
    let icon = browser.open("/favicon.ico").await.expect(200);
    assert_eq!(icon.header("content-type"), "image/x-icon");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reads_their_language_and_keeps_the_one_they_choose() {
    let (_platform, browser) = house(&[4]).await;
    let german = browser.with("Accept-Language", "de-AT, en;q=0.5");
    let page = german.open("/book").await.expect(200);
    says(&page, "Tisch reservieren");
    assert!(page.text.contains("<html lang=\"de\">"));
    assert_eq!(page.header("vary"), "Accept-Language");
    let chosen = german.open("/book?lang=ru").await.expect(200);
    says(&chosen, "Забронировать стол");
    assert!(chosen.text.contains("<html lang=\"ru\">"));
    let ways = links(&chosen.text);
    assert!(ways.contains(&"/b?lang=ru".to_owned()) && ways.contains(&"/book?lang=de".to_owned()), "{ways:?}");
    let time = crate::browser::times(&chosen.text).pop().expect("a time");
    let form = german.open(&time).await.expect(200);
    let booking = leads_to(&german.fill(&form, &ADA).await);
    assert!(booking.ends_with("&lang=ru"), "{booking}");
    says(&german.open(&booking).await.expect(200), "Ваша заявка у нас");
    says(&browser.open("/nothing?lang=de").await.expect(404), "Hier ist nichts");
    says(&browser.with("Accept-Language", "fr").open("/").await.expect(200), "Book a table");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_may_have_no_pages() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let database = restaurant_booking_tests::database::migrated("reservation").await;
    let service = platform::settings(database, platform.kafka.clone());
    let site = Site { pages: false, ..site() };
    let config = Config { site, ..platform::reservation_config(service, Restaurant::default()) };
    let shutdown = chassis::Shutdown::new();
    let running = tokio::spawn(reservation::serve(config, listener, shutdown.clone()));
    platform::ready(&base).await;
    let browser = Browser::new(&base);
    for path in ["/", "/book", "/b", "/b/7QK2M9XA", "/favicon.ico", "/assets/reservation/style.css"] {
        browser.open(path).await.problem(404, "not_found");
    }
    Api::new(&base).get("/reservations/rules").await.expect(200);
    shutdown.cancel();
    running.await.expect("it stops").expect("in order");
}
