use std::collections::{BTreeSet, HashMap};

use restaurant_booking_tests::platform::ready;
use serde_json::Value;

use crate::{SERVICES, document, operations, platform};

#[tokio::test(flavor = "multi_thread")]
async fn each_service_serves_its_document() {
    let platform = platform().await;
    for service in SERVICES {
        ready(platform.base(service)).await;
        let reply = platform.anyone(service).get("/openapi.json").await.expect(200);
        assert_eq!(reply.header("content-type"), "application/json");
        // The times of its examples are those of tomorrow, so that they can be sent.
        assert!(!reply.text.contains("2030-05-17"), "{service}");
        let tomorrow = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().expect("a date").to_string();
        let served: Value = serde_json::from_str(&reply.text.replace(&tomorrow, "2030-05-17")).expect("JSON");
        assert_eq!(served, document(service));
    }
}

#[test]
fn the_documents_are_of_openapi_3_1_and_say_what_they_are() {
    for service in SERVICES {
        let document = document(service);
        let version = document["openapi"].as_str().expect("a version");
        assert!(version.starts_with("3.1."), "{service}: {version}");
        for member in ["title", "version", "description"] {
            assert!(document["info"][member].as_str().is_some_and(|text| !text.is_empty()), "{service}: {member}");
        }
        assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0", "{service}");
        assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer", "{service}");
    }
    assert_eq!(document("auth")["components"]["securitySchemes"]["password"]["flows"]["password"]["tokenUrl"], "/auth/login");
}

#[test]
fn every_operation_is_described() {
    let mut ids = BTreeSet::new();
    let examples: HashMap<_, _> = SERVICES.iter().map(|service| (*service, document(service)["components"]["examples"].take())).collect();
    for operation in operations() {
        let (id, described) = (operation.id(), &operation.described);
        assert!(ids.insert(format!("{} {id}", operation.service)), "{id} is there twice");
        assert!(described["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id} has no summary");
        assert!(described["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{id} has no tags");
        for (kind, content) in described["requestBody"]["content"].as_object().into_iter().flatten() {
            let examples = content.get("example").is_some() || content["examples"].as_object().is_some_and(|examples| !examples.is_empty());
            assert!(examples, "{id}: the {kind} body has no example");
        }
        for (status, response) in described["responses"].as_object().expect("responses") {
            let problem = status.as_str() >= "400";
            let content = &response["content"]["application/problem+json"];
            assert_eq!(problem, content["examples"].as_object().is_some_and(|examples| !examples.is_empty()), "{id}: {status}");
            for (code, reference) in content["examples"].as_object().into_iter().flatten() {
                assert_eq!(reference["$ref"], format!("#/components/examples/{code}"), "{id}: {status}");
                let example = &examples[operation.service][code];
                assert_eq!(
                    (&example["value"]["code"], example["value"]["status"].to_string()),
                    (&Value::from(code.as_str()), status.clone()),
                    "{id}"
                );
            }
            assert_eq!(response["headers"].get("Retry-After").is_some(), matches!(status.as_str(), "429" | "503"), "{id}: {status}");
            assert!(
                status != "201" || (response["headers"]["Location"].is_object() && response["headers"]["ETag"].is_object()),
                "{id}: {status}"
            );
        }
    }
}

#[test]
fn what_a_document_refers_to_is_in_it() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    for service in SERVICES {
        let document = document(service);
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("a reference into the document itself");
            assert!(document.pointer(pointer).is_some(), "{service}: {reference}");
        }
    }
}

#[test]
fn every_code_in_a_document_is_in_the_list_of_problems() {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/problems.md");
    let list = std::fs::read_to_string(list).expect("docs/problems.md");
    for operation in operations() {
        for response in operation.described["responses"].as_object().expect("responses").values() {
            for code in
                response["content"]["application/problem+json"]["examples"].as_object().into_iter().flat_map(|examples| examples.keys())
            {
                assert!(list.contains(&format!("| `{code}` |")), "{}: {code}", operation.id());
            }
        }
    }
}
