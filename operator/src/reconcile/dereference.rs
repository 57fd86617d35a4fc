//! Reads the references of a resource, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::api::Api;
use kube::{Client, ResourceExt as _};

use crate::api::RestaurantBookingSpec;
use crate::timing::REQUEST;

use super::build::{INSTANCE, MANAGED_BY, MANAGER};
use super::children::Children;
use super::failure::Failure;
use super::kind::Kind;
use super::names::database_name;
use super::reason::NO_RANDOMNESS;
use super::references::{Credentials, References, SecretData, USABLE, generated, named, names};
use super::resource::Owner;
use super::service::{PerService, Service};
use super::step::Step;
use super::volume::Volume;

type Known = HashMap<Owner, BTreeMap<String, (String, Arc<SecretData>)>>;

/// The Secrets, as last read, with their `resourceVersion`s. A Secret is read again only when a watch reports another version.
#[derive(Default)]
pub struct Secrets(Mutex<Known>);

impl Secrets {
    /// Drops the Secrets of a resource that is gone.
    pub fn forget(&self, owner: &Owner) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(owner);
    }

    fn known(&self, owner: &Owner, name: &str, version: &str) -> Option<SecretData> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, data) = known.get(owner)?.get(name)?;
        (of == version).then(|| SecretData::clone(data))
    }

    fn keep(&self, owner: &Owner, name: &str, version: String, data: &SecretData) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(owner.clone()).or_default().insert(name.to_owned(), (version, Arc::new(data.clone())));
    }
}

/// Reads the Secrets that a resource depends on, and generates the missing values that the operator generates.
///
/// # Errors
/// The API server does not answer, or the operating system gives no randomness.
pub async fn dereference(
    client: &Client,
    children: &Children,
    secrets: &Secrets,
    owner: &Owner,
    spec: &RestaurantBookingSpec,
    require_label: bool,
) -> Result<References, Failure> {
    // A Secret that the resource refers to needs the label even if it has the name of a generated one: a name does not show whose Secret it
    // is.
    let named = named(spec);
    let (names, generated) = (names(&owner.name, spec), generated(&owner.name, spec));
    children.refer(owner, names.iter().cloned());
    let api: Api<Secret> = Api::namespaced(client.clone(), &owner.namespace);
    let read = stream::iter(names).map(|name| {
        let (api, is_ours_to_generate) = (&api, generated.contains(&name));
        let needs_label = require_label && named.contains(&name);
        async move {
            let version = children.version(owner, Kind::Secret, &name);
            if let Some(data) = version.as_deref().and_then(|version| secrets.known(owner, &name, version)) {
                return Ok(Some((name, Some(data))));
            }
            let secret = match tokio::time::timeout(REQUEST, api.get_opt(&name)).await {
                Err(_) => return Err(Failure::timeout(Step::Foundation, "get", Kind::Secret, &name)),
                Ok(Err(error)) => return Err(Failure::of_request(Step::Foundation, "get", Kind::Secret, &name, &error)),
                Ok(Ok(secret)) => secret,
            };
            let Some(secret) = secret else { return Ok(None) };
            // The password in a foreign Secret is never adopted, even if the Secret is deleted before the next request.
            if is_ours_to_generate && !is_ours(&secret, owner) {
                return Ok(None);
            }
            if needs_label && secret.labels().get(USABLE).map(String::as_str) != Some("true") {
                return Ok(Some((name, None)));
            }
            let version = secret.resource_version().unwrap_or_default();
            let data: SecretData = secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect();
            secrets.keep(owner, &name, version, &data);
            Ok(Some((name, Some(data))))
        }
    });
    let found: Vec<_> = read.buffered(8).try_collect().await?;
    let (mut secrets, mut unusable) = (BTreeMap::new(), BTreeSet::new());
    for (name, data) in found.into_iter().flatten() {
        match data {
            Some(data) => drop(secrets.insert(name, data)),
            None => drop(unusable.insert(name)),
        }
    }
    let credentials = Credentials::complete(&owner.name, &secrets).map_err(|error| Failure {
        step: Step::Foundation,
        reason: NO_RANDOMNESS,
        message: error.to_string(),
    })?;
    let volumes = if is_managed(spec) { volumes(client, children, owner).await? } else { PerService::default() };
    Ok(References { secrets, unusable, credentials, volumes, ..Default::default() })
}

fn is_managed(spec: &RestaurantBookingSpec) -> bool {
    spec.postgres.as_ref().is_none_or(|postgres| postgres.cloud_native_pg.is_none() && postgres.external.is_none())
}

/// The settings that the volumes of the databases were made with: from the watch of claims, or, if it has not reported a claim, from a
/// request.
async fn volumes(client: &Client, children: &Children, owner: &Owner) -> Result<PerService<Option<Volume>>, Failure> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &owner.namespace);
    let volume = async |service: Service| {
        let name = database_name(&owner.name, service);
        if let Some(told) = children.volume(owner, &name) {
            return Ok(told);
        }
        let kind = Kind::PersistentVolumeClaim;
        match tokio::time::timeout(REQUEST, api.get_metadata_opt(&name)).await {
            Err(_) => Err(Failure::timeout(Step::Foundation, "get", kind, &name)),
            Ok(Err(error)) => Err(Failure::of_request(Step::Foundation, "get", kind, &name, &error)),
            Ok(Ok(claim)) => Ok(claim.and_then(|claim| Volume::of(claim.annotations()))),
        }
    };
    let (auth, menu, reservation) = tokio::try_join!(volume(Service::Auth), volume(Service::Menu), volume(Service::Reservation))?;
    Ok(PerService { auth, menu, reservation })
}

/// Whether the operator made a Secret for the resource. Labels may have been edited, but the managed fields still show the operator.
fn is_ours(secret: &Secret, owner: &Owner) -> bool {
    let label = |key: &str| secret.labels().get(key).map(String::as_str);
    let labelled = label(MANAGED_BY) == Some(MANAGER) && label(INSTANCE) == Some(&owner.name);
    labelled || secret.managed_fields().iter().any(|entry| entry.manager.as_deref() == Some(MANAGER))
}
