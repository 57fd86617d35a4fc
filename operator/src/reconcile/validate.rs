//! Checks a resource and its references. The result is a platform from which building cannot fail, or every fault. Pure.

pub(crate) mod amounts;
mod backup;
pub(crate) mod check;
mod defaults;
mod guests;
mod running;
pub(crate) mod schedule;

use house::declared::Declared;
use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource as _, ResourceExt as _};

use crate::api::{self, ConditionType, Confirmation, DeletionPolicy, RestaurantBooking, RestaurantBookingSpec};

pub use defaults::Defaults;
pub use guests::CREDENTIALS;

use check::Check;
use running::{component, program};

use super::backend::{broker, database};
use super::failure::Invalid;
use super::kind::{GATEWAY_API, Kind, PROMETHEUS_OPERATOR};
use super::names::admin_name;
use super::platform::{Admin, Exposure, Monitoring, NetworkPolicy, Platform, Restaurant, Secret};
use super::reason::{INVALID_SECRET, INVALID_SPEC};
use super::references::{ADMIN_PASSWORD, References};
use super::service::PerService;
use super::tenant;

/// The annotation of a resource that asks for a backup now: each new text asks for another.
pub const REQUEST: &str = "restaurantbooking.dev/backup";

/// Checks a resource.
///
/// # Errors
/// All faults of the resource and its references.
pub fn validate(resource: &RestaurantBooking, references: &References, defaults: &Defaults) -> Result<Platform, Vec<Invalid>> {
    let namespace = resource.namespace().unwrap_or_else(|| "default".to_owned());
    let mut check = Check { name: resource.name_any(), namespace, references, defaults, invalid: Vec::new() };
    let spec = &resource.spec;
    check.name();
    let requested = resource.annotations().get(REQUEST).filter(|text| !text.is_empty()).cloned();
    let backup = check.backup(spec, requested);
    let platform = Platform {
        namespace: check.namespace.clone(),
        owner: OwnerReference {
            api_version: RestaurantBooking::api_version(&()).into_owned(),
            kind: RestaurantBooking::kind(&()).into_owned(),
            name: check.name.clone(),
            uid: resource.uid().unwrap_or_default(),
            controller: Some(true),
            block_owner_deletion: Some(false),
        },
        operator_namespace: defaults.operator_namespace.clone(),
        fixed_ids: defaults.fixed_ids,
        restaurant: check.restaurant(spec),
        house: check.house(spec),
        image_pull_policy: spec.image.as_ref().and_then(|image| image.pull_policy).unwrap_or_default().as_str(),
        image_pull_secrets: spec.image.iter().flat_map(|image| &image.pull_secrets).map(|secret| secret.name.clone()).collect(),
        components: PerService::new(|service| component(spec, service, defaults)),
        admin: check.admin(spec),
        credentials: references.credentials.clone(),
        postgres: database::validate(&mut check, spec),
        kafka: broker::validate(&mut check, spec),
        program: program(spec, defaults),
        restore: check.restore(spec, backup.as_ref()),
        backup,
        exposure: check.exposure(spec),
        mail: check.mail(spec),
        network_policy: network_policy(spec, defaults),
        pod_disruption_budget: pod_disruption_budget(spec),
        monitoring: monitoring(spec, references),
        retain: spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Retain,
        name: check.name.clone(),
    };
    check.invalid.extend(tenant::forbidden(&platform, &defaults.allowed_registries));
    if check.invalid.is_empty() { Ok(platform) } else { Err(check.invalid) }
}

impl Check<'_> {
    /// The definition has this rule too, but the resource may be older than the rule.
    fn name(&mut self) {
        if self.name.len() > api::NAME_MAX || self.name.contains('.') {
            let message = format!("metadata.name must have at most {} characters and no '.'; it is {:?}", api::NAME_MAX, self.name);
            self.refuse(ConditionType::Ready, INVALID_SPEC, message);
        }
    }

    fn restaurant(&mut self, spec: &RestaurantBookingSpec) -> Restaurant {
        let restaurant = &spec.restaurant;
        // The pattern also admits names that are not time zones.
        if TimeZone::get(&restaurant.time_zone).is_err() {
            let message = format!(
                "spec.restaurant.timeZone is {:?}; it must be the name of a time zone in the IANA database, such as Europe/Rome or UTC",
                restaurant.time_zone
            );
            self.refuse(ConditionType::Ready, INVALID_SPEC, message);
        }
        Restaurant {
            time_zone: restaurant.time_zone.clone(),
            auto_confirm: restaurant.confirmation == Some(Confirmation::Automatic),
            max_days_ahead: restaurant.max_days_ahead.unwrap_or(180),
            site: self.site(spec),
        }
    }

    /// The definition says what it can of the house; that services overlap, or a table is of no area, it cannot.
    fn house(&mut self, spec: &RestaurantBookingSpec) -> Declared {
        let house = spec.house();
        for fault in house.faults() {
            self.refuse(ConditionType::HouseApplied, INVALID_SPEC, format!("spec.{fault}"));
        }
        house
    }

    fn admin(&mut self, spec: &RestaurantBookingSpec) -> Admin {
        let given = spec.admin.as_ref();
        let email = given.and_then(|admin| admin.email.clone()).unwrap_or_else(|| auth::config::ADMIN_EMAIL.to_owned());
        let (password, text) = match given.and_then(|admin| admin.password_secret_ref.as_ref()) {
            Some(reference) => self.secret(ConditionType::AdminReady, "spec.admin.passwordSecretRef", reference),
            None => {
                let text = self.references.credentials.admin_password.clone();
                (Secret { name: admin_name(&self.name), key: ADMIN_PASSWORD.to_owned(), checksum: self.seal(text.as_bytes()) }, text)
            }
        };
        if !password.checksum.is_empty()
            && let Err(fault) = auth::config::Administrator::new(&email, text.trim_end_matches(['\r', '\n']))
        {
            let message = format!("spec.admin: the service would refuse this administrator: {}", fault.detail);
            self.refuse(ConditionType::AdminReady, INVALID_SECRET, message);
        }
        Admin { email, password, generated: given.is_none_or(|admin| admin.password_secret_ref.is_none()) }
    }

    fn exposure(&mut self, spec: &RestaurantBookingSpec) -> Option<Exposure> {
        if let Some(gateway) = &spec.gateway {
            self.needs(ConditionType::Ready, "spec.gateway", GATEWAY_API);
            return Some(Exposure::Gateway {
                host: gateway.host.clone(),
                parent: gateway.parent_ref.name.clone(),
                section: gateway.parent_ref.section_name.clone(),
            });
        }
        spec.ingress.as_ref().map(|ingress| Exposure::Ingress {
            host: ingress.host.clone(),
            class: ingress.class_name.clone(),
            tls_secret: ingress.tls_secret_name.clone(),
            annotations: ingress.annotations.clone(),
        })
    }
}

fn network_policy(spec: &RestaurantBookingSpec, defaults: &Defaults) -> Option<NetworkPolicy> {
    let given = spec.network_policy.clone().unwrap_or_default();
    given
        .enabled
        .unwrap_or(true)
        .then(|| NetworkPolicy { client_namespace_labels: given.client_namespace_labels, dns_namespaces: defaults.dns_namespaces.clone() })
}

fn pod_disruption_budget(spec: &RestaurantBookingSpec) -> Option<i32> {
    let given = spec.pod_disruption_budget.clone().unwrap_or_default();
    given.enabled.unwrap_or(true).then_some(given.max_unavailable.unwrap_or(1))
}

fn monitoring(spec: &RestaurantBookingSpec, references: &References) -> Option<Monitoring> {
    let given = spec.monitoring.clone().unwrap_or_default();
    let known = Kind::of_product(PROMETHEUS_OPERATOR).iter().all(|kind| references.kinds.contains(kind));
    (known && given.enabled.unwrap_or(true))
        .then_some(Monitoring { labels: given.labels, interval_seconds: given.interval_seconds.unwrap_or(30) })
}
