//! A dish: as it is kept, as clients see it, and as they ask for it.

use bytes::Bytes;
use chassis::http::text::{LONG_TEXT, Name, Text};
use contract::DishId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::price::Price;

/// What a dish is.
pub(crate) type Description = Text<LONG_TEXT>;

/// A dish as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Dish {
    pub(crate) id: DishId,
    pub(crate) name: Name,
    pub(crate) description: Option<Description>,
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
    /// The id of the dish. It is never given again.
    id: DishId,
    /// The name of the dish.
    #[schema(value_type = String, example = "Borscht", min_length = 1, max_length = 255)]
    name: &'a Name,
    /// The ingredients of the dish, or null.
    #[schema(value_type = Option<String>, example = "Beetroot soup with sour cream", max_length = 2000, required = true)]
    description: Option<&'a Description>,
    #[schema(value_type = Price, inline)]
    price: Price,
    /// The time at which the dish was added.
    #[schema(value_type = String, format = DateTime, example = "2030-05-17T17:30:00.123456Z")]
    created_at: Timestamp,
    /// The time of the last change.
    #[schema(value_type = String, format = DateTime, example = "2030-05-17T17:30:00.123456Z")]
    updated_at: Timestamp,
}

impl Dish {
    /// The dish as clients see it: its version is the ETag.
    pub(crate) fn to_json(&self) -> Bytes {
        let answer = Answer {
            id: self.id,
            name: &self.name,
            description: self.description.as_ref(),
            price: self.price,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        serde_json::to_vec(&answer).expect("a dish has string keys and no failing members").into()
    }
}

chassis::body! {
    /// A dish as it is to be.
    pub(crate) struct MenuItemDraft {
        /// The name of the dish.
        #[example = "Borscht"]
        pub(crate) name: required Name,
        /// The ingredients of the dish. Blank text is null.
        #[example = "Beetroot soup with sour cream"]
        pub(crate) description: optional Description,
        /// The price: an exact amount from 0 to 99999999.99, of at most two decimals as written. It is a string, or a number.
        #[example = "12.50"]
        pub(crate) price: required Price,
    }
}

chassis::body! {
    /// A change of a dish: a member that is left out stays as it is.
    pub(crate) struct MenuItemChange {
        /// The name of the dish.
        #[example = "Borscht"]
        pub(crate) name: change Name,
        /// The ingredients of the dish. Null or blank text removes it.
        #[example = "Beetroot soup with sour cream"]
        pub(crate) description: clear Description,
        /// The price: an exact amount from 0 to 99999999.99, of at most two decimals as written. It is a string, or a number.
        #[example = "12.50"]
        pub(crate) price: change Price,
    }
}

impl MenuItemChange {
    /// The dish with the change made, or `None` where it makes no difference.
    pub(crate) fn applied_to(self, dish: &Dish) -> Option<MenuItemDraft> {
        let draft = MenuItemDraft {
            name: self.name.unwrap_or_else(|| dish.name.clone()),
            description: self.description.unwrap_or_else(|| dish.description.clone()),
            price: self.price.unwrap_or(dish.price),
        };
        let differs = draft.name != dish.name || draft.description != dish.description || draft.price != dish.price;
        differs.then_some(draft)
    }
}

impl From<MenuItemDraft> for MenuItemChange {
    /// To replace a dish is to change all of it.
    fn from(draft: MenuItemDraft) -> Self {
        Self { name: Some(draft.name), description: Some(draft.description), price: Some(draft.price) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chassis::http::value::{Raw, Value as _};

    use super::*;

    pub(crate) fn id(number: i32) -> DishId {
        DishId::new(number).expect("a positive number")
    }

    fn name(text: &str) -> Name {
        Name::read(Raw::Text(text)).expect("a name")
    }

    pub(crate) fn description(text: &str) -> Description {
        Text::read(Raw::Text(text)).expect("a description")
    }

    pub(crate) fn dish(number: i32, version: i32, called: &str, cents: i64) -> Dish {
        let (id, name, at) = (id(number), name(called), Timestamp::UNIX_EPOCH);
        Dish { id, name, description: None, price: Price::of_cents(cents), version, created_at: at, updated_at: at }
    }

    #[test]
    fn a_change_that_makes_no_difference_is_none() {
        let soup = dish(1, 1, "Soup", 500);
        let none = MenuItemChange { name: None, description: None, price: None };
        assert!(none.clone().applied_to(&soup).is_none());
        let same = MenuItemChange { name: Some(name("Soup")), description: Some(None), price: Some(Price::of_cents(500)) };
        assert!(same.applied_to(&soup).is_none());
        let changed = MenuItemChange { description: Some(Some(description("Hot"))), ..none }.applied_to(&soup).expect("a difference");
        assert_eq!((changed.name, changed.description, changed.price), (name("Soup"), Some(description("Hot")), soup.price));
    }

    #[test]
    fn clients_see_a_price_of_two_decimals_and_no_version() {
        let json = String::from_utf8(dish(7, 3, "Tea", 1250).to_json().to_vec()).expect("UTF-8");
        assert_eq!(
            json,
            r#"{"id":7,"name":"Tea","description":null,"price":"12.50","created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-01T00:00:00Z"}"#
        );
    }
}
