//! A resource before it is read: its key, and the trigger that enqueues it.

use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc;

use crate::api::RestaurantBooking;

/// A resource, or the error of one that cannot be read. One unreadable resource must not stop the list of all others.
pub type Guarded = DeserializeGuard<RestaurantBooking>;

/// Enqueues a resource.
pub type Trigger = mpsc::UnboundedSender<ObjectRef<Guarded>>;

/// A resource, by namespace and name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The namespace and name of a resource.
pub fn owner_of(resource: &Guarded) -> Owner {
    Owner { namespace: resource.namespace().unwrap_or_default(), name: resource.name_any() }
}
