//! Swagger UI, used as a newcomer does: every operation is sent once, as it is filled in, in the order of the documents.

use std::process::Command;

use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Platform};
use serde_json::{Value, json};

use crate::{Operation, SERVICES, platform};

/// Methods in the order in which a document has them.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

async fn seed(platform: &Platform) {
    let seeded = Command::new("sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/seed"))
        .env("AUTH_URL", platform.base("auth"))
        .env("MENU_URL", platform.base("menu"))
        .env("RESERVATION_URL", platform.base("reservation"))
        .output()
        .expect("sh");
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    // As many as the example of a removal needs.
    for day in 1..=8 {
        platform.admin("reservation").post("/reservations/areas", &json!({"name": format!("Room {day}")})).await.expect(201);
        let group = json!({"name": format!("Pair {day}"), "table_ids": [4, 5], "capacity": 20});
        platform.admin("reservation").post("/reservations/table-groups", &group).await.expect(201);
        let (from, until) = (format!("2040-01-0{day}T10:00:00Z"), format!("2040-01-0{day}T11:00:00Z"));
        let block = json!({"table_ids": [1], "from": from, "until": until});
        platform.admin("reservation").post("/reservations/blocks", &block).await.expect(201);
        let date = format!("2040-01-0{day}");
        let closed = json!({"from": date, "until": date, "closed": true});
        platform.admin("reservation").post("/reservations/exceptions", &closed).await.expect(201);
    }
}

/// The operations of the document that a service serves, in its order.
async fn served(platform: &Platform, service: &'static str) -> Vec<Operation> {
    let reply = platform.anyone(service).get("/openapi.json").await.expect(200);
    let mut paths: Vec<_> = reply.body["paths"].as_object().expect("paths").iter().collect();
    paths.sort_by_key(|(path, _)| reply.text.find(&format!("\"{path}\":{{")));
    let operations = paths.into_iter().flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(|method| {
            let described = item.get(method)?.clone();
            Some(Operation { service, method: method.to_uppercase().parse().expect("a method"), path: path.clone(), described })
        })
    });
    operations.collect()
}

fn text(example: &Value) -> String {
    example.as_str().map_or_else(|| example.to_string(), str::to_owned)
}

/// The first example of a body, or the one that its members make.
fn body(operation: &Operation, document: &Value) -> Option<Value> {
    let content = &operation.described["requestBody"]["content"]["application/json"];
    if content.is_null() {
        return None;
    }
    if !content["example"].is_null() {
        return Some(content["example"].clone());
    }
    if let Some((_, first)) = content["examples"].as_object().and_then(|examples| examples.iter().next()) {
        return Some(first["value"].clone());
    }
    let name = content["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).expect("a reference");
    let members = document["components"]["schemas"][name]["properties"].as_object().expect("members").iter();
    let members = members.filter_map(|(name, member)| Some((name.clone(), member["examples"].get(0)?.clone())));
    Some(Value::Object(members.collect()))
}

async fn press(api: &Api, operation: &Operation, document: &Value) -> restaurant_booking_tests::Reply {
    let parameters = operation.described["parameters"].as_array().cloned().unwrap_or_default();
    let filled = |place: &str| {
        let of_place = parameters.iter().filter(|parameter| parameter["in"] == place && !parameter["example"].is_null());
        of_place.map(|parameter| (text(&parameter["name"]), text(&parameter["example"]))).collect::<Vec<_>>()
    };
    let path = filled("path").iter().fold(operation.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
    let mut request = api.request(operation.method.clone(), &path).query(&filled("query"));
    for (name, value) in filled("header") {
        request = request.header(name, value);
    }
    send(match body(operation, document) {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_swagger_ui_fills_in_can_be_sent() {
    let platform = platform().await;
    seed(&platform).await;
    for service in SERVICES {
        let document = platform.anyone(service).get("/openapi.json").await.expect(200).body;
        for operation in served(&platform, service).await {
            let reply = press(&platform.admin(service), &operation, &document).await;
            let acts = operation.method == Method::POST && operation.path.starts_with("/reservations/{id}/");
            let refused = acts && reply.status == 409 && reply.body["code"] == "invalid_transition";
            assert!(reply.status.is_success() || refused, "{} {}: {} {}", operation.method, operation.path, reply.status, reply.text);
        }
    }
}
