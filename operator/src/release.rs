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
