//! Prices: exact, with two decimals.

use std::fmt;

use chassis::http::value::{Fault, Raw, Ruled, Value};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// How many decimals a price has.
const DECIMALS: i64 = 2;
/// How many digits a price has at most, decimals included: `NUMERIC(10, 2)`.
const DIGITS: usize = 10;

/// A price: 0 to 99999999.99, in JSON a string with two decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct Price(Decimal);

impl Price {
    #[cfg(test)]
    pub(crate) fn of_cents(cents: i64) -> Self {
        Self(Decimal::new(cents, 2))
    }
}

impl From<Price> for Decimal {
    fn from(price: Price) -> Self {
        price.0
    }
}

/// The price of an event, which is one by the contract.
impl From<Decimal> for Price {
    fn from(amount: Decimal) -> Self {
        Self(amount)
    }
}

/// A price in a request: a string or a JSON number.
///
/// The decimals are counted as they are written: `"1.500"` has three and is refused, though it is no other amount than `"1.50"`.
impl Value for Price {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let text = match raw {
            Raw::Text(text) | Raw::Number(text) => text,
            Raw::Json(Json::String(text)) => text.as_str(),
            Raw::Json(_) => return Err(Fault::new("wrong_type", "This must be an amount, as a string such as \"12.50\" or as a number.")),
        };
        match text.trim() {
            "" => Err(Fault::new("blank", "This must not be blank.")),
            text => parse(text),
        }
    }

    fn schema() -> Schema {
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
            .minimum(Some(0.0))
            .maximum(Some(99_999_999.99));
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[0-9]{1,8}(\.[0-9]{1,2})?$"));
        OneOfBuilder::new().item(text).item(number).into()
    }
}

fn parse(text: &str) -> Ruled<Price> {
    let amount = Amount::read(text).ok_or_else(|| Fault::new("invalid_price", "This must be an amount such as \"12.50\"."))?;
    if amount.decimals > DECIMALS {
        return Err(Fault::new("too_many_decimals", format!("This must have at most {DECIMALS} decimals.")));
    }
    amount
        .cents()
        .map(|cents| Price(Decimal::new(cents, 2)))
        .ok_or_else(|| Fault::new("out_of_range", "This must be from 0 to 99999999.99."))
}

/// An amount as it was written: its value is that of `digits`, divided by ten as often as there are `decimals`.
struct Amount {
    negative: bool,
    /// Without leading zeros, so that zero has none.
    digits: String,
    decimals: i64,
}

impl Amount {
    /// Reads `-1.5e2`: the syntax of a JSON number, in which a string may have leading zeros.
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, digits(fraction)?),
            None => (mantissa, ""),
        };
        let decimals = i64::try_from(fraction.len()).ok()?.saturating_sub(exponent);
        let digits = format!("{}{fraction}", digits(whole)?);
        Some(Self { negative, digits: digits.trim_start_matches('0').to_owned(), decimals })
    }

    /// The amount in hundredths, where it is a price.
    fn cents(&self) -> Option<i64> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let zeros = usize::try_from(DECIMALS - self.decimals).ok()?;
        if self.negative || self.digits.len().saturating_add(zeros) > DIGITS {
            return None;
        }
        format!("{}{}", self.digits, "0".repeat(zeros)).parse().ok()
    }
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// An exponent; one beyond any price counts as a very large one, whatever its length.
fn read_exponent(text: &str) -> Option<i64> {
    const LARGE: i64 = 1_000_000_000;
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * digits(unsigned)?.parse::<i64>().map_or(LARGE, |exponent| exponent.min(LARGE)))
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(|fault| D::Error::custom(fault.detail))
    }
}

fn text_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^\d{1,8}\.\d{2}$")).examples(["12.50"])
}

impl PartialSchema for Price {
    fn schema() -> RefOr<Schema> {
        text_schema().description(Some("An exact amount of money with two decimals, 0.00 to 99999999.99.")).into()
    }
}

impl ToSchema for Price {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Result<String, &'static str> {
        Price::read(Raw::Text(text)).map(|price| price.to_string()).map_err(|fault| fault.code)
    }

    fn json(text: &str) -> Result<String, &'static str> {
        let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let value: Json = if is_number { Json::Null } else { serde_json::from_str(text).expect("JSON") };
        Price::read(if is_number { Raw::Number(text) } else { Raw::Json(&value) })
            .map(|price| price.to_string())
            .map_err(|fault| fault.code)
    }

    #[test]
    fn a_price_is_exact_and_has_two_decimals() {
        for (given, price) in [
            ("12.5", "12.50"),
            ("12.50", "12.50"),
            ("0", "0.00"),
            ("-0", "0.00"),
            ("-0.00", "0.00"),
            ("0.1", "0.10"),
            ("99999999.99", "99999999.99"),
            ("1e2", "100.00"),
            ("1E+2", "100.00"),
            ("1250e-2", "12.50"),
            ("0.1e1", "1.00"),
            ("1.500e1", "15.00"),
            ("0e99", "0.00"),
            ("99999999", "99999999.00"),
        ] {
            assert_eq!(text(given), Ok(price.to_owned()), "{given}");
            assert_eq!(json(given), Ok(price.to_owned()), "{given}");
            assert_eq!(json(&format!("\" {given}\\t\"")), Ok(price.to_owned()), "{given}");
        }
        assert_eq!(text("007.50"), Ok("7.50".to_owned()));
    }

    #[test]
    fn more_than_two_decimals_are_refused_as_written() {
        for given in ["0.001", "1.500", "12.345", "1e-3", "0.000", "1.5e-2", "99999999.999", "1e-99999999999999999999"] {
            assert_eq!(text(given), Err("too_many_decimals"), "{given}");
            assert_eq!(json(given), Err("too_many_decimals"), "{given}");
        }
    }

    #[test]
    fn what_is_below_zero_or_above_the_limit_is_refused() {
        for given in ["-1", "-0.01", "100000000", "99999999.99e1", "1e8", "1e99999999999999999999", "123456789012345678901234567890"] {
            assert_eq!(text(given), Err("out_of_range"), "{given}");
            assert_eq!(json(given), Err("out_of_range"), "{given}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for given in [
            "NaN", "Infinity", "inf", "+5", "5,00", "5.", ".5", "1_000", "1 000", "--1", "0x10", "1e", "1e+", "e1", "1.-2", "٣", "$5",
            "1.2.3", "1e1e1", "1\0",
        ] {
            assert_eq!(text(given), Err("invalid_price"), "{given}");
        }
        for given in ["", " ", "\t"] {
            assert_eq!(text(given), Err("blank"), "{given:?}");
        }
        for given in ["true", "[]", "{}", "[12]"] {
            assert_eq!(json(given), Err("wrong_type"), "{given}");
        }
    }

    proptest! {
        #[test]
        fn every_price_is_read_as_it_is_written(cents in 0..=9_999_999_999_i64) {
            let price = Price::of_cents(cents);
            let written = price.to_string();
            prop_assert_eq!(&written, &format!("{}.{:02}", cents / 100, cents % 100));
            prop_assert_eq!(parse(&written), Ok(price));
        }

        #[test]
        fn no_text_makes_it_fail(given in "[-+]?[0-9]{0,12}[.,]?[0-9]{0,4}([eE][-+]?[0-9]{0,3})?") {
            let _ = Price::read(Raw::Text(&given));
        }
    }
}
