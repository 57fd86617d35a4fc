//! The health of the watches: which have finished a list, which fail, since when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::runtime::watcher;
use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::reconcile::kind::Kind;
use crate::timing::WATCH_DEAD;

/// The object of a watch: a kind, or the resources themselves (`None`); in one namespace, or in all (`None`).
type Watched = (Option<Kind>, Option<String>);

/// The health of all watches.
#[derive(Default)]
pub struct Health {
    watches: Mutex<BTreeMap<Watched, Watch>>,
    changed: Notify,
    /// The reason why this replica does not work although it leads.
    blocked: Mutex<Option<String>>,
}

#[derive(Default)]
struct Watch {
    /// Whether the watch has finished a list.
    synced: bool,
    /// The time since which the watch fails, and the error.
    failing: Option<(Instant, String)>,
}

impl Health {
    fn watches(&self) -> MutexGuard<'_, BTreeMap<Watched, Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a watch that starts; `kind` is `None` for the resources themselves.
    pub fn begins(&self, kind: Option<Kind>, namespace: Option<&str>) {
        self.watches().insert((kind, namespace.map(str::to_owned)), Watch::default());
    }

    /// Removes the watches of a kind that the operator no longer watches.
    pub(super) fn ends(&self, kind: Kind) {
        self.watches().retain(|(of, _), _| *of != Some(kind));
        self.changed.notify_waiters();
    }

    /// Records that a watch reported an event; `synced` if the event ends a list.
    pub(super) fn works(&self, kind: Option<Kind>, namespace: Option<&str>, synced: bool) {
        if let Some(watch) = self.watches().get_mut(&(kind, namespace.map(str::to_owned))) {
            watch.failing = None;
            watch.synced |= synced;
        }
        self.changed.notify_waiters();
    }

    /// Records that a watch failed.
    pub(super) fn fails(&self, kind: Option<Kind>, namespace: Option<&str>, error: &watcher::Error) {
        let name = kind.map_or("RestaurantBooking", Kind::as_str);
        let error = crate::reconcile::failure::chain(error);
        if let Some(watch) = self.watches().get_mut(&(kind, namespace.map(str::to_owned))) {
            match &mut watch.failing {
                Some((_, last)) if *last == error => debug!(kind = name, namespace, "the watch still fails: {error}"),
                failing => {
                    warn!(kind = name, namespace, "the watch fails: {error}");
                    let since = failing.as_ref().map_or_else(Instant::now, |(since, _)| *since);
                    *failing = Some((since, error));
                }
            }
        }
    }

    pub(super) fn is_failing(&self, kind: Option<Kind>, namespace: Option<&str>) -> bool {
        self.watches().get(&(kind, namespace.map(str::to_owned))).is_some_and(|watch| watch.failing.is_some())
    }

    /// Whether every watch has finished a list.
    pub fn is_synced(&self) -> bool {
        self.watches().values().all(|watch| watch.synced)
    }

    /// Whether the operator can work: every watch of at least one namespace has finished a list. A namespace that was deleted, or that
    /// grants no rights, does not affect the others.
    pub fn is_ready(&self) -> bool {
        if self.blocked.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return false;
        }
        let watches = self.watches();
        let mut places: BTreeMap<&Option<String>, bool> = BTreeMap::new();
        for ((_, namespace), watch) in watches.iter() {
            *places.entry(namespace).or_insert(true) &= watch.synced;
        }
        places.is_empty() || places.into_values().any(|synced| synced)
    }

    /// Returns when [`Health::is_synced`].
    pub(super) async fn synced(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_synced() {
                return;
            }
            changed.await;
        }
    }

    /// The watches that have not finished a list, each with its error if it has one.
    pub fn missing(&self) -> String {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let watches = self.watches();
        let missing = watches.iter().filter(|(_, watch)| !watch.synced).map(|(watched, watch)| {
            let why = watch.failing.as_ref().map(|(_, error)| format!(": {error}")).unwrap_or_default();
            format!("the watch of {} has not finished its first list{why}", named(watched))
        });
        blocked.into_iter().chain(missing).collect::<Vec<_>>().join("\n")
    }

    /// Sets the reason why this replica does not work although it leads; `None`: it works. Returns whether the reason changed.
    pub fn block(&self, reason: Option<String>) -> bool {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *blocked != reason;
        *blocked = reason;
        changed
    }

    /// The watches that worked once and have failed for minutes, if every namespace has such a watch; `None` otherwise. A watch that never
    /// worked lacks a right, and a single namespace that does not answer was deleted or no longer grants rights: a new process repairs
    /// neither.
    pub fn dead(&self) -> Option<String> {
        let lost = self.lost_for(WATCH_DEAD)?;
        let watches = self.watches();
        let is_lost = |watch: &Watch| watch.synced && watch.failing.as_ref().is_some_and(|(since, _)| since.elapsed() > WATCH_DEAD);
        let places: BTreeSet<_> = watches.keys().map(|(_, namespace)| namespace).collect();
        let all = places.into_iter().all(|place| watches.iter().any(|((_, namespace), watch)| namespace == place && is_lost(watch)));
        all.then_some(lost)
    }

    fn lost_for(&self, limit: Duration) -> Option<String> {
        self.failing(|watch, since| watch.synced && since.elapsed() > limit)
    }

    /// The watches that have failed for longer than `limit`; `None` if there are none.
    pub fn failing_for(&self, limit: Duration) -> Option<String> {
        self.failing(|_, since| since.elapsed() > limit)
    }

    fn failing(&self, counts: impl Fn(&Watch, Instant) -> bool) -> Option<String> {
        let watches = self.watches();
        let failing = watches.iter().filter_map(|(watched, watch)| {
            let (since, error) = watch.failing.as_ref().filter(|(since, _)| counts(watch, *since))?;
            Some(format!("the watch of {} has failed for {} s: {error}", named(watched), since.elapsed().as_secs()))
        });
        let failing: Vec<_> = failing.collect();
        (!failing.is_empty()).then(|| failing.join("\n"))
    }
}

fn named((kind, namespace): &Watched) -> String {
    let place = namespace.as_ref().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
    format!("{}{place}", kind.map_or("RestaurantBooking", Kind::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_lost_only_if_it_ever_worked() {
        let health = Health::default();
        health.begins(Some(Kind::Secret), Some("dining"));
        health.fails(Some(Kind::Secret), Some("dining"), &watcher::Error::NoResourceVersion);
        assert!(health.failing_for(Duration::ZERO).is_some() && health.missing().contains("Secret in dining"));
        assert_eq!(health.lost_for(Duration::ZERO), None);
        health.works(Some(Kind::Secret), Some("dining"), true);
        assert_eq!((health.failing_for(Duration::ZERO), health.missing().as_str()), (None, ""));
        health.fails(Some(Kind::Secret), Some("dining"), &watcher::Error::NoResourceVersion);
        assert!(health.lost_for(Duration::ZERO).is_some_and(|lost| lost.contains("Secret in dining")));
        assert_eq!(health.dead(), None);
    }
}
