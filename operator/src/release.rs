//! Removes the finalizers from resources before the operator is uninstalled.

use std::sync::Arc;

use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, ResourceExt as _};

use crate::api::RestaurantBooking;
use crate::metrics::Metrics;
use crate::reconcile::deletion::{Finalizer, has_finalizer};
use crate::reconcile::failure::chain;
use crate::reconcile::resource::Owner;
use crate::timing;

/// The number of attempts for a resource that other clients write at the same time.
const TRIES: usize = 5;

/// Removes the finalizer from every resource of the namespaces, or of all namespaces if `namespaces` is empty. The resources can then be
/// deleted without the operator, and their data is kept. Returns the number of resources that were changed.
///
/// # Errors
/// The API server refuses a request, or does not answer.
pub async fn release(client: &Client, namespaces: &[String]) -> Result<usize, String> {
    let resource = kube::core::ApiResource::erase::<RestaurantBooking>(&());
    let apis: Vec<Api<DynamicObject>> = match namespaces {
        [] => vec![Api::all_with(client.clone(), &resource)],
        some => some.iter().map(|namespace| Api::namespaced_with(client.clone(), namespace, &resource)).collect(),
    };
    let metrics = Arc::new(Metrics::default());
    let mut released = 0;
    for api in apis {
        let list = tokio::time::timeout(timing::LIST, api.list_metadata(&ListParams::default())).await;
        let list = match list.map_err(|_| "the API server does not answer".to_owned())? {
            // Without the definition there are no resources.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            list => list.map_err(|error| format!("the resources cannot be listed: {}", chain(&error)))?,
        };
        for found in list.items.iter().filter(|found| has_finalizer(&found.metadata)) {
            let owner = Owner { namespace: found.namespace().unwrap_or_default(), name: found.name_any() };
            let finalizer = Finalizer { client, metrics: &metrics, owner: &owner };
            let uid = found.uid().unwrap_or_default();
            let mut tries = 1;
            while let Err(failure) = finalizer.take_off(&uid).await {
                if tries == TRIES {
                    return Err(format!("{}/{}: {failure}", owner.namespace, owner.name));
                }
                tries += 1;
            }
            released += 1;
        }
    }
    Ok(released)
}
