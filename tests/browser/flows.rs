//! What guests do, from begin to end.

use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};

use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Platform, Setup};
use site::settings::Site;

use crate::Browsers;
use crate::house::{House, in_days};
use crate::session::Session;

/// Types the contact of a guest.
async fn contact(session: &Session, name: &str) {
    session.fill("name", name).await;
    session.fill("email", "ada@example.com").await;
    session.fill("phone", "+44 20 7946 0958").await;
}

pub(crate) async fn a_guest_books_changes_and_cancels_without_script(browsers: Browsers) {
    let house = House::new(&[4]).await;
    let session = browsers.open(&[&house.home, &house.menu]).await;
    session.without_script().await;
    let begun = Instant::now();
    session.open(&format!("{}/", house.home)).await;
    session.click("Book a table").await;
    session.script(&format!("document.querySelector('#date').value = '{}'", in_days(3))).await;
    session.click("Show times").await;
    session.click("19:30").await;
    contact(&session, "إليزابيث الثانية").await;
    session.fill("wishes", "Candles").await;
    session.click("Book this table").await;
    session.says("Your table is booked").await;
    session.says("إليزابيث الثانية").await;

    session.click("Change day, time or guests").await;
    session.says("your time now").await;
    session.click("20:30").await;
    session.says("We have changed your booking.").await;
    session.says("at 20:30").await;
    session.click("Change my details").await;
    session.fill("email", "countess@example.com").await;
    session.click("Save").await;
    session.says("Your details are saved.").await;
    session.click("Cancel this booking").await;
    session.click("Yes, cancel").await;
    session.says("This booking is cancelled").await;
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    session.is_content("the flow").await;
    session.close().await;
}

/// The text of what has the focus; fails where nobody could see that it does.
async fn focused(session: &Session) -> String {
    let script = "const element = document.activeElement, style = getComputedStyle(element);
        return [element.id || element.textContent.trim().replace(/\\s+/g, ' '), element === document.body || style.outlineStyle !== 'none'];";
    let found = session.script(script).await;
    let text = found[0].as_str().unwrap_or_default().to_owned();
    assert_eq!(found[1], true, "the focus on {text:?} cannot be seen");
    text
}

pub(crate) async fn press(session: &Session, key: char) {
    let press = KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
    session.client.perform_actions(press).await.expect("pressed");
}

/// Goes on from what has the focus to what has this text, as the tabulator does.
pub(crate) async fn tab_to(session: &Session, text: &str) {
    let mut passed = Vec::new();
    for _ in 0..60 {
        press(session, '\u{e004}').await;
        let found = focused(session).await;
        if found.starts_with(text) {
            return;
        }
        passed.push(found);
    }
    panic!("{text:?} does not get the focus, but {passed:?}");
}

pub(crate) async fn enter(session: &Session) {
    press(session, '\u{e007}').await;
    tokio::time::sleep(Duration::from_millis(300)).await;
}

pub(crate) async fn type_keys(session: &Session, text: &str) {
    for key in text.chars() {
        press(session, key).await;
    }
}

pub(crate) async fn a_guest_books_by_keyboard_alone(browsers: Browsers) {
    let house = House::new(&[4]).await;
    let session = browsers.open(&[&house.home, &house.menu]).await;
    session.open(&format!("{}/book?guests=2&date={}", house.home, in_days(3))).await;
    tab_to(&session, "Skip to the content").await;
    enter(&session).await;
    // What is skipped stays skipped: the form is next.
    press(&session, '\u{e004}').await;
    assert_eq!(focused(&session).await, "guests");
    tab_to(&session, "19:30").await;
    enter(&session).await;
    for (id, text) in [("name", "Ada Lovelace"), ("email", "ada"), ("phone", "+442079460958")] {
        tab_to(&session, id).await;
        type_keys(&session, text).await;
    }
    // The browser's own word on an address would do; without it the page has one.
    session.script("document.querySelector('#details').noValidate = true").await;
    tab_to(&session, "Book this table").await;
    enter(&session).await;
    session.says("Please check what you typed").await;
    // The errors have the focus, and lead to their fields.
    assert!(focused(&session).await.starts_with("Please check what you typed"));
    tab_to(&session, "This does not look like an e-mail address").await;
    enter(&session).await;
    assert_eq!(focused(&session).await, "email");
    type_keys(&session, "\u{e010}@example.com").await;
    tab_to(&session, "Book this table").await;
    enter(&session).await;
    session.says("Your table is booked").await;
    session.is_content("the flow").await;
    session.close().await;
}

pub(crate) async fn of_two_browsers_that_race_for_the_last_table_the_loser_is_offered_the_next_times(browsers: Browsers) {
    let house = House::new(&[2]).await;
    let homes = [house.home.as_str(), house.menu.as_str()];
    let (one, other) = (browsers.open(&homes).await, browsers.open(&homes).await);
    for (session, name) in [(&one, "Ada"), (&other, "Bob")] {
        session.open(&house.time(3, "19:30")).await;
        contact(session, name).await;
    }
    tokio::join!(one.click("Book this table"), other.click("Book this table"));
    let (one_says, other_says) = (one.text().await, other.text().await);
    let lost = |text: &str| text.contains("19:30 is no longer free");
    assert!(lost(&one_says) != lost(&other_says), "{one_says}\n\n{other_says}");
    let loser = if lost(&one_says) { &one } else { &other };
    assert_eq!(loser.script("return document.querySelector('#email').value").await, "ada@example.com");
    loser.click("instead").await;
    loser.says("Your table is booked").await;
    for session in [one, other] {
        session.is_content("the race").await;
        session.close().await;
    }
    let booked: i64 =
        sqlx::query_scalar("SELECT count(*) FROM reservation").fetch_one(&house.platform.pool("reservation")).await.expect("a count");
    assert_eq!(booked, 2);
}

pub(crate) async fn an_administrator_adds_prices_and_deletes_a_dish_by_keyboard_without_script(browsers: Browsers) {
    let setup = Setup { services: vec!["auth", "menu"], site: Some(Site::default()), ..Setup::default() };
    let platform = Platform::start(setup).await;
    let (auth, home) = (platform.base("auth"), platform.base("menu"));
    let session = browsers.open(&[auth, home]).await;
    session.without_script().await;
    // The sign-in of one service leads to the page of the other.
    session.open(&format!("{home}/menu/edit")).await;
    session.says("Sign in").await;
    for (id, text) in [("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD)] {
        tab_to(&session, id).await;
        type_keys(&session, text).await;
    }
    enter(&session).await;
    session.says("There is no dish on the menu yet.").await;
    for (id, text) in [("name", "Borscht"), ("price", "8.555"), ("description", "Beetroot")] {
        tab_to(&session, id).await;
        type_keys(&session, text).await;
    }
    tab_to(&session, "Add to the menu").await;
    enter(&session).await;
    session.says("Please check what you typed").await;
    assert!(focused(&session).await.starts_with("Please check what you typed"));
    tab_to(&session, "The price may have two digits after the point").await;
    enter(&session).await;
    assert_eq!(focused(&session).await, "price");
    type_keys(&session, "\u{e010}\u{e003}").await;
    enter(&session).await;
    session.says("8.55").await;
    // The new dish is where the focus goes on from: its link is next.
    press(&session, '\u{e004}').await;
    assert_eq!(focused(&session).await, "Borscht");
    enter(&session).await;
    session.says("Delete this dish").await;
    tab_to(&session, "price").await;
    // What the field has is selected when the focus comes to it.
    type_keys(&session, "9,50").await;
    enter(&session).await;
    session.says("9.50").await;
    tab_to(&session, "Borscht").await;
    enter(&session).await;
    tab_to(&session, "Delete this dish").await;
    enter(&session).await;
    session.says("Delete this dish?").await;
    tab_to(&session, "Delete it").await;
    enter(&session).await;
    session.says("The dish is deleted.").await;
    session.is_content("the dishes").await;
    session.close().await;
}
