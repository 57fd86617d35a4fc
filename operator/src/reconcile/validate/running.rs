//! The settings of services, databases and brokers, with defaults for missing fields.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Affinity;

use crate::api::{self, Component as ComponentSpec, Quantity, RestaurantBookingSpec, ServiceImage};
use crate::reconcile::platform::{Component, Resources, Scale, Storage};
use crate::reconcile::service::Service;

use super::Defaults;

pub(super) type Amounts = &'static [(&'static str, &'static str)];

/// Default requests and limits.
pub(super) struct Usual {
    pub(super) requests: Amounts,
    pub(super) limits: Amounts,
}

/// A service used 18 MiB idle when it was measured. The rest is for bcrypt and bursts.
pub(super) static SERVICE: Usual = Usual { requests: &[("cpu", "50m"), ("memory", "64Mi")], limits: &[("memory", "256Mi")] };
pub(super) static DATABASE: Usual = Usual { requests: &[("cpu", "100m"), ("memory", "256Mi")], limits: &[("memory", "512Mi")] };
/// The image's default heap is at most 1 GiB, of which half is enough here.
pub(super) static BROKER: Usual = Usual { requests: &[("cpu", "250m"), ("memory", "1Gi")], limits: &[("memory", "1Gi")] };

pub(super) fn resources(given: Option<&api::Resources>, usual: &Usual) -> Resources {
    let or_usual = |given: Option<&BTreeMap<String, Quantity>>, usual: Amounts| match given.filter(|given| !given.is_empty()) {
        Some(given) => given.clone(),
        None => usual.iter().map(|(name, amount)| ((*name).to_owned(), Quantity::from(*amount))).collect(),
    };
    let mut requests = or_usual(given.map(|given| &given.requests), usual.requests);
    let mut limits = or_usual(given.map(|given| &given.limits), usual.limits);
    // If a given value conflicts with a default, the default is dropped: requests must not exceed limits.
    if given.is_some_and(|given| given.limits.is_empty()) {
        limits.retain(|name, limit| requests.get(name).is_none_or(|request| request <= limit));
    }
    if given.is_some_and(|given| given.requests.is_empty()) {
        for (name, request) in &mut requests {
            if let Some(limit) = limits.get(name).filter(|limit| *limit < request) {
                *request = limit.clone();
            }
        }
    }
    Resources { requests, limits }
}

pub(super) fn storage(given: Option<&api::Storage>) -> Storage {
    Storage {
        size: given.and_then(|storage| storage.size.clone()).unwrap_or_else(|| Quantity::from("8Gi")),
        class: given.and_then(|storage| storage.storage_class_name.clone()),
    }
}

pub(super) fn component(spec: &RestaurantBookingSpec, service: Service, defaults: &Defaults) -> Component {
    let given = match service {
        Service::Auth => &spec.auth,
        Service::Menu => &spec.menu,
        Service::Reservation => &spec.reservation,
    };
    let given = given.clone().unwrap_or_default();
    let (image, version, is_default_version) = image(spec, service, defaults);
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

/// The image's full name, its tag or digest, and whether that is the operator's default.
fn image(spec: &RestaurantBookingSpec, service: Service, defaults: &Defaults) -> (String, String, bool) {
    let image = spec.image.clone().unwrap_or_default();
    let own = match service {
        Service::Auth => image.auth,
        Service::Menu => image.menu,
        Service::Reservation => image.reservation,
    };
    let ServiceImage { repository, tag, digest } = own.unwrap_or_default();
    let registry = image.registry.unwrap_or_else(|| defaults.image_registry.clone());
    let repository = repository.unwrap_or_else(|| format!("{registry}/{}", service.as_str()));
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
