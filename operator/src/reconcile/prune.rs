//! Prunes the operator's objects that are no longer wanted.

use std::collections::BTreeSet;
use std::fmt::Debug;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::{Api, DeleteParams, ListParams, Preconditions};
use serde::de::DeserializeOwned;
use tracing::{debug, info};

use super::apply::Applier;
use super::build::INSTANCE;
use super::failure::Failure;
use super::kind::Kind;
use super::ownership::is_applied;
use super::step::Step;
use super::wanted::Wanted;
use crate::timing;

impl Applier<'_> {
    /// Prunes the operator's objects that are no longer wanted. Volumes, databases, topics and credentials are not pruned: only a deletion
    /// of the resource removes them, if its `deletionPolicy` is Delete.
    pub async fn prune(&self, wanted: &[Wanted]) -> Vec<Failure> {
        let wanted: BTreeSet<(Kind, &str)> = wanted.iter().map(|object| (object.kind, object.name.as_str())).collect();
        let unwanted = self.children.of(self.owner).into_iter();
        let (settings, others): (Vec<_>, Vec<_>) = unwanted
            .filter(|(kind, name)| !kind.holds_data() && !wanted.contains(&(*kind, name.as_str())))
            .partition(|(kind, _)| *kind == Kind::ConfigMap);
        let mut failures = Vec::new();
        let mut removed = others;
        // Former settings that were in use stay so until a Deployment changes.
        let in_use = self.deployments();
        let is_in_use = |name: &str| self.children.settled(self.owner, Kind::ConfigMap, name, &in_use).is_some();
        if settings.iter().any(|(_, name)| !is_in_use(name)) {
            match self.settings_in_use().await {
                Ok(used) => {
                    let (kept, unused): (Vec<_>, Vec<_>) = settings.into_iter().partition(|(_, name)| used.contains(name));
                    removed.extend(unused);
                    for (kind, name) in kept {
                        if let Some(version) = self.children.version(self.owner, kind, &name) {
                            self.children.settle_reported(self.owner, kind, &name, &in_use, version);
                        }
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        for (kind, name) in removed {
            if let Err(failure) = self.remove(kind, &name).await {
                failures.push(failure);
            }
        }
        failures
    }

    /// The Deployments, each with its `resourceVersion`, as a text that can be compared.
    fn deployments(&self) -> String {
        let all = self.children.of(self.owner).into_iter().filter(|(kind, _)| *kind == Kind::Deployment);
        let versions = all.map(|(kind, name)| format!("{name}:{:?}", self.children.version(self.owner, kind, &name)));
        versions.collect::<Vec<_>>().join(",")
    }

    /// The ConfigMaps that a Deployment's template names, or that of one of its ReplicaSets, to which `kubectl rollout undo` can go back.
    async fn settings_in_use(&self) -> Result<BTreeSet<String>, Failure> {
        let client = || self.client.clone();
        let mut used = named(&self.list(Api::<Deployment>::namespaced(client(), &self.owner.namespace)).await?);
        used.extend(named(&self.list(Api::<ReplicaSet>::namespaced(client(), &self.owner.namespace)).await?));
        Ok(used)
    }

    /// The objects of a kind that have the label of the resource.
    async fn list<K>(&self, api: Api<K>) -> Result<Vec<K>, Failure>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let ours = ListParams::default().labels(&format!("{INSTANCE}={}", self.owner.name));
        match tokio::time::timeout(timing::REQUEST, api.list(&ours)).await {
            Err(_) => Err(Failure::timeout(Step::Foundation, "list", Kind::Deployment, "and ReplicaSets")),
            Ok(Err(error)) => Err(Failure::of_request(Step::Foundation, "list", Kind::Deployment, "and ReplicaSets", &error)),
            Ok(Ok(list)) => Ok(list.items),
        }
    }

    /// Removes an object that the operator applied.
    ///
    /// # Errors
    /// The API server refuses the request, or does not answer.
    pub async fn remove(&self, kind: Kind, name: &str) -> Result<(), Failure> {
        let step = Step::Foundation;
        let Some(live) = self.get(step, kind, name).await? else { return Ok(()) };
        // A user may have copied the operator's labels into an object of their own. The managed fields show whether the operator applied
        // it.
        let metadata = &live["metadata"];
        if self.is_ours(step, kind, name, &live).is_err() || !is_applied(&live) || metadata["deletionTimestamp"].is_string() {
            debug!(kind = kind.as_str(), name, "not removed: not the operator's, or already being deleted");
            return Ok(());
        }
        let preconditions = Preconditions { uid: metadata["uid"].as_str().map(str::to_owned), resource_version: None };
        // The next Job waits until the Pods of this one are gone, too.
        let params = if kind == Kind::Job { DeleteParams::foreground() } else { DeleteParams::background() };
        let params = DeleteParams { preconditions: Some(preconditions), ..params };
        self.metrics.write(kind.plural(), "delete");
        match tokio::time::timeout(timing::REQUEST, self.api(kind).delete(name, &params)).await {
            Err(_) => Err(Failure::timeout(step, "delete", kind, name)),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(()),
            Ok(Err(error)) => Err(Failure::of_request(step, "delete", kind, name, &error)),
            Ok(Ok(_)) => {
                info!(kind = kind.as_str(), name, namespace = self.owner.namespace, "removed: no longer wanted");
                Ok(())
            }
        }
    }
}

/// An object with a Pod template.
trait Templated {
    fn template(&self) -> Option<&PodTemplateSpec>;
}

impl Templated for Deployment {
    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }
}

impl Templated for ReplicaSet {
    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }
}

/// The ConfigMaps that the containers of some templates read.
fn named(objects: &[impl Templated]) -> BTreeSet<String> {
    let pods = objects.iter().filter_map(Templated::template).filter_map(|template| template.spec.as_ref());
    let sources = pods.flat_map(|pod| &pod.containers).flat_map(|container| container.env_from.iter().flatten());
    sources.filter_map(|source| source.config_map_ref.as_ref()).map(|reference| reference.name.clone()).collect()
}
