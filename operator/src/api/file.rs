//! A resource in a file, where no API server stands between it and us.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::cel::{self, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GROUP, RestaurantBooking};

/// Why a file is no usable resource: everything that is wrong with it, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct FileError(pub Vec<String>);

/// Reads a resource from YAML or JSON, as strictly as `kubectl apply` would: fields that do not exist are errors, and so is what the
/// definition's rules refuse. Documents of other kinds beside it are passed over, and a field that is null counts as left out.
///
/// # Errors
/// Everything that is wrong, each with the path of its field. A rule over fields that are wrong themselves may say nothing.
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

/// The one document of our kind.
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

/// Takes away what is null, as the API server does where a field is not nullable.
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

/// The definition's schema, where fields that it does not know are errors.
static STRICT_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema = SCHEMA.clone();
    // Every resource has these; their content is looked at elsewhere.
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

/// A violation of the schema, in words.
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

/// What is wrong with the metadata, which the definition's schema leaves to Kubernetes.
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

/// Which rules of the definition are broken. A rule that cannot be judged is told where nothing else is wrong.
fn broken_rules(resource: &Value, nothing_else: bool) -> Vec<String> {
    let Err(errors) = cel::Validator::new().validate(&SCHEMA, resource, None) else { return Vec::new() };
    let broken = errors.iter().filter(|error| nothing_else || error.kind == ErrorKind::ValidationFailure);
    broken.map(ToString::to_string).collect()
}
