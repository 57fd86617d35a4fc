//! The data of a deleted resource.
//!
//! Objects with data have no owner reference, so that only the operator removes them: no edit, missing field or delay before the deletion
//! makes the garbage collector remove them. A resource with `deletionPolicy: Delete` has a finalizer, and remains until the operator has
//! removed its data.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::json;
use tracing::info;

use super::apply::Applier;
use super::backend::{broker, database};
use super::build::{INSTANCE, MANAGED_BY, MANAGER};
use super::failure::Failure;
use super::kind::Kind;
use super::names::{admin_name, backup_name, keys_name, links_name, seal_name};
use super::resource::Owner;
use super::step::Step;
use crate::api::{DeletionPolicy, RestaurantBooking};
use crate::metrics::Metrics;
use crate::timing::REQUEST;

/// The finalizer of a resource whose data is removed before the resource goes.
pub const FINALIZER: &str = "restaurantbooking.dev/delete-data";
/// The field manager of the finalizer.
const FINALIZER_MANAGER: &str = "restaurant-booking-operator-finalizer";

/// The finalizer of one resource.
pub struct Finalizer<'a> {
    /// The cluster.
    pub client: &'a Client,
    /// The metrics.
    pub metrics: &'a Arc<Metrics>,
    /// The resource.
    pub owner: &'a Owner,
}

/// Whether a resource has the operator's finalizer.
pub fn has_finalizer(metadata: &ObjectMeta) -> bool {
    metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// The API for resources whose spec may not be readable.
pub fn unread(client: &Client, owner: &Owner) -> Api<DynamicObject> {
    let resource = kube::core::ApiResource::erase::<RestaurantBooking>(&());
    Api::namespaced_with(client.clone(), &owner.namespace, &resource)
}

/// Whether the data of a resource is removed with it. The data of a resource that cannot be read is kept.
fn deletes(resource: &DynamicObject) -> bool {
    let read: Result<RestaurantBooking, _> = resource.clone().try_parse();
    read.is_ok_and(|resource| resource.spec.deletion_policy == Some(DeletionPolicy::Delete))
}

/// Whether a resource makes an object of this name that holds data. A label alone is no proof: somebody may have moved it to the object of
/// another resource.
fn makes(kind: Kind, resource: &str, object: &str) -> bool {
    let is_common = || [keys_name, links_name, seal_name, admin_name, backup_name].into_iter().any(|name| object == name(resource));
    (kind == Kind::Secret && is_common()) || database::makes(kind, resource, object) || broker::makes(kind, resource, object)
}

impl Finalizer<'_> {
    fn resources(&self) -> Api<DynamicObject> {
        unread(self.client, self.owner)
    }

    /// The present state of the resource, if it still has this uid.
    async fn now(&self, uid: &str) -> Result<Option<DynamicObject>, Failure> {
        let api = self.resources();
        let found = self.answer("get", tokio::time::timeout(REQUEST, api.get_opt(&self.owner.name)).await)?;
        Ok(found.filter(|resource| resource.metadata.uid.as_deref() == Some(uid)))
    }

    fn answer<T>(&self, verb: &str, outcome: Result<kube::Result<T>, tokio::time::error::Elapsed>) -> Result<T, Failure> {
        let failure = |error: &kube::Error| Failure::of_resource(verb, &self.owner.name, error);
        outcome.map_err(|_| Failure::resource_timeout(verb, &self.owner.name))?.map_err(|error| failure(&error))
    }

    /// Adds the finalizer to the resource or removes it, as the present policy says.
    ///
    /// # Errors
    /// The API server refuses a request, or does not answer.
    pub async fn follow_policy(&self, uid: &str) -> Result<(), Failure> {
        match self.now(uid).await? {
            Some(resource) if resource.metadata.deletion_timestamp.is_none() => {
                let wanted = deletes(&resource);
                self.set(&resource.metadata, wanted).await
            }
            _ => Ok(()),
        }
    }

    /// Removes the finalizer from the resource, which can then be deleted without the operator. Its data is kept.
    ///
    /// # Errors
    /// The API server refuses a request, or does not answer.
    pub async fn take_off(&self, uid: &str) -> Result<(), Failure> {
        match self.now(uid).await? {
            Some(resource) => self.set(&resource.metadata, false).await,
            None => Ok(()),
        }
    }

    /// Removes the data of a deleted resource if its policy says so, and then removes the finalizer. The policy is read again before each
    /// object, so that a change to Retain keeps everything that is left.
    ///
    /// # Errors
    /// The API server refuses a request, or does not answer.
    pub async fn finish(&self, applier: &Applier<'_>) -> Result<(), Failure> {
        for kind in Kind::by_removal() {
            let names = self.objects(kind).await?;
            for name in &names {
                match self.now(applier.uid).await? {
                    None => return Ok(()),
                    Some(resource) if !deletes(&resource) => return self.release(&resource).await,
                    Some(_) => applier.remove(kind, name).await?,
                }
            }
        }
        match self.now(applier.uid).await? {
            None => Ok(()),
            Some(resource) => self.release(&resource).await,
        }
    }

    async fn release(&self, resource: &DynamicObject) -> Result<(), Failure> {
        self.set(&resource.metadata, false).await?;
        let data = if deletes(resource) { "removed" } else { "kept" };
        info!(resource = self.owner.name, namespace = self.owner.namespace, data, "deleted");
        Ok(())
    }

    /// The names of the objects of a kind that belong to the resource, by their labels and by their names.
    async fn objects(&self, kind: Kind) -> Result<Vec<String>, Failure> {
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.owner.namespace, &kind.resource());
        let params = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER},{INSTANCE}={}", self.owner.name));
        match tokio::time::timeout(REQUEST, api.list_metadata(&params)).await {
            Err(_) => Err(Failure::timeout(Step::Foundation, "list", kind, &self.owner.name)),
            // The cluster does not have the kind.
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(Vec::new()),
            Ok(Err(error)) => Err(Failure::of_request(Step::Foundation, "list", kind, &self.owner.name, &error)),
            Ok(Ok(list)) => {
                let (ours, others): (Vec<_>, _) =
                    list.items.iter().map(|object| object.name_any()).partition(|name| makes(kind, &self.owner.name, name));
                for name in others {
                    info!(resource = self.owner.name, kind = kind.as_str(), name, "kept: the label is the resource's, the name is not");
                }
                Ok(ours)
            }
        }
    }

    /// Adds the operator's finalizer or removes it, if that is a change.
    async fn set(&self, metadata: &ObjectMeta, wanted: bool) -> Result<(), Failure> {
        if has_finalizer(metadata) == wanted {
            return Ok(());
        }
        let others = metadata.finalizers.iter().flatten().filter(|finalizer| *finalizer != FINALIZER).cloned();
        let finalizers: Vec<String> = others.chain(wanted.then(|| FINALIZER.to_owned())).collect();
        // The version prevents the loss of a finalizer that another client adds meanwhile.
        let patch = json!({"metadata": {"uid": metadata.uid, "resourceVersion": metadata.resource_version, "finalizers": finalizers}});
        let params = PatchParams { field_manager: Some(FINALIZER_MANAGER.to_owned()), ..Default::default() };
        self.metrics.write("restaurantbookings", "patch");
        let api = self.resources();
        let patched = tokio::time::timeout(REQUEST, api.patch_metadata(&self.owner.name, &params, &Patch::Merge(&patch))).await;
        self.answer("patch", patched).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::read;
    use crate::plan::plan;
    use crate::reconcile::validate::Defaults;

    /// The objects with data of a resource, by kind and name.
    fn data(name: &str, spec: &str) -> BTreeSet<(Kind, String)> {
        let text = format!(
            "{{apiVersion: restaurantbooking.dev/v1alpha1, kind: RestaurantBooking, metadata: {{name: {name}}},
              spec: {{restaurant: {{name: Trattoria, timeZone: Europe/Rome}}{spec}}}}}"
        );
        let objects = plan(&read(&text).expect("a resource"), &Defaults::default()).expect("a valid resource");
        objects.into_iter().filter(|object| object.kind.holds_data()).map(|object| (object.kind, object.name)).collect()
    }

    #[test]
    fn a9_only_what_the_resource_makes_is_removed_with_it() {
        let s3 = "{endpoint: 'https://s3.example.com', bucket: backups, credentialsSecretRef: {name: s3}}";
        let others = format!(", postgres: {{cloudNativePG: {{}}}}, backup: {{storage: {{s3: {s3}}}}}, kafka: {{strimzi: {{}}}}");
        let specs = ["", others.as_str()];
        let of = |name: &str| specs.into_iter().flat_map(|spec| data(name, spec)).collect::<BTreeSet<_>>();
        let (ours, others) = (of("trattoria"), of("trattoria-menu"));
        assert_eq!(ours.iter().map(|(kind, _)| *kind).collect::<BTreeSet<_>>(), Kind::by_removal().into_iter().collect());
        for (kind, object) in &ours {
            assert!(makes(*kind, "trattoria", object), "{kind:?} {object}");
        }
        // The names of the other resource begin as ours do.
        for (kind, object) in &others {
            assert!(!makes(*kind, "trattoria", object) && makes(*kind, "trattoria-menu", object), "{kind:?} {object}");
        }
    }
}
