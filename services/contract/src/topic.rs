//! The topics, and what makes a type the events of one.

use chassis::events::event::TopicEvent as _;

use crate::{MenuEvent, ReservationEvent, UserEvent};

/// Every topic, without the prefix of an installation.
pub const TOPICS: [&str; 3] = [UserEvent::TOPIC, MenuEvent::TOPIC, ReservationEvent::TOPIC];

/// Declares the events of a topic: a variant, its data and its CloudEvents type each, and the member of the data that is the key.
macro_rules! topic {
    (
        $(#[$doc:meta])*
        pub enum $name:ident in $topic:literal { $($(#[$variant_doc:meta])* $variant:ident($data:ty) = $kind:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant($data),)+
        }

        impl chassis::events::event::TopicEvent for $name {
            const TOPIC: &'static str = $topic;
            const TYPES: &'static [&'static str] = &[$($kind),+];

            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)+
                }
            }

            fn key(&self) -> String {
                match self {
                    $(Self::$variant(data) => data.id.to_string(),)+
                }
            }

            fn data(&self) -> serde_json::Value {
                match self {
                    $(Self::$variant(data) => serde_json::to_value(data),)+
                }
                .expect("event data has string keys and no failing members")
            }

            fn read(kind: &str, data: &serde_json::Value) -> Result<Option<Self>, serde_json::Error> {
                Ok(Some(match kind {
                    $($kind => Self::$variant(<$data as serde::Deserialize>::deserialize(data)?),)+
                    _ => return Ok(None),
                }))
            }
        }
    };
}
pub(crate) use topic;
