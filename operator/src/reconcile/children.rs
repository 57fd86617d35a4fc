//! The objects that the watches have reported, and those known to be as wanted, so that a settled resource costs no request.
//!
//! Only numbers are kept of each settled object: a thousand resources have some fifty thousand objects. What few of them have is kept apart
//! from the others' entries, and a whole object as text, which is one piece of memory in place of hundreds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::kind::Kind;
use super::observe::Observed;
use super::resource::Owner;
use super::version::{Version, fingerprint};
use super::volume::Volume;

/// An object in the namespace of its resource, by kind and name.
type Child = (Kind, Box<str>);

#[derive(Debug, Default)]
struct Entry {
    /// The `resourceVersion` that a watch reported last; `None` while no watch has reported the object.
    version: Option<Version>,
    /// The settings that a database's volume was made with; for claims only.
    volume: Option<Box<Volume>>,
    settled: Option<Settled>,
    /// The object as a watch reported it, as JSON, until it is settled again; of observed kinds only.
    live: Option<Box<str>>,
}

/// The state of an object that is as wanted.
#[derive(Debug)]
struct Settled {
    /// The fingerprint of the hash of the wanted object.
    hash: u64,
    /// The `resourceVersion` that was compared, or that the operator's write made.
    version: Version,
    /// `None` for an object that works and tells nothing more.
    observed: Option<Box<Observed>>,
}

impl Settled {
    fn observed(&self) -> Observed {
        self.observed.as_deref().map_or_else(Observed::done, Observed::clone)
    }
}

/// The objects of every resource, and the Secrets that resources refer to.
#[derive(Debug, Default)]
pub struct Children {
    owned: Mutex<HashMap<Owner, BTreeMap<Child, Entry>>>,
    referenced: Mutex<Referenced>,
}

/// The Secrets that each resource refers to, sorted, by namespace and name of the resource.
type Referenced = HashMap<String, HashMap<String, Box<[Box<str>]>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The map is consistent after every single change, so a panic elsewhere does not harm it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Children {
    /// Records an object that a watch reported, and the object itself if the watch reported it whole. Returns whether the object changed;
    /// the operator's own write is not a change.
    pub fn seen(&self, owner: &Owner, kind: Kind, name: &str, version: Version, live: Option<&Value>) -> bool {
        let mut owned = lock(&self.owned);
        let entry = owned.entry(owner.clone()).or_default().entry((kind, name.into())).or_default();
        let known = entry.settled.as_ref().is_some_and(|settled| version.is_not_newer(settled.version));
        entry.version = Some(version);
        entry.live = live.filter(|_| !known).map(|live| live.to_string().into());
        !known
    }

    /// The object as a watch reported it, if that is newer than what was settled.
    pub fn live(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Value> {
        let owned = lock(&self.owned);
        let live = owned.get(owner)?.get(&(kind, name.into()))?.live.as_deref()?;
        Some(serde_json::from_str(live).expect("it was written as JSON"))
    }

    /// Drops the object that a watch reported: a request showed that it may be another now.
    pub fn doubt(&self, owner: &Owner, kind: Kind, name: &str) {
        let mut owned = lock(&self.owned);
        if let Some(entry) = owned.get_mut(owner).and_then(|children| children.get_mut(&(kind, name.into()))) {
            entry.live = None;
        }
    }

    /// Records the settings that the volume of a claim was made with, as a watch reported them.
    pub fn made_with(&self, owner: &Owner, name: &str, volume: Option<Volume>) {
        let mut owned = lock(&self.owned);
        owned.entry(owner.clone()).or_default().entry((Kind::PersistentVolumeClaim, name.into())).or_default().volume =
            volume.map(Box::new);
    }

    /// The settings that the volume of a claim was made with, if a watch has reported the claim.
    pub fn volume(&self, owner: &Owner, name: &str) -> Option<Option<Volume>> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner)?.get(&(Kind::PersistentVolumeClaim, name.into()))?;
        entry.version.as_ref().map(|_| entry.volume.as_deref().cloned())
    }

    /// Removes an object that a watch reported as deleted.
    pub fn gone(&self, owner: &Owner, kind: Kind, name: &str) {
        let mut owned = lock(&self.owned);
        if let Some(children) = owned.get_mut(owner) {
            children.remove(&(kind, name.into()));
            if children.is_empty() {
                owned.remove(owner);
            }
        }
    }

    /// Removes an object from every resource in its namespace but `owner`, which a watch reported as its owner (`None`: none). Returns the
    /// resources that had it.
    pub fn lost(&self, owner: Option<&Owner>, namespace: &str, kind: Kind, name: &str) -> Vec<Owner> {
        let child = (kind, name.into());
        let mut owned = lock(&self.owned);
        let others = owned.iter_mut().filter(|(other, _)| other.namespace == namespace && Some(*other) != owner);
        others.filter_map(|(other, children)| children.remove(&child).map(|_| other.clone())).collect()
    }

    /// Removes the objects of `kind` in `namespace` (`None`: in all) that a new list does not contain. Returns the resources that had them.
    pub fn relisted(&self, kind: Kind, namespace: Option<&str>, told: &HashSet<(Owner, String)>) -> Vec<Owner> {
        let mut owned = lock(&self.owned);
        let mut of_whom = Vec::new();
        for (owner, children) in owned.iter_mut().filter(|(owner, _)| namespace.is_none_or(|namespace| owner.namespace == namespace)) {
            let before = children.len();
            children.retain(|(of, name), _| *of != kind || told.contains(&(owner.clone(), name.to_string())));
            if children.len() < before {
                of_whom.push(owner.clone());
            }
        }
        owned.retain(|_, children| !children.is_empty());
        of_whom
    }

    /// The observed state of an object that is as wanted and has not changed since.
    pub fn settled(&self, owner: &Owner, kind: Kind, name: &str, hash: &str) -> Option<Observed> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner)?.get(&(kind, name.into()))?;
        let settled = entry.settled.as_ref().filter(|settled| settled.hash == fingerprint(hash))?;
        let unchanged = entry.version.is_none_or(|version| version.is_not_newer(settled.version));
        unchanged.then(|| settled.observed())
    }

    /// The observed state of an object when it was last as wanted, whatever has changed since.
    pub fn last(&self, owner: &Owner, kind: Kind, name: &str, hash: &str) -> Option<Observed> {
        let owned = lock(&self.owned);
        let settled = owned.get(owner)?.get(&(kind, name.into()))?.settled.as_ref();
        settled.filter(|settled| settled.hash == fingerprint(hash)).map(Settled::observed)
    }

    /// Records that an object is as wanted.
    pub fn settle(&self, owner: &Owner, kind: Kind, name: &str, hash: &str, version: Version, observed: Observed) {
        let mut owned = lock(&self.owned);
        let entry = owned.entry(owner.clone()).or_default().entry((kind, name.into())).or_default();
        if entry.version.is_none_or(|seen| seen.is_not_newer(version)) {
            entry.live = None;
        }
        let observed = Some(observed).filter(|observed| *observed != Observed::done()).map(Box::new);
        entry.settled = Some(Settled { hash: fingerprint(hash), version, observed });
    }

    /// The `resourceVersion` of an object, if a watch has reported it.
    pub fn version(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Version> {
        lock(&self.owned).get(owner)?.get(&(kind, name.into()))?.version
    }

    /// The newest `resourceVersion` of an object that is known: one that a watch has reported, or that of the operator's own write before
    /// a watch reports it.
    pub fn newest(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Version> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner)?.get(&(kind, name.into()))?;
        let written = entry.settled.as_ref().map(|settled| settled.version);
        entry.version.filter(|seen| !written.is_some_and(|written| seen.is_not_newer(written))).or(written)
    }

    /// All objects of a resource that watches have reported.
    pub fn of(&self, owner: &Owner) -> Vec<(Kind, String)> {
        let owned = lock(&self.owned);
        let children = owned.get(owner).into_iter().flatten();
        children.filter(|(_, entry)| entry.version.is_some()).map(|((kind, name), _)| (*kind, name.to_string())).collect()
    }

    /// Replaces the Secrets that a resource refers to.
    pub fn refer(&self, owner: &Owner, secrets: &BTreeSet<String>) {
        let mut referenced = lock(&self.referenced);
        let known = referenced.get(&owner.namespace).and_then(|owners| owners.get(&owner.name));
        if known.is_some_and(|known| known.iter().map(Box::as_ref).eq(secrets.iter().map(String::as_str))) {
            return;
        }
        let secrets = secrets.iter().map(|secret| secret.as_str().into()).collect();
        referenced.entry(owner.namespace.clone()).or_default().insert(owner.name.clone(), secrets);
    }

    /// The resources that refer to a Secret.
    pub fn referring(&self, namespace: &str, secret: &str) -> Vec<Owner> {
        let referenced = lock(&self.referenced);
        let owners = referenced.get(namespace).into_iter().flatten();
        let referring = owners.filter(|(_, secrets)| secrets.binary_search_by(|one| (**one).cmp(secret)).is_ok());
        referring.map(|(name, _)| Owner { namespace: namespace.to_owned(), name: name.clone() }).collect()
    }

    /// Drops the references of a resource that is gone. Its objects are removed as the watches report their deletion.
    pub fn forget(&self, owner: &Owner) {
        let mut referenced = lock(&self.referenced);
        if let Some(owners) = referenced.get_mut(&owner.namespace) {
            owners.remove(&owner.name);
            if owners.is_empty() {
                referenced.remove(&owner.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { namespace: "default".into(), name: "trattoria".into() }
    }

    #[test]
    fn what_is_settled_stays_so_until_a_watch_tells_of_a_newer_version() {
        let children = Children::default();
        let settled = |hash: &str| children.settled(&owner(), Kind::Secret, "a", hash).is_some();
        assert!(!settled("x"));
        // A write is answered before a watch reports it, and a watch may still report an older version.
        children.settle(&owner(), Kind::Secret, "a", "x", Version::of("7"), Observed::done());
        assert!(settled("x") && !settled("y"));
        children.seen(&owner(), Kind::Secret, "a", Version::of("6"), None);
        assert!(settled("x"));
        children.seen(&owner(), Kind::Secret, "a", Version::of("10"), None);
        assert!(!settled("x"));
        children.settle(&owner(), Kind::Secret, "a", "x", Version::of("10"), Observed::done());
        assert!(settled("x"));
        children.gone(&owner(), Kind::Secret, "a");
        assert!(!settled("x"));
    }

    #[test]
    fn the_newest_version_is_that_of_a_write_or_of_a_watch() {
        let children = Children::default();
        let newest = || children.newest(&owner(), Kind::Secret, "a");
        assert_eq!(newest(), None);
        children.settle(&owner(), Kind::Secret, "a", "x", Version::of("7"), Observed::done());
        assert_eq!(newest(), Some(Version::of("7")), "a watch has not reported it yet");
        for (seen, known) in [("6", "7"), ("7", "7"), ("10", "10")] {
            children.seen(&owner(), Kind::Secret, "a", Version::of(seen), None);
            assert_eq!(newest(), Some(Version::of(known)), "a watch has reported {seen}");
        }
        children.gone(&owner(), Kind::Secret, "a");
        assert_eq!(newest(), None);
    }

    #[test]
    fn an_object_is_kept_whole_until_it_is_settled() {
        let children = Children::default();
        let seen = |version: &str| {
            children.seen(&owner(), Kind::Job, "a", Version::of(version), Some(&Value::from(version)));
            children.live(&owner(), Kind::Job, "a")
        };
        children.settle(&owner(), Kind::Job, "a", "x", Version::of("7"), Observed::done());
        assert_eq!(seen("6"), None, "older than the operator's own write");
        assert_eq!(seen("10"), Some("10".into()));
        children.settle(&owner(), Kind::Job, "a", "x", Version::of("9"), Observed::done());
        assert_eq!(children.live(&owner(), Kind::Job, "a"), Some("10".into()), "newer than what was compared");
        children.settle(&owner(), Kind::Job, "a", "x", Version::of("10"), Observed::done());
        assert_eq!(children.live(&owner(), Kind::Job, "a"), None);
        seen("11");
        children.doubt(&owner(), Kind::Job, "a");
        assert_eq!(children.live(&owner(), Kind::Job, "a"), None);
    }

    #[test]
    fn what_a_new_list_does_not_have_is_gone() {
        let children = Children::default();
        for name in ["a", "b"] {
            children.seen(&owner(), Kind::Secret, name, Version::of("1"), None);
        }
        children.seen(&owner(), Kind::Service, "c", Version::of("1"), None);
        children.relisted(Kind::Secret, None, &HashSet::from([(owner(), "b".to_owned())]));
        assert_eq!(children.of(&owner()), [(Kind::Secret, "b".to_owned()), (Kind::Service, "c".to_owned())]);
        children.relisted(Kind::Secret, Some("elsewhere"), &HashSet::new());
        assert_eq!(children.of(&owner()).len(), 2);
    }

    #[test]
    fn an_object_with_anothers_label_is_lost() {
        let children = Children::default();
        let other = Owner { name: "osteria".into(), ..owner() };
        children.seen(&owner(), Kind::Secret, "a", Version::of("1"), None);
        assert_eq!(children.lost(Some(&owner()), "default", Kind::Secret, "a"), []);
        assert_eq!(children.lost(Some(&other), "elsewhere", Kind::Secret, "a"), []);
        assert_eq!(children.lost(Some(&other), "default", Kind::Secret, "a"), [owner()]);
        assert_eq!(children.lost(None, "default", Kind::Secret, "a"), []);
    }

    #[test]
    fn a_secret_leads_to_who_refers_to_it_now() {
        let children = Children::default();
        children.refer(&owner(), &["a", "b"].map(str::to_owned).into());
        assert_eq!(children.referring("default", "a"), [owner()]);
        children.refer(&owner(), &["b"].map(str::to_owned).into());
        assert_eq!(children.referring("default", "a"), []);
        children.forget(&owner());
        assert_eq!(children.referring("default", "b"), []);
    }
}
