//! The watch of resources in one namespace, or in all, without its lists: what a list does not have any more was deleted.
//!
//! The watches of several namespaces are one stream, and one store is filled from it. A list among them would replace all that is in the
//! store by what is in one namespace.

use std::collections::HashSet;

use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use crate::api::{RestaurantBooking, RestaurantBookingSpec};
use crate::reconcile::resource::{Guarded, Owner, owner_of};

/// What one watch has told of.
#[derive(Default)]
pub struct Known {
    resources: HashSet<Owner>,
    /// What the list has that is being told.
    listed: HashSet<Owner>,
}

impl Known {
    /// What an event says that is new: resources that are there, and those that are gone.
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

/// What is left of a resource whose end nobody saw.
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
        // A list that was broken off says what is there, and not what is gone.
        assert_eq!(told(&mut known, vec![Event::Init, Event::InitApply(resource("d"))]), ["+d"]);
        assert_eq!(told(&mut known, list(&["c"])), ["+c", "-d"]);
    }
}
