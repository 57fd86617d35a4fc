//! The pages for hosts, as a browser without script has them, and what open pages are told.

#[path = "../pages/browser.rs"]
#[allow(dead_code, reason = "what guests do is of the test binary pages")]
mod browser;
mod day;
mod door;
mod evening;
mod floor;
mod live;
mod setup;

use chassis::http::identity::Role;
use jiff::{SignedDuration, Timestamp};
use reservation::config::Restaurant;
use restaurant_booking_tests::{Platform, Reply, Setup, noon, token};
use serde_json::{Value, json};
use site::settings::Site;

use crate::browser::{Browser, attributes, plain};

/// The user id of the host.
const ROSA: i32 = 7;

/// A restaurant with tables of these capacities.
async fn house(capacities: &[i32]) -> Platform {
    let site = Site { name: "Trattoria da Rosa".to_owned(), ..Site::default() };
    let restaurant = Restaurant { time_zone: noon::zone(), ..Restaurant::default() };
    let platform = Platform::start(Setup { site: Some(site), restaurant, ..Setup::only("reservation") }).await;
    let admin = platform.admin("reservation");
    for (number, capacity) in (1..).zip(capacities) {
        admin.post("/reservations/tables", &json!({"table_number": number, "capacity": capacity})).await.expect(201);
    }
    platform
}

/// A browser with the session of somebody.
fn signed_in(platform: &Platform, user_id: i32, role: Role) -> Browser {
    let session = token::session(user_id, role, 600);
    Browser::new(platform.base("reservation")).with("Cookie", &format!("other=1; session={session}")).with("Sec-Fetch-Site", "same-origin")
}

/// The browser of the host.
fn rosa(platform: &Platform) -> Browser {
    signed_in(platform, ROSA, Role::Host)
}

/// A time so many minutes from now, on the full minute.
fn minutes(minutes: i64) -> Timestamp {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now - now % 60).expect("a time") + SignedDuration::from_mins(minutes)
}

/// Books by phone at a table that the house chooses, by the API.
async fn booked(platform: &Platform, start: Timestamp, more: Value) -> Value {
    let mut body = json!({
        "source": "phone", "guests_count": 2, "reservation_time": start, "contact_name": "Ada Lovelace", "contact_phone": "+44 20 7946 0958",
    });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    platform.admin("reservation").post("/reservations/", &body).await.expect(201).body
}

/// A booking as the API has it.
async fn seen(platform: &Platform, id: &Value) -> Value {
    platform.admin("reservation").get(&format!("/reservations/{id}")).await.expect(200).body
}

/// Has a booking have begun so many minutes ago.
async fn long_ago(platform: &Platform, id: &Value, minutes: i32) {
    let statement = "UPDATE reservation SET reservation_time = date_trunc('minute', now()) - make_interval(mins => $2) WHERE id = $1";
    let id = i32::try_from(id.as_i64().expect("an id")).expect("an id");
    sqlx::query(statement).bind(id).bind(minutes).execute(&platform.pool("reservation")).await.expect("done");
}

/// The row of a booking in a page.
fn row(page: &Reply, id: &Value) -> String {
    let (_, rest) = page.text.split_once(&format!("<li id=\"b{id}\"")).unwrap_or_else(|| panic!("no row {id} in {}", page.text));
    plain(rest.split("</li>").next().unwrap_or_default())
}

/// Under which heading the row of a booking stands.
fn place(page: &Reply, id: &Value) -> String {
    let before = page.text.split(&format!("<li id=\"b{id}\"")).next().unwrap_or_default();
    let heading = before.rsplit("<h2").next().unwrap_or_default().split_once('>').map(|(_, rest)| rest).unwrap_or_default();
    plain(heading.split('<').next().unwrap_or_default())
}

/// Taps a button in the row of a booking.
async fn tap(browser: &Browser, page: &Reply, id: &Value, action: &str) -> Reply {
    let row = row(page, id);
    let values = attributes(&row, "value");
    assert!(values.iter().any(|value| value == action), "no button {action} in {row}");
    let hidden = browser::hidden(&format!("<form{}", row.split("<form").nth(1).unwrap_or_default()));
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.push(("action", action));
    browser.send(&format!("/host/bookings/{id}/act"), &fields).await
}
