//! Events: CloudEvents 1.0 in Kafka's binary content mode (CloudEvents Kafka protocol binding, 3.2).

use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use serde_json::Value;

/// An event of a topic, as its producer writes it and its consumers read it.
pub trait TopicEvent: Sized {
    /// The topic, without the prefix of the installation.
    const TOPIC: &'static str;
    /// The CloudEvents types of the topic that this version knows.
    const TYPES: &'static [&'static str];

    /// The CloudEvents type, such as `order.created`.
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

/// The schema of an event type, as `ce_dataschema` names it.
pub fn data_schema(kind: &str) -> String {
    format!("urn:restaurant-booking:event:{kind}:v1")
}

/// The type as metrics name it: one that is not known could be anything, and there is no end of such labels.
pub fn label<'a>(kind: Option<&'a str>, known: &[&str]) -> &'a str {
    kind.filter(|kind| known.contains(kind)).unwrap_or("unknown")
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

impl Received {
    /// The event as a type; `None` where this version does not know it.
    ///
    /// # Errors
    /// Where the data is not what the type promises.
    pub fn read<E: TopicEvent>(&self) -> Result<Option<E>, serde_json::Error> {
        E::read(&self.kind, &self.data)
    }
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
    /// The value; a tombstone has none.
    pub payload: Option<Vec<u8>>,
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
            payload: message.payload().map(<[u8]>::to_vec),
        }
    }

    /// Whether there is nothing in it for a consumer of these types: it is a tombstone, or an event of another type.
    pub fn is_foreign(&self, types: &[&str]) -> bool {
        self.payload.is_none() || self.kind.as_deref().is_some_and(|kind| !types.contains(&kind))
    }

    /// Reads the event.
    ///
    /// # Errors
    /// A sentence that says what is missing or malformed.
    pub fn event(&self) -> Result<Received, String> {
        let id = self.id.clone().ok_or("the header ce_id is missing")?;
        let kind = self.kind.clone().ok_or("the header ce_type is missing")?;
        let payload = self.payload.as_deref().ok_or_else(|| format!("the data of {kind} is missing"))?;
        let data = serde_json::from_slice(payload).map_err(|error| format!("the data of {kind} is not JSON: {error}"))?;
        Ok(Received { id, kind, data })
    }
}
