//! Schemas that are not their types' own: parts of a Pod that a user may give, with the schema that Kubernetes has for them, so that the API
//! server refuses what a Pod could not have; and fields that tell more than their type.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

/// The schema of a list of `T`s.
pub(super) fn list<T: JsonSchema>(_: &mut SchemaGenerator) -> Schema {
    let mut schema = Schema::default();
    schema.insert("type".into(), "array".into());
    schema.insert("maxItems".into(), 32.into());
    schema.insert("items".into(), brief::<T>().into());
    schema
}

/// The schema of an object that is judged where it is used: Kubernetes' own schema of an Affinity is a quarter of the largest definition that
/// can be applied on the client's side, and a resource has three.
pub(super) fn opaque(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// A definition that can be applied on the client's side has at most 262,144 bytes with all that it embeds: of each description the first
/// sentence is kept.
fn brief<T: JsonSchema>() -> Schema {
    let settings = schemars::generate::SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    for value in schema.ensure_object().values_mut() {
        shorten(value);
    }
    shorten_own(schema.ensure_object());
    schema
}

fn shorten(value: &mut Value) {
    match value {
        Value::Object(members) => {
            shorten_own(members);
            members.values_mut().for_each(shorten);
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}

fn shorten_own(members: &mut serde_json::Map<String, Value>) {
    if let Some(Value::String(text)) = members.get_mut("description")
        && let Some(end) = text.find(". ").or_else(|| text.find(".\n"))
    {
        text.truncate(end + 1);
    }
}

/// A field's own description tells more than that of its type, and a definition has room for one.
pub(super) fn without_description(schema: &mut Schema) {
    schema.remove("description");
}
