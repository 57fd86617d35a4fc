//! Events: CloudEvents 1.0 in Kafka's binary content mode (CloudEvents Kafka protocol binding, 3.2).

use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use serde_json::Value;

/// The topic of what happens to users.
pub const USER_TOPIC: &str = "user.events";
/// The topic of what happens to the menu.
pub const MENU_TOPIC: &str = "menu.events";
/// The topic of what happens to bookings.
pub const RESERVATION_TOPIC: &str = "reservation.events";
/// All topics.
pub const TOPICS: [&str; 3] = [USER_TOPIC, MENU_TOPIC, RESERVATION_TOPIC];

/// An event of a topic, as its producer writes it and its consumers read it.
pub trait TopicEvent: Sized {
    /// The topic, without the prefix of the installation.
    const TOPIC: &'static str;
    /// The CloudEvents types of the topic that this version knows.
    const TYPES: &'static [&'static str];

    /// The CloudEvents type, such as `reservation.created`.
    fn kind(&self) -> &'static str;

    /// The id of the aggregate: events of the same key keep their order.
    fn key(&self) -> String;

    /// The aggregate, as it is after what happened.
    fn data(&self) -> Value;

    /// Reads an event; `None` where this version does not know the type.
    ///
    /// # Errors
    /// Where the data is not what the type promises.
    fn read(kind: &str, data: &Value) -> Result<Option<Self>, serde_json::Error>;
}

/// An event that is about to be written to the outbox.
#[derive(Clone, Debug)]
pub struct Event {
    /// The topic, without the prefix of the installation.
    pub topic: &'static str,
    /// The id of the aggregate: events of the same key keep their order.
    pub key: i32,
    /// The CloudEvents type, such as `reservation.created`.
    pub kind: &'static str,
    /// What happened: the aggregate as it is now.
    pub data: Value,
}

/// The schema of an event type, as `ce_dataschema` names it.
pub fn data_schema(kind: &str) -> String {
    format!("urn:restaurant-booking:event:{kind}:v1")
}

/// An event that was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// `ce_id`: the same for every delivery of the event.
    pub id: String,
    /// `ce_type`.
    pub kind: String,
    /// The data.
    pub data: Value,
}

/// A message as it came, which may be anything.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The key, which events of one aggregate share.
    pub key: String,
    /// `ce_id`, where there is one.
    pub id: Option<String>,
    /// `ce_type`, where there is one.
    pub kind: Option<String>,
    /// The value.
    pub payload: Vec<u8>,
}

impl Delivery {
    /// What came.
    pub fn of(message: &BorrowedMessage<'_>) -> Self {
        // PostgreSQL's text has no NUL.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
        let header = |name: &str| {
            let header = message.headers()?.iter().find(|header| header.key == name)?;
            header.value.map(text)
        };
        Self {
            key: text(message.key().unwrap_or_default()),
            id: header("ce_id"),
            kind: header("ce_type"),
            payload: message.payload().unwrap_or_default().to_vec(),
        }
    }

    /// Reads the event.
    ///
    /// # Errors
    /// A sentence that says what is missing or malformed.
    pub fn event(&self) -> Result<Received, String> {
        let id = self.id.clone().ok_or("the header ce_id is missing")?;
        let kind = self.kind.clone().ok_or("the header ce_type is missing")?;
        let data = serde_json::from_slice(&self.payload).map_err(|error| format!("the data of {kind} is not JSON: {error}"))?;
        Ok(Received { id, kind, data })
    }
}
