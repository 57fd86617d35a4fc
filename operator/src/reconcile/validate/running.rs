//! The settings of services, with defaults for missing fields.

use k8s_openapi::api::core::v1::Affinity;

use crate::api::{Component as ComponentSpec, Quantity, RestaurantBookingSpec, ServiceImage};
use crate::reconcile::platform::{Component, Program, Scale};
use crate::reconcile::service::Service;

use super::amounts::{Usual, resources};
use super::defaults::Defaults;

/// A service used 18 MiB idle when it was measured. The rest is for bcrypt and bursts.
static SERVICE: Usual = Usual { requests: &[("cpu", "50m"), ("memory", "64Mi")], limits: &[("memory", "256Mi")] };

pub(super) fn component(spec: &RestaurantBookingSpec, service: Service, defaults: &Defaults) -> Component {
    let given = match service {
        Service::Auth => &spec.auth,
        Service::Menu => &spec.menu,
        Service::Reservation => &spec.reservation,
    };
    let given = given.clone().unwrap_or_default();
    let own = spec.image.as_ref().and_then(|image| match service {
        Service::Auth => image.auth.as_ref(),
        Service::Menu => image.menu.as_ref(),
        Service::Reservation => image.reservation.as_ref(),
    });
    let (image, version, is_default_version) = image(spec, service.as_str(), own, defaults);
    let mut resources = resources(given.resources.as_ref(), &SERVICE);
    if given.autoscaling.is_some() && !resources.limits.contains_key("cpu") {
        // An autoscaler needs a request of CPU, of which its target is a share.
        resources.requests.entry("cpu".to_owned()).or_insert_with(|| Quantity::from("50m"));
    }
    let (affinity, unreadable) = affinity(service, given.affinity.clone());
    Component {
        image,
        version,
        is_default_version,
        scale: scale(&given),
        resources,
        labels: given.labels,
        annotations: given.annotations,
        node_selector: given.node_selector,
        tolerations: given.tolerations,
        affinity,
        unreadable,
        topology_spread_constraints: given.topology_spread_constraints,
        log_level: given.log_level.unwrap_or_default(),
        cors_allowed_origins: given.cors_allowed_origins,
        database_max_connections: given.database_max_connections.unwrap_or(10),
    }
}

fn scale(given: &ComponentSpec) -> Scale {
    given.autoscaling.as_ref().map_or_else(|| Scale::Fixed(given.replicas.unwrap_or(2)), Scale::from)
}

/// The program that makes backups.
pub(super) fn program(spec: &RestaurantBookingSpec, defaults: &Defaults) -> Program {
    let own = spec.image.as_ref().and_then(|image| image.backup.as_ref());
    let (image, version, _) = image(spec, "backup", own, defaults);
    Program { image, version }
}

/// The image's full name, its tag or digest, and whether that is the operator's default. `own` has the settings of this image alone.
fn image(spec: &RestaurantBookingSpec, name: &str, own: Option<&ServiceImage>, defaults: &Defaults) -> (String, String, bool) {
    let image = spec.image.clone().unwrap_or_default();
    let ServiceImage { repository, tag, digest } = own.cloned().unwrap_or_default();
    let registry = image.registry.unwrap_or_else(|| defaults.image_registry.clone());
    let repository = repository.unwrap_or_else(|| format!("{registry}/{name}"));
    match digest {
        Some(digest) => (format!("{repository}@{digest}"), digest, false),
        None => {
            let asked = tag.or(image.tag);
            let is_default = asked.is_none();
            let tag = asked.unwrap_or_else(|| defaults.image_tag.clone());
            (format!("{repository}:{tag}"), tag, is_default)
        }
    }
}

/// The affinity, or its error. The API server admits any object there, and one service with a wrong affinity must not stop the others.
fn affinity(service: Service, given: Option<serde_json::Value>) -> (Option<Affinity>, Option<String>) {
    match given.map(serde_json::from_value).transpose() {
        Ok(affinity) => (affinity, None),
        Err(error) => {
            let message = format!(
                "spec.{}.affinity cannot be read: {error}; it must be as `kubectl explain pod.spec.affinity` has it. The Pods stay as they are",
                service.as_str()
            );
            (None, Some(message))
        }
    }
}
