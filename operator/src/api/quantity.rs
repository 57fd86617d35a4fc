//! Amounts as Kubernetes writes them: `500m`, `2`, `8Gi`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An amount of something, as text (`"500m"`, `"8Gi"`) or as a whole number (`2`).
///
/// The syntax is that of Kubernetes' `resource.Quantity`: a decimal number and an optional suffix: `m`, `k`, `M`, `G`, `T`, `P`, `E` for
/// powers of 1000, `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei` for powers of 1024.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Written", into = "String")]
pub struct Quantity(String);

/// The pattern of a [`Quantity`], which the API server checks too.
pub const PATTERN: &str = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(u64),
    Text(String),
}

impl From<Written> for Quantity {
    fn from(written: Written) -> Self {
        match written {
            Written::Whole(number) => Self(number.to_string()),
            Written::Text(text) => Self(text),
        }
    }
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Quantity {
    /// The amount in thousandths; `None` if the text is not a quantity, or the amount is too large.
    pub fn thousandths(&self) -> Option<u128> {
        let split = self.0.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(self.0.len());
        let (number, suffix) = self.0.split_at(split);
        let factor: u128 = match suffix {
            "m" => 1,
            "" => 1000,
            "k" => 1000 * 1000,
            "M" => 1000 * 1000_u128.pow(2),
            "G" => 1000 * 1000_u128.pow(3),
            "T" => 1000 * 1000_u128.pow(4),
            "P" => 1000 * 1000_u128.pow(5),
            "E" => 1000 * 1000_u128.pow(6),
            "Ki" => 1000 * 1024,
            "Mi" => 1000 * 1024_u128.pow(2),
            "Gi" => 1000 * 1024_u128.pow(3),
            "Ti" => 1000 * 1024_u128.pow(4),
            "Pi" => 1000 * 1024_u128.pow(5),
            "Ei" => 1000 * 1024_u128.pow(6),
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 || number.ends_with('.') {
            return None;
        }
        let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        let value = format!("{whole}{fraction}").parse::<u128>().ok()?;
        Some(value.checked_mul(factor)?.div_ceil(scale))
    }
}

/// Compares amounts, not texts: `1000m` equals `1`. Text that is not a quantity has no order.
impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            return Some(Ordering::Equal);
        }
        Some(self.thousandths()?.cmp(&other.thousandths()?))
    }
}

/// The schema of an amount as text. Rules compare it, so the API server must know its maximum length.
pub(super) fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": 24, "pattern": PATTERN })
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-kubernetes-int-or-string": true, "pattern": PATTERN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_and_not_texts() {
        for (less, more) in [("900m", "1"), ("1G", "1Gi"), ("1023Mi", "1Gi"), ("0.1", "101m")] {
            assert!(Quantity::from(less) < Quantity::from(more), "{less} < {more}");
        }
        for (one, other) in [("1000m", "1"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("0.5", "500m"), ("1k", "1000")] {
            assert_eq!(Quantity::from(one).partial_cmp(&Quantity::from(other)), Some(Ordering::Equal), "{one} = {other}");
        }
        for wrong in ["", "Gi", "1.", "-1", "1e3", "1 Gi", "ten", "1GiB"] {
            assert_eq!(Quantity::from(wrong).thousandths(), None, "{wrong}");
        }
    }

    #[test]
    fn a_number_may_be_written_without_quotes() {
        assert_eq!(serde_json::from_str::<Quantity>("2").expect("a quantity"), Quantity::from("2"));
        assert_eq!(serde_json::to_string(&Quantity::from("2")).expect("JSON"), "\"2\"");
    }
}
