//! Schemas that differ from those of their types. Parts of a Pod in the spec have Kubernetes' own schema, so that the API server refuses
//! values that a Pod could not have. Other fields drop the description of their type.

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

/// The schema of an object that is checked where it is used. Kubernetes' own schema of an Affinity takes a quarter of the largest
/// definition that client-side apply can handle, and a resource has three.
pub(super) fn opaque(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// A schema with only the first sentence of each description: a definition for client-side apply has at most 262,144 bytes with all that it
/// embeds.
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

/// Removes the description of a type: a field's own description is more specific, and a definition has room for one.
pub(super) fn without_description(schema: &mut Schema) {
    schema.remove("description");
}
