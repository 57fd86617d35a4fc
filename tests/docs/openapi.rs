//! The OpenAPI documents: the routers are their source, and a change to them is seen in review.

use serde_json::Value;

use crate::assert_fresh;

fn documents() -> [(&'static str, Value); 3] {
    [("auth", auth::openapi()), ("menu", menu::openapi()), ("reservation", reservation::openapi())]
        .map(|(service, api)| (service, serde_json::to_value(api).expect("JSON")))
}

#[test]
fn generated_openapi_documents() {
    for (service, document) in documents() {
        let text = serde_json::to_string_pretty(&document).expect("JSON");
        assert_fresh(&format!("docs/openapi/{service}.json"), &format!("{text}\n"));
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
                assert!(examples.values().all(|example| example["value"]["status"].as_u64() == status.parse().ok()), "{name} {status}");
            }
            assert_eq!(operation["security"].is_array(), responses.contains_key("401") && name != "post /auth/login", "{name}");
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
    schema["properties"].as_object().is_some_and(|members| members.values().any(|member| !member["example"].is_null()))
}
