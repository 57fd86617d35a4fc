//! The Secrets that resources depend on, as they were last read or written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt as _};
use serde::Deserialize as _;
use serde_json::Value;

use super::build::{INSTANCE, MANAGED_BY, MANAGER};
use super::children::Listed;
use super::references::{SecretData, USABLE};
use super::resource::Owner;
use super::version::Version;

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

/// A Secret of somebody else that a resource depends on.
#[derive(Default)]
struct Other {
    /// The version that a watch reported last since the resource depends on it: of a deletion, too.
    seen: Option<Version>,
    kept: Option<Kept>,
}

impl Other {
    /// The Secret as it was read, if no watch has reported another version since.
    fn current(&self) -> Option<&Kept> {
        self.kept.as_ref().filter(|kept| self.seen.is_none_or(|seen| seen.is_not_newer(kept.version)))
    }
}

/// The Secrets that resources depend on, as last read or written, with their `resourceVersion`s. A Secret is read again only when a watch
/// reports another version.
#[derive(Default)]
pub struct Secrets {
    /// Those of the operator's own.
    own: Mutex<HashMap<Owner, BTreeMap<Box<str>, Kept>>>,
    /// Those of somebody else, who may have put anything into them: only while a resource may and does use them.
    others: Mutex<HashMap<Owner, BTreeMap<Box<str>, Other>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The maps are consistent after every single change, so a panic elsewhere does not harm them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        lock(&self.own).get(owner).and_then(|secrets| secrets.get(name)).is_some_and(|kept| kept.version == version)
    }

    /// Whether no Secret of a resource's own is known.
    pub fn has_none(&self, owner: &Owner) -> bool {
        !lock(&self.own).contains_key(owner)
    }

    /// Drops the Secrets of a resource that is gone.
    pub fn forget(&self, owner: &Owner) {
        lock(&self.own).remove(owner);
        lock(&self.others).remove(owner);
    }

    /// Records the version in which a watch reported a Secret of somebody else that a resource depends on, or its deletion.
    pub fn seen(&self, owner: &Owner, name: &str, version: Version) {
        lock(&self.others).entry(owner.clone()).or_default().entry(name.into()).or_default().seen = Some(version);
    }

    /// Drops the Secrets of somebody else in `namespace` (`None`: in all) that a new list of the watch does not contain. Returns the
    /// resources that had them.
    pub fn relisted(&self, namespace: Option<&str>, listed: &Listed) -> Vec<Owner> {
        let mut others = lock(&self.others);
        let here = others.iter_mut().filter(|(owner, _)| namespace.is_none_or(|namespace| owner.namespace == namespace));
        let losers = here.filter_map(|(owner, secrets)| {
            let before = secrets.values().filter(|other| other.kept.is_some()).count();
            secrets.retain(|name, _| listed.has(owner, name));
            (secrets.values().filter(|other| other.kept.is_some()).count() < before).then(|| owner.clone())
        });
        losers.collect()
    }

    /// Drops the Secrets of somebody else that a resource no longer depends on.
    pub fn retain(&self, owner: &Owner, names: &BTreeSet<String>) {
        if let Some(secrets) = lock(&self.others).get_mut(owner) {
            secrets.retain(|name, _| names.contains(&**name));
        }
    }

    /// What an answer tells of a Secret. Nothing is kept of one that the resource must not use.
    pub fn judge(&self, owner: &Owner, name: &str, answer: Option<Secret>, is_ours_to_generate: bool, needs_label: bool) -> Found {
        if let Some(other) = lock(&self.others).get_mut(owner).and_then(|secrets| secrets.get_mut(name)) {
            other.kept = None;
        }
        match answer {
            None => Found::Absent,
            // The password in a foreign Secret is never adopted, even if the Secret is deleted before the next request.
            Some(secret) if is_ours_to_generate && !is_ours(&secret, owner) => Found::Foreign,
            Some(secret) if needs_label && !is_usable(&secret) => Found::Unusable,
            Some(secret) if is_ours_to_generate => Found::Data(self.keep(owner, name, secret)),
            Some(secret) => {
                let (kept, data) = Kept::of(secret);
                lock(&self.others).entry(owner.clone()).or_default().entry(name.into()).or_default().kept = Some(kept);
                Found::Data(data)
            }
        }
    }

    /// A Secret of the operator's own, if it is known in this version.
    pub fn known(&self, owner: &Owner, name: &str, version: Version, needs_label: bool) -> Option<SecretData> {
        let own = lock(&self.own);
        own.get(owner)?.get(name).filter(|kept| kept.version == version)?.read(needs_label)
    }

    /// A Secret of somebody else, if it is known as it is now.
    pub fn known_other(&self, owner: &Owner, name: &str, needs_label: bool) -> Option<SecretData> {
        lock(&self.others).get(owner)?.get(name)?.current()?.read(needs_label)
    }

    fn keep(&self, owner: &Owner, name: &str, secret: Secret) -> SecretData {
        let (kept, data) = Kept::of(secret);
        lock(&self.own).entry(owner.clone()).or_default().insert(name.into(), kept);
        data
    }
}

impl Kept {
    fn of(secret: Secret) -> (Self, SecretData) {
        let version = Version::of(secret.metadata.resource_version.as_deref().unwrap_or_default());
        let is_usable = is_usable(&secret);
        let data = secret.data.unwrap_or_default();
        (Self { version, is_usable, data: serde_json::to_string(&data).expect("data is JSON").into() }, bytes(data))
    }

    /// The data; `None` where the label is needed and missing.
    fn read(&self, needs_label: bool) -> Option<SecretData> {
        (self.is_usable || !needs_label).then(|| bytes(serde_json::from_str(&self.data).expect("it was written as JSON")))
    }
}

fn bytes(data: Data) -> SecretData {
    data.into_iter().map(|(key, value)| (key, value.0)).collect()
}

/// What was found of a Secret.
pub enum Found {
    /// Its data.
    Data(SecretData),
    /// It lacks the label [`USABLE`].
    Unusable,
    /// It has the name of a generated one, and is not the operator's.
    Foreign,
    /// It does not exist.
    Absent,
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

    const NOBODY: &str = "somebody else's Secret";

    fn secret(version: &str, labels: serde_json::Value) -> Secret {
        let metadata = json!({"name": "a", "resourceVersion": version, "labels": labels});
        serde_json::from_value(json!({"metadata": metadata, "data": {"password": "YQ==", "other": "Yg=="}})).expect("a Secret")
    }

    fn owner() -> Owner {
        Owner { namespace: "dining".into(), name: "trattoria".into() }
    }

    #[test]
    fn the_version_of_an_own_secret_stands_for_its_content() {
        let (secrets, owner) = (Secrets::default(), owner());
        let known = |version: &str| secrets.known(&owner, "a", Version::of(version), false);
        assert!(matches!(secrets.judge(&owner, "a", Some(secret("1", json!({USABLE: "true"}))), true, false), Found::Foreign));
        assert!(secrets.has_none(&owner) && known("1").is_none(), "{NOBODY}");

        let own = secret("2", json!({MANAGED_BY: MANAGER, INSTANCE: "trattoria"}));
        assert!(matches!(secrets.judge(&owner, "a", Some(own), true, false), Found::Data(_)));
        assert!(known("2").is_some_and(|data| data["other"] == b"b") && known("3").is_none());
        assert!(secrets.is_read(&owner, "a", Version::of("2")) && !secrets.is_read(&owner, "a", Version::of("3")));
        secrets.forget(&owner);
        assert!(secrets.has_none(&owner));
    }

    #[test]
    fn d32_a_secret_of_somebody_else_is_kept_only_while_it_is_used_and_read_again_when_it_changes() {
        let (secrets, owner) = (Secrets::default(), owner());
        let released = |version: &str| Some(secret(version, json!({USABLE: "true"})));
        let known = || secrets.known_other(&owner, "a", true).is_some();
        let read = |answer: Option<Secret>| secrets.judge(&owner, "a", answer, false, true);
        assert!(matches!(read(released("2")), Found::Data(data) if data["password"] == b"a"));
        assert!(known() && secrets.has_none(&owner), "{NOBODY} is not the operator's");
        // A watch that is behind tells nothing new; one that is ahead does, until it is read again.
        secrets.seen(&owner, "a", Version::of("1"));
        assert!(known());
        secrets.seen(&owner, "a", Version::of("3"));
        assert!(!known());
        read(released("2"));
        assert!(!known(), "an answer from before the change");
        read(released("3"));
        assert!(known());
        // It is no longer released, deleted, not in a new list, or no longer referred to.
        assert!(matches!(read(Some(secret("4", json!({})))), Found::Unusable) && !known());
        read(released("5"));
        assert!(matches!(read(None), Found::Absent) && !known());
        read(released("6"));
        let mut listed = Listed::default();
        listed.add(&owner, "a");
        assert!(
            secrets.relisted(None, &listed).is_empty() && secrets.relisted(Some("elsewhere"), &Listed::default()).is_empty() && known()
        );
        assert_eq!(secrets.relisted(Some("dining"), &Listed::default()), std::slice::from_ref(&owner));
        assert!(!known());
        read(released("7"));
        secrets.retain(&owner, &BTreeSet::from(["b".to_owned()]));
        assert!(!known());
        read(released("8"));
        secrets.forget(&owner);
        assert!(!known());
    }
}
