//! Which resources refer to a Secret. An event of a Secret finds them at once, however many resources there are.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::resource::Owner;
use super::version::hash_of;

/// The Secrets that resources refer to.
#[derive(Debug, Default)]
pub struct Mentions(Mutex<Index>);

#[derive(Debug, Default)]
struct Index {
    /// The fingerprints of the Secrets that each resource refers to, in the order of the Secrets' names.
    secrets: HashMap<Arc<Owner>, Box<[u64]>>,
    /// The resources that refer to each Secret.
    owners: HashMap<u64, Vec<Arc<Owner>>>,
}

impl Index {
    fn remove(&mut self, owner: &Owner) {
        for secret in self.secrets.remove(owner).into_iter().flatten() {
            if let Some(owners) = self.owners.get_mut(&secret) {
                owners.retain(|other| **other != *owner);
                if owners.is_empty() {
                    self.owners.remove(&secret);
                }
            }
        }
    }
}

impl Mentions {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the Secrets that a resource refers to.
    pub fn refer(&self, owner: &Owner, secrets: &BTreeSet<String>) {
        let secrets: Box<[u64]> = secrets.iter().map(|secret| hash_of(&(&owner.namespace, secret))).collect();
        let mut index = self.index();
        if index.secrets.get(owner) == Some(&secrets) {
            return;
        }
        index.remove(owner);
        let owner = Arc::new(owner.clone());
        for secret in &secrets {
            index.owners.entry(*secret).or_default().push(owner.clone());
        }
        index.secrets.insert(owner, secrets);
    }

    /// The resources that refer to a Secret.
    pub fn of(&self, namespace: &str, secret: &str) -> Vec<Owner> {
        let index = self.index();
        let owners = index.owners.get(&hash_of(&(namespace, secret))).into_iter().flatten();
        owners.map(|owner| (**owner).clone()).collect()
    }

    /// Drops a resource that is gone.
    pub fn forget(&self, owner: &Owner) {
        self.index().remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leads_to_who_refers_to_it_now() {
        let mentions = Mentions::default();
        let owner = Owner { namespace: "default".into(), name: "trattoria".into() };
        let other = Owner { name: "osteria".into(), ..owner.clone() };
        mentions.refer(&owner, &["a", "b"].map(str::to_owned).into());
        mentions.refer(&other, &["b"].map(str::to_owned).into());
        assert_eq!((mentions.of("default", "a"), mentions.of("elsewhere", "a")), (vec![owner.clone()], vec![]));
        mentions.refer(&owner, &["b"].map(str::to_owned).into());
        assert_eq!((mentions.of("default", "a"), mentions.of("default", "b")), (vec![], vec![other.clone(), owner.clone()]));
        mentions.forget(&owner);
        assert_eq!(mentions.of("default", "b"), [other]);
    }
}
