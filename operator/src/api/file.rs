//! A resource in a file, where no API server stands between it and us.

use std::sync::LazyLock;

use jsonschema::Validator;
use kube::ResourceExt;
use serde::Deserialize;

use super::{GROUP, RestaurantBooking};

/// Why a file is no usable resource: everything that is wrong with it, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct FileError(Vec<String>);

/// Reads a resource from YAML or JSON, as strictly as `kubectl apply` would: fields that do not exist are errors, and so is what the
/// definition's rules refuse. Documents of other kinds beside it are passed over.
///
/// # Errors
/// Everything that is wrong, each with the path of its field.
pub fn read(text: &str) -> Result<RestaurantBooking, FileError> {
    let one = |message: String| FileError(vec![message]);
    let mut found = None;
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = serde_yaml::Value::deserialize(document).map_err(|error| one(format!("not YAML: {error}")))?;
        if value.get("kind").and_then(serde_yaml::Value::as_str) != Some("RestaurantBooking") {
            continue;
        }
        if found.replace(value).is_some() {
            return Err(one("there are two resources of kind RestaurantBooking; one is needed".into()));
        }
    }
    let value = found.ok_or_else(|| one(format!("there is no resource of kind RestaurantBooking ({GROUP}/v1alpha1)")))?;
    let version = value.get("apiVersion").and_then(serde_yaml::Value::as_str).unwrap_or_default();
    if version != "restaurantbooking.dev/v1alpha1" {
        return Err(one(format!("apiVersion: is {version:?}; it must be restaurantbooking.dev/v1alpha1")));
    }
    let mut problems = against_schema(&value);
    let mut unknown = Vec::new();
    let resource: RestaurantBooking = serde_ignored::deserialize(value, |path| {
        let path = path.to_string();
        // The derived type takes these two for granted, and they were checked above.
        if path != "apiVersion" && path != "kind" {
            unknown.push(format!("{path}: there is no such field"));
        }
    })
    .map_err(|error| FileError(if problems.is_empty() { vec![error.to_string()] } else { problems.clone() }))?;
    problems.extend(unknown);
    if resource.metadata.name.is_none() {
        problems.push("metadata.name: is missing".into());
    }
    if let Err(errors) = resource.validate_cel() {
        problems.extend(errors.as_slice().iter().map(ToString::to_string));
    }
    if problems.is_empty() {
        return Ok(resource);
    }
    let name = resource.name_any();
    Err(FileError(problems.into_iter().map(|problem| format!("RestaurantBooking {name:?}: {problem}")).collect()))
}

/// The definition's schema.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = super::crd().spec.versions.into_iter().find_map(|version| version.schema?.open_api_v3_schema);
    let schema = serde_json::to_value(schema).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("the definition's schema is a JSON Schema")
});

/// What the definition's schema refuses: lengths, ranges, patterns.
fn against_schema(value: &serde_yaml::Value) -> Vec<String> {
    let value = match serde_json::to_value(value) {
        Ok(value) => value,
        Err(error) => return vec![format!("not JSON: {error}")],
    };
    let problem = |error: jsonschema::ValidationError<'_>| {
        let path = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
        format!("{}: {error}", if path.is_empty() { "the resource" } else { &path })
    };
    SCHEMA.iter_errors(&value).map(problem).collect()
}
