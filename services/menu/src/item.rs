//! A dish: as it is kept, as clients see it, and as they ask for it.

use bytes::Bytes;
use chassis::http::old::input::Input;
use chassis::http::old::rule::{LONG_TEXT, SHORT_TEXT, optional_text, text};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::price::{Price, price, request_schema};

/// A dish as the database and events have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub(crate) struct Item {
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) price: Price,
    /// Counts the changes, from 1.
    pub(crate) version: i32,
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub(crate) created_at: Timestamp,
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub(crate) updated_at: Timestamp,
}

/// A dish of the menu.
#[derive(Serialize, ToSchema)]
#[schema(as = MenuItem)]
pub(crate) struct Answer<'a> {
    /// The id, never given twice.
    #[schema(example = 7, minimum = 1)]
    id: i32,
    /// What the dish is called.
    #[schema(example = "Borscht", max_length = 255)]
    name: &'a str,
    /// What it is.
    #[schema(example = "Beetroot soup with sour cream", max_length = 2000, required = true)]
    description: Option<&'a str>,
    #[schema(value_type = Price, inline)]
    price: Price,
    /// When it came onto the menu.
    #[schema(value_type = String, format = DateTime, example = "2030-05-17T17:30:00.123456Z")]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime, example = "2030-05-17T17:30:00.123456Z")]
    updated_at: Timestamp,
}

impl Item {
    /// The dish as clients see it: its version is the ETag.
    pub(crate) fn to_json(&self) -> Bytes {
        let answer = Answer {
            id: self.id,
            name: &self.name,
            description: self.description.as_deref(),
            price: self.price,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        serde_json::to_vec(&answer).unwrap_or_default().into()
    }
}

/// A dish as it is to be.
#[derive(ToSchema)]
#[schema(as = MenuItemDraft)]
pub(crate) struct Draft {
    /// What the dish is called; trimmed, not blank.
    #[schema(example = "Borscht", min_length = 1, max_length = 255)]
    pub(crate) name: String,
    /// What it is; blank is null.
    #[schema(example = "Beetroot soup with sour cream", max_length = 2000)]
    pub(crate) description: Option<String>,
    #[schema(schema_with = request_schema)]
    pub(crate) price: Price,
}

impl Draft {
    pub(crate) fn read(input: &mut Input) -> Self {
        Self {
            name: input.required("name", text(SHORT_TEXT)),
            description: input.optional("description", optional_text(LONG_TEXT)),
            price: input.required("price", price),
        }
    }
}

/// What is to be different about a dish: members that are left out stay as they are.
#[derive(Default, ToSchema)]
#[schema(as = MenuItemChange)]
pub(crate) struct Change {
    /// What the dish is called; trimmed, not blank, not null.
    #[schema(value_type = String, required = false, example = "Borscht", min_length = 1, max_length = 255)]
    pub(crate) name: Option<String>,
    /// What it is; null or blank removes it.
    #[schema(value_type = Option<String>, required = false, example = "Beetroot soup with sour cream", max_length = 2000)]
    pub(crate) description: Option<Option<String>>,
    #[schema(schema_with = request_schema, required = false)]
    pub(crate) price: Option<Price>,
}

impl Change {
    pub(crate) fn read(input: &mut Input) -> Self {
        Self {
            name: input.patch_required("name", text(SHORT_TEXT)),
            description: input.patch("description", optional_text(LONG_TEXT)).map(Option::flatten),
            price: input.patch_required("price", price),
        }
    }

    /// The dish with the change made, or `None` where it makes no difference.
    pub(crate) fn applied_to(self, item: &Item) -> Option<Draft> {
        let draft = Draft {
            name: self.name.unwrap_or_else(|| item.name.clone()),
            description: self.description.unwrap_or_else(|| item.description.clone()),
            price: self.price.unwrap_or(item.price),
        };
        let differs = draft.name != item.name || draft.description != item.description || draft.price != item.price;
        differs.then_some(draft)
    }
}

impl From<Draft> for Change {
    /// To replace a dish is to change all of it.
    fn from(draft: Draft) -> Self {
        Self { name: Some(draft.name), description: Some(draft.description), price: Some(draft.price) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn dish(id: i32, version: i32, name: &str, cents: i64) -> Item {
        let at = Timestamp::UNIX_EPOCH;
        Item { id, name: name.into(), description: None, price: Price::of_cents(cents), version, created_at: at, updated_at: at }
    }

    #[test]
    fn a_change_that_makes_no_difference_is_none() {
        let soup = dish(1, 1, "Soup", 500);
        assert!(Change::default().applied_to(&soup).is_none());
        assert!(
            Change { name: Some("Soup".into()), description: Some(None), price: Some(Price::of_cents(500)) }.applied_to(&soup).is_none()
        );
        let changed = Change { description: Some(Some("Hot".into())), ..Change::default() }.applied_to(&soup).expect("a difference");
        assert_eq!((changed.name.as_str(), changed.description.as_deref(), changed.price), ("Soup", Some("Hot"), soup.price));
    }

    #[test]
    fn clients_see_a_price_of_two_decimals_and_no_version() {
        let json = String::from_utf8(dish(7, 3, "Tea", 1250).to_json().to_vec()).expect("UTF-8");
        assert_eq!(
            json,
            r#"{"id":7,"name":"Tea","description":null,"price":"12.50","created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-01T00:00:00Z"}"#
        );
    }

    #[test]
    fn an_event_carries_the_whole_dish() {
        let tea = dish(7, 3, "Tea", 1250);
        let data = serde_json::to_value(&tea).expect("JSON");
        assert_eq!(data["version"], 3);
        assert_eq!(Item::deserialize(&data).expect("a dish"), tea);
    }
}
