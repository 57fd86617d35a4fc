//! Every bound in the definition's schema, derived from the definition itself.

use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value, json};

use super::judged;
use super::samples::samples;
use crate::world::Place;

/// A violation of one bound: a spec that is valid except for it, and the text that the refusal must have.
struct Violation {
    what: String,
    spec: Value,
    field: String,
}

/// Walks a schema, together with the values of the samples at the same path.
struct Walk {
    samples: Vec<Value>,
    violations: Vec<Violation>,
    missing: Vec<String>,
}

impl Walk {
    /// `path` is one of [`Value::pointer`]; the values of a map are represented by the sample's.
    fn visit(&mut self, schema: &Value, path: &str) {
        let Some(sample) = self.samples.iter().find(|sample| sample.pointer(path).is_some()).cloned() else {
            self.missing.push(path.to_owned());
            return;
        };
        let value = sample.pointer(path).expect("the sample has it").clone();
        self.violate(schema, &sample, path, &value);
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            self.visit(schema, &format!("{path}/{name}"));
        }
        if schema["additionalProperties"].is_object() {
            let key = value.as_object().and_then(|members| members.keys().next()).expect("a member").replace('/', "~1");
            self.visit(&schema["additionalProperties"], &format!("{path}/{key}"));
        }
        if schema["items"].is_object() {
            self.visit(&schema["items"], &format!("{path}/0"));
        }
    }

    fn violate(&mut self, schema: &Value, sample: &Value, path: &str, value: &Value) {
        let mut wrong: Vec<(String, Value)> = Vec::new();
        for (bound, limit) in schema.as_object().into_iter().flatten() {
            let length = |difference: i64| usize::try_from(limit.as_i64().unwrap_or(0) + difference).unwrap_or(0);
            let number = |difference: f64| json!(limit.as_f64().expect("a number") + difference).as_f64().map(|number| number as i64);
            let other = match bound.as_str() {
                "minLength" => json!("a".repeat(length(-1))),
                "maxLength" => json!("a".repeat(length(1))),
                "pattern" => json!("! ?"),
                "minimum" => json!(number(-1.0)),
                "maximum" => json!(number(1.0)),
                "minItems" => json!([]),
                "maxItems" => Value::Array(vec![value[0].clone(); length(1)]),
                "maxProperties" => {
                    let one = value.as_object().and_then(|members| members.values().next()).expect("a member");
                    (0..length(1)).map(|at| (format!("a{at}"), one.clone())).collect::<Map<_, _>>().into()
                }
                "enum" => json!("Other"),
                "type" => match limit.as_str() {
                    Some("string") => json!(7),
                    Some("object") => json!("text"),
                    _ => json!({}),
                },
                "required" => {
                    for name in limit.as_array().into_iter().flatten().filter_map(Value::as_str) {
                        let mut without = value.clone();
                        without.as_object_mut().expect("an object").remove(name);
                        wrong.push((format!("without the required {name}"), without));
                    }
                    continue;
                }
                _ => continue,
            };
            wrong.push((format!("against {bound} {limit}"), other));
        }
        if schema["type"] == "object" && schema["properties"].is_object() && schema["x-kubernetes-preserve-unknown-fields"].is_null() {
            let mut more = value.clone();
            more["namespace"] = "elsewhere".into();
            wrong.push(("with an unknown field namespace".to_owned(), more));
        }
        for (what, other) in wrong {
            let mut spec = sample.clone();
            *spec.pointer_mut(path).expect("the sample has it") = other;
            let field = path.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default().replace("~1", "/");
            self.violations.push(Violation { what: format!("spec{path} {what}"), spec, field });
        }
    }
}

/// Each bound, required field and type of the schema is enforced: a spec that is valid except for one of them is refused, and the refusal
/// names the field. The test fails for a field that no sample has. No reference can name an object in another namespace.
pub(crate) async fn every_bound_of_the_definition(place: &Place) {
    let crd = serde_json::to_value(operator::api::crd()).expect("JSON");
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    for sample in samples() {
        judged(&place.client, &place.name, "trattoria", &sample)
            .await
            .unwrap_or_else(|error| panic!("a sample is refused: {error}\n{sample}"));
    }
    let mut walk = Walk { samples: samples(), violations: Vec::new(), missing: Vec::new() };
    walk.visit(schema, "");
    assert!(walk.missing.is_empty(), "no sample has these fields: {:#?}", walk.missing);
    assert!(walk.violations.len() > 300, "only {} violations were found", walk.violations.len());
    let judge = |violation: Violation| async move {
        match judged(&place.client, &place.name, "trattoria", &violation.spec).await {
            Ok(()) => Some(format!("{} is accepted", violation.what)),
            Err(said) if said.contains(&violation.field) => None,
            Err(said) => Some(format!("{}: the refusal does not name {}: {said}", violation.what, violation.field)),
        }
    };
    let wrong: Vec<_> = stream::iter(walk.violations).map(judge).buffer_unordered(8).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
