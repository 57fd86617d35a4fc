//! The OpenAPI documents: the routers are their source, and a change to them is seen in review.

use serde_json::{Value, json};

use crate::assert_fresh;

fn apis() -> [(&'static str, utoipa::openapi::OpenApi); 3] {
    [("auth", auth::openapi()), ("menu", menu::openapi()), ("reservation", reservation::openapi())]
}

pub(crate) fn documents() -> [(&'static str, Value); 3] {
    apis().map(|(service, api)| (service, serde_json::to_value(api).expect("JSON")))
}

#[test]
fn generated_openapi_documents() {
    for (service, api) in apis() {
        // As it is written, in the order of the router.
        let text = api.to_pretty_json().expect("JSON");
        assert_fresh(&format!("docs/openapi/{service}.json"), &format!("{text}\n"));
    }
}

/// Every example keeps the schema that stands beside it: those of answers and of requests, and those of parameters.
#[test]
fn every_example_is_one_of_its_schema() {
    for (service, document) in documents() {
        let holds = |what: &str, schema: &Value, example: &Value| {
            let mut whole = schema.clone();
            if let Some(members) = whole.as_object_mut() {
                members.insert("components".to_owned(), document["components"].clone());
            }
            let validator = jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{service}: {what}: {error}"));
            let faults: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(faults.is_empty(), "{service}: {what}: {example}: {faults:?}");
        };
        for (name, operation) in operations(&document) {
            let answers = operation["responses"].as_object().expect("responses").iter();
            for (status, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
                let content = &answer["content"]["application/json"];
                if !content.is_null() {
                    assert!(!content["example"].is_null(), "{service}: {name} {status} has no example");
                    holds(&format!("{name} {status}"), &content["schema"], &content["example"]);
                }
            }
            for (media_type, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                let examples = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
                for example in examples.chain(content.get("example")) {
                    holds(&format!("{name} {media_type}"), &content["schema"], example);
                }
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if let Some(example) = parameter.get("example") {
                    holds(&format!("{name} {}", parameter["name"]), &parameter["schema"], example);
                }
            }
        }
    }
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    all.collect()
}

#[test]
fn every_operation_says_what_a_client_needs() {
    for (service, document) in documents() {
        assert!(document["openapi"].as_str().expect("a version").starts_with("3.1."), "{service}");
        for (name, operation) in operations(&document) {
            for member in ["operationId", "summary"] {
                assert!(operation[member].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {member}");
            }
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{name} has no tag");
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name} has no success");
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                let problem = &response["content"]["application/problem+json"];
                assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{name} {status}");
                let examples = problem["examples"].as_object().unwrap_or_else(|| panic!("{name} {status} has no example"));
                let example = |code: &String| &document["components"]["examples"][code];
                assert!(examples.keys().all(|code| example(code)["value"]["status"].as_u64() == status.parse().ok()), "{name} {status}");
            }
            // Where a token is optional, an operation may refuse one that is not valid, or take its owner for anybody.
            let schemes = operation["security"].as_array();
            if !schemes.is_some_and(|schemes| schemes.contains(&json!({}))) {
                assert_eq!(schemes.is_some(), responses.contains_key("401") && name != "post /auth/login", "{name}");
            }
            let bodies = operation["requestBody"]["content"].as_object().cloned().unwrap_or_default();
            for (media_type, content) in bodies {
                assert!(has_example(&document, &content), "{name} has no example of {media_type}");
            }
        }
    }
}

/// Whether a body has an example, of the whole or of its members.
fn has_example(document: &Value, content: &Value) -> bool {
    if content["example"].is_object() || content["examples"].is_object() {
        return true;
    }
    let name = content["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).expect("a reference");
    let schema = &document["components"]["schemas"][name];
    schema["properties"]
        .as_object()
        .is_some_and(|members| members.values().any(|member| !member["example"].is_null() || !member["examples"].is_null()))
}
