//! The objects that the watches have reported, and those known to be as wanted, so that a settled resource costs no request.
//!
//! Only numbers are kept of each settled object: a thousand resources have some fifty thousand objects. What few of them have is kept apart
//! from the others' entries.

mod objects;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use objects::Objects;

use super::kind::Kind;
use super::observe::Observed;
use super::resource::Owner;
use super::told::Told;
use super::version::{Version, fingerprint, hash_of};
use super::volume::Volume;
use crate::timing::RETRY_TAKEOVER;

#[derive(Debug, Default)]
struct Entry {
    /// The `resourceVersion` that a watch reported last; `None` while no watch has reported the object.
    version: Option<Version>,
    settled: Option<Settled>,
    /// What few objects have.
    rare: Option<Box<Rare>>,
}

#[derive(Debug, Default)]
struct Rare {
    /// The settings that a database's volume was made with; for claims only.
    volume: Option<Box<Volume>>,
    /// What a watch told of the object, until it is settled again.
    told: Option<Told>,
    /// The last takeover of others' fields that did not help: its fingerprint and its time.
    takeover: Option<Box<(u64, Instant)>>,
}

impl Entry {
    fn told(&self) -> Option<&Told> {
        self.rare.as_ref()?.told.as_ref()
    }

    fn volume(&self) -> Option<&Volume> {
        self.rare.as_ref()?.volume.as_deref()
    }

    fn tell(&mut self, told: Option<Told>) {
        if told.is_some() || self.told().is_some() {
            self.set(|rare| rare.told = told);
        }
    }

    fn set(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().unwrap_or_default();
        change(&mut rare);
        self.rare = (rare.volume.is_some() || rare.told.is_some() || rare.takeover.is_some()).then_some(rare);
    }
}

/// The state of an object that is as wanted.
#[derive(Debug)]
struct Settled {
    /// The fingerprint of the hash of the wanted object.
    hash: u64,
    /// The `resourceVersion` that was compared, or that the operator's write made.
    version: Version,
    /// The fingerprint of who owned which fields, if all wanted ones were the operator's: then it stands for the object as it is wanted.
    fields: Option<NonZeroU64>,
    /// `None` for an object that works and tells nothing more.
    observed: Option<Box<Observed>>,
}

impl Settled {
    fn new(hash: &str, told: Told, is_ours: bool) -> Self {
        let fields = told.fingerprint().filter(|_| is_ours).and_then(NonZeroU64::new);
        Self { hash: fingerprint(hash), version: told.version, fields, observed: told.into_observed() }
    }

    fn observed(&self) -> Observed {
        self.observed.as_deref().map_or_else(Observed::done, Observed::clone)
    }
}

/// What watches reported of an object between a request about it and the answer.
#[derive(Debug, Default)]
struct Meanwhile {
    /// The version of its deletion, or of the loss of the operator's labels.
    gone: Option<Version>,
    /// A new list has ended: a deletion before it was not reported by itself.
    relisted: bool,
    /// The object, for the first time: it may be the operator's own write, which only the answer tells.
    seen: bool,
}

/// What an event of an object means for its resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News {
    /// Nothing.
    None,
    /// Its state has changed, but no other step begins or stops by that.
    Progress,
    /// It may no longer be as wanted, or the steps that wait for it may go on, or must stop.
    Change,
}

/// The objects of every resource.
#[derive(Debug, Default)]
pub struct Children {
    owned: Mutex<Owned>,
}

#[derive(Debug, Default)]
struct Owned {
    of: HashMap<Arc<Owner>, Objects<Entry>>,
    /// The resource that has an object, by the fingerprint of the object's namespace, kind and name.
    holders: HashMap<u64, Arc<Owner>>,
    /// The requests that are under way.
    asked: HashMap<(Owner, Kind, String), Meanwhile>,
}

impl Owned {
    fn entry(&mut self, owner: &Owner, kind: Kind, name: &str) -> &mut Entry {
        let known = self.of.get_key_value(owner).map(|(known, _)| known.clone());
        let owner = known.unwrap_or_else(|| Arc::new(owner.clone()));
        let before = self.holders.insert(place(&owner.namespace, kind, name), owner.clone());
        // An object has one owner.
        if let Some(other) = before.filter(|before| *before != owner)
            && let Some(children) = self.of.get_mut(&other)
        {
            children.remove(&other.name, kind, name);
            if children.is_empty() {
                self.of.remove(&other);
            }
        }
        self.of.entry(owner.clone()).or_default().entry(&owner.name, kind, name)
    }

    fn get(&self, owner: &Owner, kind: Kind, name: &str) -> Option<&Entry> {
        self.of.get(owner)?.get(&owner.name, kind, name)
    }

    /// Whether a resource has former settings that are in use, or settings that are somebody else's in part.
    fn has_former(&self, owner: &Owner) -> bool {
        let mut settings = self.of.get(owner).into_iter().flat_map(|children| children.of_kind(Kind::ConfigMap));
        settings.any(|entry| entry.settled.as_ref().is_some_and(|settled| settled.fields.is_none()))
    }

    /// Removes an object; returns whether it was known.
    fn remove(&mut self, owner: &Owner, kind: Kind, name: &str) -> bool {
        let Some(children) = self.of.get_mut(owner) else { return false };
        let known = children.remove(&owner.name, kind, name).is_some();
        if children.is_empty() {
            self.of.remove(owner);
        }
        let place = place(&owner.namespace, kind, name);
        if self.holders.get(&place).is_some_and(|holder| **holder == *owner) {
            self.holders.remove(&place);
        }
        known
    }
}

/// The fingerprint of the place of an object.
fn place(namespace: &str, kind: Kind, name: &str) -> u64 {
    hash_of(&(namespace, kind, name))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The map is consistent after every single change, so a panic elsewhere does not harm it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request about an object that is under way. Watches and requests have their own connections: a watch may report the operator's write, and
/// a deletion after it, before the answer to the write is read.
pub struct Asked<'a> {
    children: &'a Children,
    owner: &'a Owner,
    kind: Kind,
    name: &'a str,
    again: &'a AtomicBool,
}

impl Asked<'_> {
    /// Records that the object is as wanted, as the answer tells it; `is_ours`: and that every wanted field is the operator's. That is not
    /// believed if a watch has reported a deletion of that version, or a new list, since the request.
    pub fn settle(&self, hash: &str, told: Told, is_ours: bool) {
        let version = told.version;
        let mut owned = lock(&self.children.owned);
        let meanwhile = owned.asked.entry(self.key()).or_default();
        meanwhile.seen = false;
        let is_gone = |gone: Version| gone == version || !gone.is_not_newer(version);
        if meanwhile.relisted || meanwhile.gone.is_some_and(is_gone) {
            self.again.store(true, Ordering::Relaxed);
            return;
        }
        let entry = owned.entry(self.owner, self.kind, self.name);
        if entry.version.is_none_or(|seen| seen.is_not_newer(version)) {
            entry.tell(None);
        } else {
            // What a watch told was no news beside what was settled then, which is no longer known.
            self.again.store(true, Ordering::Relaxed);
        }
        entry.settled = Some(Settled::new(hash, told, is_ours));
    }

    fn key(&self) -> (Owner, Kind, String) {
        (self.owner.clone(), self.kind, self.name.to_owned())
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let meanwhile = lock(&self.children.owned).asked.remove(&self.key());
        if meanwhile.is_some_and(|meanwhile| meanwhile.seen) {
            self.again.store(true, Ordering::Relaxed);
        }
    }
}

impl Children {
    /// Begins a request about an object. It sets `again` where another reconcile has to look at the object: what a watch reports until the
    /// end of the request is not told of otherwise.
    pub fn ask<'a>(&'a self, owner: &'a Owner, kind: Kind, name: &'a str, again: &'a AtomicBool) -> Asked<'a> {
        lock(&self.owned).asked.insert((owner.clone(), kind, name.to_owned()), Meanwhile::default());
        Asked { children: self, owner, kind, name, again }
    }

    /// Records what a watch told of an object. The operator's own write is no news, nor is what leaves the fields and the state of the object
    /// as they were. A state whose generation the controller has not observed is kept, and is no news either: the controller will report it.
    pub fn seen(&self, owner: &Owner, kind: Kind, name: &str, told: Told) -> News {
        let mut owned = lock(&self.owned);
        let entry = owned.entry(owner, kind, name);
        entry.version = Some(told.version);
        entry.tell(None);
        let Some(settled) = &mut entry.settled else {
            entry.tell(Some(told));
            let Some(meanwhile) = owned.asked.get_mut(&(owner.clone(), kind, name.to_owned())) else { return News::Change };
            meanwhile.seen = true;
            return News::None;
        };
        if told.version.is_not_newer(settled.version) {
            return News::None;
        }
        // The content of a Secret has more than the wanted fields.
        let is_same = kind != Kind::Secret && settled.fields.is_some() && settled.fields == told.fingerprint().and_then(NonZeroU64::new);
        if !is_same || !told.is_current {
            entry.tell(Some(told));
            return if is_same { News::None } else { News::Change };
        }
        settled.version = told.version;
        let before = settled.observed();
        settled.observed = told.into_observed();
        match settled.observed() {
            // Former settings that are in use are looked at again when a Deployment changes.
            now if now == before => {
                if kind == Kind::Deployment && owned.has_former(owner) {
                    News::Progress
                } else {
                    News::None
                }
            }
            now if now.is_as_far_as(&before) => News::Progress,
            _ => News::Change,
        }
    }

    /// What a watch told of an object, if that is newer than what was settled.
    pub fn told(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Told> {
        lock(&self.owned).get(owner, kind, name)?.told().cloned()
    }

    /// Records that an object is as wanted, and every wanted field the operator's, in the version that a watch told of, if that is still the
    /// last one.
    pub fn settle_told(&self, owner: &Owner, kind: Kind, name: &str, hash: &str, told: Told) {
        let mut owned = lock(&self.owned);
        if owned.get(owner, kind, name).is_some_and(|entry| entry.version == Some(told.version)) {
            let entry = owned.entry(owner, kind, name);
            entry.tell(None);
            entry.settled = Some(Settled::new(hash, told, true));
        }
    }

    /// Records the settings that the volume of a claim was made with, as a watch reported them.
    pub fn made_with(&self, owner: &Owner, name: &str, volume: Option<Volume>) {
        lock(&self.owned).entry(owner, Kind::PersistentVolumeClaim, name).set(|rare| rare.volume = volume.map(Box::new));
    }

    /// The settings that the volume of a claim was made with, if a watch has reported the claim.
    pub fn volume(&self, owner: &Owner, name: &str) -> Option<Option<Volume>> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner, Kind::PersistentVolumeClaim, name)?;
        (entry.version.is_some() || entry.volume().is_some()).then(|| entry.volume().cloned())
    }

    /// Records a takeover of others' fields that did not help, by its fingerprint.
    pub fn took_over_in_vain(&self, owner: &Owner, kind: Kind, name: &str, takeover: u64) {
        lock(&self.owned).entry(owner, kind, name).set(|rare| rare.takeover = Some(Box::new((takeover, Instant::now()))));
    }

    /// Whether the last takeover that did not help was the same, and less than `RETRY_TAKEOVER` ago.
    pub fn is_in_vain(&self, owner: &Owner, kind: Kind, name: &str, takeover: u64) -> bool {
        let owned = lock(&self.owned);
        let last = owned.get(owner, kind, name).and_then(|entry| entry.rare.as_ref()?.takeover.as_deref());
        last.is_some_and(|(last, at)| *last == takeover && at.elapsed() < RETRY_TAKEOVER)
    }

    /// Removes an object that a watch reported as deleted, and the version of the deletion.
    pub fn gone(&self, owner: &Owner, kind: Kind, name: &str, version: Version) {
        let mut owned = lock(&self.owned);
        if let Some(meanwhile) = owned.asked.get_mut(&(owner.clone(), kind, name.to_owned())) {
            meanwhile.gone = Some(version);
        }
        owned.remove(owner, kind, name);
    }

    /// Removes an object from the resource in its namespace that had it, except `owner`, which a watch reported as its owner (`None`: none).
    /// Returns the resources that had the object, or are asking for it.
    pub fn lost(&self, owner: Option<&Owner>, namespace: &str, kind: Kind, name: &str, version: Version) -> Vec<Owner> {
        let mut owned = lock(&self.owned);
        let mut losers = Vec::new();
        for ((other, _, _), meanwhile) in owned
            .asked
            .iter_mut()
            .filter(|((other, of, object), _)| *of == kind && object == name && other.namespace == namespace && Some(other) != owner)
        {
            meanwhile.gone = Some(version);
            losers.push(other.clone());
        }
        let holder = owned.holders.get(&place(namespace, kind, name)).filter(|holder| Some(&***holder) != owner).cloned();
        if let Some(holder) = holder
            && owned.remove(&holder, kind, name)
            && !losers.contains(&holder)
        {
            losers.push((*holder).clone());
        }
        losers
    }

    /// Removes the objects of `kind` in `namespace` (`None`: in all) that a new list does not contain. Returns the resources that had them.
    pub fn relisted(&self, kind: Kind, namespace: Option<&str>, listed: &Listed) -> Vec<Owner> {
        let mut owned = lock(&self.owned);
        let is_here = |owner: &Owner| namespace.is_none_or(|namespace| owner.namespace == namespace);
        let asked = owned.asked.iter_mut().filter(|((owner, of, _), _)| *of == kind && is_here(owner));
        asked.for_each(|(_, meanwhile)| meanwhile.relisted = true);
        let mut missing = Vec::new();
        for (owner, children) in owned.of.iter().filter(|(owner, _)| is_here(owner)) {
            let names = children.names(&owner.name, kind).filter(|name| !listed.has(owner, name));
            missing.extend(names.map(|name| (owner.clone(), name)));
        }
        for (owner, name) in &missing {
            owned.remove(owner, kind, name);
        }
        let owners: BTreeSet<_> = missing.into_iter().map(|(owner, _)| owner).collect();
        owners.into_iter().map(|owner| (*owner).clone()).collect()
    }

    /// The observed state of an object that is as wanted and has not changed since.
    pub fn settled(&self, owner: &Owner, kind: Kind, name: &str, hash: &str) -> Option<Observed> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner, kind, name)?;
        let settled = entry.settled.as_ref().filter(|settled| settled.hash == fingerprint(hash))?;
        let unchanged = entry.version.is_none_or(|version| version.is_not_newer(settled.version));
        unchanged.then(|| settled.observed())
    }

    /// The observed state of an object when it was last as wanted, whatever has changed since.
    pub fn last(&self, owner: &Owner, kind: Kind, name: &str, hash: &str) -> Option<Observed> {
        let owned = lock(&self.owned);
        let settled = owned.get(owner, kind, name)?.settled.as_ref();
        settled.filter(|settled| settled.hash == fingerprint(hash)).map(Settled::observed)
    }

    /// The newest observed state of an object that is known, whether the object is as wanted or not.
    pub fn observed(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Observed> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner, kind, name)?;
        entry.told().map(Told::observed).or_else(|| entry.settled.as_ref().map(Settled::observed))
    }

    /// Records that an object is as wanted in the version that a watch reported, if that is still the last one.
    pub fn settle_reported(&self, owner: &Owner, kind: Kind, name: &str, hash: &str, version: Version) {
        let mut owned = lock(&self.owned);
        if owned.get(owner, kind, name).is_some_and(|entry| entry.version == Some(version)) {
            let settled = Settled { hash: fingerprint(hash), version, fields: None, observed: None };
            owned.entry(owner, kind, name).settled = Some(settled);
        }
    }

    /// The `resourceVersion` of an object, if a watch has reported it.
    pub fn version(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Version> {
        lock(&self.owned).get(owner, kind, name)?.version
    }

    /// The newest `resourceVersion` of an object that is known: one that a watch has reported, or that of the operator's own write before
    /// a watch reports it.
    pub fn newest(&self, owner: &Owner, kind: Kind, name: &str) -> Option<Version> {
        let owned = lock(&self.owned);
        let entry = owned.get(owner, kind, name)?;
        let written = entry.settled.as_ref().map(|settled| settled.version);
        entry.version.filter(|seen| !written.is_some_and(|written| seen.is_not_newer(written))).or(written)
    }

    /// Whether nothing of a resource is known, neither by watches nor by requests.
    pub fn has_none(&self, owner: &Owner) -> bool {
        !lock(&self.owned).of.contains_key(owner)
    }

    /// All objects of a resource that watches have reported.
    pub fn of(&self, owner: &Owner) -> Vec<(Kind, String)> {
        let owned = lock(&self.owned);
        let children = owned.of.get(owner).into_iter().flat_map(|children| children.iter(&owner.name));
        children.filter(|(_, _, entry)| entry.version.is_some()).map(|(kind, name, _)| (kind, name)).collect()
    }
}

/// The objects that a list contains.
#[derive(Debug, Default)]
pub struct Listed(HashSet<u64>);

impl Listed {
    /// Adds an object of a resource.
    pub fn add(&mut self, owner: &Owner, name: &str) {
        self.0.insert(hash_of(&(owner, name)));
    }

    /// Whether the list has the object.
    pub fn has(&self, owner: &Owner, name: &str) -> bool {
        self.0.contains(&hash_of(&(owner, name)))
    }
}

#[cfg(test)]
mod tests;
