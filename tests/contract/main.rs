//! What holds for every service, and is written in the contract.

mod cors;
mod docs;
mod edge;
mod headers;
mod log;
mod metrics;
mod openapi;
mod order;
mod page;
mod press;
mod requests;
mod roles;
mod sql;
mod stop;
mod tokens;

use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Platform, Reply, Setup, platform::mail_that_waits};
use serde_json::Value;

const SERVICES: [&str; 3] = ["auth", "menu", "reservation"];

async fn platform() -> Platform {
    Platform::start(Setup { mail: Some(mail_that_waits()), ..Setup::default() }).await
}

/// The OpenAPI document of a service, as its code has it.
fn document(service: &str) -> Value {
    let document = match service {
        "auth" => auth::openapi(),
        "menu" => menu::openapi(),
        _ => reservation::openapi(),
    };
    serde_json::to_value(document).expect("JSON")
}

/// An operation of a document.
struct Operation {
    service: &'static str,
    method: reqwest::Method,
    path: String,
    described: Value,
}

impl Operation {
    fn id(&self) -> &str {
        self.described["operationId"].as_str().expect("an operationId")
    }

    /// Its path for the thing of this id.
    fn path(&self, id: impl std::fmt::Display) -> String {
        self.path.replace("{id}", &id.to_string())
    }

    fn has_body(&self) -> bool {
        self.described.get("requestBody").is_some()
    }
}

/// The operations of all documents.
fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for service in SERVICES {
        for (path, item) in document(service)["paths"].as_object().expect("paths") {
            for (method, described) in item.as_object().expect("operations") {
                let method = method.to_uppercase().parse().expect("a method");
                operations.push(Operation { service, method, path: path.clone(), described: described.clone() });
            }
        }
    }
    operations
}

/// A request with a body that is sent as it is.
async fn raw(api: &Api, method: reqwest::Method, path: &str, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Reply {
    let request = api.request(method, path).body(body);
    send(match content_type {
        Some(content_type) => request.header("Content-Type", content_type),
        None => request,
    })
    .await
}
