//! Releases in one namespace that watch overlapping namespaces without watching the same: the second does not work, and names the first.
//!
//! Releases that watch the same namespaces share a Lease. Every Lease names its namespaces in an annotation. The older Lease comes first: that
//! order never changes, so that whatever is restarted, two releases never decide differently. Releases in different namespaces cannot see
//! each other's Leases; `docs/install.md` says so.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use jiff::Timestamp;
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
    leases: Api<Lease>,
    /// The name of the Lease.
    lease: &'a str,
    /// The name of the replica.
    identity: &'a str,
    /// The watched namespaces; empty: all.
    namespaces: &'a [String],
    sightings: Sightings,
}

impl<'a> Territory<'a> {
    /// For the replica `identity`, whose Lease is in its `operator_namespace`.
    pub fn new(client: Client, operator_namespace: &str, lease: &'a str, identity: &'a str, namespaces: &'a [String]) -> Self {
        let leases = Api::namespaced(client, operator_namespace);
        Self { leases, lease, identity, namespaces, sightings: Sightings::default() }
    }

    /// Returns when no release that comes first serves one of the namespaces. Until then `health` tells which release does.
    pub async fn free(&mut self, health: &Health) {
        while let Some(first) = self.first().await {
            let told = format!(
                "another release serves the same namespaces: Lease {first}; uninstall one of the two, or give them different watchNamespaces"
            );
            if health.block(Some(told.clone())) {
                warn!("{told}");
            }
            tokio::time::sleep(timing::LEASE_RENEWAL).await;
        }
        if health.block(None) {
            info!("no other release serves the same namespaces any more");
        }
    }

    /// Returns the Lease of a release that comes first, when there is one.
    pub async fn lost(&mut self) -> String {
        loop {
            tokio::time::sleep(timing::LEASE).await;
            if let Some(first) = self.first().await {
                return first;
            }
        }
    }

    /// The Lease of a release that comes before this one and serves one of its namespaces. Without an answer there is none.
    async fn first(&mut self) -> Option<String> {
        match self.look().await {
            Ok(first) => first,
            // An account of the user's own may lack the right.
            Err(error) => {
                warn!("the Leases of other releases cannot be read: {}", chain(&error));
                None
            }
        }
    }

    async fn look(&mut self) -> kube::Result<Option<String>> {
        let leases = self.leases.list(&ListParams::default()).await?.items;
        let Some(own) = leases.iter().find(|lease| lease.name_any() == self.lease).cloned() else { return Ok(None) };
        if own.annotations().get(SERVES) != Some(&self.serves()) {
            let patch = Patch::Merge(json!({"metadata": {"annotations": {SERVES: self.serves()}}}));
            let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
            self.leases.patch_metadata(self.lease, &params, &patch).await?;
        }
        let alive = self.sightings.alive(leases);
        Ok(alive.iter().find(|other| self.comes_first(other, &own)).map(Lease::name_any))
    }

    fn serves(&self) -> String {
        if self.namespaces.is_empty() { "*".to_owned() } else { self.namespaces.join(",") }
    }

    fn comes_first(&self, other: &Lease, own: &Lease) -> bool {
        // Two of the same second are told apart by their names.
        let age = |lease: &Lease| Reverse((lease.creation_timestamp().map(|time| time.0), lease.name_any()));
        let holder = other.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
        // While watchNamespaces changes, the release has the Lease of before, too.
        let is_of_release = release(holder).is_some_and(|name| release(self.identity) == Some(name));
        age(other) > age(own) && !is_of_release && other.annotations().get(SERVES).is_some_and(|serves| self.overlaps(serves))
    }

    fn overlaps(&self, serves: &str) -> bool {
        let theirs: BTreeSet<&str> = serves.split(',').collect();
        self.namespaces.is_empty() || theirs.contains("*") || self.namespaces.iter().any(|namespace| theirs.contains(namespace.as_str()))
    }
}

/// The Deployment of a Pod, by the Pod's name.
fn release(pod: &str) -> Option<&str> {
    pod.rsplitn(3, '-').nth(2)
}

/// The last version of each Lease, and the time when it was seen to change.
#[derive(Default)]
struct Sightings(HashMap<String, (Option<String>, Option<Instant>)>);

impl Sightings {
    /// The Leases that are in use: renewed not longer ago than another replica needs to take over, by their own time, or, where the clocks
    /// differ, by what was seen.
    fn alive(&mut self, leases: Vec<Lease>) -> Vec<Lease> {
        let window = timing::LEASE * 2;
        let mut is_alive = |lease: &Lease| {
            let version = lease.resource_version();
            let (seen, changed) = self.0.entry(lease.name_any()).or_insert_with(|| (version.clone(), None));
            if *seen != version {
                (*seen, *changed) = (version, Some(Instant::now()));
            }
            let renewed = lease.spec.as_ref().and_then(|spec| spec.renew_time.as_ref());
            renewed.is_some_and(|renewed| Timestamp::now().duration_since(renewed.0).unsigned_abs() < window)
                || changed.is_some_and(|changed| changed.elapsed() < window)
        };
        leases.into_iter().filter(|lease| is_alive(lease)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(name: &str, age: u8, serves: Option<&str>, holder: &str) -> Lease {
        let metadata = json!({
            "name": name, "creationTimestamp": format!("2030-01-01T00:00:{:02}Z", 59 - age), "annotations": {SERVES: serves.unwrap_or("")},
        });
        let mut lease: Lease = serde_json::from_value(json!({"metadata": metadata, "spec": {"holderIdentity": holder}})).expect("a Lease");
        if serves.is_none() {
            lease.metadata.annotations = None;
        }
        lease
    }

    #[tokio::test]
    async fn d16_the_older_of_two_leases_comes_first_whatever_is_restarted() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::try_from(kube::Config::new("http://127.0.0.1:9".parse().expect("a URL"))).expect("a client");
        let first = |namespaces: &[&str], other: &Lease| {
            let namespaces: Vec<_> = namespaces.iter().map(|name| (*name).to_owned()).collect();
            let territory = Territory::new(client.clone(), "operators", "m", "rb-operator-6f7-x1", &namespaces);
            territory.comes_first(other, &lease("m", 5, None, ""))
        };
        assert!(first(&["a"], &lease("z", 9, Some("b,a"), "")));
        assert!(first(&[], &lease("z", 9, Some("b"), "")));
        assert!(first(&["a"], &lease("z", 9, Some("*"), "")));
        assert!(first(&["a"], &lease("b", 5, Some("a"), "")), "of the same second, and of the smaller name");
        for after in [
            lease("z", 9, Some("b"), ""),
            lease("z", 1, Some("a"), ""),
            lease("z", 5, Some("a"), ""),
            lease("z", 9, None, ""),
            lease("z", 9, Some("a"), "rb-operator-9c8-y2"),
        ] {
            assert!(!first(&["a"], &after), "{after:?}");
        }
        assert!(first(&["a"], &lease("z", 9, Some("a"), "other-operator-9c8-y2")));
    }

    #[test]
    fn d16_a_lease_that_is_not_renewed_is_of_a_release_that_is_gone() {
        let lease = |version: &str, age: u64| -> Lease {
            let renewed = Timestamp::now() - std::time::Duration::from_secs(age);
            let renewed = renewed.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            let metadata = json!({"name": "z", "resourceVersion": version});
            serde_json::from_value(json!({"metadata": metadata, "spec": {"renewTime": renewed}})).expect("a Lease")
        };
        let mut sightings = Sightings::default();
        let mut is_alive = |version: &str, age: u64| sightings.alive(vec![lease(version, age)]).len() == 1;
        assert!(is_alive("1", 1) && !is_alive("1", 3600));
        // The clock of its holder is wrong: it is renewed all the same.
        assert!(is_alive("2", 3600));
        sightings.0.get_mut("z").expect("a sighting").1 = Instant::now().checked_sub(timing::LEASE * 3);
        assert!(sightings.alive(vec![lease("2", 3600)]).is_empty());
    }
}
