//! Platforms for tests, from resources as users write them.

use crate::api;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::Platform;
use crate::reconcile::references::{Credentials, References};
use crate::reconcile::validate::{Defaults, validate};

/// The platform of resource `trattoria` in namespace `dining`. `spec` is the spec without `restaurant`, as YAML; `secrets` are the Secrets
/// that exist: name, key, value.
pub(crate) fn platform(spec: &str, secrets: &[(&str, &str, &str)]) -> Platform {
    let mut resource = serde_yaml::from_str::<serde_json::Value>(
        "{apiVersion: restaurantbooking.dev/v1alpha1, kind: RestaurantBooking, metadata: {name: trattoria, namespace: dining}}",
    )
    .expect("YAML");
    let given: Option<serde_json::Map<_, _>> = serde_yaml::from_str(spec).expect("a spec in YAML");
    resource["spec"] = given.unwrap_or_default().into();
    resource["spec"]["restaurant"] = serde_json::json!({"name": "Trattoria", "timeZone": "Europe/Rome"});
    let mut resource = api::read(&resource.to_string()).expect("a resource");
    resource.metadata.uid = Some("3f0bd1a5-0c3b-4c8e-8d0f-6f3f5a0c9a11".to_owned());
    let mut references = References {
        kinds: Kind::ALL.into_iter().filter(|kind| kind.is_optional()).collect(),
        credentials: Credentials::placeholder(),
        ..Default::default()
    };
    for (name, key, value) in secrets {
        references.secrets.entry((*name).to_owned()).or_default().insert((*key).to_owned(), value.as_bytes().to_vec());
    }
    validate(&resource, &references, &Defaults::default()).expect("a valid resource")
}
