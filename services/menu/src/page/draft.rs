//! A dish as it is typed into a form: kept as it was typed, and judged field by field.

use chassis::http::input::{Input, Source};
use chassis::http::text::Name;
use chassis::http::value::{Raw, Value as _};
use site::form::{Faults, typed};
use site::language::Language;
use site::texts::Catalog;

use super::{spoken, with_point};
use crate::dish::{Description, Dish, MenuItemDraft};
use crate::price::Price;

/// A dish, as it was typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) price: String,
    pub(super) description: String,
    pub(super) faults: Faults,
}

/// The description of a dish, as a browser sends it back.
pub(super) fn shown(description: Option<&Description>) -> String {
    description.map_or("", Description::as_str).replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

impl Draft {
    /// From a form.
    pub(super) fn of(input: &Input) -> Self {
        let [name, price, description] = ["name", "price", "description"].map(|name| typed(input, Source::Body, name));
        Self { name, price, description, faults: Faults::default() }
    }

    /// A dish as it is, to be changed.
    pub(super) fn from(dish: &Dish, language: Language) -> Self {
        Self {
            name: dish.name.as_str().to_owned(),
            price: spoken(dish.price, language),
            description: shown(dish.description.as_ref()),
            faults: Faults::default(),
        }
    }

    /// The dish, where it can be one. Otherwise what is wrong is noted.
    pub(super) fn judge(&mut self, texts: &Catalog) -> Option<MenuItemDraft> {
        let (name, price, description) = (name(texts, &self.name), price(&self.price), description(texts, &self.description));
        let price = price.map_err(|key| texts.say(key));
        let wrong = [("name", name.as_ref().err()), ("price", price.as_ref().err()), ("description", description.as_ref().err())];
        for (field, fault) in wrong {
            if let Some(text) = fault {
                self.faults.note(field, text.clone());
            }
        }
        Some(MenuItemDraft { name: name.ok()?, price: price.ok()?, description: description.ok()? })
    }
}

/// How long a text is, as the rules count it.
fn length(typed: &str) -> String {
    typed.chars().count().to_string()
}

fn name(texts: &Catalog, typed: &str) -> Result<Name, String> {
    let raw = Raw::Text(typed);
    if raw.is_blank() {
        return Err(texts.say("dish-name-missing"));
    }
    Name::read(raw).map_err(|fault| match fault.code {
        "too_long" => texts.tell("dish-name-long", [("length", length(typed).into())]),
        _ => texts.say("dish-name-line"),
    })
}

/// The price; as an error the text that says what is wrong. People write digits: the API also takes `1e2`, which nobody means here.
fn price(typed: &str) -> Result<Price, &'static str> {
    if Raw::Text(typed).is_blank() {
        return Err("dish-price-missing");
    }
    if typed.contains(['e', 'E']) {
        return Err("dish-price-wrong");
    }
    Price::read(Raw::Text(&with_point(typed))).map_err(|fault| match fault.code {
        "too_many_decimals" => "dish-price-decimals",
        "out_of_range" => "dish-price-range",
        _ => "dish-price-wrong",
    })
}

fn description(texts: &Catalog, typed: &str) -> Result<Option<Description>, String> {
    let raw = Raw::Text(typed);
    if raw.is_blank() {
        return Ok(None);
    }
    let long = |_| texts.tell("dish-description-long", [("length", length(typed).into())]);
    Description::read(raw).map(Some).map_err(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_typed_with_a_point_or_a_comma_and_is_never_guessed() {
        let read = |typed: &str| price(typed).map(|price| price.to_string());
        for (typed, price) in [("12.50", "12.50"), ("12,50", "12.50"), ("12,5", "12.50"), ("3", "3.00"), ("0", "0.00"), ("007,5", "7.50")] {
            assert_eq!(read(typed), Ok(price.to_owned()), "{typed}");
        }
        for (typed, fault) in [
            ("", "dish-price-missing"),
            ("\u{200b}", "dish-price-missing"),
            ("much", "dish-price-wrong"),
            ("1e2", "dish-price-wrong"),
            ("12.50 €", "dish-price-wrong"),
            ("1 250", "dish-price-wrong"),
            // Nobody is to sell for 1.25 what they wanted 1250 for.
            ("1.250", "dish-price-decimals"),
            ("1,250", "dish-price-decimals"),
            ("1.250,00", "dish-price-wrong"),
            ("12.505", "dish-price-decimals"),
            ("-5", "dish-price-range"),
            ("100000000", "dish-price-range"),
        ] {
            assert_eq!(read(typed), Err(fault), "{typed}");
        }
    }
}
