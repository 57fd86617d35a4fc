//! Turns the lists of a watch of resources into single changes: a resource that a list no longer contains was deleted.
//!
//! The watches of several namespaces form one stream that fills one store. A list in that stream would replace the whole store with the
//! resources of one namespace.

use std::collections::HashSet;

use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use crate::api::{RestaurantBooking, RestaurantBookingSpec};
use crate::reconcile::resource::{Guarded, Owner, owner_of};

/// The resources that one watch has reported.
#[derive(Default)]
pub struct Known {
    resources: HashSet<Owner>,
    /// The resources of the list that is in progress.
    listed: HashSet<Owner>,
}

impl Known {
    /// The changes that an event reports: resources that exist, and resources that were deleted.
    pub fn told(&mut self, event: Event<Guarded>) -> Vec<Event<Guarded>> {
        match event {
            Event::Init => {
                self.listed.clear();
                Vec::new()
            }
            Event::InitApply(resource) => {
                let owner = owner_of(&resource);
                self.listed.insert(owner.clone());
                self.resources.insert(owner);
                vec![Event::Apply(resource)]
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let gone = self.resources.difference(&listed).map(|owner| Event::Delete(stub(owner))).collect();
                self.resources = listed;
                gone
            }
            Event::Apply(resource) => {
                self.resources.insert(owner_of(&resource));
                vec![Event::Apply(resource)]
            }
            Event::Delete(resource) => {
                self.resources.remove(&owner_of(&resource));
                vec![Event::Delete(resource)]
            }
        }
    }
}

/// A placeholder for a resource whose deletion the watch missed.
fn stub(owner: &Owner) -> Guarded {
    let mut resource = RestaurantBooking::new(&owner.name, RestaurantBookingSpec::default());
    resource.metadata.namespace = Some(owner.namespace.clone());
    DeserializeGuard(Ok(resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str) -> Guarded {
        stub(&Owner { namespace: "dining".to_owned(), name: name.to_owned() })
    }

    fn told(known: &mut Known, events: Vec<Event<Guarded>>) -> Vec<String> {
        let told = events.into_iter().flat_map(|event| known.told(event)).collect::<Vec<_>>();
        let name = |event: &Event<Guarded>| match event {
            Event::Apply(resource) => format!("+{}", owner_of(resource).name),
            Event::Delete(resource) => format!("-{}", owner_of(resource).name),
            list => panic!("{list:?}"),
        };
        told.iter().map(name).collect()
    }

    #[test]
    fn what_a_list_does_not_have_any_more_is_gone() {
        let mut known = Known::default();
        let list = |names: &[&str]| {
            let items = names.iter().map(|name| Event::InitApply(resource(name)));
            [Event::Init].into_iter().chain(items).chain([Event::InitDone]).collect::<Vec<_>>()
        };
        assert_eq!(told(&mut known, list(&["a", "b"])), ["+a", "+b"]);
        assert_eq!(told(&mut known, vec![Event::Apply(resource("c")), Event::Delete(resource("a"))]), ["+c", "-a"]);
        assert_eq!(told(&mut known, list(&["c"])), ["+c", "-b"]);
        // An interrupted list shows which resources exist, but not which were deleted.
        assert_eq!(told(&mut known, vec![Event::Init, Event::InitApply(resource("d"))]), ["+d"]);
        assert_eq!(told(&mut known, list(&["c"])), ["+c", "-d"]);
    }
}
