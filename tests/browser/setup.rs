//! Setting up the house, in every state and at the widths of a tablet and of a desk; and the pages for hosts by keyboard alone, without script.

use chassis::http::identity::Role;
use jiff::SignedDuration;
use restaurant_booking_tests::noon::{self, date_of};
use serde_json::{Value, json};

use crate::Browsers;
use crate::evening::{minutes, place, signed_in};
use crate::flows::{enter, press, tab_to, type_keys};
use crate::house::House;
use crate::session::{Look, Session};
use crate::staff_gallery::look;

/// The id of the administrator.
const LEO: (i32, Role) = (1, Role::Admin);

/// Sends the form of the page, whatever the browser thinks of it.
async fn send(session: &Session, text: &str) {
    session.script("for (const form of document.forms) form.noValidate = true").await;
    session
        .script(&format!("[...document.querySelectorAll('main button')].find(one => one.textContent.includes({})).click()", json!(text)))
        .await;
}

/// Books by phone, in so many minutes.
async fn booked(house: &House, ahead: i64, name: &str) -> Value {
    let body = json!({"source": "phone", "guests_count": 2, "reservation_time": minutes(ahead), "contact_name": name, "contact_phone": "+44 20 7946 0958"});
    house.platform.admin("reservation").post("/reservations/", &body).await.expect(201).body
}

pub(crate) async fn an_administrator_sets_up_the_house_in_every_state(browsers: Browsers) {
    let house = House::at_noon(&[]).await;
    let admin = house.platform.admin("reservation");
    admin.put("/reservations/schedule", &json!({"services": []})).await.expect(200);
    house.rules(json!({})).await;
    let session = signed_in(&browsers, &house, LEO).await;
    let open = async |path: &str| session.open(&format!("{}/host/setup{path}", house.home)).await;
    open("").await;
    look(&session, "setup-empty").await;
    session.fill("seats", "4").await;
    send(&session, "Add the table").await;
    session.says("Guests can book a table now.").await;
    look(&session, "setup-first-table").await;

    for area in [json!({"name": "Terrace", "online": false, "position": 1}), json!({"name": "Большой зал с видом на сад"})]
    {
        admin.post("/reservations/areas", &area).await.expect(201);
    }
    for number in 2..=6 {
        let table = json!({"table_number": number, "capacity": 2 + number % 3, "area_id": 1 + number % 2, "online": number != 6, "description": "By the window"});
        admin.post("/reservations/tables", &table).await.expect(201);
    }
    admin
        .post("/reservations/table-groups", &json!({"name": "Window", "table_ids": [2, 4], "capacity": 7, "min_party": 5}))
        .await
        .expect(201);
    let ada = booked(&house, 24 * 60, "Ada Lovelace").await;
    booked(&house, 48 * 60, "Bob").await;
    for path in ["tables", "areas", "groups", "exceptions", "hours", "rules", "tables/3", "areas/1", "groups/1"] {
        open(&format!("/{path}")).await;
        look(&session, &format!("setup-{}", path.replace('/', "-"))).await;
    }
    open("/tables").await;
    for (field, text) in [("number", "2"), ("seats", "40"), ("min", "many")] {
        session.fill(field, text).await;
    }
    send(&session, "Add").await;
    session.says("Seats: Write a whole number from 1 to 12.").await;
    look(&session, "setup-table-errors").await;
    open(&format!("/tables/{}", ada["table_id"])).await;
    session.script("document.querySelector('details').open = true").await;
    send(&session, "Remove the table").await;
    session.says("Bookings are in the way.").await;
    look(&session, "setup-table-booked").await;

    open("/hours").await;
    session.fill("service-0", "Dinner").await;
    for (field, time) in [("opens-0", "18:00"), ("last-0", "23:30"), ("closes-0", "23:00")] {
        session.script(&format!("document.getElementById('{field}').value = '{time}'")).await;
    }
    send(&session, "Save").await;
    session.says("Dinner, Days: Choose at least one day.").await;
    look(&session, "setup-hours-errors").await;
    session.script("document.getElementById('last-0').value = '21:30'; document.getElementById('monday-0').checked = true").await;
    send(&session, "Show the effect first").await;
    session.says("2 more bookings would be outside our hours.").await;
    look(&session, "setup-hours-strand").await;
    send(&session, "Save").await;
    session.says("Set up the house").await;
    look(&session, "setup-stranded").await;

    open("/exceptions").await;
    let date = date_of(minutes(24 * 60));
    session.script(&format!("for (const id of ['from', 'until']) document.getElementById(id).value = '{date}'; document.getElementById('closed').checked = true")).await;
    session.fill("note", "Painting the walls").await;
    send(&session, "Add").await;
    session.says("Painting the walls").await;
    look(&session, "setup-exception-added").await;
    let (mut week, dinner) =
        (vec!["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], ["18:00", "21:30", "23:30"]);
    let service = |name: &str, days: &[&str], [opens, last, closes]: [&str; 3]| json!({"name": name, "days": days, "opens": opens, "last_seating": last, "closes": closes});
    let sunday = week.split_off(6);
    let services = [service("Dinner", &week, dinner), service("Sunday lunch", &sunday, ["12:00", "14:30", "17:00"])];
    admin.put("/reservations/schedule", &json!({"services": services})).await.expect(200);
    house.rules(json!({"slot_minutes": 15, "turn_times": [{"up_to": 2, "minutes": 90}, {"up_to": 8, "minutes": 120}], "max_party": 8, "confirm_above": 6})).await;
    for (name, path) in [
        ("setup", ""),
        ("setup-hours-two", "/hours"),
        ("setup-german", "?lang=de"),
        ("setup-rules-russian", "/rules?lang=ru"),
        ("setup-hours-german", "/hours?lang=de"),
    ] {
        open(path).await;
        look(&session, name).await;
    }
    for path in ["", "/hours", "/rules", "/tables", "/groups"] {
        open(path).await;
        session.lengthen().await;
        for width in [390, 768, 1280] {
            session.resize(width, Look::Light).await;
            assert_eq!(session.overflow().await, 0, "{path} in longer words at {width}");
        }
    }
    session.close().await;
}

/// Types over what stands in the field that has the focus.
async fn type_over(session: &Session, text: &str) {
    session.script("document.activeElement.select()").await;
    type_keys(session, text).await;
}

pub(crate) async fn a_house_is_set_up_by_keyboard_alone_without_script(browsers: Browsers) {
    let house = House::at_noon(&[]).await;
    let admin = house.platform.admin("reservation");
    admin.put("/reservations/schedule", &json!({"services": []})).await.expect(200);
    let session = signed_in(&browsers, &house, LEO).await;
    session.resize(768, Look::Light).await;
    session.without_script().await;
    session.open(&format!("{}/host/setup", house.home)).await;
    tab_to(&session, "number").await;
    type_over(&session, "5").await;
    tab_to(&session, "seats").await;
    type_over(&session, "6").await;
    enter(&session).await;
    session.says("Guests can book a table now.").await;
    tab_to(&session, "Change").await;
    enter(&session).await;
    session.says("Name, such as Dinner").await;
    tab_to(&session, "service-0").await;
    type_keys(&session, "Dinner").await;
    for day in ["monday-0", "saturday-0"] {
        tab_to(&session, day).await;
        press(&session, ' ').await;
    }
    for (field, time) in [("opens-0", "0600PM"), ("last-0", "0930PM"), ("closes-0", "1130PM")] {
        tab_to(&session, field).await;
        type_keys(&session, time).await;
    }
    tab_to(&session, "Save").await;
    enter(&session).await;
    session.says("Mon, Sat · Dinner").await;
    session.is_content("setting up").await;
    session.close().await;
    let services = admin.get("/reservations/schedule").await.expect(200).body["services"].clone();
    assert_eq!(
        (&services[0]["days"], &services[0]["opens"], &services[0]["closes"]),
        (&json!(["monday", "saturday"]), &json!("18:00"), &json!("23:30"))
    );
    let table = admin.get("/reservations/tables").await.expect(200).body[0].clone();
    assert_eq!((&table["table_number"], &table["capacity"]), (&json!(5), &json!(6)));
}

pub(crate) async fn a_host_works_the_evening_by_keyboard_alone_without_script(browsers: Browsers) {
    let house = House::at_noon(&[2, 4]).await;
    let admin = house.platform.admin("reservation");
    let body = json!({"source": "phone", "guests_count": 2, "reservation_time": minutes(30), "override": true, "contact_name": "Ada King",
        "contact_phone": "+44 20 7946 0958"});
    let ada = admin.post("/reservations/", &body).await.expect(201).body;
    let session = signed_in(&browsers, &house, (7, Role::Host)).await;
    session.resize(768, Look::Light).await;
    session.without_script().await;
    session.open(&format!("{}/host?date={}", house.home, date_of(minutes(30)))).await;
    tab_to(&session, "Skip to the content").await;
    enter(&session).await;
    // Seated, and undone.
    tab_to(&session, "b1-seat").await;
    enter(&session).await;
    assert_eq!(place(&session, "Ada King").await, json!("Here · 1"));
    tab_to(&session, "b1-reopen").await;
    enter(&session).await;
    assert_eq!(place(&session, "Ada King").await, json!("Next · 1"));
    // A walk-in, by two keys and a name.
    tab_to(&session, "Walk-in").await;
    enter(&session).await;
    tab_to(&session, "name").await;
    type_keys(&session, "Nour").await;
    enter(&session).await;
    session.says("Nour").await;
    assert_eq!(place(&session, "Nour").await, json!("Here · 1"));
    // Moved an hour on: the booking, its time, and the button.
    tab_to(&session, "b1-open").await;
    enter(&session).await;
    tab_to(&session, "time").await;
    let later = minutes(30) + SignedDuration::from_hours(1);
    type_keys(&session, &later.to_zoned(noon::zone()).strftime("%I%M%p").to_string()).await;
    tab_to(&session, "Save").await;
    enter(&session).await;
    if session.text().await.contains("against the rules") {
        tab_to(&session, "override").await;
        press(&session, ' ').await;
        tab_to(&session, "Save").await;
        enter(&session).await;
    }
    // Where they stay for less than before, the page says so first.
    if session.text().await.contains("It is moved.") {
        tab_to(&session, "Back to the day").await;
        enter(&session).await;
    }
    let moved = admin.get(&format!("/reservations/{}", ada["id"])).await.expect(200).body;
    assert_eq!(moved["reservation_time"], json!(later), "{}", session.text().await);
    // Found by name, and gone.
    tab_to(&session, "q").await;
    type_keys(&session, "nour").await;
    enter(&session).await;
    session.says("1 booking found").await;
    tab_to(&session, "b2-complete").await;
    enter(&session).await;
    assert_eq!(place(&session, "Nour").await, json!("Done · 1"));
    session.is_content("the evening").await;
    session.close().await;
}
