//! What people type into forms. It is kept as it was typed, so that a form that is sent back has it still.

use chassis::http::value::{Raw, Ruled, Value};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, Type};

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
