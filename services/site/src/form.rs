//! What people type into forms. It is kept as it was typed, so that a form that is sent back has it still, with what is wrong with it.

use std::borrow::Cow;

use chassis::http::input::{Input, Source};
use chassis::http::value::{Raw, Ruled, Value};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::texts::Catalog;

/// A field, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed(pub String);

impl Value for Typed {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        raw.string().map(|text| Self(text.to_owned()))
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).into()
    }
}

/// A field, as it was typed; empty where it was not. Browsers send CRLF for a line break, which they count once; and nobody types NUL, which neither
/// a page nor the database can hold.
pub fn typed(input: &Input, source: Source, name: &str) -> String {
    let Typed(text) = input.peek(source, name).unwrap_or_default();
    text.replace("\r\n", "\n").replace('\0', "").trim().to_owned()
}

/// What is wrong with a field, and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The id of the field.
    pub field: Cow<'static, str>,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// What is wrong with the fields of a form, in their order.
#[derive(Clone, Debug, Default)]
pub struct Faults(pub Vec<Wrong>);

impl Faults {
    /// One fault, which the text of this key tells.
    pub fn one(texts: &Catalog, field: &'static str, key: &str) -> Self {
        let mut faults = Self::default();
        faults.note(field, texts.say(key));
        faults
    }

    /// Those of fields that are not as they should be, with the keys of their texts.
    pub fn of(texts: &Catalog, found: &[(&'static str, Option<&str>)]) -> Self {
        let wrong = |(field, key): &(&'static str, Option<&str>)| Some(Wrong { field: Cow::Borrowed(field), text: texts.say((*key)?) });
        Self(found.iter().filter_map(wrong).collect())
    }

    /// Notes what is wrong with a field.
    pub fn note(&mut self, field: impl Into<Cow<'static, str>>, text: String) {
        self.0.push(Wrong { field: field.into(), text });
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub fn fault(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.text.as_str())
    }
}
