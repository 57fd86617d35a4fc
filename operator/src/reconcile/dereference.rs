//! Reads the references of a resource, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt as _};
use serde::Deserialize as _;
use serde_json::Value;

use crate::api::{RestaurantBookingSpec, RestoreClaims};
use crate::timing::REQUEST;

use super::backend::database;
use super::build::{INSTANCE, MANAGED_BY, MANAGER};
use super::children::Children;
use super::failure::Failure;
use super::kind::Kind;
use super::mentions::Mentions;
use super::names::database_name;
use super::reason::NO_RANDOMNESS;
use super::references::{Credentials, References, SecretData, USABLE};
use super::resource::Owner;
use super::secrets::{generated, named, names};
use super::service::{PerService, Service};
use super::step::Step;
use super::version::Version;
use super::volume::Volume;

/// The Secrets in a page of a list.
const PAGE: u32 = 200;

/// The data of a Secret, as the API server has it.
type Data = BTreeMap<String, ByteString>;

/// A Secret, as last read or written.
struct Kept {
    version: Version,
    /// Whether it has the label [`USABLE`].
    is_usable: bool,
    /// The data as JSON, which is one piece of memory in place of dozens.
    data: Box<str>,
}

/// The Secrets of the operator's own, as last read or written, with their `resourceVersion`s. A Secret is read again only when a watch
/// reports another version.
#[derive(Default)]
pub struct Secrets(Mutex<HashMap<Owner, BTreeMap<Box<str>, Kept>>>);

impl Secrets {
    /// Keeps a Secret as the API server answered the operator's own write, so that it need not be read.
    pub fn written(&self, owner: &Owner, name: &str, answer: &Value) {
        if let Ok(secret) = Secret::deserialize(answer) {
            self.keep(owner, name, secret);
        }
    }

    /// Reads all Secrets of the operator's own in a namespace (`None`: in all), page by page: a new process does not ask for each.
    ///
    /// # Errors
    /// The API server refuses the request.
    pub async fn read_all(&self, client: &Client, namespace: Option<&str>) -> kube::Result<()> {
        let api: Api<Secret> = namespace.map_or_else(|| Api::all(client.clone()), |namespace| Api::namespaced(client.clone(), namespace));
        let mut params = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}")).limit(PAGE);
        loop {
            let page = api.list(&params).await?;
            for secret in page.items {
                let owner = secret.labels().get(INSTANCE).zip(secret.namespace());
                let Some(owner) = owner.map(|(name, namespace)| Owner { namespace, name: name.clone() }) else { continue };
                self.keep(&owner, &secret.name_any(), secret);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(()),
            }
        }
    }

    /// Whether this version of a Secret is known.
    pub fn is_read(&self, owner: &Owner, name: &str, version: Version) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(owner).and_then(|secrets| secrets.get(name)).is_some_and(|kept| kept.version == version)
    }

    fn has_none(&self, owner: &Owner) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(owner)
    }

    /// Drops the Secrets of a resource that is gone.
    pub fn forget(&self, owner: &Owner) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(owner);
    }

    /// What an answer tells of a Secret. Only the operator's own are kept: of a Secret of somebody else, who may have put anything into it, no
    /// copy stays in memory.
    fn judge(&self, owner: &Owner, name: &str, answer: Option<Secret>, is_ours_to_generate: bool, needs_label: bool) -> Found {
        match answer {
            None => Found::Absent,
            // The password in a foreign Secret is never adopted, even if the Secret is deleted before the next request.
            Some(secret) if is_ours_to_generate && !is_ours(&secret, owner) => Found::Foreign,
            Some(secret) if needs_label && !is_usable(&secret) => Found::Unusable,
            Some(secret) if is_ours_to_generate => Found::Data(self.keep(owner, name, secret)),
            Some(secret) => Found::Data(bytes(secret.data.unwrap_or_default())),
        }
    }

    fn known(&self, owner: &Owner, name: &str, version: Version, needs_label: bool) -> Option<SecretData> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = known.get(owner)?.get(name)?;
        (kept.version == version && (kept.is_usable || !needs_label))
            .then(|| bytes(serde_json::from_str(&kept.data).expect("it was written as JSON")))
    }

    fn keep(&self, owner: &Owner, name: &str, secret: Secret) -> SecretData {
        let version = Version::of(secret.metadata.resource_version.as_deref().unwrap_or_default());
        let is_usable = is_usable(&secret);
        let data = secret.data.unwrap_or_default();
        let kept = Kept { version, is_usable, data: serde_json::to_string(&data).expect("data is JSON").into() };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(owner.clone()).or_default().insert(name.into(), kept);
        bytes(data)
    }
}

fn bytes(data: Data) -> SecretData {
    data.into_iter().map(|(key, value)| (key, value.0)).collect()
}

/// What was found of a Secret.
enum Found {
    Data(SecretData),
    /// It lacks the label [`USABLE`].
    Unusable,
    /// It has the name of a generated one, and is not the operator's.
    Foreign,
    /// It does not exist.
    Absent,
}

/// Reads the Secrets that a resource depends on, and generates the missing values that the operator generates.
///
/// # Errors
/// The API server does not answer, or the operating system gives no randomness.
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
    let credentials = Credentials::complete(&owner.name, &secrets).map_err(|error| Failure {
        step: Step::Foundation,
        reason: NO_RANDOMNESS,
        message: error.to_string(),
    })?;
    let volumes = if database::has_volumes(spec) && !is_new { volumes(client, children, owner).await? } else { PerService::default() };
    Ok(References { secrets, unusable, credentials, volumes, ..Default::default() })
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

/// Whether the owner of a Secret allows resources to use it.
fn is_usable(secret: &Secret) -> bool {
    secret.labels().get(USABLE).map(String::as_str) == Some("true")
}

/// Whether the operator made a Secret for the resource. Labels may have been edited, but the managed fields still show the operator.
fn is_ours(secret: &Secret, owner: &Owner) -> bool {
    let label = |key: &str| secret.labels().get(key).map(String::as_str);
    let labelled = label(MANAGED_BY) == Some(MANAGER) && label(INSTANCE) == Some(&owner.name);
    labelled || secret.managed_fields().iter().any(|entry| entry.manager.as_deref() == Some(MANAGER))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn d32_only_the_operators_own_secrets_are_kept_and_their_version_stands_for_the_content() {
        let (secrets, owner) = (Secrets::default(), Owner { namespace: "dining".into(), name: "trattoria".into() });
        let secret = |version: &str, labels: serde_json::Value| {
            let metadata = json!({"name": "a", "resourceVersion": version, "labels": labels});
            serde_json::from_value::<Secret>(json!({"metadata": metadata, "data": {"password": "YQ==", "other": "Yg=="}}))
                .expect("a Secret")
        };
        let known = |version: &str| secrets.known(&owner, "a", Version::of(version), false);
        let foreign = secret("1", json!({USABLE: "true"}));
        let found = secrets.judge(&owner, "a", Some(foreign.clone()), false, true);
        assert!(matches!(found, Found::Data(data) if data["password"] == b"a"));
        assert!(matches!(secrets.judge(&owner, "a", Some(foreign), true, false), Found::Foreign));
        assert!(secrets.has_none(&owner) && known("1").is_none(), "a copy of somebody else's Secret");

        let own = secret("2", json!({MANAGED_BY: MANAGER, INSTANCE: "trattoria"}));
        assert!(matches!(secrets.judge(&owner, "a", Some(own), true, false), Found::Data(_)));
        assert!(known("2").is_some_and(|data| data["other"] == b"b") && known("3").is_none());
        assert!(secrets.is_read(&owner, "a", Version::of("2")) && !secrets.is_read(&owner, "a", Version::of("3")));
        secrets.forget(&owner);
        assert!(secrets.has_none(&owner));
    }
}
