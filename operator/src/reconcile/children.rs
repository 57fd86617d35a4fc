//! The objects that the watches have reported, and those known to be as wanted, so that a settled resource costs no request.
//!
//! Only a version is kept of each settled object: a thousand resources have some fifty thousand objects. What few of them have is kept apart
//! from the others' entries, and a whole object as text, which is one piece of memory in place of hundreds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::kind::Kind;
use super::observe::Observed;
use super::resource::Owner;
use super::volume::Volume;

/// An object in the namespace of its resource, by kind and name.
type Child = (Kind, String);

#[derive(Debug, Default)]
struct Entry {
    /// The `resourceVersion` that a watch reported last; `None` while no watch has reported the object.
    version: Option<Box<str>>,
    /// The settings that a database's volume was made with; for claims only.
    volume: Option<Box<Volume>>,
    settled: Option<Settled>,
    /// The object as a watch reported it, as JSON, until it is settled again; of observed kinds only.
    live: Option<Box<str>>,
}

/// The state of an object that is as wanted.
#[derive(Debug)]
struct Settled {
    /// The hash of the wanted object.
    hash: Box<str>,
    /// The `resourceVersion` that was compared, or that the operator's write made.
    version: Box<str>,
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

#[derive(Debug, Default)]
struct Referenced {
    /// The resources that refer to each Secret, by its namespace and name.
    by_secret: HashMap<(String, String), HashSet<Owner>>,
    /// The Secrets that each resource refers to.
    by_owner: HashMap<Owner, HashSet<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The map is consistent after every single change, so a panic elsewhere does not harm it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The versions of one object can be ordered as numbers (KEP-5504; true for etcd in every earlier version).
fn not_newer(version: &str, than: &str) -> bool {
    match (version.parse::<u64>(), than.parse::<u64>()) {
        (Ok(version), Ok(than)) => version <= than,
        _ => version == than,
    }
}

impl Children {
    /// Records an object that a watch reported, and the object itself if the watch reported it whole. Returns whether the object changed;
    /// the operator's own write is not a change.
    pub fn seen(&self, owner: &Owner, kind: Kind, name: &str, version: String, live: Option<&Value>) -> bool {
        let mut owned = lock(&self.owned);
        let entry = owned.entry(owner.clone()).or_default().entry((kind, name.to_owned())).or_default();
        let known = entry.settled.as_ref().is_some_and(|settled| not_newer(&version, &settled.version));
        entry.version = Some(version.into());
        entry.live = live.filter(|_| !known).map(|live| live.to_string().into());
        !known
    }

    /// The object as a watch reported it, if that is newer than what was settled.
    pub fn live(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Value> {
        let owned = lock(&self.owned);
        let live = owned.get(owner)?.get(&(kind, name.to_owned()))?.live.as_deref()?;
        Some(serde_json::from_str(live).expect("it was written as JSON"))
    }

    /// Drops the object that a watch reported: a request showed that it may be another now.
    pub fn doubt(&self, owner: &Owner, kind: Kind, name: &str) {
        let mut owned = lock(&self.owned);
        if let Some(entry) = owned.get_mut(owner).and_then(|children| children.get_mut(&(kind, name.to_owned()))) {
            entry.live = None;
        }
    }

    /// Records the settings that the volume of a claim was made with, as a watch reported them.
    pub fn made_with(&self, owner: &Owner, name: &str, volume: Option<Volume>) {
        let mut owned = lock(&self.owned);
        owned.entry(owner.clone()).or_default().entry((Kind::PersistentVolumeClaim, name.to_owned())).or_default().volume =
            volume.map(Box::new);
    }

    /// The settings that the volume of a claim was made with, if a watch has reported the claim.
    pub fn volume(&self, owner: &Owner, name: &str) -> Option<Option<Volume>> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner)?.get(&(Kind::PersistentVolumeClaim, name.to_owned()))?;
        entry.version.as_ref().map(|_| entry.volume.as_deref().cloned())
    }

    /// Removes an object that a watch reported as deleted.
    pub fn gone(&self, owner: &Owner, kind: Kind, name: &str) {
        let mut owned = lock(&self.owned);
        if let Some(children) = owned.get_mut(owner) {
            children.remove(&(kind, name.to_owned()));
            if children.is_empty() {
                owned.remove(owner);
            }
        }
    }

    /// Removes an object from every resource in its namespace but `owner`, which a watch reported as its owner (`None`: none). Returns the
    /// resources that had it.
    pub fn lost(&self, owner: Option<&Owner>, namespace: &str, kind: Kind, name: &str) -> Vec<Owner> {
        let child = (kind, name.to_owned());
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
            children.retain(|(of, name), _| *of != kind || told.contains(&(owner.clone(), name.clone())));
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
        let entry = owned.get(owner)?.get(&(kind, name.to_owned()))?;
        let settled = entry.settled.as_ref().filter(|settled| *settled.hash == *hash)?;
        let unchanged = entry.version.as_ref().is_none_or(|version| not_newer(version, &settled.version));
        unchanged.then(|| settled.observed())
    }

    /// The observed state of an object when it was last as wanted, whatever has changed since.
    pub fn last(&self, owner: &Owner, kind: Kind, name: &str, hash: &str) -> Option<Observed> {
        let owned = lock(&self.owned);
        let settled = owned.get(owner)?.get(&(kind, name.to_owned()))?.settled.as_ref();
        settled.filter(|settled| *settled.hash == *hash).map(Settled::observed)
    }

    /// Records that an object is as wanted.
    pub fn settle(&self, owner: &Owner, kind: Kind, name: &str, hash: String, version: String, observed: Observed) {
        let mut owned = lock(&self.owned);
        let entry = owned.entry(owner.clone()).or_default().entry((kind, name.to_owned())).or_default();
        if entry.version.as_ref().is_none_or(|seen| not_newer(seen, &version)) {
            entry.live = None;
        }
        let observed = Some(observed).filter(|observed| *observed != Observed::done()).map(Box::new);
        entry.settled = Some(Settled { hash: hash.into(), version: version.into(), observed });
    }

    /// The `resourceVersion` of an object, if a watch has reported it.
    pub fn version(&self, owner: &Owner, kind: Kind, name: &str) -> Option<String> {
        lock(&self.owned).get(owner)?.get(&(kind, name.to_owned()))?.version.as_deref().map(str::to_owned)
    }

    /// All objects of a resource that watches have reported.
    pub fn of(&self, owner: &Owner) -> Vec<(Kind, String)> {
        let owned = lock(&self.owned);
        let children = owned.get(owner).into_iter().flatten();
        children.filter(|(_, entry)| entry.version.is_some()).map(|(child, _)| child.clone()).collect()
    }

    /// Replaces the Secrets that a resource refers to.
    pub fn refer(&self, owner: &Owner, secrets: impl IntoIterator<Item = String>) {
        let wanted: HashSet<String> = secrets.into_iter().collect();
        let mut referenced = lock(&self.referenced);
        if referenced.by_owner.get(owner) == Some(&wanted) {
            return;
        }
        referenced.forget(owner);
        for secret in &wanted {
            referenced.by_secret.entry((owner.namespace.clone(), secret.clone())).or_default().insert(owner.clone());
        }
        if !wanted.is_empty() {
            referenced.by_owner.insert(owner.clone(), wanted);
        }
    }

    /// The resources that refer to a Secret.
    pub fn referring(&self, namespace: &str, secret: &str) -> Vec<Owner> {
        let referenced = lock(&self.referenced);
        referenced.by_secret.get(&(namespace.to_owned(), secret.to_owned())).into_iter().flatten().cloned().collect()
    }

    /// Drops the references of a resource that is gone. Its objects are removed as the watches report their deletion.
    pub fn forget(&self, owner: &Owner) {
        lock(&self.referenced).forget(owner);
    }
}

impl Referenced {
    fn forget(&mut self, owner: &Owner) {
        for secret in self.by_owner.remove(owner).into_iter().flatten() {
            let key = (owner.namespace.clone(), secret);
            if let Some(owners) = self.by_secret.get_mut(&key) {
                owners.remove(owner);
                if owners.is_empty() {
                    self.by_secret.remove(&key);
                }
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
        children.settle(&owner(), Kind::Secret, "a", "x".into(), "7".into(), Observed::done());
        assert!(settled("x") && !settled("y"));
        children.seen(&owner(), Kind::Secret, "a", "6".into(), None);
        assert!(settled("x"));
        children.seen(&owner(), Kind::Secret, "a", "10".into(), None);
        assert!(!settled("x"));
        children.settle(&owner(), Kind::Secret, "a", "x".into(), "10".into(), Observed::done());
        assert!(settled("x"));
        children.gone(&owner(), Kind::Secret, "a");
        assert!(!settled("x"));
    }

    #[test]
    fn an_object_is_kept_whole_until_it_is_settled() {
        let children = Children::default();
        let seen = |version: &str| {
            children.seen(&owner(), Kind::Job, "a", version.into(), Some(&Value::from(version)));
            children.live(&owner(), Kind::Job, "a")
        };
        children.settle(&owner(), Kind::Job, "a", "x".into(), "7".into(), Observed::done());
        assert_eq!(seen("6"), None, "older than the operator's own write");
        assert_eq!(seen("10"), Some("10".into()));
        children.settle(&owner(), Kind::Job, "a", "x".into(), "9".into(), Observed::done());
        assert_eq!(children.live(&owner(), Kind::Job, "a"), Some("10".into()), "newer than what was compared");
        children.settle(&owner(), Kind::Job, "a", "x".into(), "10".into(), Observed::done());
        assert_eq!(children.live(&owner(), Kind::Job, "a"), None);
        seen("11");
        children.doubt(&owner(), Kind::Job, "a");
        assert_eq!(children.live(&owner(), Kind::Job, "a"), None);
    }

    #[test]
    fn what_a_new_list_does_not_have_is_gone() {
        let children = Children::default();
        for name in ["a", "b"] {
            children.seen(&owner(), Kind::Secret, name, "1".into(), None);
        }
        children.seen(&owner(), Kind::Service, "c", "1".into(), None);
        children.relisted(Kind::Secret, None, &HashSet::from([(owner(), "b".to_owned())]));
        assert_eq!(children.of(&owner()), [(Kind::Secret, "b".to_owned()), (Kind::Service, "c".to_owned())]);
        children.relisted(Kind::Secret, Some("elsewhere"), &HashSet::new());
        assert_eq!(children.of(&owner()).len(), 2);
    }

    #[test]
    fn an_object_with_anothers_label_is_lost() {
        let children = Children::default();
        let other = Owner { name: "osteria".into(), ..owner() };
        children.seen(&owner(), Kind::Secret, "a", "1".into(), None);
        assert_eq!(children.lost(Some(&owner()), "default", Kind::Secret, "a"), []);
        assert_eq!(children.lost(Some(&other), "elsewhere", Kind::Secret, "a"), []);
        assert_eq!(children.lost(Some(&other), "default", Kind::Secret, "a"), [owner()]);
        assert_eq!(children.lost(None, "default", Kind::Secret, "a"), []);
    }

    #[test]
    fn a_secret_leads_to_who_refers_to_it_now() {
        let children = Children::default();
        children.refer(&owner(), ["a".to_owned(), "b".to_owned()]);
        assert_eq!(children.referring("default", "a"), [owner()]);
        children.refer(&owner(), ["b".to_owned()]);
        assert_eq!(children.referring("default", "a"), []);
        children.forget(&owner());
        assert_eq!(children.referring("default", "b"), []);
    }
}
