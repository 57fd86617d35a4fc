//! Examples of answers, made of the examples that the members of their schemas have.

use jiff::Timestamp;
use jiff::ToSpan as _;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{AllOf, ArrayItems, KnownFormat, Object, OneOf, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Components, RefOr};

/// The day on which the examples of times lie. The document that is served has tomorrow in its place, so that an example can be sent.
const DAY: &str = "2030-05-17";

/// The document with tomorrow in the place of the day of its examples.
pub(super) fn of_tomorrow(document: &str) -> String {
    let tomorrow = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(1.day());
    document.replace(DAY, &tomorrow.to_string())
}

/// An example of a schema; `None` where a member has neither an example nor a type from which one follows.
pub(super) fn of(schema: &RefOr<Schema>, components: &Components) -> Option<Value> {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            of(components.schemas.get(name)?, components)
        }
        RefOr::T(Schema::Object(object)) => of_object(object, components),
        RefOr::T(Schema::Array(array)) => match (array.examples.first(), &array.items) {
            (Some(example), _) => Some(example.clone()),
            (None, ArrayItems::RefOrSchema(items)) => Some(json!([of(items, components)?])),
            (None, ArrayItems::False) => Some(json!([])),
        },
        RefOr::T(Schema::AllOf(AllOf { items, .. })) => {
            let mut all = Map::new();
            for item in items {
                match of(item, components)? {
                    Value::Object(members) => all.extend(members),
                    other => return Some(other),
                }
            }
            Some(Value::Object(all))
        }
        RefOr::T(Schema::OneOf(OneOf { items, examples, .. })) => {
            // The first that is not null, as `null` tells a reader nothing.
            let made = || items.iter().filter_map(|item| of(item, components)).find(|example| !example.is_null());
            examples.first().cloned().or_else(made)
        }
        RefOr::T(_) => None,
    }
}

fn of_object(object: &Object, components: &Components) -> Option<Value> {
    if let Some(example) = object.examples.first().or(object.example.as_ref()).or(object.default.as_ref()) {
        return Some(example.clone());
    }
    if let Some(words) = &object.enum_values {
        return words.first().cloned();
    }
    let of_type = match &object.schema_type {
        SchemaType::Type(of_type) => of_type,
        SchemaType::Array(types) => types.first()?,
        SchemaType::AnyValue => return None,
    };
    match (of_type, &object.format) {
        (Type::Object, _) => {
            let members = object.properties.iter().map(|(name, member)| Some((name.clone(), of(member, components)?)));
            Some(Value::Object(members.collect::<Option<_>>()?))
        }
        (Type::Boolean, _) => Some(json!(true)),
        // The smallest is within the range, and of an id the first.
        (Type::Integer, _) => object.minimum.as_ref().map(|minimum| json!(minimum)),
        (Type::String, Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))) => Some(json!(format!("{DAY}T17:00:00Z"))),
        (Type::String, Some(SchemaFormat::KnownFormat(KnownFormat::Date))) => Some(json!(DAY)),
        _ => None,
    }
}
