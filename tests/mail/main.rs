//! Mail to guests, from outside: a real mail server takes it, a real parser reads it.

mod failures;
mod letters;
mod server;

use std::sync::LazyLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use reservation::config::{Limits, Restaurant};
use reservation::mail::settings::{MailSettings, Way};
use restaurant_booking_tests::{Api, Platform, Reply, Setup};
use serde_json::{Value, json};

use crate::server::Server;

/// What sends mail to a server.
fn smtp(server: &Server) -> MailSettings {
    let site = site::settings::Site::default();
    MailSettings {
        way: Way::Smtp(server.settings()),
        from: "Trattoria <booking@example.com>".parse().expect("an address"),
        reply_to: "host@example.com".parse().expect("an address"),
        ..MailSettings::to_directory(String::new().into(), &site)
    }
}

/// A house with tables that sends mail.
struct House {
    platform: Platform,
    server: Server,
}

impl House {
    /// One whose staff confirm each booking.
    async fn open() -> Self {
        Self::with(false, 1).await
    }

    async fn with(auto_confirm: bool, replicas: usize) -> Self {
        let server = Server::start().await;
        let restaurant = Restaurant { limits: Limits::NONE, guests_per_hour: 0, auto_confirm, ..Restaurant::default() };
        let setup = Setup { restaurant, mail: Some(smtp(&server)), replicas, ..Setup::only("reservation") };
        let house = Self { platform: Platform::start(setup).await, server };
        for number in 1..=30 {
            house.staff().post("/reservations/tables", &json!({"table_number": number, "capacity": 4})).await.expect(201);
        }
        house
    }

    fn staff(&self) -> Api {
        self.platform.admin("reservation")
    }

    fn anyone(&self) -> Api {
        self.platform.anyone("reservation")
    }

    fn by_link(&self, made: &Reply) -> Api {
        self.anyone().with_token(made.body["manage_token"].as_str().expect("a token"))
    }

    async fn book(&self, members: Value) -> Reply {
        let mut wish = json!({"guests_count": 2, "reservation_time": in_hours(48), "contact_name": "Ada Lovelace",
            "contact_email": "ada@example.com", "contact_phone": "+44 20 7946 0958"});
        let (Value::Object(wish_members), Value::Object(members)) = (&mut wish, members) else { panic!("objects") };
        wish_members.extend(members);
        self.anyone().post("/reservations/guest", &wish).await.expect(201)
    }

    /// The mail that the server has once there are so many.
    async fn mail(&self, count: usize) -> Vec<Letter> {
        eventually(&format!("{count} messages"), async || self.server.taken().len() >= count).await;
        let taken: Vec<_> = self.server.taken().into_iter().map(Letter::parse).collect();
        assert_eq!(taken.len(), count, "{:?}", taken.iter().map(|letter| &letter.subject).collect::<Vec<_>>());
        taken
    }

    /// What the staff see of the mail of a booking.
    async fn told(&self, made: &Reply) -> Value {
        self.staff().get(&path(made)).await.expect(200).body["mail"].clone()
    }

    /// Waits until the mail of a booking is in a state.
    async fn state(&self, made: &Reply, state: &str) -> Value {
        eventually(state, async || self.told(made).await["state"] == state).await;
        self.told(made).await
    }

    /// Has everything that waits be due, but for reminders.
    async fn hurry(&self) {
        self.run("UPDATE message SET due_at = now(), taken_until = NULL WHERE state = 'waiting' AND kind <> 'reminder'").await;
    }

    async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.platform.pool("reservation")).await.expect("done");
    }

    async fn count(&self, what: &'static str) -> i64 {
        sqlx::query_scalar(what).fetch_one(&self.platform.pool("reservation")).await.expect("a count")
    }
}

/// Waits for a state, with a bound that only a fault reaches.
async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(240), wait).await.unwrap_or_else(|_| panic!("{what} never came"));
}

fn path(made: &Reply) -> String {
    format!("/reservations/{}", made.id())
}

/// A time so many hours from the start of the tests, on the full second.
fn in_hours(hours: i64) -> Timestamp {
    static START: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::from_second(Timestamp::now().as_second()).expect("now"));
    *START + SignedDuration::from_hours(hours)
}

/// A message as it came, read by a parser.
struct Letter {
    from: String,
    to: String,
    reply_to: String,
    subject: String,
    id: String,
    text: String,
    html: String,
    /// The calendar entry beside the text, and its media type's method.
    entry: Option<(String, String)>,
    attached: Option<String>,
}

impl Letter {
    fn parse(raw: Vec<u8>) -> Self {
        let message: Message<'_> = MessageParser::default().parse(&raw).expect("a message");
        let address = |address: Option<&mail_parser::Address<'_>>| {
            address.and_then(|address| address.first()).and_then(|first| first.address()).unwrap_or_default().to_owned()
        };
        let parts = |kind: &str, subtype: &str| {
            let is = |part: &&mail_parser::MessagePart<'_>| {
                part.content_type().is_some_and(|media| media.ctype() == kind && media.subtype() == Some(subtype))
            };
            message.parts.iter().find(is)
        };
        let content = |part: &mail_parser::MessagePart<'_>| String::from_utf8(part.contents().to_vec()).expect("text");
        let entry = parts("text", "calendar").map(|part| {
            let method = part.content_type().and_then(|media| media.attribute("method")).unwrap_or_default();
            (method.to_owned(), content(part))
        });
        Self {
            from: address(message.from()),
            to: address(message.to()),
            reply_to: address(message.reply_to()),
            subject: message.subject().unwrap_or_default().to_owned(),
            id: message.message_id().unwrap_or_default().to_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            html: message.body_html(0).unwrap_or_default().into_owned(),
            entry,
            attached: parts("application", "ics").map(content),
        }
    }

    /// The token of the link in the text.
    fn token(&self) -> Option<String> {
        let (_, after) = self.text.split_once("?k=")?;
        after.split_whitespace().next().map(ToOwned::to_owned)
    }
}
