//! The restaurant of these tests.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use reservation::config::Restaurant;
use reservation::mail::settings::MailSettings;
use restaurant_booking_tests::{Platform, Setup, noon};
use serde_json::{Value, json};
use site::settings::Site;
use tempfile::TempDir;

/// A restaurant with its menu, for browsers.
pub(crate) struct House {
    pub(crate) platform: Platform,
    /// Where its pages are.
    pub(crate) home: String,
    pub(crate) menu: String,
    /// Where its mail is written, if it is.
    _letters: Option<TempDir>,
}

/// The date so many days from today.
pub(crate) fn in_days(days: i64) -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(days.days())
}

impl House {
    /// A restaurant with tables of these capacities, which has lunch and dinner on all days.
    pub(crate) async fn new(capacities: &[i32]) -> Self {
        Self::open(capacities, None, TimeZone::UTC).await
    }

    /// The same, where it is about noon.
    pub(crate) async fn at_noon(capacities: &[i32]) -> Self {
        Self::open(capacities, None, noon::zone()).await
    }

    /// The same, which sends mail.
    pub(crate) async fn with_mail(capacities: &[i32]) -> Self {
        Self::open(capacities, Some(tempfile::tempdir().expect("a folder")), TimeZone::UTC).await
    }

    async fn open(capacities: &[i32], letters: Option<TempDir>, time_zone: TimeZone) -> Self {
        let site = Site {
            name: "Trattoria da Rosa".to_owned(),
            phone: Some("+39 06 555 0100".to_owned()),
            email: Some("rosa@trattoria.example".to_owned()),
            address: Some("Via dei Fiori 12, Roma".to_owned()),
            website: Some("https://trattoria.example".to_owned()),
            privacy_url: Some("https://trattoria.example/privacy".to_owned()),
            legal_url: Some("https://trattoria.example/legal".to_owned()),
            ..Site::default()
        };
        let restaurant = Restaurant { auto_confirm: true, guests_per_hour: 0, time_zone, ..Restaurant::default() };
        let mail = letters.as_ref().map(|folder| MailSettings::to_directory(folder.path().to_owned(), &site));
        let setup = Setup { services: vec!["menu", "reservation"], site: Some(site), restaurant, mail, ..Setup::default() };
        let platform = Platform::start(setup).await;
        let (home, menu) = (platform.base("reservation").to_owned(), platform.base("menu").to_owned());
        let house = Self { platform, home, menu, _letters: letters };
        let admin = house.platform.admin("reservation");
        for (number, capacity) in (1..).zip(capacities) {
            admin.post("/reservations/tables", &json!({"table_number": number, "capacity": capacity})).await.expect(201);
        }
        let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let service = |name, [opens, last, closes]: [&str; 3]| json!({"name": name, "days": week, "opens": opens, "last_seating": last, "closes": closes});
        let services = [service("Lunch", ["12:00", "14:00", "15:00"]), service("Dinner", ["18:00", "21:30", "23:00"])];
        admin.put("/reservations/schedule", &json!({"services": services})).await.expect(200);
        let policy = "We keep your table for a quarter of an hour. Please call us when you are late.";
        house.rules(json!({"turn_times": [{"up_to": 8, "minutes": 105}], "policy": policy, "confirm_above": 4, "max_party": 6})).await;
        house
    }

    pub(crate) async fn rules(&self, rules: Value) {
        self.platform.admin("reservation").put("/reservations/rules", &rules).await.expect(200);
    }

    /// The page of a time, in so many days.
    pub(crate) fn time(&self, days: i64, time: &str) -> String {
        format!("{}/book?guests=2&date={}&time={time}", self.home, in_days(days))
    }

    /// Books by the API; the page of the booking.
    pub(crate) async fn book(&self, days: i64, time: &str, guests: i32, name: &str) -> String {
        let start = format!("{}T{time}:00Z", in_days(days));
        let body = json!({"guests_count": guests, "reservation_time": start, "contact_name": name, "contact_email": "ada@example.com",
            "contact_phone": "+44 20 7946 0958", "special_requests": "A quiet table, and a high chair for Leo"});
        let made = self.platform.anyone("reservation").post("/reservations/guest", &body).await.expect(201);
        let code = made.body["reservation_code"].as_str().expect("a code");
        format!("{}/b/{code}?k={}", self.home, made.body["manage_token"].as_str().expect("a token"))
    }

    /// A page of a booking.
    pub(crate) fn below(booking: &str, page: &str) -> String {
        booking.replace("?k=", &format!("/{page}?k="))
    }

    /// Has the database say something else of the booking of a page, without the service.
    pub(crate) async fn set(&self, booking: &str, change: &str) {
        let code = booking.rsplit("/b/").next().and_then(|rest| rest.split(['/', '?']).next()).expect("a code");
        let statement = format!("UPDATE reservation SET {change} WHERE reservation_code = $1");
        let pool = self.platform.pool("reservation");
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(code).execute(&pool).await.expect("changed");
    }
}
