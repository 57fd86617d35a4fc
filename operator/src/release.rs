//! Removes the finalizers from resources before the operator is uninstalled.

use std::sync::Arc;

use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, ResourceExt as _};

use crate::api::RestaurantBooking;
use crate::metrics::Metrics;
use crate::reconcile::deletion::{Finalizer, has_finalizer};
use crate::reconcile::failure::{Failure, chain};
use crate::reconcile::resource::Owner;
use crate::timing;

/// The number of attempts for a resource that other clients write at the same time.
const TRIES: usize = 5;

/// Removes the finalizer from every resource of the namespaces, or of all namespaces if `namespaces` is empty. The resources can then be
/// deleted without the operator, and their data is kept. Returns the number of resources that were changed. A namespace, or a resource, that
/// fails does not stop the others.
///
/// # Errors
/// All that the API server refused, or did not answer.
pub async fn release(client: &Client, namespaces: &[String]) -> Result<usize, String> {
    let resource = kube::core::ApiResource::erase::<RestaurantBooking>(&());
    let apis: Vec<(&str, Api<DynamicObject>)> = match namespaces {
        [] => vec![("all namespaces", Api::all_with(client.clone(), &resource))],
        some => some.iter().map(|name| (name.as_str(), Api::namespaced_with(client.clone(), name, &resource))).collect(),
    };
    let metrics = Arc::new(Metrics::default());
    let (mut released, mut failures) = (0, Vec::new());
    for (place, api) in apis {
        let owners = with_finalizer(&api).await.unwrap_or_else(|failure| {
            failures.push(format!("{place}: {failure}"));
            Vec::new()
        });
        for (owner, uid) in owners {
            match take_off(&Finalizer { client, metrics: &metrics, owner: &owner }, &uid).await {
                Ok(()) => released += 1,
                Err(failure) => failures.push(format!("{}/{}: {failure}", owner.namespace, owner.name)),
            }
        }
    }
    if failures.is_empty() {
        return Ok(released);
    }
    Err(format!("{released} finalizers were taken off; run `operator release` again, with rights for these:\n  {}", failures.join("\n  ")))
}

/// The resources that have the finalizer, each with its uid.
async fn with_finalizer(api: &Api<DynamicObject>) -> Result<Vec<(Owner, String)>, String> {
    let list = tokio::time::timeout(timing::LIST, api.list_metadata(&ListParams::default())).await;
    let list = match list.map_err(|_| "the API server does not answer".to_owned())? {
        // Without the namespace, or the definition, there are no resources.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(Vec::new()),
        list => list.map_err(|error| format!("the resources cannot be listed: {}", chain(&error)))?,
    };
    let found = list.items.iter().filter(|found| has_finalizer(&found.metadata)).map(|found| {
        let owner = Owner { namespace: found.namespace().unwrap_or_default(), name: found.name_any() };
        (owner, found.uid().unwrap_or_default())
    });
    Ok(found.collect())
}

async fn take_off(finalizer: &Finalizer<'_>, uid: &str) -> Result<(), Failure> {
    let mut tries = 1;
    loop {
        match finalizer.take_off(uid).await {
            Err(_) if tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::Json;
    use axum::http::{Method, StatusCode, Uri};
    use serde_json::{Value, json};

    use super::*;
    use crate::reconcile::deletion::FINALIZER;

    /// An API server with a resource in each namespace, but for `away`, which does not exist, and `secret`, where nothing may be listed.
    async fn api_server(patched: Arc<Mutex<Vec<String>>>) -> Client {
        let answer = move |method: Method, uri: Uri| async move {
            let path = uri.path().to_owned();
            let namespace = path.split('/').nth(5).expect("a namespace").to_owned();
            let status = |code: u16, reason: &str| {
                let body = json!({
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code,
                });
                (StatusCode::from_u16(code).expect("a status"), Json(body))
            };
            let resource = json!({
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
                "metadata": {"name": "bistro", "namespace": namespace, "uid": "1", "resourceVersion": "1", "finalizers": [FINALIZER]},
            });
            let answer: Value = match (method, namespace.as_str(), path.ends_with("/bistro")) {
                (_, "away", _) => return status(404, "NotFound"),
                (_, "secret", _) => return status(403, "Forbidden"),
                (Method::PATCH, "frozen", _) => return status(409, "Conflict"),
                (Method::PATCH, ..) => {
                    patched.lock().expect("no panic").push(namespace);
                    resource
                }
                (_, _, true) => resource,
                _ => json!({
                    "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": [resource],
                }),
            };
            (StatusCode::OK, Json(answer))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound")).parse().expect("a URL");
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::try_from(kube::Config::new(url)).expect("a client")
    }

    #[tokio::test]
    async fn b10_a_namespace_that_fails_holds_up_no_other() {
        let patched = Arc::new(Mutex::new(Vec::new()));
        let client = api_server(patched.clone()).await;
        let release = |namespaces: &[&str]| {
            let (client, namespaces) = (client.clone(), namespaces.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            async move { release(&client, &namespaces).await }
        };
        let refused = release(&["secret", "trattoria", "away", "frozen", "osteria"]).await.expect_err("two that fail");
        assert_eq!(*patched.lock().expect("no panic"), ["trattoria", "osteria"]);
        let lines: Vec<_> = refused.lines().map(str::trim).collect();
        assert!(lines.len() == 3 && lines[0].starts_with("2 finalizers were taken off"), "{refused}");
        assert!(lines[1].starts_with("secret: ") && lines[2].starts_with("frozen/bistro: "), "{refused}");
        assert_eq!(release(&["away", "trattoria"]).await, Ok(1));
    }
}
