//! The pages for guests and for the staff, as a browser without script has them.

mod account;
mod book;
mod browser;
mod dishes;
mod errors;
mod home;
mod kept;
mod link;
mod menu;
mod offer;
mod staff;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::{Value, json};
use site::settings::Site;

use crate::browser::Browser;

/// How the restaurant of these tests presents itself.
fn site() -> Site {
    Site {
        name: "Trattoria da Rosa".to_owned(),
        phone: Some("+39 06 555 0100".to_owned()),
        email: Some("rosa@trattoria.example".to_owned()),
        address: Some("Via dei Fiori 12, Roma".to_owned()),
        privacy_url: Some("https://trattoria.example/privacy".to_owned()),
        ..Site::default()
    }
}

/// A restaurant with tables of these capacities, and a browser at its pages.
async fn house(capacities: &[i32]) -> (Platform, Browser) {
    let platform = Platform::start(Setup { site: Some(site()), ..Setup::only("reservation") }).await;
    furnish(&platform, capacities).await;
    let browser = Browser::new(platform.base("reservation"));
    (platform, browser)
}

async fn furnish(platform: &Platform, capacities: &[i32]) {
    let admin = platform.admin("reservation");
    for (number, capacity) in (1..).zip(capacities) {
        admin.post("/reservations/tables", &json!({"table_number": number, "capacity": capacity})).await.expect(201);
    }
}

/// The date so many days from today, in UTC, which is the zone of these restaurants.
fn in_days(days: i64) -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(days.days())
}

/// Dinner on every day, from 18:00 to 23:00.
async fn dinners(platform: &Platform) {
    let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let dinner = json!({"name": "Dinner", "days": week, "opens": "18:00", "last_seating": "22:00", "closes": "23:00"});
    platform.admin("reservation").put("/reservations/schedule", &json!({"services": [dinner]})).await.expect(200);
}

async fn rules(platform: &Platform, rules: Value) {
    platform.admin("reservation").put("/reservations/rules", &rules).await.expect(200);
}

/// All bookings, as the database has them.
async fn bookings(platform: &Platform) -> Vec<(i32, String, i32)> {
    sqlx::query_as("SELECT id, status, version FROM reservation ORDER BY id").fetch_all(&platform.pool("reservation")).await.expect("rows")
}
