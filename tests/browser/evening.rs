//! The pages for hosts: every page in every state at the widths of a tablet and of a desk, on paper, and live on two screens at once.

use chassis::http::identity::Role;
use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::noon::date_of;
use restaurant_booking_tests::token;
use serde_json::{Value, json};

use crate::Browsers;
use crate::house::House;
use crate::session::{Look, Session};
use crate::staff_gallery::look;

/// A window of somebody who works there.
pub(crate) async fn signed_in(browsers: &Browsers, house: &House, (user_id, role): (i32, Role)) -> Session {
    let session = browsers.open(&[&house.home, &house.menu]).await;
    let cookie = json!({"name": "session", "value": token::session(user_id, role, 3600), "url": house.home, "httpOnly": true});
    session.devtools("Network.setCookie", cookie).await;
    session
}

/// A time so many minutes from now, on the full quarter.
pub(crate) fn minutes(minutes: i64) -> Timestamp {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now - now % 900).expect("a time") + SignedDuration::from_mins(minutes)
}

/// An evening: parties that are late, awaited, there and gone, with wishes, notes and long names; a block and a pause.
async fn evening(house: &House) {
    let admin = house.platform.admin("reservation");
    let parties = [
        (1, "Okafor, Chidi", 4, "Nut allergy", "", "late"),
        (2, "Lindqvist", 2, "", "First visit", "late"),
        (3, "Moreau, Camille", 6, "A birthday: candles, please, and the quiet table in the corner", "Regulars", "next"),
        (4, "Иванова, Елена", 2, "Высокий стул", "", "next"),
        (5, "إليزابيث الثانية", 2, "", "", "next"),
        (6, "Haddad, Nour", 4, "Vegetarian", "", "here"),
        (7, "Wolfeschlegelsteinhausenbergerdorff, Hubert Blaine", 2, "", "", "over"),
        (8, "Grace Hopper", 2, "", "", "gone"),
        (9, "Edsger Dijkstra", 2, "", "", "missed"),
    ];
    for (place, (table, name, guests, wishes, note, state)) in parties.into_iter().enumerate() {
        let body = json!({
            "source": "phone", "guests_count": guests, "reservation_time": minutes(60 + 15 * place as i64), "override": true, "table_id": table,
            "contact_name": name, "contact_phone": "+44 20 7946 0958", "special_requests": wishes, "staff_note": note, "duration_minutes": 90,
        });
        let made = admin.post("/reservations/", &body).await.expect(201).body;
        let act = async |action: &str| admin.act(&format!("/reservations/{}/{action}", made["id"])).await.expect(200);
        if matches!(state, "here" | "over" | "gone") {
            act("seat").await;
        }
        let ago = match state {
            "late" => 20,
            "here" => 30,
            "over" => 110,
            "gone" => 100,
            "missed" => 60,
            _ => 0,
        };
        if ago > 0 {
            let begun = "UPDATE reservation SET reservation_time = date_trunc('minute', now()) - make_interval(mins => $2) WHERE id = $1";
            let id = made["id"].as_i64().expect("an id");
            sqlx::query(begun).bind(id).bind(ago).execute(&house.platform.pool("reservation")).await.expect("begun");
        }
        match state {
            "gone" => drop(act("complete").await),
            "missed" => drop(act("no-show").await),
            _ => {}
        }
    }
    let tables = admin.get("/reservations/tables").await.expect(200).body;
    let block = json!({"table_ids": [tables[9]["id"]], "from": minutes(0), "until": minutes(180), "reason": "A wobbly leg"});
    admin.post("/reservations/blocks", &block).await.expect(201);
    admin.put("/reservations/pause", &json!({"until": minutes(120)})).await.expect(200);
}

pub(crate) async fn hosts_use_every_page_in_every_state(browsers: Browsers) {
    let house = House::at_noon(&[4, 2, 6, 2, 2, 4, 2, 2, 2, 4]).await;
    let session = signed_in(&browsers, &house, (1, Role::Admin)).await;
    let page = |path: &str| format!("{}/host{path}", house.home);
    session.open(&page("?date=2030-05-17")).await;
    session.says("Nobody has booked for this day yet.").await;
    look(&session, "host-empty").await;
    evening(&house).await;
    session.open(&page("")).await;
    session.says("Okafor, Chidi").await;
    look(&session, "host-day").await;
    session.script("document.querySelector('#done').open = true").await;
    look(&session, "host-done").await;
    session.open(&page("?q=moreau")).await;
    look(&session, "host-found").await;
    for (name, path) in [
        ("host-walk-in", "/walk-in"),
        ("host-phone", "/book?guests=2"),
        ("host-block", "/block"),
        ("host-pause", "/pause"),
        ("host-booking", "/bookings/3"),
    ] {
        session.open(&page(path)).await;
        look(&session, name).await;
    }
    session.lengthen().await;
    for width in [390, 768, 1280] {
        session.resize(width, Look::Light).await;
        assert_eq!(session.overflow().await, 0, "in longer words at {width}");
    }
    session.close().await;
}

/// Where the row of a party stands.
pub(crate) async fn place(session: &Session, name: &str) -> Value {
    let script = format!(
        "const row = [...document.querySelectorAll('.sheet li')].find(row => row.textContent.includes({}));
         return row ? row.closest('section, details').querySelector('h2').textContent : ''",
        json!(name)
    );
    session.script(&script).await
}

/// Waits until the row of a party stands there.
async fn comes_to(session: &Session, name: &str, heading: &str) {
    for _ in 0..1200 {
        if place(session, name).await == json!(heading) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{name} does not come to {heading:?}, but is in {}", place(session, name).await);
}

pub(crate) async fn without_a_broker_the_page_asks_and_without_a_network_it_catches_up_with_no_reload(browsers: Browsers) {
    let house = House::at_noon(&[4, 2]).await;
    let admin = house.platform.admin("reservation");
    let body = json!({"source": "phone", "guests_count": 2, "reservation_time": minutes(30), "override": true, "contact_name": "Ada King",
        "contact_phone": "+44 20 7946 0958"});
    let id = admin.post("/reservations/", &body).await.expect(201).body["id"].clone();
    let act = async |action: &str| admin.act(&format!("/reservations/{id}/{action}")).await.expect(200);
    let session = signed_in(&browsers, &house, (7, Role::Host)).await;
    session.open(&format!("{}/host?date={}", house.home, date_of(minutes(30)))).await;
    session.says("Up to date").await;
    session.script("window.opened = true").await;
    house.platform.broker.as_ref().expect("the test's own").down();
    act("seat").await;
    comes_to(&session, "Ada King", "Here · 1").await;
    session.says("Up to date").await;

    let network = async |offline: bool| {
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        session.devtools("Network.emulateNetworkConditions", conditions).await;
    };
    network(true).await;
    act("complete").await;
    session.says("No connection. This is the sheet of ").await;
    assert_eq!(place(&session, "Ada King").await, json!("Here · 1"));
    network(false).await;
    comes_to(&session, "Ada King", "Done · 1").await;
    session.says("Up to date").await;
    assert_eq!(session.script("return window.opened").await, true, "the page was loaded again");
    session.close().await;
}

pub(crate) async fn a_tap_on_one_screen_is_on_the_other_and_a_lost_service_leaves_the_sheet(browsers: Browsers) {
    let house = House::at_noon(&[4, 2]).await;
    let admin = house.platform.admin("reservation");
    let body = json!({"source": "phone", "guests_count": 2, "reservation_time": minutes(30), "override": true, "contact_name": "Ada King",
        "contact_phone": "+44 20 7946 0958"});
    admin.post("/reservations/", &body).await.expect(201);
    let (one, other) = (signed_in(&browsers, &house, (7, Role::Host)).await, signed_in(&browsers, &house, (8, Role::Host)).await);
    for session in [&one, &other] {
        session.resize(1024, Look::Light).await;
        session.open(&format!("{}/host?date={}", house.home, date_of(minutes(30)))).await;
        session.says("Up to date").await;
    }
    // The focus of the other host stays where it is.
    other.script("document.querySelector('.who a').focus()").await;
    one.click("Seat").await;
    comes_to(&other, "Ada King", "Here · 1").await;
    assert_eq!(other.script("return document.activeElement.textContent").await, "Ada King");
    one.is_content("one screen").await;
    other.is_content("the other").await;
    let House { platform, .. } = house;
    platform.stop().await;
    other.says("No connection. This is the sheet of ").await;
    other.says("Ada King").await;
    for session in [one, other] {
        session.close().await;
    }
}
