//! Releases in one namespace that watch overlapping namespaces without watching the same: the second does not work, and names the first.
//!
//! Releases that watch the same namespaces share a Lease. Every Lease names the namespaces in an annotation from when its operator begins to
//! work. Releases in different namespaces cannot see each other's Leases; `docs/install.md` says so.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use tracing::{info, warn};

use crate::reconcile::build::MANAGER;
use crate::reconcile::failure::chain;
use crate::timing;
use crate::watches::Health;

/// The annotation of a Lease: the namespaces that its holder serves, separated by commas, or `*`.
const SERVES: &str = "restaurantbooking.dev/serves";

/// The Lease that an operator holds, and the namespaces that it watches.
pub struct Territory<'a> {
    /// The cluster.
    pub client: &'a Client,
    /// The operator's own namespace, in which the Leases are.
    pub operator_namespace: &'a str,
    /// The name of the Lease.
    pub lease: &'a str,
    /// The watched namespaces; empty: all.
    pub namespaces: &'a [String],
}

impl Territory<'_> {
    /// Waits until no other release serves one of the namespaces, and marks the Lease. Until then `health` tells which release does.
    pub async fn take(&self, health: &Health) {
        let mut sightings = Sightings::default();
        loop {
            match self.attempt(&mut sightings).await {
                Ok(None) => break,
                Ok(Some(first)) => {
                    let told = format!(
                        "another release serves the same namespaces: Lease {first} in namespace {}; uninstall one of them, or give them \
                         different watchNamespaces",
                        self.operator_namespace
                    );
                    if health.block(Some(told.clone())) {
                        warn!("{told}");
                    }
                }
                // An account of the user's own may lack the right, as it does without the chart's Roles.
                Err(kube::Error::Api(status)) if status.code == 403 => {
                    warn!("the Leases of other releases cannot be read: {}", status.message);
                    break;
                }
                Err(error) => warn!("the Leases of other releases cannot be read: {}", chain(&error)),
            }
            tokio::time::sleep(timing::LEASE_RENEWAL).await;
        }
        if health.block(None) {
            info!("no other release serves the same namespaces any more");
        }
    }

    /// The Lease of another release that serves one of the namespaces; `None` if there is none, and ours is marked.
    async fn attempt(&self, sightings: &mut Sightings) -> kube::Result<Option<String>> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), self.operator_namespace);
        let list = sightings.alive(leases.list(&ListParams::default()).await?.items);
        let is_marked = list.iter().any(|lease| lease.name_any() == self.lease && lease.annotations().get(SERVES) == Some(&self.marker()));
        if let Some(first) = self.first(&list, is_marked) {
            if is_marked {
                self.mark(&leases, None).await?;
            }
            return Ok(Some(first));
        }
        if is_marked {
            return Ok(None);
        }
        self.mark(&leases, Some(&self.marker())).await?;
        // Another release may have been marked at the same time. The next attempt decides which of the two gives way.
        let list = sightings.alive(leases.list(&ListParams::default()).await?.items);
        let first = self.first(&list, true);
        if first.is_some() {
            self.mark(&leases, None).await?;
        }
        Ok(first)
    }

    async fn mark(&self, leases: &Api<Lease>, serves: Option<&str>) -> kube::Result<()> {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {SERVES: serves}}}));
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        leases.patch_metadata(self.lease, &params, &patch).await.map(drop)
    }

    fn marker(&self) -> String {
        if self.namespaces.is_empty() { "*".to_owned() } else { self.namespaces.join(",") }
    }

    /// The Lease of a release that comes before this one: it serves one of the namespaces, and was marked before. Of two that are marked
    /// the one whose Lease has the smaller name comes first.
    fn first(&self, leases: &[Lease], is_marked: bool) -> Option<String> {
        let others = leases.iter().filter(|lease| lease.name_any() != self.lease);
        let before = others.filter(|lease| !is_marked || lease.name_any().as_str() < self.lease);
        let mut overlapping = before.filter(|lease| lease.annotations().get(SERVES).is_some_and(|serves| self.overlaps(serves)));
        overlapping.next().map(|lease| lease.name_any())
    }

    fn overlaps(&self, serves: &str) -> bool {
        let theirs: BTreeSet<&str> = serves.split(',').collect();
        self.namespaces.is_empty() || theirs.contains("*") || self.namespaces.iter().any(|namespace| theirs.contains(namespace.as_str()))
    }
}

/// The last version of each Lease, and the time when it was first seen. No clock but that of this process is trusted.
#[derive(Default)]
struct Sightings(HashMap<String, (Option<String>, Instant)>);

impl Sightings {
    /// The Leases that are in use. One that did not change for longer than another replica needs to take it over is of a release that is
    /// gone.
    fn alive(&mut self, leases: Vec<Lease>) -> Vec<Lease> {
        let mut is_alive = |lease: &Lease| {
            let version = lease.resource_version();
            let (seen, since) = self.0.entry(lease.name_any()).or_insert_with(|| (version.clone(), Instant::now()));
            if *seen != version {
                (*seen, *since) = (version, Instant::now());
            }
            since.elapsed() < timing::LEASE * 2
        };
        leases.into_iter().filter(|lease| is_alive(lease)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn d16_of_two_releases_that_overlap_the_second_gives_way() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::try_from(kube::Config::new("http://127.0.0.1:9".parse().expect("a URL"))).expect("a client");
        let lease = |name: &str, serves: Value| -> Lease {
            serde_json::from_value(json!({"metadata": {"name": name, "annotations": {SERVES: serves}}})).expect("a Lease")
        };
        let first = |namespaces: &[&str], leases: &[Lease], is_marked: bool| {
            let namespaces: Vec<_> = namespaces.iter().map(|name| (*name).to_owned()).collect();
            let territory = Territory { client: &client, operator_namespace: "operators", lease: "m", namespaces: &namespaces };
            territory.first(leases, is_marked)
        };
        let of = |name: &str, serves: &str| [lease(name, serves.into())];
        assert_eq!(first(&["a"], &of("z", "b,a"), false).as_deref(), Some("z"));
        assert_eq!(first(&[], &of("z", "b"), false).as_deref(), Some("z"));
        assert_eq!(first(&["a"], &of("z", "*"), false).as_deref(), Some("z"));
        for nobody in [of("z", "b"), of("m", "a"), [lease("z", "".into())]] {
            assert_eq!(first(&["a"], &nobody, false), None, "{nobody:?}");
        }
        // Both are marked: one of them goes on.
        assert_eq!(first(&["a"], &of("z", "a"), true), None);
        assert_eq!(first(&["a"], &of("b", "a"), true).as_deref(), Some("b"));
    }

    #[test]
    fn d16_a_lease_that_is_not_renewed_is_of_a_release_that_is_gone() {
        let lease = |version: &str| -> Lease {
            serde_json::from_value(json!({"metadata": {"name": "z", "resourceVersion": version}})).expect("a Lease")
        };
        let mut sightings = Sightings::default();
        assert_eq!(sightings.alive(vec![lease("1")]).len(), 1);
        let long_ago = Instant::now().checked_sub(timing::LEASE * 3).expect("the machine has run for a minute");
        sightings.0.get_mut("z").expect("a sighting").1 = long_ago;
        assert_eq!(sightings.alive(vec![lease("1")]).len(), 0);
        assert_eq!(sightings.alive(vec![lease("2")]).len(), 1);
    }
}
