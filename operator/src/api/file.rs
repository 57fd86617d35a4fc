//! Reads a resource from a file, without an API server that would check it.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::cel::{self, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GROUP, RestaurantBooking};

/// The faults of a file, one in each line.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct FileError(pub Vec<String>);

/// Reads a resource from YAML or JSON, as strictly as `kubectl apply`: unknown fields and values that break the definition's rules are
/// errors. Documents of other kinds in the file are skipped, and null counts as a missing field.
///
/// # Errors
/// All faults, each with the path of its field. A rule over fields that are invalid themselves may report nothing.
pub fn read(text: &str) -> Result<RestaurantBooking, FileError> {
    let mut value = only_resource(text).map_err(|problem| FileError(vec![problem]))?;
    drop_nulls(&mut value);
    let mut problems: Vec<_> = STRICT_SCHEMA.iter_errors(&value).flat_map(|error| told(&error)).collect();
    problems.extend(wrong_metadata(&value));
    problems.extend(broken_rules(&value, problems.is_empty()));
    if problems.is_empty() {
        serde_json::from_value(value).map_err(|error| FileError(vec![error.to_string()]))
    } else {
        Err(FileError(problems))
    }
}

/// The only document of the resource's kind.
fn only_resource(text: &str) -> Result<Value, String> {
    let mut found = None;
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = serde_yaml::Value::deserialize(document).map_err(|error| format!("not YAML: {error}"))?;
        if value.get("kind").and_then(serde_yaml::Value::as_str) != Some("RestaurantBooking") {
            continue;
        }
        if found.replace(value).is_some() {
            return Err("there are two resources of kind RestaurantBooking; one is needed".to_owned());
        }
    }
    let value = found.ok_or_else(|| format!("there is no resource of kind RestaurantBooking ({GROUP}/v1alpha1)"))?;
    let version = value.get("apiVersion").and_then(serde_yaml::Value::as_str).unwrap_or_default();
    if version != "restaurantbooking.dev/v1alpha1" {
        return Err(format!("apiVersion: is {version:?}; it must be restaurantbooking.dev/v1alpha1"));
    }
    serde_json::to_value(value).map_err(|error| format!("not JSON: {error}"))
}

/// Removes nulls, as the API server does for fields that are not nullable.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// The definition's schema.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let schema = super::crd().spec.versions.into_iter().find_map(|version| version.schema?.open_api_v3_schema);
    serde_json::to_value(schema).expect("a schema is JSON")
});

/// The definition's schema in which unknown fields are errors.
static STRICT_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema = SCHEMA.clone();
    // Every resource has these; other code checks their content.
    for field in ["apiVersion", "kind", "metadata"] {
        schema["properties"][field] = json!({});
    }
    refuse_unknown(&mut schema);
    jsonschema::validator_for(&schema).expect("the definition's schema is a JSON Schema")
});

fn refuse_unknown(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(refuse_unknown);
        if schema.get("x-kubernetes-preserve-unknown-fields").is_none() {
            schema["additionalProperties"] = Value::Bool(false);
        }
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(inner) {
            refuse_unknown(inner);
        }
    }
}

/// The messages of a violation of the schema.
fn told(error: &ValidationError<'_>) -> Vec<String> {
    let path = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
    let below = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    let wrong = |must: String| vec![format!("{path}: is {}; it must {must}", error.instance())];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|field| format!("{}: there is no such field", below(field))).collect()
        }
        ValidationErrorKind::Required { property } => {
            vec![format!("{}: is missing", below(property.as_str().unwrap_or_default()))]
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(of) } => wrong(format!("be of type {of}")),
        ValidationErrorKind::Enum { options } => {
            let options: Vec<_> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            wrong(format!("be one of {}", options.join(", ")))
        }
        ValidationErrorKind::Minimum { limit } => wrong(format!("be at least {limit:.0}", limit = limit.as_f64().unwrap_or_default())),
        ValidationErrorKind::Maximum { limit } => wrong(format!("be at most {limit:.0}", limit = limit.as_f64().unwrap_or_default())),
        ValidationErrorKind::MinLength { limit: 1 } => wrong("not be empty".to_owned()),
        ValidationErrorKind::MinLength { limit } => wrong(format!("have at least {limit} characters")),
        ValidationErrorKind::MaxLength { limit } => wrong(format!("have at most {limit} characters")),
        ValidationErrorKind::Pattern { pattern } => wrong(format!("match {pattern}")),
        _ => vec![format!("{path}: {error}")],
    }
}

/// The faults of the metadata, which the definition's schema leaves to Kubernetes.
fn wrong_metadata(resource: &Value) -> Vec<String> {
    let metadata = resource.get("metadata").cloned().unwrap_or_else(|| json!({}));
    let mut problems = Vec::new();
    let read = serde_ignored::deserialize(metadata, |path| problems.push(format!("metadata.{path}: there is no such field")));
    match read {
        Ok(ObjectMeta { name: Some(_), .. }) => {}
        Ok(_) => problems.push("metadata.name: is missing".to_owned()),
        Err(error) => problems.push(format!("metadata: {error}")),
    }
    problems
}

/// The messages of the definition's rules that the resource breaks. A rule that cannot be evaluated is reported only if there are no other
/// faults.
fn broken_rules(resource: &Value, nothing_else: bool) -> Vec<String> {
    let Err(errors) = cel::Validator::new().validate(&SCHEMA, resource, None) else { return Vec::new() };
    let broken = errors.iter().filter(|error| nothing_else || error.kind == ErrorKind::ValidationFailure);
    broken.map(ToString::to_string).collect()
}
