//! The state that all reconciles share, and the state of each resource that is kept between reconciles.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use k8s_controller::events::EventRecorder;
use kube::Client;
use kube::runtime::events::Reporter;
use kube::runtime::reflector::ObjectRef;

use crate::api::{RestaurantBookingSpec, RestaurantBookingStatus};
use crate::metrics::{Backups, Metrics};
use crate::timing::{FIRST_RETRY, LAST_RETRY, PROGRESS};

use super::brokers::Brokers;
use super::build::MANAGER;
use super::children::Children;
use super::kept::Secrets;
use super::kind::Kind;
use super::last_status::LastStatus;
use super::measured::backups;
use super::mentions::Mentions;
use super::references::SecretData;
use super::resource::{Owner, Trigger};
use super::rollouts::Rollouts;
use super::validate::Defaults;

/// The state that all reconciles share.
pub struct Context {
    /// The cluster.
    pub client: Client,
    /// The objects that the watches have reported, and their state.
    pub children: Arc<Children>,
    /// The Secrets that resources refer to.
    pub mentions: Mentions,
    /// The operator's own Secrets, as last read.
    pub secrets: Secrets,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Publishes events.
    pub recorder: EventRecorder,
    /// The defaults for resources.
    pub defaults: Defaults,
    /// The address of every broker, for an operator that runs outside the cluster; `None`: the address in the resource.
    pub kafka_address: Option<String>,
    /// The requests to brokers.
    pub brokers: Brokers,
    /// The resources that are rolling out the operator's default version.
    pub rollouts: Rollouts,
    /// Enqueues a resource.
    pub trigger: Trigger,
    /// The optional kinds that the cluster has.
    pub kinds: RwLock<BTreeSet<Kind>>,
    remembered: Mutex<HashMap<Owner, Remembered>>,
    /// The resources that exist, as their watch has reported.
    existing: Mutex<HashSet<Owner>>,
    queue: Mutex<HashSet<Owner>>,
    /// The resources that are to be enqueued soon.
    soon: Mutex<HashSet<Owner>>,
}

/// The state that is kept of a resource. But for the status, it only saves work: the results are right without it.
#[derive(Default)]
pub struct Remembered {
    /// The number of consecutive reconciles that failed.
    pub failures: u32,
    /// The newest status, which the watch has told or the operator has written. The store has none.
    pub status: Option<LastStatus>,
    /// The time of the operator's last write of it.
    pub written: Option<Instant>,
    /// The topics that were found, or made, as specified: the checksum of the specification, and the time.
    pub topics: Option<(String, Instant)>,
    /// The failure of the topics: the checksum of the specification, the reason and the message.
    pub topics_failed: Option<(String, &'static str, String)>,
    /// What the Pod said that applied the house, after the name of its Job.
    pub said: Option<String>,
    /// What the Pods of a restore said, by the names of their Jobs.
    pub reports: HashMap<String, String>,
    /// The Secrets that backups hold: the hash of the restore, and their data.
    pub opened: Option<(String, BTreeMap<String, SecretData>)>,
    /// The status of the condition Ready.
    pub ready: Option<bool>,
}

impl Context {
    /// A context for the replica named `identity`.
    pub fn new(
        client: Client,
        identity: &str,
        defaults: Defaults,
        kafka_address: Option<String>,
        metrics: Arc<Metrics>,
        trigger: Trigger,
    ) -> Self {
        let reporter = Reporter { controller: format!("restaurantbooking.dev/{MANAGER}"), instance: Some(identity.to_owned()) };
        Self {
            recorder: EventRecorder::new(client.clone(), reporter),
            client,
            children: Arc::default(),
            mentions: Mentions::default(),
            secrets: Secrets::default(),
            metrics,
            rollouts: Rollouts::new(defaults.max_concurrent_rollouts),
            defaults,
            kafka_address,
            brokers: Brokers::default(),
            trigger,
            kinds: RwLock::default(),
            remembered: Mutex::default(),
            existing: Mutex::default(),
            queue: Mutex::default(),
            soon: Mutex::default(),
        }
    }

    fn all_remembered(&self) -> MutexGuard<'_, HashMap<Owner, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the state that is kept of a resource. Nothing is kept of a resource that is gone: otherwise a reconcile that ends
    /// after the deletion would count the resource in the metrics forever.
    pub fn remember<T>(&self, owner: &Owner, change: impl FnOnce(&mut Remembered) -> T) -> T {
        let existing = self.existing.lock().unwrap_or_else(PoisonError::into_inner);
        if existing.contains(owner) {
            change(self.all_remembered().entry(owner.clone()).or_default())
        } else {
            change(&mut Remembered::default())
        }
    }

    /// The newest known status of a resource, and the `resourceVersion` that has it.
    pub fn last_status(&self, owner: &Owner) -> Option<(String, RestaurantBookingStatus)> {
        // It is read when the lock is free again.
        self.remember(owner, |remembered| remembered.status.clone()).map(|status| status.read())
    }

    /// Keeps the status that a resource has in a version, unless a newer one is known.
    pub fn keep_status(&self, owner: &Owner, version: &str, status: &RestaurantBookingStatus) {
        let status = LastStatus::new(version, status);
        self.remember(owner, |remembered| {
            if remembered.status.as_ref().is_none_or(|known| !known.is_newer_than(&status)) {
                remembered.status = Some(status);
            }
        });
    }

    /// Notes that a resource is there; returns whether that is news.
    pub fn exists(&self, owner: &Owner) -> bool {
        self.existing.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.clone())
    }

    /// Drops the state of a resource that is gone.
    pub fn forget(&self, owner: &Owner) {
        self.existing.lock().unwrap_or_else(PoisonError::into_inner).remove(owner);
        self.metrics.backups(&owner.namespace, &owner.name, &Backups::default());
        self.all_remembered().remove(owner);
        self.secrets.forget(owner);
        self.mentions.forget(owner);
        self.brokers.forget(owner);
        self.end_rollout(owner);
        self.begun(owner);
        self.count();
    }

    /// Records whether a resource is Ready.
    pub fn ready(&self, owner: &Owner, ready: Option<bool>) {
        let changed = self.remember(owner, |remembered| std::mem::replace(&mut remembered.ready, ready) != ready);
        if changed {
            self.count();
        }
    }

    /// Shows the backups and the restore of a resource as metrics. Nothing is shown of a resource that is gone.
    pub fn measure(&self, owner: &Owner, spec: &RestaurantBookingSpec, status: &RestaurantBookingStatus) {
        let existing = self.existing.lock().unwrap_or_else(PoisonError::into_inner);
        if existing.contains(owner) {
            self.metrics.backups(&owner.namespace, &owner.name, &backups(spec, status));
        }
    }

    /// Releases the resource's place in the rollout of the operator's default version, and enqueues the resources that have got a place.
    pub fn end_rollout(&self, owner: &Owner) {
        self.rollouts.end(owner).iter().for_each(|next| self.enqueue(next));
    }

    /// Enqueues a resource.
    pub fn enqueue(&self, owner: &Owner) {
        self.queued(owner);
        // The receiver is gone only when the operator stops.
        let _ = self.trigger.send(ObjectRef::new(&owner.name).within(&owner.namespace));
    }

    /// Has a resource enqueued within [`PROGRESS`], unless a reconcile of it starts before: where many objects come up, one reconcile tells of
    /// all that was seen meanwhile.
    pub fn enqueue_soon(&self, owner: &Owner) {
        self.soon().insert(owner.clone());
    }

    /// Enqueues the resources that are to be enqueued soon, again and again.
    pub async fn enqueue_those_soon(&self) -> Infallible {
        loop {
            tokio::time::sleep(PROGRESS).await;
            let soon = std::mem::take(&mut *self.soon());
            soon.iter().for_each(|owner| self.enqueue(owner));
        }
    }

    fn soon(&self) -> MutexGuard<'_, HashSet<Owner>> {
        self.soon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) {
        let remembered = self.all_remembered();
        let of = |ready: Option<bool>| i64::try_from(remembered.values().filter(|one| one.ready == ready).count()).unwrap_or(i64::MAX);
        self.metrics.resources(of(Some(true)), of(Some(false)), of(None));
    }

    /// Counts a resource as enqueued.
    fn queued(&self, owner: &Owner) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.insert(owner.clone());
        self.metrics.queued(queue.len());
    }

    /// Removes a resource from the queue, and from those that are to be enqueued soon: its reconcile starts, or it will not have one.
    pub fn begun(&self, owner: &Owner) {
        self.soon().remove(owner);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.remove(owner);
        self.metrics.queued(queue.len());
    }
}

/// The delay before a resource that failed `failures` times in a row is reconciled again: 1 s, doubled for each failure, 5 minutes at most,
/// varied by up to a fifth so that resources that failed together are not all retried together.
pub fn backoff(failures: u32) -> Duration {
    jittered((FIRST_RETRY * (1 << failures.saturating_sub(1).min(9))).min(LAST_RETRY))
}

/// The duration, varied by up to a fifth.
pub fn jittered(duration: Duration) -> Duration {
    let mut byte = [128];
    // Without randomness the duration has no jitter, which is not an error.
    let _ = getrandom::fill(&mut byte);
    duration.mul_f64(0.8 + 0.4 * f64::from(byte[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends_at_five_minutes() {
        for (failures, seconds) in [(1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0), (1000, 300.0)] {
            let wait = backoff(failures).as_secs_f64();
            assert!((seconds * 0.79..=seconds * 1.21).contains(&wait), "{failures}: {wait}");
        }
    }
}
