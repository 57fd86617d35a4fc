//! Faults in a resource, or in its references, are reported where users look for them, and affect nothing else.

mod bounds;
mod rules;
mod samples;
mod secrets;
mod strangers;

use http::{Method, Request};
use kube::Client;
use serde_json::{Value, json};

pub(crate) use bounds::every_bound_of_the_definition;
pub(crate) use rules::{every_rule_of_the_definition, what_may_change_and_what_may_not};
pub(crate) use secrets::{a_missing_secret_is_noticed_at_once, what_cannot_be_used_is_named};
pub(crate) use strangers::a_malformed_resource_and_kinds_that_come_later;

/// The API server's answer to a resource, which is not stored; unknown fields are refused.
async fn judged(client: &Client, namespace: &str, name: &str, spec: &Value) -> Result<(), String> {
    let body =
        json!({"apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "metadata": {"name": name}, "spec": spec});
    sent(client, Method::POST, &format!("{}?dryRun=All&fieldValidation=Strict", path(namespace)), &body).await.map(drop)
}

fn path(namespace: &str) -> String {
    format!("/apis/restaurantbooking.dev/v1alpha1/namespaces/{namespace}/restaurantbookings")
}

async fn sent(client: &Client, method: Method, uri: &str, body: &Value) -> Result<Value, String> {
    let request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
    let request = request.body(serde_json::to_vec(body).expect("JSON")).expect("a request");
    match client.request::<Value>(request).await {
        Ok(stored) => Ok(stored),
        Err(kube::Error::Api(status)) => Err(status.message.clone()),
        Err(error) => panic!("the API server answers: {error}"),
    }
}
