//! What happens to the menu.

use chassis::http::text::{LONG_TEXT, Name, Text};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::DishId;
use crate::topic::topic;

topic! {
    /// What happens to the menu; the key is the dish's id.
    pub enum MenuEvent in "menu.events" {
        /// A dish came onto the menu.
        Created(Dish) = "menu.item.created",
        /// A dish has changed.
        Updated(Dish) = "menu.item.updated",
        /// A dish left the menu.
        Deleted(RemovedDish) = "menu.item.deleted",
    }
}

/// A dish, as it is after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dish {
    /// The dish's id, never given twice.
    pub id: DishId,
    /// What the dish is called.
    pub name: Name,
    /// What it is, where that was said.
    pub description: Option<Text<LONG_TEXT>>,
    /// The price, 0.00 to 99999999.99: a string with two decimals.
    #[serde(with = "price")]
    pub price: Decimal,
    /// Grows by one with every change, from 1.
    pub version: i32,
    /// When it came onto the menu.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A dish that left the menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedDish {
    /// The dish's id.
    pub id: DishId,
    /// The last version that it had.
    pub version: i32,
}

mod price {
    use rust_decimal::Decimal;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(price: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{price:.2}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(deserializer)?;
        let price = Decimal::from_str_exact(&text).map_err(D::Error::custom)?;
        let in_range = price >= Decimal::ZERO && price <= Decimal::new(9_999_999_999, 2) && price.scale() <= 2;
        in_range.then_some(price).ok_or_else(|| D::Error::custom(format!("{text} is no price")))
    }
}

#[cfg(test)]
mod tests {
    use chassis::events::event::TopicEvent as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let data = json!({"id": 7, "name": "Tea", "description": null, "price": "12.50", "version": 3,
            "created_at": "2030-05-01T10:00:00Z", "updated_at": "2030-05-01T10:00:00.12Z"});
        for kind in ["menu.item.created", "menu.item.updated"] {
            let event = MenuEvent::read(kind, &data).expect("readable").expect("of a known type");
            assert_eq!((event.kind(), event.key().as_str()), (kind, "7"));
            assert_eq!(event.data(), data);
        }
        let removed = json!({"id": 7, "version": 3});
        let event = MenuEvent::read("menu.item.deleted", &removed).expect("readable").expect("of a known type");
        assert_eq!((event.data(), event.key().as_str()), (removed, "7"));
        assert_eq!(MenuEvent::read("menu.item.praised", &json!(null)).expect("skipped"), None);
        for price in ["-1.00", "1.234", "100000000.00", "free"] {
            let mut data = data.clone();
            data["price"] = json!(price);
            assert!(MenuEvent::read("menu.item.created", &data).is_err(), "{price}");
        }
    }
}
