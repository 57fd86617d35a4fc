//! JSON bodies: an object whose members are taken apart, with numbers as they were written and no member twice.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::code;
use super::problem::{FieldError, Place, Problem};

/// A member of a JSON object. A number stays as it was written: by way of a binary fraction 0.1 would not be 0.1.
pub(super) enum Member {
    Number(String),
    Other(Value),
}

impl Member {
    fn read(raw: &RawValue) -> serde_json::Result<Self> {
        let text = raw.get();
        match text.bytes().next() {
            Some(b'-' | b'0'..=b'9') => Ok(Self::Number(text.to_owned())),
            Some(b'{' | b'[') => {
                Distinct.deserialize(&mut serde_json::Deserializer::from_str(text))?;
                serde_json::from_str(text).map(Self::Other)
            }
            _ => serde_json::from_str(text).map(Self::Other),
        }
    }
}

impl From<Value> for Member {
    fn from(value: Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(number.to_string()),
            other => Self::Other(other),
        }
    }
}

/// The members of a JSON object.
///
/// # Errors
/// 400 where it is not JSON, or an object has a member twice: parsers disagree on which of the two counts (RFC 8259, 4). 422 where it is
/// JSON, but no object.
pub(super) fn members(text: &str) -> Result<BTreeMap<String, Member>, Problem> {
    let malformed =
        |error: serde_json::Error| Problem::new(&code::MALFORMED_BODY, format!("The body is not JSON that can be read: {error}."));
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        serde_json::from_str::<Value>(text).map_err(malformed)?;
        return Err(Problem::validation(vec![FieldError {
            place: Place::Pointer("#".to_owned()),
            code: "wrong_type",
            detail: "The body must be a JSON object.".to_owned(),
        }]));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members).and_then(|members| deserializer.end().map(|()| members));
    members.map_err(malformed)
}

/// The object in the order of its members' names.
pub(super) fn canonical(members: &BTreeMap<String, Member>) -> String {
    let member = |(name, member): (&String, &Member)| match member {
        Member::Number(number) => format!("{}:{number}", Value::from(name.as_str())),
        Member::Other(value) => format!("{}:{value}", Value::from(name.as_str())),
    };
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

fn twice<E: Error>(name: &str) -> E {
    E::custom(format_args!("the member {name:?} stands in an object twice"))
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = BTreeMap<String, Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let member = Member::read(map.next_value::<&RawValue>()?).map_err(Error::custom)?;
            match members.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(member)),
                Entry::Occupied(entry) => return Err(twice(entry.key())),
            }
        }
        Ok(members)
    }
}

/// Any JSON, in which no object has a member twice.
struct Distinct;

impl<'de> DeserializeSeed<'de> for Distinct {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value_seed(Distinct)?;
            if let Some(name) = names.replace(name) {
                return Err(twice(&name));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Distinct)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        members(text).err().map(|problem| format!("{problem:?}")).unwrap_or_default()
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, r#"{"a":[{"b":1,"b":2}]}"#, r#"{"a":{"b":{"c":null,"c":null}}}"#] {
            assert!(refused(text).contains("twice"), "{text}: {}", refused(text));
        }
        for text in [r#"{"a":{"b":1},"b":{"b":1.5}}"#, r#" {"a":[1,"x",true,null,-2,0.5]}"#, "{}"] {
            assert_eq!(refused(text), "", "{text}");
        }
        for text in [r#"{"a":1} x"#, "", "{", r#"{"a":}"#, r#"{"a":1,}"#] {
            assert!(refused(text).contains("malformed_body"), "{text}: {}", refused(text));
        }
        assert!(refused("[1]").contains("wrong_type"));
    }

    #[test]
    fn a_number_stays_as_it_was_written() {
        let members = members(r#"{"b":1.50, "a":"x"}"#).unwrap_or_default();
        assert_eq!(canonical(&members), r#"{"a":"x","b":1.50}"#);
    }
}
