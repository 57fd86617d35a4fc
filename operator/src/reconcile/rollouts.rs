//! The limit for resources that roll out at the same time after a change of the operator's default version.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::resource::Owner;

/// The resources that roll out the default version, and those that wait for a place.
///
/// A resource keeps its place until it runs the default version, so that a version that works nowhere affects only as many resources as
/// there are places. A resource that is paused, refused or deleted, or that names its own version, releases its place.
#[derive(Debug)]
pub struct Rollouts {
    places: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    under_way: HashSet<Owner>,
    waiting: VecDeque<Owner>,
}

impl Rollouts {
    /// Creates this many places.
    pub fn new(places: u16) -> Self {
        Self { places: usize::from(places).max(1), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a resource has a place, or takes a free one; otherwise it waits in line.
    pub fn begin(&self, owner: &Owner) -> bool {
        let mut state = self.state();
        if state.under_way.contains(owner) {
            return true;
        }
        if state.under_way.len() < self.places {
            state.waiting.retain(|other| other != owner);
            return state.under_way.insert(owner.clone());
        }
        if !state.waiting.contains(owner) {
            state.waiting.push_back(owner.clone());
        }
        false
    }

    /// Rolls out a resource without a free place: it has no Pods that could continue to serve.
    pub fn begin_at_once(&self, owner: &Owner) {
        let mut state = self.state();
        state.waiting.retain(|other| other != owner);
        state.under_way.insert(owner.clone());
    }

    /// Keeps the place of a resource that an earlier leader was rolling out.
    pub fn resume(&self, owner: &Owner) {
        let mut state = self.state();
        if state.under_way.len() < self.places {
            state.under_way.insert(owner.clone());
        }
    }

    /// Releases the place of a resource. Returns the resources that have got one, which must be enqueued.
    pub fn end(&self, owner: &Owner) -> BTreeSet<Owner> {
        let mut state = self.state();
        state.waiting.retain(|other| other != owner);
        if !state.under_way.remove(owner) {
            return BTreeSet::new();
        }
        let mut next = BTreeSet::new();
        while state.under_way.len() < self.places
            && let Some(owner) = state.waiting.pop_front()
        {
            state.under_way.insert(owner.clone());
            next.insert(owner);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Owner {
        Owner { namespace: "dining".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn d11_a_place_goes_to_the_one_that_has_waited_longest() {
        let rollouts = Rollouts::new(2);
        let begins = |name: &str| rollouts.begin(&owner(name));
        assert!(begins("a") && begins("b") && begins("a"));
        assert!(!begins("c") && !begins("d") && !begins("c"));
        assert_eq!(rollouts.end(&owner("a")), BTreeSet::from([owner("c")]));
        assert!(begins("c") && !begins("d"));
        // A resource that stops waiting does not take a place from another.
        assert_eq!(rollouts.end(&owner("d")), BTreeSet::new());
        assert_eq!(rollouts.end(&owner("b")), BTreeSet::new());
        assert!(begins("e"));
    }

    #[test]
    fn d11_a_new_leader_goes_on_with_no_more_than_there_are_places() {
        let rollouts = Rollouts::new(1);
        rollouts.resume(&owner("a"));
        rollouts.resume(&owner("b"));
        assert!(!rollouts.begin(&owner("b")));
        rollouts.begin_at_once(&owner("c"));
        assert_eq!(rollouts.end(&owner("a")), BTreeSet::new(), "the place is c's");
        assert_eq!(rollouts.end(&owner("c")), BTreeSet::from([owner("b")]));
    }
}
