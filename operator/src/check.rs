//! Checks an installation from inside the cluster.

use kube::Client;
use kube::api::{Api, Patch, PatchParams};

use crate::api::{Restaurant, RestaurantBooking, RestaurantBookingSpec};
use crate::reconcile::failure::chain;
use crate::timing;

/// Sends a resource as a dry run.
///
/// # Errors
/// The reason why the API server refuses it.
pub async fn would_take(client: Client, namespace: &str) -> Result<(), String> {
    let spec = RestaurantBookingSpec {
        restaurant: Restaurant { name: "Check".to_owned(), time_zone: "UTC".to_owned(), ..Default::default() },
        ..Default::default()
    };
    let resource = RestaurantBooking::new("installation-check", spec);
    let api: Api<RestaurantBooking> = Api::namespaced(client, namespace);
    let params = PatchParams::apply("restaurant-booking-operator-check").dry_run();
    let sent = tokio::time::timeout(timing::REQUEST, api.patch("installation-check", &params, &Patch::Apply(&resource))).await;
    sent.map_err(|_| "the API server does not answer".to_owned())?
        .map(|_| ())
        .map_err(|error| format!("the API server refuses a RestaurantBooking: {}", chain(&error)))
}
