//! What the traffic needs before it begins: an administrator, guests, tables of its own, a dish.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};

use crate::Settings;
use crate::client::{Client, Request};

/// How long the platform may take to answer before the traffic begins.
const PATIENCE: Duration = Duration::from_secs(60);
/// As many as a scenario has bookings, divided by what one user may book within an hour (20), and some to spare.
const GUESTS: usize = 32;
const TABLES: usize = 10;
/// How long a booking lasts, in minutes.
pub(crate) const STAY: i64 = 120;
/// The days of which tables are booked: from tomorrow's tomorrow on, within the 180 that are allowed.
const DAYS: u64 = 176;
/// The party that books, and as how many they come after all.
pub(crate) const PARTY: i64 = 3;
pub(crate) const GROWN: i64 = 4;

/// Somebody who books.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) email: String,
    pub(crate) token: String,
}

/// The restaurant, as this run uses it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What nothing of another run has in its name.
    pub(crate) run: String,
    pub(crate) auth: String,
    pub(crate) menu: String,
    pub(crate) reservation: String,
    pub(crate) admin: String,
    pub(crate) guests: Vec<Guest>,
    /// Ids of the tables.
    pub(crate) tables: Vec<i64>,
    /// The first time that is booked.
    first: Timestamp,
    /// Whether the house is declared: tables and the length of a stay are its own.
    pub(crate) declared: bool,
}

const PASSWORD: &str = "correct horse";

impl Place {
    /// Registers the guests and furnishes the restaurant.
    pub(crate) async fn open(client: &Client, settings: &Settings) -> Result<Self, String> {
        let now = Timestamp::now();
        let run = format!("traffic-{:x}", now.as_millisecond());
        let day = now.round(Unit::Hour).map_err(|error| error.to_string())?;
        let mut place = Self {
            run,
            auth: settings.auth_url.clone(),
            menu: settings.menu_url.clone(),
            reservation: settings.reservation_url.clone(),
            admin: String::new(),
            guests: Vec::new(),
            tables: Vec::new(),
            first: day + SignedDuration::from_hours(48),
            declared: settings.declared_house,
        };
        place.admin = token(client, &place.login(&settings.admin_email, &settings.admin_password)).await?;
        for number in 0..GUESTS {
            let email = format!("{}-{number}@example.com", place.run);
            let account = json!({"email": email, "password": PASSWORD, "full_name": "A guest", "phone": "+44 20 7946 0958"});
            // 409: it was registered, and the answer was lost.
            client.insist(&Request::post(format!("{}/auth/register", place.auth)).body(account), &[201, 409], PATIENCE).await?;
            let token = token(client, &place.login(&email, PASSWORD)).await?;
            place.guests.push(Guest { email, token });
        }
        place.tables = if place.declared { place.declared_tables(client).await? } else { place.furnish(client, now).await? };
        let dish = json!({"name": place.run, "price": "12.50"});
        client.insist(&Request::post(format!("{}/api/v1/menu", place.menu)).token(&place.admin).body(dish), &[201], PATIENCE).await?;
        // A dish is on the menu of every replica within a second.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(place)
    }

    /// Adds tables; their ids.
    async fn furnish(&self, client: &Client, now: Timestamp) -> Result<Vec<i64>, String> {
        let (number, mut tables) = (now.as_second() % 2_000_000 * 1000, Vec::new());
        for table in 0..TABLES {
            let table = json!({"table_number": number + table as i64, "capacity": GROWN, "description": self.run});
            let request = Request::post(format!("{}/reservations/tables", self.reservation)).token(&self.admin).body(table);
            let made = client.insist(&request, &[201], PATIENCE).await?;
            tables.push(made.body["id"].as_i64().ok_or("a table without an id")?);
        }
        Ok(tables)
    }

    /// The ids of the declared tables that seat the party.
    async fn declared_tables(&self, client: &Client) -> Result<Vec<i64>, String> {
        let request = Request::get(format!("{}/reservations/tables", self.reservation));
        let listed = client.insist(&request, &[200], PATIENCE).await?.body;
        let seats = |table: &Value| table["min_party"].as_i64() <= Some(PARTY) && table["capacity"].as_i64() >= Some(GROWN);
        let tables: Vec<_> =
            listed.as_array().into_iter().flatten().filter(|table| seats(table)).filter_map(|table| table["id"].as_i64()).collect();
        if tables.is_empty() { Err(format!("no table of the house seats {PARTY} to {GROWN}: {listed}")) } else { Ok(tables) }
    }

    /// The login of a guest.
    pub(crate) fn login_of(&self, guest: usize) -> Request {
        self.login(&self.guests[guest % self.guests.len()].email, PASSWORD)
    }

    fn login(&self, email: &str, password: &str) -> Request {
        Request::post(format!("{}/auth/login", self.auth)).body(json!({"email": email, "password": password}))
    }

    /// Who makes a booking.
    pub(crate) fn guest(&self, number: u64) -> &Guest {
        &self.guests[usize::try_from(number).unwrap_or(0) % self.guests.len()]
    }

    /// What is booked with this number; `None` once the tables are full. Each has a table and a time of its own, but every fifth, which
    /// wants the table of the one before it an hour later, and is to be refused.
    pub(crate) fn booking(&self, number: u64) -> Option<Value> {
        let (number_of_slot, late) = if number % 5 == 4 { (number - 1, 60) } else { (number, 0) };
        let tables = self.tables.len() as u64;
        let (table, slot) = (number_of_slot % tables, number_of_slot / tables);
        let minutes = i64::try_from(slot).ok()? * STAY + late;
        (slot < DAYS * 24 * 60 / STAY as u64).then(|| {
            let guest = self.guest(number);
            let mut wanted = json!({
                "table_id": self.tables[table as usize],
                "guests_count": PARTY,
                "reservation_time": self.first + SignedDuration::from_mins(minutes),
                "contact_email": guest.email,
                "contact_phone": "+44 20 7946 0958",
                "special_requests": self.tag(number),
            });
            if !self.declared {
                wanted["duration_minutes"] = STAY.into();
            }
            wanted
        })
    }

    /// What says in a booking which one it is.
    pub(crate) fn tag(&self, number: u64) -> String {
        format!("{}-{number}", self.run)
    }

    /// The number of the booking with this tag.
    pub(crate) fn number(&self, tag: &str) -> Option<u64> {
        tag.strip_prefix(&self.run)?.strip_prefix('-')?.parse().ok()
    }
}

async fn token(client: &Client, login: &Request) -> Result<String, String> {
    let answer = client.insist(login, &[200], PATIENCE).await?;
    answer.body["access_token"].as_str().map(str::to_owned).ok_or_else(|| "a login without a token".to_owned())
}
