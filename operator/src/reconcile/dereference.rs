//! Reads the references of a resource, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::api::Api;
use kube::{Client, ResourceExt as _};

use crate::api::{RestaurantBookingSpec, RestoreClaims};
use crate::timing::REQUEST;

use super::backend::database;
use super::children::Children;
use super::failure::Failure;
use super::kept::{Found, Secrets};
use super::kind::Kind;
use super::mentions::Mentions;
use super::names::database_name;
use super::references::{References, USABLE};
use super::resource::Owner;
use super::secrets::{generated, named, names};
use super::service::{PerService, Service};
use super::step::Step;
use super::volume::Volume;

/// Reads the Secrets that a resource depends on, and the settings of its volumes.
///
/// # Errors
/// The API server refuses a request, or does not answer.
pub async fn dereference(
    client: &Client,
    children: &Children,
    mentions: &Mentions,
    secrets: &Secrets,
    owner: &Owner,
    spec: &RestaurantBookingSpec,
    require_label: bool,
) -> Result<References, Failure> {
    // A Secret that the resource refers to needs the label even if it has the name of a generated one: a name does not show whose Secret it
    // is.
    let named = named(&owner.name, spec);
    let (names, generated) = (names(&owner.name, spec), generated(&owner.name, spec));
    mentions.refer(owner, &names);
    secrets.retain(owner, &names);
    let api: Api<Secret> = Api::namespaced(client.clone(), &owner.namespace);
    // The watch of Secrets reports all of them. What it has not reported is created, which fails if it exists after all.
    let is_new = children.has_none(owner) && secrets.has_none(owner);
    let read = stream::iter(names).map(|name| {
        let (api, is_ours_to_generate) = (&api, generated.contains(&name));
        let is_named = named.contains(&name);
        let needs_label = require_label && is_named;
        async move {
            let version = children.newest(owner, Kind::Secret, &name);
            if let Some(data) = version.and_then(|version| secrets.known(owner, &name, version, needs_label)) {
                return Ok((name, Found::Data(data)));
            }
            if !is_ours_to_generate && let Some(data) = secrets.known_other(owner, &name, needs_label) {
                return Ok((name, Found::Data(data)));
            }
            if is_new && is_ours_to_generate && !is_named {
                return Ok((name, Found::Absent));
            }
            let secret = match tokio::time::timeout(REQUEST, api.get_opt(&name)).await {
                Err(_) => return Err(Failure::timeout(Step::Foundation, "get", Kind::Secret, &name)),
                Ok(Err(error)) => return Err(Failure::of_request(Step::Foundation, "get", Kind::Secret, &name, &error)),
                Ok(Ok(secret)) => secret,
            };
            let found = secrets.judge(owner, &name, secret, is_ours_to_generate, needs_label);
            Ok((name, found))
        }
    });
    let found: Vec<_> = read.buffered(8).try_collect().await?;
    let (mut secrets, mut unusable) = (BTreeMap::new(), BTreeSet::new());
    for (name, found) in found {
        match found {
            Found::Data(data) => drop(secrets.insert(name, data)),
            Found::Unusable => drop(unusable.insert(name)),
            Found::Absent | Found::Foreign => {}
        }
    }
    let volumes = if database::has_volumes(spec) && !is_new { volumes(client, children, owner).await? } else { PerService::default() };
    Ok(References { secrets, unusable, volumes, ..Default::default() })
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

/// The claims that a restore names and that exist, each with whether its owner allows resources to use it.
///
/// # Errors
/// The API server refuses a request, or does not answer.
pub async fn claims_of(client: &Client, owner: &Owner, claims: &RestoreClaims) -> Result<BTreeMap<String, bool>, Failure> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &owner.namespace);
    let (kind, mut found) = (Kind::PersistentVolumeClaim, BTreeMap::new());
    for claim in [&claims.auth, &claims.menu, &claims.reservation] {
        let name = &claim.name;
        let answer = match tokio::time::timeout(REQUEST, api.get_metadata_opt(name)).await {
            Err(_) => return Err(Failure::timeout(Step::Foundation, "get", kind, name)),
            Ok(Err(error)) => return Err(Failure::of_request(Step::Foundation, "get", kind, name, &error)),
            Ok(Ok(answer)) => answer,
        };
        found.extend(answer.map(|claim| (name.clone(), claim.labels().get(USABLE).map(String::as_str) == Some("true"))));
    }
    Ok(found)
}
