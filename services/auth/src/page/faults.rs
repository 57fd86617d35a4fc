//! What is wrong with the fields of a form.

use site::texts::Catalog;

/// What is wrong with a field, and its id.
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) text: String,
}

/// What is wrong with the fields of a form, in their order.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Wrong>);

impl Faults {
    /// One fault, which the text of this key tells.
    pub(super) fn one(texts: &Catalog, field: &'static str, key: &str) -> Self {
        Self(vec![Wrong { field, text: texts.say(key) }])
    }

    /// Those of fields that are not as they should be, with the keys of their texts.
    pub(super) fn of(texts: &Catalog, found: &[(&'static str, Option<&str>)]) -> Self {
        Self(found.iter().filter_map(|(field, key)| Some(Wrong { field, text: texts.say((*key)?) })).collect())
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.text.as_str())
    }
}
